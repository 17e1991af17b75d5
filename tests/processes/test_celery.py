"""Celery's prefork pool: worker processes that end without exit handlers."""

from __future__ import annotations

from contextlib import AbstractContextManager, ExitStack

from .ledger import one_for_each_call, tally
from .running import PATIENCE, Program, Venue

WORKER = ("-m", "celery", "--quiet", "--app", "processes.programs.tasks", "worker", "--pool", "prefork")
OPTIONS = ("--concurrency", "2", "--loglevel", "error", "--without-gossip", "--without-mingle", "--without-heartbeat")
TASKS = 6
QUIET = "ignore:You're running the worker with superuser:UserWarning"
"""Who runs the tests in a container is often that."""


SET_UPS = ("import", "worker_process_init")


def test_prefork(venue: Venue) -> None:
    """Two applications at once, for it takes Celery some seconds to stop. Set up before the fork, and after it."""
    with ExitStack() as running:
        programs = [running.enter_context(_worker(venue, set_up)) for set_up in SET_UPS]
        expected = TASKS * len(programs)
        assert venue.simulator.wait_until(lambda simulator: simulator.held == expected, PATIENCE / 2), [
            program.errors for program in programs
        ]
        for program in programs:
            program.process.terminate()
        for program in programs:
            program.end()
    spans = one_for_each_call(venue.ledger, venue.simulator)
    for set_up in SET_UPS:
        own = [span for span in spans if span["attributes"]["gen_ai.request.model"].startswith(set_up)]
        assert tally(own, "genscope.stream.outcome") == {None: TASKS, "completed": TASKS, "abandoned": TASKS}
    assert not {program.process.pid for program in programs} & {span["pid"] for span in spans}


def _worker(venue: Venue, set_up: str) -> AbstractContextManager[Program]:
    folder = venue.folder / set_up
    folder.mkdir()
    environ = {"FOLDER": str(folder), "SET_UP": set_up, "TASKS": str(TASKS), "PYTHONWARNINGS": QUIET}
    return venue.program(*WORKER, *OPTIONS, **environ)
