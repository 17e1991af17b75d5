"""What is particular to SQLite and to Redis: files that are broken or locked, scripts, slots, lifetimes."""

from __future__ import annotations

import sqlite3
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from genscope.features.budget import ledgers
from genscope.features.budget.ledger import Account, Balance
from genscope.features.budget.ledgers import check_address, ledger_at
from genscope.features.budget.memory import MemoryLedger
from genscope.features.budget.redis import RedisStore
from genscope.features.budget.shared import SharedLedger
from genscope.features.budget.sqlite import SqliteStore
from genscope.features.budget.store import GRACE_SECONDS, Batch, Posting

from .books import account, reserve, settle, show
from .servers import RedisServer, stalled_server

DAY = account("day", 10)


# --- addresses


def test_one_ledger_for_an_address(tmp_path: Path) -> None:
    address = f"sqlite://{tmp_path}/budget.db"
    assert ledger_at(address) is ledger_at(f" {address} ")
    assert ledger_at("memory") is ledger_at("memory")
    assert isinstance(ledger_at("memory"), MemoryLedger)


@pytest.mark.parametrize(
    "address, path",
    [
        ("sqlite:///var/lib/budget.db", "/var/lib/budget.db"),
        ("sqlite:////var/lib/budget.db", "//var/lib/budget.db"),
        ("sqlite:budget.db", "budget.db"),
        ("sqlite:///with%20space.db", "/with space.db"),
        ("sqlite:///C:/budget.db", "C:/budget.db"),
    ],
)
def test_paths_of_files(address: str, path: str) -> None:
    assert ledgers._sqlite_path(check_address(address)) == path


@pytest.mark.parametrize("address", ["", "redi://x", "sqlite://", "postgres://x", "/var/lib/budget.db", "Memory Store"])
def test_what_is_no_address(address: str) -> None:
    with pytest.raises(ValueError, match="memory, sqlite:///PATH, redis://"):
        check_address(address)


def test_without_the_package(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    monkeypatch.setitem(sys.modules, "redis", None)
    ledger = ledger_at("redis://127.0.0.1/0")
    assert reserve(ledger, (DAY, 10))[1].refusing is None
    assert reserve(ledger, (DAY, 1))[1].refusing == 0
    assert "pip install genscope[redis]" in caplog.text


@pytest.mark.parametrize(
    "address", ["redis://h:port/0", "redis://h/0?socket_timeout=soon", "redis://h/0?no_such_thing=1"]
)
def test_an_address_that_the_package_does_not_like(address: str, caplog: pytest.LogCaptureFixture) -> None:
    pytest.importorskip("redis")
    ledger = ledger_at(address)
    assert reserve(ledger, (DAY, 10))[1].refusing is None
    assert len(caplog.records) == 1


# --- SQLite


@pytest.fixture
def path(tmp_path: Path) -> str:
    return str(tmp_path / "budget.db")


def test_a_file_that_is_no_database(path: str, caplog: pytest.LogCaptureFixture) -> None:
    Path(path).write_bytes(b"not a database " * 1000)
    ledger = SharedLedger(SqliteStore(path))
    hold, verdict = reserve(ledger, (DAY, 10))
    assert not verdict.shared
    ledger.settle(hold, [7])
    assert "is away (DatabaseError)" in caplog.text
    assert not ledger.flush(5)
    Path(path).unlink()
    assert ledger.flush(5)
    assert show(ledger, DAY) == [Balance(7, 0)]
    ledger.close()


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    ledger = SharedLedger(SqliteStore(str(tmp_path / "later" / "budget.db")))
    hold, verdict = reserve(ledger, (DAY, 10))
    assert not verdict.shared
    ledger.settle(hold, [7])
    (tmp_path / "later").mkdir()
    assert ledger.flush(5)
    assert show(ledger, DAY) == [Balance(7, 0)]
    ledger.close()


def test_a_file_that_somebody_keeps_locked(path: str) -> None:
    ledger = SharedLedger(SqliteStore(path, patience=0.01))
    settle(ledger, reserve(ledger, (DAY, 3))[0], 3)
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    hold, verdict = reserve(ledger, (DAY, 7))
    assert (verdict.refusing, verdict.shared) == (None, False)
    assert reserve(ledger, (DAY, 1))[1].refusing == 0
    ledger.settle(hold, [2])
    other.execute("ROLLBACK")
    other.close()
    assert ledger.flush(5)
    assert show(ledger, DAY) == [Balance(5, 0)]
    ledger.close()


def test_a_file_that_is_taken_away(path: str) -> None:
    """A connection goes on with the file that has no name any more; a new one makes a new file."""
    ledger = SharedLedger(SqliteStore(path))
    settle(ledger, reserve(ledger, (DAY, 3))[0], 3)
    ledger.close()
    Path(path).unlink()
    settle(ledger, reserve(ledger, (DAY, 4))[0], 4)
    assert show(ledger, DAY) == [Balance(4, 0)]
    ledger.close()


def test_reservations_expire_by_the_clock(path: str) -> None:
    now = [1_000_000.0]
    store = SqliteStore(path, clock=lambda: now[0])
    ledger = SharedLedger(store)
    reserve(ledger, (DAY, 10))
    now[0] += 899
    assert reserve(ledger, (DAY, 1))[1].refusing == 0
    now[0] += 2
    assert reserve(ledger, (DAY, 10))[1].refusing is None
    ledger.close()


def test_the_file_does_not_grow_for_ever(path: str) -> None:
    now = [1_000_000.0]
    store = SqliteStore(path, clock=lambda: now[0])
    ledger = SharedLedger(store)
    for minute in range(3_000):
        window = Account(f"minute|{minute}", 10, int(now[0]) + 60)
        hold, _ = reserve(ledger, (window, 1))
        if minute % 2:
            ledger.settle(hold, [1])
        now[0] += 60
    assert ledger.flush(5)
    ledger.close()
    db = sqlite3.connect(path)
    rows = [db.execute(f"SELECT COUNT(*) FROM budget_{table}_1").fetchone()[0] for table in ("accounts", "holds")]
    db.close()
    assert rows[0] <= GRACE_SECONDS / 60 + 5
    assert rows[1] <= 20


def test_other_tables_in_the_file_are_left_alone(path: str) -> None:
    db = sqlite3.connect(path, isolation_level=None)
    db.execute("CREATE TABLE budget_accounts (mine)")
    db.close()
    ledger = SharedLedger(SqliteStore(path))
    assert reserve(ledger, (DAY, 1))[1].shared
    ledger.close()


# --- Redis

redis_only = pytest.mark.needs_redis


@pytest.fixture
def client(redis_server: RedisServer) -> Any:
    import redis

    with redis.Redis.from_url(redis_server.url) as client:
        yield client


@redis_only
def test_scripts_may_be_flushed(redis_server: RedisServer, client: Any) -> None:
    ledger = ledger_at(redis_server.url)
    for _ in range(3):
        settle(ledger, reserve(ledger, (DAY, 1))[0], 1)
        client.script_flush()
    assert show(ledger, DAY) == [Balance(3, 0)]
    assert not ledger.away  # type: ignore[attr-defined]


@redis_only
def test_connections_may_be_closed(redis_server: RedisServer, client: Any) -> None:
    """By a server that does not like idle ones: no call has to do without it for that."""
    ledger = ledger_at(redis_server.url)
    for _ in range(3):
        settle(ledger, reserve(ledger, (DAY, 1))[0], 1)
        client.client_kill_filter(_type="normal", skipme=True)
        assert reserve(ledger, (DAY, 0))[1].shared


@redis_only
def test_a_server_that_was_started_anew(own_redis: Callable[..., RedisServer]) -> None:
    server = own_redis(durable=True)
    ledger = ledger_at(server.url)
    settle(ledger, reserve(ledger, (DAY, 4))[0], 4)
    server.kill()
    server.start()
    assert reserve(ledger, (DAY, 6))[1] == (None, [Balance(4, 6)], False, True)
    ledger.close()  # type: ignore[attr-defined]


@redis_only
def test_accounts_go_with_their_windows(redis_server: RedisServer, client: Any) -> None:
    ledger = ledger_at(redis_server.url)
    ends = int(time.time()) + 1_000
    day, total = Account("day", 10, ends), Account("total", 10, None)
    hold, _ = reserve(ledger, (day, 1), (total, 1))
    settle(ledger, hold, 1, 1)
    reserve(ledger, (day, 1), (total, 1))
    lives = {key.decode().rpartition("}:")[2]: client.ttl(key) for key in client.scan_iter()}
    of_day = {name: life for name, life in lives.items() if name.startswith("day")}
    assert set(of_day) == {"day", "day|held"}
    assert all(0 < life - GRACE_SECONDS <= 1_000 for life in of_day.values())
    assert (lives["total"], lives["total|held"]) == (-1, -1)
    assert all(life > 0 for name, life in lives.items() if name.startswith("seen"))


@redis_only
def test_a_settlement_after_the_end_of_a_window_leaves_nothing_for_ever(redis_server: RedisServer, client: Any) -> None:
    ledger = ledger_at(redis_server.url)
    hold, _ = reserve(ledger, (Account("day", 10, int(time.time()) - 10_000), 1))
    settle(ledger, hold, 1)
    assert all(client.ttl(key) > 0 for key in client.scan_iter())


@redis_only
def test_namespaces(redis_server: RedisServer) -> None:
    one, other = (ledger_at(f"{redis_server.url}?namespace={name}") for name in ("a{}b", "c"))
    assert reserve(one, (DAY, 10))[1].refusing is None
    assert reserve(other, (DAY, 10))[1].refusing is None
    assert reserve(one, (DAY, 1))[1].refusing == 0


@redis_only
def test_valkey_is_another_name(redis_server: RedisServer) -> None:
    ledger = ledger_at(redis_server.url.replace("redis://", "valkey://"))
    assert reserve(ledger, (DAY, 1))[1].shared


@redis_only
def test_a_key_of_somebody_else(redis_server: RedisServer, client: Any) -> None:
    client.set("genscope:budget:{default}:day", "mine")
    ledger = ledger_at(redis_server.url)
    assert not reserve(ledger, (DAY, 1))[1].shared
    assert client.get("genscope:budget:{default}:day") == b"mine"


@redis_only
def test_amounts_are_integers_in_the_server(redis_server: RedisServer, client: Any) -> None:
    ledger = ledger_at(redis_server.url)
    large = Account("large", 2**53 - 1, None)
    settle(ledger, reserve(ledger, (large, 2**53 - 1))[0], 2**53 - 1)
    assert client.hget("genscope:budget:{default}:large", "spent") == b"9007199254740991"


@pytest.mark.parametrize("kind", ["sqlite", pytest.param("redis", marks=redis_only)])
def test_a_batch_counts_once(kind: str, path: str, request: pytest.FixtureRequest) -> None:
    store = SqliteStore(path) if kind == "sqlite" else RedisStore(request.getfixturevalue("redis_server").url)
    batch = Batch(1, [Posting(account("day"), "", 0, 5)])
    for _ in range(3):
        store.exchange("me", batch, [])
    store.exchange("you", batch, [])
    assert store.read([account("day")]) == [Balance(10, 0)]
    store.close()


@redis_only
def test_a_cluster(own_redis: Callable[..., RedisServer]) -> None:
    """All keys of a call are in one slot: a cluster refuses anything else."""
    import redis

    server = own_redis(cluster=True)
    with redis.Redis.from_url(server.url) as client:
        client.execute_command("CLUSTER", "ADDSLOTSRANGE", 0, 16383)
        while client.cluster("INFO")["cluster_state"] != "ok":
            pass
    ledger = ledger_at(server.url.replace("redis://", "redis+cluster://"))
    accounts = [account(f"a{n}", 10) for n in range(5)]
    hold, verdict = reserve(ledger, *((one, 5) for one in accounts))
    assert verdict.shared
    settle(ledger, hold, *[3] * 5)
    assert show(ledger, *accounts) == [Balance(3, 0)] * 5
    ledger.close()  # type: ignore[attr-defined]


def test_a_server_that_stalls_is_waited_for_once() -> None:
    pytest.importorskip("redis")
    with stalled_server() as server:
        ledger = SharedLedger(RedisStore(f"{server.url}?socket_timeout=0.01"))
        assert not reserve(ledger, (DAY, 1))[1].shared
        ledger._presence.look_at = float("inf")
        seen = len(server.connections)
        threads = [threading.Thread(target=reserve, args=(ledger, (DAY, 0))) for _ in range(20)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(server.connections) == seen
        ledger.close()
