"""uvicorn and Starlette: streams that are passed on to clients, who may leave."""

from __future__ import annotations

import signal
from contextlib import ExitStack

from .ledger import one_for_each_call
from .running import PATIENCE, Venue
from .sockets import get, page


def test_clients_that_leave(venue: Venue) -> None:
    path, simulator = venue.folder / "socket", venue.simulator
    with venue.program("-m", "processes.programs.service", str(path)) as program:
        program.hear()
        assert get(path, "/async/ok/async-read") == get(path, "/sync/ok/sync-read") == b"." * 9
        with ExitStack() as clients:
            for url in ("/async/midhang/async-left", "/sync/midhang/sync-left"):
                assert clients.enter_context(page(path, url)).read(1) == b"."
            assert simulator.wait_until(lambda simulator: simulator.held == 2, PATIENCE)
        assert simulator.wait_until(lambda simulator: simulator.held == 1, PATIENCE)  # the task was cancelled
        simulator.release()  # a thread can only be left when it comes back
        program.process.terminate()
        program.end(-signal.SIGTERM)
    spans = one_for_each_call(venue.ledger, simulator)
    outcomes = {
        span["attributes"]["gen_ai.request.model"]: span["attributes"]["genscope.stream.outcome"] for span in spans
    }
    assert outcomes == {
        "async-read": "completed",
        "sync-read": "completed",
        "async-left": "cancelled",
        "sync-left": "abandoned",
    }
