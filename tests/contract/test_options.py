"""What an operator can ask for, and what the application sees of it: nothing."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from genscope.local.simulator import USAGE, Simulator

from .cases import MAIN, cases
from .expected import SECONDS
from .outcomes import CALLS, STREAMS
from .play import play
from .recorder import instrumented
from .sights import differences
from .vocabulary import Api, Case

OK = CALLS[0]
CLOSED = next(outcome for outcome in STREAMS if outcome.name == "closed")
TEXT_APIS = ("chat", "completions")
SDK_READS = ("stream", "post_stream", "helper")
"""The SDK reads these streams itself; in the others the bytes are the application's."""


def tokens(recorder: Any) -> dict[str, Any]:
    attributes = recorder.span().attributes
    return {name: value for name, value in attributes.items() if name.startswith("gen_ai.usage.")}


def chunks(seen: Any) -> list[Any]:
    """The items of a stream without their `usage`, which is null in every one once somebody has asked."""
    texts = [json.loads(sight["json"]) for sight in seen.sights if isinstance(sight, dict) and "json" in sight]
    for text in texts:
        for holder in (text, text.get("chunk"), text.get("snapshot")):
            if isinstance(holder, dict):
                holder.pop("usage", None)
    return texts


@pytest.mark.parametrize("case", cases([OK], apis=TEXT_APIS, shapes=SDK_READS))
def test_usage_is_asked_for_and_the_application_does_not_see_it(case: Case, simulator: Simulator) -> None:
    bare = play(case, simulator)
    with instrumented(case.sdk, stream_usage=True) as recorder:
        seen = play(case, simulator)

    assert chunks(seen) == chunks(bare)
    assert seen.items == bare.items
    assert (seen.logs, seen.unraisable, seen.pool) == (bare.logs, bare.unraisable, bare.pool)
    (request,), (bare_request,) = seen.requests, bare.requests
    assert json.loads(request[-1]) == {**json.loads(bare_request[-1]), "stream_options": {"include_usage": True}}
    assert request[:3] == bare_request[:3]
    assert tokens(recorder) == dict(case.api.usage)
    measured = {p.attributes["gen_ai.token.type"]: p.sum for p in recorder.points("gen_ai.client.token.usage")}
    assert measured == {"input": USAGE.prompt, "output": USAGE.completion}
    attributes: Any = recorder.span().attributes
    assert attributes["gen_ai.response.finish_reasons"] == ("stop",)
    assert attributes["genscope.stream.outcome"] == "completed"


def asking(api: Api, options: Any) -> Api:
    return replace(api, arguments={**api.arguments, "stream_options": options})


@pytest.mark.parametrize("case", cases([OK], apis=TEXT_APIS, shapes=("stream", "post_stream")))
@pytest.mark.parametrize("include", [True, False])
def test_who_asks_or_declines_himself_is_heard(include: bool, case: Case, simulator: Simulator) -> None:
    """Nothing is added, nothing is hidden, nothing is changed."""
    case = replace(case, api=asking(case.api, {"include_usage": include}))
    bare = play(case, simulator)
    with instrumented(case.sdk, stream_usage=True) as recorder:
        seen = play(case, simulator)
    assert differences(vars(bare), vars(seen)) == []
    assert seen.items == case.api.frames + include
    assert tokens(recorder) == (dict(case.api.usage) if include else {})


@pytest.mark.parametrize("case", cases([OK], apis=TEXT_APIS, shapes=("stream", "post_stream")))
def test_other_stream_options_are_kept(case: Case, simulator: Simulator) -> None:
    options = {"include_obfuscation": False}
    case = replace(case, api=asking(case.api, options))
    with instrumented(case.sdk, stream_usage=True) as recorder:
        seen = play(case, simulator)
    assert json.loads(seen.requests[0][-1])["stream_options"] == {**options, "include_usage": True}
    assert options == {"include_obfuscation": False}  # the caller's own object
    assert tokens(recorder) == dict(case.api.usage)


RAW = ("raw_stream", "raw_stream_bytes", "streaming_response_stream", "streaming_response_stream_lines")


@pytest.mark.parametrize(
    "case",
    cases([OK], apis=TEXT_APIS, shapes=RAW)
    + cases([OK], apis=("chat", "responses", "completions", "embeddings"), shapes=("plain",))
    + cases([OK], apis=("responses", "fetch_response"), shapes=("stream",)),
)
def test_what_is_not_ours_to_change_is_untouched(case: Case, simulator: Simulator) -> None:
    """Raw responses are the application's bytes; whole answers and the Responses API have their usage anyway."""
    bare = play(case, simulator)
    with instrumented(case.sdk, stream_usage=True):
        seen = play(case, simulator)
    assert differences(vars(bare), vars(seen)) == []


@pytest.mark.parametrize("case", cases([CLOSED], apis=TEXT_APIS, shapes=("stream", "helper")))
def test_a_stream_that_is_closed_early_has_no_usage(case: Case, simulator: Simulator) -> None:
    bare = play(case, simulator)
    with instrumented(case.sdk, stream_usage=True) as recorder:
        seen = play(case, simulator)
    assert chunks(seen) == chunks(bare)
    assert seen.pool == bare.pool
    assert tokens(recorder) == {}
    assert (recorder.span().attributes or {})["genscope.stream.outcome"] == "abandoned"


@pytest.mark.parametrize("case", cases(STREAMS, apis=("chat",), shapes=("stream",)))
def test_every_ending_when_usage_is_asked_for(case: Case, simulator: Simulator) -> None:
    """The filter that hides the usage is one more link in the chain that closing, dropping and raising go through."""
    with instrumented(case.sdk, stream_usage=True) as recorder:
        seen = play(case, simulator)
    recorder.settle()
    assert seen.logs == [] == seen.unraisable
    assert seen.left_open == 0
    assert (recorder.span().attributes or {})["genscope.stream.outcome"] == case.outcome.ends


# --- a measurement for each chunk


@pytest.fixture(params=["argument", "environment"])
def chunk_times(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    if request.param == "environment":
        monkeypatch.setenv("GENSCOPE_TIME_PER_OUTPUT_CHUNK", "true")
    return {"time_per_output_chunk": True} if request.param == "argument" else {}


LABELS = {f"gen_ai.{name}" for name in ("operation.name", "provider.name", "request.model", "response.model")} | {
    "server.address",
    "server.port",
}
NAME = "gen_ai.client.operation.time_per_output_chunk"


@pytest.mark.parametrize("case", cases([OK], shapes=("stream", "raw_stream_bytes")))
def test_time_per_chunk_is_measured_on_request(chunk_times: dict[str, Any], case: Case, simulator: Simulator) -> None:
    bare = play(case, simulator)
    with instrumented(case.sdk, **chunk_times) as recorder:
        seen = play(case, simulator)
    assert differences(vars(bare), vars(seen)) == []
    (metric,) = (metric for metric in recorder.metrics() if metric.name == NAME)
    assert metric.unit == "s"
    points = metric.data.data_points
    assert sum(point.count for point in points) == case.api.frames - 1
    attributes: Any = recorder.span().attributes
    between = attributes["genscope.time_to_last_chunk"] - attributes["gen_ai.response.time_to_first_chunk"]
    assert sum(point.sum for point in points) == pytest.approx(between)
    for point in points:
        assert tuple(point.explicit_bounds) == SECONDS
        assert set(point.attributes) <= LABELS


@pytest.mark.parametrize("case", cases([OK], apis=MAIN, shapes=("stream",)))
def test_and_not_otherwise(case: Case, simulator: Simulator) -> None:
    with instrumented(case.sdk) as recorder:
        play(case, simulator)
    assert recorder.points(NAME) == []
