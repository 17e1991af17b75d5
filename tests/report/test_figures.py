"""The numbers: worked out by hand, and asked of the same store in SQL."""

from __future__ import annotations

import json
import sqlite3
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from genscope import semconv
from genscope.local.report.figures import ErrorKind, Figures, Times
from genscope.local.report.from_store import read
from genscope.local.report.period import Period
from genscope.local.store import reporting
from genscope.local.store.reading import Reader
from genscope.local.store.writing import Store
from tests.store import samples as many

from .samples import BEGIN, DAY, DESK, HOUR, SECOND, WEEK, asked, call, failed, figures, price_of, span, verdict

JUDGING = {semconv.OUR_OPERATION_NAME: "judge"}


def by_key(totals: Any) -> dict[str | None, Any]:
    return {one.key: one for one in totals}


def test_calls_of_the_period_alone(path: Path) -> None:
    """The beginning is in it, the end is not; judges and what is no call are not."""
    found = figures(
        path,
        [
            call(1, 0),
            call(2, 7 * DAY - 1),
            call(3, 7 * DAY),
            call(4, -1),
            call(5, DAY, said=JUDGING, cost=9.0),
            span(6, DAY, 1, attributes={semconv.COST_AMOUNT: 7.0, semconv.COST_CURRENCY: "USD"}),
        ],
    )
    assert (found.now.calls, found.now.cost) == (2, 2.0)
    assert found.before is not None
    assert (found.before.calls, found.before.cost) == (1, 1.0)
    assert found.judging is not None
    assert (found.judging.calls, found.judging.cost) == (1, 9.0)


def test_what_the_application_stopped_is_no_failure(path: Path) -> None:
    kinds = ["timeout", "timeout", "rate_limit", "cancelled", "budget_exceeded"]
    spans = [call(n, n, cost=None, said=failed(kind)) for n, kind in enumerate(kinds, 1)]
    found = figures(path, [*spans, *(call(n, n) for n in range(10, 17)), call(20, -1, said=failed("timeout"))])
    now = found.now
    assert (now.calls, now.failed, now.stopped) == (12, 3, 2)
    assert now.success_rate == pytest.approx(7 / 10)
    assert now.unpriced == 0
    assert list(found.errors) == [
        ErrorKind("timeout", 2, 1, stopped=False),
        ErrorKind("budget_exceeded", 1, 0, stopped=True),
        ErrorKind("cancelled", 1, 0, stopped=True),
        ErrorKind("rate_limit", 1, 0, stopped=False),
    ]


def test_percentiles_are_durations_that_occurred(path: Path) -> None:
    """Nearest rank of 1 to 20 s: the 10th, the 19th and the 20th. Embeddings and what was stopped do not count."""
    spans = [call(n, n, float(n), said={semconv.TIME_TO_FIRST_TOKEN: n / 10}) for n in range(1, 21)]
    embedding = {semconv.OPERATION_NAME: "embeddings", semconv.REQUEST_MODEL: "vectors"}
    found = figures(path, [*spans, call(30, 1, 99.0, said=embedding), call(31, 1, 0.001, said=failed("cancelled"))])
    assert found.now.duration == Times(20, 10.5, 10.0, 19.0, 20.0)
    assert found.now.first_token is not None
    assert (found.now.first_token.p50, found.now.first_token.p95) == (1.0, 1.9)
    assert by_key(found.models)["vectors"].duration == Times(1, 99.0, 99.0, 99.0, 99.0)


def test_by_model_user_workflow_and_service(path: Path) -> None:
    flow = {semconv.OPERATION_NAME: "invoke_workflow", semconv.WORKFLOW_NAME: "answer"}
    found = figures(
        path,
        [
            span(1, 0, 5, attributes=flow),
            call(2, 1, trace_id=f"{1:032x}", cost=3.0),
            call(3, 2, model="small", cost=1.0, said={semconv.USER_ID: "bob"}, source=DESK),
            call(4, 3, model="small", cost=1.0, source=DESK),
            call(5, -1, model="small", cost=8.0),
        ],
    )
    assert {(one.provider, one.key): (one.calls, one.cost) for one in found.models} == {
        ("acme", "big"): (1, 3.0),
        ("acme", "small"): (2, 2.0),
    }
    assert found.models_before == {"small": 8.0}
    assert found.users is not None
    assert [(one.key, one.calls, one.cost) for one in found.users] == [("ada", 2, 4.0), ("bob", 1, 1.0)]
    assert found.workflows is not None
    assert {one.key: one.cost for one in found.workflows} == {"answer": 3.0, None: 2.0}
    assert {one.key: one.calls for one in found.services} == {"shop": 1, "desk": 2}


def test_the_rest_is_added_up(path: Path) -> None:
    spans = [call(n, n, cost=float(n), said={semconv.USER_ID: f"user {n}"}) for n in range(1, 8)]
    found = figures(path, spans, top=2)
    assert found.users is not None
    assert [(one.key, one.calls, one.cost) for one in found.users] == [
        ("user 7", 1, 7.0),
        ("user 6", 1, 6.0),
        ("...", 5, 15.0),
    ]
    assert sum(one.cost or 0 for one in found.users) == found.now.cost
    assert found.users[2].duration == Times(5, 1.0, 1.0, 1.0, 1.0)


def test_one_service(path: Path) -> None:
    spans = [call(1, 0), call(2, 0, source=DESK, cost=5.0), call(3, -1, source=DESK)]
    found = figures(path, spans, [verdict(1, 0, 1.0)], service="desk")
    assert (found.now.calls, found.now.cost) == (1, 5.0)
    assert not found.judges
    assert found.slowest is not None
    assert [one.trace_id for one in found.slowest] == [f"{2:032x}"]


def test_a_trend_has_every_piece(path: Path) -> None:
    period = Period(BEGIN, BEGIN + 25 * HOUR)
    spans = [call(1, 0, 2.0), call(2, HOUR, 4.0, said=failed("timeout")), call(3, 25 * HOUR - 1)]
    found = figures(path, spans, period=period, compared=None)
    assert found.step == 3600
    assert len(found.trend) == 25
    assert [(one.start, one.calls, one.failed, one.cost, one.p50) for one in found.trend[:3]] == [
        ("2026-11-01T00:00:00Z", 1, 0, 1.0, 2.0),
        ("2026-11-01T01:00:00Z", 1, 1, 1.0, 4.0),
        ("2026-11-01T02:00:00Z", 0, 0, None, None),
    ]
    assert found.trend[24].calls == 1


def test_retries(path: Path) -> None:
    twice = {semconv.RETRY_ATTEMPTS: 3, semconv.RETRY_BACKOFF: 1.5}
    once = {semconv.RETRY_ATTEMPTS: 2, semconv.RETRY_BACKOFF: 0.25}
    spans = [call(1, 0, said=twice), call(2, 0, cost=0.5, said=once | failed("timeout")), call(3, 0)]
    found = figures(path, [*spans, call(4, 0, said=JUDGING | twice)]).retries
    assert found is not None
    assert (found.calls, found.attempts, found.waited, found.failed_cost) == (2, 3, 1.75, 0.5)


def test_scores(path: Path) -> None:
    logs = [verdict(1, 0, 0.5), verdict(1, DAY, 1.0), verdict(1, DAY, None), verdict(1, -1, 0.25)]
    logs.append(verdict(2, 0, 0.1, "tone"))
    found = figures(path, [call(1, 0), call(2, 0, model="small")], logs)
    first, second = found.judges
    assert (first.name, first.verdicts, first.mean, first.before) == ("faithfulness", 3, 0.75, 0.25)
    assert {one for one in first.trend if one is not None} == {0.5, 1.0}
    assert first.trend[int(DAY / SECOND / found.step)] == 1.0
    assert (second.name, second.mean, second.before) == ("tone", 0.1, None)


def test_repeated_prompts(path: Path) -> None:
    """By the same model, and only answers: what failed cannot be kept."""
    same = {semconv.CONTENT_HASH: "a"}
    spans = [
        call(1, 1, cost=1.0, said=same),
        call(2, 2, cost=2.0, said=same),
        call(3, 3, cost=4.0, said=same),
        call(4, 4, cost=8.0, said=same, model="small"),
        call(5, 0, cost=16.0, said=same | failed("timeout")),
        call(6, 5, cost=32.0, said=same | JUDGING),
        call(7, 6, cost=1.0, said={semconv.CONTENT_HASH: "b"}),
        call(8, 7, cost=0.5, said={semconv.CONTENT_HASH: "b"}),
        call(9, 8, cost=1.0),
        call(10, -1, cost=1.0, said=same),
    ]
    found = figures(path, spans).repeats
    assert found is not None
    assert (found.known, found.prompts, found.calls, found.avoidable) == (6, 2, 5, 6.5)
    worst = found.worst[0]
    assert (worst.content_hash, worst.model, worst.calls, worst.cost, worst.avoidable) == ("a", "big", 3, 7.0, 6.0)
    assert (worst.first, worst.last, worst.trace_id) == (
        "2026-11-01T00:00:00Z",
        "2026-11-01T00:00:00Z",
        f"{1:032x}",
    )


def test_other_currencies_are_not_added(path: Path) -> None:
    yen = {semconv.COST_CURRENCY: "JPY"}
    spans = [call(1, 0, cost=2.0), call(2, 0, cost=500.0, said=yen), call(3, 0, cost=None)]
    found = figures(path, spans)
    assert (found.now.cost, found.now.unpriced) == (2.0, 1)
    assert "1 call with a cost in JPY: not in the sums of cost." in found.notices
    with Reader(path) as reader:
        euros = read(reader, asked(currency="EUR", rates={"USD": 0.5, "EUR": 1.0}), price_of)
        none = read(reader, asked(currency="EUR", rates={"EUR": 1.0}), price_of)
    assert euros.now.cost == 1.0
    assert none.now.cost is None
    assert none.instead is none.cached is None
    assert "--currency EUR=RATE" in none.missing["cached"]


def test_what_is_not_whole_is_said(path: Path) -> None:
    found = figures(path, [call(1, -DAY), call(2, DAY)])
    assert not found.whole
    assert any("the period before is not whole" in one for one in found.notices)
    with Reader(path) as reader:
        alone = read(reader, asked(compared=None), price_of)
    assert alone.whole
    assert alone.before is None
    assert not alone.notices


@pytest.mark.parametrize("spans", [[], [call(1, -30 * DAY)]])
def test_nothing_in_the_period(path: Path, spans: list[Any]) -> None:
    found = figures(path, spans)
    assert found.now.calls == 0
    assert found.now.success_rate is found.now.cost is found.now.duration is None
    assert "There is no call in this period" in found.notices[0]
    json.dumps(asdict(found), allow_nan=False)


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("large") / "store.db"
    store = Store(path)
    store.add_spans(many.many(2000, content=False))
    store.close()
    return path


@pytest.fixture(scope="module")
def of_many(large: Path) -> Figures:
    period = Period(many.START, many.START + 7 * DAY)
    with Reader(large) as reader:
        return read(reader, asked(period=period, compared=None, made_ns=period.until_ns, top=1000), price_of)


def test_against_sql(large: Path, of_many: Figures) -> None:
    db = sqlite3.connect(large)

    def ask(sql: str) -> Any:
        return db.execute(sql).fetchall()

    ((calls, failures, cost, given, taken, mean),) = ask(
        "SELECT count(*), sum(error_kind IS NOT NULL), sum(cost), sum(input_tokens), sum(output_tokens),"
        " avg(CASE WHEN operation = 'chat' THEN duration_ns END) / 1e9 FROM calls"
    )
    now = of_many.now
    assert now.duration is not None
    assert (now.calls, now.failed, now.input_tokens, now.output_tokens) == (calls, failures, given, taken)
    assert now.cost == pytest.approx(cost)
    assert now.duration.mean == pytest.approx(mean)
    for column, totals in (("model", of_many.models), ("user", of_many.users), ("service", of_many.services)):
        assert totals is not None
        found = {key: (n, pytest.approx(usd)) for key, n, usd in ask(
            f'SELECT "{column}", count(*), sum(cost) FROM calls GROUP BY 1'
        )}  # fmt: skip
        assert {one.key: (one.calls, one.cost) for one in totals} == found
    flows = ask(
        "SELECT flow.workflow, count(*) FROM calls JOIN spans AS flow"
        " ON flow.trace_id = calls.trace_id AND flow.workflow IS NOT NULL GROUP BY 1"
    )
    assert of_many.workflows is not None
    assert {one.key: one.calls for one in of_many.workflows} == dict(flows)
    kinds = ask("SELECT error_kind, count(*) FROM calls WHERE error_kind IS NOT NULL GROUP BY 1")
    assert {one.kind: one.calls for one in of_many.errors} == dict(kinds)
    durations = [row[0] for row in ask("SELECT duration_ns FROM calls WHERE operation = 'chat' ORDER BY 1")]
    assert now.duration.p95 == durations[-(-len(durations) * 95 // 100) - 1] / SECOND
    step = int(of_many.step * SECOND)
    pieces = dict(ask(f"SELECT (start_ns - {many.START}) / {step}, count(*) FROM calls GROUP BY 1"))
    assert {at: piece.calls for at, piece in enumerate(of_many.trend) if piece.calls} == pieces
    ((prompts, avoidable),) = ask(
        "SELECT count(*), sum(again) FROM (SELECT sum(cost) - (SELECT cost FROM calls AS first WHERE"
        " first.content_hash = c.content_hash AND first.model = c.model AND first.error_kind IS NULL"
        " ORDER BY start_ns LIMIT 1) AS again FROM calls AS c WHERE error_kind IS NULL"
        " GROUP BY content_hash, model HAVING count(*) > 1)"
    )
    assert of_many.repeats is not None
    assert of_many.repeats.prompts == prompts > 0
    assert of_many.repeats.avoidable == pytest.approx(avoidable)
    lengths = ask("SELECT max(start_ns + duration_ns) - min(start_ns) FROM spans GROUP BY trace_id ORDER BY 1 DESC")
    assert of_many.slowest is not None
    assert [one.duration for one in of_many.slowest] == [row[0] / SECOND for row in lengths[:5]]
    db.close()


def test_it_is_found_by_indexes(large: Path) -> None:
    """Whole tables hold what was said: to read them takes a hundred times as long."""
    scope = reporting.Scope(WEEK.since_ns, WEEK.until_ns, None)
    seen: list[str] = []
    with Reader(large) as reader, reader.moment() as db:
        db.set_trace_callback(seen.append)
        list(reporting.call_rows(db, scope))
        reporting.models(db, scope)
        reporting.repeated_sums(db, scope)
        reporting.judged(db, scope, DAY)
        list(reporting.slowest(db, scope))
        db.set_trace_callback(None)
        plans = [row[3] for sql in seen for row in db.execute(f"EXPLAIN QUERY PLAN {sql}")]
    assert any("calls_summed" in plan for plan in plans)
    scans = [plan for plan in plans if plan.startswith("SCAN") and "INDEX" not in plan and "spans" in plan]
    assert not scans
    reads = [plan for plan in plans if plan.startswith(("SCAN spans", "SEARCH spans")) and "COVERING" not in plan]
    assert all("spans_by_id" in plan for plan in reads), reads
