"""Accounts in an SQLite file: shared by the processes of one host."""

from __future__ import annotations

import random
import sqlite3
import time
from collections.abc import Callable, Sequence
from typing import Any, Final

from genscope.features.budget.ledger import Account, Balance, Hold, Verdict, is_nearly_used_up
from genscope.features.budget.store import (
    GRACE_SECONDS,
    HOLD_SECONDS,
    MEMORY_SECONDS,
    Answer,
    Batch,
)

_PATIENCE: Final = 1.0
"""Seconds to wait for other processes, each of which needs some tenths of a millisecond."""
_TIDY_EVERY: Final = 60.0

# Versioned by name: another layout gets other tables, and old and new releases can share a file.
_LAYOUT: Final = (
    "CREATE TABLE IF NOT EXISTS budget_accounts_1 (key TEXT PRIMARY KEY, spent INTEGER NOT NULL DEFAULT 0,"
    " refused INTEGER NOT NULL DEFAULT 0, ends INTEGER) WITHOUT ROWID",
    "CREATE TABLE IF NOT EXISTS budget_holds_1 (key TEXT, id TEXT, amount INTEGER NOT NULL, expires REAL NOT NULL,"
    " PRIMARY KEY (key, id)) WITHOUT ROWID",
    "CREATE TABLE IF NOT EXISTS budget_clients_1 (client TEXT PRIMARY KEY, number INTEGER NOT NULL, seen REAL NOT NULL)"
    " WITHOUT ROWID",
)
_OPEN: Final = "INSERT OR IGNORE INTO budget_accounts_1 (key, ends) VALUES (?, ?)"
_BALANCE: Final = (
    "SELECT (SELECT spent FROM budget_accounts_1 WHERE key = :key), (SELECT SUM(amount) FROM budget_holds_1"
    " WHERE key = :key AND expires > :now), (SELECT refused FROM budget_accounts_1 WHERE key = :key)"
)


class SqliteStore:
    """In WAL mode. A crash of a process loses nothing that was confirmed; of the machine, the last moments perhaps."""

    name = "sqlite"

    def __init__(self, path: str, clock: Callable[[], float] = time.time, patience: float = _PATIENCE) -> None:
        """`clock` in seconds since the epoch: what a reservation's age is told by."""
        self._path = path
        self._clock = clock
        self._patience = patience
        self._db: sqlite3.Connection | None = None
        self._tidied = 0.0

    def exchange(self, client: str, batch: Batch, holds: Sequence[Hold]) -> Answer:
        db = self._connected()
        try:
            self._begin(db)
            answer = self._exchange(db, client, batch, holds)
            db.execute("COMMIT")
        except BaseException:
            self.close()  # rolls back; and whatever is wrong with the file, it is looked at anew
            raise
        return answer

    def read(self, accounts: Sequence[Account]) -> Sequence[Balance]:
        db = self._connected()
        try:
            found: list[Balance] = []
            for account in accounts:  # patiently: where there is no WAL, who writes keeps out who reads
                self._patiently(lambda key=account.key: found.append(self._balance(db, key, self._clock())))
            return found
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        db, self._db = self._db, None
        if db is not None:
            db.close()

    def _connected(self) -> sqlite3.Connection:
        if self._db is None:
            # One thread at a time, and not always the same.
            db = sqlite3.connect(self._path, timeout=0, isolation_level=None, check_same_thread=False)
            try:
                self._patiently(lambda: db.execute("PRAGMA journal_mode=WAL"))
                db.execute("PRAGMA synchronous=NORMAL")
                self._begin(db)
                for statement in _LAYOUT:
                    db.execute(statement)
                db.execute("COMMIT")
            except BaseException:
                db.close()
                raise
            self._db = db
        return self._db

    def _begin(self, db: sqlite3.Connection) -> None:
        self._patiently(lambda: db.execute("BEGIN IMMEDIATE"))

    def _patiently(self, act: Callable[[], Any]) -> None:
        """SQLite's own way to wait starves some of many: its pauses grow to a tenth of a second."""
        deadline = time.monotonic() + self._patience
        while True:
            try:
                act()
                return
            except sqlite3.OperationalError as fault:
                if not ("locked" in str(fault) or "busy" in str(fault)) or time.monotonic() > deadline:
                    raise
            time.sleep(random.uniform(0.0002, 0.003))

    def _exchange(self, db: sqlite3.Connection, client: str, batch: Batch, holds: Sequence[Hold]) -> Answer:
        now = self._clock()
        seen = db.execute("SELECT number FROM budget_clients_1 WHERE client = ?", (client,)).fetchone()
        fresh = bool(batch.postings) and (seen is None or seen[0] < batch.number)
        posted: list[Balance] = []
        for account, hold_id, reserved, charge in batch.postings:
            if fresh:
                if reserved:
                    db.execute("DELETE FROM budget_holds_1 WHERE key = ? AND id = ?", (account.key, hold_id))
                if charge:
                    db.execute(_OPEN, (account.key, account.ends))
                    db.execute("UPDATE budget_accounts_1 SET spent = spent + ? WHERE key = ?", (charge, account.key))
            posted.append(self._balance(db, account.key, now))
        if fresh:
            db.execute(
                "INSERT OR REPLACE INTO budget_clients_1 (client, number, seen) VALUES (?, ?, ?)",
                (client, batch.number, now),
            )
        verdicts = [self._reserve(db, hold, now) for hold in holds]
        if now - self._tidied > _TIDY_EVERY or now < self._tidied:
            self._tidied = now
            db.execute("DELETE FROM budget_holds_1 WHERE expires <= ?", (now,))
            db.execute("DELETE FROM budget_accounts_1 WHERE ends < ?", (now - GRACE_SECONDS,))
            db.execute("DELETE FROM budget_clients_1 WHERE seen < ?", (now - MEMORY_SECONDS,))
        return Answer(posted, verdicts)

    def _reserve(self, db: sqlite3.Connection, hold: Hold, now: float) -> Verdict:
        balances = [self._balance(db, account.key, now) for account in hold.accounts]
        for index, (account, amount) in enumerate(zip(hold.accounts, hold.amounts, strict=True)):
            spent, reserved, refused = balances[index]
            if account.cap is not None and spent + reserved + amount > account.cap:
                nearly = is_nearly_used_up(spent, reserved, account.cap)
                if nearly and not refused:
                    db.execute(_OPEN, (account.key, account.ends))
                    db.execute("UPDATE budget_accounts_1 SET refused = 1 WHERE key = ?", (account.key,))
                return Verdict(index, balances, nearly and not refused and spent < account.cap)
        for index, (account, amount) in enumerate(zip(hold.accounts, hold.amounts, strict=True)):
            if amount:
                db.execute(
                    "INSERT OR REPLACE INTO budget_holds_1 (key, id, amount, expires) VALUES (?, ?, ?, ?)",
                    (account.key, hold.id, amount, now + HOLD_SECONDS),
                )
                balances[index] = balances[index]._replace(reserved=balances[index].reserved + amount)
        return Verdict(None, balances)

    def _balance(self, db: sqlite3.Connection, key: str, now: float) -> Balance:
        spent, reserved, refused = db.execute(_BALANCE, {"key": key, "now": now}).fetchone()
        return Balance(spent or 0, reserved or 0, bool(refused))
