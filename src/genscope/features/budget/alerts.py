"""Saying that a budget is being used up: a callback of the application's, and a line in the log."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from threading import Event, Lock, Thread
from time import monotonic
from typing import Any, Final

from genscope.features.budget.limits import Limit
from genscope.features.budget.saying import Once, say

THRESHOLDS: Final = (50, 80, 100)
"""Percent of a limit that are spent."""
_LOGGED_FROM: Final = 80
_MOST_WAITING: Final = 1_000
_QUIET_SECONDS: Final = 60.0


@dataclass(frozen=True)
class Alert:
    """A threshold that a budget has reached: once in each window, for each value of its scope, whoever spends.

    Amounts are USD, tokens or requests. `threshold` 100 also says that a call has been refused while the limit was
    nearly used up.
    """

    limit: Limit
    scope: Mapping[str, str | None]
    threshold: int
    spent: float | int
    remaining: float | int
    resets_at: datetime | None
    mode: str


Callback = Callable[[Alert], Any]


def reached(before: int, after: int, cap: int) -> Sequence[int]:
    """The thresholds that lie between two amounts spent."""
    return [percent for percent in THRESHOLDS if before * 100 < percent * cap <= after * 100]


class Courier:
    """Calls the callbacks in a thread of its own, which lives as long as there is something to say.

    They may take their time, and fail. Of more than a thousand alerts that wait, the oldest are dropped.
    """

    def __init__(self, callbacks: Sequence[Callback]) -> None:
        self._callbacks = tuple(callbacks)
        self.begin()

    def begin(self) -> None:
        """Also in a forked child: what its parent has to say is the parent's."""
        self._waiting: deque[Alert] = deque(maxlen=_MOST_WAITING)
        self._lock = Lock()
        self._running = False
        self._idle = Event()
        self._idle.set()
        self._logged: dict[str, float] = {}
        self._once = Once()

    def send(self, alert: Alert) -> None:
        if alert.threshold >= _LOGGED_FROM:
            self._log(alert)
        if not self._callbacks:
            return
        with self._lock:
            self._waiting.append(alert)
            if self._running:
                return
            self._running = True
            self._idle.clear()
        try:
            Thread(target=self._work, name="genscope-budget-alerts", daemon=True).start()
        except RuntimeError:  # no more threads, or the interpreter is exiting
            self._work()

    def flush(self, timeout: float) -> bool:
        return self._idle.wait(timeout)

    def _work(self) -> None:
        while True:
            with self._lock:
                if not self._waiting:
                    self._running = False
                    self._idle.set()
                    return
                alert = self._waiting.popleft()
            for callback in self._callbacks:
                try:
                    callback(alert)
                except BaseException as fault:  # `sys.exit` too: this thread is nobody's to end
                    name = getattr(callback, "__qualname__", type(callback).__name__)
                    self._once.warn(name, "the budget callback %s failed (%s)", name, type(fault).__name__)

    def _log(self, alert: Alert) -> None:
        """Once a minute for each limit, whatever number of users it is for. Who they are is not for the log."""
        text = str(alert.limit)
        now = monotonic()
        if alert.scope and now - self._logged.get(text, -_QUIET_SECONDS) < _QUIET_SECONDS:
            return
        self._logged[text] = now
        where = "for one of its scopes" if alert.scope else "in this window"
        say(logging.WARNING, "genscope: %d %% of the budget %s are used up %s", alert.threshold, text, where)
