"""What is kept, as plain records: whoever has telemetry, in whatever form, makes these of it.

Times are nanoseconds since the epoch. Ids are lower-case hexadecimal. Attributes have the values that OpenTelemetry
allows, in logs also mappings and None.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

Attributes = Mapping[str, Any]


class Source(NamedTuple):
    """Who says it."""

    resource: Attributes
    scope: str | None = None
    scope_version: str | None = None


class Event(NamedTuple):
    name: str
    time_ns: int
    attributes: Attributes


class Link(NamedTuple):
    trace_id: str
    span_id: str
    attributes: Attributes


@dataclass(slots=True)
class SpanRecord:
    trace_id: str
    span_id: str
    parent_id: str | None
    name: str
    kind: str
    """`internal`, `server`, `client`, `producer` or `consumer`."""
    start_ns: int
    end_ns: int
    source: Source
    attributes: Attributes = field(default_factory=dict[str, Any])
    status: str = "unset"
    """`unset`, `ok` or `error`."""
    status_message: str | None = None
    events: Sequence[Event] = ()
    links: Sequence[Link] = ()


@dataclass(slots=True)
class LogRecord:
    time_ns: int
    """When it happened, else when it was seen."""
    source: Source
    attributes: Attributes = field(default_factory=dict[str, Any])
    body: Any = None
    event: str | None = None
    """Its name, if it is an event."""
    trace_id: str | None = None
    span_id: str | None = None
    severity: str | None = None
    severity_number: int | None = None


@dataclass(slots=True)
class Series:
    """A metric with one set of attributes."""

    name: str
    unit: str
    description: str
    kind: str
    """`sum`, `gauge`, `histogram`, `exponential_histogram` or `summary`."""
    source: Source
    attributes: Attributes = field(default_factory=dict[str, Any])
    temporality: str | None = None
    """`delta` or `cumulative`; None where there is no such thing."""
    monotonic: bool | None = None


@dataclass(slots=True)
class PointRecord:
    """A measurement of a series: `value` of a sum or a gauge, the rest of a distribution."""

    series: Series
    start_ns: int
    time_ns: int
    value: float | None = None
    count: int | None = None
    sum: float | None = None
    min: float | None = None
    max: float | None = None
    buckets: Mapping[str, Any] | None = None
    """`bounds` and `counts`, one more of these; or `scale`, `zero`, and `positive` and `negative`, each an offset and
    counts (https://opentelemetry.io/docs/specs/otel/metrics/data-model/#exponentialhistogram); or the `quantiles` of a
    summary, pairs."""
