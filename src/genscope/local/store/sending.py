"""What is kept as OTLP's JSON, as a file exporter of a collector writes it: lines that another tool can take in.

https://opentelemetry.io/docs/specs/otel/protocol/file-exporter/
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any, Final, cast

from genscope.local.store.json_text import as_json
from genscope.local.store.results import WholeSpan

_KINDS: Final = {"internal": 1, "server": 2, "client": 3, "producer": 4, "consumer": 5}
_STATUSES: Final = {"unset": 0, "ok": 1, "error": 2}
_AT_ONCE: Final = 500
"""Spans in a line."""


def otlp_lines(spans: Iterable[WholeSpan]) -> Iterator[str]:
    """Each line a message `TracesData`."""
    batch: list[WholeSpan] = []
    for span in spans:
        batch.append(span)
        if len(batch) == _AT_ONCE:
            yield _line(batch)
            batch = []
    if batch:
        yield _line(batch)


def _line(batch: Sequence[WholeSpan]) -> str:
    def source(span: WholeSpan) -> tuple[str, str, str]:
        return as_json(span.resource) or "", span.scope or "", span.scope_version or ""

    of_resources = [
        {
            "resource": {"attributes": _attributes(json.loads(resource or "{}"))},
            "scopeSpans": [{"scope": {"name": scope, "version": version}, "spans": [_span(span) for span in group]}],
        }
        for (resource, scope, version), group in groupby(sorted(batch, key=source), key=source)
    ]
    return as_json({"resourceSpans": of_resources}) or ""


def _span(whole: WholeSpan) -> Mapping[str, Any]:
    span = whole.span
    # An attribute that is content was a text of JSON, and is one again.
    said = {name: value if isinstance(value, str) else as_json(value) or "" for name, value in whole.content.items()}
    status = {"code": _STATUSES.get(span.status, 0)} | ({"message": span.status_message} if span.status_message else {})
    return {
        "traceId": span.trace_id,
        "spanId": span.span_id,
        **({} if span.parent_id is None else {"parentSpanId": span.parent_id}),
        "name": span.name,
        "kind": _KINDS.get(span.kind, 1),
        "startTimeUnixNano": str(span.start_ns),
        "endTimeUnixNano": str(span.start_ns + span.duration_ns),
        "attributes": _attributes({**whole.attributes, **said}),
        "events": [
            {
                "name": event["name"],
                "timeUnixNano": str(event["time_ns"]),
                "attributes": _attributes(event["attributes"]),
            }
            for event in whole.events
        ],
        "links": [
            {
                "traceId": link["trace_id"],
                "spanId": link["span_id"],
                "attributes": _attributes(link["attributes"]),
            }
            for link in whole.links
        ],
        "status": status,
    }


def _attributes(attributes: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return [{"key": name, "value": _value(value)} for name, value in attributes.items()]


def _value(value: Any) -> Mapping[str, Any]:
    if isinstance(value, bool):
        return {"boolValue": value}
    if isinstance(value, int):
        return {"intValue": str(value)}
    if isinstance(value, float):
        return {"doubleValue": value}
    if isinstance(value, list):
        return {"arrayValue": {"values": [_value(item) for item in cast("list[Any]", value)]}}
    if isinstance(value, dict):
        return {"kvlistValue": {"values": _attributes(cast("dict[str, Any]", value))}}
    return {} if value is None else {"stringValue": str(value)}
