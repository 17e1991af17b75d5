"""Sums over calls, and percentiles, of what was recorded of each."""

from __future__ import annotations

import json
import sqlite3
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from genscope.local.store.columns import JUDGING
from genscope.local.store.filters import FAILED, Filters, Rare, condition
from genscope.local.store.results import Key, Percentiles, Repeated, Scores, Total

HOUR: Final = 3600 * 10**9
PIECES: Final = {"hour": HOUR, "day": 24 * HOUR}
"""Nanoseconds; they begin where those of UTC do."""

_BY: Final = {
    **{
        name: f'spans."{name}"'
        for name in ("service", "model", "provider", "operation", "user", "conversation", "error_kind")
    },
    **{name: f"spans.start_ns / {length} * {length}" for name, length in PIECES.items()},
    "workflow": "coalesce(spans.workflow, flows.workflow)",
}
KEYS: Final = tuple(_BY)
"""What calls can be added up by."""

# The workflow of a call is that of its trace; of several the one that began first.
FLOWS: Final = (
    " LEFT JOIN (SELECT trace_id, workflow, min(start_ns) FROM spans WHERE workflow IS NOT NULL GROUP BY trace_id)"
    " AS flows USING (trace_id)"
)
_SUMS: Final = (
    *("input_tokens", "output_tokens", "cache_read_tokens", "cache_write_tokens", "reasoning_tokens", "retries"),
)


@dataclass(slots=True)
class _Sum:
    """What comes together for one key."""

    calls: int = 0
    errors: int = 0
    kinds: Counter[str] = field(default_factory=Counter[str])
    sums: list[int] = field(default_factory=lambda: [0] * len(_SUMS))
    cost: Counter[str] = field(default_factory=Counter[str])
    unpriced: int = 0
    durations: list[int] = field(default_factory=list[int])
    ttfts: list[int] = field(default_factory=list[int])

    def add(self, row: Sequence[Any]) -> None:
        currency, calls, errors, cost, unpriced, durations, ttfts, *sums = row
        self.calls += calls
        self.errors += errors
        if cost is not None:
            self.cost[currency or ""] += cost
        self.unpriced += unpriced
        self.sums = [one + (other or 0) for one, other in zip(self.sums, sums, strict=True)]
        self.durations += _numbers(durations)
        self.ttfts += _numbers(ttfts)

    def total(self, key: Key) -> Total:
        return Total(
            key=key,
            calls=self.calls,
            errors=self.errors,
            errors_by_kind=dict(self.kinds.most_common()),
            cost=dict(self.cost),
            unpriced=self.unpriced,
            duration_ns=percentiles(self.durations),
            ttft_ns=percentiles(self.ttfts),
            **dict(zip(_SUMS, self.sums, strict=True)),
        )


def totals(db: sqlite3.Connection, by: str | None, filters: Filters, *, rare: Rare) -> list[Total]:
    """By one of `KEYS`, hours and days in their order, else the largest first; None for everything in one.

    Raises `ValueError` for another key.
    """
    if by is not None and by not in _BY:
        raise ValueError(f"{by!r} is nothing to add up by; accepted: {', '.join(KEYS)}")
    key = "NULL" if by is None else _BY[by]
    where, values = condition(filters, rare)
    tables = f"spans{FLOWS if by == 'workflow' else ''}"
    found: dict[Key, _Sum] = {}
    sums = ", ".join(f"sum(spans.{name})" for name in _SUMS)
    # All durations of a group as one text: to hand over a hundred thousand rows takes longer than to read it.
    sql = (
        f"SELECT {key} AS key, currency, count(*), sum{FAILED}, sum(cost), sum(cost IS NULL AND NOT {FAILED}),"
        f" group_concat(duration_ns), group_concat(ttft_ns), {sums}"
        f" FROM {tables} WHERE spans.is_call = 1 AND {where} GROUP BY 1, 2"
    )
    for value, *row in db.execute(sql, values):
        found.setdefault(value, _Sum()).add(row)
    kinds = (
        f"SELECT {key}, coalesce(error_kind, 'unknown'), count(*) FROM {tables}"
        f" WHERE spans.is_call = 1 AND {FAILED} AND {where} GROUP BY 1, 2"
    )
    if any(one.errors for one in found.values()):
        for value, kind, count in db.execute(kinds, values):
            if value in found:
                found[value].kinds[kind] += count
    made = [one.total(value) for value, one in found.items()]
    if by in PIECES:
        return sorted(made, key=lambda one: one.key if isinstance(one.key, int) else 0)
    return sorted(made, key=lambda one: (-sum(one.cost.values()), -one.calls, str(one.key)))


def repeated(db: sqlite3.Connection, filters: Filters, limit: int, *, rare: Rare) -> list[Repeated]:
    """Prompts that were sent more than once, those first that cost most after the first time."""
    where, values = condition(filters, rare)
    which = f"content_hash IS NOT NULL AND is_call = 1 AND purpose IS NOT '{JUDGING}' AND {where}"
    # With one min() SQLite takes the bare columns from the same row, https://www.sqlite.org/quirks.html#aggregate
    worst = (
        f"SELECT content_hash, count(*), sum(cost) - cost, min(start_ns) FROM spans WHERE {which}"
        " GROUP BY content_hash HAVING count(*) > 1 ORDER BY 3 DESC, 2 DESC LIMIT ?"
    )
    each = (
        "SELECT model, cost, currency, input_tokens, output_tokens, start_ns, trace_id, span_id"
        f" FROM spans WHERE content_hash = ? AND {which} ORDER BY start_ns"
    )
    found = db.execute(worst, [*values, limit]).fetchall()
    return [_repeated(row[0], db.execute(each, [row[0], *values]).fetchall()) for row in found]


def _repeated(content_hash: str, calls: Sequence[Any]) -> Repeated:
    cost, avoidable = Counter[str](), Counter[str]()
    for place, (_, amount, currency, *_) in enumerate(calls):
        if amount is not None:
            cost[currency or ""] += amount
            avoidable[currency or ""] += amount if place else 0
    return Repeated(
        content_hash=content_hash,
        calls=len(calls),
        models=sorted({call[0] for call in calls if call[0]}),
        cost=dict(cost),
        avoidable=dict(avoidable),
        input_tokens=sum(call[3] or 0 for call in calls),
        output_tokens=sum(call[4] or 0 for call in calls),
        first_ns=calls[0][5],
        last_ns=calls[-1][5],
        trace_id=calls[0][6],
        span_id=calls[0][7],
    )


def scores(
    db: sqlite3.Connection, by: str | None, since_ns: int | None, until_ns: int | None, service: str | None
) -> list[Scores]:
    """By judge, and by `hour` or `day`; None for all of the time in one. Raises `ValueError` for another."""
    if by is not None and by not in PIECES:
        raise ValueError(f"{by!r} is no piece of time; accepted: {', '.join(PIECES)}")
    piece = "NULL" if by is None else f"time_ns / {PIECES[by]} * {PIECES[by]}"
    sql = (
        f"SELECT evaluation, {piece}, label, count(*), count(score), sum(score), min(score), max(score) FROM logs"
        " WHERE evaluation IS NOT NULL AND time_ns >= ? AND time_ns < ? AND (? IS NULL OR service = ?)"
        " GROUP BY 1, 2, 3 ORDER BY 1, 2"
    )
    parts: dict[tuple[str, int | None], list[Any]] = {}
    limits = (0 if since_ns is None else since_ns, 2**63 - 1 if until_ns is None else until_ns)
    for row in db.execute(sql, (*limits, service, service)):
        parts.setdefault((row[0], row[1]), []).append(row)
    return [_scores(name, start, rows) for (name, start), rows in parts.items()]


def _scores(name: str, start: int | None, rows: Sequence[Any]) -> Scores:
    scored = sum(row[4] for row in rows)
    return Scores(
        evaluation=name,
        start_ns=start,
        verdicts=sum(row[3] for row in rows),
        scored=scored,
        mean=sum(row[5] or 0.0 for row in rows) / scored if scored else None,
        lowest=min((row[6] for row in rows if row[6] is not None), default=None),
        highest=max((row[7] for row in rows if row[7] is not None), default=None),
        labels={row[2]: row[3] for row in rows if row[2] is not None},
    )


def percentiles(values: Iterable[float]) -> Percentiles | None:
    """The values below or at which so many percent of them are (nearest rank); None of nothing."""
    ordered = sorted(values)
    if not ordered:
        return None
    return Percentiles(*(float(ordered[-(-len(ordered) * percent // 100) - 1]) for percent in (50, 95, 99)))


def _numbers(text: str | None) -> list[int]:
    return json.loads(f"[{text}]") if text else []  # the fastest way to read very many
