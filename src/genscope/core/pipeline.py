"""The stages of a call: assembled once when instrumenting, each isolated from the application.

A stage sees the record of a call twice: `start(op)` before the request is sent, with the request in it, and
`end(op)` when everything about the call is known. A disabled feature is no stage, so that it costs nothing.
"""

from __future__ import annotations

import logging
import time
import traceback
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any, Protocol

from genscope.core.errors import BudgetExceeded
from genscope.core.operation import Operation

logger = logging.getLogger("genscope")

_QUIET_SECONDS = 60.0


class Stage(Protocol):
    """Anything with these two methods. An exception of theirs is logged and goes no further, `BudgetExceeded` apart.

    A class that inherits from this one need not define both. A stage may also have

    * `chunk(op, chunk, gap)`, called for every chunk of a stream (`ChunkWatcher`);
    * `idle()`, true while nobody would see what it does. While all stages are idle, calls pass by unread.
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
            self._said[key] = now
            with suppress(Exception):  # a handler of the application's may have faults of its own
                # The exception's text may hold content: its type and place are enough to report a bug with.
                logger.warning("genscope: %s failed (%s); the call is not affected", where, type(fault).__name__)
                logger.debug("genscope: %s failed at\n%s", where, "".join(traceback.format_tb(fault.__traceback__)))


class Pipeline:
    """The stages of every call. They nest: the first to start is the last to end.

    Telemetry comes first, so that its span is there for all the others, from their start to their end.
    """

    def __init__(self, stages: Sequence[Stage], faults: Faults) -> None:
        self.faults = faults
        self._starts = [stage.start for stage in stages if _defines(stage, "start")]
        self._ends = [stage.end for stage in reversed(stages) if _defines(stage, "end")]
        self.chunk_watchers: tuple[ChunkWatcher, ...] = tuple(
            watch for stage in stages if callable(watch := getattr(stage, "chunk", None))
        )
        self._idlers: list[Callable[[], bool] | None] = [getattr(stage, "idle", None) for stage in stages]
        self.awake = False
        """Whether some stage has been found busy. It stays so: a provider that is set once is set for good."""

    def idle(self) -> bool:
        """Whether no stage has anybody to work for; asked before each call until one has."""
        self.awake = not all(idle is not None and idle() for idle in self._idlers)
        return not self.awake

    def start(self, op: Operation) -> None:
        """Raises `BudgetExceeded` when a stage refuses the call, and nothing else."""
        for start in self._starts:
            try:
                start(op)
            except BudgetExceeded:
                raise
            except Exception as fault:
                self.faults.report(f"{_name(start)}.start", fault)

    def end(self, op: Operation) -> None:
        for end in self._ends:
            try:
                end(op)
            except Exception as fault:
                self.faults.report(f"{_name(end)}.end", fault)


def _defines(stage: Stage, method: str) -> bool:
    return getattr(type(stage), method, None) is not getattr(Stage, method)


def _name(method: Callable[..., None]) -> str:
    return type(getattr(method, "__self__", method)).__name__
