"""What the store answers, and that it finds it by an index."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from genscope import semconv
from genscope.local.store.filters import Filters
from genscope.local.store.reading import Reader
from genscope.local.store.records import Event, Link, LogRecord, SpanRecord
from genscope.local.store.results import Page
from genscope.local.store.totals import KEYS
from genscope.local.store.troubles import StoreError
from genscope.local.store.writing import Store

from .samples import DESK, SECOND, SHOP, START, call, many, messages, span, span_id, trace_id, verdict

SPANS = 1000


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Many spans and verdicts, nobody changes them."""
    path = tmp_path_factory.mktemp("kept") / "store.db"
    store = Store(path)
    store.add_spans(many(SPANS))
    store.add_logs([verdict(number, number % 10 / 10, "good" if number % 2 else "bad") for number in range(100)])
    store.close()
    return path


@pytest.fixture
def reader(kept: Path) -> Iterator[Reader]:
    with Reader(kept) as reader:
        yield reader


@pytest.fixture
def read(path: Path) -> Iterator[Callable[..., Reader]]:
    """A reader of a store with just these."""
    opened: list[Reader] = []

    def read(spans: list[SpanRecord], logs: list[LogRecord] | None = None) -> Reader:
        store = Store(path)
        store.add_spans(spans)
        store.add_logs(logs or [])
        store.close()
        opened.append(Reader(path))
        return opened[-1]

    yield read
    for reader in opened:
        reader.close()


def through(page: Callable[..., Page[Any]], **options: Any) -> list[Any]:
    """All items, page by page."""
    found: list[Any] = []
    after = None
    while True:
        got = page(after=after, **options)
        found += got.items
        after = got.next
        if after is None:
            return found
        assert got.items


# --- lists


def test_calls_come_page_by_page_newest_first(reader: Reader) -> None:
    calls = through(reader.calls, limit=7)
    assert len(calls) == SPANS * 2 // 5
    assert len({one.span_id for one in calls}) == len(calls)
    starts = [one.start_ns for one in calls]
    assert starts == sorted(starts, reverse=True)
    assert {one.operation for one in calls} == {"chat", "embeddings"}
    assert len(through(reader.spans, limit=300)) == SPANS


def test_spans_that_begin_at_once_are_not_lost_between_pages(read: Callable[..., Reader]) -> None:
    reader = read([call(number, start_ns=START, end_ns=START + SECOND) for number in range(20)])
    assert len({one.span_id for one in through(reader.calls, limit=3)}) == 20
    assert len({one.trace_id for one in through(reader.traces, limit=3)}) == 20


def test_what_comes_later_does_not_move_a_page(read: Callable[..., Reader], path: Path) -> None:
    reader = read([call(number) for number in range(10)])
    first = reader.calls(limit=5)
    store = Store(path)
    store.add_spans([call(number) for number in range(20, 25)])
    store.close()
    rest = reader.calls(limit=10, after=first.next)
    assert [one.span_id for one in (*first.items, *rest.items)] == [span_id(n) for n in range(9, -1, -1)]


def test_traces_come_once_each(reader: Reader) -> None:
    traces = through(reader.traces, limit=7)
    assert len({one.trace_id for one in traces}) == len(traces) == SPANS // 5
    for one in traces:
        assert (one.name, one.spans, one.calls, one.ended) == ("POST /ask", 5, 2, True)
        assert one.cost["USD"] > 0
        assert one.input_tokens is not None


@pytest.mark.parametrize(
    "filters",
    [
        Filters(service="desk"),
        Filters(model="gpt-4o"),
        Filters(provider="anthropic"),
        Filters(operation="embeddings"),
        Filters(user="user-15"),
        Filters(conversation="conversation-15"),
        Filters(error_kind="timeout"),
        Filters(failed=True),
        Filters(outcome="completed", service="shop"),
        Filters(text="number 505"),
        Filters(text="NUMBER 505"),
        Filters(since_ns=START + 86_400 * SECOND, until_ns=START + 2 * 86_400 * SECOND),
        Filters(model="gpt-4o", user="user-15", since_ns=START),
    ],
    ids=str,
)
def test_filters(reader: Reader, filters: Filters) -> None:
    """Against every span, looked at in Python."""

    def is_meant(whole: Any) -> bool:
        found = whole.span
        fields = ("service", "model", "provider", "operation", "user", "conversation", "error_kind", "outcome")
        return (
            all(getattr(filters, name) in (None, getattr(found, name)) for name in fields)
            and (filters.since_ns is None or found.start_ns >= filters.since_ns)
            and (filters.until_ns is None or found.start_ns < filters.until_ns)
            and (not filters.failed or found.status == "error")
            and (filters.text is None or filters.text.lower() in f"{found.name} {whole.content}".lower())
        )

    meant = [whole.span for whole in reader.all_spans() if is_meant(whole)]
    assert meant
    assert len(meant) < SPANS
    assert {one.span_id for one in through(reader.spans, filters=filters, limit=9)} == {one.span_id for one in meant}
    assert {one.trace_id for one in through(reader.traces, filters=filters, limit=3)} == {o.trace_id for o in meant}
    assert len(through(reader.calls, filters=filters)) == len(
        [one for one in meant if one.operation in ("chat", "embeddings")]
    )


@pytest.mark.parametrize(
    "text, found",
    [
        ("parcel", [1]),
        ("PARCEL", [1]),
        ("東京都", [2]),
        ("京", [2]),
        ('say "no"', [3]),
        ("two\nlines", [3]),
        ("100%", [4]),
        ("1_0", []),
        ("a\\b", [4]),
        ("nothing", []),
        ("work of", [5]),
        ("' OR 1=1 --", []),
        ('" OR "', []),
        ("\ud83d", [1]),  # half a character, which is kept as a question mark
        ("par\0cel", [1]),
        ("", [1, 2, 3, 4, 5]),
    ],
)
def test_any_part_of_a_text_is_found(read: Callable[..., Reader], text: str, found: list[int]) -> None:
    texts = ["Where is my parcel?", "東京都庁はどこですか", 'I say "no",\ntwo\nlines', "100% a\\b"]
    spans = [call(n, {semconv.INPUT_MESSAGES: messages(said)}) for n, said in enumerate(texts, 1)]
    reader = read([*spans, span(5, name="work of a day")])
    assert [one.span_id for one in reader.spans(Filters(text=text)).items] == [span_id(n) for n in reversed(found)]


@pytest.mark.parametrize("limit", [1, 0, -1])
def test_a_page_has_something_on_it(reader: Reader, limit: int) -> None:
    assert len(reader.calls(limit=limit).items) == len(reader.traces(limit=limit).items) == 1


@pytest.mark.parametrize("after", ["", "x", "1", "1.x", "."])
def test_a_place_that_no_page_has_said(reader: Reader, after: str) -> None:
    with pytest.raises(ValueError, match="no place to go on from"):
        reader.calls(after=after)


def test_names(reader: Reader) -> None:
    assert reader.names("model") == sorted(["gpt-4o", "gpt-4o-mini", "claude-haiku-4-5", "text-embedding-3-small"])
    assert reader.names("service") == ["desk", "shop"]
    with pytest.raises(ValueError, match="accepted: service, model"):
        reader.names("attributes")


# --- one by one


def test_a_trace_is_whole(read: Callable[..., Reader]) -> None:
    inner = call(
        2,
        {semconv.INPUT_MESSAGES: messages("Hello"), "more": [1, 2]},
        trace_id=trace_id(1),
        parent_id=span_id(1),
        events=[Event("tick", START, {"n": 1})],
        links=[Link(trace_id(9), span_id(9), {})],
    )
    spans = [inner, span(1), span(3)]
    greeting = LogRecord(START, SHOP, body="hi", trace_id=trace_id(1))
    logs = [verdict(2, 0.5, trace_id=trace_id(1)), greeting, verdict(3, 1.0)]
    reader = read(spans, logs)
    found = reader.trace(trace_id(1))
    assert found is not None
    assert [one.span.span_id for one in found.spans] == [span_id(1), span_id(2)]
    assert found.spans[1].content[semconv.INPUT_MESSAGES][0]["parts"][0]["content"] == "Hello"
    assert found.spans[1].attributes["more"] == [1, 2]
    assert found.spans[1].events == [{"name": "tick", "time_ns": START, "attributes": {"n": 1}}]
    assert found.spans[1].links == [{"trace_id": trace_id(9), "span_id": span_id(9), "attributes": {}}]
    assert [log.body for log in found.logs] == ["hi", None]
    assert [one.score for one in reader.evaluations(trace_id(1))] == [0.5]
    assert [one.score for one in reader.evaluations(trace_id(1), span_id(2))] == [0.5]
    assert reader.evaluations(trace_id(1), span_id(1)) == []
    assert reader.trace(trace_id(77)) is None


def test_a_trace_whose_root_is_missing(read: Callable[..., Reader]) -> None:
    (found,) = read([call(1, parent_id=span_id(9))]).traces().items
    assert (found.name, found.ended) == ("chat gpt-4o", False)


def test_a_conversation_goes_over_traces(read: Callable[..., Reader]) -> None:
    about = {semconv.CONVERSATION_ID: "c1"}
    reader = read([call(3, about), call(1, about), span(2, attributes=about), call(4, {semconv.CONVERSATION_ID: "c2"})])
    assert [one.span.span_id for one in reader.conversation("c1")] == [span_id(1), span_id(3)]
    assert [one.span.span_id for one in reader.conversation("c1", limit=1)] == [span_id(3)]
    assert reader.conversation("c3") == []


# --- sums


def test_totals_against_all_calls(reader: Reader) -> None:
    calls = through(reader.calls)
    for by in ("model", "user", "service", "provider"):
        totals = reader.totals(by)
        assert {one.key for one in totals} == {getattr(one, by) for one in calls}
        for total in totals:
            mine = [one for one in calls if getattr(one, by) == total.key]
            assert total.calls == len(mine)
            assert total.input_tokens == sum(one.input_tokens for one in mine)
            assert total.cost["USD"] == pytest.approx(sum(one.cost for one in mine))
            assert total.errors == sum(total.errors_by_kind.values()) == sum(bool(one.error_kind) for one in mine)
            durations = sorted(one.duration_ns for one in mine)
            assert total.duration_ns is not None
            assert total.duration_ns.p50 == durations[-(-len(durations) // 2) - 1]
            assert total.duration_ns.p99 == durations[-(-len(durations) * 99 // 100) - 1]


def test_totals(read: Callable[..., Reader]) -> None:
    priced = {semconv.COST_AMOUNT: 0.5, semconv.COST_CURRENCY: "USD", semconv.USAGE["input_tokens"]: 10}
    failed = {semconv.ERROR_KIND: "timeout"}
    spans = [
        call(1, priced | {semconv.RETRY_ATTEMPTS: 3, semconv.TIME_TO_FIRST_TOKEN: 0.5}),
        call(2, priced | {semconv.COST_CURRENCY: "EUR"}),
        call(3, failed, status="error"),
        call(4, status="error"),
        call(5),
        span(6),
        call(7, {semconv.REQUEST_MODEL: "other"}, start_ns=START + 7200 * SECOND, end_ns=START + 7300 * SECOND),
    ]
    reader = read(spans)
    total, other = reader.totals("model")
    assert (total.key, total.calls, total.errors, total.retries, total.input_tokens) == ("gpt-4o", 5, 2, 2, 20)
    assert total.errors_by_kind == {"timeout": 1, "unknown": 1}
    assert total.cost == {"USD": 0.5, "EUR": 0.5}
    assert total.unpriced == 1
    assert total.ttft_ns is not None
    assert total.ttft_ns.p95 == 500_000_000
    assert other.ttft_ns is None
    (whole,) = reader.totals()
    assert (whole.key, whole.calls) == (None, 6)
    hours = reader.totals("hour")
    assert [one.calls for one in hours] == [5, 1]
    assert [one.key for one in hours] == [START // (3600 * SECOND) * 3600 * SECOND + n * 3600 * SECOND for n in (0, 2)]
    assert reader.totals("day", Filters(until_ns=START)) == []
    assert reader.totals(None, Filters(model="nobody's")) == []
    with pytest.raises(ValueError, match="accepted: service, model"):
        reader.totals("name; DROP TABLE spans")


def test_a_call_belongs_to_the_workflow_of_its_trace(read: Callable[..., Reader]) -> None:
    def flow(number: int, name: str, trace: int) -> SpanRecord:
        return span(number, trace_id=trace_id(trace), attributes={semconv.WORKFLOW_NAME: name})

    spans = [flow(1, "outer", 1), flow(2, "inner", 1), call(3, trace_id=trace_id(1)), flow(4, "else", 2), call(5)]
    totals = read([*spans, call(6, trace_id=trace_id(2))]).totals("workflow")
    assert {one.key: one.calls for one in totals} == {"outer": 1, "else": 1, None: 1}


def test_prompts_that_are_repeated(read: Callable[..., Reader]) -> None:
    def asked(number: int, content: str, cost: float | None) -> SpanRecord:
        about: dict[str, Any] = {semconv.CONTENT_HASH: content, semconv.USAGE["input_tokens"]: 10}
        return call(number, about | ({} if cost is None else {semconv.COST_AMOUNT: cost, semconv.COST_CURRENCY: "USD"}))

    spans = [asked(1, "a", 1.0), asked(2, "a", 2.0), asked(3, "b", 5.0), asked(4, "c", None), asked(5, "c", None)]
    first, second = read([*spans, asked(6, "a", 4.0)]).repeated()
    assert (first.content_hash, first.calls, first.cost, first.avoidable) == ("a", 3, {"USD": 7.0}, {"USD": 6.0})
    assert (first.input_tokens, first.span_id, first.last_ns) == (30, span_id(1), START + 6 * SECOND)
    assert (second.content_hash, second.calls, second.cost) == ("c", 2, {})


def test_scores(read: Callable[..., Reader]) -> None:
    late = {"time_ns": START + 7200 * SECOND}
    logs = [verdict(1, 1.0, "good"), verdict(2, 0.5, "bad"), verdict(3, None), verdict(4, 0.0, "bad", **late)]
    reader = read([], [*logs, verdict(5, 0.9, source=DESK)])
    (whole,) = reader.scores(service="shop")
    assert (whole.evaluation, whole.verdicts, whole.scored, whole.mean) == ("faithfulness", 4, 3, 0.5)
    assert (whole.lowest, whole.highest, whole.labels) == (0.0, 1.0, {"good": 1, "bad": 2})
    assert [(one.verdicts, one.mean) for one in reader.scores("hour", service="shop")] == [(3, 0.75), (1, 0.0)]
    assert reader.scores(until_ns=START) == []
    with pytest.raises(ValueError, match="accepted: hour, day"):
        reader.scores("week")


def test_info(reader: Reader, kept: Path) -> None:
    info = reader.info()
    assert info.rows == {"spans": SPANS, "logs": 100, "metric_points": 0}
    assert info.services.keys() == {"shop", "desk"}
    assert info.bytes >= kept.stat().st_size
    assert (info.oldest_ns, [process.spans for process in info.processes]) == (START, [SPANS])


# --- the file


def test_a_missing_file_is_said(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="is not there: nothing has been recorded yet"):
        Reader(tmp_path / "none.db")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("content", [b"", b"garbage " * 1000])
def test_a_file_that_is_no_store(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "file.db"
    file.write_bytes(content)
    if content:
        with pytest.raises(StoreError, match="corrupt"):
            Reader(file)
        assert file.read_bytes() == content
    else:  # begun by somebody this very moment
        with Reader(file) as reader:
            assert reader.calls().items == []


def test_a_reader_cannot_write(reader: Reader) -> None:
    with pytest.raises(sqlite3.OperationalError, match="readonly"):
        reader._db.execute("DELETE FROM spans")


# --- how it is found

QUESTIONS: dict[str, Callable[[Reader], Any]] = {
    "traces": lambda reader: reader.traces(),
    "traces, next page": lambda reader: reader.traces(after=reader.traces().next),
    "calls": lambda reader: reader.calls(),
    **{
        f"{what} of a {name}": lambda reader, what=what, name=name: getattr(reader, what)(Filters(**{name: "x"}))
        for what in ("calls", "traces")
        for name in ("service", "model", "provider", "operation", "user", "tenant", "conversation", "error_kind")
    },
    "a text": lambda reader: reader.calls(Filters(text="number 505")),
    "a trace": lambda reader: reader.trace(trace_id(1)),
    "a conversation": lambda reader: reader.conversation("conversation-15"),
    "evaluations": lambda reader: reader.evaluations(trace_id(1)),
    **{f"totals by {by}": lambda reader, by=by: reader.totals(by) for by in KEYS},
    **{
        f"totals by {by} of a day": lambda reader, by=by: reader.totals(
            by, Filters(since_ns=START, until_ns=START + 86_400 * SECOND)
        )
        for by in KEYS
    },
    "repeated": lambda reader: reader.repeated(),
    "scores": lambda reader: reader.scores("hour"),
    "names": lambda reader: reader.names("user"),
}


@pytest.mark.parametrize("question", QUESTIONS)
def test_it_is_found_by_an_index(reader: Reader, question: str) -> None:
    """No question goes through the rows, which are long; sums are over an index that has all that is summed."""
    asked: list[str] = []
    reader._db.set_trace_callback(asked.append)
    QUESTIONS[question](reader)
    reader._db.set_trace_callback(None)
    asked = [sql for sql in asked if sql.startswith(("SELECT", "WITH")) and "'main'." not in sql]  # but SQLite's own
    assert asked
    for sql in asked:
        for *_, step in reader._db.execute(f"EXPLAIN QUERY PLAN {sql}"):
            assert not re.match(r"SCAN (spans|s|logs)\b(?! USING)", step), (step, sql)
            if question.startswith("totals") and "of a" not in question:
                assert not re.match(r"(SCAN|SEARCH) spans USING INDEX", step), (step, sql)


def test_a_question_without_an_index_would_be_seen(reader: Reader) -> None:
    plan = reader._db.execute("EXPLAIN QUERY PLAN SELECT * FROM spans WHERE response_model = 'x'").fetchall()
    assert plan[0][3] == "SCAN spans"
