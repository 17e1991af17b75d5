"""The thread that holds objectives against what has happened: from the first call until there is nothing to watch."""

from __future__ import annotations

from collections.abc import Callable
from threading import Event, Lock

from genscope.features.slo.threads import start


class Pulse:
    """Calls `beat` every so many seconds, until that says that it is not needed any more or `stop` is called."""

    def __init__(self, beat: Callable[[], bool], seconds: float) -> None:
        """`beat` returns whether it is to be called again; it raises nothing."""
        self._beat = beat
        self._seconds = seconds
        self.begin()

    def begin(self) -> None:
        """Also in a forked child, which has none of its parent's threads."""
        self.running = False
        self._lock = Lock()
        self._woken = Event()
        self._stopped = False

    def start(self) -> None:
        """Does nothing while it runs."""
        with self._lock:
            if self.running or self._stopped:
                return
            self.running = True
        try:
            if not start(self._work, "genscope-slo"):
                self.running = False
        except BaseException:  # the handler of a signal has raised: there is a thread now, or not; two do no harm
            self.running = False
            raise

    def hurry(self) -> None:
        """Beat now."""
        self._woken.set()

    def stop(self) -> None:
        self._stopped = True
        self._woken.set()

    def _work(self) -> None:
        woken = self._woken  # in a forked child there is another one, and no such thread
        while True:
            woken.wait(self._seconds)
            woken.clear()
            if self._stopped:
                self.running = False
                return
            if not self._beat():
                self.running = False
                if not self._beat():  # what came while it still seemed to run
                    return
                self.start()
                return
