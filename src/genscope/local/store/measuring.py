"""Metrics over a piece of time, whatever they were sent as."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from genscope.local.store.distribution import Distribution, less
from genscope.local.store.listing import json_of
from genscope.local.store.results import Measured

_FOREVER: Final = 2**63 - 1
_POINT: Final = "series, start_ns, time_ns, value, count, sum, min, max, buckets"
_LAST: Final = "SELECT series, start_ns, max(time_ns), value, count, sum, min, max, buckets FROM metric_points"
"""With one max() SQLite takes the bare columns from the same row (https://www.sqlite.org/quirks.html#aggregate)."""


@dataclass(frozen=True, slots=True)
class _Gain:
    """What came to a series, in the piece of time."""

    value: float | None
    count: int | None
    sum: float | None
    least: float | None
    most: float | None
    buckets: Mapping[str, Any]


def metric_names(db: sqlite3.Connection) -> list[str]:
    return [name for (name,) in db.execute("SELECT DISTINCT name FROM metric_series ORDER BY name")]


def measured(
    db: sqlite3.Connection, name: str, by: str | None, since_ns: int | None, until_ns: int | None
) -> list[Measured]:
    """By the value of an attribute, None for all in one."""
    sql = "SELECT id, kind, temporality, monotonic, unit, attributes FROM metric_series WHERE name = ?"
    groups: dict[tuple[str, str, str | None], list[_Gain]] = {}
    since, until = 0 if since_ns is None else since_ns, _FOREVER if until_ns is None else until_ns
    for series, kind, temporality, monotonic, unit, attributes in db.execute(sql, (name,)).fetchall():
        value = json_of(attributes, {}).get(by) if by is not None else None
        key = value if value is None or isinstance(value, str) else str(value)
        gains = [*_gains(db, series, _is_added(kind, monotonic), temporality, since, until)]
        if gains:
            groups.setdefault((kind, unit, key), []).extend(gains)
    return [_summed(name, kind, unit, key, gains) for (kind, unit, key), gains in groups.items()]


def _is_added(kind: str, monotonic: int | None) -> bool:
    """Whether it is what has come that counts, and not how it stands."""
    return kind != "gauge" and (kind != "sum" or bool(monotonic))


def _gains(
    db: sqlite3.Connection, series: int, added: bool, temporality: str | None, since: int, until: int
) -> Iterator[_Gain]:
    if added and temporality == "delta":
        sql = f"SELECT {_POINT} FROM metric_points WHERE series = ? AND time_ns >= ? AND time_ns < ?"
        yield from (_gain(row, None) for row in db.execute(sql, (series, since, until)))
        return
    if not added:
        sql = f"{_LAST} WHERE series = ? AND time_ns >= ? AND time_ns < ? GROUP BY series"
        yield from (_gain(row, None) for row in db.execute(sql, (series, since, until)))
        return
    # Cumulative: with another start it has begun at 0 again.
    before = {
        row[1]: row
        for row in db.execute(f"{_LAST} WHERE series = ? AND time_ns < ? GROUP BY start_ns", (series, since))
    }
    sql = f"{_LAST} WHERE series = ? AND time_ns >= ? AND time_ns < ? GROUP BY start_ns"
    yield from (_gain(row, before.get(row[1])) for row in db.execute(sql, (series, since, until)))


def _gain(row: Sequence[Any], before: Sequence[Any] | None) -> _Gain:
    _, _, _, value, count, total, least, most, text = row
    buckets: Mapping[str, Any] = json_of(text, {})
    if before is None:
        return _Gain(value, count, total, least, most, buckets)
    return _Gain(
        _minus(value, before[3]),
        _minus(count, before[4]),
        _minus(total, before[5]),
        None,  # those of all the time
        None,
        less(buckets, json_of(before[8], {})),
    )


def _minus(later: Any, earlier: Any) -> Any:
    return later if later is None or earlier is None else later - earlier


def _summed(name: str, kind: str, unit: str, key: str | None, gains: Sequence[_Gain]) -> Measured:
    distribution = Distribution()
    for gain in gains:
        distribution.add(gain.buckets, gain.least, gain.most)
    return Measured(
        name=name,
        unit=unit,
        kind=kind,
        key=key,
        value=_total([gain.value for gain in gains]),
        count=_total([gain.count for gain in gains]),
        sum=_total([gain.sum for gain in gains]),
        percentiles=distribution.percentiles(),
    )


def _total(values: Sequence[Any]) -> Any:
    said = [value for value in values if value is not None]
    return sum(said) if said else None
