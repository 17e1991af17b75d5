"""The log events of a call: its details, and the exception it let out."""

from __future__ import annotations

import importlib
import logging
from inspect import signature
from typing import Any

import pytest
from contract.cases import OPENAI
from contract.recorder import Recorder, instrumented
from contract.vocabulary import MODES, Mode
from conversations import (
    CONTENT,
    INPUT,
    OUTPUT,
    TALKS,
    Logbook,
    Told,
    attributes_of,
    content_of,
    name_of,
    tell,
)
from opentelemetry import _logs
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF

from genscope.local.simulator import Simulator
from genscope.telemetry import content as writer

DETAILS = "gen_ai.client.inference.operation.details"
EXCEPTION = "gen_ai.client.operation.exception"
STRUCTURED = "event_name" in signature(_logs.Logger.emit).parameters
"""Before, attributes were flat, and events had an API of their own, which knows no text for a severity."""


def of_details(told: Told) -> dict[str, Any]:
    """The attributes of the one event that tells the details."""
    record = told.logbook.event(DETAILS)
    assert record.severity_number.value == 5
    assert record.severity_text == ("DEBUG" if STRUCTURED else None)
    assert record.body is None
    of_the_span(told, record)
    return attributes_of(record)


def of_the_span(told: Told, record: Any) -> None:
    span = told.recorder.span().context
    assert span is not None
    assert (record.trace_id, record.span_id) == (span.trace_id, span.span_id)
    assert record.trace_flags == span.trace_flags
    end = told.recorder.span().end_time
    assert end is not None
    assert record.timestamp >= (told.recorder.span().start_time or 0) > 0


def without_content(attributes: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in attributes.items() if name not in CONTENT}


# --- the details of a call

STREAMS = ("chat", "choices", "tools", "responses", "completions", "fetch_response", "transcription")
BEGUN = [*((name, "plain") for name in TALKS), *((name, "stream") for name in STREAMS)]


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("name, shape", BEGUN)
def test_the_event_has_what_was_said(name: str, shape: str, mode: Mode, simulator: Simulator) -> None:
    told = tell(TALKS[name], simulator, shape, mode, capture_message_content="EVENT_ONLY")
    attributes = of_details(told)
    assert content_of(attributes) == TALKS[name].content
    assert all(type(attributes[one]) is not str for one in TALKS[name].content) == STRUCTURED
    assert without_content(attributes) == told.attributes
    assert not set(CONTENT) & told.attributes.keys()


@pytest.mark.parametrize("name, shape", BEGUN)
def test_both_have_what_was_said(name: str, shape: str, simulator: Simulator) -> None:
    told = tell(TALKS[name], simulator, shape, capture_message_content="SPAN_AND_EVENT")
    assert content_of(of_details(told)) == content_of(told.attributes) == TALKS[name].content


ENDS = [("plain", "bad_request"), ("stream", "bad_request"), ("stream", "error_midway"), ("stream", "closed")]


@pytest.mark.parametrize("shape, outcome", ENDS)
@pytest.mark.parametrize("name", ["chat", "responses", "completions"])
def test_the_event_of_a_call_that_ends_early(name: str, shape: str, outcome: str, simulator: Simulator) -> None:
    told = tell(TALKS[name], simulator, shape, outcome=outcome, capture_message_content="SPAN_AND_EVENT")
    attributes = of_details(told)
    assert content_of(attributes) == content_of(told.attributes)
    assert without_content(attributes) == without_content(told.attributes)
    assert (OUTPUT in attributes) == (outcome != "bad_request" and (name, outcome) != ("responses", "closed"))


def test_retries_are_told_the_same(simulator: Simulator) -> None:
    told = tell(TALKS["chat"], simulator, outcome="retried", emit_event=True)
    attributes = of_details(told)
    assert attributes["genscope.retry.kinds"] == ("rate_limit", "rate_limit")
    assert attributes == told.attributes


@pytest.mark.parametrize("capture", ["NO_CONTENT", "SPAN_ONLY"])
def test_an_event_without_content(capture: str, simulator: Simulator) -> None:
    told = tell(TALKS["chat"], simulator, capture_message_content=capture, emit_event=True)
    assert of_details(told) == without_content(told.attributes)


@pytest.mark.parametrize("options", [{}, {"capture_message_content": "SPAN_ONLY"}], ids=["default", "span"])
def test_no_event_unasked(options: dict[str, Any], simulator: Simulator) -> None:
    assert tell(TALKS["chat"], simulator, **options).logbook.records == []


def test_no_event_against_a_word(simulator: Simulator) -> None:
    told = tell(TALKS["chat"], simulator, capture_message_content="SPAN_AND_EVENT", emit_event=False)
    assert told.logbook.records == []
    assert content_of(told.attributes) == TALKS["chat"].content


def test_the_scope_is_ours(simulator: Simulator) -> None:
    found: list[Any] = []

    class Scopes(Logbook):
        def on_emit(self, log_record: Any) -> None:
            super().on_emit(log_record)
            found.append(log_record.instrumentation_scope)

    tell(TALKS["chat"], simulator, emit_event=True, logger_provider=Scopes().provider)
    (scope,) = found
    span = tell(TALKS["chat"], simulator).recorder.span().instrumentation_scope
    assert span is not None
    assert (scope.name, scope.version, scope.schema_url) == (span.name, span.version, span.schema_url)


# --- who listens


@pytest.fixture
def no_global_provider(monkeypatch: pytest.MonkeyPatch) -> None:
    """As in an application that has set none yet; what a test sets is forgotten."""
    globals = {"opentelemetry._logs._internal": ("_LOGGER_PROVIDER", "_LOGGER_PROVIDER_SET_ONCE")}
    if not STRUCTURED:
        globals["opentelemetry._events"] = ("_EVENT_LOGGER_PROVIDER", "_EVENT_LOGGER_PROVIDER_SET_ONCE")
    for module, (provider, once) in globals.items():
        found = importlib.import_module(module)
        monkeypatch.setattr(found, provider, None)
        monkeypatch.setattr(found, once, type(getattr(found, once))())


def set_global(logbook: Logbook) -> None:
    _logs.set_logger_provider(logbook.provider)
    if not STRUCTURED:  # as the SDK's own configuration does
        events = importlib.import_module("opentelemetry.sdk._events").EventLoggerProvider(logbook.provider)
        importlib.import_module("opentelemetry._events").set_event_logger_provider(events)


ALL = {"capture_message_content": "EVENT_ONLY", "exception_signal": "logs"}


@pytest.mark.usefixtures("no_global_provider")
@pytest.mark.parametrize("outcome", ["ok", "bad_request"])
def test_nobody_listens(outcome: str, simulator: Simulator, monkeypatch: pytest.MonkeyPatch) -> None:
    written: list[Any] = []
    monkeypatch.setattr(writer, "to_plain", lambda *_: written.append(_))
    monkeypatch.setattr(writer, "to_json", lambda *_: written.append(_))
    told = tell(TALKS["chat"], simulator, outcome=outcome, logs=False, **ALL)
    assert told.attributes
    assert written == []


@pytest.mark.usefixtures("no_global_provider")
def test_calls_pass_by_while_there_is_no_provider_at_all(simulator: Simulator, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only logs are asked for here, and nobody has set a provider for them."""
    begun: list[Any] = []
    monkeypatch.setattr("genscope.core.call.Call.begin", lambda *_: begun.append(_))
    recorder = Recorder()
    with instrumented(OPENAI, recorder, tracer_provider=None, meter_provider=None, **ALL):
        _call(simulator)
    assert begun == []


@pytest.mark.usefixtures("no_global_provider")
def test_the_global_provider_may_come_later(simulator: Simulator) -> None:
    recorder, logbook = Recorder(), Logbook()
    with instrumented(OPENAI, recorder, **ALL):
        _call(simulator)
        assert logbook.records == []
        set_global(logbook)
        _call(simulator)
    assert content_of(attributes_of(logbook.event(DETAILS)))[INPUT]


@pytest.mark.usefixtures("no_global_provider")
def test_the_provider_that_is_given_wins(simulator: Simulator) -> None:
    given, other = Logbook(), Logbook()
    set_global(other)
    with instrumented(OPENAI, logger_provider=given.provider, **ALL):
        _call(simulator)
    assert name_of(given.event(DETAILS)) == DETAILS
    assert other.records == []


def test_logs_alone_are_enough(simulator: Simulator) -> None:
    """Neither traces nor metrics are recorded; the event belongs to no span then."""
    logbook = Logbook()
    with instrumented(OPENAI, Recorder(sampler=ALWAYS_OFF), meter_provider=MeterProvider(shutdown_on_exit=False),
                      logger_provider=logbook.provider, **ALL):  # fmt: skip
        _call(simulator)
    assert content_of(attributes_of(logbook.event(DETAILS)))[OUTPUT]


@pytest.mark.skipif(not hasattr(_logs.Logger, "enabled"), reason="this OpenTelemetry has no such question")
def test_what_a_processor_does_not_want_is_not_written(simulator: Simulator, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Any] = []

    class Deaf(Logbook):
        def enabled(self, **question: Any) -> bool:
            asked.append((question["event_name"], question["severity_number"].value))
            return False

    written: list[Any] = []
    monkeypatch.setattr(writer, "to_plain", lambda *_: written.append(_))
    deaf = Deaf()
    tell(TALKS["chat"], simulator, logger_provider=deaf.provider, **ALL)
    assert asked == [(DETAILS, 5)]
    assert deaf.records == written == []


def _call(simulator: Simulator) -> None:
    http = OPENAI.http_client("sync")
    client = OPENAI.client("sync", simulator.base_url("ok"), http)
    client.chat.completions.create(model="gpt-4o", messages=[{"role": "user", "content": "hi"}])
    http.close()


# --- exceptions

SIGNALS = {"spans": (True, False), "logs": (False, True), "logs/dup": (True, True)}
CAPTURES = {
    "NO_CONTENT": (False, False),
    "SPAN_ONLY": (True, False),
    "EVENT_ONLY": (False, True),
    "SPAN_AND_EVENT": (True, True),
}
FAILURES = [("chat", "plain", "bad_request"), ("chat", "stream", "cut_midway"), ("completions", "plain", "bad_request")]


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("capture", CAPTURES)
@pytest.mark.parametrize("signal", SIGNALS)
@pytest.mark.parametrize("name, shape, outcome", FAILURES)
def test_where_an_exception_is_written(
    name: str, shape: str, outcome: str, signal: str, capture: str, mode: Mode, simulator: Simulator
) -> None:
    options = {"exception_signal": signal, "capture_message_content": capture, "emit_event": False}
    told = tell(TALKS[name], simulator, shape, mode, outcome, **options)
    on_span, on_log = SIGNALS[signal]
    text_on_span, text_on_log = CAPTURES[capture]

    events = told.recorder.span().events
    assert [event.name for event in events] == (["exception"] if on_span else [])
    for event in events:
        _tells(dict(event.attributes or {}), text_on_span)
    assert len(told.logbook.records) == on_log
    if on_log:
        record = told.logbook.event(EXCEPTION)
        assert record.severity_number.value == 13
        assert record.severity_text == ("WARN" if STRUCTURED else None)
        of_the_span(told, record)
        _tells(attributes_of(record), text_on_log)


EXCEPTIONS = ("BadRequestError", "APIConnectionError", "RemoteProtocolError")
"""Of a body that is cut off, some releases of the SDK let out what the HTTP library raises."""


def _tells(attributes: dict[str, Any], text: bool) -> None:
    names = {"exception.type", "exception.stacktrace"}
    assert attributes.keys() == names | ({"exception.message"} if text else set())
    assert attributes["exception.type"].rpartition(".")[2] in EXCEPTIONS
    assert f"in {test_where_an_exception_is_written.__name__}" in attributes["exception.stacktrace"]
    if text:
        assert attributes["exception.message"]
        assert attributes["exception.message"] not in attributes["exception.stacktrace"]


@pytest.mark.parametrize("signal", ["logs", "logs/dup"])
@pytest.mark.parametrize("shape, outcome", [("plain", "ok"), ("stream", "closed")])
def test_no_exception_no_event(shape: str, outcome: str, signal: str, simulator: Simulator) -> None:
    told = tell(TALKS["chat"], simulator, shape, outcome=outcome, exception_signal=signal)
    assert told.logbook.records == []
    assert told.recorder.span().events == ()


@pytest.mark.parametrize("budget, expected", [(0, None), (1, None), (8, "Err"), (131_072, "Error code: 400 - ")])
def test_the_text_of_an_exception_has_the_budget_of_content(
    budget: int, expected: str | None, simulator: Simulator
) -> None:
    options = {"capture_message_content": "SPAN_AND_EVENT", "emit_event": False, "max_content_bytes": budget}
    told = tell(TALKS["chat"], simulator, outcome="bad_request", exception_signal="logs/dup", **options)
    (event,) = told.recorder.span().events
    for attributes in (dict(event.attributes or {}), attributes_of(told.logbook.event(EXCEPTION))):
        message = attributes.get("exception.message")
        assert (message is None) == (expected is None)
        assert message is None or (message.startswith(expected or "") and len(message.encode()) <= budget)


def test_a_failed_call_has_both_events(simulator: Simulator) -> None:
    told = tell(TALKS["chat"], simulator, outcome="bad_request", **ALL)
    assert {name_of(record) for record in told.logbook.records} == {DETAILS, EXCEPTION}


# --- faults


def test_a_log_that_breaks_is_no_fault_of_the_call(simulator: Simulator, caplog: pytest.LogCaptureFixture) -> None:
    class Broken(Logbook):
        def on_emit(self, log_record: Any) -> None:
            raise RuntimeError("no")

    recorder = Recorder()
    with caplog.at_level(logging.WARNING), instrumented(
        OPENAI, recorder, logger_provider=Broken().provider, raise_faults=False, **ALL
    ):  # fmt: skip
        _call(simulator)
    assert recorder.span().end_time
    assert [record.getMessage() for record in caplog.records if record.name == "genscope"] == [
        "genscope: Details.end failed (RuntimeError); the call is not affected"
    ]


def test_events_that_cannot_be_written_cost_the_span_nothing(
    simulator: Simulator, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(log: Any, provider: Any) -> None:
        raise ImportError("a release of OpenTelemetry that nobody knows yet")

    monkeypatch.setattr("genscope.telemetry.events.EventLog.__init__", broken)
    told = tell(TALKS["chat"], simulator, "plain", MODES[0], capture_message_content="SPAN_AND_EVENT")
    assert told.recorder.span().attributes[INPUT]
    assert "no events are written" in caplog.text
