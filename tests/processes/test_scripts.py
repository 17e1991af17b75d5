"""Scripts that end soon after their calls, or in the middle of them."""

from __future__ import annotations

import signal
from collections import Counter

import pytest

from .ledger import Line, one_for_each_call
from .running import Venue

SCRIPTS = ("-m", "processes.programs.scripts")


def outcomes(spans: list[Line]) -> dict[str, str | None]:
    """Model -> how the call ended: the outcome of a stream, else the kind of the error."""
    return {
        span["attributes"]["gen_ai.request.model"]: span["attributes"].get(
            "genscope.stream.outcome", span["attributes"].get("genscope.error.kind")
        )
        for span in spans
    }


@pytest.mark.parametrize("script, status", [("falls_off_its_end", 0), ("exits", 3)])
def test_a_span_in_the_batch_arrives(venue: Venue, script: str, status: int) -> None:
    with venue.program(*SCRIPTS, script) as program:
        program.end(status)
    assert outcomes(one_for_each_call(venue.ledger, venue.simulator)) == {"plain": None}


def test_an_exception_that_nobody_catches(venue: Venue) -> None:
    with venue.program(*SCRIPTS, "raises") as program:
        program.process.wait()
        assert program.errors.count("Traceback") == 1
        assert program.errors.splitlines()[-1].startswith("openai.RateLimitError: ")
        program.end(1, program.errors)
    assert outcomes(one_for_each_call(venue.ledger, venue.simulator)) == {"plain": None, "refused": "rate_limit"}


def test_a_signal_without_a_handler(venue: Venue) -> None:
    """Nothing of the process runs any more; what was flushed before has arrived."""
    with venue.program(*SCRIPTS, "is_terminated") as program:
        program.hear()
        program.process.terminate()
        program.end(-signal.SIGTERM)
    assert outcomes(one_for_each_call(venue.ledger, venue.simulator)) == {"flushed": None}


def test_a_signal_that_asks_to_exit(venue: Venue) -> None:
    with venue.program(*SCRIPTS, "is_asked_to_exit") as program:
        assert venue.simulator.wait_until(lambda simulator: simulator.held == 1, 30)
        program.process.terminate()
        program.end()
    (span,) = one_for_each_call(venue.ledger, venue.simulator)
    assert span["attributes"]["genscope.error.kind"] == "cancelled"
    assert span["attributes"]["error.type"] == "SystemExit"


def test_an_interrupt(venue: Venue) -> None:
    with venue.program(*SCRIPTS, "is_interrupted") as program:
        assert venue.simulator.wait_until(lambda simulator: simulator.held == 1, 30)
        program.process.send_signal(signal.SIGINT)
        program.process.wait()
        assert program.errors.splitlines()[-1] == "KeyboardInterrupt"
        program.end(-signal.SIGINT, program.errors)
    (span,) = one_for_each_call(venue.ledger, venue.simulator)
    assert span["attributes"]["error.type"] == "KeyboardInterrupt"


def test_daemon_threads_in_a_call(venue: Venue) -> None:
    with venue.program(*SCRIPTS, "leaves_threads_behind") as program:
        program.hear()
        assert venue.simulator.wait_until(lambda simulator: simulator.held == 4, 30)
        program.say()
        program.end()
    spans = one_for_each_call(venue.ledger, venue.simulator)
    assert outcomes(spans) == {
        "answer": "cancelled",
        "aanswer": "cancelled",
        "chunk": "abandoned",
        "achunk": "abandoned",
    }


def test_asyncio_run_ends_with_open_tasks(venue: Venue) -> None:
    with venue.program(*SCRIPTS, "leaves_tasks_behind") as program:
        program.hear()
        assert venue.simulator.wait_until(lambda simulator: simulator.held == 2, 30)
        program.say()
        program.end()
    spans = one_for_each_call(venue.ledger, venue.simulator)
    assert outcomes(spans) == {"answer": "cancelled", "chunk": "cancelled"}


def test_a_loop_that_is_left_with_an_open_task(venue: Venue) -> None:
    with venue.program(*SCRIPTS, "leaves_a_loop_behind") as program:
        program.hear()
        assert venue.simulator.wait_until(lambda simulator: simulator.held == 1, 30)
        program.say()
        program.end()
    assert outcomes(one_for_each_call(venue.ledger, venue.simulator)) == {"answer": "cancelled"}


def test_a_second_provider_gets_what_is_open_at_the_end(venue: Venue) -> None:
    with venue.program(*SCRIPTS, "has_providers_of_its_own") as program:
        program.end()
    spans = one_for_each_call(venue.ledger, venue.simulator)
    assert Counter(outcomes(spans).items()) == Counter({"first": "completed", "second": "abandoned"}.items())
