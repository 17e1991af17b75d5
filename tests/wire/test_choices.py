"""Chat completions and text completions: answers made of choices."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from openai.types import Completion
from openai.types.chat import ChatCompletion, ChatCompletionChunk

from genscope.wire import chat_completions, text_completions
from genscope.wire.choices import ask_for_usage, is_usage_only

from .shapes import SHAPES, answered, leads, parsed, plain, streamed, typed
from .spelled import spelled

Shape = Callable[[Any, Any], Any]
each_shape = pytest.mark.parametrize("shape", SHAPES)

STOPPED = {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": "hi"}}
CUT = {"index": 1, "finish_reason": "length", "message": {"role": "assistant", "content": "hi"}}
USAGE = {"prompt_tokens": 9, "completion_tokens": 2, "total_tokens": 11}
COUNTED = {"input_tokens": 9, "output_tokens": 2}
DETAILS = {
    "prompt_tokens_details": {
        "cached_tokens": 4,
        "cache_write_tokens": 3,
        "audio_tokens": 2,
        "image_tokens": 1,
        "text_tokens": 5,
    },
    "completion_tokens_details": {"reasoning_tokens": 1, "audio_tokens": 2, "text_tokens": 3, "image_tokens": 4},
}
PARTS = {
    "cache_read_input_tokens": 4,
    "cache_write_input_tokens": 3,
    "audio_input_tokens": 2,
    "image_input_tokens": 1,
    "text_input_tokens": 5,
    "reasoning_output_tokens": 1,
    "audio_output_tokens": 2,
    "text_output_tokens": 3,
    "image_output_tokens": 4,
}

# name -> (JSON of an answer, what it says)
ANSWERS: dict[str, tuple[Any, dict[str, Any]]] = {
    "nothing": ({}, {}),
    "everything": (
        {
            "id": "c1",
            "object": "chat.completion",
            "created": 1,
            "model": "m-2",
            "service_tier": "default",
            "system_fingerprint": "fp",
            "choices": [STOPPED, CUT],
            "usage": USAGE | DETAILS,
        },
        {
            "id": "c1",
            "model": "m-2",
            "service_tier": "default",
            "system_fingerprint": "fp",
            "finish_reasons": ("stop", "length"),
            "usage": COUNTED | PARTS,
        },
    ),
    "empty strings": ({"id": "", "model": "", "system_fingerprint": "", "service_tier": ""}, {}),
    "wrong types": ({"id": 7, "model": ["m"], "system_fingerprint": {}, "service_tier": 1.5, "created": "now"}, {}),
    "no choices": ({"id": "c1", "usage": USAGE}, {"id": "c1", "usage": COUNTED}),
    "choices null": ({"choices": None}, {}),
    "choices empty": ({"choices": []}, {}),
    "choices an object": ({"choices": {"0": STOPPED}}, {}),
    "choices a text": ({"choices": "stop"}, {}),
    "choices of nulls": ({"choices": [None, None]}, {}),
    "choices of texts": ({"choices": ["stop"]}, {}),
    "choice of nothing": ({"choices": [{}]}, {}),
    "finish reason null": ({"choices": [{"index": 0, "finish_reason": None}]}, {}),
    "finish reason empty": ({"choices": [{"index": 0, "finish_reason": ""}]}, {}),
    "finish reason a number": ({"choices": [{"index": 0, "finish_reason": 1}]}, {}),
    "finish reason unheard of": ({"choices": [{"finish_reason": "vibes"}]}, {"finish_reasons": ("vibes",)}),
    "finish reason no Unicode": ({"choices": [{"finish_reason": "\ud800"}]}, {"finish_reasons": ("?",)}),
    "one of two unfinished": (
        {"choices": [{"index": 0, "finish_reason": None}, CUT]},
        {"finish_reasons": ("error", "length")},
    ),
    "usage null": ({"usage": None}, {}),
    "usage empty": ({"usage": {}}, {}),
    "usage a number": ({"usage": 11}, {}),
    "usage a list": ({"usage": [9, 2]}, {}),
    "usage of zeros": (
        {"usage": {"prompt_tokens": 0, "completion_tokens": 0}},
        {"usage": {"input_tokens": 0, "output_tokens": 0}},
    ),
    "usage of floats": ({"usage": {"prompt_tokens": 9.0, "completion_tokens": 2.5}}, {"usage": {"input_tokens": 9}}),
    "usage of texts": ({"usage": {"prompt_tokens": "9", "completion_tokens": "2"}}, {}),
    "usage of truths": ({"usage": {"prompt_tokens": True, "completion_tokens": False}}, {}),
    "usage negative": ({"usage": {"prompt_tokens": -1, "completion_tokens": 2}}, {"usage": {"output_tokens": 2}}),
    "usage beyond 64 bits": ({"usage": {"prompt_tokens": 2**63, "completion_tokens": 1e300}}, {}),
    "usage of one side": ({"usage": {"prompt_tokens": 9}}, {"usage": {"input_tokens": 9}}),
    "details null": (
        {"usage": USAGE | {"prompt_tokens_details": None, "completion_tokens_details": None}},
        {"usage": COUNTED},
    ),
    "details of other types": (
        {"usage": USAGE | {"prompt_tokens_details": 4, "completion_tokens_details": ["reasoning_tokens"]}},
        {"usage": COUNTED},
    ),
    "details of zero are left out": (
        {"usage": USAGE | {"prompt_tokens_details": {"cached_tokens": 0, "audio_tokens": None}}},
        {"usage": COUNTED},
    ),
    "details odd": (
        {
            "usage": USAGE
            | {
                "prompt_tokens_details": {"cached_tokens": -4, "audio_tokens": "two", "image_tokens": {}},
                "completion_tokens_details": {"reasoning_tokens": 1.0, "unheard_of_tokens": 5},
            }
        },
        {"usage": COUNTED | {"reasoning_output_tokens": 1}},
    ),
    "details without their total": ({"usage": {"prompt_tokens_details": {"cached_tokens": 4}}}, {}),
    "an error with status 200": (  # OpenRouter
        {"id": None, "choices": None, "error": {"message": "Provider returned error", "code": 429}},
        {"error": ("429", None)},
    ),
    "an error and choices": ({"choices": [STOPPED], "error": {"code": "odd"}}, {"finish_reasons": ("stop",)}),
    "an error of nothing": ({"choices": [], "error": {}}, {}),
    "an error of text": ({"error": "it failed"}, {"error": (None, None)}),
}


@each_shape
@pytest.mark.parametrize("name", ANSWERS)
def test_what_a_chat_completion_says(name: str, shape: Shape) -> None:
    said, expected = ANSWERS[name]
    assert answered(chat_completions, shape(said, ChatCompletion)) == expected


@each_shape
@pytest.mark.parametrize("name", ANSWERS)
def test_what_a_text_completion_says(name: str, shape: Shape) -> None:
    said, expected = ANSWERS[name]
    assert answered(text_completions, shape(said, Completion)) == expected


@pytest.mark.parametrize("answer", [None, "text", 1, [], [{}], object()], ids=spelled)
@pytest.mark.parametrize("reader", [chat_completions, text_completions])
def test_what_is_no_answer_says_nothing(reader: Any, answer: Any) -> None:
    assert answered(reader, answer) == {}


# --- streams


def chunk(*choices: Any, **more: Any) -> dict[str, Any]:
    return {
        "id": "c1",
        "object": "chat.completion.chunk",
        "created": 1,
        "model": "m-2",
        "choices": list(choices),
    } | more


def part(index: Any = 0, reason: Any = None, text: str | None = None, **delta: Any) -> dict[str, Any]:
    content = {} if text is None else {"content": text}
    return {"index": index, "finish_reason": reason, "delta": content | delta, "text": text}


TEXT = chunk(part(text="hi"))
STOP = chunk(part(reason="stop"))
C1 = {"id": "c1", "model": "m-2"}
STREAMS: dict[str, tuple[list[Any], dict[str, Any]]] = {
    "no chunk": ([], {}),
    "broken off": ([TEXT, TEXT], C1),
    "finished": ([TEXT, STOP], C1 | {"finish_reasons": ("stop",)}),
    "usage at the end": (
        [TEXT, STOP, chunk(usage=USAGE)],
        C1 | {"finish_reasons": ("stop",), "usage": COUNTED},
    ),
    "usage with the finish reason": (
        [TEXT, chunk(part(reason="stop"), usage=USAGE | DETAILS)],
        C1 | {"finish_reasons": ("stop",), "usage": COUNTED | PARTS},
    ),
    "usage so far on every chunk": (
        [chunk(part(text="h"), usage=USAGE | {"completion_tokens": 1}), chunk(part(reason="stop"), usage=USAGE)],
        C1 | {"finish_reasons": ("stop",), "usage": COUNTED},
    ),
    "usage null on every other chunk": (
        [chunk(part(text="h"), usage=USAGE), chunk(part(reason="stop"), usage=None)],
        C1 | {"finish_reasons": ("stop",), "usage": COUNTED},
    ),
    "Azure begins with its filter": (
        [{"id": "", "model": "", "object": "", "created": 0, "choices": [], "prompt_filter_results": [{}]}, TEXT, STOP],
        C1 | {"finish_reasons": ("stop",)},
    ),
    "Azure reports what it filtered": (  # without a delta, before and after the content
        [
            {"id": "", "model": "", "choices": [{"index": 0, "finish_reason": None, "content_filter_offsets": {}}]},
            TEXT,
            {"id": "", "model": "", "choices": [{"index": 0, "finish_reason": None, "content_filter_offsets": {}}]},
            STOP,
            {"id": "", "model": "", "choices": [{"index": 0, "finish_reason": None}]},
        ],
        C1 | {"finish_reasons": ("stop",)},
    ),
    "names that come late": (
        [chunk(part(text="hi"), id=None, model=None), chunk(part(reason="stop"), service_tier="flex")],
        C1 | {"finish_reasons": ("stop",), "service_tier": "flex"},
    ),
    "names told once": (
        [TEXT, {"choices": [part(reason="stop")]}, {"id": None, "model": None, "choices": [part(reason="stop")]}],
        C1 | {"finish_reasons": ("stop",)},
    ),
    "finishing out of order": (
        [chunk(part(2, "length")), chunk(part(0, "stop"))],
        C1 | {"finish_reasons": ("stop", "error", "length")},
    ),
    "two that finish at once": (
        [TEXT, chunk(part(1, "length"), part(0, "stop"))],
        C1 | {"finish_reasons": ("stop", "length")},
    ),
    "index null": ([TEXT, chunk(part(None, "stop"))], C1 | {"finish_reasons": ("stop",)}),
    "index not there": (
        [TEXT, chunk({"finish_reason": "stop", "delta": {}}, {"finish_reason": "length", "delta": {}})],
        C1 | {"finish_reasons": ("stop", "length")},
    ),
    "index a float": ([chunk(part(1.0, "stop"))], C1 | {"finish_reasons": ("error", "stop")}),
    "index huge": ([TEXT, chunk(part(10**6, "stop"))], C1),
    "index negative": ([TEXT, chunk(part(-1, "stop"))], C1),
    "index a text": ([TEXT, chunk(part("0", "stop"))], C1),
    "empty finish reasons before": (
        [chunk(part(reason="", text="hi")), STOP],
        C1 | {"finish_reasons": ("stop",)},
    ),
    "empty finish reasons after": ([TEXT, STOP, chunk(part(reason=""))], C1 | {"finish_reasons": ("stop",)}),
    "finish reason a number": ([TEXT, chunk(part(reason=1)), STOP], C1 | {"finish_reasons": ("stop",)}),
    "choices not there": (
        [TEXT, {"id": "c1", "model": "m-2", "usage": USAGE}, STOP],
        C1 | {"finish_reasons": ("stop",), "usage": COUNTED},
    ),
    "choices null": ([chunk() | {"choices": None}, TEXT, STOP], C1 | {"finish_reasons": ("stop",)}),
    "choices a number": ([TEXT, chunk() | {"choices": 1}, STOP], C1 | {"finish_reasons": ("stop",)}),
    "choices of nulls": ([TEXT, chunk(None), STOP], C1 | {"finish_reasons": ("stop",)}),
    "a null and a finish": ([TEXT, chunk(None, part(1, "stop"))], C1 | {"finish_reasons": ("error", "stop")}),
    "an empty chunk": ([{}, TEXT, {}, STOP, {}], C1 | {"finish_reasons": ("stop",)}),
    "usage of another type": ([TEXT, chunk(part(reason="stop"), usage="2")], C1 | {"finish_reasons": ("stop",)}),
}


@each_shape
@pytest.mark.parametrize("name", STREAMS)
def test_what_the_chunks_of_a_chat_say(name: str, shape: Shape) -> None:
    chunks, expected = STREAMS[name]
    assert streamed(chat_completions, [shape(said, ChatCompletionChunk) for said in chunks]) == expected


@each_shape
@pytest.mark.parametrize("name", STREAMS)
def test_what_the_chunks_of_a_text_completion_say(name: str, shape: Shape) -> None:
    chunks, expected = STREAMS[name]
    assert streamed(text_completions, [shape(said, Completion) for said in chunks]) == expected


@pytest.mark.parametrize("reader", [chat_completions, text_completions])
def test_what_is_no_chunk_says_nothing(reader: Any) -> None:
    chunks = [None, "text", 1, [], [{}], object(), TEXT, STOP]
    assert streamed(reader, chunks) == C1 | {"finish_reasons": ("stop",)}


CHAT_LEADS: dict[str, tuple[Any, str | None]] = {
    "a role": (part(role="assistant"), None),
    "a role and empty text": (part(text="", role="assistant"), None),
    "text": (part(text="hi"), "text"),
    "a refusal": (part(refusal="no"), "text"),
    "a tool call": (part(tool_calls=[{"index": 0, "id": "t", "function": {"name": "f", "arguments": ""}}]), "text"),
    "a function call": (part(function_call={"name": "f"}), "text"),
    "audio": (part(audio={"data": "aGk="}), "text"),
    "thoughts": (part(reasoning_content="hm"), "reasoning"),
    "thoughts of OpenRouter": (part(reasoning="hm"), "reasoning"),
    "thoughts and text": (part(text="hi", reasoning="hm"), "text"),
    "empty thoughts": (part(reasoning_content=""), None),
    "the finish": (part(reason="stop"), None),
    "no delta": ({"index": 0, "finish_reason": None}, None),
    "delta null": ({"index": 0, "finish_reason": None, "delta": None}, None),
    "delta a text": ({"index": 0, "finish_reason": None, "delta": "hi"}, None),
    "no choice": (None, None),
}


@each_shape
@pytest.mark.parametrize("name", CHAT_LEADS)
def test_what_a_chunk_of_a_chat_brings(name: str, shape: Shape) -> None:
    choice, expected = CHAT_LEADS[name]
    assert leads(chat_completions, [shape(chunk(choice), ChatCompletionChunk)]) == [expected]


@each_shape
@pytest.mark.parametrize("text, expected", [("hi", "text"), ("", None), (None, None)])
def test_what_a_chunk_of_a_text_completion_brings(text: Any, expected: str | None, shape: Shape) -> None:
    assert leads(text_completions, [shape(chunk(part(text=text)), Completion)]) == [expected]


def test_choices_without_end_are_not_kept() -> None:
    answer = chat_completions.Answer()
    for index in range(1_000):
        answer.fold(typed(chunk(part(index, "stop")), ChatCompletionChunk))
    assert len(answer.choices) == 128  # what the API allows


# --- usage that we asked for ourselves

ASKING: dict[str, tuple[Any, Any]] = {
    "nothing said": ({"model": "m"}, {"include_usage": True}),
    "other options": ({"stream_options": {"chunk": 1}}, {"chunk": 1, "include_usage": True}),
    "options null": ({"stream_options": None}, {"include_usage": True}),
    "asked already": ({"stream_options": {"include_usage": True}}, None),
    "declined": ({"stream_options": {"include_usage": False}}, None),
    "options of another type": ({"stream_options": "usage"}, None),
    "no body": (None, None),
    "a body of text": ("{}", None),
}


@pytest.mark.parametrize("name", ASKING)
def test_asking_for_usage(name: str) -> None:
    body, options = ASKING[name]
    before = repr(body)
    asking = ask_for_usage(body)
    assert asking == (None if options is None else {**body, "stream_options": options})
    assert repr(body) == before  # the application's own


@pytest.mark.parametrize("shape", [typed, plain, parsed])
@pytest.mark.parametrize(
    "said, expected",
    [
        (chunk(usage=USAGE), True),
        (chunk(part(text="hi"), usage=USAGE), False),
        (chunk(part(reason="stop")), False),
        (chunk(), False),
        (chunk(usage=None), False),
        ({"usage": USAGE}, True),
        ({}, False),
    ],
)
def test_a_chunk_that_is_there_only_for_the_usage(said: Any, expected: bool, shape: Shape) -> None:
    assert is_usage_only(shape(said, ChatCompletionChunk)) is expected


@pytest.mark.parametrize("said", [None, "text", 1, [], object()], ids=spelled)
def test_what_is_no_chunk_is_not_hidden(said: Any) -> None:
    assert is_usage_only(said) is False
