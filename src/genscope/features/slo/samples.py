"""What is kept of a call, or of a score, until objectives are held against it: a few numbers and words."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple

from genscope import semconv
from genscope.core.operation import Operation


class CallSample(NamedTuple):
    """A call that has ended."""

    at: float
    """By the clock of the windows."""
    provider: str | None
    model: str | None
    operation: str | None
    workflow: str | None
    trace_id: int
    """0 where there is none."""
    duration: float
    first_token: float | None
    """Seconds from the request to it."""
    outcome: str | None
    """Of a stream."""
    kind: str | None
    """Of the failure."""
    defects: tuple[str, ...]
    dollars: float | None
    tokens: int | None


class ScoreSample(NamedTuple):
    """What a judge has made of an answer."""

    at: float
    provider: str | None
    model: str | None
    operation: str | None
    workflow: str | None
    trace_id: int
    judge: str
    score: float
    """From 0, as bad as can be, to 1."""


Sample = CallSample | ScoreSample

SCOPES: Final[Mapping[str, str]] = {
    "provider": semconv.PROVIDER_NAME,
    "model": semconv.REQUEST_MODEL,
    "operation": semconv.OPERATION_NAME,
    "workflow": semconv.WORKFLOW_NAME,
}
"""By what calls are told apart: the fields that all samples have, and the attributes that say the same."""
LIMIT: Final = "limit"
"""The scope of `budget_use`: it has no calls."""


def call_sample(op: Operation, clock: Callable[[], float]) -> CallSample:
    """Of an operation that has ended."""
    failure, cost, usage, around, span = op.failure, op.cost, op.usage, op.surroundings, op.span
    return CallSample(
        clock(),
        op.provider,
        op.model,
        op.name,
        None if around is None else around.workflow_name(),
        0 if span is None else _kept_trace(span.get_span_context()),
        op.duration,
        None if op.first_token is None else op.first_token - op.started,
        op.outcome,
        None if failure is None else failure.kind,
        op.defects,
        None if cost is None or cost.currency != "USD" else cost.amount,
        None if usage is None else (usage.input_tokens or 0) + (usage.output_tokens or 0),
    )


def _kept_trace(context: Any) -> int:
    """One that nobody has kept would lead nowhere."""
    return context.trace_id if context.trace_flags & 1 else 0


def score_sample(judge: str, score: float, attributes: Mapping[str, Any], trace_id: int, at: float) -> ScoreSample:
    """`attributes` say of which call, under the names of the conventions."""
    said = (attributes.get(attribute) for attribute in SCOPES.values())
    provider, model, operation, workflow = (None if value is None else str(value) for value in said)
    return ScoreSample(at, provider, model, operation, workflow, trace_id, judge, score)
