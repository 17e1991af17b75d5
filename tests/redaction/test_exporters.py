"""What the exporters let through of the telemetry of others."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from opentelemetry.sdk.trace import ReadableSpan, SpanLimits, TracerProvider
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import Link, SpanContext, SpanKind, Status, StatusCode, TraceFlags

from genscope.features.redaction import exporters, presidio
from genscope.features.redaction.exporters import RedactingLogExporter, RedactingSpanExporter
from genscope.features.redaction.walk import FAILED
from genscope.settings import Settings

from .others import MAIL, Others


def test_all_texts_of_a_span() -> None:
    others = Others(raise_faults=True)
    link = Link(SpanContext(1, 2, False, TraceFlags(1)), {"mail": MAIL})
    with pytest.raises(ValueError), others.span(f"GET /users/{MAIL}", links=[link]) as span:
        span.add_event(f"sent to {MAIL}", {"gen_ai.prompt": MAIL}, timestamp=5)
        raise ValueError(MAIL)
    raw, seen = others.spans
    assert "jane" not in seen.to_json()
    assert seen.name == "GET /users/[EMAIL]"
    assert (seen.status.status_code, seen.status.description) == (StatusCode.ERROR, "ValueError: [EMAIL]")
    assert [event.name for event in seen.events] == ["sent to [EMAIL]", "exception"]
    assert [event.timestamp for event in seen.events] == [event.timestamp for event in raw.events]
    exception = seen.events[1].attributes or {}
    assert (exception["exception.type"], exception["exception.message"]) == ("ValueError", "[EMAIL]")
    assert "Traceback" in str(exception["exception.stacktrace"])
    assert [(link.context.span_id, dict(link.attributes or {})) for link in seen.links] == [(2, {"mail": "[EMAIL]"})]


def test_the_rest_of_a_span_stays() -> None:
    memory = InMemorySpanExporter()
    limits = SpanLimits(max_span_attributes=2, max_events=1, max_links=1, max_event_attributes=1, max_link_attributes=1)
    tracer = TracerProvider(span_limits=limits, shutdown_on_exit=False).get_tracer("others", "1.0", "https://schema")
    link = Link(SpanContext(1, 2, True), {"a": MAIL, "b": MAIL})
    with (
        tracer.start_as_current_span("parent"),
        tracer.start_as_current_span(
            "child", kind=SpanKind.CLIENT, attributes=dict.fromkeys("abcde", MAIL), links=[link, link]
        ) as span,
    ):
        span.add_event("one")
        span.add_event("two", {"a": MAIL, "b": MAIL})
    assert isinstance(span, ReadableSpan)
    before = span.to_json()
    assert RedactingSpanExporter(memory).export([span]) is SpanExportResult.SUCCESS
    (seen,) = memory.get_finished_spans()
    assert seen is not span
    assert span.to_json() == before
    for kept in ("context", "parent", "resource", "kind", "start_time", "end_time", "instrumentation_scope"):
        assert getattr(seen, kept) is getattr(span, kept)
    for dropped in ("dropped_attributes", "dropped_events", "dropped_links"):
        assert getattr(seen, dropped) == getattr(span, dropped) > 0
    for kind in ("events", "links"):
        for one, other in zip(getattr(seen, kind), getattr(span, kind), strict=True):
            assert one.dropped_attributes == other.dropped_attributes
    assert seen.events[0].dropped_attributes == 1
    assert list(seen.attributes or {}) == ["d", "e"]
    assert encode_spans([seen]).resource_spans[0].scope_spans[0].spans[0].dropped_events_count == 1


def test_what_need_not_change_is_handed_on_itself() -> None:
    others = Others(raise_faults=True)
    with others.span(attributes={"a": "nothing", "json": ' {"b":  NaN, "c": "d", "n": 12}', "n": (1, 2)}) as span:
        span.add_event("nothing", {"a": "nothing"})
    raw, seen = others.spans
    assert seen is raw


def test_ten_thousand_events() -> None:
    others = Others(raise_faults=True)
    others.tracers = TracerProvider(span_limits=SpanLimits(max_events=10_000), shutdown_on_exit=False)
    memory = InMemorySpanExporter()
    with others.span() as span:
        for number in range(10_000):
            span.add_event("chunk", {"text": f"{number} {MAIL}"})
    RedactingSpanExporter(memory).export([span])  # the span itself is what a processor gets
    (seen,) = memory.get_finished_spans()
    assert [dict(event.attributes or {}) for event in seen.events] == [
        {"text": f"{number} [EMAIL]"} for number in range(10_000)
    ]


def broken(text: str, path: str) -> str:
    if "broken" in text:
        raise RuntimeError(text)
    return text


def test_what_cannot_be_redacted_is_not_seen(caplog: pytest.LogCaptureFixture) -> None:
    """One text fails, and that text is missing: not the attribute, not the span, not the batch."""
    others = Others(redactor=broken)
    with others.span("broken name", attributes={"a": f"broken {MAIL}", "b": "fine", "c": '["broken", "fine"]'}) as span:
        span.add_event("event", {"a": "broken"})
        span.set_status(Status(StatusCode.ERROR, "broken"))
    _, seen = others.spans
    assert seen.name == FAILED
    assert dict(seen.attributes or {}) == {"a": FAILED, "b": "fine", "c": f'["{FAILED}","fine"]'}
    assert dict(seen.events[0].attributes or {}) == {"a": FAILED}
    assert (seen.status.status_code, seen.status.description) == (StatusCode.ERROR, FAILED)
    assert MAIL not in caplog.text
    assert "redacting failed (RuntimeError)" in caplog.text


@pytest.mark.parametrize(
    "options",
    [
        {"redaction_patterns": "("},
        {"redaction_rules": ["no_such_rule"]},
        {"redaction_deny": 5},
        {"redaction_style": "hash"},
        {"presidio": True},
    ],
    ids=str,
)
def test_settings_that_cannot_be_followed(options: Any, caplog: pytest.LogCaptureFixture) -> None:
    """Who asked for something that nobody understands does not want all to be seen."""
    others = Others(**options)
    with others.span("name", attributes={"a": "text", "n": 5, "j": '{"k": "v"}', "error.type": "E"}):
        pass
    _, seen = others.spans
    found = dict(seen.attributes or {})
    assert (found.pop("n"), found.pop("error.type"), found.pop("a")) == (5, "E", FAILED)
    assert "k" not in str(found)
    assert seen.name == FAILED
    assert "no text in the telemetry of others is exported: " in caplog.text


def test_presidio_that_is_not_installed(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    """Who asked for it wants nothing to be seen at which it has not looked. Said once, when it is asked for."""
    monkeypatch.setattr(presidio, "_made", {})
    monkeypatch.setattr(presidio, "find_spec", lambda name: None)
    others = [Others(presidio="en") for _ in range(2)]
    assert caplog.messages == [
        "genscope: Presidio cannot be asked, so no text that others made is exported: "
        "presidio-analyzer is not installed: pip install 'genscope[presidio]'"
    ]
    assert others[0].attributes({"a": f"to {MAIL}", "n": 5}) == {"a": FAILED, "n": 5}
    assert others[0].spans[1].name == "anything"
    assert len(caplog.messages) == 1


class HostileSpan(ReadableSpan):
    @property
    def events(self) -> Any:
        raise RuntimeError


class Nothing:
    """Not even a span."""


def test_a_span_that_cannot_be_read(caplog: pytest.LogCaptureFixture) -> None:
    memory = InMemorySpanExporter()
    context = SpanContext(1, 2, False)
    hostile = HostileSpan(MAIL, context, attributes={"a": MAIL, "n": 5}, status=Status(StatusCode.ERROR, MAIL))
    fine = ReadableSpan("fine", context)
    spans: Any = [hostile, Nothing(), fine]
    RedactingSpanExporter(memory).export(spans)
    seen, last = memory.get_finished_spans()
    assert (seen.name, seen.context, dict(seen.attributes or {})) == (FAILED, context, {"n": 5})
    assert (seen.status.status_code, seen.status.description) == (StatusCode.ERROR, None)
    assert last is fine
    assert "redacting failed" in caplog.text


def test_faults_are_raised_in_tests() -> None:
    with pytest.raises(RuntimeError):
        RedactingSpanExporter(InMemorySpanExporter(), raise_faults=True).export(
            [HostileSpan("x", SpanContext(1, 2, False))]
        )


def test_switched_off() -> None:
    others = Others(redaction="off")
    with others.span(MAIL, attributes={"password": MAIL}):
        pass
    raw, seen = others.spans
    assert seen is raw


def test_the_environment_is_heard(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GENSCOPE_REDACTION_STYLE", "mask")
    assert Others().attributes({"a": MAIL}) == {"a": "****************"}
    monkeypatch.setenv("GENSCOPE_REDACTION", "off")
    assert Others().attributes({"a": MAIL}) == {"a": MAIL}
    assert Others(settings=Settings()).attributes({"a": MAIL}) == {"a": "[EMAIL]"}


@pytest.mark.parametrize("exporter", [RedactingSpanExporter, RedactingLogExporter])
def test_options_that_are_none(exporter: Callable[..., Any]) -> None:
    with pytest.raises(TypeError, match="no setting redact"):
        exporter(InMemorySpanExporter(), redact=True)
    with pytest.raises(TypeError, match="either"):
        exporter(InMemorySpanExporter(), Settings(), redaction="off")


class Inner(SpanExporter):
    """An exporter that has its own idea of everything."""

    def __init__(self) -> None:
        self.calls: list[Any] = []

    def export(self, spans: Sequence[Any]) -> Any:
        self.calls.append([*spans])
        if not spans:
            raise ConnectionError("no route")
        return SpanExportResult.FAILURE

    def shutdown(self, timeout_millis: float = 5) -> Any:
        self.calls.append(("shutdown", timeout_millis))

    def force_flush(self, timeout_millis: int = 7) -> Any:
        self.calls.append(("flush", timeout_millis))
        return "perhaps"

    def __enter__(self) -> Inner:
        self.calls.append("enter")
        return self

    def __exit__(self, *exception: Any) -> bool:
        self.calls.append(exception[0])
        return True


def test_the_wrapped_exporter_decides() -> None:
    inner = Inner()
    exporter = RedactingSpanExporter(inner)
    assert exporter.export([ReadableSpan("x", SpanContext(1, 2, False))]) is SpanExportResult.FAILURE
    with pytest.raises(ConnectionError):
        exporter.export([])
    assert exporter.force_flush(9) == "perhaps"
    exporter.shutdown(timeout_millis=3)
    assert "timeout_millis" in inspect.getfullargspec(exporter.shutdown).args  # as the batch processor asks
    with exporter as same:
        assert same is exporter
        raise ValueError
    assert inner.calls[2:] == [("flush", 9), ("shutdown", 3), "enter", ValueError]


def test_log_exporters_that_cannot_flush() -> None:
    class Old:
        """As all were before release 1.38 of the SDK."""

    exporter: Any = RedactingLogExporter(Old())  # type: ignore[arg-type]
    assert exporter.force_flush() is True


def test_the_module_is_where_it_is_said_to_be() -> None:
    assert isinstance(RedactingSpanExporter(Inner()), SpanExporter)
    assert isinstance(RedactingLogExporter(Inner()), exporters.LogRecordExporter)  # type: ignore[arg-type]
