"""What is kept, and how often."""

from __future__ import annotations

import json
import os
import stat
import sys
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from genscope import semconv
from genscope.local.store.columns import LOG_COLUMNS, SPAN_COLUMNS
from genscope.local.store.records import Event, Link, LogRecord, PointRecord, Series, SpanRecord
from genscope.local.store.writing import Store

from .conftest import Ask
from .samples import SECOND, SHOP, START, call, messages, span, span_id, trace_id, verdict


def test_a_span_becomes_a_row(store: Store, ask: Ask) -> None:
    store.add_spans(
        [
            call(
                1,
                {
                    semconv.RESPONSE_MODEL: "gpt-4o-2026",
                    semconv.USAGE["input_tokens"]: 23,
                    semconv.USAGE["output_tokens"]: 7,
                    semconv.COST_AMOUNT: 0.5,
                    semconv.COST_CURRENCY: "USD",
                    semconv.RETRY_ATTEMPTS: 3,
                    semconv.TIME_TO_FIRST_TOKEN: 0.25,
                    semconv.RESPONSE_TIME_TO_FIRST_CHUNK: 0.1,
                    semconv.RESPONSE_FINISH_REASONS: ("stop", "length"),
                    semconv.OUR_OPERATION_NAME: "judge",
                    semconv.TENANT: "acme",
                    semconv.INPUT_MESSAGES: messages("Hello"),
                },
                parent_id=span_id(9),
                status="error",
                status_message="too much",
                events=[Event("exception", START, {"exception.type": "E"})],
                links=[Link(trace_id(5), span_id(5), {"kind": "x"})],
            )
        ]
    )
    columns = (
        "trace_id, span_id, parent_id, service, name, kind, start_ns, duration_ns, status, status_message, operation,"
        " is_call, model, response_model, input_tokens, output_tokens, cost, currency, retries, ttft_ns, purpose,"
        " tenant"
    )
    assert ask(f"SELECT {columns} FROM spans") == [
        (
            *(trace_id(1), span_id(1), span_id(9), "shop", "chat gpt-4o", "client", START + SECOND, SECOND),
            *("error", "too much", "chat", 1, "gpt-4o", "gpt-4o-2026", 23, 7, 0.5, "USD", 2, 250_000_000),
            *("judge", "acme"),
        )
    ]
    (row,) = ask("SELECT finish_reasons, events, links, resource, attributes, content FROM spans")
    reasons, events, links, resource, attributes, content = map(json.loads, row)
    assert reasons == ["stop", "length"]
    assert events == [{"name": "exception", "time_ns": START, "attributes": {"exception.type": "E"}}]
    assert links == [{"trace_id": trace_id(5), "span_id": span_id(5), "attributes": {"kind": "x"}}]
    assert resource == {"service.name": "shop"}
    assert attributes[semconv.REQUEST_MODEL] == "gpt-4o"
    assert semconv.INPUT_MESSAGES not in attributes
    assert content == {semconv.INPUT_MESSAGES: [{"role": "user", "parts": [{"type": "text", "content": "Hello"}]}]}


@pytest.mark.parametrize("column", [*SPAN_COLUMNS, *LOG_COLUMNS], ids=lambda column: column.name)
def test_a_value_of_another_type_is_no_value(column: Any) -> None:
    numbers = [True, float("nan"), float("inf"), -(2**70), 10**400, 1.5]
    for value in (None, b"x", [1], {"a": 1}, "x", "\ud800", *numbers):
        read = column.read(dict.fromkeys(column.attributes, value))
        assert read is None or isinstance(read, {"TEXT": str, "INTEGER": int, "REAL": float}[column.kind.sql])
        assert not isinstance(read, int) or abs(read) < 2**63
        assert not isinstance(read, str) or read.encode()


def test_an_attribute_that_is_not_said_is_null_and_not_zero(store: Store, ask: Ask) -> None:
    store.add_spans([call(1)])
    assert ask("SELECT input_tokens, cost, retries, ttft_ns, content, events FROM spans") == [(None,) * 6]


HOSTILE: dict[str, Any] = {
    "half": "\ud83d",
    "nul": "a\0b",
    "large": 2**80,
    "nan": float("nan"),
    "bytes": b"\xff",
    "nested": {"a": {1: [None, (1, 2)]}},
    "cyclic": [],
}
HOSTILE["cyclic"].append(HOSTILE["cyclic"])


def test_hostile_values_cost_nothing_else(store: Store, ask: Ask) -> None:
    store.add_spans(
        [
            span(1, name="\ud83d", attributes=HOSTILE, start_ns=2**70, end_ns=-(2**70), status_message="\ud83d"),
            call(2, {semconv.USER_ID: "\ud83d", semconv.USAGE["input_tokens"]: 2**80, semconv.INPUT_MESSAGES: "[1, 2"}),
            span(3),
        ]
    )
    assert ask("SELECT count(*) FROM spans WHERE json_valid(attributes) OR attributes IS NULL") == [3]
    (attributes,) = (json.loads(text) for text in ask("SELECT attributes FROM spans WHERE kind = 'internal' LIMIT 1"))
    assert attributes["large"] == 2**80
    assert attributes["nan"] == "nan"
    assert json.loads(ask("SELECT content FROM spans WHERE is_call = 1")[0]) == {semconv.INPUT_MESSAGES: "[1, 2"}


def test_a_record_that_is_none_does_not_cost_the_others(path: Path, ask: Ask) -> None:
    nonsense: Any = object()
    broken = span(1, attributes=nonsense)
    store = Store(path)
    store.add_spans([broken, span(2)])
    store.close()
    assert ask("SELECT span_id FROM spans") == [span_id(2)]


def test_the_same_span_is_kept_once(store: Store, ask: Ask) -> None:
    for _ in range(3):
        store.add_spans([call(1), call(2)])
    assert ask("SELECT span_id FROM spans ORDER BY 1") == [span_id(1), span_id(2)]
    assert ask("SELECT spans FROM processes") == [2]


def test_of_two_states_of_a_span_the_later_is_kept(store: Store, ask: Ask) -> None:
    begun = call(1, end_ns=START + SECOND)
    ended = call(1, {semconv.INPUT_MESSAGES: messages("the whole")})
    for order in ([begun, ended], [ended, begun], [begun, ended, begun]):
        store.add_spans(order)
        assert ask("SELECT duration_ns, content LIKE '%the whole%' FROM spans") == [(SECOND, 1)]


def test_logs_sent_twice_are_kept_once_and_twins_are_two(store: Store, ask: Ask) -> None:
    twin = LogRecord(START, SHOP, body="tick")
    batch = [twin, twin, verdict(1, 0.9, "good"), LogRecord(START, SHOP, {"a": 1}, body={"k": [1]}, severity="INFO")]
    for _ in range(2):
        store.add_logs(batch)
    assert ask("SELECT body FROM logs ORDER BY id") == ["tick", "tick", None, '{"k":[1]}']
    assert ask("SELECT logs FROM processes") == [4]


def test_verdicts_are_found_by_the_span(store: Store, ask: Ask) -> None:
    store.add_spans([call(1), call(2)])
    store.add_logs([verdict(1, 0.9, "good"), verdict(2, 0.1, "bad"), LogRecord(START, SHOP, trace_id=trace_id(1))])
    sql = "SELECT calls.model, score, label FROM calls JOIN evaluations USING (trace_id, span_id) WHERE score < 0.5"
    assert ask(sql) == [("gpt-4o", 0.1, "bad")]


def test_points_are_kept_once_by_series(store: Store, ask: Ask) -> None:
    series = Series("m", "s", "", "sum", SHOP, {"a": 1, "b": 2}, "delta", True)
    same = Series("m", "s", "", "sum", SHOP, {"b": 2, "a": 1}, "delta", True)
    other = Series("m", "s", "", "sum", SHOP, {"a": 2}, "delta", True)
    for _ in range(2):
        store.add_points([PointRecord(series, 0, 1, 5.0), PointRecord(same, 1, 2, 6.0), PointRecord(other, 0, 1, 7.0)])
    assert ask("SELECT count(*) FROM metric_series") == [2]
    assert ask("SELECT value FROM metrics ORDER BY value") == [5.0, 6.0, 7.0]


def test_nothing_is_written_for_nothing(store: Store, path: Path) -> None:
    store.add_spans([])
    store.add_logs([])
    store.add_points([])
    assert not path.exists()


@pytest.mark.skipif(sys.platform == "win32", reason="permissions are others there")
def test_nobody_else_may_read_it(store: Store, path: Path) -> None:
    mask = os.umask(0)
    try:
        store.add_spans([span(1)])
    finally:
        os.umask(mask)
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    for file in path.parent.iterdir():
        assert stat.S_IMODE(file.stat().st_mode) == 0o600, file.name


def test_threads(store: Store, ask: Ask) -> None:
    def write(first: int) -> None:
        for number in range(first, first + 200, 10):
            store.add_spans([span(n) for n in range(number, number + 10)])
            store.add_logs([verdict(number, 0.5)])

    threads = [Thread(target=write, args=(first,)) for first in range(0, 1000, 200)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert ask("SELECT count(DISTINCT span_id), count(*) FROM spans") == [(1000, 1000)]
    assert ask("SELECT spans, logs FROM processes") == [(1000, 100)]


def test_a_span_that_ends_while_another_is_written(store: Store, ask: Ask) -> None:
    """The garbage collector may end one at any moment, in the thread that writes."""

    class Sly(dict[str, Any]):
        def get(self, key: str, default: Any = None) -> Any:
            store.add_spans([span(2)])
            return super().get(key, default)

    def sly() -> list[SpanRecord]:
        store._do(lambda db: store.add_spans([span(3)]))  # in the middle of a transaction
        return [span(1, source=SHOP._replace(resource=Sly()))]

    store.add_spans(sly())
    assert ask("SELECT span_id FROM spans ORDER BY 1") == [span_id(1), span_id(2), span_id(3)]
