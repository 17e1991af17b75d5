"""What becomes too old, or too much. The oldest goes, of all signals together, a little at a time."""

from __future__ import annotations

import math
import sqlite3
import time
from collections.abc import Sequence
from typing import Any, Final

from genscope.local.store.database import begin

_STEP: Final = 200
"""Rows that go in one transaction: whoever writes waits some milliseconds for it."""
_GIVEN_BACK: Final = 256
"""Free pages that are given back to the file system at a time."""
_TIMES: Final = (("spans", "start_ns"), ("logs", "time_ns"), ("metric_points", "time_ns"))

_OLDEST: Final = " UNION ALL ".join(
    f"SELECT * FROM (SELECT {time} AS t FROM {table} ORDER BY {time} LIMIT :step)" for table, time in _TIMES
)
_COUNTS: Final = [f"SELECT count(*) FROM {table}" for table, _ in _TIMES]
_MERGE: Final = "INSERT INTO spans_text (spans_text, rank) VALUES ('merge', -16)"
"""As far as so many pages go: some milliseconds."""
_OPTIMIZE: Final = "INSERT INTO spans_text (spans_text) VALUES ('optimize')"
_OLDEST_STEP: Final = f"SELECT t FROM ({_OLDEST}) WHERE :before IS NULL OR t < :before ORDER BY t LIMIT :step"
_UP_TO: Final = [f"DELETE FROM {table} WHERE {time} <= ?" for table, time in _TIMES]
_OF_SERVICE: Final = (
    "DELETE FROM spans WHERE service = ?",
    "DELETE FROM logs WHERE service = ?",
    "DELETE FROM metric_points WHERE series IN (SELECT id FROM metric_series WHERE service = ?)",
)
_FORGOTTEN: Final = (
    "DELETE FROM metric_series WHERE NOT EXISTS (SELECT 1 FROM metric_points WHERE series = metric_series.id)"
)


def used(db: sqlite3.Connection) -> int:
    """Bytes of the file that hold something."""
    return (_pragma(db, "page_count") - _pragma(db, "freelist_count")) * _pragma(db, "page_size")


class Retention:
    """Prunes one file, until a time (monotonic clock) at which it leaves the rest for later."""

    def __init__(self, db: sqlite3.Connection, patience: float, until: float = math.inf) -> None:
        """`patience` in seconds, with others who write. Raises `sqlite3.Error`."""
        self._db = db
        self._patience = patience
        self._until = until
        self._hurries = until < math.inf

    def drop_older(self, before_ns: int) -> int:
        """How many rows from before a time went."""
        dropped = 0
        while (limit := self._oldest(before_ns)) is not None:
            dropped += self._drop(limit)
        return dropped

    def drop_larger(self, size: float) -> int:
        """How many of the oldest rows went, until the rest fits into `size` bytes."""
        dropped = 0
        while (now := used(self._db)) > size and (limit := self._oldest(None, self._share(1 - size / now))) is not None:
            dropped += self._drop(limit) if self._hurries else self.drop_older(limit + 1)
            self.tidy_index()
        return dropped

    def drop_service(self, service: str) -> int:
        """How many rows of a service went."""
        return self._all(_OF_SERVICE, (service,))

    def tidy_index(self) -> None:
        """Let the index of texts forget what is dropped: it only notes that, and does not become smaller by itself.

        https://www.sqlite.org/fts5.html#the_merge_command
        """
        if self._db.execute("SELECT 1 FROM sqlite_master WHERE name = 'spans_text'").fetchone():
            self._all((_MERGE if self._hurries else _OPTIMIZE,), ())

    def give_back(self, spare: float = 0.0) -> None:
        """Give free pages back to the file system, but for a part of the file."""
        while time.monotonic() < self._until:
            free = _pragma(self._db, "freelist_count")
            if free <= spare * _pragma(self._db, "page_count"):
                return
            self._db.execute(f"PRAGMA incremental_vacuum({_GIVEN_BACK})").fetchall()
            if _pragma(self._db, "freelist_count") >= free:  # a file that cannot: it was not made by us
                return

    def _drop(self, limit: int) -> int:
        return self._all(_UP_TO, (limit,))

    def _all(self, statements: Sequence[str], parameters: Sequence[Any]) -> int:
        begin(self._db, self._patience)
        try:
            dropped = sum(self._db.execute(statement, parameters).rowcount for statement in statements)
            self._db.execute(_FORGOTTEN)
            self._db.execute("COMMIT")
        except BaseException:
            self._db.execute("ROLLBACK")
            raise
        return dropped

    def _share(self, part: float) -> int:
        """How many rows are such a part of all, but for who hurries."""
        rows = 0 if self._hurries else sum(self._db.execute(count).fetchone()[0] for count in _COUNTS)
        return max(int(part * rows), _STEP)

    def _oldest(self, before_ns: int | None, step: int = _STEP) -> int | None:
        """Until which time to drop, so that about so many rows go; None if there is nothing, or no time left."""
        if time.monotonic() >= self._until:
            return None
        found = self._db.execute(_OLDEST_STEP, {"step": step, "before": before_ns}).fetchall()
        return found[-1][0] if found else None


def _pragma(db: sqlite3.Connection, name: str) -> int:
    return db.execute(f"PRAGMA {name}").fetchone()[0]
