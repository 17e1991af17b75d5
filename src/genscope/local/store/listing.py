"""Spans and traces, page by page and one by one."""

from __future__ import annotations

import json
import sqlite3
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields
from typing import Any, Final, TypeVar

from genscope.local.store.filters import FAILED, Filters, Rare, condition
from genscope.local.store.results import Evaluation, Log, Page, Span, Trace, TraceSummary, WholeSpan

_SPAN: Final = tuple(field.name for field in fields(Span))
_LISTS: Final = ("finish_reasons", "defects")
_WHOLE: Final = (*_SPAN, "scope", "scope_version", "resource", "attributes", "content", "events", "links")
_LOG: Final = tuple(field.name for field in fields(Log))
_EVALUATION: Final = tuple(field.name for field in fields(Evaluation))
_BEGINNING: Final = (2**63 - 1, 2**63 - 1)
_SPANS_OF_PAGE: Final = 200_000
"""Spans that are gone through for one page of traces."""

Item = TypeVar("Item")


def _columns(names: Sequence[str]) -> str:
    return ", ".join(f'"{name}"' for name in names)


def spans(
    db: sqlite3.Connection, filters: Filters, limit: int, after: str | None, *, calls: bool, rare: Rare
) -> Page[Span]:
    """Of calls, or of all spans."""
    limit = max(limit, 1)
    where, values = condition(filters, rare)
    of_calls = "is_call = 1 AND " if calls else ""
    sql = (
        f"SELECT id, {_columns(_SPAN)} FROM spans WHERE {of_calls}{where} AND (start_ns, id) < (?, ?)"
        " ORDER BY start_ns DESC, id DESC LIMIT ?"
    )
    rows = db.execute(sql, [*values, *_place(after), limit + 1]).fetchall()
    return Page([_span(row[1:]) for row in rows[:limit]], _next(rows, limit, _SPAN.index("start_ns") + 1))


def traces(
    db: sqlite3.Connection, filters: Filters, limit: int, after: str | None, *, rare: Rare
) -> Page[TraceSummary]:
    """Traces with a span that is looked for, in the order of the newest such span."""
    limit = max(limit, 1)
    where, values = condition(filters, rare)
    place = _place(after)
    # A trace that was on a page before has such a span there, too.
    seen = f"SELECT 1 FROM spans AS s WHERE s.trace_id = ? AND (s.start_ns, s.id) >= (?, ?) AND {_of(where)} LIMIT 1"
    sql = (
        f"SELECT start_ns, id, trace_id FROM spans WHERE {where} AND (start_ns, id) < (?, ?)"
        " ORDER BY start_ns DESC, id DESC LIMIT ?"
    )
    found: dict[str, tuple[int, int]] = {}
    known: set[str] = set()
    for start, id, trace in db.execute(sql, [*values, *place, _SPANS_OF_PAGE]):
        if trace in found or trace in known:
            continue
        if after is not None and db.execute(seen, [trace, *place, *values]).fetchone():
            known.add(trace)
            continue
        if len(found) == limit:
            last = next(reversed(found.values()))
            return Page([_summary(db, one) for one in found], f"{last[0]}.{last[1]}")
        found[trace] = start, id
    return Page([_summary(db, one) for one in found], None)


def trace(db: sqlite3.Connection, trace_id: str) -> Trace | None:
    """All of a trace; None if there is nothing."""
    whole = f"SELECT {_columns(_WHOLE)} FROM spans WHERE trace_id = ? ORDER BY start_ns, id"
    logs = f"SELECT {_columns(_LOG)} FROM logs WHERE trace_id = ? ORDER BY time_ns, id"
    found = Trace(
        trace_id,
        [_whole(row) for row in db.execute(whole, (trace_id,))],
        [_log(row) for row in db.execute(logs, (trace_id,))],
    )
    return found if found.spans or found.logs else None


def spans_of(db: sqlite3.Connection, trace_id: str, limit: int) -> list[Span]:
    """Of a trace, those that began first."""
    sql = f"SELECT {_columns(_SPAN)} FROM spans WHERE trace_id = ? ORDER BY start_ns, id LIMIT ?"
    return [_span(row) for row in db.execute(sql, (trace_id, limit))]


def conversation(db: sqlite3.Connection, conversation: str, limit: int) -> list[WholeSpan]:
    """The last calls of a conversation, in whichever traces, oldest first."""
    sql = (
        f"SELECT * FROM (SELECT {_columns(_WHOLE)} FROM spans WHERE conversation = ? AND is_call = 1"
        " ORDER BY start_ns DESC LIMIT ?) ORDER BY start_ns"
    )
    return [_whole(row) for row in db.execute(sql, (conversation, limit))]


def logs(db: sqlite3.Connection, trace_id: str, span_id: str | None, limit: int) -> list[Log]:
    """Of a trace, or of one span of it, the first of them."""
    sql = (
        f"SELECT {_columns(_LOG)} FROM logs WHERE trace_id = ? AND (? IS NULL OR span_id = ?)"
        " ORDER BY time_ns, id LIMIT ?"
    )
    return [_log(row) for row in db.execute(sql, (trace_id, span_id, span_id, limit))]


def evaluations(db: sqlite3.Connection, trace_id: str, span_id: str | None) -> list[Evaluation]:
    """Verdicts on a trace, or on one span of it, oldest first."""
    sql = (
        f"SELECT {_columns(_EVALUATION)} FROM logs WHERE trace_id = ? AND (? IS NULL OR span_id = ?)"
        " AND evaluation IS NOT NULL ORDER BY time_ns, id"
    )
    return [Evaluation(*row) for row in db.execute(sql, (trace_id, span_id, span_id))]


def names(db: sqlite3.Connection, column: str) -> list[str]:
    """The values of an indexed column, one jump in the index for each."""
    sql = (
        f'WITH RECURSIVE found(value) AS (SELECT min("{column}") FROM spans WHERE "{column}" IS NOT NULL UNION ALL'
        f' SELECT (SELECT min("{column}") FROM spans WHERE "{column}" > value) FROM found WHERE value IS NOT NULL)'
        " SELECT value FROM found WHERE value IS NOT NULL"
    )
    return [value for (value,) in db.execute(sql)]


def _summary(db: sqlite3.Connection, trace_id: str) -> TraceSummary:
    sql = (
        'SELECT parent_id, name, service, start_ns, duration_ns, is_call, operation, model, "user", conversation,'
        f" input_tokens, output_tokens, cost, currency, {FAILED} FROM spans WHERE trace_id = ? ORDER BY start_ns, id"
    )
    rows: list[Any] = db.execute(sql, (trace_id,)).fetchall()
    calls = [row for row in rows if row[5]]
    root = next((row for row in rows if row[0] is None), None)
    first = root or rows[0]
    cost: Counter[str] = Counter()
    for call in calls:
        if call[12] is not None:
            cost[call[13] or ""] += call[12]
    start = rows[0][3]
    return TraceSummary(
        trace_id=trace_id,
        name=first[1],
        service=first[2],
        start_ns=start,
        duration_ns=max(row[3] + row[4] for row in rows) - start,
        spans=len(rows),
        calls=len(calls),
        errors=sum(row[14] for row in rows),
        input_tokens=_total(calls, 10),
        output_tokens=_total(calls, 11),
        cost=dict(cost),
        models=sorted({call[7] for call in calls if call[7]}),
        user=_first(rows, 8),
        conversation=_first(rows, 9),
        ended=root is not None,
    )


def _total(rows: Sequence[Any], column: int) -> int | None:
    said = [row[column] for row in rows if row[column] is not None]
    return sum(said) if said else None


def _first(rows: Sequence[Any], column: int) -> str | None:
    return next((row[column] for row in rows if row[column] is not None), None)


def _span(row: Sequence[Any]) -> Span:
    values = dict(zip(_SPAN, row, strict=True))
    return Span(**values | {name: json_of(values[name], []) for name in _LISTS})


def _whole(row: Sequence[Any]) -> WholeSpan:
    scope, version, resource, attributes, content, events, links = row[len(_SPAN) :]
    return WholeSpan(
        span=_span(row[: len(_SPAN)]),
        scope=scope,
        scope_version=version,
        resource=json_of(resource, {}),
        attributes=json_of(attributes, {}),
        content=json_of(content, {}),
        events=json_of(events, []),
        links=json_of(links, []),
    )


def _log(row: Sequence[Any]) -> Log:
    values: Mapping[str, Any] = dict(zip(_LOG, row, strict=True))
    return Log(**{**values, **{name: json_of(values[name], {}) for name in ("resource", "attributes", "content")}})


def json_of(text: str | None, otherwise: Any) -> Any:
    """What a text of ours stands for."""
    try:
        return otherwise if text is None else json.loads(text)
    except ValueError:  # somebody has had a hand in it
        return otherwise


def _place(after: str | None) -> tuple[int, int]:
    """Raises `ValueError` for what no page has said."""
    if after is None:
        return _BEGINNING
    start, _, id = after.partition(".")
    try:
        return int(start), int(id)
    except ValueError:
        raise ValueError(f"{after!r} is no place to go on from: it is what a page says is next") from None


def _next(rows: Sequence[Any], limit: int, start: int) -> str | None:
    return f"{rows[limit - 1][start]}.{rows[limit - 1][0]}" if len(rows) > limit else None


def _of(where: str) -> str:
    return where.replace("spans.", "s.")


def lines(db: sqlite3.Connection, filters: Filters, *, rare: Rare) -> Iterator[WholeSpan]:
    """All that is looked for, oldest first."""
    where, values = condition(filters, rare)
    for row in db.execute(f"SELECT {_columns(_WHOLE)} FROM spans WHERE {where} ORDER BY start_ns, id", values):
        yield _whole(row)
