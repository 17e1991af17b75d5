"""Hooks of others: they get a moment of the call's time, and what they break is theirs."""

from __future__ import annotations

from collections.abc import Callable
from contextvars import copy_context
from functools import partial
from threading import Event
from time import monotonic
from typing import Any, Final

from genscope.core.background import Background
from genscope.features.completion_hooks.complaint import Complaint

_MOMENT: Final = 0.25
"""Seconds of a call's time. A hook needs them only to set attributes on the span before that ends."""
_WAITING: Final = 20


class Guarded:
    """A hook that may block, called in a thread of its own, in the context of the call.

    The call waits a moment for it, since what it sets on the span later comes too late. Of a hook that was slower than
    that, calls do not wait until it has been quick again.
    """

    def __init__(self, hook: Any) -> None:
        self._hook = hook
        self._thread = Background("genscope-completion-hook", waiting=_WAITING, workers=1)
        self._slow = False
        name = type(hook).__name__
        self._refused = Complaint(f"the completion hook {name} is too slow; calls that it has missed: {{count}}")
        self._failed = Complaint(
            f"the completion hook {name} failed when its call was over ({{fault}}); times: {{count}}"
        )

    def on_completion(self, **said: Any) -> bool:
        """Call the hook; True if it has come back. Raises what it raises, if that is soon enough."""
        if self._thread.works_here():  # the hook makes calls of its own: it would not come to an end
            return False
        visit = _Visit(partial(copy_context().run, self._hook.on_completion, **said), self._ended, late=self._slow)
        if not self._thread.submit(visit):
            self._refused()
            return False
        if visit.late:
            return False
        if not visit.over.wait(_MOMENT):
            self._slow = visit.late = True
            return False
        if visit.fault is not None:
            raise visit.fault
        return True

    def _ended(self, visit: _Visit, seconds: float) -> None:
        self._slow = seconds > _MOMENT
        if visit.late and visit.fault is not None:  # nobody waits for it any more
            self._failed(fault=type(visit.fault).__name__)

    def flush(self, timeout: float) -> bool:
        """Wait for it, and have it flush what it keeps, if it can."""
        deadline = monotonic() + timeout
        done = self._thread.flush(timeout)
        return flush(self._hook, max(0.0, deadline - monotonic())) and done


class _Visit:
    """One call of a hook; `late` if nobody waits for it."""

    def __init__(self, work: Callable[[], Any], ended: Callable[[_Visit, float], None], *, late: bool) -> None:
        self._work = work
        self._ended = ended
        self.late = late
        self.over = Event()
        self.fault: Exception | None = None

    def __call__(self) -> None:
        began = monotonic()
        try:
            self._work()
        except Exception as fault:
            self.fault = fault
        finally:
            self._ended(self, monotonic() - began)
            self.over.set()


def flush(hook: Any, timeout: float) -> bool:
    """By the hook's own method `flush(timeout)`, if it has one."""
    method = getattr(hook, "flush", None)
    return True if method is None else method(timeout) is not False
