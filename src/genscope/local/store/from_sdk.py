"""What exporters of the OpenTelemetry SDK are given, as records. Releases of the SDK from 1.30 on."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from opentelemetry.sdk.trace import ReadableSpan

from genscope.local.store.records import Attributes, Event, Link, LogRecord, PointRecord, Series, Source, SpanRecord


def spans(ended: Iterable[ReadableSpan]) -> Iterator[SpanRecord]:
    for span in ended:
        context = span.context
        if context is None:  # none of the SDK's own making
            continue
        start = span.start_time or 0
        yield SpanRecord(
            trace_id=_trace(context.trace_id),
            span_id=_span(context.span_id),
            parent_id=None if span.parent is None else _span(span.parent.span_id),
            name=span.name,
            kind=span.kind.name.lower(),
            start_ns=start,
            end_ns=span.end_time or start,
            source=source(span.resource, span.instrumentation_scope),
            attributes=span.attributes or {},
            status=span.status.status_code.name.lower(),
            status_message=span.status.description or None,
            events=[Event(event.name, event.timestamp, event.attributes or {}) for event in span.events],
            links=[
                Link(_trace(link.context.trace_id), _span(link.context.span_id), link.attributes or {})
                for link in span.links
            ],
        )


def logs(batch: Iterable[Any]) -> Iterator[LogRecord]:
    """`LogData` until release 1.38, `ReadableLogRecord` since."""
    for data in batch:
        record: Any = data.log_record
        severity: Any = record.severity_number
        about: Attributes = record.attributes or {}
        yield LogRecord(
            time_ns=record.timestamp or record.observed_timestamp or 0,
            source=source(getattr(data, "resource", None) or record.resource, data.instrumentation_scope),
            attributes=about,
            body=record.body,
            event=getattr(record, "event_name", None) or about.get("event.name"),
            trace_id=_trace(record.trace_id) if record.trace_id else None,
            span_id=_span(record.span_id) if record.span_id else None,
            severity=record.severity_text or None,
            severity_number=getattr(severity, "value", severity) or None,
        )


def points(metrics: Any) -> Iterator[PointRecord]:
    """Of a `MetricsData`."""
    for of_resource in metrics.resource_metrics:
        for of_scope in of_resource.scope_metrics:
            who = source(of_resource.resource, of_scope.scope)
            for metric in of_scope.metrics:
                for point in metric.data.data_points:
                    yield _point(metric, point, who)


def source(resource: Any, scope: Any) -> Source:
    attributes: Attributes = resource.attributes if resource is not None else {}
    return Source(attributes, getattr(scope, "name", None) or None, getattr(scope, "version", None) or None)


def _point(metric: Any, point: Any, who: Source) -> PointRecord:
    data = metric.data
    temporality = getattr(data, "aggregation_temporality", None)
    buckets = _buckets(point)
    series = Series(
        name=metric.name,
        unit=metric.unit or "",
        description=metric.description or "",
        kind=_kind(point) or ("gauge" if temporality is None else "sum"),
        source=who,
        attributes=point.attributes or {},
        temporality=None if temporality is None else temporality.name.lower(),
        monotonic=getattr(data, "is_monotonic", None),
    )
    start, time = point.start_time_unix_nano or 0, point.time_unix_nano
    if buckets is None:
        return PointRecord(series, start, time, value=float(point.value))
    of_all = {name: _finite(getattr(point, name, None)) for name in ("sum", "min", "max")}
    return PointRecord(series, start, time, None, point.count, buckets=buckets, **of_all)


def _finite(value: float | None) -> float | None:
    """Without measurements the least is infinite."""
    return float(value) if value is not None and math.isfinite(value) else None


def _kind(point: Any) -> str | None:
    if hasattr(point, "explicit_bounds"):
        return "histogram"
    return "exponential_histogram" if hasattr(point, "scale") else None


def _buckets(point: Any) -> Mapping[str, Any] | None:
    if hasattr(point, "explicit_bounds"):
        return {"bounds": list(point.explicit_bounds), "counts": list(point.bucket_counts)}
    if not hasattr(point, "scale"):
        return None
    return {
        "scale": point.scale,
        "zero": point.zero_count,
        "positive": _offset(point.positive),
        "negative": _offset(point.negative),
    }


def _offset(buckets: Any) -> Sequence[Any]:
    return [buckets.offset, list(buckets.bucket_counts)]


def _trace(id: int) -> str:
    return f"{id:032x}"


def _span(id: int) -> str:
    return f"{id:016x}"
