"""What is said in chat completions, asked, answered and streamed."""

from __future__ import annotations

import copy
import json
import re
from base64 import b64decode, b64encode
from collections.abc import Callable
from typing import Any

import openai
import pytest
from hypothesis import given
from hypothesis import strategies as st
from openai.types.chat import ChatCompletion, ChatCompletionChunk, ChatCompletionMessage
from test_recordings import Recording

from genscope.core.messages import Content
from genscope.local.simulator import Simulator
from genscope.wire import chat_completions, chat_messages
from genscope.wire.fields import objects

from .shapes import SHAPES, typed
from .spelled import spelled
from .spoken import (
    ODD,
    PIXEL,
    PNG,
    Backwards,
    Listless,
    Tone,
    called,
    embedded,
    emptied,
    linked,
    recorded,
    text,
    thought,
    unread,
    uploaded,
)
from .strict import answered, check, heard, streamed
from .test_fuzz import modestly, odd, values

Shape = Callable[[Any, Any], Any]
each_shape = pytest.mark.parametrize("shape", SHAPES)


# --- what is asked

PARTS: dict[str, tuple[Any, list[dict[str, Any]]]] = {
    "text": ({"type": "text", "text": "hi"}, [text("hi")]),
    "a bare string": ("hi", [text("hi")]),
    "an empty text": ({"type": "text", "text": ""}, []),
    "a text that is none": ({"type": "text", "text": 7}, [unread("text")]),
    "a refusal of before": ({"type": "refusal", "refusal": "no"}, [text("no")]),
    "an image by address": (
        {"type": "image_url", "image_url": {"url": "https://a.b/c.png", "detail": "low"}},
        [linked("image", "https://a.b/c.png")],
    ),
    "an image by address, not nested": (
        {"type": "image_url", "image_url": "https://a.b"},
        [linked("image", "https://a.b")],
    ),
    "an image within": (
        {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PNG}"}},
        [embedded(PIXEL, "image", "image/png")],
    ),
    "an image within, bare": (
        {"type": "image_url", "image_url": {"url": b64encode(PIXEL * 99).decode()}},
        [embedded(PIXEL * 99, "image")],
    ),
    "an image of nothing": ({"type": "image_url", "image_url": {}}, [unread("image_url")]),
    "a film": ({"type": "video_url", "video_url": {"url": "https://a.b"}}, [linked("video", "https://a.b")]),
    "sound": (
        {"type": "input_audio", "input_audio": {"data": PNG, "format": "wav"}},
        [embedded(PIXEL, "audio", "audio/wav")],
    ),
    "sound, mp3": (
        {"type": "input_audio", "input_audio": {"data": PNG, "format": "mp3"}},
        [embedded(PIXEL, "audio", "audio/mpeg")],
    ),
    "sound that is none": ({"type": "input_audio", "input_audio": {"data": 7}}, [unread("input_audio")]),
    "a file by id": ({"type": "file", "file": {"file_id": "f1"}}, [uploaded("document", "f1")]),
    "a file within": (
        {"type": "file", "file": {"file_data": f"data:application/pdf;base64,{PNG}", "filename": "a.pdf"}},
        [embedded(PIXEL, "document", "application/pdf") | {"filename": "a.pdf"}],
    ),
    "a file within, bare": ({"type": "file", "file": {"file_data": PNG}}, [embedded(PIXEL, "document")]),
    "a file of nothing": ({"type": "file", "file": {"filename": "a.pdf"}}, [unread("file")]),
    "a part unheard of": ({"type": "hologram", "hologram": {"data": PNG}}, [unread("hologram")]),
    "a part that claims to be one of ours": ({"type": "blob", "content": PNG}, [unread("blob")]),
    "a part without a type": ({"text": "hi"}, []),
    "no part": (7, []),
    "null": (None, []),
    "bytes": (b"hi", []),
}


@pytest.mark.parametrize("name", PARTS)
def test_what_a_part_of_a_message_says(name: str) -> None:
    said, expected = PARTS[name]
    content = heard(chat_completions, {"messages": [{"role": "user", "content": [said]}]})
    assert content.input == [{"role": "user", "parts": expected}]
    again = heard(chat_completions, {"messages": [{"role": "user", "content": [said, said]}]})
    assert again.input == [{"role": "user", "parts": expected * 2}]


CALL = {"id": "c1", "type": "function", "function": {"name": "f", "arguments": '{"a": [1, null]}'}}

MESSAGES: dict[str, tuple[Any, Any]] = {
    "system": ({"role": "system", "content": "be"}, {"role": "system", "parts": [text("be")]}),
    "developer": ({"role": "developer", "content": "be"}, {"role": "developer", "parts": [text("be")]}),
    "user": ({"role": "user", "content": "hi", "name": "Ann"}, {"role": "user", "parts": [text("hi")], "name": "Ann"}),
    "empty": ({"role": "user", "content": ""}, {"role": "user", "parts": []}),
    "no role": ({"content": "hi"}, {"role": "unknown", "parts": [text("hi")]}),
    "assistant": ({"role": "assistant", "content": "hi"}, {"role": "assistant", "parts": [text("hi")]}),
    "a call": (
        {"role": "assistant", "content": None, "tool_calls": [CALL]},
        {"role": "assistant", "parts": [called("f", {"a": [1, None]})]},
    ),
    "a call and nothing else": (
        {"role": "assistant", "tool_calls": [CALL]},
        {"role": "assistant", "parts": [called("f", {"a": [1, None]})]},
    ),
    "text and calls": (
        {"role": "assistant", "content": "hm", "tool_calls": [CALL, CALL | {"id": "c2"}]},
        {
            "role": "assistant",
            "parts": [text("hm"), called("f", {"a": [1, None]}), called("f", {"a": [1, None]}, "c2")],
        },
    ),
    "a call of a custom tool": (
        {"role": "assistant", "tool_calls": [{"id": "c1", "type": "custom", "custom": {"name": "sql", "input": "{}"}}]},
        {"role": "assistant", "parts": [called("sql", "{}")]},
    ),
    "a call of a kind unheard of": (
        {"role": "assistant", "tool_calls": [{"id": "c1", "type": "telepathy"}]},
        {"role": "assistant", "parts": [called("telepathy", None)]},
    ),
    "a function call of old": (
        {"role": "assistant", "content": None, "function_call": {"name": "f", "arguments": "{}"}},
        {"role": "assistant", "parts": [called("f", {}, None)]},
    ),
    "a function's result of old": (
        {"role": "function", "name": "f", "content": "42"},
        {"role": "function", "parts": [{"type": "tool_call_response", "id": None, "response": "42"}], "name": "f"},
    ),
    "a result": (
        {"role": "tool", "tool_call_id": "c1", "content": '{"a": 1}'},
        {"role": "tool", "parts": [{"type": "tool_call_response", "id": "c1", "response": '{"a": 1}'}]},
    ),
    "a result in parts": (
        {"role": "tool", "tool_call_id": "c1", "content": [{"type": "text", "text": "42"}]},
        {"role": "tool", "parts": [{"type": "tool_call_response", "id": "c1", "response": [text("42")]}]},
    ),
    "a result that is JSON": (
        {"role": "tool", "tool_call_id": "c1", "content": {"a": [1.5, {"b": None}]}},
        {"role": "tool", "parts": [{"type": "tool_call_response", "id": "c1", "response": {"a": [1.5, {"b": None}]}}]},
    ),
    "no result": (
        {"role": "tool", "tool_call_id": "c1"},
        {"role": "tool", "parts": [{"type": "tool_call_response", "id": "c1", "response": None}]},
    ),
    "thoughts sent back": (
        {"role": "assistant", "content": "hi", "reasoning_content": "hm"},
        {"role": "assistant", "parts": [thought("hm"), text("hi")]},
    ),
    "a refusal sent back": (
        {"role": "assistant", "content": None, "refusal": "no"},
        {"role": "assistant", "parts": [text("no")]},
    ),
    "sound sent back by its id": (
        {"role": "assistant", "audio": {"id": "a1"}},
        {"role": "assistant", "parts": [uploaded("audio", "a1")]},
    ),
}


@pytest.mark.parametrize("name", MESSAGES)
def test_what_a_message_says(name: str) -> None:
    said, expected = MESSAGES[name]
    content = heard(chat_completions, {"messages": [said]})
    assert content.input == [expected]
    assert content.instructions is None


def test_messages_stay_in_their_order() -> None:
    said, expected = zip(*MESSAGES.values(), strict=True)
    assert heard(chat_completions, {"messages": list(said)}).input == list(expected)
    assert heard(chat_completions, {"messages": said}).input == list(expected)


ARGUMENTS: dict[str, tuple[Any, Any]] = {
    "an object": ('{"a": {"b": "ü"}}', {"a": {"b": "ü"}}),
    "with spaces": ('  {"a": 1}\n', {"a": 1}),
    "a list": ("[1, 2]", [1, 2]),
    "cut off": ('{"a": "Par', '{"a": "Par'),
    "none": ("", ""),
    "a number": ("5", "5"),
    "prose": ("the city", "the city"),
    "not a number": ('{"a": NaN, "b": -Infinity}', {"a": None, "b": None}),
    "too deep": ("[" * 100_000, "[" * 100_000),
    "an object already": ({"a": (1, 2)}, {"a": [1, 2]}),
    "null": (None, None),
}


@pytest.mark.parametrize("name", ARGUMENTS)
def test_what_arguments_say(name: str) -> None:
    said, expected = ARGUMENTS[name]
    call = {"id": "c1", "type": "function", "function": {"name": "f", "arguments": said}}
    content = heard(chat_completions, {"messages": [{"role": "assistant", "tool_calls": [call]}]})
    assert content.input is not None
    assert content.input[0]["parts"] == [called("f", expected)]


WEATHER = {"type": "object", "properties": {"city": {"type": "string"}}}
FUNCTION = {"name": "f", "description": "does", "parameters": WEATHER, "strict": True}


@pytest.mark.parametrize(
    "body, expected",
    [
        (
            {"tools": [{"type": "function", "function": FUNCTION}]},
            [{"type": "function", "name": "f", "description": "does", "parameters": WEATHER}],
        ),
        (
            {"functions": [FUNCTION]},
            [{"type": "function", "name": "f", "description": "does", "parameters": WEATHER}],
        ),
        (
            {"tools": [{"type": "function", "function": {"name": "f"}}], "functions": [{"name": "g"}]},
            [{"type": "function", "name": "f"}, {"type": "function", "name": "g"}],
        ),
        (
            {"tools": [{"type": "custom", "custom": {"name": "sql", "description": "d"}}]},
            [{"type": "custom", "name": "sql"}],
        ),
        ({"tools": [{"type": "web_search", "key": "k"}]}, [{"type": "web_search", "name": "web_search"}]),
        ({"tools": [{"type": "function", "function": {"parameters": []}}]}, [{"type": "function", "name": "function"}]),
        ({"tools": [{}, None, 7, "f", {"function": FUNCTION}]}, None),
        ({"tools": None}, None),
        ({"tools": []}, None),
    ],
)
def test_what_tools_are_offered(body: Any, expected: Any) -> None:
    assert heard(chat_completions, body).tools == expected


def test_parameters_of_tools_are_not_copied_for_nobody() -> None:
    content = Content(tool_parameters=False)
    chat_messages.read_input(content, {"tools": [{"type": "function", "function": FUNCTION}]})
    assert content.tools == [{"type": "function", "name": "f", "description": "does"}]


# --- what an application may do to us

BODY = {
    "messages": [said for said, _ in MESSAGES.values()]
    + [{"role": "user", "content": [said for said, _ in PARTS.values()]}],
    "tools": [{"type": "function", "function": FUNCTION}, {"type": "custom", "custom": {"name": "sql"}}],
    "functions": [FUNCTION],
}


def test_what_was_read_does_not_change_with_what_the_application_holds() -> None:
    body = copy.deepcopy(BODY)
    body["messages"].append(
        {"role": "tool", "tool_call_id": "c", "content": {"deep": [{"er": [1]}]}},
    )
    content = heard(chat_completions, body)
    before = copy.deepcopy(content)
    emptied(body)
    assert content == before


def test_what_was_read_can_be_changed_without_changing_what_is_sent() -> None:
    body = copy.deepcopy(BODY)
    content = heard(chat_completions, body)
    for value in (content.input, content.tools):
        emptied(value)
    assert body == BODY


def test_texts_are_not_copied() -> None:
    long = "x" * 1000
    (message,) = heard(chat_completions, {"messages": [{"role": "user", "content": long}]}).input or ()
    assert message["parts"][0]["content"] is long


@pytest.mark.parametrize(
    "place",
    [
        lambda lazy: {"messages": lazy},
        lambda lazy: {"messages": [{"role": "user", "content": lazy}]},
        lambda lazy: {"messages": [{"role": "tool", "tool_call_id": "c", "content": lazy}]},
        lambda lazy: {"messages": [{"role": "assistant", "tool_calls": lazy}]},
        lambda lazy: {"tools": lazy},
        lambda lazy: {"functions": lazy},
        lambda lazy: {"tools": [{"type": "function", "function": {"name": "f", "parameters": {"a": lazy}}}]},
    ],
)
def test_an_iterator_is_left_to_the_sdk(place: Callable[[Any], Any]) -> None:
    lazy = iter([{"role": "user", "content": "hi", "type": "text", "text": "hi"}])
    generator = (number for number in range(3))
    heard(chat_completions, place(lazy))
    heard(chat_completions, place(generator))
    assert len(list(lazy)) == 1
    assert list(generator) == [0, 1, 2]


@pytest.mark.parametrize("at", range(len(ODD)))
def test_whatever_an_application_sends_is_no_fault_of_ours(at: int) -> None:
    value = ODD[at]
    bodies: list[Any] = [
        {"messages": value, "tools": value, "functions": value},
        {"messages": [value], "tools": [value]},
    ]
    for key in ("role", "content", "name", "tool_calls", "tool_call_id", "function_call", "audio", "refusal", "images"):
        bodies += [{"messages": [{"role": role, key: value}]} for role in ("assistant", "tool") if key != "role"]
        bodies += [{"messages": [{"role": "assistant", key: [value]}]}]
    for kind in ("text", "image_url", "input_audio", "file", "refusal", "function", "custom"):
        part = {"type": kind, kind: value, "id": value}
        for key in (
            "url",
            "data",
            "file_id",
            "file_data",
            "filename",
            "format",
            "name",
            "arguments",
            "input",
            "parameters",
        ):
            nested = {"type": kind, kind: {"name": "f", "data": "aGk=", "file_id": "f", key: value}}
            bodies += [
                {"messages": [{"role": "user", "content": [one], "tool_calls": [one]}], "tools": [one]}
                for one in (part, nested)
            ]
    for body in bodies:
        heard(chat_completions, body)


def test_a_dict_of_another_class_is_read_like_the_sdk_sends_it() -> None:
    said = Backwards(role=Tone.USER, content=[Backwards(type="text", text=Tone.HI)])
    message = {"role": "user", "parts": [text("hi")]}
    assert heard(chat_completions, {"messages": Listless([said])}).input == [message]
    assert all(
        type(value) is str
        for value in (message["role"], heard(chat_completions, {"messages": [said]}).input[0]["role"])
    )  # pyright: ignore


def test_nothing_is_looked_up_in_an_object_of_the_application() -> None:
    class Own:
        def __init__(self) -> None:
            self.role, self.content, self.type, self.text, self.secret = "user", "hi", "text", "hi", "s3cret"

    own = Own()
    assert heard(chat_completions, {"messages": [own], "tools": [own]}) == Content()
    result = {"role": "tool", "tool_call_id": "c1", "content": {"a": [own]}}
    (message, answer) = heard(chat_completions, {"messages": [{"role": "user", "content": [own]}, result]}).input or ()
    assert message["parts"] == []
    assert answer["parts"] == [{"type": "tool_call_response", "id": "c1", "response": {"a": [None]}}]


def test_a_message_of_the_sdk_is_read_like_its_json() -> None:
    said = {"role": "assistant", "content": "hi", "reasoning_content": "hm", "tool_calls": [CALL]}
    (message,) = heard(chat_completions, {"messages": [typed(said, ChatCompletionMessage)]}).input or ()
    assert message == {"role": "assistant", "parts": [thought("hm"), text("hi"), called("f", {"a": [1, None]})]}


# --- what is answered


def completion(*choices: Any) -> dict[str, Any]:
    return {"id": "c1", "object": "chat.completion", "created": 1, "model": "m", "choices": list(choices)}


def choice(message: Any, reason: Any = "stop", index: Any = 0) -> dict[str, Any]:
    return {"index": index, "finish_reason": reason, "message": message}


def said(*parts: Any, reason: str | None = "stop") -> dict[str, Any]:
    message: dict[str, Any] = {"role": "assistant", "parts": list(parts)}
    return message | ({} if reason is None else {"finish_reason": reason})


HI = {"role": "assistant", "content": "hi"}
SOUND = {"id": "a1", "data": PNG, "expires_at": 1, "transcript": "hi"}

ANSWERS: dict[str, tuple[Any, Any]] = {
    "nothing": ({}, None),
    "no choices": (completion(), None),
    "text": (completion(choice(HI)), [said(text("hi"))]),
    "annotated": (completion(choice(HI | {"annotations": [{"type": "url_citation"}]})), [said(text("hi"))]),
    "cut": (completion(choice(HI, "length")), [said(text("hi"), reason="length")]),
    "filtered": (
        completion(choice({"role": "assistant", "content": None}, "content_filter")),
        [said(reason="content_filter")],
    ),
    "empty": (completion(choice({"role": "assistant", "content": ""})), [said()]),
    "calls": (
        completion(choice({"role": "assistant", "content": None, "tool_calls": [CALL]}, "tool_calls")),
        [said(called("f", {"a": [1, None]}), reason="tool_call")],
    ),
    "a custom call": (
        completion(
            choice(
                {
                    "role": "assistant",
                    "tool_calls": [{"id": "c1", "type": "custom", "custom": {"name": "sql", "input": "x"}}],
                }
            )
        ),
        [said(called("sql", "x"))],
    ),
    "a function call of old": (
        completion(choice({"role": "assistant", "function_call": {"name": "f", "arguments": "{}"}}, "function_call")),
        [said(called("f", {}, None), reason="tool_call")],
    ),
    "a refusal": (completion(choice({"role": "assistant", "content": None, "refusal": "no"})), [said(text("no"))]),
    "thoughts": (completion(choice(HI | {"reasoning_content": "hm"})), [said(thought("hm"), text("hi"))]),
    "thoughts under another name": (completion(choice(HI | {"reasoning": "hm"})), [said(thought("hm"), text("hi"))]),
    "thoughts under both": (
        completion(choice(HI | {"reasoning": "hm", "reasoning_content": "hm"})),
        [said(thought("hm"), text("hi"))],
    ),
    "sound": (completion(choice({"role": "assistant", "audio": SOUND})), [said(text("hi"), embedded(PIXEL, "audio"))]),
    "an image": (
        completion(
            choice(HI | {"images": [{"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PNG}"}}]})
        ),
        [said(text("hi"), embedded(PIXEL, "image", "image/png"))],
    ),
    "content in parts": (
        completion(choice({"role": "assistant", "content": [{"type": "text", "text": "hi"}]})),
        [said(text("hi"))],
    ),
    "two choices, the second first": (
        completion(choice(HI | {"content": "b"}, index=1), choice(HI | {"content": "a"}, index=0)),
        [said(text("a")), said(text("b"))],
    ),
    "two choices without a number": (
        completion(choice(HI | {"content": "a"}, index=None), choice(HI | {"content": "b"}, index=None)),
        [said(text("a")), said(text("b"))],
    ),
    "one of two empty": (
        completion(choice({"content": None}, None), choice(HI, index=1)),
        [said(reason=None), said(text("hi"))],
    ),
    "failed": (completion(choice({"role": "assistant", "content": ""}, "error")), None),
    "failed in the middle": (completion(choice(HI, "error")), [said(text("hi"), reason="error")]),
    "an error instead": ({"error": {"code": 502}}, None),
    "no message": (completion({"index": 0, "finish_reason": "stop"}), [said()]),
    "nulls": (completion(None), None),
    "wrong types": (completion(choice([1], {"a": 1}, "x"), 7, "hi"), None),
}


@each_shape
@pytest.mark.parametrize("name", ANSWERS)
def test_what_an_answer_says(name: str, shape: Shape) -> None:
    json, expected = ANSWERS[name]
    assert answered(chat_completions, shape(json, ChatCompletion)).output == expected


# --- streams


def chunk(*choices: Any) -> dict[str, Any]:
    return {"id": "c1", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": list(choices)}


def delta(said: Any, reason: str | None = None, index: Any = 0) -> dict[str, Any]:
    return {"index": index, "delta": said, "finish_reason": reason}


def piece(index: Any = 0, id: str | None = None, name: str | None = None, arguments: Any = None) -> dict[str, Any]:
    function = {key: value for key, value in (("name", name), ("arguments", arguments)) if value is not None}
    return {key: value for key, value in (("index", index), ("id", id)) if value is not None} | {"function": function}


ROLE = chunk(delta({"role": "assistant", "content": ""}))
STOP = chunk(delta({}, "stop"))
CALLED = chunk(delta({}, "tool_calls"))


def calling(*pieces: Any) -> dict[str, Any]:
    return chunk(delta({"tool_calls": list(pieces)}))


STREAMS: dict[str, tuple[list[Any], Any]] = {
    "nothing": ([], None),
    "only who speaks": ([ROLE], None),
    "text": ([ROLE, chunk(delta({"content": "h"})), chunk(delta({"content": "i"})), STOP, chunk()], [said(text("hi"))]),
    "left early": ([ROLE, chunk(delta({"content": "h"}))], [said(text("h"), reason=None)]),
    "an empty answer": ([ROLE, STOP], [said()]),
    "in one chunk": ([chunk(delta({"content": "hi"}, "stop"))], [said(text("hi"))]),
    "a refusal": ([chunk(delta({"refusal": "n"})), chunk(delta({"refusal": "o"})), STOP], [said(text("no"))]),
    "thoughts": (
        [
            chunk(delta({"reasoning_content": "h"})),
            chunk(delta({"reasoning_content": "m"})),
            chunk(delta({"content": "hi"})),
            STOP,
        ],
        [said(thought("hm"), text("hi"))],
    ),
    "thoughts under both names": (
        [chunk(delta({"reasoning_content": "hm", "reasoning": "hm"})), chunk(delta({"content": "hi"})), STOP],
        [said(thought("hm"), text("hi"))],
    ),
    "calls": (
        [
            ROLE,
            calling(piece(0, "c1", "f", "")),
            calling(piece(0, arguments='{"a"')),
            calling(piece(0, arguments=": 1}")),
            calling(piece(1, "c2", "g", "")),
            calling(piece(1, arguments="{}")),
            CALLED,
        ],
        [said(called("f", {"a": 1}), called("g", {}, "c2"), reason="tool_call")],
    ),
    "calls that interleave": (
        [
            calling(piece(1, "c2", "g", "")),
            calling(piece(0, "c1", "f", "{"), piece(1, arguments="{")),
            calling(piece(1, arguments="}"), piece(0, arguments="}")),
            CALLED,
        ],
        [said(called("f", {}), called("g", {}, "c2"), reason="tool_call")],
    ),
    "calls all with the same number": (
        [calling(piece(0, "c1", "f", "{}")), calling(piece(0, "c2", "g", "[]")), CALLED],
        [said(called("f", {}), called("g", [], "c2"), reason="tool_call")],
    ),
    "calls without a number": (
        [calling(piece(None, "c1", "f", "{}"), piece(None, "c2", "g", "[]")), CALLED],
        [said(called("f", {}), called("g", [], "c2"), reason="tool_call")],
    ),
    "a call that repeats its id and name": (
        [calling(piece(0, "c1", "f", "{")), calling(piece(0, "c1", "f", "}")), CALLED],
        [said(called("f", {}), reason="tool_call")],
    ),
    "a call cut off": (
        [calling(piece(0, "c1", "f", '{"a')), chunk(delta({}, "length"))],
        [said(called("f", '{"a'), reason="length")],
    ),
    "arguments as an object": (
        [calling(piece(0, "c1", "f", {"a": 1})), CALLED],
        [said(called("f", {"a": 1}), reason="tool_call")],
    ),
    "a custom call": (
        [
            calling({"index": 0, "id": "c1", "type": "custom", "custom": {"name": "sql", "input": ""}}),
            calling({"index": 0, "custom": {"input": "sel"}}),
            calling({"index": 0, "custom": {"input": "ect"}}),
            CALLED,
        ],
        [said(called("sql", "select"), reason="tool_call")],
    ),
    "a function call of old": (
        [
            chunk(delta({"function_call": {"name": "f", "arguments": ""}})),
            chunk(delta({"function_call": {"arguments": "{"}})),
            chunk(delta({"function_call": {"arguments": "}"}})),
            chunk(delta({}, "function_call")),
        ],
        [said(called("f", {}, None), reason="tool_call")],
    ),
    "sound": (
        [
            chunk(delta({"audio": {"id": "a1", "transcript": "h"}})),
            chunk(delta({"audio": {"data": b64encode(PIXEL[:2]).decode(), "transcript": "i"}})),
            chunk(delta({"audio": {"data": b64encode(PIXEL[2:]).decode()}})),
            chunk(delta({"audio": {"expires_at": 7}})),
            STOP,
        ],
        [said(text("hi"), embedded(PIXEL, "audio"))],
    ),
    "sound left early": (
        [chunk(delta({"audio": {"id": "a1", "transcript": "h"}})), chunk(delta({"audio": {"transcript": "i"}}))],
        [said(text("hi"), reason=None)],
    ),
    "sound, cut anywhere": (
        [chunk(delta({"audio": {"data": PNG[:3]}})), chunk(delta({"audio": {"data": PNG[3:]}})), STOP],
        [said(embedded(PIXEL, "audio"))],
    ),
    "an image": (
        [chunk(delta({"content": "hi", "images": [{"type": "image_url", "image_url": {"url": "https://a.b"}}]})), STOP],
        [said(text("hi"), linked("image", "https://a.b"))],
    ),
    "content in parts": (
        [chunk(delta({"content": [{"type": "text", "text": "h"}]})), chunk(delta({"content": "i"})), STOP],
        [said(text("h"), text("i"))],
    ),
    "two choices": (
        [chunk(delta({"content": "b"}, index=1), delta({"content": "a"})), chunk(delta({}, "stop", 1)), STOP],
        [said(text("a")), said(text("b"))],
    ),
    "two choices without a number": (
        [chunk(delta({"content": "a"}, index=None), delta({"content": "b"}, index=None))],
        [said(text("a"), reason=None), said(text("b"), reason=None)],
    ),
    "the second of two": ([chunk(delta({"content": "b"}, index=1))], [said(reason=None), said(text("b"), reason=None)]),
    "numbers that are none": (
        [chunk(delta({"content": "b"}, index=index)) for index in (-1, 10**9, "0", [0], {"a": 0}, 1.5)],
        None,
    ),
    "an error at once": ([ROLE, chunk(delta({"content": ""}, "error"))], None),
    "an error in the middle": (
        [chunk(delta({"content": "h"})), chunk(delta({}, "error"))],
        [said(text("h"), reason="error")],
    ),
    "Azure's reports": (
        [
            chunk(),
            chunk(delta({"content": "hi"})),
            chunk({"index": 0, "finish_reason": None, "content_filter_offsets": {}}),
            STOP,
        ],
        [said(text("hi"))],
    ),
    "wrong types": (
        [chunk(delta([1])), chunk(delta({"content": 7, "tool_calls": 7, "audio": 7})), {"choices": 7}, {}],
        None,
    ),
    "another speaker": (
        [chunk(delta({"role": "tutor", "content": "hi"}))],
        [said(text("hi"), reason=None) | {"role": "tutor"}],
    ),
}


@each_shape
@pytest.mark.parametrize("name", STREAMS)
def test_what_a_stream_says(name: str, shape: Shape) -> None:
    chunks, expected = STREAMS[name]
    assert streamed(chat_completions, [shape(said, ChatCompletionChunk) for said in chunks]).output == expected


@pytest.mark.parametrize("said", [None, "hi", 7, [], [{}], object(), {"choices": [None, 7, "hi", []]}], ids=spelled)
def test_what_is_no_chunk_and_no_answer_says_nothing(said: Any) -> None:
    assert streamed(chat_completions, [said, objects(said)]).output is None
    assert answered(chat_completions, said).output is None


# --- the law: a stream says what the whole answer says


def whole(events: list[dict[str, Any]]) -> dict[str, Any]:
    """The answer that a stream of a well-behaved service stands for."""
    choices: dict[int, Any] = {}
    for event in events:
        for part in event["choices"]:
            found = choices.setdefault(part["index"], choice({}, None, part["index"]))
            merge(found["message"], part["delta"])
            found["finish_reason"] = part["finish_reason"] or found["finish_reason"]
    return completion(*choices.values())


def merge(into: dict[str, Any], more: dict[str, Any]) -> None:
    for key, value in more.items():
        if key == "tool_calls" and value:
            for call in value:
                calls = into.setdefault(key, [])
                if call["index"] == len(calls):
                    calls.append({})
                merge(calls[call["index"]], call)
        elif isinstance(value, dict):
            merge(into.setdefault(key, {}), value)
        elif isinstance(value, str) and key not in ("role", "type"):
            into[key] = (into.get(key) or "") + value
        elif value is not None or key not in into:
            into[key] = value


@each_shape
@pytest.mark.parametrize("recording", recorded("chat.completions", streams=True))
def test_a_recorded_stream_says_what_its_whole_answer_says(recording: Recording, shape: Shape) -> None:
    heard(chat_completions, recording.request)
    expected = answered(chat_completions, shape(whole(recording.events), ChatCompletion)).output
    assert expected
    chunks = [shape(event, ChatCompletionChunk) for event in recording.events]
    assert streamed(chat_completions, chunks).output == expected
    for end in range(0, len(chunks), 7):  # whenever it is left, what came is there and no more
        for found, full in zip(streamed(chat_completions, chunks[:end]).output or (), expected, strict=False):
            for part, complete in zip(found["parts"], full["parts"], strict=False):
                assert str(complete.get("content")).startswith(part.get("content", "None"))
                assert part["type"] == complete["type"]


@each_shape
@pytest.mark.parametrize("recording", recorded("chat.completions", streams=False))
def test_what_a_recorded_answer_says(recording: Recording, shape: Shape) -> None:
    content = heard(chat_completions, recording.request)
    assert content.input is not None
    assert len(content.input) == len(recording.request["messages"])
    output = answered(chat_completions, shape(recording.whole, ChatCompletion)).output or ()
    assert len(output) == len(recording.whole["choices"])
    for message, choice in zip(output, recording.whole["choices"], strict=True):
        assert message["parts"] == [text(choice["message"]["content"])]


WEATHER_TOOL = {"type": "function", "function": {"name": "get_weather", "parameters": WEATHER}}
SCENES: dict[str, tuple[str, dict[str, Any]]] = {
    "ok": ("ok", {}),
    "three": ("ok", {"n": 3}),
    "tools": ("tools", {"tools": [WEATHER_TOOL]}),
    "reasoning": ("reasoning", {}),
    "refusal": ("refusal", {}),
    "length": ("length", {}),
    "content_filter_finish": ("content_filter_finish", {}),
    "azure_filter": ("azure_filter", {"n": 2}),
    "empty": ("empty", {}),
}


@pytest.mark.parametrize("name", SCENES)
def test_the_simulator_says_the_same_streamed_and_whole(simulator: Simulator, name: str) -> None:
    scenario, more = SCENES[name]
    outputs: list[Any] = []
    for stream in (False, True):
        simulator.reset()
        with openai.OpenAI(base_url=simulator.base_url(scenario), api_key="any", max_retries=0) as client:
            request: dict[str, Any] = {"model": "gpt-4o", "messages": [{"role": "user", "content": "hi"}], **more}
            answer: Any = client.chat.completions.create(**request, stream=stream)
            outputs.append((streamed if stream else answered)(chat_completions, answer).output)
    whole, stream = (re.sub("call_[0-9]+", "call", json.dumps(output)) for output in outputs)
    assert whole == stream
    assert bool(outputs[0]) is (name != "empty")


# --- whatever comes


@given(data=st.data())
@modestly
def test_any_request(data: st.DataObject) -> None:
    messages = data.draw(st.lists(st.sampled_from(BODY["messages"]), max_size=4))
    body = data.draw(odd({**BODY, "messages": messages}).filter(lambda body: isinstance(body, dict)))
    before = repr(body)
    content = heard(chat_completions, body)
    assert repr(body) == before
    emptied(content.input)
    emptied(content.tools)
    assert repr(body) == before  # nothing is shared


@given(data=st.data())
@modestly
def test_any_answer(data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(sorted(ANSWERS)))
    said = data.draw(odd(ANSWERS[name][0]))
    answered(chat_completions, said)
    answered(chat_completions, typed(said, ChatCompletion))


@given(data=st.data())
@modestly
def test_any_stream(data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(sorted(STREAMS)))
    chunks = [data.draw(odd(chunk)) for chunk in STREAMS[name][0]] + [data.draw(values)]
    for shape in SHAPES:
        streamed(chat_completions, [shape(chunk, ChatCompletionChunk) for chunk in chunks])


@pytest.mark.parametrize(
    "recording",
    recorded(
        "chat.completions",
    )[::5],
)
@given(data=st.data())
@modestly
def test_any_change_to_a_recording(recording: Recording, data: st.DataObject) -> None:
    request = data.draw(odd(dict(recording.request)))
    heard(chat_completions, request if isinstance(request, dict) else {})
    if recording.streams:
        events = [data.draw(odd(event)) for event in recording.events[:5]]
        streamed(chat_completions, [typed(event, ChatCompletionChunk) for event in events])
    else:
        answered(chat_completions, typed(data.draw(odd(recording.whole)), ChatCompletion))


def test_the_checks_of_these_tests_can_fail() -> None:
    good = {"role": "user", "parts": [text("hi")]}
    check(Content(input=[good]))
    for bad in (
        {"role": "user", "parts": [{"type": "text"}]},
        {"role": "user", "parts": [{"type": "text", "content": None}]},
        {"role": "user", "parts": [{"type": "text", "content": b"hi"}]},
        {"role": "user", "parts": [{"type": "tool_call", "id": "c1"}]},
        {"role": "user", "parts": [{"type": "telepathy"}]},
        {"role": "user", "parts": [{"type": "server_tool_call", "name": "n", "server_tool_call": {}}]},
        {"role": "user", "parts": [linked("image", "data:image/png;base64,aGk=")]},
        {"role": "user", "parts": ()},
        {"role": "user"},
        {"role": None, "parts": []},
        good | {"finish_reason": "stop"},
    ):
        with pytest.raises(AssertionError):
            check(Content(input=[bad]))
    assert b64decode(PNG) == PIXEL
