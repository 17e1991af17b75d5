"""Delivers alerts in a thread of its own: whoever receives them may take his time, and fail."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from contextvars import ContextVar
from threading import Condition
from typing import Final

from genscope.core.pipeline import Faults
from genscope.features.slo.alerts import Alert
from genscope.features.slo.threads import start

_MOST_WAITING: Final = 100

telling: Final[ContextVar[bool]] = ContextVar("genscope_telling", default=False)
"""Whether what happens here is a reaction to an alert: such calls are not watched, for each might cause another."""

undelivered: Final[dict[str, int]] = {}
"""Alerts that were dropped, or could not be delivered, by sink."""


class Courier:
    """One at a time, in order. Of more than a hundred that wait the oldest is dropped, and counted."""

    def __init__(self, name: str, deliver: Callable[[Alert], bool]) -> None:
        """`deliver` returns whether it has come through. `name` is for threads and counters."""
        self.name = name
        self._deliver = deliver
        self._faults = Faults()
        self.begin()

    def begin(self) -> None:
        self._waiting: deque[Alert] = deque()
        self._changed = Condition()
        self._running = False
        self._busy = False
        self._closed = False

    def prepare(self) -> None:
        with self._changed:
            if self._running:
                return
            self._running = True
        try:
            if not start(self._work, f"genscope-slo-{self.name}"):
                self._running = False
        except BaseException:  # the handler of a signal has raised: there is a thread now, or not; two do no harm
            self._running = False
            raise

    def tell(self, alert: Alert) -> None:
        with self._changed:
            if len(self._waiting) >= _MOST_WAITING:
                self._waiting.popleft()
                self._miss()
            self._waiting.append(alert)
            self._changed.notify_all()
        self.prepare()

    def flush(self, timeout: float) -> bool:
        with self._changed:
            return self._changed.wait_for(lambda: not self._waiting and not self._busy, timeout)

    def close(self) -> None:
        """Deliver what waits, and no more."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def _work(self) -> None:
        telling.set(True)
        changed = self._changed
        while True:
            with changed:
                changed.wait_for(lambda: bool(self._waiting) or self._closed)
                if not self._waiting:
                    self._running = False
                    return
                alert = self._waiting.popleft()
                self._busy = True
            try:
                if not self._deliver(alert):
                    self._miss()
            except BaseException as fault:  # `sys.exit` too: this thread is nobody's to end
                self._miss()
                said = fault if isinstance(fault, Exception) else SystemError()
                self._faults.report(f"the {self.name} that is told of alerts", said)
            with changed:
                self._busy = False
                changed.notify_all()

    def _miss(self) -> None:
        undelivered[self.name] = undelivered.get(self.name, 0) + 1
