"""The store, for writing."""

from __future__ import annotations

import os
import sqlite3
import sys
import threading
import time
import uuid
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from weakref import WeakSet

from genscope.core.pipeline import Faults
from genscope.local.store import retention
from genscope.local.store.database import Identity, begin, identity, opened, set_aside
from genscope.local.store.records import LogRecord, PointRecord, SpanRecord
from genscope.local.store.rows import ADD_LOG, ADD_POINT, ADD_SERIES, ADD_SPAN, FIND_SERIES, Row, Rows, insert
from genscope.local.store.troubles import Corrupt, StoreError, explained

_PATIENCE: Final = 5.0
"""Seconds to wait for other processes, each of which needs some milliseconds."""
_IMPATIENCE: Final = 0.2
"""The same after that was in vain: a file that stays locked must not keep a program from ending."""
_TIDY_EVERY: Final = 60.0
_TIDY_FOR: Final = 0.05
"""Seconds that any batch may spend on what is too old or too much."""
_SPARE: Final = 0.2
"""Part of the file that may be free: new rows go there."""
_PATIENCE_OF_FORKS: Final = 1.0
_SEEN: Final = (
    "INSERT INTO processes (id, pid, program, began_ns, seen_ns, spans, logs, points)"
    " VALUES (:id, :pid, :program, :now, :now, :spans, :logs, :points) ON CONFLICT (id) DO UPDATE SET"
    " seen_ns = :now, spans = spans + :spans, logs = logs + :logs, points = points + :points"
)


@dataclass(frozen=True, slots=True)
class Dropped:
    """What pruning has done: rows, and the bytes in use before and after."""

    rows: int
    before: int
    after: int


class Store:
    """One file, written by threads and processes at once. A fork leaves it alone: each process opens it for itself.

    What cannot be done raises `StoreError`. The file is opened when there is something to write, and
    looked for anew when it is gone or another one. A broken one is renamed and a new one begun; `warn` is told.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        max_age: float | None = None,
        max_size: float | None = None,
        patience: float = _PATIENCE,
        warn: Callable[[str], None] = lambda text: None,
        faults: Faults | None = None,
        clock: Callable[[], int] = time.time_ns,
    ) -> None:
        """`max_age` in seconds, `max_size` in bytes, None for any; `clock` in nanoseconds since the epoch."""
        self.path = Path(path).expanduser().absolute()
        self._max_age = max_age
        self._max_size = max_size
        self._patience = patience
        self._warn = warn
        self._faults = faults or Faults()
        self._clock = clock
        self._reset()
        _stores.add(self)

    def _reset(self) -> None:
        self._lock = threading.RLock()
        self._writing = False
        self._waiting: list[Callable[[sqlite3.Connection], Any]] = []
        self._db: sqlite3.Connection | None = None
        self._file: Identity | None = None
        self._waited_in_vain = False
        self._tidy_at = 0.0
        self._id = uuid.uuid4().hex
        self._forking = threading.local()  # several threads may fork at once

    def add_spans(self, spans: Iterable[SpanRecord]) -> None:
        """Keep spans; one that is there already is kept once."""
        make = Rows()
        rows = [row for span in spans for row in self._made(lambda span=span: make.span(span))]
        if rows:
            self._do(lambda db: self._seen(db, spans=insert(db, ADD_SPAN, rows)))

    def add_logs(self, logs: Iterable[LogRecord]) -> None:
        """Keep log records; a batch that was sent before is kept once."""
        make = Rows()
        rows = [row for log in logs for row in self._made(lambda log=log: make.log(log))]
        if rows:
            self._do(lambda db: self._seen(db, logs=insert(db, ADD_LOG, rows)))

    def add_points(self, points: Iterable[PointRecord]) -> None:
        """Keep measurements; one that is there already is kept once."""
        make = Rows()
        found = [(point, row) for point in points for row in self._made(lambda point=point: make.series(point.series))]
        if found:
            self._do(lambda db: self._seen(db, points=_add_points(db, found)))

    def prune(
        self, *, older_than: float | None = None, larger_than: float | None = None, service: str | None = None
    ) -> Dropped:
        """Drop what is older than so many seconds, and the oldest until the rest fits into so many bytes.

        With `service`, all that it has sent goes.
        """
        with self._held() as db:
            pruning = retention.Retention(db, self._patience)
            before, rows = retention.used(db), 0
            if service is not None:
                rows += pruning.drop_service(service)
            if older_than is not None:
                rows += pruning.drop_older(self._clock() - int(older_than * 1e9))
            if larger_than is not None:
                rows += pruning.drop_larger(larger_than)
            pruning.tidy_index()
            pruning.give_back()
            db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
            return Dropped(rows, before, retention.used(db))

    def migrate(self) -> None:
        """Bring the file to today's schema; nothing else is done to it."""
        with self._held():
            pass
        self.close()

    def close(self) -> None:
        """Let go of the file. Whatever is added afterwards opens it again."""
        with self._lock:
            db, self._db = self._db, None
            if db is not None:
                db.close()

    def _before_fork(self) -> None:
        """No connection may cross a fork (https://www.sqlite.org/howtocorrupt.html), and no lock that is held."""
        self._forking.held = self._lock.acquire(timeout=_PATIENCE_OF_FORKS)
        if self._forking.held and not self._writing:
            self.close()

    def _after_fork_in_parent(self) -> None:
        if self._forking.held:
            self._lock.release()

    def _after_fork_in_child(self) -> None:
        if self._db is not None:
            _of_parents.append(self._db)
        self._reset()

    def _made(self, make: Callable[[], Row]) -> Iterator[Row]:
        """One record that is not what it should be does not cost the others."""
        try:
            yield make()
        except Exception as fault:
            self._faults.report("a record for the store", fault)

    def _do(self, write: Callable[[sqlite3.Connection], Any]) -> None:
        with self._lock:
            self._waiting.append(write)
            if self._writing:  # the garbage collector has ended a span, and so called us, while this thread writes
                return
            self._writing = True
            try:
                while self._waiting:
                    self._write(self._waiting.pop(0))
            finally:
                self._writing = False
                self._waiting.clear()

    def _write(self, write: Callable[[sqlite3.Connection], Any]) -> None:
        try:
            self._write_once(write)
        except Corrupt:  # it has been set aside
            self._write_once(write)

    def _write_once(self, write: Callable[[sqlite3.Connection], Any]) -> None:
        with self._held() as db:
            begin(db, self._patience_left())
            began = time.monotonic()
            write(db)
            db.execute("COMMIT")
            self._waited_in_vain = False
            self._tidy(db, time.monotonic() - began)

    @contextmanager
    def _held(self) -> Generator[sqlite3.Connection]:
        """The connection, for one piece of work. After any fault the file is looked at anew."""
        with self._lock:
            try:
                yield self._connected()
            except BaseException as fault:
                self.close()
                if not isinstance(fault, (StoreError, OSError, sqlite3.Error)):
                    raise
                error = fault if isinstance(fault, StoreError) else explained(fault, self.path)
                if isinstance(error, Corrupt):
                    self._set_aside(error)
                self._waited_in_vain = True
                raise error from fault

    def _connected(self) -> sqlite3.Connection:
        if self._db is not None and identity(self.path) != self._file:
            self.close()  # somebody has removed it
        if self._db is None:
            self._file = identity(self.path)  # before, too: of a broken one
            self._db = opened(self.path, self._patience_left())
            self._file = identity(self.path)
        return self._db

    def _set_aside(self, broken: StoreError) -> None:
        aside = set_aside(self.path, self._file, self._clock() / 1e9)
        if aside is not None:
            self._warn(f"{broken}; it is now {aside}, and a new one is begun")

    def _patience_left(self) -> float:
        return min(_IMPATIENCE, self._patience) if self._waited_in_vain else self._patience

    def _seen(self, db: sqlite3.Connection, **new: int) -> None:
        program = os.path.basename(sys.argv[0]) if getattr(sys, "argv", None) else None
        counts = {"spans": 0, "logs": 0, "points": 0} | new
        db.execute(_SEEN, {"id": self._id, "pid": os.getpid(), "program": program, "now": self._clock(), **counts})

    def _tidy(self, db: sqlite3.Connection, took: float) -> None:
        """What becomes too much with every batch, what becomes too old now and then; others are not kept waiting.

        `took` are the seconds that the batch itself needed.
        """
        now = time.monotonic()
        pruning = retention.Retention(db, 0.0, now + _room(took))
        try:
            if self._max_size is not None:
                pruning.drop_larger(self._max_size)
            if self._max_age is not None and now >= self._tidy_at:
                dropped = pruning.drop_older(self._clock() - int(self._max_age * 1e9))
                if dropped:
                    pruning.tidy_index()
                self._tidy_at = now if dropped else now + _TIDY_EVERY
            pruning.give_back(_SPARE)
        except sqlite3.OperationalError:  # another process is at it; there will be another batch
            self._tidy_at = now + _TIDY_EVERY


def _room(took: float) -> float:
    """Seconds for tidying up: to drop a row takes about as long as to write one, so there is never more and more."""
    return max(_TIDY_FOR, 2 * took)


def _add_points(db: sqlite3.Connection, found: Sequence[tuple[PointRecord, Row]]) -> int:
    insert(db, ADD_SERIES, [row for _, row in found])
    numbers = {row[0]: db.execute(FIND_SERIES, (row[0],)).fetchone()[0] for _, row in found}
    return insert(db, ADD_POINT, [Rows.point(point, numbers[row[0]]) for point, row in found])


_stores: WeakSet[Store] = WeakSet()
_of_parents: Final[list[sqlite3.Connection]] = []
"""Connections that have crossed a fork after all, in the middle of a batch. Never closed: they are the parent's."""


def _before_fork() -> None:
    for store in list(_stores):
        store._before_fork()  # pyright: ignore[reportPrivateUsage]


def _after_fork_in_parent() -> None:
    for store in list(_stores):
        store._after_fork_in_parent()  # pyright: ignore[reportPrivateUsage]


def _after_fork_in_child() -> None:
    for store in list(_stores):
        store._after_fork_in_child()  # pyright: ignore[reportPrivateUsage]


if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_before_fork, after_in_parent=_after_fork_in_parent, after_in_child=_after_fork_in_child)
