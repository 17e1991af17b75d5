"""What the page asks, over what was received."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.datastructures import QueryParams
from store.samples import SECOND, START, call, many, messages, span, span_id, trace_id, verdict

from genscope import semconv
from genscope.local.store.filters import Filters
from genscope.local.store.reading import Reader
from genscope.local.store.records import LogRecord
from genscope.local.store.writing import Store
from genscope.local.ui import api
from genscope.local.ui import asked as asked_for

from .served import Served

USAGE = {semconv.USAGE["input_tokens"]: 10, semconv.USAGE["output_tokens"]: 5}
COST = {semconv.COST_AMOUNT: 0.5, semconv.COST_CURRENCY: "USD"}
CONTENT = {semconv.INPUT_MESSAGES: messages("Where is my parcel?"), semconv.USER_ID: "u1"}
TALK = {semconv.CONVERSATION_ID: "a/b?c=d&e"}


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    path = tmp_path_factory.mktemp("api") / "store.db"
    store = Store(path)
    store.add_spans(
        [
            call(1, {**USAGE, **COST, **CONTENT, **TALK, semconv.TIME_TO_FIRST_TOKEN: 0.25}),
            call(2, {**USAGE, **COST, semconv.REQUEST_MODEL: "gpt-4o-mini", **TALK}, name="chat gpt-4o-mini"),
            call(3, {semconv.ERROR_KIND: "rate_limit", semconv.ERROR_TYPE: "429"}, status="error"),
            span(4, name="POST /ask"),
            call(5, trace_id=trace_id(4), parent_id=span_id(4), start_ns=START + 4 * SECOND + 3),
        ]
    )
    store.add_logs(
        [verdict(1, 0.9, "good"), LogRecord(START + SECOND, verdict(1, 0).source, body="x", trace_id=trace_id(1))]
    )
    store.close()
    with Served(path, "--no-grpc", "--retention", "off") as served:
        yield served


def ids(page: Any) -> list[int]:
    return [int(one["trace_id"], 16) for one in page["items"]]


def test_info(served: Served) -> None:
    info = served.get("/api/info")
    assert info["path"] == str(served.store)
    assert info["rows"] == {"spans": 5, "logs": 2, "metric_points": 0}
    assert info["services"] == {"shop": 5}
    assert info["position"] == "5.2"


def test_traces_in_a_list(served: Served) -> None:
    page = served.get("/api/traces")
    assert ids(page) == [4, 3, 2, 1]
    assert page["next"] is None
    newest, failed, _, first = page["items"]
    assert (newest["name"], newest["spans"], newest["calls"], newest["ended"]) == ("POST /ask", 2, 1, True)
    assert failed["errors"] == 1
    assert (first["cost"], first["input_tokens"], first["models"], first["user"]) == (
        {"USD": 0.5},
        10,
        ["gpt-4o"],
        "u1",
    )


@pytest.mark.parametrize(
    "filters, found",
    [
        ({"model": "gpt-4o-mini"}, [2]),
        ({"error_kind": "rate_limit"}, [3]),
        ({"failed": "true"}, [3]),
        ({"failed": "false"}, [4, 3, 2, 1]),
        ({"text": "MY PARCEL"}, [1]),
        ({"text": "ask"}, [4]),
        ({"text": "%"}, []),
        ({"user": "u1"}, [1]),
        ({"conversation": "a/b?c=d&e"}, [2, 1]),
        ({"service": "shop", "provider": "openai", "operation": "chat", "model": "gpt-4o"}, [4, 3, 1]),
        ({"since": START + 3 * SECOND}, [4, 3]),
        ({"until": START + 3 * SECOND}, [2, 1]),
        ({"since": "1h"}, []),
        ({"until": "1h"}, [4, 3, 2, 1]),
        ({"model": ""}, [4, 3, 2, 1]),
        ({"model": "gpt-4o' OR 1=1 --"}, []),
    ],
    ids=str,
)
def test_filters(served: Served, filters: dict[str, Any], found: list[int]) -> None:
    assert ids(served.get("/api/traces", **filters)) == found
    calls = served.get("/api/calls", **filters)
    assert ids(calls) == [one for one in found if filters != {"text": "ask"}]


def test_pages_follow_each_other(served: Served) -> None:
    for path, every in (("/api/traces", [4, 3, 2, 1]), ("/api/spans", [4, 4, 3, 2, 1]), ("/api/calls", [4, 3, 2, 1])):
        found, after = [], {}
        while True:
            page = served.get(path, limit=2, **after)
            assert len(page["items"]) <= 2
            found += ids(page)
            if page["next"] is None:
                break
            after = {"after": page["next"]}
        assert found == every


def test_a_whole_trace(served: Served) -> None:
    found = served.get(f"/api/traces/{trace_id(4)}")
    root, child = found["spans"]
    assert (found["start_ns"], found["cut"]) == (START + 4 * SECOND, False)
    assert found["duration_ns"] == 2 * SECOND
    assert (root["parent_id"], root["offset_ns"], child["parent_id"], child["offset_ns"]) == (None, 0, span_id(4), 3)
    assert child["whole"]
    assert child["attributes"][semconv.PROVIDER_NAME] == "openai"
    assert child["resource"] == {"service.name": "shop"}
    one = served.get(f"/api/traces/{trace_id(1)}")
    assert one["spans"][0]["content"][semconv.INPUT_MESSAGES][0]["parts"][0]["content"] == "Where is my parcel?"
    assert (one["spans"][0]["ttft_ns"], one["spans"][0]["cost"]) == (SECOND // 4, 0.5)
    assert [log["body"] for log in one["logs"]] == ["x", None]
    assert [(verdict["evaluation"], verdict["score"]) for verdict in one["evaluations"]] == [("faithfulness", 0.9)]


def test_one_span(served: Served) -> None:
    found = served.get(f"/api/traces/{trace_id(1)}/spans/{span_id(1)}")
    assert (found["name"], found["user"]) == ("chat gpt-4o", "u1")
    assert len(found["evaluations"]) == len(found["logs"]) == 1


def test_two_calls_side_by_side(served: Served) -> None:
    found = served.get("/api/compare", a=f"{trace_id(1)}.{span_id(1)}", b=f"{trace_id(2)}.{span_id(2)}")
    assert [one["model"] for one in found["calls"]] == ["gpt-4o", "gpt-4o-mini"]


def test_a_conversation_over_traces(served: Served) -> None:
    found = served.get("/api/conversation", id="a/b?c=d&e")
    assert [(one["trace_id"], one["offset_ns"]) for one in found["calls"]] == [(trace_id(1), 0), (trace_id(2), SECOND)]
    assert [one["score"] for one in found["evaluations"]] == [0.9]
    assert not found["cut"]
    last = served.get("/api/conversation", id="a/b?c=d&e", limit=1)
    assert ([one["trace_id"] for one in last["calls"]], last["cut"]) == ([trace_id(2)], True)


def test_a_chart(served: Served) -> None:
    chart = served.get("/api/chart", step=2)
    (line,) = chart["lines"]
    assert (chart["step_ns"], line["key"], line["others"], line["calls"]) == (2 * SECOND, None, False, 4)
    assert chart["since_ns"] == line["pieces"][0]["start_ns"] == START
    first, second, third = line["pieces"]
    assert (first["calls"], first["cost"], first["input_tokens"]) == (1, {"USD": 0.5}, 10)
    assert first["ttft_ns"]["p95"] == SECOND // 4
    assert first["duration_ns"] == {"p50": SECOND, "p95": SECOND, "p99": SECOND}
    assert (second["calls"], second["errors"], second["errors_by_kind"]) == (2, 1, {"rate_limit": 1})
    assert (third["calls"], third["ttft_ns"]) == (1, None)


def test_from_a_piece_of_a_chart_to_its_calls(served: Served) -> None:
    chart = served.get("/api/chart", by="model")
    assert [(line["key"], line["calls"]) for line in chart["lines"]] == [("gpt-4o", 3), ("gpt-4o-mini", 1)]
    for line in chart["lines"]:
        for piece in line["pieces"]:
            limits = {"since": piece["start_ns"], "until": piece["start_ns"] + chart["step_ns"], "model": line["key"]}
            assert len(served.get("/api/calls", **limits)["items"]) == piece["calls"]


def test_values_with_counts(served: Served) -> None:
    assert served.get("/api/values", of="model")["values"] == [
        {"value": "gpt-4o", "calls": 3},
        {"value": "gpt-4o-mini", "calls": 1},
    ]
    assert served.get("/api/values", of="model", failed="true")["values"] == [{"value": "gpt-4o", "calls": 1}]


def test_sums(served: Served) -> None:
    (total,) = served.get("/api/totals")["totals"]
    assert (total["calls"], total["errors"], total["cost"]) == (4, 1, {"USD": 1.0})
    by_user = served.get("/api/totals", by="user")["totals"]
    assert {one["key"]: one["calls"] for one in by_user} == {"u1": 1, None: 3}
    (score,) = served.get("/api/scores")["scores"]
    assert (score["evaluation"], score["mean"], score["labels"]) == ("faithfulness", 0.9, {"good": 1})
    assert served.get("/api/repeated")["prompts"] == []


@pytest.mark.parametrize(
    "path, said",
    [
        ("/api/traces?modell=x", "'modell' is no parameter here; accepted: since, until, failed, text"),
        ("/api/traces?model=a&model=b", "model is there twice"),
        ("/api/traces?limit=0", "limit=0: accepted is a whole number from 1 to 500"),
        ("/api/traces?limit=501", "from 1 to 500"),
        ("/api/traces?limit=-1", "from 1 to 500"),
        ("/api/traces?limit=%C2%B2", "from 1 to 500"),
        ("/api/traces?after=x", "'x' is no place to go on from"),
        ("/api/traces?failed=yes", "failed=yes: accepted are true and false"),
        ("/api/traces?since=yesterday", "since=yesterday: accepted are nanoseconds since 1970, and ages such as 15m"),
        ("/api/traces?until=99999999999999999999", "accepted are nanoseconds"),
        ("/api/traces?text=" + "x" * 1001, "text is no text of at most 1000 characters"),
        ("/api/traces?text=%00", "text is no text"),
        ("/api/traces/xyz", "'xyz' is no id: 32 digits of 0-9a-f"),
        (f"/api/traces/{trace_id(1).upper()}A", "is no id"),
        (f"/api/traces/{trace_id(1)}/spans/1", "'1' is no id: 16 digits"),
        ("/api/compare?a=1&b=2", "'1' is no id"),
        ("/api/compare", "a is missing"),
        ("/api/conversation", "id is missing"),
        ("/api/values", "of is missing"),
        ("/api/values?of=name", "'name' is nothing to tell calls apart by; accepted: service, model"),
        ("/api/chart?by=password", "'password' is nothing to tell"),
        ("/api/chart?step=0", "step=0: accepted"),
        ("/api/totals?by=name", "'name' is nothing to add up by; accepted: service"),
        ("/api/scores?by=week", "'week' is no piece of time; accepted: hour, day"),
        ("/api/info?x=", "'x' is no parameter here; accepted: none"),
        ("/api/live?after=x", "'x' is no position"),
    ],
)
def test_what_cannot_be_asked_is_said(served: Served, path: str, said: str) -> None:
    answer = served.request("GET", path)
    assert answer.status == 400
    assert said in answer.json["error"]


@pytest.mark.parametrize(
    "path",
    [f"/api/traces/{trace_id(9)}", f"/api/traces/{trace_id(1)}/spans/{span_id(9)}", "/api/conversation?id=x", "/api/"],
)
def test_what_is_not_there(served: Served, path: str) -> None:
    answer = served.request("GET", path)
    assert answer.status == 404
    assert answer.json["error"].startswith("There is no")


def test_nobody_writes_by_the_api(served: Served) -> None:
    for method in ("POST", "PUT", "DELETE", "PATCH"):
        answer = served.request(method, "/api/traces", Content_Length="0")
        assert (answer.status, answer.json) == (405, {"error": "Not this way"})


def test_long_content_is_left_out_and_asked_for_alone(tmp_path: Path) -> None:
    store = Store(tmp_path / "store.db")
    long = {semconv.INPUT_MESSAGES: messages("x" * 1_500_000)}
    store.add_spans([call(number, long, trace_id=trace_id(1)) for number in range(1, 6)])
    store.close()
    with Reader(store.path) as reader:
        found = json.loads(api.encoded(api.QUESTIONS["/api/traces/{trace_id}"][0](reader, asked(trace_id=trace_id(1)))))
        assert [one["whole"] for one in found["spans"]] == [True, True, False, False, False]
        assert "content" not in found["spans"][4]
        path = asked(trace_id=trace_id(1), span_id=span_id(5))
        alone = api.QUESTIONS["/api/traces/{trace_id}/spans/{span_id}"][0](reader, path)
        assert len(alone["content"][semconv.INPUT_MESSAGES][0]["parts"][0]["content"]) == 1_500_000


def test_a_long_trace_is_cut_at_its_end(tmp_path: Path) -> None:
    store = Store(tmp_path / "store.db")
    store.add_spans([span(number, trace_id=trace_id(1)) for number in range(1, 2002)])
    store.close()
    with Reader(store.path) as reader:
        found = api.QUESTIONS["/api/traces/{trace_id}"][0](reader, asked(trace_id=trace_id(1)))
    assert found["cut"]
    assert [one["span_id"] for one in found["spans"]] == [span_id(number) for number in range(1, 2001)]
    assert [one["whole"] for one in found["spans"]] == [True] * 500 + [False] * 1500


def asked(**path: Any) -> asked_for.Asked:
    return asked_for.Asked({}, path)


def test_a_store_that_is_gone_or_broken_is_said(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    with Served(path, "--no-grpc") as served:
        assert served.get("/api/traces")["items"] == []
        for name in (path, Path(f"{path}-wal"), Path(f"{path}-shm")):
            name.unlink(missing_ok=True)
        answer = served.request("GET", "/api/traces")
        assert (answer.status, answer.headers["retry-after"]) == (503, "5")
        assert "is not there" in answer.json["error"]
        path.write_bytes(b"no database at all" * 100)
        answer = served.request("GET", "/api/traces")
        assert answer.status == 503
        assert str(path) in answer.json["error"]


# --- with much in it


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Reader]:
    """Enough that whole tables are not looked at by chance."""
    store = Store(tmp_path_factory.mktemp("large") / "store.db")
    store.add_spans(many(3000, content=False))
    store.close()
    with Reader(store.path) as reader:
        yield reader


QUESTIONS = [
    "/api/traces?service=shop",
    "/api/calls?model=gpt-4o",
    "/api/chart",
    "/api/chart?by=user&service=desk",
    "/api/values?of=user",
    "/api/values?of=model&failed=true&since=7d",
    "/api/totals?by=model",
]


@pytest.mark.parametrize("question", QUESTIONS)
def test_no_question_goes_through_the_whole_table(
    large: Reader, question: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, _, query = question.partition("?")
    ask, known = api.QUESTIONS[path]
    said = asked_for.parameters(QueryParams(query), known)
    statements: list[str] = []
    db: sqlite3.Connection = large._db  # pyright: ignore[reportPrivateUsage]
    db.set_trace_callback(statements.append)
    ask(large, asked_for.Asked(said, {}))
    db.set_trace_callback(None)
    plans = [row[3] for sql in statements for row in db.execute(f"EXPLAIN QUERY PLAN {sql}")]
    assert plans
    assert [plan for plan in plans if plan.startswith("SCAN spans") and "INDEX" not in plan] == []
    if path in ("/api/chart", "/api/values"):
        assert [plan for plan in plans if "spans" in plan and "COVERING INDEX calls_summed" not in plan] == []


def test_a_chart_of_many_users_has_ten_and_the_others(large: Reader) -> None:
    chart = large.chart("user")
    assert len(chart.lines) == 11
    assert [line.others for line in chart.lines] == [False] * 10 + [True]
    (everything,) = large.chart().lines
    assert sum(line.calls for line in chart.lines) == everything.calls == 1200
    for piece in everything.pieces:
        same = [one for line in chart.lines for one in line.pieces if one.start_ns == piece.start_ns]
        assert sum(one.calls for one in same) == piece.calls
        assert sum(one.input_tokens for one in same) == piece.input_tokens
        assert sum(one.cost.get("USD", 0) for one in same) == pytest.approx(piece.cost["USD"])
    assert len(everything.pieces) <= 62
    with pytest.raises(ValueError, match="at most 500 pieces"):
        large.chart(step=1)


def test_a_chart_of_nothing(large: Reader) -> None:
    chart = large.chart("model", Filters(service="nobody"))
    assert (chart.since_ns, chart.lines) == (None, ())
