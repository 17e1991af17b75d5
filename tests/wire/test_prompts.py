"""What is said in legacy completions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import openai
import pytest
from hypothesis import given
from hypothesis import strategies as st
from openai.types import Completion
from test_recordings import Recording

from genscope.local.simulator import Simulator
from genscope.wire import text_completions
from genscope.wire.fields import objects

from .shapes import SHAPES
from .spoken import ODD, recorded, text, unread
from .strict import answered, heard, streamed
from .test_fuzz import modestly, odd, values

Shape = Callable[[Any, Any], Any]
each_shape = pytest.mark.parametrize("shape", SHAPES)


def asked(*parts: Any) -> dict[str, Any]:
    return {"role": "user", "parts": list(parts)}


def said(content: str, reason: str | None = "stop") -> dict[str, Any]:
    message: dict[str, Any] = {"role": "assistant", "parts": [text(content)] if content else []}
    return message | ({} if reason is None else {"finish_reason": reason})


@pytest.mark.parametrize(
    "prompt, expected",
    [
        ("hi", [asked(text("hi"))]),
        (["hi", "ho"], [asked(text("hi")), asked(text("ho"))]),
        ([1, 2, 3], [asked(unread("token_ids"))]),
        ([[1, 2], [3]], [asked(unread("token_ids")), asked(unread("token_ids"))]),
        ("", None),
        ([], None),
        ([None, "hi"], [asked(text("hi"))]),
        (7, None),
        ({"a": 1}, None),
    ],
)
def test_what_a_prompt_says(prompt: Any, expected: Any) -> None:
    assert heard(text_completions, {"prompt": prompt}).input == expected


@pytest.mark.parametrize("at", range(len(ODD)))
def test_whatever_an_application_sends_is_no_fault_of_ours(at: int) -> None:
    heard(text_completions, {"prompt": ODD[at]})
    heard(text_completions, {"prompt": [ODD[at], "hi", [ODD[at]]]})


def test_an_iterator_is_left_to_the_sdk() -> None:
    prompts = iter(["hi"])
    assert heard(text_completions, {"prompt": prompts}).input is None
    assert list(prompts) == ["hi"]


def completion(*choices: Any) -> dict[str, Any]:
    return {"id": "c1", "object": "text_completion", "created": 1, "model": "m", "choices": list(choices)}


def choice(said: Any, reason: Any = None, index: Any = 0) -> dict[str, Any]:
    return {"index": index, "text": said, "finish_reason": reason, "logprobs": None}


ANSWERS: dict[str, tuple[Any, Any]] = {
    "nothing": ({}, None),
    "no choices": (completion(), None),
    "text": (completion(choice("hi", "stop")), [said("hi")]),
    "cut": (completion(choice("hi", "length")), [said("hi", "length")]),
    "empty": (completion(choice("", "stop")), [said("")]),
    "two, the second first": (completion(choice("b", "stop", 1), choice("a", "stop")), [said("a"), said("b")]),
    "wrong types": (completion(choice(7), choice([1], {"a": 1}, "x")), None),
}


@each_shape
@pytest.mark.parametrize("name", ANSWERS)
def test_what_an_answer_says(name: str, shape: Shape) -> None:
    json, expected = ANSWERS[name]
    assert answered(text_completions, shape(json, Completion)).output == expected


STREAMS: dict[str, tuple[list[Any], Any]] = {
    "nothing": ([], None),
    "text": ([completion(choice("h")), completion(choice("i")), completion(choice("", "stop"))], [said("hi")]),
    "left early": ([completion(choice("h"))], [said("h", None)]),
    "an empty answer": ([completion(choice("", "stop"))], [said("")]),
    "two": (
        [completion(choice("b", index=1)), completion(choice("a")), completion(choice("", "stop", 1))],
        [said("a", None), said("b")],
    ),
    "without a number": (
        [completion(choice("a", None, None), choice("b", None, None))],
        [said("a", None), said("b", None)],
    ),
    "numbers that are none": ([completion(choice("a", None, at)) for at in (-1, 10**9, [0])], None),
    "wrong types": ([{}, {"choices": 7}, completion(choice(7)), completion(None, 7)], None),
}


@each_shape
@pytest.mark.parametrize("name", STREAMS)
def test_what_a_stream_says(name: str, shape: Shape) -> None:
    chunks, expected = STREAMS[name]
    assert streamed(text_completions, [shape(one, Completion) for one in chunks]).output == expected


@each_shape
@pytest.mark.parametrize("recording", recorded("completions"))
def test_a_recording_says_the_same_streamed_and_whole(recording: Recording, shape: Shape) -> None:
    assert heard(text_completions, recording.request).input
    whole = answered(text_completions, shape(recording.whole, Completion)).output
    assert whole == [said(one["text"], one["finish_reason"]) for one in recording.whole["choices"]]
    if recording.streams:
        assert streamed(text_completions, [shape(one, Completion) for one in recording.events]).output == whole


def test_the_simulator_says_the_same_streamed_and_whole(simulator: Simulator) -> None:
    with openai.OpenAI(base_url=simulator.base_url("ok"), api_key="any", max_retries=0) as client:
        whole = client.completions.create(model="m", prompt="hi", n=2)
        stream = client.completions.create(model="m", prompt="hi", n=2, stream=True)
        expected = answered(text_completions, whole).output
        assert expected is not None
        assert len(expected) == 2
        assert streamed(text_completions, stream).output == expected


@given(data=st.data())
@modestly
def test_whatever_comes(data: st.DataObject) -> None:
    heard(text_completions, {"prompt": data.draw(values)})
    name = data.draw(st.sampled_from(sorted(STREAMS)))
    chunks = [data.draw(odd(one)) for one in STREAMS[name][0]] + [data.draw(values)]
    for shape in SHAPES:
        streamed(text_completions, [shape(one, Completion) for one in chunks])
        answered(text_completions, shape(objects(chunks[0]), Completion) if shape is not SHAPES[2] else chunks[0])
