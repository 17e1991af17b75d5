"""Many processes and one budget; forks; a server that is killed in the middle."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from threading import Timer
from time import time
from typing import Any

import pytest

from genscope.features.budget.declaring import declared
from genscope.features.budget.ledgers import ledger_at
from genscope.features.budget.stage import Budgets

from .servers import RedisServer

TESTS = Path(__file__).parents[1]
PATIENCE = 120.0
"""Seconds after which a process counts as blocked for ever."""
FOREIGN = ("OTEL_", "GENSCOPE_", "COV_", "COVERAGE_")


class Process:
    def __init__(self, *arguments: str) -> None:
        environ = {name: value for name, value in os.environ.items() if not name.startswith(FOREIGN)}
        environ["PYTHONPATH"] = os.pathsep.join(filter(None, [str(TESTS), environ.get("PYTHONPATH")]))
        self._process = subprocess.Popen(
            [sys.executable, *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=environ,
        )
        self._watchdog = Timer(PATIENCE, self._process.kill)
        self._watchdog.start()

    def hear(self) -> str:
        assert self._process.stdout
        return self._process.stdout.readline().strip()

    def say(self) -> None:
        assert self._process.stdin
        self._process.stdin.write("\n")
        self._process.stdin.flush()

    def result(self) -> Any:
        """Of a spender."""
        assert self.hear() == "spent"
        self.say()
        return self.end()

    def end(self) -> Any:
        out, errors = self._process.communicate()
        assert self._process.returncode == 0, errors
        return json.loads(out)

    def close(self) -> None:
        self._watchdog.cancel()
        self._process.kill()
        self._process.__exit__(None, None, None)


@contextmanager
def processes(count: int, *arguments: str) -> Iterator[list[Process]]:
    made = [Process("-m", "budget.spender", *arguments) for _ in range(count)]
    try:
        for one in made:
            assert one.hear() == "ready", one.end()
        for one in made:
            one.say()
        yield made
    finally:
        for one in made:
            one.close()


def total(found: Sequence[dict[str, int]], what: str) -> int:
    return sum(one[what] for one in found)


def spent(store: str, limit: str) -> tuple[int, int]:
    """What the store says is spent and reserved."""
    one = Budgets(declared(limit), mode="deny", ledger=ledger_at(store))
    (balance,) = one.ledger.read(one.rules[0].accounts(time()))
    return balance[:2]


@pytest.mark.needs_redis
def test_sixteen_processes_get_exactly_what_fits_of_redis(redis_server: RedisServer) -> None:
    limit = "1000 requests total"
    with processes(16, redis_server.url, limit, "200") as running:
        found = [one.result() for one in running]
    assert total(found, "unshared") == 0
    assert total(found, "granted") == 1000
    assert total(found, "refused") == 16 * 200 - 1000
    assert spent(redis_server.url, limit) == (1000, 0)


def test_eight_processes_get_exactly_what_fits_of_a_file(tmp_path: Path) -> None:
    store, limit = f"sqlite://{tmp_path}/budget.db", "500 requests total"
    with processes(8, store, limit, "200") as running:
        found = [one.result() for one in running]
    assert total(found, "unshared") == 0
    assert total(found, "granted") == 500
    assert spent(store, limit) == (500, 0)


@pytest.mark.needs_redis
@pytest.mark.parametrize("fail", ["open", "closed"])
def test_redis_killed_in_the_middle_loses_no_count(own_redis: Callable[..., RedisServer], fail: str) -> None:
    """With a server that has on disk what it has confirmed. Calls go on if open; every one that was made is counted."""
    server = own_redis(durable=True)
    limit = "100000 requests total"
    with processes(4, server.url, limit, "300", fail, "100") as running:
        for one in running[:2]:
            assert one.hear() == "milestone"
        server.kill()  # while the other two are in the middle of it
        for one in running[:2]:
            one.say()
        for one in running[2:]:
            assert one.hear() == "milestone"
        server.start()
        for one in running[2:]:
            one.say()
        found = [one.result() for one in running]
    if fail == "open":
        assert total(found, "granted") == 4 * 300
        assert total(found, "unshared") > 0
    assert total(found, "granted") + total(found, "refused") == 4 * 300
    assert spent(server.url, limit)[0] == total(found, "granted")


@pytest.mark.needs_redis
def test_closed_a_limit_is_kept_through_a_crash(own_redis: Callable[..., RedisServer]) -> None:
    server = own_redis(durable=True)
    limit = "300 requests total"
    with processes(4, server.url, limit, "200", "closed", "50") as running:
        for one in running:
            assert one.hear() == "milestone"
        server.kill()
        server.start()
        for one in running:
            one.say()
        found = [one.result() for one in running]
    granted = total(found, "granted")
    assert granted <= 300
    assert spent(server.url, limit)[0] == granted


FORK = """
import json, os, sys, warnings
warnings.simplefilter("ignore", DeprecationWarning)  # from Python 3.12 on: a fork in a process with threads
from budget.calls import answered, call
from budget.spender import spend, spender

one = spender(sys.argv[1], "100 requests total")
spend(one, 3)
in_flight = call()
one.admit(in_flight)
read, write = os.pipe()
child = os.fork()
if child == 0:
    one.end(in_flight)  # it is the parent's, and must not count twice
    found = spend(one, 60)
    settled = one.flush(5)
    reserved = one.ledger.known(one.rules[0].accounts(0.0))[0].reserved
    found = {"child": found["granted"], "settled": settled, "held": len(one._held), "reserved": reserved}
    os.write(write, json.dumps(found).encode())
    os._exit(0)
os.waitpid(child, 0)
one.end(answered(in_flight, 1, 1))
found = spend(one, 60)
assert one.flush(5)
print(json.dumps({"parent": found["granted"], **json.loads(os.read(read, 1000))}))
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs os.fork")
@pytest.mark.parametrize("store", ["memory", "sqlite", pytest.param("redis", marks=pytest.mark.needs_redis)])
def test_a_fork(store: str, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    addresses = {"memory": lambda: "memory", "sqlite": lambda: f"sqlite://{tmp_path}/budget.db",
                 "redis": lambda: request.getfixturevalue("redis_server").url}  # fmt: skip
    address = addresses[store]()
    process = Process("-c", FORK, address)
    try:
        found = process.end()
    finally:
        process.close()
    assert found["settled"]
    assert found["held"] == 0
    if store == "memory":  # each counts for itself, from what was spent before
        assert found["reserved"] == 0
        assert (found["child"], found["parent"]) == (60, 60)
    else:
        assert found["child"] == 60
        assert found["parent"] == 100 - 60 - 4
        assert spent(address, "100 requests total") == (100, 0)


FORK_WHILE_AWAY = """
import json, os, sqlite3, sys, warnings
warnings.simplefilter("ignore", DeprecationWarning)
from budget.spender import spend, spender

path = sys.argv[1]
one = spender(f"sqlite://{path}", "100 requests total")
spend(one, 1)
assert one.flush(5)
lock = sqlite3.connect(path, isolation_level=None)
lock.execute("BEGIN EXCLUSIVE")
spend(one, 3)
child = os.fork()
if child == 0:
    os._exit(0 if one.flush(5) else 1)  # it has nothing to post
assert os.waitpid(child, 0)[1] == 0
lock.execute("ROLLBACK")
lock.close()
assert one.flush(5)
print("[]")
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs os.fork")
def test_a_fork_while_the_store_is_away(tmp_path: Path) -> None:
    process = Process("-c", FORK_WHILE_AWAY, f"{tmp_path}/budget.db")
    try:
        assert process.end() == []
    finally:
        process.close()
    assert spent(f"sqlite://{tmp_path}/budget.db", "100 requests total") == (4, 0)


EXIT = """
import sys
from budget.spender import spend, spender
spend(spender(sys.argv[1], "100 requests total"), 7)
print("[]")
"""


@pytest.mark.parametrize("store", ["sqlite", pytest.param("redis", marks=pytest.mark.needs_redis)])
def test_a_script_that_just_ends(store: str, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    address = f"sqlite://{tmp_path}/budget.db" if store == "sqlite" else request.getfixturevalue("redis_server").url
    process = Process("-W", "error", "-c", EXIT, address)
    try:
        assert process.end() == []
    finally:
        process.close()
    assert spent(address, "100 requests total") == (7, 0)
