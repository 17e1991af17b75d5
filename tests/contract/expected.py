"""What the telemetry of a case has to be, exactly."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from opentelemetry.trace import SpanKind, StatusCode

from genscope.core.errors import RETRYABLE

from .outcomes import BROKEN
from .play import Seen
from .recorder import CALLER, Recorder
from .sights import masked
from .vocabulary import Case, Problem

SECONDS = (0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92)
TOKENS = (1, 4, 16, 64, 256, 1024, 4096, 16384, 65536, 262144, 1048576, 4194304, 16777216, 67108864)
"""The boundaries that the conventions advise."""

_TIMES = (
    "gen_ai.response.time_to_first_chunk",
    "genscope.time_to_first_token",
    "genscope.time_to_last_chunk",
)
_OF_METRICS = ("gen_ai.operation.name", "gen_ai.provider.name", "gen_ai.request.model")
_OF_SERVER = ("server.address", "server.port")


def asked(case: Case, provider: str, port: int | None) -> dict[str, Any]:
    """The attributes with which the span starts."""
    attributes = {
        "gen_ai.operation.name": case.api.operation,
        "gen_ai.provider.name": provider,
        "server.address": "127.0.0.1",
        "server.port": port,
        **case.api.asked,
        **case.shape.asked,
    }
    if case.api.model:
        attributes["gen_ai.request.model"] = case.api.model
    if case.shape.streams:
        attributes["gen_ai.request.stream"] = True
    return attributes


def answered(case: Case) -> dict[str, Any]:
    """The attributes that the answer adds, as far as it was read."""
    api, shape, outcome = case.api, case.shape, case.outcome
    if case.problem is not None and outcome.reads == "all":
        return {}
    if shape.unread or outcome.reads == "nothing":
        return {}
    if outcome.reads == "some":
        return dict(api.begun)
    return {**api.told, **(api.usage if api.streams_usage or not shape.streams else {})}


def problem_of(case: Case, seen: Seen) -> Problem | None:
    """How the call failed; for broken connections the exception that the application got decides on the name."""
    problem = case.problem
    if problem is None or problem.type != BROKEN:
        return problem
    names = [sight["type"].rpartition(".")[2] for sight in seen.sights if isinstance(sight, dict) and "args" in sight]
    assert names
    assert names[-1] in BROKEN.split(" | ")
    return Problem(names[-1], problem.kind, problem.retryable)


def check(case: Case, seen: Seen, recorder: Recorder, caller: Any, provider: str, port: int | None) -> None:
    """Exactly one span, ended once, and in it and in the metrics what is true and nothing else."""
    span = recorder.span()
    (started,) = recorder.starts()
    attributes = {name: masked(value) if isinstance(value, str) else value for name, value in span.attributes.items()}
    problem = problem_of(case, seen)
    request = asked(case, provider, port)

    # as a sampler sees it
    assert started.attributes == request
    assert started.name == span.name == case.api.span_name
    assert span.kind is SpanKind.CLIENT
    assert started.parent == caller
    assert span.links == ()

    # as it ends
    assert case.outcome.raises(case.api, case.shape) == has_raised(seen)
    assert span.status.status_code is (StatusCode.ERROR if problem else StatusCode.UNSET)
    expected = (
        request | dict(case.api.known) | answered(case) | failure(problem, attributes) | retries(case, attributes)
    )
    if case.shape.streams:
        check_stream(case, seen, attributes, span_seconds(span))
        for name in (*_TIMES, "genscope.stream.chunks", "genscope.stream.outcome"):
            attributes.pop(name, None)
    assert attributes == expected
    check_exception(case, seen, span, problem)
    check_metrics(case, recorder, span, attributes, problem)
    caller_span = [ended for ended in recorder.ended if ended.name == CALLER]
    assert [dict(ended.attributes or {}) for ended in caller_span] in ([], [{}])


def check_exception(case: Case, seen: Seen, span: Any, problem: Problem | None) -> None:
    """The exception that the application got, without its text; none for an error that is part of the answer."""
    told = [sight["type"] for sight in seen.sights if isinstance(sight, dict) and "args" in sight]
    in_the_answer = case.api.error_events and case.outcome.name == "error_midway"
    if problem is None or in_the_answer or not told:
        assert span.events == ()
    else:
        (event,) = span.events
        assert event.name == "exception"
        assert event.attributes.keys() == {"exception.type", "exception.stacktrace"}
        assert event.attributes["exception.type"] == told[-1]
    assert (span.status.description or "").rpartition(" ")[2] == (problem.type if problem else "")


def span_seconds(span: Any) -> float:
    seconds: float = (span.end_time - span.start_time) / 1e9
    return seconds


def has_raised(seen: Seen) -> bool:
    """Whether the application got an exception."""
    return any(isinstance(sight, dict) and "args" in sight for sight in seen.sights)


def failure(problem: Problem | None, attributes: Mapping[str, Any]) -> dict[str, Any]:
    if problem is None:
        return {}
    told: dict[str, Any] = {
        "error.type": problem.type,
        "genscope.error.kind": problem.kind,
        "genscope.error.retryable": problem.retryable,
    }
    if problem.status is not None:
        told |= {"http.response.status_code": problem.status, "genscope.request_id": "req_N"}
    return told


def retries(case: Case, attributes: Mapping[str, Any]) -> dict[str, Any]:
    attempts = case.attempts
    if not attempts:
        return {}
    delays = attributes["genscope.retry.delays"]
    for delay, (_, _, told) in zip(delays, attempts, strict=True):
        assert delay == told or (told is None and delay > 0)
    return {
        "genscope.retry.attempts": len(attempts) + 1,
        "genscope.retry.kinds": tuple(kind for kind, _, _ in attempts),
        "genscope.retry.statuses": tuple(status for _, status, _ in attempts),
        "genscope.retry.delays": delays,
        "genscope.retry.backoff": sum(delays),
    }


def check_stream(case: Case, seen: Seen, attributes: Mapping[str, Any], duration: float) -> None:
    api, shape, outcome = case.api, case.shape, case.outcome
    chunks = attributes["genscope.stream.chunks"]
    if outcome.reads == "nothing" or (outcome.reads == "all" and case.problem):
        assert chunks == 0
    elif outcome.reads == "all":
        assert chunks == api.frames
    elif shape.chunks and case.problem is None:
        assert chunks == seen.items
    else:
        assert 1 <= chunks <= api.held + 1
    ends = attributes.get("genscope.stream.outcome")
    assert ends == outcome.ends

    times = [attributes[name] for name in _TIMES if name in attributes]
    assert times == sorted(times)
    assert all(0 < time <= duration for time in times)
    expected = set() if chunks == 0 else {_TIMES[0], _TIMES[2]}
    assert set(_TIMES) & attributes.keys() - {_TIMES[1]} == expected
    if outcome.reads == "all" and chunks:
        assert _TIMES[1] in attributes


def check_metrics(
    case: Case, recorder: Recorder, span: Any, attributes: Mapping[str, Any], problem: Problem | None
) -> None:
    """Names, units, boundaries, the attribute list, and values that are those of the span."""
    shared = {name: attributes[name] for name in (*_OF_METRICS, *_OF_SERVER) if name in attributes}
    if "gen_ai.response.model" in attributes:
        shared["gen_ai.response.model"] = attributes["gen_ai.response.model"]
    metrics = {metric.name: metric for metric in recorder.metrics()}
    failed = {"error.type": problem.type} if problem else {}

    duration = metrics.pop("gen_ai.client.operation.duration")
    (point,) = duration.data.data_points
    assert (duration.unit, tuple(point.explicit_bounds)) == ("s", SECONDS)
    assert (point.count, dict(point.attributes)) == (1, shared | failed)
    assert abs(point.sum - span_seconds(span)) < 1e-6

    tokens = metrics.pop("gen_ai.client.token.usage", None)
    counted = {
        kind: attributes[name]
        for kind, name in (("input", "gen_ai.usage.input_tokens"), ("output", "gen_ai.usage.output_tokens"))
        if name in attributes
    }
    points = tokens.data.data_points if tokens else []
    assert {point.attributes["gen_ai.token.type"]: point.sum for point in points} == counted
    for point in points:
        assert (tokens.unit, tuple(point.explicit_bounds)) == ("{token}", TOKENS)
        assert dict(point.attributes) == shared | {"gen_ai.token.type": point.attributes["gen_ai.token.type"]}

    first = metrics.pop("gen_ai.client.operation.time_to_first_chunk", None)
    read = case.shape.streams and _TIMES[0] in span.attributes
    assert (first is not None) == read
    if first is not None:
        (point,) = first.data.data_points
        assert (first.unit, tuple(point.explicit_bounds)) == ("s", SECONDS)
        assert (point.count, point.sum) == (1, span.attributes[_TIMES[0]])
        assert dict(point.attributes) == shared

    attempts = metrics.pop("genscope.client.attempts")
    kinds = [kind for kind, _, _ in case.attempts] + ([problem.kind] if problem else [])
    counts = {point.attributes.get("genscope.error.kind"): point.value for point in attempts.data.data_points}
    assert counts == {None: 0 if problem else 1} | {kind: kinds.count(kind) for kind in kinds}
    for point in attempts.data.data_points:
        assert {**point.attributes, "genscope.error.kind": None} == {**shared, "genscope.error.kind": None}

    errors = metrics.pop("genscope.client.errors", None)
    assert (errors is not None) == (problem is not None)
    if errors is not None and problem is not None:
        (point,) = errors.data.data_points
        told = {"genscope.error.kind": problem.kind, "genscope.error.retryable": problem.kind in RETRYABLE}
        assert (point.value, dict(point.attributes)) == (1, shared | told)
    assert not metrics
