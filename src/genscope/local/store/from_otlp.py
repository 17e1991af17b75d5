"""Messages of OTLP, protobuf or JSON, as records. What is no valid item of its kind is left out, as OTLP asks.

Every function takes a request to export, or any other message with the same `resource_spans` and so on: `TracesData`.
https://opentelemetry.io/docs/specs/otlp/
"""

from __future__ import annotations

import binascii
import json
from base64 import b64encode
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Final, cast

from genscope.local.store.json_text import clean
from genscope.local.store.records import Event, Link, LogRecord, PointRecord, Series, Source, SpanRecord

_KINDS: Final = ("internal", "internal", "server", "client", "producer", "consumer")
_STATUSES: Final = ("unset", "ok", "error")
_TEMPORALITIES: Final = (None, "delta", "cumulative")
_IDS: Final = ("traceId", "spanId", "parentSpanId", "trace_id", "span_id", "parent_span_id")


def spans(request: Any) -> Iterator[SpanRecord]:
    for who, span in _items(request.resource_spans, "scope_spans", "spans"):
        trace, id = _id(span.trace_id, 16), _id(span.span_id, 8)
        if trace is None or id is None:
            continue
        yield SpanRecord(
            trace_id=trace,
            span_id=id,
            parent_id=_id(span.parent_span_id, 8),
            name=span.name,
            kind=_nth(_KINDS, span.kind) or _KINDS[0],
            start_ns=span.start_time_unix_nano,
            end_ns=span.end_time_unix_nano,
            source=who,
            attributes=attributes(span.attributes),
            status=_nth(_STATUSES, span.status.code) or _STATUSES[0],
            status_message=span.status.message or None,
            events=[Event(event.name, event.time_unix_nano, attributes(event.attributes)) for event in span.events],
            links=[Link(link.trace_id.hex(), link.span_id.hex(), attributes(link.attributes)) for link in span.links],
        )


def logs(request: Any) -> Iterator[LogRecord]:
    for who, record in _items(request.resource_logs, "scope_logs", "log_records"):
        about = attributes(record.attributes)
        yield LogRecord(
            time_ns=record.time_unix_nano or record.observed_time_unix_nano,
            source=who,
            attributes=about,
            body=value_of(record.body),
            event=getattr(record, "event_name", "") or about.get("event.name"),
            trace_id=_id(record.trace_id, 16),
            span_id=_id(record.span_id, 8),
            severity=record.severity_text or None,
            severity_number=record.severity_number or None,
        )


def points(request: Any) -> Iterator[PointRecord]:
    for who, metric in _items(request.resource_metrics, "scope_metrics", "metrics"):
        kind = metric.WhichOneof("data")
        if kind is None:
            continue
        data = getattr(metric, kind)
        temporality = _nth(_TEMPORALITIES, getattr(data, "aggregation_temporality", 0))
        monotonic = data.is_monotonic if kind == "sum" else None
        for point in data.data_points:
            series = Series(
                name=metric.name,
                unit=metric.unit,
                description=metric.description,
                kind=kind,
                source=who,
                attributes=attributes(point.attributes),
                temporality=temporality,
                monotonic=monotonic,
            )
            yield _point(series, point)


def read_json(text: bytes | str, message: Any) -> Any:
    """`message`, an empty one of protobuf, filled from OTLP's JSON. Raises `ValueError` for what is none.

    It is protobuf's JSON but for ids, which are hexadecimal, and unknown fields, which may come.
    """
    from google.protobuf import json_format

    try:
        found: Any = json.loads(text)
        if not isinstance(found, dict):
            raise TypeError("it is no object")
        return json_format.ParseDict(_with_ids(found), message, ignore_unknown_fields=True)
    except (json_format.ParseError, RecursionError, TypeError, AttributeError) as fault:
        raise ValueError(f"no OTLP JSON: {fault}") from fault


def attributes(pairs: Iterable[Any]) -> dict[str, Any]:
    return {pair.key: value_of(pair.value) for pair in pairs}


def value_of(value: Any) -> Any:
    """Of an `AnyValue`; None for an empty one."""
    which = value.WhichOneof("value")
    if which is None:
        return None
    if which == "array_value":
        return [value_of(item) for item in value.array_value.values]
    if which == "kvlist_value":
        return attributes(value.kvlist_value.values)
    return getattr(value, which)


def _items(of_resources: Iterable[Any], scopes: str, items: str) -> Iterator[tuple[Source, Any]]:
    for of_resource in of_resources:
        resource = attributes(of_resource.resource.attributes)
        for of_scope in getattr(of_resource, scopes):
            who = Source(resource, of_scope.scope.name or None, of_scope.scope.version or None)
            for item in getattr(of_scope, items):
                yield who, item


def _point(series: Series, point: Any) -> PointRecord:
    start, time = point.start_time_unix_nano, point.time_unix_nano
    make: Callable[[Any], Mapping[str, Any]] | None = _BUCKETS.get(series.kind)
    if make is None:
        which = point.WhichOneof("value")
        return PointRecord(series, start, time, value=None if which is None else float(getattr(point, which)))
    found = {name: getattr(point, name) for name in ("sum", "min", "max") if _has(point, name)}
    return PointRecord(series, start, time, None, point.count, buckets=make(point), **found)


def _has(point: Any, name: str) -> bool:
    try:
        return point.HasField(name)
    except ValueError:  # a summary has a sum always, and neither of the others
        return name == "sum"


_BUCKETS: Final[Mapping[str, Callable[[Any], Mapping[str, Any]]]] = {
    "histogram": lambda point: {"bounds": list(point.explicit_bounds), "counts": list(point.bucket_counts)},
    "exponential_histogram": lambda point: {
        "scale": point.scale,
        "zero": point.zero_count,
        "positive": [point.positive.offset, list(point.positive.bucket_counts)],
        "negative": [point.negative.offset, list(point.negative.bucket_counts)],
    },
    "summary": lambda point: {"quantiles": [[one.quantile, one.value] for one in point.quantile_values]},
}


def _id(id: bytes, length: int) -> str | None:
    """None for one that is absent, all zero or of another length: there is no such thing."""
    return id.hex() if len(id) == length and any(id) else None


def _nth(names: Sequence[str | None], number: int) -> str | None:
    return names[number] if 0 <= number < len(names) else None


def _with_ids(value: Any) -> Any:
    """With ids as protobuf has bytes, and without halves of characters: for one of these it refuses all the rest."""
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, list):
        return [_with_ids(item) for item in cast("list[Any]", value)]
    if not isinstance(value, dict):
        return value
    return {
        clean(name): _base64(item) if name in _IDS and isinstance(item, str) else _with_ids(item)
        for name, item in cast("dict[str, Any]", value).items()
    }


def _base64(hexadecimal: str) -> str:
    try:
        return b64encode(binascii.unhexlify(hexadecimal)).decode()
    except ValueError:
        return ""
