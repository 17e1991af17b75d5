"""Log records as exporters of the SDK get them, in this release of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from opentelemetry._logs import SeverityNumber
from opentelemetry.sdk import _logs as sdk
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs import export as logs
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.trace import INVALID_SPAN_CONTEXT, NonRecordingSpan, SpanContext, set_span_in_context

from genscope import semconv

NOW = 1_790_000_000_000_000_000

LogRecordExporter: Any = getattr(logs, "LogRecordExporter", None) or logs.LogExporter


class Kept(LogRecordExporter):
    def __init__(self) -> None:
        self.batch: list[Any] = []

    def export(self, batch: Sequence[Any]) -> Any:
        self.batch.extend(batch)

    def shutdown(self) -> None: ...

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        return True


def batch(resource: Resource) -> list[Any]:
    """A verdict in a span, a text, a mapping, and the record of an event of old."""
    kept, provider = Kept(), LoggerProvider(resource=resource, shutdown_on_exit=False)
    provider.add_log_record_processor(logs.SimpleLogRecordProcessor(kept))
    logger = provider.get_logger("genscope", "0.1.0")
    verdict = {semconv.EVALUATION_NAME: "faithfulness", semconv.EVALUATION_SCORE: 0.25, "event.name": "of old"}
    with TracerProvider(shutdown_on_exit=False).get_tracer("app").start_as_current_span("chat") as span:
        said = {"attributes": verdict, "severity_number": SeverityNumber.INFO, "severity_text": "INFO"}
        _emit(logger, resource, span.get_span_context(), said)
    for fields in ({"body": "a text"}, {"body": {"a": {"b": [1, "c", None]}}}, {"attributes": {"n": 1}, "body": 1.5}):
        _emit(logger, resource, None, fields)
    return kept.batch


def _emit(logger: Any, resource: Resource, within: SpanContext | None, fields: dict[str, Any]) -> None:
    record: Any = {"timestamp": NOW, "observed_timestamp": NOW + 1, **fields}
    if hasattr(sdk, "LogRecord"):  # releases before 1.38
        context = within or INVALID_SPAN_CONTEXT
        at = {name: getattr(context, name) for name in ("trace_id", "span_id", "trace_flags")}
        logger.emit(sdk.LogRecord(resource=resource, **at, **{"severity_number": SeverityNumber.UNSPECIFIED, **record}))
    else:
        logger.emit(context=None if within is None else set_span_in_context(NonRecordingSpan(within)), **record)
