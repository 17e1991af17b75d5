"""`OTEL_TRACES_EXPORTER=genscope_redacted`: for whom nobody writes a line of code."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

import pytest
from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter as Grpc
from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter as HttpLogs
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter as Http
from opentelemetry.sdk.trace.export import ConsoleSpanExporter, SpanExportResult

from genscope.features.redaction import named_exporters
from genscope.features.redaction.named_exporters import RedactedLogs, RedactedSpans
from genscope.local.console import ConsoleTreeExporter

from .others import MAIL

PROGRAM = f"""
import logging
from opentelemetry import trace

with trace.get_tracer("others").start_as_current_span("to {MAIL}", attributes={{"gen_ai.prompt.0.content": "{MAIL}"}}):
    logging.getLogger("others").warning("sent to %s", "{MAIL}")
"""
FOREIGN = ("OTEL_", "GENSCOPE_")


@pytest.fixture(autouse=True)
def _no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.startswith(FOREIGN):
            monkeypatch.delenv(name)


def run(**environment: str) -> subprocess.CompletedProcess[str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(FOREIGN)}
    launcher = Path(sys.executable).with_name("opentelemetry-instrument")
    return subprocess.run(
        [launcher, sys.executable, "-c", PROGRAM],
        env={
            **kept,
            "OTEL_TRACES_EXPORTER": "genscope_redacted",
            "OTEL_LOGS_EXPORTER": "genscope_redacted",
            "OTEL_METRICS_EXPORTER": "none",
            "OTEL_PYTHON_LOGGING_AUTO_INSTRUMENTATION_ENABLED": "true",
            "PYTHONWARNINGS": "ignore",
            **environment,
        },
        capture_output=True,
        text=True,
        timeout=120,
    )


def test_a_program_that_knows_nothing_of_it() -> None:
    done = run(GENSCOPE_REDACTED_EXPORTER="console")
    assert done.returncode == 0, done.stderr
    assert '"name": "to [EMAIL]"' in done.stdout
    assert '"gen_ai.prompt.0.content": "[EMAIL]"' in done.stdout
    assert '"body": "sent to [EMAIL]"' in done.stdout
    assert MAIL not in done.stdout


def test_a_program_with_settings() -> None:
    done = run(GENSCOPE_REDACTED_EXPORTER="console", GENSCOPE_REDACTION_DENY="gen_ai.prompt.*")
    assert '"gen_ai.prompt.0.content": "[REMOVED]"' in done.stdout
    assert '"body": "sent to [EMAIL]"' in done.stdout


def test_a_program_with_a_wrong_setting() -> None:
    done = run(GENSCOPE_REDACTED_EXPORTER="jaeger")
    assert "GENSCOPE_REDACTED_EXPORTER=jaeger: there is no such exporter; there are: console, genscope_" in done.stderr
    assert MAIL not in done.stdout


def wrapped(exporter: Any) -> Any:
    return exporter._exporter


@pytest.mark.parametrize(
    "environment, kind",
    [
        ({}, Grpc),
        ({"OTEL_EXPORTER_OTLP_PROTOCOL": " grpc "}, Grpc),
        ({"OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf"}, Http),
        ({"OTEL_EXPORTER_OTLP_PROTOCOL": "grpc", "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL": "http/protobuf"}, Http),
        ({"GENSCOPE_REDACTED_EXPORTER": "otlp_proto_http"}, Http),
        ({"GENSCOPE_REDACTED_EXPORTER": " console, "}, ConsoleSpanExporter),
        ({"GENSCOPE_REDACTED_EXPORTER": "genscope_console"}, ConsoleTreeExporter),
    ],
    ids=str,
)
def test_which_exporter_is_meant(environment: dict[str, str], kind: type, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    exporter = RedactedSpans()
    assert type(wrapped(exporter)) is kind
    exporter.shutdown()


@pytest.mark.parametrize(
    "said, reason",
    [
        ("jaeger", "GENSCOPE_REDACTED_EXPORTER=jaeger: there is no such exporter; there are: console, .*otlp"),
        ("console,none", "GENSCOPE_REDACTED_EXPORTER=none: there is no such exporter"),
        ("genscope_redacted", "genscope_redacted cannot send to itself; there are: "),
        ("console,genscope_redacted", "genscope_redacted cannot send to itself"),
        (",", "GENSCOPE_REDACTED_EXPORTER names no exporter of traces; there are: "),
    ],
)
def test_names_that_are_none(said: str, reason: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GENSCOPE_REDACTED_EXPORTER", said)
    with pytest.raises(RuntimeError, match=reason) as raised:
        RedactedSpans()
    assert "genscope_redacted" not in str(raised.value).partition("there are:")[2]


def test_a_protocol_that_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_PROTOCOL", "http/json")
    with pytest.raises(RuntimeError, match="OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json' is none of grpc, http/protobuf"):
        RedactedSpans()


def test_otlp_that_is_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    def only_the_console(group: str) -> list[EntryPoint]:
        return [EntryPoint("console", "opentelemetry.sdk.trace.export:ConsoleSpanExporter", group)]

    monkeypatch.setattr(named_exporters, "entry_points", only_the_console)
    with pytest.raises(RuntimeError, match="otlp: opentelemetry-exporter-otlp is not installed; there are: console"):
        RedactedSpans()


def test_exporters_that_only_one_signal_has(monkeypatch: pytest.MonkeyPatch) -> None:
    """One variable speaks of both: each signal goes where it can go."""
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf")
    monkeypatch.setenv("GENSCOPE_REDACTED_EXPORTER", "otlp,genscope_console")
    assert type(wrapped(RedactedLogs())) is HttpLogs
    monkeypatch.setenv("GENSCOPE_REDACTED_EXPORTER", "genscope_console")
    with pytest.raises(RuntimeError, match="names no exporter of logs; there are: console"):
        RedactedLogs()


def test_what_leaks_beside_it_is_said(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    monkeypatch.setenv("GENSCOPE_REDACTED_EXPORTER", "console")
    monkeypatch.setenv("OTEL_TRACES_EXPORTER", "genscope_redacted, otlp")
    RedactedSpans()
    assert not caplog.messages
    monkeypatch.setenv("OTEL_TRACES_EXPORTER", "genscope_redacted, console")
    RedactedSpans()
    assert caplog.messages == [
        "genscope: console gets traces twice, once as they are: take it out of OTEL_TRACES_EXPORTER"
    ]


class Inner:
    def __init__(self, result: Any) -> None:
        self.result = result
        self.calls: list[Any] = []

    def _do(self, *call: Any) -> Any:
        self.calls.append(call)
        if isinstance(self.result, Exception):
            raise self.result
        return self.result

    def export(self, batch: Any) -> Any:
        return self._do("export", batch)

    def shutdown(self) -> Any:
        return self._do("shutdown")


class Flushing(Inner):
    def force_flush(self, timeout_millis: int = 30_000) -> Any:
        return self._do("flush", timeout_millis)


@pytest.mark.parametrize(
    "results, expected",
    [
        ((SpanExportResult.SUCCESS, SpanExportResult.SUCCESS), SpanExportResult.SUCCESS),
        ((SpanExportResult.SUCCESS, SpanExportResult.FAILURE), SpanExportResult.FAILURE),
        ((SpanExportResult.FAILURE, SpanExportResult.SUCCESS), SpanExportResult.FAILURE),
        ((None, SpanExportResult.SUCCESS), None),
    ],
)
def test_several_exporters(results: tuple[Any, ...], expected: Any) -> None:
    inner = [Flushing(result) for result in results]
    assert named_exporters._Several(inner).export(["span"]) is expected
    assert [one.calls for one in inner] == [[("export", ["span"])]] * 2


def test_several_exporters_of_which_one_fails() -> None:
    """The others get all the same, and whoever called hears of it."""
    inner = [Flushing(ConnectionError()), Flushing(SpanExportResult.SUCCESS)]
    several = named_exporters._Several(inner)
    for do in (lambda: several.export([]), lambda: several.force_flush(5), several.shutdown):
        with pytest.raises(ConnectionError):
            do()
    assert inner[1].calls == [("export", []), ("flush", 5), ("shutdown",)]


def test_several_exporters_are_flushed() -> None:
    assert named_exporters._Several([Flushing(True), Inner(True), Flushing(None)]).force_flush() is True
    assert named_exporters._Several([Flushing(True), Flushing(False)]).force_flush() is False
