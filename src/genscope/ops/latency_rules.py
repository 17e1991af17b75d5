"""Alerts on how long calls to models take."""

from __future__ import annotations

from collections.abc import Iterator

from genscope.ops.records import BY_MODEL, Records
from genscope.ops.rule import Alert, Severity
from genscope.ops.samples import Samples

_WHERE = "{{ $labels.gen_ai_request_model }} of {{ $labels.gen_ai_provider_name }} in {{ $labels.job }}"
_LOOKS = (
    "The dashboard genscope latency: one model or all, one instance or all, since when. The traces of slow calls: "
    "the time is before the first chunk (the provider's queue, a long prompt), after it (a long answer), or between "
    "attempts."
)
_ACTION = (
    "One model: the provider's status page; another model or region, `genscope.fallback`. Long answers: limit "
    "max_tokens. Long prompts: shorten what is retrieved, use the provider's cache. Retries: see the alerts on "
    "errors."
)


def latency_alerts(records: Records, samples: Samples) -> Iterator[Alert]:
    thresholds = samples.thresholds
    quantiles: tuple[tuple[int, float, Severity, str, float], ...] = (
        (50, thresholds.latency_p50, "medium", "5m", thresholds.minimum_calls),
        (95, thresholds.latency_p95, "high", "3m", thresholds.minimum_calls),
        (99, thresholds.latency_p99, "high", "2m", thresholds.minimum_calls * 5),  # of few, it is the slowest one
    )
    for percent, limit, severity, hold, calls in quantiles:
        slow, enough = _slower_than(limit), samples.enough * 5
        yield Alert(
            name=f"LLMLatencyP{percent}High",
            layer="application",
            severity=severity,
            topic="latency",
            expr=f"{records.duration(percent).name} > {limit:.12g} and {records.calls.name} >= {calls:.12g}",
            hold=hold,
            summary=f"{100 - percent} % of the calls to {_WHERE} take over {{{{ $value | humanizeDuration }}}}",
            meaning=f"Calls are slower than they should be: {percent} % of them are to end within {limit:.12g} s, "
            "retries included.",
            looks=_LOOKS,
            action=_ACTION,
            fires=samples.example(hold, samples.calls(enough, slow)),
            quiet=(
                samples.example(hold, samples.calls(enough, limit / 3)),
                samples.example(hold, samples.calls(samples.few, slow)),
            ),
        )
    limit = thresholds.first_chunk_p95
    yield Alert(
        name="LLMFirstChunkSlow",
        layer="application",
        severity="high",
        topic="latency",
        expr=f"{records.first_chunk.name} > {limit:.12g} and {records.queries.streams(thresholds.window, BY_MODEL)} >= "
        f"{thresholds.minimum_calls:.12g}",
        hold="3m",
        summary=f"Streams of {_WHERE} begin after {{{{ $value | humanizeDuration }}}}",
        meaning=f"Readers wait for the first words: 95 % of the streams are to begin within {limit:.12g} s.",
        looks=_LOOKS,
        action="Shorter prompts, and prompts that begin alike for the provider's cache; a smaller model; less "
        "reasoning; another region. " + _ACTION,
        fires=samples.example("3m", samples.streams(samples.enough, _slower_than(limit))),
        quiet=(
            samples.example("3m", samples.streams(samples.enough, limit / 3)),
            samples.example("3m", samples.streams(samples.few, _slower_than(limit))),
        ),
    )


def _slower_than(limit: float) -> float:
    """Seconds in a bucket that is wholly over the limit: within one, a quantile is a guess; bounds grow by two."""
    return limit * 2.1
