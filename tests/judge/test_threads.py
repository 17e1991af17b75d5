"""Those that judge: how many threads they have, and what becomes of what waits when a process forks or ends."""

from __future__ import annotations

import json
import os
import threading
from collections import Counter
from concurrent.futures import wait
from contextlib import nullcontext
from contextvars import ContextVar, copy_context
from pathlib import Path
from threading import Event, Thread
from typing import Any

import openai
import pytest
from processes.running import Program, Venue

import genscope
from genscope.features.judge.panel import Panel
from genscope.features.judge.threads import Busy, Threads
from genscope.features.judge.verdict import Case, Verdict
from genscope.local.simulator import Simulator

from .playing import SHORT, ask, judged

PROGRAM = ("-m", "judge.programs.judging")
QUIET = {"PYTHONWARNINGS": "ignore:This process:DeprecationWarning"}
"""From Python 3.12 on a fork in a process with threads is warned of, whoever does it."""

# --- threads


def test_work_and_what_it_returns() -> None:
    threads = Threads("t", 2)
    assert threads.run(lambda: 1).future.result(SHORT) == 1
    with pytest.raises(ZeroDivisionError):
        threads.run(lambda: 1 // 0).future.result(SHORT)
    with pytest.raises(SystemExit):
        threads.run(lambda: exit(1)).future.result(SHORT)
    assert threads.run(lambda: threading.current_thread().daemon).future.result(SHORT) is True


def test_a_thread_is_used_again() -> None:
    threads = Threads("t", 1)
    assert len({threads.run(threading.get_ident).future.result(SHORT) for _ in range(20) if idle(threads)}) == 1


def idle(threads: Threads) -> bool:
    """Wait until those that have worked are there for more."""
    with threads._ready:
        while threads._waiting < threads._running:
            threads._ready.wait(0.001)
    return True


def test_no_more_than_so_many() -> None:
    threads, until = Threads("t", 3), Event()
    begun = [threads.run(lambda: until.wait(SHORT)) for _ in range(3)]
    with pytest.raises(Busy):
        threads.run(lambda: True)
    until.set()
    assert all(one.future.result(SHORT) for one in begun)
    assert idle(threads)
    assert threads.run(lambda: True).future.result(SHORT)


def test_or_they_wait() -> None:
    threads, until = Threads("t", 1, waits=True), Event()
    first, second, third = (threads.run(lambda: until.wait(SHORT)) for _ in range(3))
    assert (second.began, third.began) == (None, None)
    assert second.future.cancel()
    until.set()
    assert third.future.result(SHORT)
    assert first.future.result(SHORT)
    assert second.began is None


def test_the_context_of_the_caller_is_left_behind() -> None:
    variable = ContextVar("variable", default="empty")
    variable.set("full")
    threads = Threads("t", 1)
    assert threads.run(variable.get).future.result(SHORT) == "empty"
    assert threads.run(variable.get, copy_context()).future.result(SHORT) == "full"


def test_many_at_once() -> None:
    threads = Threads("t", 64)
    found: list[int] = []

    def caller() -> None:
        found.extend(threads.run(threading.get_ident).future.result(SHORT) for _ in range(200))

    callers = [Thread(target=caller) for _ in range(8)]
    for one in callers:
        one.start()
    for one in callers:
        one.join(SHORT)
    assert len(found) == 8 * 200
    assert threads._running <= 64


def test_threads_that_nobody_needs_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("genscope.features.judge.threads._IDLE", 0.01)
    before = threading.active_count()
    threads = Threads("t", 8)
    wait([threads.run(lambda: None).future for _ in range(8)], SHORT)
    limit = Event()
    for _ in range(500):
        if not threads._running:
            break
        limit.wait(0.01)
    assert threads._running == 0
    assert threading.active_count() <= before + 8  # they are about to be gone
    assert threads.run(lambda: 1).future.result(SHORT) == 1


# --- a panel


class Hanging:
    """Judges whose threads never come back until they may."""

    def __init__(self) -> None:
        self.until = Event()
        self.name = "hanging"

    def judge(self, case: Case) -> Verdict:
        self.until.wait(SHORT)
        return Verdict(self.name, 1.0)


def around(name: str) -> Any:
    return nullcontext(lambda verdict: None)


def test_judges_that_hang_take_all_threads_and_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("genscope.features.judge.panel._IN_BACKGROUND", Threads("t", 3))
    judge = Hanging()
    panel = Panel([judge], 0.05)
    errors = [panel.judge(Case("a"), around)[0].error for _ in range(5)]
    assert errors == ["timeout"] * 3 + ["busy"] * 2
    judge.until.set()


def test_the_threads_of_what_was_replaced_end(fresh: None, client: openai.OpenAI) -> None:
    """Settings may be changed as often as one likes."""
    others = set(threading.enumerate())  # those of `evaluate` in earlier tests wait for half a minute

    def judge_once(queue_size: int) -> set[Thread]:
        with judged(judges=["empty"], judge_queue_size=queue_size) as court:
            ask(client)
            assert genscope.flush(SHORT)
            assert len(court.events) == 1
        return {thread for thread in threading.enumerate() if thread.name == "genscope-judge"} - others

    before = judge_once(7)
    assert before
    judge_once(8)
    for thread in before:
        thread.join(SHORT)
        assert not thread.is_alive()


# --- processes


@pytest.fixture
def venue(tmp_path: Path, simulator: Simulator) -> Venue:
    simulator.reset()
    return Venue(tmp_path, simulator)


def lines(venue: Venue) -> list[dict[str, Any]]:
    return [json.loads(line) for line in venue.ledger.read_text().splitlines()]


def ended(program: Program) -> None:
    assert program.end() == []


def test_the_end_of_a_program_waits_for_judges(venue: Venue) -> None:
    with venue.program(*PROGRAM, "at_exit") as program:
        ended(program)
    assert Counter((line["judge"], line["error"]) for line in lines(venue)) == {("slow", None): 16}


def test_but_not_for_ever(venue: Venue) -> None:
    with venue.program(*PROGRAM, "at_exit_hanging") as program:
        ended(program)
    (line,) = lines(venue)
    assert line["drops"] == {"exit": 10}


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_a_fork_leaves_what_waits_to_the_parent(venue: Venue) -> None:
    with venue.program(*PROGRAM, "forked", **QUIET) as program:
        ended(program)
    by_process = Counter(line["pid"] == program.process.pid for line in lines(venue))
    assert by_process == {True: 6, False: 2}


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_a_child_of_multiprocessing(venue: Venue) -> None:
    with venue.program(*PROGRAM, "in_a_process", **QUIET) as program:
        ended(program)
    assert len({line["pid"] for line in lines(venue)}) == len(lines(venue)) == 2
