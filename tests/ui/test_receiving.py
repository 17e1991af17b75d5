"""OTLP over HTTP and over gRPC, from the real exporters and by hand."""

from __future__ import annotations

import gzip
import json
import sqlite3
import zlib
from inspect import signature
from typing import Any

import grpc
import pytest
from google.protobuf import json_format
from google.rpc.status_pb2 import Status
from opentelemetry._logs import LogRecord, SeverityNumber
from opentelemetry.exporter.otlp.proto.grpc._log_exporter import OTLPLogExporter as GrpcLogs
from opentelemetry.exporter.otlp.proto.grpc.metric_exporter import OTLPMetricExporter as GrpcMetrics
from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter as GrpcSpans
from opentelemetry.exporter.otlp.proto.http import Compression
from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter as HttpLogs
from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter as HttpMetrics
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter as HttpSpans
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse
from opentelemetry.sdk import _logs as sdk_logs
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import SimpleLogRecordProcessor
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.trace import SpanContext

from genscope import semconv

from .messages import NOW, SECOND, as_json, call, protobuf, span, span_id, trace_id
from .served import JSON, PROTOBUF, Served

TRACES = "/opentelemetry.proto.collector.trace.v1.TraceService/Export"


def rows(served: Served, sql: str) -> list[tuple[Any, ...]]:
    db = sqlite3.connect(served.store)
    try:
        return db.execute(sql).fetchall()
    finally:
        db.close()


def greeting(within: SpanContext, resource: Resource) -> Any:
    """An event, as releases since 1.35 have it, and as those before had to be told."""
    said: dict[str, Any] = {"timestamp": NOW, "body": {"said": "hello"}, "severity_number": SeverityNumber.INFO}
    if "event_name" in signature(LogRecord).parameters:
        return LogRecord(**said, event_name="greeting")
    ids = {name: getattr(within, name) for name in ("trace_id", "span_id", "trace_flags")}
    return sdk_logs.LogRecord(**said, **ids, attributes={"event.name": "greeting"}, resource=resource)


@pytest.mark.parametrize("way", ["http", "http gzip", "http deflate", "grpc", "grpc gzip"])
def test_what_an_application_sends_appears(shared: Served, way: str) -> None:
    served, service = shared, f"app by {way}"
    resource = Resource.create({"service.name": service})
    if way.startswith("http"):
        base, compression = served.said["otlp_http"], Compression((way.split() + ["none"])[1])
        spans: Any = HttpSpans(f"{base}/v1/traces", compression=compression)
        logs: Any = HttpLogs(f"{base}/v1/logs", compression=compression)
        metrics: Any = HttpMetrics(f"{base}/v1/metrics", compression=compression)
    else:
        how: Any = {"insecure": True, "compression": grpc.Compression.Gzip if "gzip" in way else None}
        assert served.grpc is not None
        spans, logs, metrics = (kind(served.grpc, **how) for kind in (GrpcSpans, GrpcLogs, GrpcMetrics))
    tracing, logging = TracerProvider(resource=resource), LoggerProvider(resource=resource)
    tracing.add_span_processor(SimpleSpanProcessor(spans))
    logging.add_log_record_processor(SimpleLogRecordProcessor(logs))
    metering = MeterProvider([PeriodicExportingMetricReader(metrics)], resource=resource)
    with tracing.get_tracer("app").start_as_current_span("chat gpt-4o") as current:
        current.set_attributes({semconv.OPERATION_NAME: "chat", semconv.REQUEST_MODEL: "gpt-4o"})
        logging.get_logger("app").emit(greeting(current.get_span_context(), resource))
    metering.get_meter("app").create_histogram("took", unit="s").record(0.5)
    for provider in (tracing, logging, metering):
        provider.shutdown()

    (found,) = served.get("/api/calls", service=service)["items"]
    assert (found["name"], found["model"]) == ("chat gpt-4o", "gpt-4o")
    assert found["trace_id"] == f"{current.get_span_context().trace_id:032x}"
    (log,) = served.get(f"/api/traces/{found['trace_id']}")["logs"]
    assert (log["event"], json.loads(log["body"]), log["span_id"]) == ("greeting", {"said": "hello"}, found["span_id"])
    assert (service, "took", "s", 1, 0.5) in rows(served, "SELECT service, name, unit, count, sum FROM metrics")


@pytest.mark.parametrize("number, coding", [(10, "identity"), (20, "gzip"), (30, "deflate")])
def test_the_specification_s_json(shared: Served, number: int, coding: str) -> None:
    """Ids in hexadecimal, times as texts, fields that nobody knows."""
    other = {**span(number + 1, parentSpanId=span_id(number)), "later": [{}]}
    body = as_json(call(number, {semconv.USAGE["input_tokens"]: 7}), other, service=coding)
    packed = {"identity": bytes, "gzip": gzip.compress, "deflate": zlib.compress}[coding](body.encode())
    answer = shared.post("traces", packed, content_type=f"{JSON}; charset=utf-8", content_encoding=coding)
    assert (answer.status, answer.json) == (200, {})
    (found,) = shared.get("/api/calls", service=coding)["items"]
    assert (found["trace_id"], found["span_id"]) == (trace_id(number), span_id(number))
    assert (found["start_ns"], found["duration_ns"], found["input_tokens"]) == (NOW + number, SECOND, 7)
    (child,) = shared.get(f"/api/traces/{trace_id(number + 1)}")["spans"]
    assert child["parent_id"] == span_id(number)


def test_gzip_of_several_members_is_one_body(served: Served) -> None:
    body = protobuf(span(1))
    assert (
        served.post("traces", gzip.compress(body[:20]) + gzip.compress(body[20:]), content_encoding="gzip").status
        == 200
    )
    assert served.get("/api/info")["rows"]["spans"] == 1


def test_what_is_sent_twice_is_kept_once(shared: Served) -> None:
    for _ in range(2):
        assert shared.post("traces", protobuf(call(50))).status == 200
    assert len(shared.get(f"/api/traces/{trace_id(50)}")["spans"]) == 1


def test_partial_success_counts_what_is_no_valid_span(shared: Served) -> None:
    body = as_json(span(60), span(61, traceId="00"), span(62, spanId="0" * 16), service="partly")
    answer = shared.post("traces", body, content_type=JSON)
    assert answer.status == 200
    assert answer.json["partialSuccess"]["rejectedSpans"] == "2"
    binary = shared.post("traces", protobuf(span(63), span(64, traceId=""), service="partly"))
    assert binary.headers["content-type"] == PROTOBUF
    assert ExportTraceServiceResponse.FromString(binary.body).partial_success.rejected_spans == 1
    found = shared.get("/api/spans", service="partly")["items"]
    assert [one["trace_id"] for one in found] == [trace_id(63), trace_id(60)]


@pytest.mark.parametrize("signal", ["traces", "logs", "metrics"])
def test_nothing_is_sent_well(shared: Served, signal: str) -> None:
    assert shared.post(signal, b"").status == 200
    assert shared.post(signal, "{}", content_type=JSON).json == {}


GOOD = protobuf(span(1), service="garbage")
DEEP = '{"resourceSpans":' + "[" * 100_000
NESTED = as_json(span(1), service="garbage").replace('"attributes": []', '"attributes": [{"key": "k", "value": %s}]')
ARRAYS = '{"arrayValue": {"values": [' * 500 + '{"intValue": "1"}' + "]}}" * 500

GARBAGE = {
    "half a message": (GOOD[:-5], PROTOBUF, None, 400),
    "text for protobuf": (b"garbage", PROTOBUF, None, 400),
    "no json": (b"{", JSON, None, 400),
    "json of another kind": (b"[]", JSON, None, 400),
    "a number for a list": (b'{"resourceSpans": 3}', JSON, None, 400),
    "json that is too deep": (DEEP.encode(), JSON, None, 400),
    "values that are too deep": (NESTED.replace("%s", ARRAYS).encode(), JSON, None, 400),
    "no gzip": (b"garbage", PROTOBUF, "gzip", 400),
    "half a gzip": (gzip.compress(GOOD)[:-9], PROTOBUF, "gzip", 400),
    "no deflate": (b"garbage", PROTOBUF, "deflate", 400),
    "more after deflate": (zlib.compress(b"") + b"more", PROTOBUF, "deflate", 400),
    "nothing as gzip": (b"", PROTOBUF, "gzip", 400),
    "thousands of gzips": (gzip.compress(b"") * 10_000, PROTOBUF, "gzip", 400),
    "a coding nobody knows": (b"", PROTOBUF, "br", 415),
    "twice packed": (gzip.compress(gzip.compress(b"")), PROTOBUF, "gzip, gzip", 415),
    "a type nobody knows": (b"", "text/plain", None, 415),
    "no type": (b"", "", None, 415),
    "a form": (b"a=b", "application/x-www-form-urlencoded", None, 415),
}


@pytest.mark.parametrize("case", GARBAGE)
def test_garbage_is_refused_with_a_status_in_the_form_that_was_sent(shared: Served, case: str) -> None:
    body, kind, coding, status = GARBAGE[case]
    answer = shared.post("traces", body, content_type=kind, **({"content_encoding": coding} if coding else {}))
    assert answer.status == status
    if kind == PROTOBUF:
        assert answer.headers["content-type"] == PROTOBUF
        said = Status.FromString(answer.body)
    else:
        said = json_format.Parse(answer.body, Status())
        assert answer.headers["content-type"] == JSON
    assert said.code == 3
    assert said.message
    assert shared.get("/api/spans", service="garbage")["items"] == []


def test_numbers_that_do_not_fit_and_texts_that_are_none_are_kept_as_far_as_they_go(shared: Served) -> None:
    odd = {"huge": 2**63 - 1, "half": "\ud800", "nul": "a\0b", "never": 0.5}
    body = as_json(call(301, odd, endTimeUnixNano="18446744073709551615")).replace("0.5", '"Infinity"')
    assert shared.post("traces", body, content_type=JSON).status == 200
    (found,) = shared.get(f"/api/traces/{trace_id(301)}")["spans"]
    assert {name: found["attributes"][name] for name in odd} == {
        "huge": 2**63 - 1,
        "half": "?",
        "nul": "a\0b",
        "never": "inf",
    }


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "OPTIONS"])
def test_another_method_is_told_the_right_one(shared: Served, method: str) -> None:
    answer = shared.request(method, "/v1/traces")
    assert answer.status == 405
    assert answer.headers["allow"] == "POST"


# --- gRPC, as what it is on the wire


def export(served: Served, body: bytes, method: str = TRACES, **metadata: str) -> bytes:
    assert served.grpc is not None
    with grpc.insecure_channel(served.grpc.removeprefix("http://"), options=[("grpc.enable_retries", 0)]) as channel:
        return channel.unary_unary(method)(body, metadata=tuple(metadata.items()), timeout=20)


def test_grpc_partial_success(shared: Served) -> None:
    answer = export(shared, protobuf(span(70), span(71, traceId="")))
    assert ExportTraceServiceResponse.FromString(answer).partial_success.rejected_spans == 1
    assert len(shared.get(f"/api/traces/{trace_id(70)}")["spans"]) == 1


@pytest.mark.parametrize(
    "body, method, code",
    [
        (b"garbage", TRACES, grpc.StatusCode.INVALID_ARGUMENT),
        (GOOD[:-3], TRACES, grpc.StatusCode.INVALID_ARGUMENT),
        (b"", "/opentelemetry.proto.collector.trace.v1.TraceService/Nothing", grpc.StatusCode.UNIMPLEMENTED),
        (b"\0" * (65 * 2**20), TRACES, grpc.StatusCode.RESOURCE_EXHAUSTED),
    ],
)
def test_grpc_garbage(shared: Served, body: bytes, method: str, code: grpc.StatusCode) -> None:
    with pytest.raises(grpc.RpcError) as refused:
        export(shared, body, method)
    assert refused.value.code() is code
    assert shared.get("/api/spans", service="garbage")["items"] == []


def test_a_bomb_over_grpc_is_not_unpacked(shared: Served) -> None:
    assert shared.grpc is not None
    with grpc.insecure_channel(shared.grpc.removeprefix("http://")) as channel:
        with pytest.raises(grpc.RpcError) as refused:
            channel.unary_unary(TRACES)(b"\0" * (200 * 2**20), compression=grpc.Compression.Gzip, timeout=20)
    assert refused.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
