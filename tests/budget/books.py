"""Ledgers under test, with a look behind them: what is done to them from outside, and by time."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from typing import Any, Protocol

from genscope.features.budget.ledger import Account, Balance, Hold, Verdict
from genscope.features.budget.memory import MemoryLedger
from genscope.features.budget.redis import RedisStore
from genscope.features.budget.shared import SharedLedger
from genscope.features.budget.sqlite import SqliteStore


def account(name: str, cap: int | None = None, ends: int | None = None) -> Account:
    return Account(name, cap, ends)


class Books(Protocol):
    ledger: Any
    expires: bool

    def expire(self, hold: Hold) -> None: ...

    def forget(self) -> None: ...

    def close(self) -> None: ...


class MemoryBooks:
    expires = False

    def __init__(self) -> None:
        self.ledger = MemoryLedger()

    def expire(self, hold: Hold) -> None:
        raise NotImplementedError

    def forget(self) -> None:
        self.ledger._counters.clear()

    def close(self) -> None:
        return


class SharedBooks:
    expires = True
    ledger: SharedLedger

    def close(self) -> None:
        self.ledger.close()


class SqliteBooks(SharedBooks):
    def __init__(self, path: str) -> None:
        self._path = path
        self.ledger = SharedLedger(SqliteStore(path))
        self.ledger.read([account("any")])  # makes the tables

    def _run(self, *statements: tuple[str, Sequence[object]]) -> None:
        db = sqlite3.connect(self._path, isolation_level=None)
        for statement in statements:
            db.execute(*statement)
        db.close()

    def expire(self, hold: Hold) -> None:
        self._run(("UPDATE budget_holds_1 SET expires = 0 WHERE id = ?", (hold.id,)))

    def forget(self) -> None:
        assert self.ledger.flush(5)
        tables = ("budget_holds_1", "budget_accounts_1", "budget_clients_1")
        self._run(*((f"DELETE FROM {table}", ()) for table in tables))


class RedisBooks(SharedBooks):
    def __init__(self, url: str) -> None:
        import redis

        self.client: Any = redis.Redis.from_url(url)
        self.ledger = SharedLedger(RedisStore(url))

    def expire(self, hold: Hold) -> None:
        for account, amount in zip(hold.accounts, hold.amounts, strict=True):
            key = f"genscope:budget:{{default}}:{account.key}|held"
            self.client.zadd(key, {f"{hold.id}|{amount}": 1}, xx=True)

    def forget(self) -> None:
        assert self.ledger.flush(5)
        self.client.flushall()

    def close(self) -> None:
        super().close()
        self.client.close()


def reserve(ledger: Any, *asked: tuple[Account, int]) -> tuple[Hold, Verdict]:
    hold = Hold([account for account, _ in asked], [amount for _, amount in asked])
    return hold, ledger.reserve(hold)


def settle(ledger: Any, hold: Hold, *charges: int) -> None:
    """And have it known to the store."""
    ledger.settle(hold, charges)
    assert ledger.flush(5)


def show(ledger: Any, *accounts: Account) -> list[Balance]:
    return list(ledger.read(accounts))
