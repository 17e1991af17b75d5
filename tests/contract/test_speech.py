"""Speech as events: the SDK has no stream for them, the application reads them from the body. And large bodies."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from genscope.local.simulator import USAGE, Simulator

from .cases import OPENAI
from .openai_media import MEDIA
from .outcomes import CALLS, STREAMS
from .play import new_client, play
from .recorder import instrumented
from .sights import differences
from .stand_ins import StandIn, stream
from .vocabulary import MODES, Case, Mode

(SPEECH,) = (api for api in MEDIA if api.name == "speech")
EVENTS = replace(SPEECH, arguments={**SPEECH.arguments, "extra_body": {"stream_format": "sse"}}, frames=8)
SHAPES = {shape.name: shape for shape in OPENAI.shapes}
READ = ("plain", "post", "raw", "streaming_response_read", "streaming_response_parse", "streaming_response_lines")
EARLY = {outcome.name: outcome for outcome in STREAMS if outcome.ends != "completed"}
TOKENS = {"gen_ai.usage.input_tokens": USAGE.prompt, "gen_ai.usage.output_tokens": USAGE.completion}


def told(case: Case, simulator: Simulator) -> dict[str, Any]:
    """The attributes of the one span; the application sees no difference."""
    bare = play(case, simulator)
    with instrumented(case.sdk) as recorder:
        seen = play(case, simulator)
    recorder.settle()
    assert differences(vars(bare), vars(seen)) == []
    assert seen.logs == [] == seen.unraisable
    return dict(recorder.span().attributes or {})


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("shape", READ)
def test_events_that_are_read_say_what_was_used(shape: str, mode: Mode, simulator: Simulator) -> None:
    attributes = told(Case(OPENAI, EVENTS, mode, SHAPES[shape], CALLS[0]), simulator)
    assert attributes.items() >= TOKENS.items()
    assert attributes["gen_ai.request.stream"] is True
    assert attributes["gen_ai.output.type"] == "speech"
    assert attributes["genscope.stream.outcome"] == "completed"
    assert attributes["genscope.stream.chunks"] == EVENTS.frames


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("name", ["closed", "dropped", "dropped_unread", "block_left", "block_unread", "block_raised"])
def test_events_that_are_left_are_no_error(name: str, mode: Mode, simulator: Simulator) -> None:
    attributes = told(Case(OPENAI, EVENTS, mode, SHAPES["streaming_response_lines"], EARLY[name]), simulator)
    assert attributes["genscope.stream.outcome"] == "abandoned"
    assert "error.type" not in attributes
    assert not TOKENS.keys() & attributes.keys()


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("shape", ["plain", "streaming_response_lines"])
def test_an_error_among_the_events_is_one(shape: str, mode: Mode, simulator: Simulator) -> None:
    outcome = replace(CALLS[0], scenario="stream_error")
    attributes = told(Case(OPENAI, EVENTS, mode, SHAPES[shape], outcome), simulator)
    assert attributes["error.type"] == "server_error"
    assert attributes["genscope.stream.outcome"] == "failed"


# --- bodies of a size that speech and images have

HUGE = 3 << 20


def _attributes(content: bytes, kind: str, **more: Any) -> dict[str, Any]:
    """What the span says when the raw response is still held, and nobody has parsed it."""

    def answer(request: Any) -> Any:
        return OPENAI.http_library().Response(200, headers={"content-type": kind}, content=content)

    stand_in = StandIn(OPENAI, "sync", answer)
    with instrumented(OPENAI) as recorder:
        held = stand_in.client.audio.speech.with_raw_response.create(**SPEECH.arguments, **more)
        attributes = dict(recorder.span().attributes or {})
        assert len(held.content) == len(content)
    stand_in.http.close()
    return attributes


def test_the_call_of_a_large_sound_ends_when_it_is_there() -> None:
    assert _attributes(b"\0" * HUGE, "audio/mpeg")["gen_ai.output.type"] == "speech"


def test_the_last_of_many_events_says_what_was_used() -> None:
    sound = json.dumps({"type": "speech.audio.delta", "audio": b64encode(b"\0" * HUGE).decode()})
    done = json.dumps({"type": "speech.audio.done", "usage": {"input_tokens": 9, "output_tokens": 2}})
    events = f"data: {sound}\n\ndata: {done}\n\n".encode()
    attributes = _attributes(events, "text/event-stream", extra_body={"stream_format": "sse"})
    assert attributes["gen_ai.usage.output_tokens"] == 2
    assert attributes["genscope.stream.chunks"] == 2


@pytest.mark.parametrize("mode", MODES)
def test_a_streamed_image_that_is_read_as_bytes_says_what_was_used(mode: Mode, simulator: Simulator) -> None:
    """The last event holds the usage and an image, megabytes of it."""
    last = {
        "type": "image_generation.completed",
        "b64_json": "A" * HUGE,
        "usage": {"input_tokens": 9, "output_tokens": 2},
    }
    body = f"event: image_generation.completed\ndata: {json.dumps(last)}\n\n".encode()

    def pieces() -> Iterator[bytes]:
        return (body[at : at + 65536] for at in range(0, len(body), 65536))

    (images,) = (api for api in MEDIA if api.name == "images")
    way = replace(SHAPES["streaming_response_lines"], streams=True)
    case = Case(
        OPENAI, replace(images, arguments={**images.arguments, "extra_body": {"stream": True}}), mode, way, CALLS[0]
    )
    http = OPENAI.stand_in(mode, lambda request: stream(OPENAI, mode, pieces))
    with instrumented(OPENAI) as recorder:
        play(case, simulator, new_client(case, simulator, http), http)
    attributes = recorder.span().attributes or {}
    assert attributes["gen_ai.usage.output_tokens"] == 2
    assert attributes["gen_ai.output.type"] == "image"
