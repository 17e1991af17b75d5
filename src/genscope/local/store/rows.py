"""Records as rows of the tables."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from hashlib import blake2b
from typing import Any, Final

from genscope.local.store.columns import LOG_COLUMNS, SERVICE, SPAN_COLUMNS, said, text, unsaid
from genscope.local.store.json_text import as_json, clean
from genscope.local.store.records import Attributes, LogRecord, PointRecord, Series, SpanRecord

Row = Sequence[Any]

_SPAN: Final = (
    *("trace_id", "span_id", "parent_id", "service", "name", "kind", "start_ns", "duration_ns", "status"),
    "status_message",
    *(column.name for column in SPAN_COLUMNS),
    *("scope", "scope_version", "events", "links", "resource", "attributes", "content"),
)
_LOG: Final = (
    *("digest", "time_ns", "trace_id", "span_id", "service", "severity_number", "severity", "event"),
    *(column.name for column in LOG_COLUMNS),
    *("scope", "scope_version", "body", "resource", "attributes", "content"),
)
_SERIES: Final = (
    *("digest", "name", "unit", "description", "kind", "temporality", "monotonic", "service"),
    *("scope", "scope_version", "resource", "attributes"),
)
_POINT: Final = ("series", "time_ns", "start_ns", "value", "count", "sum", "min", "max", "buckets")


def _insert(table: str, columns: Sequence[str]) -> str:
    names = ", ".join(f'"{name}"' for name in columns)
    return f"INSERT INTO {table} ({names}) VALUES ({', '.join('?' * len(columns))})"


_RENEWED: Final = ", ".join(f'"{name}" = excluded."{name}"' for name in _SPAN if name not in ("trace_id", "span_id"))

# A span that is sent twice is kept once; of two that differ the one that ended later: some send a span when it starts.
ADD_SPAN: Final = (
    f"{_insert('spans', _SPAN)} ON CONFLICT (trace_id, span_id) DO UPDATE SET {_RENEWED}"
    " WHERE excluded.start_ns + excluded.duration_ns > start_ns + duration_ns"
)
ADD_LOG: Final = f"{_insert('logs', _LOG)} ON CONFLICT (digest) DO NOTHING"
ADD_SERIES: Final = f"{_insert('metric_series', _SERIES)} ON CONFLICT (digest) DO NOTHING"
ADD_POINT: Final = f"{_insert('metric_points', _POINT)} ON CONFLICT (series, time_ns, start_ns) DO NOTHING"
FIND_SERIES: Final = "SELECT id FROM metric_series WHERE digest = ?"


class Rows:
    """Makes the rows of one batch; what it has in common, resources above all, is written out once."""

    def __init__(self) -> None:
        self._texts: dict[int, tuple[Attributes, str | None]] = {}
        self._alike: dict[bytes, int] = {}

    def span(self, span: SpanRecord) -> Row:
        attributes = span.attributes
        return (
            *(span.trace_id, span.span_id, span.parent_id, _service(span.source.resource)),
            *(clean(str(span.name)), span.kind),
            *(_integer(span.start_ns), _integer(max(span.end_ns - span.start_ns, 0)), span.status),
            text(span.status_message),
            *(column.read(attributes) for column in SPAN_COLUMNS),
            *(text(span.source.scope), text(span.source.scope_version)),
            as_json([_event(name, time, about) for name, time, about in span.events]),
            as_json([{"trace_id": trace, "span_id": id, "attributes": about} for trace, id, about in span.links]),
            *(self._shared(span.source.resource), as_json(unsaid(attributes)), as_json(said(attributes))),
        )

    def log(self, log: LogRecord) -> Row:
        """With a digest of its own, so that the same batch, sent twice, is kept once."""
        attributes = log.attributes
        found = (
            *(_integer(log.time_ns), log.trace_id, log.span_id, _service(log.source.resource), log.severity_number),
            *(text(log.severity), text(log.event)),
            *(column.read(attributes) for column in LOG_COLUMNS),
            *(text(log.source.scope), text(log.source.scope_version)),
            clean(log.body) if isinstance(log.body, str) else as_json(log.body),
            *(self._shared(log.source.resource), as_json(unsaid(attributes)), as_json(said(attributes))),
        )
        digest = _digest(found)
        alike = self._alike[digest] = self._alike.get(digest, 0) + 1
        return (digest if alike == 1 else _digest((*found, alike)), *found)

    def series(self, series: Series) -> Row:
        found = (
            *(clean(series.name), text(series.unit), text(series.description), series.kind, series.temporality),
            *(series.monotonic, _service(series.source.resource)),
            *(text(series.source.scope), text(series.source.scope_version)),
            *(self._shared(series.source.resource), as_json(dict(sorted(series.attributes.items())))),
        )
        return (_digest(found), *found)

    @staticmethod
    def point(point: PointRecord, series: int) -> Row:
        return (
            *(series, _integer(point.time_ns), _integer(point.start_ns), point.value, point.count, point.sum),
            *(point.min, point.max, as_json(point.buckets)),
        )

    def _shared(self, attributes: Attributes) -> str | None:
        key = id(attributes)
        if key not in self._texts:
            self._texts[key] = attributes, as_json(attributes)  # held, so that the id is not given to another
        return self._texts[key][1]


def insert(db: sqlite3.Connection, statement: str, rows: Sequence[Row]) -> int:
    """How many rows were new, or changed. One with a value that SQLite does not take leaves the others alone."""
    try:
        return db.executemany(statement, rows).rowcount
    except (sqlite3.InterfaceError, sqlite3.ProgrammingError, OverflowError, UnicodeError):
        # Those before it went in, and are known by now: nothing is kept twice.
        return sum(db.execute(statement, [_acceptable(value) for value in row]).rowcount for row in rows)


def _acceptable(value: Any) -> Any:
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, int):
        return _integer(value)
    return value if value is None or isinstance(value, (float, bytes)) else str(value)


def _event(name: str, time_ns: int, attributes: Attributes) -> Mapping[str, Any]:
    return {"name": name, "time_ns": time_ns, "attributes": attributes}


def _service(resource: Attributes) -> str | None:
    return text(resource.get(SERVICE))


def _integer(value: int) -> int:
    return max(-(2**63), min(value, 2**63 - 1))


def _digest(values: Iterable[Any]) -> bytes:
    return blake2b(repr(tuple(values)).encode(errors="replace"), digest_size=16).digest()
