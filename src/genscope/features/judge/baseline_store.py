"""Baselines in an SQLite file: they survive a restart, and the processes of one host share them."""

from __future__ import annotations

import math
import random
import sqlite3
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final, TypeVar

from genscope.features.judge.baseline import Key
from genscope.features.judge.drift import Level, Track

_PATIENCE: Final = 1.0
"""Seconds to wait for other processes, each of which needs some tenths of a millisecond."""
_ROUNDING: Final = 1e-9

# Versioned by name: another layout gets another table, and old and new releases can share a file. `turn` counts what is
# written: what was used last is told by it, and no clock that somebody puts back.
_LAYOUT: Final = (
    "CREATE TABLE IF NOT EXISTS judge_baselines_1 (judge TEXT, model TEXT, prompt TEXT, turn INTEGER NOT NULL,"
    " known_samples REAL NOT NULL, known_mean REAL NOT NULL, known_squares REAL NOT NULL,"
    " since_samples REAL NOT NULL, since_mean REAL NOT NULL, since_squares REAL NOT NULL, evidence REAL NOT NULL,"
    " PRIMARY KEY (judge, model, prompt)) WITHOUT ROWID",
    "CREATE INDEX IF NOT EXISTS judge_baselines_1_turn ON judge_baselines_1 (turn)",
)
_COLUMNS: Final = "known_samples, known_mean, known_squares, since_samples, since_mean, since_squares, evidence"
_READ: Final = f"SELECT {_COLUMNS} FROM judge_baselines_1 WHERE judge = ? AND model = ? AND prompt = ?"
_READ_ALL: Final = f"SELECT judge, model, prompt, {_COLUMNS} FROM judge_baselines_1 ORDER BY turn"
_WRITE: Final = (
    "INSERT OR REPLACE INTO judge_baselines_1 VALUES (?, ?, ?,"
    " (SELECT COALESCE(MAX(turn), 0) + 1 FROM judge_baselines_1), ?, ?, ?, ?, ?, ?, ?)"
)
_FORGET: Final = (
    "DELETE FROM judge_baselines_1 WHERE turn <="
    " (SELECT turn FROM judge_baselines_1 ORDER BY turn DESC LIMIT 1 OFFSET ?)"
)

_Result = TypeVar("_Result")


class BaselineStore:
    """In WAL mode; one thread at a time. Any exception means that the file cannot be used, now or ever."""

    def __init__(self, path: str, most: int, patience: float = _PATIENCE) -> None:
        """`most` keys are kept, those that were used last. Does not open the file."""
        self._path = path
        self._most = most
        self._patience = patience
        self._db: sqlite3.Connection | None = None

    def change(self, key: Key, step: Callable[[Track], tuple[Track, _Result]]) -> tuple[Track, _Result]:
        """Puts in the place of a track what `step` makes of it, as if no other process were there."""
        db = self._connected()
        try:
            db.execute("BEGIN IMMEDIATE")
            row = db.execute(_READ, key).fetchone()
            changed = step(Track() if row is None else _track(row))
            track = changed[0]
            db.execute(_WRITE, (*key, *track.known, *track.since, track.evidence))
            if row is None:
                db.execute(_FORGET, (self._most,))
            db.execute("COMMIT")
        except BaseException:
            self.close()  # rolls back; and whatever is wrong with the file, it is looked at anew
            raise
        return changed

    def read(self) -> Iterator[tuple[Key, Track]]:
        """All there are; what was used last comes last."""
        for judge, model, prompt_name, *row in self._connected().execute(_READ_ALL).fetchall():
            yield Key(judge, model, prompt_name), _track(row)

    def close(self) -> None:
        """Let go of the file: no connection may be there in a fork. The next use opens it again."""
        db, self._db = self._db, None
        if db is not None:
            db.close()

    def leave_to_parent(self) -> None:
        """In a forked child that has a connection all the same: it must not even be closed there."""
        if self._db is not None:
            _left.append(self._db)
            self._db = None

    def _connected(self) -> sqlite3.Connection:
        deadline = time.monotonic() + self._patience
        while self._db is None:
            try:
                self._db = self._opened()
            except sqlite3.OperationalError as fault:
                # SQLite waits for others by itself, but not where several want to put a new file into WAL mode.
                if not ("locked" in str(fault) or "busy" in str(fault)) or time.monotonic() > deadline:
                    raise
                time.sleep(random.uniform(0.001, 0.01))
        return self._db

    def _opened(self) -> sqlite3.Connection:
        # One thread at a time, and not always the same.
        db = sqlite3.connect(self._path, timeout=self._patience, isolation_level=None, check_same_thread=False)
        try:
            db.execute("PRAGMA journal_mode=WAL")
            db.execute("PRAGMA synchronous=NORMAL")
            for statement in _LAYOUT:
                db.execute(statement)
        except BaseException:
            db.close()
            raise
        return db


_left: Final = list[sqlite3.Connection]()


def _track(row: Sequence[Any]) -> Track:
    """An empty one if the numbers make no sense: whatever wrote them, it was not this."""
    if not all(isinstance(number, (int, float)) and math.isfinite(number) for number in row):
        return Track()
    known, since, evidence = Level(*row[0:3]), Level(*row[3:6]), row[6]
    if evidence < 0 or not all(map(_is_sound, (known, since))):
        return Track()
    return Track(known, since, evidence)


def _is_sound(level: Level) -> bool:
    return level.samples >= 0 and -_ROUNDING <= level.mean <= 1 + _ROUNDING and level.squares >= 0
