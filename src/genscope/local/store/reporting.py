"""What a report asks: every call of a piece of time as a short row, what was repeated, judged, slow."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from genscope import semconv
from genscope.local.store.columns import JUDGING
from genscope.local.store.filters import FAILED
from genscope.local.store.listing import json_of
from genscope.local.store.totals import FLOWS

_OF: Final = " is_call = 1 AND start_ns >= :since AND start_ns < :until AND (:service IS NULL OR service = :service)"
_OWN: Final = f"purpose IS NOT '{JUDGING}'"
_BY_CONTENT: Final = " INDEXED BY calls_by_content"
_ANSWERED: Final = f"content_hash IS NOT NULL AND{_OF} AND {_OWN} AND NOT {FAILED}"


@dataclass(frozen=True, slots=True)
class Scope:
    """Nanoseconds since the epoch, the end not included; None for every service."""

    since_ns: int
    until_ns: int
    service: str | None = None

    def values(self) -> dict[str, Any]:
        # The file has whole numbers of 64 bits.
        since, until = (max(-(2**63), min(one, 2**63 - 1)) for one in (self.since_ns, self.until_ns))
        return {"since": since, "until": until, "service": self.service}


class CallRow(NamedTuple):
    """A call, as far as it is added up. `failed` is 0 or 1; `workflow` is that of its trace."""

    start_ns: int
    service: str | None
    provider: str | None
    operation: str | None
    model: str | None
    response_model: str | None
    user: str | None
    workflow: str | None
    purpose: str | None
    error_kind: str | None
    failed: int
    duration_ns: int
    ttft_ns: int | None
    input_tokens: int | None
    output_tokens: int | None
    cache_read_tokens: int | None
    cache_write_tokens: int | None
    reasoning_tokens: int | None
    cost: float | None
    currency: str | None
    retries: int | None


@dataclass(frozen=True, slots=True)
class RepeatedSum:
    """What was answered more than once by the same model, all together, in one currency."""

    currency: str | None
    prompts: int
    calls: int
    avoidable: float
    """What all but the first answer to each prompt cost."""


class Repetition(NamedTuple):
    """A prompt, and the answers that one model gave to it."""

    content_hash: str
    provider: str | None
    model: str | None
    currency: str | None
    calls: int
    cost: float
    avoidable: float
    first_ns: int
    last_ns: int
    trace_id: str
    """Of the first."""


@dataclass(frozen=True, slots=True)
class Judged:
    """What a judge gave in one piece of time."""

    evaluation: str
    piece: int
    """Which one, from 0."""
    verdicts: int
    scored: int
    total: float
    """Of the scores."""


def call_rows(db: sqlite3.Connection, scope: Scope) -> Iterator[CallRow]:
    """From the index `calls_summed` alone, which has all of it; SQLite would not know, it has no statistics."""
    columns = ", ".join(
        {"failed": FAILED, "workflow": "coalesce(spans.workflow, flows.workflow)"}.get(name, f'spans."{name}"')
        for name in CallRow._fields
    )
    sql = f"SELECT {columns} FROM spans INDEXED BY calls_summed{FLOWS} WHERE{_OF}"
    return map(CallRow._make, db.execute(sql, scope.values()))


def models(db: sqlite3.Connection, scope: Scope) -> list[tuple[str | None, str | None, str | None]]:
    """Provider, model and model as answered, of every call."""
    sql = f"SELECT DISTINCT provider, model, response_model FROM spans INDEXED BY calls_summed WHERE{_OF}"
    return db.execute(sql, scope.values()).fetchall()


def waited(db: sqlite3.Connection, scope: Scope) -> float:
    """Seconds between the attempts of calls, in sum: how long SDKs waited before they tried again."""
    sql = f"SELECT attributes FROM spans INDEXED BY calls_summed WHERE{_OF} AND retries > 0 AND {_OWN}"
    found = (json_of(text, {}).get(semconv.RETRY_BACKOFF) for (text,) in db.execute(sql, scope.values()))
    return float(sum(one for one in found if isinstance(one, (int, float)) and 0 <= one < 1e9))


def hashed(db: sqlite3.Connection, scope: Scope) -> int:
    """Calls that were answered, and whose prompt is known by its hash."""
    return db.execute(f"SELECT count(*) FROM spans{_BY_CONTENT} WHERE {_ANSWERED}", scope.values()).fetchone()[0]


# With one min() SQLite takes the bare columns from the same row, https://www.sqlite.org/quirks.html#aggregate. So it
# has one here, and the last time is asked for where it is wanted.
_REPEATED: Final = (
    "SELECT content_hash, provider, model, currency, count(*) AS calls, total(cost) AS cost,"
    " total(cost) - coalesce(cost, 0) AS avoidable, min(start_ns) AS first_ns, trace_id"
    f" FROM spans{_BY_CONTENT} WHERE {_ANSWERED} GROUP BY content_hash, provider, model, currency HAVING count(*) > 1"
)


def repeated_sums(db: sqlite3.Connection, scope: Scope) -> list[RepeatedSum]:
    sql = f"SELECT currency, count(*), sum(calls), total(avoidable) FROM ({_REPEATED}) GROUP BY currency"
    return [RepeatedSum(*row) for row in db.execute(sql, scope.values())]


def repeated(db: sqlite3.Connection, scope: Scope, most: int) -> list[Repetition]:
    """Those first of which the repetition cost most."""
    last = (
        f"SELECT max(start_ns) FROM spans WHERE {_ANSWERED} AND content_hash = :hash AND provider IS :provider"
        " AND model IS :model AND currency IS :currency"
    )
    rows = db.execute(f"{_REPEATED} ORDER BY avoidable DESC, calls DESC LIMIT :most", {**scope.values(), "most": most})
    found: list[Repetition] = []
    for row in rows.fetchall():
        named = dict(zip(("hash", "provider", "model", "currency"), row, strict=False))
        (until,) = db.execute(last, {**scope.values(), **named}).fetchone()
        found.append(Repetition._make((*row[:-1], until, row[-1])))
    return found


def judged(db: sqlite3.Connection, scope: Scope, step_ns: int) -> list[Judged]:
    """Verdicts by judge and by piece of time, in the order of both."""
    sql = (
        "SELECT evaluation, (time_ns - :since) / :step, count(*), count(score), total(score) FROM logs"
        " WHERE evaluation IS NOT NULL AND time_ns >= :since AND time_ns < :until"
        " AND (:service IS NULL OR service = :service) GROUP BY 1, 2 ORDER BY 1, 2"
    )
    return [Judged(*row) for row in db.execute(sql, {**scope.values(), "step": step_ns})]


def judged_models(db: sqlite3.Connection, scope: Scope) -> dict[tuple[str | None, str | None], tuple[int, float]]:
    """By provider and model of the calls that were judged: how many scores there are, and their mean."""
    sql = (
        "SELECT spans.provider, spans.model, count(logs.score), avg(logs.score) FROM logs JOIN spans"
        " ON spans.trace_id = logs.trace_id AND spans.span_id = logs.span_id"
        " WHERE logs.evaluation IS NOT NULL AND logs.score IS NOT NULL AND logs.time_ns >= :since"
        " AND logs.time_ns < :until AND (:service IS NULL OR logs.service = :service) GROUP BY 1, 2"
    )
    return {(provider, model): (count, mean) for provider, model, count, mean in db.execute(sql, scope.values())}


def slowest(db: sqlite3.Connection, scope: Scope) -> Iterator[str]:
    """Ids of traces with a call of the application's own, those first that took longest."""
    longest = (
        "SELECT trace_id FROM spans INDEXED BY spans_by_start WHERE start_ns >= :since AND start_ns < :until"
        " GROUP BY trace_id ORDER BY max(start_ns + duration_ns) - min(start_ns) DESC"
    )
    has_call = (
        f"SELECT 1 FROM spans WHERE trace_id = :trace AND is_call = 1 AND {_OWN}"
        " AND (:service IS NULL OR service = :service) LIMIT 1"
    )
    for (trace,) in db.execute(longest, scope.values()):
        if db.execute(has_call, {"trace": trace, "service": scope.service}).fetchone():
            yield trace
