"""The stages of a call: assembled once when instrumenting, each isolated from the application.

A stage sees the record of a call twice: `start(op)` before the request is sent, with the request in it, and
`end(op)` when everything about the call is known. A disabled feature is no stage, so that it costs nothing.
"""

from __future__ import annotations

import logging
import os
import time
import traceback
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from typing import Any, Protocol, TypeVar, cast
from weakref import WeakMethod, WeakSet

from genscope.core.messages import Content
from genscope.core.operation import Operation
from genscope.core.refusal import BudgetExceeded
from genscope.core.screening import Screen, ScreenedContent

logger = logging.getLogger("genscope")

T = TypeVar("T")

_QUIET_SECONDS = 60.0
_MAX_SAID = 256
"""Classes of exceptions may be made without number."""


class Stage(Protocol):
    """Anything with these two methods. An exception of theirs is logged and goes no further, `BudgetExceeded` apart.

    A class that inherits from this one need not define both. A stage may also have

    * `chunk(op, chunk, gap)`, called for every chunk of a stream (`ChunkWatcher`);
    * `idle()`, true while nobody would see what it does. While all stages are idle, calls pass by unread;
    * `admit(op)` and `async aadmit(op)`, called once a call has begun and before its request is sent, the second for
      asynchronous clients: they may take their time, and raise `BudgetExceeded`;
    * `screen(value, field)`, called with each field of `op.content` that somebody looks at: what it returns is what all
      stages get to see of it, in `start` and in `end`;
    * `flush(timeout)`, by which `genscope.flush` has it finish what it put off: True if done in so many seconds; with
      `is_to_tell()`, true if telemetry will come of that, which is then flushed, too;
    * `wants_content`, true if it needs `op.content`, `wants_tool_schemas`, if that shall have the parameters of the
      tools too, and `wants_raw`, true if it needs `op.raw`.
    """

    def start(self, op: Operation) -> None:
        """Before the request is sent."""
        return

    def end(self, op: Operation) -> None:
        """After the last byte, the failure, or the caller's loss of interest."""
        return


ChunkWatcher = Callable[[Operation, Any, "float | None"], None]
"""The method `chunk(op, chunk, gap)` of a stage that has one: the SDK's object, seconds since the chunk before."""


class Faults:
    """What goes wrong inside genscope: said once a minute for each place, and never the application's problem.

    With `raised`, for tests, the fault is raised instead so that it cannot hide.
    """

    def __init__(self, raised: bool = False) -> None:
        self.raised = raised
        self._said: dict[tuple[str, type[BaseException]], float] = {}

    def report(self, where: str, fault: Exception) -> None:
        """Log `fault`; `where` names the part of genscope that failed."""
        if self.raised:
            raise fault
        key = (where, type(fault))
        now = time.monotonic()
        if now - self._said.get(key, -_QUIET_SECONDS) >= _QUIET_SECONDS:
            if len(self._said) >= _MAX_SAID:
                self._said.clear()
            self._said[key] = now
            with suppress(Exception):  # a handler of the application's may have faults of its own
                # The exception's text may hold content: its type and place are enough to report a bug with.
                logger.warning("genscope: %s failed (%s); the call is not affected", where, type(fault).__name__)
                logger.debug("genscope: %s failed at\n%s", where, "".join(traceback.format_tb(fault.__traceback__)))

    def attempt(self, where: str, act: Callable[[], T]) -> T | None:
        """What `act` returns; None where it raises, which is reported."""
        try:
            return act()
        except Exception as fault:
            self.report(where, fault)
            return None


class Pipeline:
    """The stages of every call. They nest: the first to start is the last to end.

    Telemetry comes first, so that its span is there for all the others, from their start to their end.
    """

    def __init__(self, stages: Sequence[Stage], faults: Faults, on_awake: Callable[[], None] | None = None) -> None:
        """`on_awake` is called before the first call of a process that somebody will see."""
        self.faults = faults
        self._starts = [stage.start for stage in stages if _defines(stage, "start")]
        self._ends = [stage.end for stage in reversed(stages) if _defines(stage, "end")]
        self.chunk_watchers: tuple[ChunkWatcher, ...] = tuple(
            watch for stage in stages if callable(watch := getattr(stage, "chunk", None))
        )
        self._gates: list[Any] = [stage for stage in stages if callable(getattr(stage, "admit", None))]
        self.gated = bool(self._gates)
        """Whether some stage wants to be asked before a request is sent."""
        self._idlers: list[Callable[[], bool] | None] = [getattr(stage, "idle", None) for stage in stages]
        self._screens: tuple[Screen, ...] = tuple(
            screen for stage in stages if callable(screen := getattr(stage, "screen", None))
        )
        self.wants_content = any(getattr(stage, "wants_content", False) for stage in stages)
        self.wants_tool_schemas = any(getattr(stage, "wants_tool_schemas", False) for stage in stages)
        self.wants_raw = any(getattr(stage, "wants_raw", False) for stage in stages)
        self.curious = self.wants_content or self.wants_raw
        """Whether some stage needs more of a call than the record that all have."""
        self.awake = False
        """Whether some stage has been found busy. It stays so in this process: a provider is set for good."""
        self._on_awake = on_awake
        for stage in stages:
            _register_flush(stage)
        _pipelines.add(self)

    def idle(self) -> bool:
        """Whether no stage has anybody to work for; asked before each call until one has."""
        if all(idle is not None and idle() for idle in self._idlers):
            return True
        self.awake = True
        if self._on_awake is not None:
            self._on_awake()
        return False

    def new_content(self) -> Content:
        """Where a reader puts what is said."""
        if not self._screens:
            return Content(tool_parameters=self.wants_tool_schemas)
        return ScreenedContent(self._screens, partial(self.faults.report, "screening content"), self.wants_tool_schemas)

    def start(self, op: Operation) -> None:
        """Raises `BudgetExceeded` when a stage refuses the call, and nothing else."""
        for start in self._starts:
            try:
                start(op)
            except BudgetExceeded:
                raise
            except Exception as fault:
                self.faults.report(f"{_name(start)}.start", fault)

    def admit(self, op: Operation) -> None:
        """Raises `BudgetExceeded` when a stage refuses the call, and nothing else."""
        for gate in self._gates:
            try:
                gate.admit(op)
            except BudgetExceeded:
                raise
            except Exception as fault:
                self.faults.report(f"{_name(gate.admit)}.admit", fault)

    async def aadmit(self, op: Operation) -> None:
        """`admit` for asynchronous clients."""
        for gate in self._gates:
            try:
                await gate.aadmit(op)
            except BudgetExceeded:
                raise
            except Exception as fault:
                self.faults.report(f"{_name(gate.aadmit)}.aadmit", fault)

    def end(self, op: Operation) -> None:
        for end in self._ends:
            try:
                end(op)
            except Exception as fault:
                self.faults.report(f"{_name(end)}.end", fault)


_pipelines: WeakSet[Pipeline] = WeakSet()

Flush = Callable[[float], bool]

_flushes: list[Callable[[], Flush | None]] = []
"""Weakly: also of stages that are not in use any more, as long as somebody has them."""


def _register_flush(stage: Stage) -> None:
    flush = getattr(stage, "flush", None)
    if callable(flush):
        with suppress(TypeError):  # no method, or one of an object that cannot be referred to weakly
            found = cast("Callable[[], Flush | None]", WeakMethod(flush))
            _flushes[:] = [*(one for one in _flushes if one() is not None and one != found), found]


def flushes() -> list[Flush]:
    """The methods `flush` of all stages there are."""
    return [flush for one in list(_flushes) if (flush := one()) is not None]


def _fall_asleep() -> None:
    """In a forked child: its exit is its own, and the exit handlers of its parent may be gone."""
    for pipeline in list(_pipelines):
        pipeline.awake = False


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_fall_asleep)


def _defines(stage: Stage, method: str) -> bool:
    return getattr(type(stage), method, None) is not getattr(Stage, method)


def _name(method: Callable[..., None]) -> str:
    return type(getattr(method, "__self__", method)).__name__
