"""What has come since somebody looked last."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from genscope.local.store.filters import FAILED

_AT_ONCE: Final = 5000
_FAR: Final = 20_000
"""Rows after which it is faster to look at everything anew."""
_TRACES: Final = 100

_NEW_SPANS: Final = (
    f"SELECT trace_id, count(*), count(is_call), sum{FAILED}, max(id) FROM"
    " (SELECT id, trace_id, is_call, status, error_kind FROM spans WHERE id > ? ORDER BY id LIMIT ?)"
    " GROUP BY trace_id ORDER BY 5 DESC"
)
_NEW_LOGS: Final = (
    "SELECT trace_id, count(*), count(evaluation), max(id) FROM"
    " (SELECT id, trace_id, evaluation FROM logs WHERE id > ? ORDER BY id LIMIT ?) GROUP BY trace_id ORDER BY 4 DESC"
)


@dataclass(frozen=True, slots=True)
class News:
    position: str
    """From which to go on."""
    spans: int = 0
    calls: int = 0
    errors: int = 0
    logs: int = 0
    evaluations: int = 0
    traces: Sequence[str] = ()
    """To which something was added, the last one first; of many the last 100."""
    reset: bool = False
    """It is too much to tell, or the file is another one: look at everything anew."""

    def __bool__(self) -> bool:
        return bool(self.spans or self.logs or self.reset)


def position(db: sqlite3.Connection) -> str:
    """Where the file ends. Ids are not given twice, so that it only grows."""
    return _said(*_ends(db))


def news(db: sqlite3.Connection, since: str) -> News:
    """What was added after a position; of what is much the first part. Raises `ValueError` for what is no position."""
    place, ends = _place(since), _ends(db)
    if any(end < begin or end - begin > _FAR for begin, end in zip(place, ends, strict=True)):
        return News(_said(*ends), reset=True)
    spans = db.execute(_NEW_SPANS, (place[0], _AT_ONCE)).fetchall() if ends[0] > place[0] else []
    logs = db.execute(_NEW_LOGS, (place[1], _AT_ONCE)).fetchall() if ends[1] > place[1] else []
    return News(
        position=_said(spans[0][4] if spans else place[0], logs[0][3] if logs else place[1]),
        spans=sum(row[1] for row in spans),
        calls=sum(row[2] for row in spans),
        errors=sum(row[3] for row in spans),
        logs=sum(row[1] for row in logs),
        evaluations=sum(row[2] for row in logs),
        traces=list(dict.fromkeys(row[0] for row in (*spans, *logs) if row[0]))[:_TRACES],
    )


def _ends(db: sqlite3.Connection) -> tuple[int, int]:
    ends = dict(db.execute("SELECT name, seq FROM sqlite_sequence").fetchall())
    return ends.get("spans", 0), ends.get("logs", 0)


def _said(spans: int, logs: int) -> str:
    return f"{spans}.{logs}"


def _place(said: str) -> tuple[int, int]:
    spans, _, logs = said.partition(".")
    if not (spans.isascii() and spans.isdigit() and logs.isascii() and logs.isdigit() and len(said) < 40):
        raise ValueError(f"{said[:40]!r} is no position: it is what the store has said before")
    return int(spans), int(logs)
