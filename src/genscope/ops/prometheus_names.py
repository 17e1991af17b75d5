"""The names that metrics and attributes have in Prometheus, by the way that they go there.

https://opentelemetry.io/docs/specs/otel/compatibility/prometheus_and_openmetrics/ says how a name is made. In one thing
the ways differ: a gauge of unit 1 is a `_ratio` to Prometheus' own OTLP receiver and to the collector, and keeps its '
'name
with opentelemetry-exporter-prometheus.
"""

from __future__ import annotations

import re
from typing import Final, Literal

from genscope.semconv import Metric

Via = Literal["otlp", "exporter"]
VIAS: Final[tuple[Via, ...]] = ("otlp", "exporter")
"""`otlp`: by OTLP to Prometheus, or to a collector with the exporter `prometheus`, both with the names they make unless
told otherwise. `exporter`: fetched from the application, which runs opentelemetry-exporter-prometheus."""

_UNITS: Final = {"s": "seconds", "ms": "milliseconds", "By": "bytes", "%": "percent"}


def metric_name(metric: Metric, via: Via) -> str:
    """`gen_ai.client.operation.duration` in `s` is `gen_ai_client_operation_duration_seconds`.

    A histogram has no series of this name: they end in `_bucket`, `_sum` and `_count`.
    """
    words = [label_name(metric.name)]
    unit = _UNITS.get(metric.unit, "")  # `{token}` and `1` are none
    if unit and not words[0].endswith(f"_{unit}"):
        words.append(unit)
    if metric.gauge and metric.unit == "1" and via == "otlp":
        words.append("ratio")
    if not metric.gauge and metric.buckets is None and not words[0].endswith("_total"):
        words.append("total")
    return "_".join(words)


def label_name(attribute: str) -> str:
    """`gen_ai.request.model` is `gen_ai_request_model`."""
    return re.sub(r"[^a-zA-Z0-9]+", "_", attribute)
