"""Metrics of others that tell whether telemetry arrives: those of OpenTelemetry's SDK, and of its collector.

The SDK measures itself, in its newer releases, where `OTEL_PYTHON_SDK_INTERNAL_METRICS_ENABLED` is set
(https://opentelemetry.io/docs/specs/semconv/otel/sdk-metrics/), the collector always
(https://opentelemetry.io/docs/collector/internal-telemetry/).
"""

from __future__ import annotations

from typing import Final

from genscope.semconv import Metric

SDK_SWITCH: Final = "`OTEL_PYTHON_SDK_INTERNAL_METRICS_ENABLED=true`"

SDK_EXPORTED: Final = {
    signal: Metric(f"otel.sdk.exporter.{signal}.exported", unit, "Items of which the export has ended.")
    for signal, unit in (("span", "{span}"), ("log", "{log_record}"), ("metric_data_point", "{data_point}"))
}
"""Counters; `error.type` where it has failed."""
SDK_PROCESSED: Final = {
    signal: Metric(f"otel.sdk.processor.{signal}.processed", unit, "Items that a processor has taken.")
    for signal, unit in (("span", "{span}"), ("log", "{log_record}"))
}
"""Counters; `error.type` is `queue_full` where they were dropped."""
SDK_QUEUE_SIZE: Final = Metric("otel.sdk.processor.span.queue.size", "{span}", "Spans that wait.", gauge=True)
SDK_QUEUE_CAPACITY: Final = Metric("otel.sdk.processor.span.queue.capacity", "{span}", "That may wait.", gauge=True)

COLLECTOR_SIGNALS: Final = ("spans", "metric_points", "log_records")


def collector(counter: str, signal: str) -> str:
    """A selector for a counter of the collector, which may or may not end in `_total`: that depends on its reader."""
    return f'{{__name__=~"otelcol_{counter}_{signal}(_total)?"}}'


COLLECTOR_QUEUE_SIZE: Final = "otelcol_exporter_queue_size"
COLLECTOR_QUEUE_CAPACITY: Final = "otelcol_exporter_queue_capacity"
