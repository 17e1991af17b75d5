"""Work that waits its turn: so much of it and no more, done by others, a moment for the rest when the process ends.

A fork leaves what waits to the parent.
"""

from __future__ import annotations

import atexit
import os
import threading
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from time import monotonic
from typing import Any, Final, Generic, TypeVar
from weakref import WeakSet

from genscope.features.judge.threads import Threads

T = TypeVar("T")

_PATIENCE: Final = 5.0
"""Seconds that the end of a process may take, as `genscope.flush` has them by default."""


class Worker(Generic[T]):
    """Has `handle` called with each item, in at most `workers` threads; at most `size` items wait.

    `handle` says itself what goes wrong. `left` is told how many items nobody came to, because the process ended.
    """

    def __init__(self, handle: Callable[[T], None], left: Callable[[int], None], *, size: int, workers: int) -> None:
        self._handle = handle
        self._left = left
        self._size = size
        self._workers = workers
        self._threads = Threads("genscope-judge", 2 * workers)  # one that has done its work may not be back yet
        self.begin()
        _all.add(self)

    def begin(self) -> None:
        """Also in a forked child."""
        self._done = threading.Condition(threading.RLock())  # a signal's handler may end a call, too
        self._waiting: deque[T] = deque()
        self._working = 0
        self._unfinished = 0

    def has_room(self) -> bool:
        """Whether an item would be taken: asked before one takes the trouble to make it."""
        return len(self._waiting) < self._size

    def put(self, item: T) -> bool:
        """Have it handled; False if there is no room for it. Waits for nobody."""
        _finish_at_exit()
        with self._done:
            if not self.has_room():
                return False
            self._waiting.append(item)
            self._unfinished += 1
            starts = self._working < self._workers
            self._working += starts
        if starts:
            try:
                self._threads.run(self._work)
            except RuntimeError:  # the interpreter is exiting: whoever is at work still may come to it
                with self._done:
                    self._working -= 1
        return True

    def is_at_work(self) -> bool:
        return self._unfinished > 0

    def flush(self, timeout: float) -> bool:
        """Wait until everything is done; True if that is within `timeout` seconds."""
        with self._done:
            return self._done.wait_for(lambda: not self._unfinished, max(0.0, timeout))

    def give_up(self) -> None:
        """Nobody will come to what is waiting, nor to the end of what is being done."""
        with self._done:
            count = self._unfinished
            self._unfinished -= len(self._waiting)
            self._waiting.clear()
        if count:
            self._left(count)

    def _work(self) -> None:
        while True:
            with self._done:
                if not self._waiting:
                    self._working -= 1
                    return
                item = self._waiting.popleft()
            with suppress(BaseException):  # it has been said; the others that wait have to be come to
                self._handle(item)
            del item  # it holds what was said
            with self._done:
                self._unfinished -= 1
                if not self._unfinished:
                    self._done.notify_all()


_all: Final[WeakSet[Worker[Any]]] = WeakSet()
_registered: Final[list[bool]] = []


def _finish_at_exit() -> None:
    """Exit handlers run last in, first out: those of the providers were there before the first call."""
    if not _registered:
        _registered.append(True)
        atexit.register(_finish)


def _finish() -> None:
    deadline = monotonic() + _PATIENCE
    for worker in list(_all):
        if not worker.flush(deadline - monotonic()):
            worker.give_up()


def _leave_to_the_parent() -> None:
    for worker in list(_all):
        worker.begin()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_leave_to_the_parent)
