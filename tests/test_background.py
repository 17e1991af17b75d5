"""Work in the background: how much of it waits, who does it, and what becomes of it when somebody waits or gives up."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextvars import ContextVar
from functools import partial
from threading import Event, Thread
from typing import Any

import pytest

from genscope.core.background import Background

SHORT = 30.0
"""Seconds in which anything happens that is to happen."""


def background(**options: Any) -> Background:
    return Background("t", **{"waiting": 10_000, "workers": 1, **options})


def held(until: Event) -> Callable[[], object]:
    return partial(until.wait, SHORT)


def busy(work: Background, until: Event) -> None:
    """Have its one thread at work, so that what comes next waits."""
    begun = Event()
    assert work.submit(lambda: begun.set() or until.wait(SHORT))
    assert begun.wait(SHORT)


def test_no_more_wait_than_there_is_room_for() -> None:
    until, done = Event(), []
    work = background(waiting=2)
    busy(work, until)
    assert [work.submit(partial(done.append, number)) for number in range(4)] == [True, True, False, False]
    assert not work.has_room()
    assert not work.flush(0.01)
    until.set()
    assert work.flush(SHORT)
    assert done == [0, 1]
    assert work.has_room()


def test_no_more_bytes_than_there_is_room_for() -> None:
    until = Event()
    work = background(size=100)
    busy(work, until)
    assert [work.submit(list, size) for size in (60, 60, 40, 1)] == [True, False, True, False]
    until.set()
    assert work.flush(SHORT)
    assert work.submit(list, 100)
    assert not work.submit(list, 101)
    assert work.flush(SHORT)


def test_a_task_that_raises_ends_nothing(capfd: pytest.CaptureFixture[str]) -> None:
    done: list[int] = []

    def task(number: int) -> None:
        done.append(number)
        raise SystemExit

    work = background(workers=2)
    for number in range(50):
        assert work.submit(partial(task, number))
    assert work.flush(SHORT)
    assert sorted(done) == list(range(50))
    assert capfd.readouterr() == ("", "")


def test_nothing_is_forgotten_between_two_tasks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever has just seen that nothing waits is about to end, and another one has to be there."""
    monkeypatch.setattr("genscope.core.background._IDLE", 0.0)
    done: list[int] = []
    work = background()
    for number in range(2_000):
        assert work.submit(partial(done.append, number))
        if number % 3 == 0:
            assert work.flush(SHORT)
    assert work.flush(SHORT)
    assert done == list(range(2_000))


def test_threads_start_when_there_is_work_and_are_no_more_than_so_many() -> None:
    before = set(threading.enumerate())
    until, work = Event(), background(workers=3)
    assert set(threading.enumerate()) == before
    for _ in range(10):
        work.submit(held(until))
    started = set(threading.enumerate()) - before
    assert [thread.daemon for thread in started] == [True] * 3
    assert work.is_at_work()
    until.set()
    assert work.flush(SHORT)
    assert not work.is_at_work()


def test_threads_that_nobody_needs_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("genscope.core.background._IDLE", 0.0)
    before = set(threading.enumerate())
    work = background(workers=4)
    for _ in range(4):
        work.submit(list)
    assert work.flush(SHORT)
    for thread in set(threading.enumerate()) - before:
        thread.join(SHORT)
        assert not thread.is_alive()
    assert work.submit(list)
    assert work.flush(SHORT)


def test_threads_that_nobody_will_need_end() -> None:
    before, until = set(threading.enumerate()), Event()
    work = background(workers=4)
    for _ in range(6):
        work.submit(held(until))
    work.retire()
    until.set()
    assert work.flush(SHORT)
    assert work.submit(list)
    assert work.flush(SHORT)
    for thread in set(threading.enumerate()) - before:
        thread.join(SHORT)
        assert not thread.is_alive()


def test_many_at_once() -> None:
    lock, count = threading.Lock(), 0

    def task() -> None:
        nonlocal count
        with lock:
            count += 1

    work = background(workers=4)
    callers = [Thread(target=lambda: [work.submit(task) for _ in range(500)]) for _ in range(8)]
    for one in callers:
        one.start()
    for one in callers:
        one.join(SHORT)
    assert work.flush(SHORT)
    assert count == 8 * 500


def test_the_context_of_the_caller_is_left_behind() -> None:
    variable, found = ContextVar("variable", default="empty"), []
    variable.set("full")
    work = background()
    for _ in range(2):  # in the thread that was started for it, and in one that was there
        work.submit(lambda: (found.append(variable.get()), variable.set("of a task")))
        assert work.flush(SHORT)
    assert found == ["empty", "empty"]


def test_a_task_does_not_wait_for_itself() -> None:
    found: list[object] = []
    work = background()
    work.submit(lambda: found.extend([work.works_here(), work.flush(SHORT)]))
    assert work.flush(SHORT)
    assert found == [True, False]
    assert not work.works_here()


def test_giving_up() -> None:
    until, left = Event(), []
    work = background(left=left.append)
    busy(work, until)
    for _ in range(4):
        work.submit(list)
    work.give_up()
    assert left == [5]
    until.set()
    assert work.flush(SHORT)
    work.give_up()
    assert left == [5]


def test_nobody_gives_up_who_could_tell_nobody() -> None:
    until, done = Event(), []
    work = background()
    busy(work, until)
    work.submit(partial(done.append, 1))
    work.give_up()
    until.set()
    assert work.flush(SHORT)
    assert done == [1]


def no_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    def start(self: Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(Thread, "start", start)


def test_where_no_thread_can_start_whoever_waits_does_it(monkeypatch: pytest.MonkeyPatch) -> None:
    no_thread(monkeypatch)
    done: list[int] = []
    work = background()
    assert work.submit(lambda: done.append(threading.get_ident()))
    assert done == []
    assert work.flush(SHORT)
    assert done == [threading.get_ident()]


def test_or_it_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    """What may take for ever is not for whoever waits to do."""
    no_thread(monkeypatch)
    left, done = [], []
    work = background(left=left.append)
    work.submit(partial(done.append, 1))
    assert not work.flush(0.0)
    work.give_up()
    assert (left, done) == ([1], [])
