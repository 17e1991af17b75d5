"""The spans of a framework that are open, by the ids that the framework gives them."""

from __future__ import annotations

import atexit
import os
from collections import OrderedDict
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass
from threading import RLock
from typing import Any, Final, cast
from weakref import WeakSet

from opentelemetry.context import Context, create_key, get_current, set_value

from genscope.annotate.kinds import Kind
from genscope.annotate.run import Run, begin
from genscope.core.ambient import hold, release

_MOST: Final = 10_000
"""Frameworks may forget to end what they began: the oldest is given up."""

_HELD: Final = create_key("genscope_held")


class _Held:
    """A context that was made current, until what it belongs to is over."""

    __slots__ = ("before", "context", "over", "token")

    def __init__(self, context: Context) -> None:
        self.over = False
        self.before = get_current()
        self.context: Context | None = set_value(_HELD, self, context)
        self.token = hold(self.context)

    def leave(self) -> None:
        """With what was made current inside and forgotten; but not while something of the application's own is."""
        self.over = True
        held = _held(get_current())
        while held is not None and held is not self:
            held = _held(held.before)
        if held is self:
            self.release()

    def release(self) -> bool:
        """Whether that could be done: a task that has inherited the context has nothing to undo."""
        now = get_current()
        release(self.token)
        if get_current() is now:
            return False
        self.context = None
        return True


def _held(context: Context) -> _Held | None:
    """What has made `context` current; None if that was somebody else."""
    held = cast("_Held | None", context.get(_HELD))
    return held if held is not None and held.context is context else None


def here() -> Context:
    """The current context, without what is over: it may have ended in another thread, or out of its turn."""
    held = _held(get_current())
    while held is not None and held.over and held.release():
        held = _held(get_current())
    return get_current()


@dataclass(slots=True)
class _Open:
    run: Run
    held: _Held | None

    def leave(self) -> None:
        """Not current any more."""
        if self.held is not None:
            self.held.leave()

    def give_up(self) -> None:
        self.leave()
        self.run.abandon()


class Runs:
    """Begun and ended by callbacks, which may come in different threads and tasks. Its methods raise nothing."""

    def __init__(self) -> None:
        self._lock = RLock()  # a destructor may end one, in any thread
        self._open: OrderedDict[Hashable, _Open] = OrderedDict()

    def begin(
        self,
        id: Hashable,
        kind: Kind,
        name: str,
        *,
        parent: Hashable | None = None,
        context: Context | None = None,
        attributes: Mapping[str, Any] | None = None,
        said: Callable[[], Any] | None = None,
        call_id: str | None = None,
        current: bool = True,
    ) -> Run | None:
        """A span in `context`, or below that of `parent`; without them, or where that is not open, in the current one.

        `current` makes it the current span until it ends: only where the framework goes on to do the work in this very
        thread or task, and never inside a generator, whose reader would find it current too. One that is open under
        the same id is given up.
        """
        now = here()
        if context is None:
            context = self.context(parent)
        run = begin(kind, name, dict(attributes or {}), said, call_id, now if context is None else context)
        if run is None:
            return None
        opened = _Open(run, _Held(run.context) if current else None)
        if self not in _begun:
            _begun.add(self)
            atexit.unregister(_end_what_is_open)
            atexit.register(_end_what_is_open)  # now: exit handlers run last in first out, the provider's own later
        with self._lock:
            given_up = [self._open.pop(id, None)]
            self._open[id] = opened
            if len(self._open) > _MOST:
                given_up.append(self._open.popitem(last=False)[1])
        for one in given_up:
            if one is not None:
                one.give_up()
        return run

    def __len__(self) -> int:
        """How many are open."""
        return len(self._open)

    def get(self, id: Hashable | None) -> Run | None:
        """One that is open."""
        with self._lock:
            opened = self._open.get(id)
        return None if opened is None else opened.run

    def context(self, id: Hashable | None) -> Context | None:
        """The context of one that is open, for what happens beneath it."""
        run = self.get(id)
        return None if run is None else run.context

    def end(self, id: Hashable, result: Any = None) -> None:
        run = self._leave(id)
        if run is not None:
            run.succeed(result)

    def fail(self, id: Hashable, error: BaseException) -> None:
        run = self._leave(id)
        if run is not None:
            run.fail(error)

    def fail_as(self, id: Hashable, type_: str, text: str | None = None) -> None:
        """`Run.fail_as`: where the framework says what went wrong, and does not show the exception."""
        run = self._leave(id)
        if run is not None:
            run.fail_as(type_, text)

    def abandon(self, id: Hashable) -> None:
        """Nobody wants to know how it would have gone on. A destructor may call this."""
        run = self._leave(id)
        if run is not None:
            run.abandon()

    def abandon_all(self) -> None:
        """The framework is not listened to any more. What is current stays so until the framework ends it."""
        with self._lock:
            opened = list(self._open.values())
        for one in opened:
            one.run.abandon()

    def _leave(self, id: Hashable) -> Run | None:
        with self._lock:
            opened = self._open.pop(id, None)
        if opened is None:
            return None
        opened.leave()
        here()
        return opened.run


_begun: Final[WeakSet[Runs]] = WeakSet()
"""Those that have begun something in this process."""


def _end_what_is_open() -> None:
    """The process is about to exit."""
    for runs in list(_begun):
        runs.abandon_all()


def _forget_what_is_open() -> None:
    """In a forked child: it is its parent's to end, and a lock may be held by a thread that is not there."""
    for runs in list(_begun):
        runs.__init__()
    _begun.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_what_is_open)
