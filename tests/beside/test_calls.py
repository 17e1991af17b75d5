"""One call, one span, whoever else traces it and whoever came first; and the application sees what it saw before."""

from __future__ import annotations

import gc
import re
from collections.abc import Iterator
from typing import Any

import pytest
from contract.cases import cases
from contract.outcomes import CALLS, CANCELLED, FAST, STREAMS, read_all
from contract.play import Seen
from contract.recorder import Recorder
from contract.sights import differences
from contract.vocabulary import Case, Outcome, Problem

from genscope.local.simulator import USAGE, Simulator

from .neighbours import (
    APIS,
    NEIGHBOURS,
    OPENLLMETRY,
    ORDERS,
    OURS,
    Neighbour,
    alone,
    completed,
    scopes,
    spans,
    together,
)

OK, BAD_REQUEST = CALLS[0], CALLS[1]
RETRIED = next(outcome for outcome in CALLS if outcome.name == "retried")
LIMITED = Outcome(
    "rate_limited",
    read_all,
    scenario="rate_limit",
    options=FAST,
    client={"max_retries": 1},
    ends="failed",
    problem=lambda api, shape: Problem("rate_limit_exceeded", "rate_limit", True, 429),
    raises=lambda api, shape: True,
    attempts=[("rate_limit", 429, 0.001)],
)
LEFT = [outcome for outcome in STREAMS if outcome.name in ("closed", "dropped", "block_left", "error_midway")]
SHAPES = (
    *("plain", "parse", "post", "raw", "streaming_response_parse"),
    *("stream", "helper", "raw_stream", "raw_stream_bytes", "streaming_response_stream"),
)
ALL = [
    *cases([OK], apis=APIS, shapes=SHAPES),
    *cases([LIMITED, RETRIED, CANCELLED], apis=APIS, shapes=("plain", "stream", "raw")),
    *cases([LIMITED], apis=("responses",), shapes=("raw_stream",)),
    *cases(LEFT, apis=("chat", "responses"), shapes=("stream", "helper", "raw_stream")),
    *cases([OK, BAD_REQUEST], apis=("completions",), shapes=("plain", "stream")),
    *cases([OK], apis=("fetch_response",), shapes=("plain",)),
]


def _pairs() -> Iterator[Any]:
    for neighbour in NEIGHBOURS:
        for parameter in ALL:
            (case,) = parameter.values
            if neighbour is OPENLLMETRY and case.outcome is CANCELLED and case.api.name != "responses":
                continue  # with or without us, it never ends its span of a call that was cancelled
            yield pytest.param(neighbour, case, id=f"{neighbour}-{case}")


@pytest.mark.parametrize("neighbour, case", list(_pairs()))
def test_one_call(neighbour: Neighbour, case: Case, simulator: Simulator) -> None:
    seen, before = alone(neighbour, case, simulator)
    _end_all(before)
    for order in ORDERS:
        now, recorder = together(neighbour, order, case, simulator)
        _end_all(recorder)
        assert _differences(seen, now) == [], order
        _one_span(neighbour, case, before, recorder)
        if case.outcome.name == "ok" and case.api.name != "fetch_response":
            _the_bill(neighbour, case, before, recorder)


def _one_span(neighbour: Neighbour, case: Case, before: Recorder, recorder: Recorder) -> None:
    ours, others = recorder.spans(OURS), neighbour.spans(recorder)
    assert len(spans(recorder)) == len(ours) + len(others)
    assert scopes(others) == scopes(spans(before))
    fetched_twice = case.api.name == "fetch_response" and neighbour is OPENLLMETRY  # theirs calls it an inference
    assert len(ours) == (1 if fetched_twice or not others else 0)
    for span in ours:
        assert span.name == case.api.span_name
    for span in others:
        assert completed(span) == (case.api.name not in neighbour.afterwards)


def _the_bill(neighbour: Neighbour, case: Case, before: Recorder, recorder: Recorder) -> None:
    told = case.api.usage and (case.api.streams_usage or not case.shape.streams)
    bill = USAGE.prompt if told else 0
    if recorder.spans(OURS) and _reads_apart(case):
        assert _tokens(recorder) == 0
    elif recorder.spans(OURS) or not (_ends_early(case) or _reads_apart(case)):
        assert _tokens(recorder) == bill
    else:
        assert _tokens(before) <= _tokens(recorder) <= bill
    theirs = case.api.name in neighbour.measures and any(map(completed, recorder.ended))
    measured = 0 if _reads_apart(case) else bill
    assert _measured(recorder) == (_measured(before) if theirs else measured)


def _ends_early(case: Case) -> bool:
    """Some of the others end their span of a `with_streaming_response` when its headers are there."""
    return case.shape.name.startswith("streaming_response")


def _reads_apart(case: Case) -> bool:
    """The others have the stream in a raw response parsed at once, and the application reads the bytes below it."""
    return case.shape.name == "raw_stream_bytes"


def _measured(recorder: Recorder) -> int:
    points = recorder.points("gen_ai.client.token.usage")
    return sum(point.sum for point in points if point.attributes.get("gen_ai.token.type") == "input")


def _tokens(recorder: Recorder) -> int:
    found: Any = [(span.attributes or {}).get("gen_ai.usage.input_tokens", 0) for span in spans(recorder)]
    return sum(found)


def _end_all(recorder: Recorder) -> None:
    """Some of the others end the span of a stream that was left only when it is collected."""
    gc.collect()
    recorder.settle()


_OF_ASYNCIO = re.compile(r"async_generator_athrow|was never awaited|asynchronous generator is already running")
"""What httpx says of a dropped stream, or does not, as the garbage collector likes."""


def _differences(bare: Seen, seen: Seen) -> list[str]:
    for run in (bare, seen):
        run.logs = [message for message in run.logs if not _OF_ASYNCIO.search(message)]
        for request in run.requests:  # other spans have other numbers
            request[3] = [(name, "" if name == "traceparent" else value) for name, value in request[3]]
    return differences(vars(bare), vars(seen))
