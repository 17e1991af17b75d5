"""Work that a call hands on and does not wait for: threads that start when there is something to do.

Bounded in number and in bytes: what does not fit is refused, so that whatever is slow elsewhere costs neither memory
nor the application's time. A fork leaves the work to the parent; the end of a process has a moment for the rest.
"""

from __future__ import annotations

import atexit
import os
import threading
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from contextvars import Context
from importlib import import_module
from time import monotonic
from typing import Final
from weakref import WeakSet

Task = Callable[[], object]

_PATIENCE: Final = 5.0
"""Seconds that the end of a process may take, as `genscope.flush` has them by default."""
_IDLE: Final = 60.0
"""Seconds without work after which a thread ends."""


class Background:
    """At most `waiting` tasks, of at most `size` bytes together, wait for one of at most `workers` threads.

    A task says itself what goes wrong, and what telemetry there is of it: it is done in an empty context. `left` is
    told how many tasks nobody came to the end of before the process ended. Without it they are done by whoever waits
    for them, if no thread can be started any more.
    """

    def __init__(
        self, name: str, *, waiting: int, workers: int, size: int = 0, left: Callable[[int], None] | None = None
    ) -> None:
        self._name = name
        self._waiting = waiting
        self._most = workers
        self._room = size
        self._left = left
        self._retired = False
        self._reset()
        _all.add(self)

    def _reset(self) -> None:
        """Also in a forked child: what waits there, and who works, is its parent's."""
        lock = threading.RLock()  # a signal's handler may end a call where another one is being ended
        self._ready = threading.Condition(lock)
        self._done = threading.Condition(lock)
        self._tasks: deque[tuple[Task, int]] = deque()
        self._workers: set[int] = set()
        self._starting = 0
        self._idle = 0
        self._unfinished = 0
        self._size = 0

    def has_room(self) -> bool:
        """Whether a task would be taken, as far as their number goes: asked before one takes the trouble to make it."""
        return len(self._tasks) < self._waiting

    def submit(self, task: Task, size: int = 0) -> bool:
        """Have `task` done by another thread; False if there is no room for it. Waits for nobody."""
        _finish_in_time()
        with self._ready:
            if not self.has_room() or self._size + size > self._room > 0:
                return False
            self._tasks.append((task, size))
            self._unfinished += 1
            self._size += size
            self._ready.notify()
        self._help()
        return True

    def is_at_work(self) -> bool:
        return self._unfinished > 0

    def works_here(self) -> bool:
        """Whether this is one of its threads."""
        return threading.get_ident() in self._workers

    def flush(self, timeout: float) -> bool:
        """Wait until there is nothing left to do; True if that is within `timeout` seconds."""
        if self.works_here():
            return False
        deadline = monotonic() + timeout
        if not self._help() and self._left is None:
            self._work_off(deadline)
        with self._done:
            return self._done.wait_for(lambda: not self._unfinished, max(0.0, deadline - monotonic()))

    def retire(self) -> None:
        """There will hardly be more to do: threads do not wait for it any longer."""
        with self._ready:
            self._retired = True
            self._ready.notify_all()

    def give_up(self) -> None:
        """Nobody will come to what is waiting, nor to the end of what is being done, if somebody can be told so."""
        if self._left is None:
            return
        with self._done:
            count = self._unfinished
            self._unfinished -= len(self._tasks)
            self._tasks.clear()
            self._size = 0
        if count:
            self._left(count)

    def _help(self) -> bool:
        """Start a thread if there is more to do than the others see to; False if there is none and none can start."""
        with self._ready:
            if len(self._tasks) <= self._idle + self._starting or len(self._workers) + self._starting >= self._most:
                return True
            self._starting += 1
        thread = threading.Thread(target=self._work, name=self._name, daemon=True)
        try:
            Context().run(thread.start)  # OpenTelemetry's instrumentation of threads keeps what it finds here
        except RuntimeError:  # no more threads, or the interpreter is exiting
            with self._ready:
                self._starting -= 1
                return bool(self._workers)
        return True

    def _work(self) -> None:
        with self._ready:
            self._starting -= 1
            self._workers.add(threading.get_ident())
        while self._wait():
            self._next()

    def _wait(self) -> bool:
        """Wait for a task; False if none comes, and the thread may end."""
        with self._ready:
            self._idle += 1
            found = self._ready.wait_for(lambda: self._tasks or self._retired, _IDLE) and self._tasks
            self._idle -= 1
            if not found:
                self._workers.discard(threading.get_ident())
            return bool(found)

    def _next(self) -> None:
        try:
            task, size = self._tasks.popleft()
        except IndexError:  # another one was quicker
            return
        with suppress(BaseException):  # a thread that ends would say so on stderr, with the text of the exception
            Context().run(task)  # not in that of the call for which the thread was started
        del task  # it holds what was said
        with self._done:
            self._unfinished -= 1
            self._size -= size
            if not self._unfinished:
                self._done.notify_all()

    def _work_off(self, deadline: float) -> None:
        while self._tasks and monotonic() < deadline:
            self._next()


_all: Final[WeakSet[Background]] = WeakSet()


def finish(timeout: float = _PATIENCE) -> bool:
    """Flush all that there is."""
    deadline = monotonic() + timeout
    done = [one.flush(max(0.0, deadline - monotonic())) for one in list(_all)]
    return all(done)


# --- the end of a process

_left_of_it = _PATIENCE
_registered: Final[list[bool]] = []


def _finish_at_exit() -> None:
    """Several times, and no longer in all than once."""
    global _left_of_it
    began = monotonic()
    finish(_left_of_it)
    _left_of_it = max(0.0, _left_of_it - (monotonic() - began))


def _finish_before_providers() -> None:
    _finish_at_exit()
    for one in list(_all):
        one.give_up()


def _finish_in_time() -> None:
    """To be called by the first one who has something to do: exit handlers run last in, first out.

    So this one runs before those of the providers, which have been there before the first call, and may be told what
    is left. Before it, pools of threads take no work any more, and parts of what is done may be done in such.
    """
    if _registered:
        return
    _registered.append(True)
    atexit.register(_finish_before_providers)
    import_module("concurrent.futures.thread")  # for its own handler: the last to register is the first to run
    register = getattr(threading, "_register_atexit", None)
    if register is not None:
        with suppress(RuntimeError):  # the interpreter is exiting
            register(_finish_at_exit)


# Calls that are still open end in an exit handler too (`genscope.exits`), registered when the first one begins: so
# after this one, and therefore it runs before.
atexit.register(_finish_at_exit)


def _leave_to_the_parent() -> None:
    for background in list(_all):
        background._reset()  # pyright: ignore[reportPrivateUsage]


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_leave_to_the_parent)
