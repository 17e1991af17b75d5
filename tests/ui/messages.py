"""OTLP by hand."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from typing import Any

from google.protobuf import json_format
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from genscope import semconv

NOW = time.time_ns() // 10**9 * 10**9
SECOND = 10**9


def trace_id(number: int) -> str:
    return f"{number:032x}"


def span_id(number: int) -> str:
    return f"{number:016x}"


def attribute(key: str, value: Any) -> dict[str, Any]:
    if isinstance(value, int):
        return {"key": key, "value": {"intValue": str(value)}}
    return {"key": key, "value": {"doubleValue" if isinstance(value, float) else "stringValue": value}}


def span(number: int, attributes: Mapping[str, Any] | None = None, **changes: Any) -> dict[str, Any]:
    """In OTLP's JSON, in a trace of its own: ids in hexadecimal, whole numbers as texts."""
    return {
        "traceId": trace_id(number),
        "spanId": span_id(number),
        "name": "work",
        "kind": 1,
        "startTimeUnixNano": str(NOW + number),
        "endTimeUnixNano": str(NOW + number + SECOND),
        "attributes": [attribute(key, value) for key, value in (attributes or {}).items()],
        **changes,
    }


def call(number: int, attributes: Mapping[str, Any] | None = None, **changes: Any) -> dict[str, Any]:
    usual = {semconv.OPERATION_NAME: "chat", semconv.PROVIDER_NAME: "openai", semconv.REQUEST_MODEL: "gpt-4o"}
    return span(number, {**usual, **(attributes or {})}, **{"name": "chat gpt-4o", "kind": 3, **changes})


def request(*spans: dict[str, Any], service: str = "shop") -> dict[str, Any]:
    resource = {"attributes": [attribute("service.name", service)]}
    return {"resourceSpans": [{"resource": resource, "scopeSpans": [{"scope": {"name": "test"}, "spans": [*spans]}]}]}


def as_json(*spans: dict[str, Any], **about: Any) -> str:
    return json.dumps(request(*spans, **about))


def message(*spans: dict[str, Any], **about: Any) -> ExportTraceServiceRequest:
    """The same as protobuf, in which ids are bytes."""
    found = request(*spans, **about)
    ids = {}
    for number, one in enumerate(spans):
        ids[number] = {name: bytes.fromhex(one[name]) for name in ("traceId", "spanId", "parentSpanId") if name in one}
    bare = [{name: value for name, value in one.items() if not name.endswith("Id")} for one in spans]
    found["resourceSpans"][0]["scopeSpans"][0]["spans"] = bare
    made = json_format.ParseDict(found, ExportTraceServiceRequest())
    for number, one in enumerate(made.resource_spans[0].scope_spans[0].spans):
        one.trace_id = ids[number]["traceId"]
        one.span_id = ids[number]["spanId"]
        one.parent_span_id = ids[number].get("parentSpanId", b"")
    return made


def protobuf(*spans: dict[str, Any], **about: Any) -> bytes:
    return message(*spans, **about).SerializeToString()
