"""Work that a destructor must not do itself.

A garbage collection may strike between any two instructions, with any lock held by the very thread it runs in: the
metrics lock of OpenTelemetry, or one that the application's own span processor takes. To end a span there could wait
for that lock for ever. So it is done in a thread of its own, which lives as long as there is something to do, and the
destructor waits a moment for it: nearly always the span has ended when `del` or `gc.collect()` returns.
"""

from __future__ import annotations

import os
from _thread import allocate_lock, start_new_thread
from collections import deque
from collections.abc import Callable
from typing import Final

_PATIENCE: Final = 0.05
"""Seconds. Whoever cannot be served by then holds a lock that the work waits for."""

Task = Callable[[], None]


class _Aside:
    """One at a time, in the order they come. Only atomic operations: this runs inside destructors itself."""

    def __init__(self) -> None:
        self._tasks: deque[Task] = deque()
        self._working = allocate_lock()
        self._stuck = False

    def run(self, task: Task) -> None:
        """Run `task` in another thread; return when it is done, or after a moment."""
        done = allocate_lock()
        done.acquire()

        def work() -> None:
            try:
                task()
            finally:
                self._stuck = False
                done.release()

        self._tasks.append(work)
        if self._working.acquire(blocking=False):
            try:
                start_new_thread(self._work, ())
            except RuntimeError:  # no more threads, or the interpreter is exiting
                self._work()
        if not self._stuck and not done.acquire(timeout=_PATIENCE):
            self._stuck = True

    def _work(self) -> None:
        while True:
            try:
                self._drain()
            finally:
                self._working.release()
            if not self._tasks or not self._working.acquire(blocking=False):  # one may have come just now
                return

    def finish(self, timeout: float = 5.0) -> bool:
        """Do what is left, here and now, and wait up to `timeout` seconds for what is being done; True if all is."""
        self._drain()
        finished = self._working.acquire(timeout=timeout)
        if finished:
            self._working.release()
        return finished

    def _drain(self) -> None:
        while self._tasks:
            try:
                task = self._tasks.popleft()
            except IndexError:
                return
            task()


_aside = _Aside()
run = _aside.run
finish = _aside.finish

if hasattr(os, "register_at_fork"):
    # The parent's thread does its work, and the locks it holds are of no use here.
    os.register_at_fork(after_in_child=_aside.__init__)
