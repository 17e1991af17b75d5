"""The store, for reading."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any, Final

from genscope.local.store import charting, following, listing, measuring, totals
from genscope.local.store.columns import VERSION
from genscope.local.store.filters import Filters, found_rarely
from genscope.local.store.migrating import is_ours, refuse_newer, version
from genscope.local.store.results import (
    Evaluation,
    Info,
    Log,
    Measured,
    Page,
    Process,
    Repeated,
    Scores,
    Span,
    Total,
    Trace,
    TraceSummary,
    WholeSpan,
)
from genscope.local.store.troubles import StoreError, explained
from genscope.local.store.writing import Store

_PATIENCE: Final = 2.0
_PAGE: Final = 50
_EVERYTHING: Final = Filters()
_INDEXED: Final = ("service", "model", "provider", "operation", "user", "conversation", "error_kind")


def _never(query: str) -> bool:
    return False


class Reader:
    """Reads one file, which others may write meanwhile; each question sees what is there when it is asked.

    For one thread; to open one takes less than a millisecond. Whatever goes wrong is a `StoreError` that says what.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        """A file that is not there, or was made by a newer genscope, is a `StoreError`; an older one is updated."""
        self.path = Path(path).expanduser().absolute()
        if not self.path.exists():
            raise StoreError(f"{self.path} is not there: nothing has been recorded yet. Try: genscope run app.py")
        try:
            self._db = self._opened()
            found = version(self._db)
            if not is_ours(self._db):
                raise StoreError(f"{self.path} is a database of another program")
            refuse_newer(found, self.path)
            if found < VERSION:
                self._db.close()
                Store(self.path).migrate()
                self._db = self._opened()
            sql = "SELECT 1 FROM sqlite_master WHERE name = 'spans_text'"
            indexed = self._db.execute(sql).fetchone() is not None
            self._rare = partial(found_rarely, self._db) if indexed else _never
        except (OSError, sqlite3.Error) as fault:
            raise explained(fault, self.path) from fault

    def __enter__(self) -> Reader:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        self._db.close()

    def traces(
        self, filters: Filters = _EVERYTHING, *, limit: int = _PAGE, after: str | None = None
    ) -> Page[TraceSummary]:
        """Traces in which there is a span that is looked for; `after` is the `next` of the page before."""
        return self._ask(listing.traces, filters, limit, after, rare=self._rare)

    def calls(self, filters: Filters = _EVERYTHING, *, limit: int = _PAGE, after: str | None = None) -> Page[Span]:
        """Inference and embeddings."""
        return self._ask(listing.spans, filters, limit, after, calls=True, rare=self._rare)

    def spans(self, filters: Filters = _EVERYTHING, *, limit: int = _PAGE, after: str | None = None) -> Page[Span]:
        """Of any kind."""
        return self._ask(listing.spans, filters, limit, after, calls=False, rare=self._rare)

    def all_spans(self, filters: Filters = _EVERYTHING) -> Iterator[WholeSpan]:
        """With all that is known of them, oldest first."""
        return self._ask(listing.lines, filters, rare=self._rare)

    def trace(self, trace_id: str) -> Trace | None:
        """One trace whole; None if there is none."""
        return self._ask(listing.trace, trace_id)

    def conversation(self, conversation: str, *, limit: int = 1000) -> list[WholeSpan]:
        """The last calls of a conversation over all its traces, in the order in which they began."""
        return self._ask(listing.conversation, conversation, limit)

    def totals(self, by: str | None = None, filters: Filters = _EVERYTHING) -> list[Total]:
        """Calls added up by one of `totals.KEYS`; `ValueError` for another."""
        return self._ask(totals.totals, by, filters, rare=self._rare)

    def repeated(self, filters: Filters = _EVERYTHING, *, limit: int = _PAGE) -> list[Repeated]:
        """Prompts that were sent more than once; they are known by their hash (GENSCOPE_CONTENT_HASH)."""
        return self._ask(totals.repeated, filters, limit, rare=self._rare)

    def scores(
        self,
        by: str | None = None,
        *,
        since_ns: int | None = None,
        until_ns: int | None = None,
        service: str | None = None,
    ) -> list[Scores]:
        """Verdicts by judge, over `hour` or `day`."""
        return self._ask(totals.scores, by, since_ns, until_ns, service)

    def evaluations(self, trace_id: str, span_id: str | None = None) -> list[Evaluation]:
        """Verdicts on a trace, or on one span of it."""
        return self._ask(listing.evaluations, trace_id, span_id)

    def metric_names(self) -> list[str]:
        return self._ask(measuring.metric_names)

    def metric(
        self, name: str, by: str | None = None, *, since_ns: int | None = None, until_ns: int | None = None
    ) -> list[Measured]:
        """A metric over a piece of time, by the value of an attribute."""
        return self._ask(measuring.measured, name, by, since_ns, until_ns)

    def spans_of(self, trace_id: str, *, limit: int = 1000) -> list[Span]:
        """The spans of a trace that began first, in that order."""
        return self._ask(listing.spans_of, trace_id, limit)

    def logs(self, trace_id: str, span_id: str | None = None, *, limit: int = 1000) -> list[Log]:
        """Of a trace, or of one span of it, oldest first."""
        return self._ask(listing.logs, trace_id, span_id, limit)

    def chart(
        self, by: str | None = None, filters: Filters = _EVERYTHING, *, step: int | None = None
    ) -> charting.Chart:
        """Calls over time, by one of `charting.KEYS`; `step` in seconds, None for one that gives a good picture."""
        return self._ask(charting.chart, by, step, filters, rare=self._rare)

    def values(self, of: str, filters: Filters = _EVERYTHING) -> list[charting.Value]:
        """What there is of one of `charting.KEYS`, and in how many calls."""
        return self._ask(charting.values, of, filters, rare=self._rare)

    def position(self) -> str:
        """Where the file ends now: `news` tells what comes later."""
        return self._ask(following.position)

    def news(self, since: str) -> following.News:
        """What was added after a position; `ValueError` for what is none."""
        return self._ask(following.news, since)

    def names(self, column: str) -> list[str]:
        """What there is of services, models, providers, operations, users, conversations or kinds of errors."""
        if column not in _INDEXED:
            raise ValueError(f"{column!r} is not kept in order; accepted: {', '.join(_INDEXED)}")
        return self._ask(listing.names, column)

    def info(self) -> Info:
        """How much there is, since when, and who has written it."""
        return self._ask(self._info)

    def _info(self, db: sqlite3.Connection) -> Info:
        def one(sql: str) -> Any:
            return db.execute(sql).fetchone()[0]

        files = [self.path, *(self.path.with_name(self.path.name + suffix) for suffix in ("-wal",))]
        columns = "pid, program, began_ns, seen_ns, spans, logs, points"
        rows: Mapping[str, int] = {
            table: one(f"SELECT count(*) FROM {table}") for table in ("spans", "logs", "metric_points")
        }
        return Info(
            path=str(self.path),
            schema=version(db),
            bytes=sum(file.stat().st_size for file in files if file.exists()),
            rows=rows,
            oldest_ns=one("SELECT min(start_ns) FROM spans"),
            newest_ns=one("SELECT max(start_ns) FROM spans"),
            services=dict(
                db.execute("SELECT service, count(*) FROM spans WHERE service IS NOT NULL GROUP BY 1 ORDER BY 2 DESC")
            ),
            processes=[
                Process(*row) for row in db.execute(f"SELECT {columns} FROM processes ORDER BY seen_ns DESC LIMIT 100")
            ],
        )

    def _ask(self, question: Any, *arguments: Any, **options: Any) -> Any:
        try:
            return question(self._db, *arguments, **options)
        except sqlite3.Error as fault:
            raise explained(fault, self.path) from fault

    def _opened(self) -> sqlite3.Connection:
        """Where the directory cannot be written to, WAL cannot be read; a file that has none can, as it is."""
        uri = f"{self.path.as_uri()}?mode=ro"
        db = sqlite3.connect(uri, uri=True, timeout=_PATIENCE, check_same_thread=False)
        try:
            db.execute("SELECT 1 FROM sqlite_master LIMIT 1").fetchone()
        except sqlite3.OperationalError:
            db.close()
            if self.path.with_name(f"{self.path.name}-wal").exists():
                raise
            db = sqlite3.connect(f"{uri}&immutable=1", uri=True)
        return db
