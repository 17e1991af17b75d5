"""Telemetry as others make it, and what of it gets past the redacting exporters."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from opentelemetry import _logs as logs_api
from opentelemetry.sdk import _logs as logs_sdk
from opentelemetry.sdk._logs import export as logs
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from genscope.features.redaction.exporters import RedactingLogExporter, RedactingSpanExporter

MAIL = "jane@example.com"
KEY = "sk-proj-abcdefghijklmnopqrstuvwxyz0123456789ABCDEFGH"
LogRecord: Any = getattr(logs_sdk, "LogRecord", None) or logs_api.LogRecord
MemoryOfLogs: Any = getattr(logs, "InMemoryLogRecordExporter", None) or logs.InMemoryLogExporter


class Others:
    """Spans and log records twice: as they are, and as the exporters let them through."""

    def __init__(self, **options: Any) -> None:
        self._raw, self._seen = InMemorySpanExporter(), InMemorySpanExporter()
        self._raw_logs, self._seen_logs = MemoryOfLogs(), MemoryOfLogs()
        self.exporter = RedactingSpanExporter(self._seen, **options)
        self.log_exporter = RedactingLogExporter(self._seen_logs, **options)
        self.tracers = TracerProvider(shutdown_on_exit=False)
        for exporter in (self._raw, self.exporter):
            self.tracers.add_span_processor(SimpleSpanProcessor(exporter))
        self.loggers = logs_sdk.LoggerProvider(shutdown_on_exit=False)
        for exporter in (self._raw_logs, self.log_exporter):
            self.loggers.add_log_record_processor(logs.SimpleLogRecordProcessor(exporter))

    @contextmanager
    def span(self, name: str = "anything", **how: Any) -> Iterator[Any]:
        with self.tracers.get_tracer("others", "1.0").start_as_current_span(name, **how) as span:
            yield span

    @property
    def spans(self) -> tuple[ReadableSpan, ReadableSpan]:
        """The one there is: as it is, and what is seen of it."""
        (raw,), (seen,) = self._raw.get_finished_spans(), self._seen.get_finished_spans()
        return raw, seen

    def attributes(self, given: Mapping[str, Any]) -> Mapping[str, Any]:
        """What is seen of these attributes of a span."""
        with self.span(attributes=given):
            pass
        return self.spans[1].attributes or {}

    def export_log(self, data: Any) -> Any:
        """What is seen of a log record."""
        self.log_exporter.export([data])
        return self._seen_logs.get_finished_logs()[-1]

    def log(self, **fields: Any) -> tuple[Any, Any]:
        """A log record: as it is, and what is seen of it; with what is around it."""
        record = LogRecord(timestamp=1, observed_timestamp=2, **fields)
        for name in ("trace_id", "span_id", "trace_flags"):
            setattr(record, name, 0)
        self.loggers.get_logger("others", "1.0").emit(record)
        (raw,), (seen,) = self._raw_logs.get_finished_logs(), self._seen_logs.get_finished_logs()
        return raw, seen
