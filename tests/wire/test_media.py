"""Images, transcriptions, speech, moderations, decisions."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openai.types import ImagesResponse, ModerationCreateResponse
from openai.types.audio import Transcription

from genscope.wire import cancelled_responses, decisions, images, moderations, speech, transcriptions

from .shapes import SHAPES, answered, asked, leads, operation, streamed, typed
from .spelled import spelled
from .test_fuzz import EVENTS, check, modestly, odd, read
from .test_responses import response

try:
    from openai.types import ImageEditStreamEvent, ImageGenStreamEvent
    from openai.types.audio import TranscriptionStreamEvent
except ImportError:  # before openai 1.95
    ImageEditStreamEvent = ImageGenStreamEvent = TranscriptionStreamEvent = object

TOTALS = {"input_tokens": 9, "output_tokens": 4, "total_tokens": 13}
COUNTED = {"input_tokens": 9, "output_tokens": 4}
IMAGE_USAGE = {
    **TOTALS,
    "input_tokens_details": {"text_tokens": 7, "image_tokens": 2, "cached_tokens": 1},
    "output_tokens_details": {"text_tokens": 1, "image_tokens": 3},
}
IMAGE_COUNTED = {
    **COUNTED,
    "text_input_tokens": 7,
    "image_input_tokens": 2,
    "cache_read_input_tokens": 1,
    "text_output_tokens": 1,
    "image_output_tokens": 3,
}
HEARD = {"type": "tokens", **TOTALS, "input_token_details": {"text_tokens": 2, "audio_tokens": 7}}
HEARD_COUNTED = {**COUNTED, "text_input_tokens": 2, "audio_input_tokens": 7}

# reader, body -> what it asks
REQUESTS: dict[str, tuple[Any, Any, dict[str, Any]]] = {
    "an image": (images, {"prompt": object(), "size": "auto"}, {"output_type": "image"}),
    "images": (images, {"n": 3}, {"output_type": "image", "choice_count": 3}),
    "one image": (images, {"n": 1}, {"output_type": "image"}),
    "an edit": (images, {"image": object(), "mask": object(), "n": None}, {"output_type": "image"}),
    "a transcription": (
        transcriptions,
        {"file": object(), "response_format": "json", "temperature": 0},
        {"output_type": "text", "temperature": 0.0},
    ),
    "speech": (speech, {"input": object(), "voice": "alloy", "response_format": "mp3"}, {"output_type": "speech"}),
    "a moderation": (moderations, {"input": object()}, {}),
    "a decision": (decisions, {"input": object(), "questions": object()}, {}),
}


@pytest.mark.parametrize("name", REQUESTS)
def test_what_a_request_asks(name: str) -> None:
    reader, body, expected = REQUESTS[name]
    op = asked(reader, {"model": "m-1", **body})
    assert (op.model, op.request, op.streaming) == ("m-1", expected, False)
    assert asked(reader, body).model is None


def test_speech_as_events_is_a_stream() -> None:
    assert asked(speech, {"stream_format": "sse"}).streaming
    assert not asked(speech, {"stream_format": "audio"}).streaming


MODERATED = {"id": "modr-1", "model": "m-2", "results": [{"flagged": True, "categories": {"violence": True}}]}
DECIDED = {"model": "m-2", "answers": [{"type": "refusal"}], "usage": IMAGE_USAGE}
Answers = dict[str, tuple[Any, Any, Any, dict[str, Any]]]

# reader, answer, its type -> what it says
ANSWERS: Answers = {
    "images": (
        images,
        {"created": 1, "data": [{"b64_json": "AA=="}], "usage": IMAGE_USAGE},
        ImagesResponse,
        {"usage": IMAGE_COUNTED},
    ),
    "links": (images, {"created": 1, "data": [{"url": "https://images.example"}]}, ImagesResponse, {}),
    "images, no details": (
        images,
        {"usage": {**TOTALS, "input_tokens_details": None}},
        ImagesResponse,
        {"usage": COUNTED},
    ),
    "usage in a type that does not know it": (
        images,
        {"usage": IMAGE_USAGE},
        ModerationCreateResponse,
        {"usage": IMAGE_COUNTED},
    ),
    "the tokens of another model": (
        images,
        {"usage": TOTALS, "svg_usage": {"model": "m-3", "input_tokens": 90, "output_tokens": 40}},
        ImagesResponse,
        {"usage": COUNTED},
    ),
    "a transcription": (transcriptions, {"text": "?", "usage": HEARD}, Transcription, {"usage": HEARD_COUNTED}),
    "a transcription, nothing counted": (transcriptions, {"text": "?"}, Transcription, {}),
    "seconds": (
        transcriptions,
        {"text": "?", "usage": {"type": "duration", "seconds": 3}},
        Transcription,
        {"audio_seconds": 3.0},
    ),
    "the length of the audio is no usage": (transcriptions, {"text": "?", "duration": 3.5}, Transcription, {}),
    "less than no seconds": (transcriptions, {"usage": {"type": "duration", "seconds": -1}}, Transcription, {}),
    "seconds odd": (transcriptions, {"usage": {"type": "duration", "seconds": "three"}}, Transcription, {}),
    "a moderation": (moderations, MODERATED, ModerationCreateResponse, {"id": "modr-1", "model": "m-2"}),
    "a decision": (decisions, DECIDED, object, {"model": "m-2", "usage": IMAGE_COUNTED}),
    "a cancelled response": (
        cancelled_responses,
        response("cancelled", usage=TOTALS),
        object,
        {"id": "r1", "model": "m-2", "status": "cancelled", "finish_reasons": ("error",)},
    ),
}


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("name", ANSWERS)
def test_what_an_answer_says(name: str, shape: Callable[[Any, Any], Any]) -> None:
    reader, said, cls, expected = ANSWERS[name]
    assert answered(reader, shape(said, cls)) == expected


@pytest.mark.parametrize(
    "answer", [None, "1\n00:00:00,000 --> 00:00:03,000\n?\n", b"ID3", 1, [], [{}], object()], ids=spelled
)
@pytest.mark.parametrize("reader", [images, transcriptions, speech, moderations, decisions])
def test_what_is_no_object_says_nothing(reader: Any, answer: Any) -> None:
    assert answered(reader, answer) == {}


IMAGE = {"b64_json": "AA==", "created_at": 1, "size": "auto"}
PREVIEW = {"type": "image_generation.partial_image", "partial_image_index": 0, **IMAGE}
DONE = {"type": "image_generation.completed", **IMAGE, "usage": IMAGE_USAGE}
EDITED = {**DONE, "type": "image_edit.completed"}
DELTA = {"type": "transcript.text.delta", "delta": "?"}
SEGMENT = {"type": "transcript.text.segment", "id": "s1", "start": 0, "end": 1, "speaker": "A", "text": "?"}
WRITTEN = {"type": "transcript.text.done", "text": "?", "usage": HEARD}
SOUND = {"type": "speech.audio.delta", "audio": "AA=="}
SPOKEN = {"type": "speech.audio.done", "usage": TOTALS}
BROKEN = {"type": "error", "error": {"code": "c", "type": "t", "message": "m"}}
FLAT = {"type": "error", "code": "c", "message": "m"}

# reader, events, their type -> what they say, what each brings
STREAMS: dict[str, tuple[Any, list[Any], Any, dict[str, Any], list[str | None]]] = {
    "an image": (images, [PREVIEW, PREVIEW, DONE], ImageGenStreamEvent, {"usage": IMAGE_COUNTED}, ["text"] * 3),
    "an image without previews": (images, [DONE], ImageGenStreamEvent, {"usage": IMAGE_COUNTED}, ["text"]),
    "an edit": (images, [EDITED], ImageEditStreamEvent, {"usage": IMAGE_COUNTED}, ["text"]),
    "an image cut off": (images, [PREVIEW], ImageGenStreamEvent, {}, ["text"]),
    "an image that failed": (images, [PREVIEW, BROKEN], object, {"error": ("c", "t")}, ["text", None]),
    "a transcription": (
        transcriptions,
        [DELTA, SEGMENT, WRITTEN],
        TranscriptionStreamEvent,
        {"usage": HEARD_COUNTED},
        ["text", "text", None],
    ),
    "seconds": (
        transcriptions,
        [DELTA, {**WRITTEN, "usage": {"type": "duration", "seconds": 3}}],
        TranscriptionStreamEvent,
        {"audio_seconds": 3.0},
        ["text", None],
    ),
    "a transcription that failed": (transcriptions, [DELTA, FLAT], object, {"error": ("c", None)}, ["text", None]),
    "speech": (speech, [SOUND, SPOKEN], object, {"usage": COUNTED}, ["text", None]),
    "what is not known": (speech, [{"type": "speech.audio.begun"}, {"type": 1}, {}, None], object, {}, [None] * 4),
    "moderations do not stream": (moderations, [MODERATED], object, {}, [None]),
}


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("name", STREAMS)
def test_what_a_stream_says(name: str, shape: Callable[[Any, Any], Any]) -> None:
    reader, events, cls, expected, brought = STREAMS[name]
    chunks = [shape(event, cls) for event in events]
    assert streamed(reader, chunks) == expected
    assert leads(reader, chunks) == brought


@pytest.mark.parametrize("name", ["an image", "a transcription"])
def test_a_stream_says_what_the_whole_answer_says(name: str) -> None:
    reader, said, cls, _ = ANSWERS["images" if name == "an image" else name]
    assert streamed(reader, STREAMS[name][1]) == answered(reader, typed(said, cls))


# --- whatever a provider sends

EACH = {
    "images": (images, {"n": 2}, IMAGE_USAGE, STREAMS["an image"][1]),
    "transcriptions": (transcriptions, {"temperature": 0.5}, HEARD, STREAMS["a transcription"][1]),
    "seconds": (transcriptions, {}, {"type": "duration", "seconds": 3}, STREAMS["seconds"][1]),
    "speech": (speech, {"stream_format": "sse"}, TOTALS, STREAMS["speech"][1]),
    "moderations": (moderations, {}, None, [MODERATED]),
    "decisions": (decisions, {}, IMAGE_USAGE, [DECIDED]),
}


@pytest.mark.parametrize("name", EACH)
@given(data=st.data())
@modestly
def test_whatever_comes(name: str, data: st.DataObject) -> None:
    reader, body, usage, events = EACH[name]
    wanted = data.draw(odd({"model": "m", **body}).filter(lambda body: isinstance(body, dict)))
    check(asked(reader, wanted))
    for shape in SHAPES:
        op = operation(reader)
        reader.read_response(op, shape(data.draw(odd({"id": "r1", "model": "m", "usage": usage})), object))
        check(op)
        op, answer = operation(reader, streaming=True), reader.Answer()
        for event in [shape(data.draw(odd(event)), object) for event in events]:
            answer.fold(event)
            assert answer.lead(event) in ("text", None)
        reader.read_response(op, answer)
        check(op)
    said = b"".join(b"data: %s\n\n" % json.dumps(data.draw(odd(event))).encode() for event in events)
    check(read(reader, said, EVENTS))
