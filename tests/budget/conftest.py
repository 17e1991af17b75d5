"""Stores of budgets, each as a ledger: memory, SQLite, Redis."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from genscope.features.budget import counting, ledgers
from genscope.features.budget.shared import SharedLedger

from .books import Books, MemoryBooks, RedisBooks, SqliteBooks
from .servers import BINARY, MISSING, RedisServer


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    if BINARY is None:
        for item in items:
            if item.get_closest_marker("needs_redis"):
                item.add_marker(pytest.mark.skip(reason=MISSING))


@pytest.fixture(scope="session")
def shared_redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    """One for all tests that do not harm it; see `redis_server`."""
    server = RedisServer(tmp_path_factory.mktemp("redis"))
    server.start()
    yield server
    server.kill()


@pytest.fixture
def redis_server(shared_redis: RedisServer) -> RedisServer:
    """An empty one."""
    import redis

    with redis.Redis.from_url(shared_redis.url) as client:
        client.flushall()
        client.script_flush()
    return shared_redis


@pytest.fixture
def own_redis(tmp_path: Path) -> Iterator[Callable[..., RedisServer]]:
    """Makes servers that a test may kill."""
    made: list[RedisServer] = []

    def make(**options: bool) -> RedisServer:
        folder = tmp_path / f"redis-{len(made)}"
        folder.mkdir()
        made.append(RedisServer(folder, **options))
        made[-1].start()
        return made[-1]

    yield make
    for server in made:
        server.kill()


@pytest.fixture(
    params=["memory", "sqlite", pytest.param("redis", marks=pytest.mark.needs_redis)],
)
def books(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Books]:
    """A ledger of each kind, and a look behind it."""
    made: Books
    if request.param == "memory":
        made = MemoryBooks()
    elif request.param == "sqlite":
        made = SqliteBooks(str(tmp_path / "budget.db"))
    else:
        made = RedisBooks(request.getfixturevalue("redis_server").url)
    yield made
    made.close()


@pytest.fixture(autouse=True)
def _fresh() -> Iterator[None]:
    """Each test has ledgers and numbers of its own."""
    yield
    for ledger in ledgers._ledgers.values():
        if isinstance(ledger, SharedLedger):
            ledger.close()
    ledgers._ledgers.clear()
    for counter in (
        counting.refusals,
        counting.crossings,
        counting.unpriced,
        counting.unshared,
        counting.failures,
    ):
        counter.clear()
