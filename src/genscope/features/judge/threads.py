"""Threads in which judges work: a judge may hang for ever, and nobody else shall.

They are daemons, started when they are needed, each in a context of its own, so that none of them holds what the
application had there. A fork leaves them to the parent.

In `core.background` nobody waits for a task, and all of it is waited for in the end. Here it is the other way round:
somebody waits for each task, for so long from when it has begun, and nobody for what comes later.
"""

from __future__ import annotations

import os
import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from contextvars import Context
from time import monotonic
from typing import Any, Final, Generic, TypeVar
from weakref import WeakSet

T = TypeVar("T")

_IDLE: Final = 30.0
"""Seconds without work after which a thread ends."""


class Busy(Exception):
    """There are as many threads as there may be, and all of them are at work."""


class Task(Generic[T]):
    """Work that is to be done, is being done, or has been done; times are of the monotonic clock."""

    def __init__(self, work: Callable[[], T]) -> None:
        self.future: Future[T] = Future()
        self.wanted = monotonic()
        self.began: float | None = None
        self._work: Callable[[], T] | None = work

    def left(self, seconds: float) -> float:
        """Until it may not be waited for any longer: so long to begin, and so long from then on."""
        began = self.began
        return (self.wanted if began is None else began) + seconds - monotonic()

    def do(self) -> None:
        work, self._work = self._work, None  # it holds what was said
        if work is None or not self.future.set_running_or_notify_cancel():
            return
        self.began = monotonic()
        try:
            result = work()
        except BaseException as error:  # also what would end the thread: whoever waits has to know
            self.future.set_exception(error)
        else:
            self.future.set_result(result)


class Threads:
    """Do work in at most `most` threads. `waits` tells whether work waits for one; else it is refused."""

    def __init__(self, name: str, most: int, *, waits: bool = False) -> None:
        self._name = name
        self._most = most
        self._waits = waits
        self.begin()
        _all.add(self)

    def begin(self) -> None:
        """Also in a forked child: those that work are its parent's."""
        self._ready = threading.Condition(threading.RLock())  # a signal's handler may want something, too
        self._tasks: deque[Task[Any]] = deque()
        self._waiting = self._running = 0

    def run(self, work: Callable[[], T], context: Context | None = None) -> Task[T]:
        """Have `work` done by another thread, in `context` or an empty one.

        Raises `Busy`, and `RuntimeError` where no thread can be started any more: the interpreter is exiting.
        """
        task: Task[T] = Task(lambda: (Context() if context is None else context).run(work))
        with self._ready:
            starts = len(self._tasks) >= self._waiting
            if starts and self._running >= self._most:
                if not self._waits:
                    raise Busy
                starts = False
            self._tasks.append(task)
            if starts:
                self._running += 1
            else:
                self._ready.notify()
        if starts:
            self._start(task)
        return task

    def _start(self, task: Task[Any]) -> None:
        thread = threading.Thread(target=self._work, name=self._name, daemon=True)
        try:
            Context().run(thread.start)  # OpenTelemetry's instrumentation of threads keeps what it finds here
        except RuntimeError:
            with self._ready:
                self._running -= 1
                if task in self._tasks:  # else another one has taken it meanwhile
                    self._tasks.remove(task)
                    raise

    def _work(self) -> None:
        while True:
            with self._ready:
                self._waiting += 1
                found = self._ready.wait_for(lambda: self._tasks, _IDLE)
                self._waiting -= 1
                if not found:
                    self._running -= 1
                    return
                task = self._tasks.popleft()
            task.do()
            del task


_all: Final[WeakSet[Threads]] = WeakSet()


def _leave_to_the_parent() -> None:
    for threads in list(_all):
        threads.begin()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_leave_to_the_parent)
