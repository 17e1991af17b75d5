"""The three signals of OTLP: what is sent, what is answered, and how it gets into the store."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from importlib import import_module
from typing import Any, Final

from genscope.local.store import from_otlp
from genscope.local.store.writing import Store


@dataclass(frozen=True, slots=True, eq=False)
class Signal:
    path: str
    """Of OTLP/HTTP."""
    service: Any
    """Of OTLP/gRPC, its descriptor."""
    request: Callable[[], Any]
    """An empty message."""
    response: Callable[[], Any]
    rejected: str
    """The field in which a response counts what was not taken."""
    items: Callable[[Any], int]
    """How much a request holds."""
    records: Callable[[Any], Iterator[Any]]
    """What of it can be kept."""
    add: Callable[[Store, Iterable[Any]], None]


def _within(*fields: str) -> Callable[[Any], int]:
    """Counts what is in the last of the fields, each of which repeats."""

    def count(message: Any, at: int = 0) -> int:
        inside = getattr(message, fields[at])
        return len(inside) if at == len(fields) - 1 else sum(count(one, at + 1) for one in inside)

    return count


def _points(request: Any) -> int:
    return sum(
        len(getattr(metric, kind).data_points)
        for of_resource in request.resource_metrics
        for of_scope in of_resource.scope_metrics
        for metric in of_scope.metrics
        if (kind := metric.WhichOneof("data"))
    )


_PROTO: Final = "opentelemetry.proto.collector"
_traces: Any = import_module(f"{_PROTO}.trace.v1.trace_service_pb2")
_logs: Any = import_module(f"{_PROTO}.logs.v1.logs_service_pb2")
_metrics: Any = import_module(f"{_PROTO}.metrics.v1.metrics_service_pb2")

SIGNALS: Final = (
    Signal(
        path="/v1/traces",
        service=_traces.DESCRIPTOR.services_by_name["TraceService"],
        request=_traces.ExportTraceServiceRequest,
        response=_traces.ExportTraceServiceResponse,
        rejected="rejected_spans",
        items=_within("resource_spans", "scope_spans", "spans"),
        records=from_otlp.spans,
        add=Store.add_spans,
    ),
    Signal(
        path="/v1/logs",
        service=_logs.DESCRIPTOR.services_by_name["LogsService"],
        request=_logs.ExportLogsServiceRequest,
        response=_logs.ExportLogsServiceResponse,
        rejected="rejected_log_records",
        items=_within("resource_logs", "scope_logs", "log_records"),
        records=from_otlp.logs,
        add=Store.add_logs,
    ),
    Signal(
        path="/v1/metrics",
        service=_metrics.DESCRIPTOR.services_by_name["MetricsService"],
        request=_metrics.ExportMetricsServiceRequest,
        response=_metrics.ExportMetricsServiceResponse,
        rejected="rejected_data_points",
        items=_points,
        records=from_otlp.points,
        add=Store.add_points,
    ),
)


def response_to(signal: Signal, rejected: int) -> Any:
    """All went well, but for what no valid item was."""
    response = signal.response()
    if rejected:
        setattr(response.partial_success, signal.rejected, rejected)
        response.partial_success.error_message = f"{rejected} without the ids that OTLP asks for"
    return response
