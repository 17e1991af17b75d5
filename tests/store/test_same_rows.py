"""What the SDK hands to an exporter and what comes over the wire, protobuf or JSON, become the same rows."""

from __future__ import annotations

import json
from base64 import b64decode
from collections.abc import Callable, Iterable
from typing import Any

import pytest
from google.protobuf.json_format import MessageToDict
from opentelemetry.exporter.otlp.proto.common._log_encoder import encode_logs
from opentelemetry.exporter.otlp.proto.common.metrics_encoder import encode_metrics
from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.sdk.metrics import Counter, Histogram, MeterProvider
from opentelemetry.sdk.metrics.export import AggregationTemporality, InMemoryMetricReader
from opentelemetry.sdk.metrics.view import ExponentialBucketHistogramAggregation, View
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import Link, SpanKind, Status, StatusCode

from genscope import semconv
from genscope.local.store import from_otlp, from_sdk
from genscope.local.store.rows import Rows

from .logs import batch
from .samples import messages

RESOURCE = Resource({"service.name": "shop", "replicas": 3, "zones": ["a", "b"]})
SAID = messages('Grüße, "quoted"\nand 東京')


def as_json(message: Any) -> str:
    """As OTLP has it: ids are hexadecimal."""

    def mended(value: Any) -> Any:
        if isinstance(value, list):
            return [mended(item) for item in value]
        if not isinstance(value, dict):
            return value
        ids = ("traceId", "spanId", "parentSpanId")
        return {name: b64decode(item).hex() if name in ids else mended(item) for name, item in value.items()}

    return json.dumps(mended(MessageToDict(message)) | {"newer": {"than": "we"}})


@pytest.fixture(scope="module")
def spans() -> list[ReadableSpan]:
    ended, provider = InMemorySpanExporter(), TracerProvider(resource=RESOURCE, shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(ended))
    tracer = provider.get_tracer("genscope", "0.1.0")
    attributes = {
        semconv.OPERATION_NAME: "chat",
        semconv.REQUEST_MODEL: "gpt-4o",
        semconv.RESPONSE_FINISH_REASONS: ("stop", "length"),
        semconv.USAGE["input_tokens"]: 23,
        semconv.COST_AMOUNT: 0.1 + 0.2,
        semconv.TIME_TO_FIRST_TOKEN: 1 / 3,
        semconv.INPUT_MESSAGES: SAID,
        "flag": True,
        "numbers": (1, 2),
        "fractions": (1.5, 2.0),
        "empty": "",
    }
    with tracer.start_as_current_span("outer", kind=SpanKind.SERVER) as outer:
        link = Link(outer.get_span_context(), {"why": "because"})
        chat = tracer.start_span("chat gpt-4o", kind=SpanKind.CLIENT, attributes=attributes, links=[link])
        chat.add_event("tick", {"n": 1})
        chat.set_status(Status(StatusCode.ERROR, "too much"))
        chat.end()
        for kind in SpanKind:
            tracer.start_span(kind.name, kind=kind).end()
    return list(ended.get_finished_spans())


def rows(make: Callable[[Any], Any], records: Iterable[Any]) -> list[Any]:
    return [make(record) for record in records]


def test_spans(spans: list[ReadableSpan]) -> None:
    message = encode_spans(spans)
    by_id = {span.context.span_id.to_bytes(8, "big").hex(): span for span in spans}
    sdk = rows(Rows().span, from_sdk.spans(spans))
    wire = rows(Rows().span, from_otlp.spans(message))
    read = rows(Rows().span, from_otlp.spans(from_otlp.read_json(as_json(message), ExportTraceServiceRequest())))
    assert len(sdk) == len(by_id) == 7
    assert sorted(wire) == sorted(sdk)
    assert sorted(read) == sorted(sdk)
    assert any('\\"quoted\\"\\nand 東京' in row[-1] for row in sdk if row[-1])


def test_logs() -> None:
    sdk_batch = batch(RESOURCE)
    message = encode_logs(sdk_batch)
    sdk = rows(Rows().log, from_sdk.logs(sdk_batch))
    assert len(sdk) == 4
    assert rows(Rows().log, from_otlp.logs(message)) == sdk
    read = from_otlp.read_json(as_json(message), ExportLogsServiceRequest())
    assert rows(Rows().log, from_otlp.logs(read)) == sdk


@pytest.mark.parametrize("temporality", [AggregationTemporality.DELTA, AggregationTemporality.CUMULATIVE])
def test_metrics(temporality: AggregationTemporality) -> None:
    reader = InMemoryMetricReader(preferred_temporality={Counter: temporality, Histogram: temporality})
    views = [View(instrument_name="exponential", aggregation=ExponentialBucketHistogramAggregation())]
    provider = MeterProvider([reader], resource=RESOURCE, views=views, shutdown_on_exit=False)
    meter = provider.get_meter("genscope", "0.1.0")
    meter.create_counter("counter", "{call}", "Calls.").add(3, {"model": "gpt-4o"})
    meter.create_up_down_counter("updown").add(-2)
    meter.create_gauge("gauge").set(0.5)
    for name in ("plain", "exponential"):
        histogram = meter.create_histogram(name, "s")
        for value in (0.0, 0.1, 3.0, 1e9, *((-2.0,) if name == "exponential" else ())):
            histogram.record(value, {"model": "gpt-4o"})
    data = reader.get_metrics_data()
    assert data is not None
    message = encode_metrics(data)
    read = from_otlp.read_json(as_json(message), ExportMetricsServiceRequest())

    def all_rows(points: Iterable[Any]) -> list[Any]:
        make = Rows()
        return [(make.series(point.series)[1:], make.point(point, 1)) for point in points]

    sdk = all_rows(from_sdk.points(data))
    assert [row[0][0] for row in sdk] == ["counter", "updown", "gauge", "plain", "exponential"]
    assert all_rows(from_otlp.points(message)) == sdk
    assert all_rows(from_otlp.points(read)) == sdk


def test_a_span_without_a_valid_id_is_left_out(spans: list[ReadableSpan]) -> None:
    message = encode_spans(spans)
    all_spans = [s for r in message.resource_spans for scope in r.scope_spans for s in scope.spans]
    all_spans[0].span_id = b""
    all_spans[1].trace_id = bytes(16)
    all_spans[2].trace_id = b"short"
    assert len(list(from_otlp.spans(message))) == len(spans) - 3


@pytest.mark.parametrize(
    "text", ["", "[]", "7", "null", "{", '{"resourceSpans": 5}', '{"resourceSpans": [{"scopeSpans": 1}]}']
)
def test_what_is_no_otlp_is_said(text: str) -> None:
    with pytest.raises(ValueError):
        from_otlp.read_json(text, ExportTraceServiceRequest())
