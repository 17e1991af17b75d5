"""A file in which every process of a program notes its spans, a line for each start and for each export."""

from __future__ import annotations

import json
import logging
import os
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from opentelemetry.sdk.metrics.export import MetricExporter, MetricExportResult, MetricsData
from opentelemetry.sdk.trace import ReadableSpan, Span, SpanProcessor
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult

from genscope.local.simulator import Simulator

Line = dict[str, Any]


class Ledger(SpanExporter, SpanProcessor):
    """To be added to a tracer provider as a processor, for the starts, and as the exporter of another one."""

    def __init__(self, file: str) -> None:
        self._file = file

    def on_start(self, span: Span, parent_context: Any = None) -> None:
        self._write({"event": "start", **_identity(span)})

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        for span in spans:
            attributes = dict(span.attributes or {})
            parent = span.parent.span_id if span.parent else None
            self._write({"event": "end", **_identity(span), "parent": parent, "attributes": attributes})
        return SpanExportResult.SUCCESS

    def _write(self, line: Line) -> None:
        # One write to a file opened for appending: lines of several processes do not get mixed up.
        descriptor = os.open(self._file, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
        try:
            os.write(descriptor, f"{json.dumps({'pid': os.getpid(), **line})}\n".encode())
        finally:
            os.close(descriptor)

    def shutdown(self) -> None: ...

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        return True


class Silence(MetricExporter):
    """Takes metrics and says nothing, unless it is given some after its shutdown: then as the OTLP exporter does."""

    _shut_down = False

    def export(self, metrics_data: MetricsData, timeout_millis: float = 10_000, **kwargs: Any) -> MetricExportResult:
        if self._shut_down:
            logging.getLogger(__name__).warning("already shut down")
        return MetricExportResult.SUCCESS

    def shutdown(self, timeout_millis: float = 30_000, **kwargs: Any) -> None:
        self._shut_down = True

    def force_flush(self, timeout_millis: float = 10_000) -> bool:
        return True


def _identity(span: ReadableSpan) -> Line:
    context = span.get_span_context()
    assert context is not None
    return {"name": span.name, "span": context.span_id}


def ended(file: Path) -> list[Line]:
    """The spans in a ledger. Each that has started has ended, and only once."""
    lines = [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []
    events = {event: Counter(line["span"] for line in lines if line["event"] == event) for event in ("start", "end")}
    assert events["end"].keys() == events["start"].keys()
    assert set(events["end"].values()) <= {1}
    return [line for line in lines if line["event"] == "end"]


def one_for_each_call(file: Path, simulator: Simulator) -> list[Line]:
    """The spans in a ledger, one for each request that the simulator has received; told apart by their models."""
    spans = ended(file)
    asked = Counter(request.json["model"] for request in simulator.requests)
    assert Counter(span["attributes"]["gen_ai.request.model"] for span in spans) == asked
    return spans


def tally(spans: list[Line], attribute: str) -> Counter[Any]:
    """How often an attribute has which value."""
    return Counter(span["attributes"].get(attribute) for span in spans)
