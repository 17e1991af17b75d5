"""Processes that are made by forking, and those that `multiprocessing` makes otherwise."""

from __future__ import annotations

from collections import Counter

import pytest

from .ledger import one_for_each_call, tally
from .running import Venue

FORKS = ("-m", "processes.programs.forks")
QUIET = {"PYTHONWARNINGS": "ignore:This process:DeprecationWarning"}
"""From Python 3.12 on a fork in a process with threads is warned of, whoever does it."""


@pytest.mark.parametrize("method, children", [("fork", 2), ("spawn", 1), ("forkserver", 1)])
def test_multiprocessing(venue: Venue, method: str, children: int) -> None:
    """A child of `fork` and `forkserver` ends without exit handlers, and yet nothing is lost."""
    with venue.program(*FORKS, "in_processes", method, **QUIET) as program:
        program.end()
    spans = one_for_each_call(venue.ledger, venue.simulator)
    assert tally(spans, "genscope.stream.outcome") == {
        None: 2 + children,
        "completed": children,
        "abandoned": 1 + children,
    }
    assert list(Counter(span["pid"] for span in spans).values()) == [3] * (1 + children)


def test_process_pool(venue: Venue) -> None:
    with venue.program(*FORKS, "in_a_pool", **QUIET) as program:
        program.end()
    spans = one_for_each_call(venue.ledger, venue.simulator)
    assert tally(spans, "genscope.stream.outcome") == {None: 5, "completed": 4, "abandoned": 4}


def test_a_fork_with_calls_in_flight(venue: Venue) -> None:
    """They are the parent's, whatever becomes of the copies that the child has of them."""
    with venue.program(*FORKS, "with_calls_in_flight", **QUIET) as program:
        program.hear()
        assert venue.simulator.wait_until(lambda simulator: simulator.held == 3, 30)
        program.say()
        program.hear()  # the child is over
        venue.simulator.release()
        program.say()
        program.end()
    spans = one_for_each_call(venue.ledger, venue.simulator)
    by_parent = {span["attributes"]["gen_ai.request.model"] for span in spans if span["pid"] == program.process.pid}
    assert by_parent == {"opened", "whole", "thread", "thread's stream", "task"}
    assert tally(spans, "error.type") == {None: 6}


def test_a_fork_in_the_middle_of_a_measurement(venue: Venue) -> None:
    with venue.program(*FORKS, "in_the_middle_of_a_measurement", **QUIET) as program:
        program.end()
    assert len(one_for_each_call(venue.ledger, venue.simulator)) == 2


def test_forks_while_other_threads_call(venue: Venue) -> None:
    with venue.program(*FORKS, "while_others_call", **QUIET) as program:
        program.end()
    spans = one_for_each_call(venue.ledger, venue.simulator)
    assert tally(spans, "error.type") == {None: len(spans)}
