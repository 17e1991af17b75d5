"""What is said in images, transcriptions, speech, moderations and decisions."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openai.types import ImagesResponse
from openai.types.audio import Transcription

from genscope.wire import (
    cancelled_responses,
    decisions,
    fetched_responses,
    images,
    moderations,
    speech,
    transcriptions,
)

from .shapes import SHAPES
from .spoken import ODD, PIXEL, PNG, called, embedded, linked, text, unread
from .strict import answered, heard, streamed
from .test_fuzz import modestly, odd, values
from .test_media import (
    BROKEN,
    DELTA,
    DONE,
    EDITED,
    MODERATED,
    PREVIEW,
    SEGMENT,
    SOUND,
    SPOKEN,
    STREAMS,
    WRITTEN,
    ImageEditStreamEvent,
    ImageGenStreamEvent,
    TranscriptionStreamEvent,
)

Shape = Callable[[Any, Any], Any]
each_shape = pytest.mark.parametrize("shape", SHAPES)
READERS = (images, transcriptions, speech, moderations, decisions)
KEYS = ("prompt", "input", "instructions", "questions")
"""Where something is said in a request to one of them."""


def asked(*parts: Any, role: str = "user") -> dict[str, Any]:
    return {"role": role, "parts": list(parts)}


def said(*parts: Any) -> dict[str, Any]:
    return {"role": "assistant", "parts": list(parts)}


PICTURE = {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PNG}"}}
QUESTIONS = [
    {"type": "predicate", "name": "large", "instructions": "Is it large?"},
    {"type": "choice", "instructions": [{"type": "input_text", "text": "Which?"}, {"type": "input_image"}]},
]
CALLED = {"type": "function_call", "call_id": "c1", "name": "f", "arguments": '{"a": 1}'}
WORDS = {"role": "user", "content": [{"type": "input_text", "text": "hi"}]}

# reader, body -> input, instructions
REQUESTS: dict[str, tuple[Any, Any, Any, Any]] = {
    "an image": (images, {"prompt": "a city", "n": 2}, [asked(text("a city"))], None),
    "a variation": (images, {"n": 2}, None, None),
    "an empty prompt": (images, {"prompt": ""}, None, None),
    "prompts": (images, {"prompt": ["a city"]}, None, None),
    "a transcription": (transcriptions, {"prompt": "names: Ada"}, [asked(text("names: Ada"))], None),
    "a transcription without words": (transcriptions, {"model": "m"}, None, None),
    "speech": (speech, {"input": "hi", "instructions": "Shout."}, [asked(text("hi"))], [text("Shout.")]),
    "speech without instructions": (speech, {"input": "hi", "voice": "alloy"}, [asked(text("hi"))], None),
    "a moderation": (moderations, {"input": "hi"}, [asked(text("hi"))], None),
    "moderations": (moderations, {"input": ["hi", "", "ho"]}, [asked(text("hi")), asked(text("ho"))], None),
    "a moderation of parts": (
        moderations,
        {"input": [{"type": "text", "text": "hi"}, PICTURE]},
        [asked(text("hi"), embedded(PIXEL, "image", "image/png"))],
        None,
    ),
    "a moderation of nothing": (moderations, {"input": []}, None, None),
    "a decision": (
        decisions,
        {"input": "hi", "questions": QUESTIONS},
        [asked(text("hi"))],
        [text("Is it large?"), text("Which?"), unread("input_image")],
    ),
    "a decision on items": (
        decisions,
        {"input": [WORDS, CALLED], "questions": []},
        [asked(text("hi")), asked(called("f", {"a": 1}), role="assistant")],
        None,
    ),
    "a decision on a picture": (
        decisions,
        {"input": "hi", "questions": [{"instructions": [{"type": "input_image", "image_url": "https://a.example"}]}]},
        [asked(text("hi"))],
        [unread("uri")],
    ),
    "questions that are none": (decisions, {"input": "hi", "questions": ["?", {}, None]}, [asked(text("hi"))], None),
}


@pytest.mark.parametrize("name", REQUESTS)
def test_what_a_request_says(name: str) -> None:
    reader, body, input, instructions = REQUESTS[name]
    content = heard(reader, body)
    assert (content.input, content.instructions) == (input, instructions)
    assert (content.output, content.tools) == (None, None)


IMAGE = {"b64_json": PNG}
LINK = {"url": "https://images.example/1.png", "revised_prompt": "a large city"}

# reader, answer, its type -> output
ANSWERS: dict[str, tuple[Any, Any, Any, Any]] = {
    "an image": (images, {"data": [IMAGE]}, ImagesResponse, [said(embedded(PIXEL, "image"))]),
    "an image of a format": (
        images,
        {"data": [IMAGE], "output_format": "png"},
        ImagesResponse,
        [said(embedded(PIXEL, "image", "image/png"))],
    ),
    "a drawing": (
        images,
        {"data": [IMAGE], "output_format": "svg"},
        ImagesResponse,
        [said(embedded(PIXEL, "image", "image/svg+xml"))],
    ),
    "two images": (
        images,
        {"data": [LINK, IMAGE]},
        ImagesResponse,
        [said(linked("image", LINK["url"]), text("a large city")), said(embedded(PIXEL, "image"))],
    ),
    "an image as its address": (
        images,
        {"data": [{"url": f"data:image/png;base64,{PNG}"}]},
        ImagesResponse,
        [said(embedded(PIXEL, "image", "image/png"))],
    ),
    "no images": (images, {"data": []}, ImagesResponse, None),
    "images that are none": (images, {"data": [{}, None, {"b64_json": 7, "url": ["x"]}]}, object, None),
    "a transcription": (transcriptions, {"text": "hi"}, Transcription, [said(text("hi"))]),
    "silence": (transcriptions, {"text": ""}, Transcription, None),
    "no transcription": (transcriptions, {"text": ["hi"]}, object, None),
    "subtitles": (transcriptions, "1\nhi\n", object, [said(text("1\nhi\n"))]),
    "a moderation": (moderations, MODERATED, object, None),
    "a decision": (decisions, {"answers": [{"type": "choice", "choice": "Paris"}]}, object, None),
    "sound": (speech, None, object, None),
}


@each_shape
@pytest.mark.parametrize("name", ANSWERS)
def test_what_an_answer_says(name: str, shape: Shape) -> None:
    reader, json, cls, expected = ANSWERS[name]
    assert answered(reader, shape(json, cls)).output == expected


def piece(written: Any) -> dict[str, Any]:
    return {**DELTA, "delta": written}


def image(event: Any, data: bytes, **more: Any) -> dict[str, Any]:
    return {**event, "b64_json": b64encode(data).decode(), **more}


EVENTS: dict[str, tuple[Any, list[Any], Any, Any]] = {
    "nothing": (images, [], object, None),
    "an image": (
        images,
        [image(PREVIEW, b"preview"), image(DONE, PIXEL, output_format="png")],
        ImageGenStreamEvent,
        [said(embedded(PIXEL, "image", "image/png"))],
    ),
    "two images": (
        images,
        [image(DONE, b"1"), image(DONE, b"2")],
        ImageGenStreamEvent,
        [said(embedded(b"1", "image")), said(embedded(b"2", "image"))],
    ),
    "an edit": (images, [image(EDITED, PIXEL)], ImageEditStreamEvent, [said(embedded(PIXEL, "image"))]),
    "an image cut off": (images, [image(PREVIEW, b"preview"), BROKEN], object, None),
    "a transcription": (
        transcriptions,
        [piece("h"), piece("i"), SEGMENT, {**WRITTEN, "text": "hi"}],
        TranscriptionStreamEvent,
        [said(text("hi"))],
    ),
    "a transcription left early": (
        transcriptions,
        [piece("h"), piece(""), piece("i")],
        TranscriptionStreamEvent,
        [said(text("hi"))],
    ),
    "a transcription as a whole": (
        transcriptions,
        [{**WRITTEN, "text": "hi"}],
        TranscriptionStreamEvent,
        [said(text("hi"))],
    ),
    "pieces that are none": (transcriptions, [piece(7), piece(None), {"type": 7}, None], object, None),
    "speech": (speech, [SOUND, SPOKEN], object, None),
    "what is not streamed": (moderations, [MODERATED], object, None),
}


@each_shape
@pytest.mark.parametrize("name", EVENTS)
def test_what_a_stream_says(name: str, shape: Shape) -> None:
    reader, events, cls, expected = EVENTS[name]
    assert streamed(reader, [shape(event, cls) for event in events]).output == expected


@each_shape
def test_a_cancelled_response_says_what_a_fetched_one_says(shape: Shape) -> None:
    message = {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "hi"}]}
    tool = {"type": "function", "name": "f"}
    json = {"id": "r1", "status": "cancelled", "output": [message], "instructions": "Be brief.", "tools": [tool]}
    content = answered(cancelled_responses, shape(json, object))
    assert content == answered(fetched_responses, shape(json, object))
    assert content.instructions == [text("Be brief.")]
    assert content.output == [said(text("hi")) | {"finish_reason": "error"}]
    assert content.tools == [tool]
    assert heard(cancelled_responses, {"response_id": "r1"}).input is None


# --- whatever an application or a provider sends


@pytest.mark.parametrize("at", range(len(ODD)))
def test_whatever_an_application_sends_is_no_fault_of_ours(at: int) -> None:
    value = ODD[at]
    among = [value, "hi", [value]]
    for reader in READERS:
        heard(reader, dict.fromkeys(KEYS, value))
        heard(reader, dict.fromkeys(KEYS, among))
    heard(decisions, {"questions": [{"instructions": value}, {"instructions": [value]}]})


def test_an_iterator_is_left_to_the_sdk() -> None:
    for reader in READERS:
        mine = iter(["hi"])
        content = heard(reader, dict.fromkeys(KEYS, mine))
        assert (content.input, content.instructions) == (None, None)
        assert list(mine) == ["hi"]


@given(data=st.data())
@modestly
def test_whatever_comes(data: st.DataObject) -> None:
    for reader, body, _, _ in REQUESTS.values():
        heard(reader, dict.fromkeys(body, data.draw(values)))
    name = data.draw(st.sampled_from(sorted(ANSWERS)))
    reader, json, cls, _ = ANSWERS[name]
    for shape in SHAPES:
        if cls is object:
            answered(reader, shape(data.draw(odd(json)), cls))
    name = data.draw(st.sampled_from(sorted(STREAMS)))
    reader, events = STREAMS[name][:2]
    for shape in SHAPES:
        streamed(reader, [shape(data.draw(odd(event)), object) for event in [*events, data.draw(values)]])
