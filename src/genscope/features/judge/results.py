"""What became of answers that were to be judged: an event and measurements of each verdict, a count of all others."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Protocol

from opentelemetry.context import Context
from opentelemetry.trace import (
    INVALID_SPAN_CONTEXT,
    NonRecordingSpan,
    SpanContext,
    get_current_span,
    set_span_in_context,
)

from genscope import semconv
from genscope.features.judge.baseline import Baselines, Drift
from genscope.features.judge.usual import amounts_of, attributes_of, say
from genscope.features.judge.verdict import NOT_APPLICABLE, Case, Verdict

_MOST: Final = 512
"""Labels come from judges and models from callers: what is measured of each must not grow for ever."""
_OTHER: Final = "_OTHER"

Attributes = dict[str, Any]
Record = Callable[[float, Attributes, Any], None]
"""Takes an amount, attributes and an OpenTelemetry context."""
Watch = Callable[[str, float, Attributes, int], None]
"""Is told the judge, the score, of what call (its attributes), and the trace of that."""


class Judged:
    """The call that verdicts are about: nothing of it but its name. None of its spans are held."""

    __slots__ = ("context", "response_id", "span")

    def __init__(self, span: SpanContext = INVALID_SPAN_CONTEXT, response_id: str | None = None) -> None:
        self.span = NonRecordingSpan(span)
        self.context = set_span_in_context(self.span, Context()) if span.is_valid else Context()
        self.response_id = response_id


def judged_span(span: Any = None) -> Judged:
    """What verdicts about a span are about, the current one without any. Raises `TypeError` for what is no span."""
    if span is None:
        return Judged(get_current_span().get_span_context())
    found = span if isinstance(span, SpanContext) else getattr(span, "get_span_context", lambda: span)()
    if found is None:  # one of ours that nobody would see
        return Judged()
    if not isinstance(found, SpanContext):
        raise TypeError(f"{type(span).__name__} is no span")
    return Judged(found)


class Writer(Protocol):
    """Writes an event of what has `context` and `span`, if anybody listens."""

    def write(
        self, op: Any, name: str, severity: int, text: str, describe: Callable[[Any], Mapping[str, Any]]
    ) -> object: ...


@dataclass(frozen=True)
class Instruments:
    scores: Record
    results: Record
    drops: Record
    drifts: Record


class Results:
    """Told by the threads that judge. `explain` says what may be seen of an explanation; None for nothing.

    Scores are held against `baselines`, and `watch` is told of them.
    """

    def __init__(
        self,
        instruments: Instruments,
        events: Writer | None,
        watch: Watch,
        explain: Callable[[str], str | None] | None = None,
        baselines: Baselines | None = None,
    ) -> None:
        self._instruments = instruments
        self._watch = watch
        self._events = events
        self._explain = explain
        self._baselines = baselines
        self._seen: set[tuple[str, str]] = set()

    def tell(self, judged: Judged, case: Case, verdict: Verdict) -> None:
        attributes = self._of(case, verdict)
        if verdict.score is not None:
            self._instruments.scores(verdict.score, attributes, judged.context)
            self._watch(verdict.name, verdict.score, attributes, judged.span.get_span_context().trace_id)
        outcome = {semconv.EVALUATION_LABEL: self._bounded(verdict.name, verdict.label)}
        if verdict.error is not None:
            outcome = {semconv.ERROR_TYPE: self._bounded(verdict.name, verdict.error)}
        self._instruments.results(1, attributes | _known(outcome), judged.context)
        if self._events is not None and verdict.label != NOT_APPLICABLE:
            self._events.write(
                judged, semconv.EVALUATION_EVENT, *semconv.EVALUATION_SEVERITY, lambda _: self._said(judged, verdict)
            )
        fall = None if self._baselines is None else self._baselines.observe(verdict, case)
        if fall is not None:
            self._warn(judged, fall)

    def drop(self, reason: str, count: int = 1) -> None:
        """So many answers are not judged: `queue_full`, `budget`, `exit`."""
        self._instruments.drops(count, {semconv.EVALUATION_DROPPED: reason}, Context())

    def _warn(self, judged: Judged, fall: Drift) -> None:
        say(fall)
        self._instruments.drifts(1, attributes_of(fall), judged.context)
        if self._events is not None:
            said = attributes_of(fall) | amounts_of(fall)
            self._events.write(judged, semconv.DRIFT_EVENT, *semconv.DRIFT_SEVERITY, lambda _: said)

    def _of(self, case: Case, verdict: Verdict) -> Attributes:
        return _known(
            {
                semconv.EVALUATION_NAME: verdict.name,
                semconv.PROVIDER_NAME: case.provider,
                semconv.REQUEST_MODEL: self._bounded(semconv.REQUEST_MODEL, case.model),
            }
        )

    def _said(self, judged: Judged, verdict: Verdict) -> Attributes:
        shown = None
        if self._explain is not None and verdict.explanation is not None:
            shown = self._explain(verdict.explanation)
        return _known(
            {
                semconv.EVALUATION_NAME: verdict.name,
                semconv.EVALUATION_SCORE: verdict.score,
                semconv.EVALUATION_LABEL: verdict.label,
                semconv.EVALUATION_EXPLANATION: shown,
                semconv.ERROR_TYPE: verdict.error,
                semconv.RESPONSE_ID: judged.response_id,
            }
        )

    def _bounded(self, of: str, value: str | None) -> str | None:
        if value is None or (of, value) in self._seen:
            return value
        if len(self._seen) >= _MOST:
            return _OTHER
        self._seen.add((of, value))
        return value


def _known(attributes: Mapping[str, Any]) -> Attributes:
    return {name: value for name, value in attributes.items() if value is not None}
