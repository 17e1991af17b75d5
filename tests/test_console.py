"""The console tree: hand-made spans through the SDK's own processors, and the text that comes out."""

from __future__ import annotations

import gc
import io
import itertools
import logging
import os
import re
import subprocess
import sys
import threading
import weakref
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from opentelemetry.context import Context
from opentelemetry.sdk.trace import ReadableSpan, SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor, SpanExportResult
from opentelemetry.trace import (
    NonRecordingSpan,
    Span,
    SpanContext,
    Status,
    StatusCode,
    TraceFlags,
    set_span_in_context,
)

from genscope import semconv
from genscope.core.pipeline import Faults
from genscope.local.console import ConsoleTreeExporter

START = 1_700_000_000 * 10**9
MODEL_CALL = {semconv.OPERATION_NAME: "chat", semconv.PROVIDER_NAME: "openai", semconv.SERVER_ADDRESS: "api.openai.com"}
INPUT, OUTPUT = semconv.USAGE["input_tokens"], semconv.USAGE["output_tokens"]


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


class Bench(SpanProcessor):
    """A tracer whose ended spans go to the exporter one by one, and the stream that the exporter writes to."""

    def __init__(self, stream: Any = None, **options: Any) -> None:
        self.stream = io.StringIO() if stream is None else stream
        self.exporter = ConsoleTreeExporter(self.stream, faults=Faults(raised=True), **options)
        self.handed_over: list[ReadableSpan] = []
        self.provider = TracerProvider(shutdown_on_exit=False)
        self.provider.add_span_processor(SimpleSpanProcessor(self.exporter))
        self.provider.add_span_processor(self)
        self.tracer = self.provider.get_tracer("tests")

    def on_end(self, span: ReadableSpan) -> None:
        self.handed_over.append(span)

    def start(self, name: str, parent: Span | None = None, at: float = 0.0, **attributes: Any) -> Span:
        context = set_span_in_context(parent) if parent is not None else Context()
        return self.tracer.start_span(name, context, start_time=START + int(at * 1e9), attributes=attributes)

    def call(self, parent: Span | None = None, at: float = 0.0, name: str = "chat gpt-4o-mini", **more: Any) -> Span:
        span = self.start(name, parent, at)
        span.set_attributes({**MODEL_CALL, **more})
        return span

    def end(self, span: Span, at: float = 1.0) -> ReadableSpan:
        """End the span; returns what the exporter got."""
        span.end(end_time=START + int(at * 1e9))
        return self.handed_over.pop()

    @property
    def text(self) -> str:
        return self.stream.getvalue()

    @property
    def lines(self) -> list[str]:
        return self.text.splitlines()


@pytest.fixture(autouse=True)
def plain_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("NO_COLOR", "FORCE_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE", "COLUMNS", "LINES", "COLORTERM"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm")


@pytest.fixture
def bench() -> Bench:
    return Bench()


def line(**attributes: Any) -> str:
    """The only line there is for a call with these attributes."""
    bench = Bench()
    bench.end(bench.call(**{name.replace("__", "."): value for name, value in attributes.items()}))
    (only,) = bench.lines
    return only


# --- the tree


def test_a_trace_appears_as_a_tree_when_its_root_ends(bench: Bench) -> None:
    root = bench.start("answer a question")
    embedding = bench.call(root, 0.0, "embeddings text-embedding-3-small", **{INPUT: 8})
    embedding.set_attribute(semconv.OPERATION_NAME, "embeddings")
    bench.end(embedding, 0.102)
    step = bench.start("compare", root, 0.2)
    first = bench.call(step, 0.2, **{INPUT: 1027, OUTPUT: 90, semconv.RESPONSE_FINISH_REASONS: ("stop",)})
    second = bench.call(step, 0.3, **{INPUT: 27, OUTPUT: 9, semconv.TIME_TO_FIRST_TOKEN: 0.31})
    bench.end(second, 0.8)
    bench.end(first, 1.08)
    bench.end(step, 1.2)
    assert bench.text == ""
    bench.end(root, 2.31)
    assert bench.text == (
        "\n"
        "answer a question                       2.31 s\n"
        "├── embeddings text-embedding-3-small   102 ms  8 tokens in\n"
        "└── compare                             1.00 s\n"
        "    ├── chat gpt-4o-mini                880 ms  1,027 → 90 tokens · stop\n"
        "    └── chat gpt-4o-mini                500 ms  TTFT 310 ms · 27 → 9 tokens\n"
        "3 calls · 1,062 → 99 tokens\n"
    )


@pytest.mark.parametrize("order", list(itertools.permutations(range(4))))
def test_spans_may_arrive_in_any_order(order: tuple[int, ...]) -> None:
    made = Bench()
    root = made.start("root")
    agent = made.start("agent", root, 0.1)
    first, second = made.start("first", agent, 0.2), made.start("second", agent, 0.3)
    spans = [made.end(span) for span in (second, first, agent, root)]

    at_once, one_by_one = Bench(), Bench()
    at_once.exporter.export([spans[i] for i in order])
    assert at_once.lines[1:] == made.lines[1:]
    assert [row.strip("├└─│ ").split()[0] for row in at_once.lines[1:]] == ["root", "agent", "first", "second"]

    for i in order:
        one_by_one.exporter.export([spans[i]])
    one_by_one.exporter.shutdown()
    assert sorted(re.findall("root|agent|first|second", one_by_one.text)) == ["agent", "first", "root", "second"]


def test_two_traces_do_not_mix(bench: Bench) -> None:
    one, two = bench.start("one"), bench.start("two")
    bench.end(bench.start("child of one", one))
    bench.end(bench.start("child of two", two))
    bench.end(two)
    assert "two" in bench.text
    assert "one" not in bench.text
    bench.end(one)
    assert [row.split("   ")[0] for row in bench.lines] == [
        "",
        "two",
        "└── child of two",
        "",
        "one",
        "└── child of one",
    ]


def test_a_call_without_a_parent_is_one_line(bench: Bench) -> None:
    bench.end(bench.call(**{INPUT: 27, OUTPUT: 9}), 0.5)
    assert bench.text == "chat gpt-4o-mini   500 ms  27 → 9 tokens\n"


@pytest.mark.parametrize("finish", ["shutdown", "force_flush"])
def test_what_waits_for_a_root_is_printed_in_the_end(bench: Bench, finish: str) -> None:
    root = bench.start("never ends")
    agent = bench.start("agent", root)
    bench.end(bench.call(agent))
    bench.end(agent)
    assert bench.text == ""
    getattr(bench.exporter, finish)()
    assert bench.lines[1] == "trace whose root has not ended"
    assert bench.lines[2].startswith("└── agent ")
    assert bench.lines[3].startswith("    └── chat gpt-4o-mini ")
    before = bench.text
    bench.exporter.shutdown()
    assert bench.text == before


def test_a_span_that_ends_after_its_root_is_printed_at_once(bench: Bench) -> None:
    root = bench.start("request")
    late = bench.call(root, **{semconv.STREAM_OUTCOME: "abandoned"})
    bench.end(bench.start("quick", root))
    bench.end(root)
    assert "chat" not in bench.text
    bench.end(late)
    assert bench.lines[-2] == "ended after its parent"
    assert re.fullmatch(r"└── chat gpt-4o-mini +1\.00 s  abandoned", bench.lines[-1])


def test_a_remote_parent_makes_a_root_and_each_root_takes_only_its_own(bench: Bench) -> None:
    remote = NonRecordingSpan(SpanContext(0xABC, 0xDEF, is_remote=True, trace_flags=TraceFlags(TraceFlags.SAMPLED)))
    one, two = bench.start("request one", remote), bench.start("request two", remote)
    bench.end(bench.start("child of two", two))
    bench.end(one)
    assert "request one" in bench.text
    assert "two" not in bench.text
    bench.end(two)
    assert [row.split("   ")[0] for row in bench.lines] == ["request one", "", "request two", "└── child of two"]


def test_a_parent_that_is_not_sampled_is_not_waited_for(bench: Bench) -> None:
    unsampled = NonRecordingSpan(SpanContext(0xABC, 0xDEF, is_remote=False, trace_flags=TraceFlags.get_default()))
    span = SpanContext(0xABC, 0x123, is_remote=False, trace_flags=TraceFlags(TraceFlags.SAMPLED))
    bench.exporter.export([ReadableSpan("chat", span, parent=unsampled.get_span_context())])
    assert bench.lines == ["chat"]


def test_a_deep_chain_is_neither_an_error_nor_wider_than_the_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "120")
    bench = Bench()
    chain = [bench.start("step 0")]
    for depth in range(1, 1500):
        chain.append(bench.start(f"step {depth}", chain[-1], depth / 1e6))
    for span in reversed(chain):
        bench.end(span)
    assert len(bench.lines) == 1 + len(chain)
    assert all(f"step {depth} " in row for depth, row in enumerate(bench.lines[1:]))
    assert max(map(len, bench.lines)) <= 120


# --- the line of a call


@pytest.mark.parametrize(
    "attributes, phrase",
    [
        ({semconv.TIME_TO_FIRST_TOKEN: 0.31, semconv.RESPONSE_TIME_TO_FIRST_CHUNK: 0.02}, "TTFT 310 ms"),
        ({semconv.RESPONSE_TIME_TO_FIRST_CHUNK: 0.0021}, "first chunk 2.1 ms"),
        (
            {semconv.TIME_TO_FIRST_REASONING_TOKEN: 0.12, semconv.TIME_TO_FIRST_TOKEN: 61.2},
            "reasoning after 120 ms, TTFT 1 m 01 s",
        ),
        ({INPUT: 27, OUTPUT: 9}, "27 → 9 tokens"),
        ({INPUT: 0, OUTPUT: 0}, "0 → 0 tokens"),
        ({OUTPUT: 9}, "9 tokens out"),
        (
            {
                INPUT: 1200,
                OUTPUT: 90,
                semconv.USAGE["cache_read_input_tokens"]: 1024,
                semconv.USAGE["reasoning_output_tokens"]: 64,
            },
            "1,200 → 90 tokens (cached 1,024, reasoning 64)",
        ),
        ({semconv.RESPONSE_FINISH_REASONS: ("tool_calls",)}, "tool_calls"),
        ({semconv.RESPONSE_FINISH_REASONS: ("stop", "length", "stop")}, "stop, length"),
        (
            {
                semconv.RETRY_ATTEMPTS: 3,
                semconv.RETRY_KINDS: ("rate_limit", "rate_limit"),
                semconv.RETRY_STATUSES: (429, 429),
                semconv.RETRY_BACKOFF: 1.2,
            },
            "2 retries, 1.20 s backoff: 429 rate_limit ×2",
        ),
        (
            {semconv.RETRY_ATTEMPTS: 2, semconv.RETRY_KINDS: ("connection",), semconv.RETRY_STATUSES: (0,)},
            "1 retry: connection",
        ),
        ({semconv.STREAM_OUTCOME: "abandoned", semconv.STREAM_CHUNKS: 3}, "abandoned after 3 chunks"),
        ({semconv.STREAM_OUTCOME: "abandoned", semconv.STREAM_CHUNKS: 1}, "abandoned after 1 chunk"),
        ({semconv.COST_AMOUNT: 0.001234}, "$0.0012"),
        ({semconv.COST_AMOUNT: 12.3456}, "$12.35"),
        ({semconv.COST_AMOUNT: 0.00000123}, "$0.0000012"),
        ({semconv.COST_AMOUNT: 0.0}, "$0.00"),
        ({semconv.PROVIDER_NAME: "groq", semconv.SERVER_ADDRESS: "api.groq.com"}, "groq"),
        ({semconv.PROVIDER_NAME: "_OTHER", semconv.SERVER_ADDRESS: "::1", semconv.SERVER_PORT: 8080}, "::1:8080"),
        ({semconv.PROVIDER_NAME: "ollama", semconv.SERVER_ADDRESS: "localhost", semconv.SERVER_PORT: 11434}, "ollama"),
        ({semconv.SERVER_ADDRESS: "llm.corp.example", semconv.SERVER_PORT: 443}, "openai at llm.corp.example"),
    ],
)
def test_what_a_line_says(attributes: dict[str, Any], phrase: str) -> None:
    assert line(**attributes) == f"chat gpt-4o-mini   1.00 s  {phrase}"


@pytest.mark.parametrize(
    "seconds, said",
    [
        (0.00042, "0.4 ms"),
        (0.0099, "9.9 ms"),
        (0.00996, "10 ms"),
        (0.9994, "999 ms"),
        (0.9996, "1.00 s"),
        (9.99, "9.99 s"),
        (9.996, "10.0 s"),
        (59.96, "1 m 00 s"),
        (3725, "62 m 05 s"),
    ],
)
def test_durations_are_said_in_the_unit_one_would_use(seconds: float, said: str) -> None:
    bench = Bench()
    bench.end(bench.start("x"), seconds)
    assert bench.lines == [f"x{said:>9}"]


@pytest.mark.parametrize("absent", [{semconv.STREAM_OUTCOME: "completed"}, {semconv.RETRY_ATTEMPTS: 1}, {}])
def test_what_is_as_usual_is_not_said(absent: dict[str, Any]) -> None:
    assert line(**absent) == "chat gpt-4o-mini   1.00 s"


@pytest.mark.parametrize(
    "attributes, phrase",
    [
        (
            {
                semconv.ERROR_KIND: "context_length",
                semconv.ERROR_TYPE: "context_length_exceeded",
                semconv.HTTP_STATUS: 400,
                semconv.ERROR_RETRYABLE: False,
            },
            "✗ context_length: 400 context_length_exceeded",
        ),
        (
            {semconv.ERROR_KIND: "timeout", semconv.ERROR_TYPE: "timeout", semconv.ERROR_RETRYABLE: True},
            "✗ timeout (retryable)",
        ),
        ({semconv.ERROR_TYPE: "ValueError"}, "✗ ValueError"),
        ({semconv.ERROR_KIND: "cancelled", semconv.STREAM_OUTCOME: "cancelled"}, "✗ cancelled"),
        ({}, "✗ it broke"),
    ],
)
def test_what_a_line_says_of_an_error(attributes: dict[str, Any], phrase: str) -> None:
    bench = Bench()
    span = bench.call(**attributes)
    span.set_status(Status(StatusCode.ERROR, "it broke"))
    bench.end(span)
    assert bench.lines == [f"chat gpt-4o-mini   1.00 s  {phrase}"]


def test_the_footer_sums_up_the_calls_and_not_the_agents_around_them(bench: Bench) -> None:
    usage = {INPUT: 10, OUTPUT: 5}
    root = bench.start("invoke_agent planner", None, 0.0, **{semconv.OPERATION_NAME: "invoke_agent", **usage})
    bench.end(bench.call(root, **usage, **{semconv.COST_AMOUNT: 0.5, semconv.SERVER_ADDRESS: "proxy"}))
    failed = bench.call(
        root, 0.1, **{semconv.ERROR_TYPE: "x", semconv.RETRY_ATTEMPTS: 3, semconv.SERVER_ADDRESS: "proxy"}
    )
    failed.set_status(Status(StatusCode.ERROR))
    bench.end(failed)
    bench.end(bench.start("execute_tool get_weather", root, 0.2, **{semconv.OPERATION_NAME: "execute_tool"}))
    bench.end(root)
    assert bench.lines[-1] == "2 calls · 10 → 5 tokens · 1 error · 2 retries · $0.50 · openai at proxy"
    assert sum("proxy" in row for row in bench.lines) == 1


def test_a_trace_without_calls_has_no_footer(bench: Bench) -> None:
    root = bench.start("GET /")
    bench.end(bench.start("POST", root, **{semconv.HTTP_STATUS: 200}))
    bench.end(root)
    assert bench.lines == ["", "GET /      1.00 s", "└── POST   1.00 s  200"]


def test_different_servers_stand_on_their_lines(bench: Bench) -> None:
    root = bench.start("root")
    bench.end(bench.call(root, 0.0, **{semconv.SERVER_ADDRESS: "one"}))
    bench.end(bench.call(root, 0.1, **{semconv.SERVER_ADDRESS: "two"}))
    bench.end(root)
    assert [row.rpartition(" at ")[2] for row in bench.lines[2:4]] == ["one", "two"]


def test_values_of_a_wrong_type_are_as_good_as_absent() -> None:
    names = [name for name in vars(semconv).values() if isinstance(name, str) and "." in name and "/" not in name]
    names += semconv.USAGE.values()
    for value in ("text", 7, 1.5, True, ("a", "b"), (1, 2), -1, float("nan"), float("inf")):
        bench = Bench()
        root = bench.start("root")
        bench.end(bench.start("chat", root, **dict.fromkeys(names, value)))
        bench.end(bench.call(root, 0.1, **{name: value for name in names if name not in MODEL_CALL}))
        bench.end(root)
        assert len(bench.lines) >= 4


def test_nothing_unprintable_reaches_the_terminal(bench: Bench) -> None:
    bench.end(
        bench.call(
            name="chat \x1b[2J\x07evil\nmodel\u202e" + "x" * 500,
            **{semconv.RESPONSE_FINISH_REASONS: ("\x1b]0;title\x07",), semconv.SERVER_ADDRESS: "a\x9bb"},
        )
    )
    assert len(bench.lines) == 1
    assert all(char.isprintable() for char in bench.text.rstrip("\n"))
    assert len(bench.text) < 300


def test_brackets_are_text_and_not_markup(bench: Bench) -> None:
    bench.end(bench.start("list[int] [bold]x[/bold] :smile:"))
    assert bench.lines == ["list[int] [bold]x[/bold] :smile:   1.00 s"]


# --- the terminal


def family(bench: Bench) -> None:
    root = bench.start("answer")
    retried = {semconv.RETRY_ATTEMPTS: 2, semconv.RETRY_KINDS: ("rate_limit",), semconv.RETRY_STATUSES: (429,)}
    bench.end(bench.call(root, 0.0, **retried, **{INPUT: 1, OUTPUT: 2, semconv.TIME_TO_FIRST_TOKEN: 0.2}))
    failed = bench.call(root, 0.1, **{semconv.ERROR_KIND: "quota", semconv.ERROR_TYPE: "insufficient_quota"})
    failed.set_status(Status(StatusCode.ERROR))
    bench.end(failed)
    bench.end(root)


def test_a_terminal_gets_colours_and_errors_are_red() -> None:
    bench = Bench(Terminal())
    family(bench)
    assert "\x1b[1;31m✗ quota" in bench.text


def test_no_color_is_respected(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    bench = Bench(Terminal())
    family(bench)
    assert "✗ quota" in bench.text
    assert not re.search(r"\x1b\[[0-9;]*[34]\d", bench.text)


@pytest.mark.parametrize("width", [30, 46, 60, 80, 100, 140])
def test_lines_fit_the_terminal(monkeypatch: pytest.MonkeyPatch, width: int) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("TERM", "dumb")
    monkeypatch.setenv("TTY_COMPATIBLE", "0")
    bench = Bench(Terminal())
    family(bench)
    assert max(map(len, bench.lines)) <= width
    said = " ".join(" ".join(bench.text.replace("│", " ").split()).split(" · "))
    assert "1 retry: 429 rate_limit TTFT 200 ms 1 → 2 tokens" in said
    assert "✗ quota: insufficient_quota" in said


def test_a_terminal_without_unicode_gets_ascii() -> None:
    raw = io.BytesIO()
    bench = Bench(io.TextIOWrapper(raw, encoding="ascii", errors="strict", write_through=True))
    root = bench.start("größe 大")
    bench.end(bench.call(root, **{INPUT: 1, OUTPUT: 2, semconv.RESPONSE_FINISH_REASONS: ("stop",)}))
    failed = bench.call(root, 0.1, **{semconv.ERROR_TYPE: "x"})
    failed.set_status(Status(StatusCode.ERROR))
    bench.end(failed)
    bench.end(root)
    text = raw.getvalue().decode("ascii")
    assert r"gr\xf6\xdfe \u5927" in text
    assert "+-- chat gpt-4o-mini   1.00 s  1 -> 2 tokens | stop\n" in text
    assert "`-- chat gpt-4o-mini   900 ms  x x\n" in text


class Broken(io.StringIO):
    def write(self, text: str) -> int:
        raise BrokenPipeError


def closed() -> io.StringIO:
    stream = io.StringIO()
    stream.close()
    return stream


@pytest.mark.parametrize("make", [Broken, closed])
def test_a_stream_that_is_gone_is_given_up_in_silence(
    make: Callable[[], io.StringIO], caplog: pytest.LogCaptureFixture
) -> None:
    bench = Bench(make())
    for _ in range(2):
        span = bench.end(bench.start("lost"))
        assert bench.exporter.export([span]) is SpanExportResult.SUCCESS
    bench.exporter.shutdown()
    assert not caplog.records


def test_a_process_without_stderr(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", None)
    exporter = ConsoleTreeExporter(faults=Faults(raised=True))
    bench = Bench()
    assert exporter.export([bench.end(bench.start("lost"))]) is SpanExportResult.SUCCESS


# --- robustness


def test_memory_is_bounded_by_traces_and_the_oldest_is_printed() -> None:
    bench = Bench(max_traces=3)
    roots = [bench.start(f"root {i}") for i in range(4)]
    kept = [weakref.ref(bench.end(bench.start(f"child {i}", root))) for i, root in enumerate(roots)]
    assert bench.lines[1] == "trace whose root has not ended"
    assert re.findall(r"child \d", bench.text) == ["child 0"]
    gc.collect()
    assert [ref() is None for ref in kept] == [True, False, False, False]
    bench.end(roots[0])
    assert bench.lines[-1].startswith("root 0 ")


def test_memory_is_bounded_by_spans() -> None:
    bench = Bench(max_spans=5)
    roots = [bench.start("one"), bench.start("two")]
    kept = [weakref.ref(bench.end(bench.start(f"child {i}", roots[i // 4]))) for i in range(8)]
    assert re.findall(r"child \d", bench.text) == ["child 0", "child 1", "child 2", "child 3"]
    gc.collect()
    assert sum(ref() is not None for ref in kept) == 4
    for i in range(100):
        bench.end(bench.start(f"root {i}"))
    assert len(bench.exporter._printed) == 5  # ids too


def test_a_fault_of_ours_is_logged_once_and_costs_one_trace(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    from genscope.local import tree

    stream = io.StringIO()
    exporter = ConsoleTreeExporter(stream)
    bench = Bench()
    spans = [bench.end(bench.start(f"root {i}")) for i in range(3)]
    with monkeypatch.context() as broken, caplog.at_level(logging.WARNING):
        broken.setattr(tree, "render", lambda *_, **__: 1 / 0)
        assert exporter.export(spans[:1]) is SpanExportResult.SUCCESS
        assert exporter.export(spans[1:2]) is SpanExportResult.SUCCESS
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    exporter.export(spans[2:])
    assert stream.getvalue().startswith("root 2 ")


def test_without_rich_it_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setitem(sys.modules, "rich", None)
    stream = io.StringIO()
    exporter = ConsoleTreeExporter(stream, faults=Faults(raised=True))
    assert "pip install 'genscope[cli]'" in caplog.text
    bench = Bench()
    assert exporter.export([bench.end(bench.start("lost"))]) is SpanExportResult.SUCCESS
    assert stream.getvalue() == ""


def test_a_span_that_ends_while_we_print_does_not_deadlock() -> None:
    bench = Bench()
    spans = [bench.end(bench.start(f"root {i}")) for i in range(3)]

    class Collecting(io.StringIO):
        """The garbage collector ends a span in the middle of a write."""

        def write(self, text: str) -> int:
            if spans:
                exporter.export([spans.pop()])
            return super().write(text)

    stream = Collecting()
    exporter = ConsoleTreeExporter(stream, faults=Faults(raised=True))
    exporter.export([spans.pop()])
    assert re.findall(r"root \d", stream.getvalue()) == ["root 2", "root 1", "root 0"]


def test_threads_print_every_trace_once_and_whole() -> None:
    bench = Bench()
    barrier = threading.Barrier(4)

    def work(thread: int) -> None:
        barrier.wait()
        for i in range(20):
            root = bench.start(f"root {thread}.{i}")
            bench.end(bench.start(f"child {thread}.{i}", root))
            bench.end(root)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    bench.exporter.shutdown()
    blocks = bench.text.split("\n\n")
    assert len(blocks) == 80
    assert len(set(blocks)) == 80
    for block in blocks:
        assert len(set(re.findall(r"\d+\.\d+ ", block.replace("1.00 s", "")))) == 1


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_a_forked_child_leaves_the_parents_spans_alone() -> None:
    script = """
import os, sys
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from genscope.local.console import ConsoleTreeExporter
exporter = ConsoleTreeExporter(sys.stdout)
provider = TracerProvider(shutdown_on_exit=False)
provider.add_span_processor(SimpleSpanProcessor(exporter))
tracer = provider.get_tracer("fork")
root = tracer.start_as_current_span("of the parent")
with root:
    tracer.start_span("waiting").end()
    exporter._printing.acquire()  # a thread of the parent is printing, and does not exist in the child
    child = os.fork()
    if child == 0:
        from opentelemetry.context import Context
        tracer.start_span("of the child", Context()).end()
        exporter.shutdown()
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0
    exporter._printing.release()
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert re.findall(r"of the child|of the parent|waiting", done.stdout) == [
        "of the child",
        "of the parent",
        "waiting",
    ]


# --- the SDK's automatic configuration


@pytest.mark.parametrize(
    "exporters, delay, expected",
    [
        ("genscope_console", None, "200"),
        ("genscope_console", "1000", "1000"),
        ("genscope_console,otlp", None, None),
        ("otlp", None, None),
        (None, None, None),
    ],
)
def test_the_sdks_batches_become_short_where_nobody_else_is_affected(
    monkeypatch: pytest.MonkeyPatch, exporters: str | None, delay: str | None, expected: str | None
) -> None:
    for name, value in (("OTEL_TRACES_EXPORTER", exporters), ("OTEL_BSP_SCHEDULE_DELAY", delay)):
        monkeypatch.setenv(name, value or "")
        if value is None:
            monkeypatch.delenv(name)
    ConsoleTreeExporter(io.StringIO())
    assert os.environ.get("OTEL_BSP_SCHEDULE_DELAY") == expected


@pytest.fixture
def running_program() -> Iterator[subprocess.Popen[str]]:
    """A program under the SDK's automatic configuration that ends a trace and then waits for its standard input."""
    script = """
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace import TracerProvider
from genscope.local.console import ConsoleTreeExporter
provider = TracerProvider()
provider.add_span_processor(BatchSpanProcessor(ConsoleTreeExporter()))
tracer = provider.get_tracer("live")
with tracer.start_as_current_span("at once"):
    pass
print("answer", flush=True)
input()
"""
    environ = {**os.environ, "OTEL_TRACES_EXPORTER": "genscope_console"}
    with subprocess.Popen(
        [sys.executable, "-c", script],
        env=environ,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as program:
        yield program
        if program.poll() is None:
            program.communicate("done\n", timeout=60)


def test_a_trace_is_shown_on_stderr_while_the_program_runs(running_program: subprocess.Popen[str]) -> None:
    assert running_program.stdout is not None
    assert running_program.stderr is not None
    assert running_program.stdout.readline() == "answer\n"
    assert running_program.stderr.readline().startswith("at once ")
    assert running_program.poll() is None
    out, err = running_program.communicate("done\n", timeout=60)
    assert (out, err, running_program.returncode) == ("", "", 0)
