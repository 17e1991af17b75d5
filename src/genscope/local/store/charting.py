"""Calls over time, and the values by which they can be told apart."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from genscope.local.store.filters import FAILED, Filters, Rare, condition
from genscope.local.store.results import Percentiles
from genscope.local.store.totals import percentiles

KEYS: Final = ("service", "model", "provider", "operation", "user", "conversation", "error_kind")
"""What a chart can be split by, and what calls can be told apart by."""

_SECOND: Final = 10**9
_STEPS: Final = (
    *(1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10_800, 21_600, 43_200),
    *(86_400, 172_800, 604_800, 2_592_000),
)
"""Seconds that a piece of time may last; each begins where a whole number of them has passed since 1970."""
_PIECES: Final = 60
"""In a chart, at most, or some more."""
_MOST_PIECES: Final = 500
_LINES: Final = 10
_VALUES: Final = 200
_OTHERS: Final = 0
_LOOKED_UP: Final = ("text", "outcome", "tenant", "agent", "tool", "trace_id", "span_id")
"""Filters by what is not in the index `calls_summed`, or is found at once by another."""


@dataclass(frozen=True, slots=True)
class Value:
    """Of a column; `calls` that have it."""

    value: str
    calls: int


@dataclass(frozen=True, slots=True)
class Piece:
    """The calls that began in one piece of time."""

    start_ns: int
    calls: int
    errors: int
    errors_by_kind: Mapping[str, int]
    input_tokens: int
    output_tokens: int
    cost: Mapping[str, float]
    duration_ns: Percentiles | None
    ttft_ns: Percentiles | None


@dataclass(frozen=True, slots=True)
class Line:
    """`pieces` in their order, those without a call left out."""

    key: str | None
    """None for what has no such name."""
    others: bool
    """Whether it is what is left beside the largest."""
    calls: int
    pieces: Sequence[Piece]


@dataclass(frozen=True, slots=True)
class Chart:
    since_ns: int | None
    """Where the first piece begins; None of nothing."""
    until_ns: int | None
    step_ns: int
    by: str | None
    lines: Sequence[Line]
    """The largest first, the others last."""


@dataclass(slots=True)
class _Sum:
    calls: int = 0
    errors: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    kinds: Counter[str] = field(default_factory=Counter[str])
    cost: Counter[str] = field(default_factory=Counter[str])
    durations: list[int] = field(default_factory=list[int])
    ttfts: list[int] = field(default_factory=list[int])

    def add(self, row: Sequence[Any]) -> None:
        currency, calls, errors, cost, input_tokens, output_tokens, durations, ttfts = row
        self.calls += calls
        self.errors += errors
        self.input_tokens += input_tokens or 0
        self.output_tokens += output_tokens or 0
        if cost is not None:
            self.cost[currency or ""] += cost
        self.durations += _numbers(durations)
        self.ttfts += _numbers(ttfts)

    def piece(self, start_ns: int) -> Piece:
        return Piece(
            start_ns=start_ns,
            calls=self.calls,
            errors=self.errors,
            errors_by_kind=dict(self.kinds.most_common()),
            input_tokens=self.input_tokens,
            output_tokens=self.output_tokens,
            cost=dict(self.cost),
            duration_ns=percentiles(self.durations),
            ttft_ns=percentiles(self.ttfts),
        )


def values(db: sqlite3.Connection, of: str, filters: Filters, *, rare: Rare) -> list[Value]:
    """Of one of `KEYS`, in calls that are looked for, the most frequent first. Raises `ValueError` for another."""
    _require(of)
    where, found = condition(filters, rare)
    sql = (
        f'SELECT "{of}", count(*) FROM {_calls(filters)} WHERE is_call = 1 AND {where} AND "{of}" IS NOT NULL'
        f" GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT {_VALUES}"
    )
    return [Value(*row) for row in db.execute(sql, found)]


def chart(db: sqlite3.Connection, by: str | None, step: int | None, filters: Filters, *, rare: Rare) -> Chart:
    """One line, or one for each value of one of `KEYS`; `step` in seconds. Raises `ValueError` for what cannot be."""
    if by is not None:
        _require(by)
    where, found = condition(filters, rare)
    of_calls = f"FROM {_calls(filters)} WHERE is_call = 1 AND {where}"
    first, last = db.execute(f"SELECT min(start_ns), max(start_ns) {of_calls}", found).fetchone()
    if first is None:
        return Chart(None, None, (step or 1) * _SECOND, by, ())
    length = _step(last - first, step)
    kept = [one.value for one in values(db, by, filters, rare=rare)[:_LINES]] if by else []
    piece, key = f"start_ns / {length} * {length}", _key(by, kept)
    # All durations of a group as one text: to hand over a hundred thousand rows takes longer than to read it.
    sums = (
        f"SELECT {piece}, {key}, currency, count(*), sum{FAILED}, sum(cost), sum(input_tokens), sum(output_tokens),"
        f" group_concat(duration_ns), group_concat(ttft_ns) {of_calls} GROUP BY 1, 2, 3"
    )
    kinds = f"SELECT {piece}, {key}, coalesce(error_kind, 'unknown'), count(*) {of_calls} AND {FAILED} GROUP BY 1, 2, 3"
    lines: dict[str | int | None, dict[int, _Sum]] = {}
    for start, line, *row in db.execute(sums, [*kept, *found]):
        lines.setdefault(line, {}).setdefault(start, _Sum()).add(row)
    for start, line, kind, count in db.execute(kinds, [*kept, *found]):
        if line in lines and start in lines[line]:  # it may have come in between
            lines[line][start].kinds[kind] += count
    made = [_line(key, pieces) for key, pieces in lines.items()]
    made.sort(key=lambda line: (line.others, -line.calls, str(line.key)))
    return Chart(first // length * length, (last // length + 1) * length, length, by, made)


def _calls(filters: Filters) -> str:
    """To go through the index of calls, which is short, takes less than to look up in the table what another finds.

    SQLite cannot know: it has no statistics.
    """
    return "spans" if any(getattr(filters, name) for name in _LOOKED_UP) else "spans INDEXED BY calls_summed"


def _line(key: str | int | None, pieces: Mapping[int, _Sum]) -> Line:
    return Line(
        key=key if isinstance(key, str) else None,
        others=key == _OTHERS,
        calls=sum(one.calls for one in pieces.values()),
        pieces=[pieces[start].piece(start) for start in sorted(pieces)],
    )


def _key(by: str | None, kept: Sequence[str]) -> str:
    """Of a line: the value, if it is one of those that are kept; no value of a column is a number."""
    if by is None:
        return "NULL"
    among = ", ".join("?" * len(kept))
    return f'CASE WHEN "{by}" IN ({among}) THEN "{by}" WHEN "{by}" IS NOT NULL THEN {_OTHERS} END'


def _step(length_ns: int, step: int | None) -> int:
    if step is not None:
        if step < 1 or length_ns // (step * _SECOND) > _MOST_PIECES:
            raise ValueError(
                f"{step} s is no step for {length_ns // _SECOND} s; at most {_MOST_PIECES} pieces are made"
            )
        return step * _SECOND
    return next((one for one in _STEPS if length_ns <= one * _SECOND * _PIECES), _STEPS[-1]) * _SECOND


def _require(key: str) -> None:
    if key not in KEYS:
        raise ValueError(f"{key!r} is nothing to tell calls apart by; accepted: {', '.join(KEYS)}")


def _numbers(text: str | None) -> list[int]:
    return [*map(int, text.split(","))] if text else []
