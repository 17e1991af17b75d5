"""What the store answers. Times and durations are nanoseconds, costs by currency; None is what nobody said."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

Item = TypeVar("Item")
Key = str | int | None
"""What something is grouped by: a name, or the beginning of an hour or a day; None for what has no such name."""


@dataclass(frozen=True, slots=True)
class Page(Generic[Item]):
    """Newest first."""

    items: Sequence[Item]
    next: str | None
    """Says where the next page begins; None at the end."""


@dataclass(frozen=True, slots=True)
class Span:
    """A span as a list shows it. The fields are columns of the table `spans`."""

    trace_id: str
    span_id: str
    parent_id: str | None
    service: str | None
    name: str
    kind: str
    start_ns: int
    duration_ns: int
    status: str
    status_message: str | None
    operation: str | None
    purpose: str | None
    provider: str | None
    model: str | None
    response_model: str | None
    input_tokens: int | None
    output_tokens: int | None
    cache_read_tokens: int | None
    cache_write_tokens: int | None
    reasoning_tokens: int | None
    cost: float | None
    currency: str | None
    ttft_ns: int | None
    outcome: str | None
    finish_reasons: Sequence[str]
    defects: Sequence[str]
    error_type: str | None
    error_kind: str | None
    retries: int | None
    conversation: str | None
    user: str | None
    tenant: str | None
    workflow: str | None
    agent: str | None
    tool: str | None
    content_hash: str | None


@dataclass(frozen=True, slots=True)
class WholeSpan:
    """And all that is known of it."""

    span: Span
    scope: str | None
    scope_version: str | None
    resource: Mapping[str, Any]
    attributes: Mapping[str, Any]
    content: Mapping[str, Any]
    """What was said, by attribute: messages and arguments as what their JSON stands for."""
    events: Sequence[Mapping[str, Any]]
    """With `name`, `time_ns` and `attributes`."""
    links: Sequence[Mapping[str, Any]]
    """With `trace_id`, `span_id` and `attributes`."""


@dataclass(frozen=True, slots=True)
class Log:
    time_ns: int
    trace_id: str | None
    span_id: str | None
    service: str | None
    severity: str | None
    severity_number: int | None
    event: str | None
    body: str | None
    """A text, or the JSON of something else."""
    scope: str | None
    resource: Mapping[str, Any]
    attributes: Mapping[str, Any]
    content: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Evaluation:
    """What a judge gave for an answer."""

    time_ns: int
    trace_id: str | None
    span_id: str | None
    service: str | None
    evaluation: str | None
    """Its name."""
    score: float | None
    label: str | None
    explanation: str | None


@dataclass(frozen=True, slots=True)
class Trace:
    """All there is of it, spans and logs in the order in which they began."""

    trace_id: str
    spans: Sequence[WholeSpan]
    logs: Sequence[Log]


@dataclass(frozen=True, slots=True)
class TraceSummary:
    """A trace as a list shows it. Sums are over its calls."""

    trace_id: str
    name: str
    """Of its root; while that is missing, of the span that began first."""
    service: str | None
    start_ns: int
    duration_ns: int
    """From the first beginning to the last end."""
    spans: int
    calls: int
    errors: int
    input_tokens: int | None
    output_tokens: int | None
    cost: Mapping[str, float]
    models: Sequence[str]
    user: str | None
    conversation: str | None
    ended: bool
    """Whether its root is there."""


@dataclass(frozen=True, slots=True)
class Percentiles:
    p50: float
    p95: float
    p99: float


@dataclass(frozen=True, slots=True)
class Total:
    """Calls that have a key in common, in sum."""

    key: Key
    calls: int
    errors: int
    errors_by_kind: Mapping[str, int]
    input_tokens: int
    output_tokens: int
    cache_read_tokens: int
    cache_write_tokens: int
    reasoning_tokens: int
    cost: Mapping[str, float]
    unpriced: int
    """Calls that have succeeded and whose cost nobody knows."""
    retries: int
    duration_ns: Percentiles | None
    ttft_ns: Percentiles | None


@dataclass(frozen=True, slots=True)
class Scores:
    """What a judge gave, in a piece of time."""

    evaluation: str
    start_ns: int | None
    """Where the piece begins; None for all of it."""
    verdicts: int
    scored: int
    mean: float | None
    lowest: float | None
    highest: float | None
    labels: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Repeated:
    """A prompt that was sent more than once."""

    content_hash: str
    calls: int
    models: Sequence[str]
    cost: Mapping[str, float]
    avoidable: Mapping[str, float]
    """What all but the first of them cost."""
    input_tokens: int
    output_tokens: int
    first_ns: int
    last_ns: int
    trace_id: str
    span_id: str
    """The first of them."""


@dataclass(frozen=True, slots=True)
class Measured:
    """A metric over a piece of time, of the series that have a key in common."""

    name: str
    unit: str
    kind: str
    key: str | None
    value: float | None
    """Of a sum what was added, of a gauge or of what goes up and down how it stands: the sum over the series."""
    count: int | None
    """Measurements of a distribution; the rest is of these, in the metric's unit."""
    sum: float | None
    percentiles: Percentiles | None


@dataclass(frozen=True, slots=True)
class Process:
    pid: int
    program: str | None
    began_ns: int
    seen_ns: int
    spans: int
    logs: int
    points: int


@dataclass(frozen=True, slots=True)
class Info:
    path: str
    schema: int
    bytes: int
    """What the file and its journal take."""
    rows: Mapping[str, int]
    """By table."""
    oldest_ns: int | None
    newest_ns: int | None
    services: Mapping[str, int]
    """Spans by service."""
    processes: Sequence[Process]
    """That have written, the last one first."""
