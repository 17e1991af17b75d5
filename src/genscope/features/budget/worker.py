"""A thread for what nobody wants to wait for: it starts when there is something to do, and ends when there is not.

It is no queue as `core.background` is: what it does is one thing, when that is due or somebody wakes it, what there
is to do is kept by the ledger, where nothing may be refused or lost, and whoever flushes that does it himself.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from threading import Event, Lock, Thread
from time import monotonic
from typing import Final

Task = Callable[[], object]

_IDLE: Final = 30.0
"""Seconds without work after which the thread ends."""


class Worker:
    """Tasks go first, in the order they come; then what is always there to be done."""

    def __init__(self, always: Task, due: Callable[[], float | None]) -> None:
        """`due` says when `always` is to be done next, by the monotonic clock; None for never."""
        self._always = always
        self._due = due
        self._tasks: deque[Task] = deque()
        self._event = Event()
        self._lock = Lock()
        self._running = False

    def do(self, task: Task) -> None:
        self._tasks.append(task)
        self.wake()

    def wake(self) -> None:
        """Have it look whether there is something to do."""
        self._event.set()
        if self._running:
            return
        try:
            with self._lock:
                if self._running:
                    return
                self._running = True
            Thread(target=self._work, name="genscope-budget", daemon=True).start()
        except RuntimeError:  # no more threads, or the interpreter is exiting
            with self._lock:
                self._running = False
            self._drain()
        except BaseException:  # the handler of a signal has raised: there is a thread now, or not; two do no harm
            self._running = False
            raise

    def _work(self) -> None:
        while True:
            due = self._due()
            woken = self._event.wait(_IDLE if due is None else max(0.0, min(due - monotonic(), _IDLE)))
            self._event.clear()
            self._drain()
            if not woken and self._due() is None and not self._goes_on():
                return

    def _goes_on(self) -> bool:
        with self._lock:
            self._running = False
        if not self._event.is_set():
            return False
        with self._lock:  # woken in this very moment, by somebody who relied on us or has started another thread
            goes_on, self._running = not self._running, True
        return goes_on

    def _drain(self) -> None:
        while self._tasks:
            try:
                task = self._tasks.popleft()
            except IndexError:
                break
            _try(task)
        _try(self._always)


def _try(task: Task) -> None:
    try:
        task()
    except Exception:  # whoever waits for it has been told; nobody else can be
        pass
