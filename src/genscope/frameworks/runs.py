"""The spans of a framework that are open, by the ids that the framework gives them."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass
from threading import Lock
from typing import Any, Final

from opentelemetry.context import Context, get_current

from genscope.annotate.kinds import Kind
from genscope.annotate.run import Run, begin
from genscope.core.ambient import Token, hold, release

_MOST: Final = 10_000
"""Frameworks may forget to end what they began: the oldest is given up."""


@dataclass(slots=True)
class _Open:
    run: Run
    token: Token | None


class Runs:
    """Begun and ended by callbacks, which may come in different threads and tasks. Its methods raise nothing."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._open: OrderedDict[Hashable, _Open] = OrderedDict()

    def begin(
        self,
        id: Hashable,
        kind: Kind,
        name: str,
        *,
        parent: Hashable | None = None,
        attributes: Mapping[str, Any] | None = None,
        said: Callable[[], Any] | None = None,
        call_id: str | None = None,
        current: bool = True,
    ) -> Run | None:
        """A span below that of `parent`, or where that is not open, in the current context.

        `current` makes it the current span until it ends: only where the framework goes on to do the work in this very
        thread or task, and never inside a generator, whose reader would find it current too.
        """
        run = begin(kind, name, dict(attributes or {}), said, call_id, self.context(parent))
        if run is None:
            return None
        opened = _Open(run, hold(run.context) if current else None)
        with self._lock:
            self._open[id] = opened
            given_up = self._open.popitem(last=False)[1] if len(self._open) > _MOST else None
        if given_up is not None:
            given_up.run.abandon()
        return run

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

    def abandon_all(self) -> None:
        """The framework is not listened to any more."""
        with self._lock:
            opened = list(self._open.values())
            self._open.clear()
        for one in opened:
            one.run.abandon()

    def _leave(self, id: Hashable) -> Run | None:
        with self._lock:
            opened = self._open.pop(id, None)
        if opened is None:
            return None
        if opened.token is not None and get_current() is opened.run.context:  # else it is current somewhere else
            release(opened.token)
        return opened.run
