"""What a report says, as data: `genscope report --json` prints just this. docs/report.md defines each figure.

Durations are seconds, ratios from 0 to 1, amounts in the currency of the report, times UTC in ISO 8601. None is what
nobody knows, and an empty sequence what does not occur.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Times:
    """How long something took."""

    count: float
    mean: float
    p50: float | None
    p95: float | None
    p99: float | None


@dataclass(frozen=True, slots=True)
class Total:
    """Calls that have something in common, in sum."""

    key: str | None = None
    """What they have in common; None for all, or for what has no such name."""
    provider: str | None = None
    calls: float = 0
    failed: float = 0
    """Without those that were stopped."""
    stopped: float | None = None
    """Calls that the application itself ended: cancelled, or refused by a budget."""
    success_rate: float | None = None
    """Of the calls that were not stopped."""
    cost: float | None = None
    unpriced: float | None = None
    """Calls that succeeded and whose cost nobody knows."""
    input_tokens: float | None = None
    output_tokens: float | None = None
    duration: Times | None = None
    first_token: Times | None = None


@dataclass(frozen=True, slots=True)
class Piece:
    """Of a trend: the calls that began in a piece of time."""

    start: str
    calls: float
    failed: float
    cost: float | None
    p50: float | None
    p95: float | None


@dataclass(frozen=True, slots=True)
class ErrorKind:
    kind: str
    calls: float
    before: float | None
    """In the period that it is compared with."""
    stopped: bool
    """Whether it is something that the application wanted."""


@dataclass(frozen=True, slots=True)
class Retries:
    """What SDKs tried again by themselves, and what failed in spite of it."""

    calls: float | None
    """That were tried more than once."""
    attempts: float
    """After the first of a call."""
    waited: float | None
    """Seconds between attempts, in sum."""
    failed_cost: float | None
    """What calls cost that failed in the end."""


@dataclass(frozen=True, slots=True)
class Cached:
    """What it saved that a provider had a part of the input in its cache."""

    key: str | None
    provider: str | None
    input_tokens: int
    read_tokens: int
    write_tokens: int
    saved: float | None
    """Less than without a cache by so much, what writing to it cost taken off; None without a price."""


@dataclass(frozen=True, slots=True)
class Instead:
    """The same tokens, had they gone to another model."""

    provider: str | None
    model: str | None
    other_provider: str
    other_model: str
    calls: int
    cost: float
    other_cost: float
    saving: float
    score: float | None
    """What judges gave to answers of the model, where they did."""
    other_score: float | None
    asked_for: bool
    """Whether an option names the pair; else both models are in use already."""


@dataclass(frozen=True, slots=True)
class MoreCached:
    """What more of the input from a provider's cache would save."""

    rate: float
    """Part of the input that is supposed to come from the cache."""
    saving: float


@dataclass(frozen=True, slots=True)
class RepeatedPrompt:
    """A prompt that the same model has answered more than once."""

    content_hash: str
    provider: str | None
    model: str | None
    calls: int
    cost: float
    avoidable: float
    first: str
    last: str
    trace_id: str
    """Of the first."""


@dataclass(frozen=True, slots=True)
class Repeats:
    known: int
    """Calls that were answered, and whose prompt is known by its hash."""
    prompts: int
    """That the same model has answered more than once."""
    calls: int
    """With one of these."""
    avoidable: float
    """What all but the first answer to each prompt cost."""
    worst: Sequence[RepeatedPrompt]


@dataclass(frozen=True, slots=True)
class Judge:
    name: str
    verdicts: float
    mean: float | None
    before: float | None
    trend: Sequence[float | None]
    """Mean score of each piece of time."""


@dataclass(frozen=True, slots=True)
class Bar:
    """A span in a waterfall; times from the beginning of its trace."""

    name: str
    sort: str
    """One of `spent.SORTS`."""
    depth: int
    start: float
    duration: float
    first_token: float | None
    failed: bool


@dataclass(frozen=True, slots=True)
class SlowTrace:
    trace_id: str
    name: str
    service: str | None
    start: str
    duration: float
    calls: int
    errors: int
    cost: float | None
    spent: Mapping[str, float]
    """Seconds by what was waited for; in sum the duration."""
    bars: Sequence[Bar]
    left_out: int
    """Spans that are not among the bars."""


@dataclass(frozen=True, slots=True)
class Saving:
    what: str
    monthly: float


@dataclass(frozen=True, slots=True)
class Projection:
    """A month of 30 days, if it goes on as it did."""

    days: float
    """From which it is taken."""
    spend: float
    daily_calls: float
    mean_duration: float | None
    error_rate: float | None
    savings: Sequence[Saving]
    saving: float
    """Of all together, each of what the ones before it leave."""
    investment: float | None
    payback_months: float | None
    """None if nothing is invested, or nothing saved."""
    assumed: Sequence[str]
    """In words: what options say, and not the data."""


@dataclass(frozen=True, slots=True)
class Span:
    """A period."""

    since: str
    until: str


@dataclass(frozen=True, slots=True)
class Figures:
    title: str
    source: str
    service: str | None
    currency: str
    made: str
    period: Span
    compared: Span | None
    step: float
    """Seconds of a piece of the trend."""
    now: Total
    before: Total | None
    """Of the period that it is compared with; None if there is none, or nothing is known of it."""
    whole: bool = True
    """Whether both periods are there from their beginning, so that sums can be compared."""
    trend: Sequence[Piece] = ()
    models: Sequence[Total] = ()
    users: Sequence[Total] | None = None
    workflows: Sequence[Total] | None = None
    services: Sequence[Total] = ()
    models_before: Mapping[str, float] = field(default_factory=dict[str, float])
    errors: Sequence[ErrorKind] = ()
    retries: Retries | None = None
    cached: Sequence[Cached] | None = None
    instead: Sequence[Instead] | None = None
    more_cached: MoreCached | None = None
    repeats: Repeats | None = None
    judges: Sequence[Judge] = ()
    slowest: Sequence[SlowTrace] | None = None
    projection: Projection | None = None
    judging: Total | None = None
    """Calls that judge answers; they are nowhere else among these figures."""
    notices: Sequence[str] = ()
    """What one must know to read the rest."""
    missing: Mapping[str, str] = field(default_factory=dict[str, str])
    """By field, why it is not there."""
