"""gunicorn: workers forked from a master that has, or has not, imported the application."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from .ledger import one_for_each_call, tally
from .running import PATIENCE, Venue
from .sockets import get

PROGRAMS = "processes.programs"
GUNICORN = ("-m", "gunicorn", "-c", f"python:{PROGRAMS}.gunicorn_settings", f"{PROGRAMS}.site:application")


@pytest.mark.parametrize(
    "worker_class, set_up, preload, at_import",
    [
        ("sync", "import", "yes", 1),  # in the master: the providers are forked
        ("gthread", "import", "yes", 1),
        ("gthread", "post_fork", "yes", 0),
        ("sync", "import", "", 2),
    ],
)
def test_gunicorn(venue: Venue, worker_class: str, set_up: str, preload: str, at_import: int) -> None:
    path = venue.folder / "socket"
    environ = {"SOCKET": str(path), "WORKER_CLASS": worker_class, "SET_UP": set_up, "PRELOAD": preload}
    both = 2 if worker_class == "sync" else 4
    pages = [f"{kind}-{number}" for kind in ("plain", "stream", "open") for number in range(4)]
    with venue.program(*GUNICORN, **environ) as program, ThreadPoolExecutor(8) as pool:
        program.hear()
        assert all(pool.map(lambda page: get(path, f"/{page}"), pages))
        # Each of the sync workers has one of two calls that wait at the same time.
        held = [pool.submit(get, path, f"/held-{number}") for number in range(both)]
        assert venue.simulator.wait_until(lambda simulator: simulator.held == 4 + at_import + both, PATIENCE)
        venue.simulator.release()
        assert [page.result() for page in held] == [b"done"] * both
        program.process.terminate()
        program.end()
    spans = one_for_each_call(venue.ledger, venue.simulator)
    outcomes = tally(spans, "genscope.stream.outcome")
    assert outcomes == {None: both + 4 + at_import, "completed": 4, "abandoned": 4 + at_import}
    assert tally(spans, "error.type") == {None: len(spans)}
    processes = {span["pid"] for span in spans}
    in_master = bool(set_up == "import" and preload)
    assert (program.process.pid in processes) == in_master
    if worker_class == "sync":
        assert len(processes) == 2 + in_master
