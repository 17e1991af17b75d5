"""What is looked for, as SQL."""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import Any, Final

from genscope.local.store.json_text import clean


@dataclass(frozen=True, slots=True, kw_only=True)
class Filters:
    """All that is said must hold. `text` is somewhere in the name or in what was said, in upper or lower case."""

    since_ns: int | None = None
    """Of the beginning, included."""
    until_ns: int | None = None
    """Not included."""
    text: str | None = None
    failed: bool = False
    """Only what failed."""
    service: str | None = None
    model: str | None = None
    provider: str | None = None
    operation: str | None = None
    user: str | None = None
    conversation: str | None = None
    tenant: str | None = None
    error_kind: str | None = None
    outcome: str | None = None
    workflow: str | None = None
    agent: str | None = None
    tool: str | None = None
    trace_id: str | None = None
    span_id: str | None = None


FAILED: Final = "(status = 'error' OR error_kind IS NOT NULL)"

_EQUAL: Final = tuple(
    field.name for field in fields(Filters) if field.name not in ("since_ns", "until_ns", "text", "failed")
)

_TOGETHER: Final = 3
_ENOUGH: Final = 32
_FEW: Final = 2000

Condition = tuple[str, list[Any]]
"""SQL, and the values for its question marks."""

Rare = Callable[[str], bool]
"""Whether the index of texts finds so little of a query that it is worth asking; never, where there is no index."""


def condition(filters: Filters, rare: Rare) -> Condition:
    """Of rows of the table `spans`."""
    terms, values = ["1"], list[Any]()
    for name in _EQUAL:
        if (value := getattr(filters, name)) is not None:
            terms.append(f'spans."{name}" = ?')
            values.append(clean(value))
    for limit, sign in ((filters.since_ns, ">="), (filters.until_ns, "<")):
        if limit is not None:
            terms.append(f"spans.start_ns {sign} ?")
            values.append(limit)
    if filters.failed:
        terms.append(FAILED)
    if filters.text and (text := clean(filters.text).replace("\0", "")):  # where SQLite's LIKE would end
        sql, needles = _search(text, rare)
        terms.append(sql)
        values += needles
    return " AND ".join(terms), values


def found_rarely(db: sqlite3.Connection, query: str) -> bool:
    """Whether the index of texts has few rows for it."""
    sql = "SELECT count(*) FROM (SELECT 1 FROM spans_text WHERE spans_text MATCH ? LIMIT ?)"
    return db.execute(sql, (query, _FEW)).fetchone()[0] < _FEW


def _search(text: str, rare: Rare) -> Condition:
    """Texts are JSON there, so that is how they are looked for. The index knows where three characters are together.

    What is found often is soon found by looking at one row after the other, the newest first.
    """
    escaped = json.dumps(text, ensure_ascii=False)[1:-1]
    anywhere = "(spans.name LIKE ? ESCAPE '\\' OR spans.content LIKE ? ESCAPE '\\')"
    patterns = [_like(text), _like(escaped)]
    query = " OR ".join(f"({_parts(one)})" for one in dict.fromkeys((text, escaped)))
    if len(text) < _TOGETHER or not rare(query):
        return anywhere, patterns
    return f"spans.id IN (SELECT rowid FROM spans_text WHERE spans_text MATCH ?) AND {anywhere}", [query, *patterns]


def _parts(text: str) -> str:
    """All of them, as a query of SQLite's full text search; so many are enough to find few."""
    parts = dict.fromkeys(text[place : place + _TOGETHER] for place in range(len(text) - _TOGETHER + 1))
    return " AND ".join('"' + part.replace('"', '""') + '"' for part in list(parts)[:_ENOUGH])


def _like(text: str) -> str:
    return "%" + re.sub(r"([\\%_])", r"\\\1", text) + "%"
