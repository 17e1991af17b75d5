"""What the body of a request says: parameters by meaning, and nothing of a wrong type."""

from __future__ import annotations

from collections.abc import Iterator
from enum import Enum
from typing import Any

import openai
import pytest

from genscope.wire import chat_completions, embeddings, responses, text_completions
from genscope.wire.fields import choice_count, count, integer, number, output_type, service_tier, text, texts

from .shapes import asked
from .spelled import spelled


class Model(str, Enum):
    """How applications like to name their models."""

    NEW = "m-1"


class Exact(float):
    """A number of another library, numpy's say."""


SAMPLING = {
    "max_tokens": 99,
    "temperature": 0.5,
    "top_p": 0.9,
    "top_k": 40,
    "n": 2,
    "seed": -7,
    "stop": ["a", "b"],
    "frequency_penalty": 0.1,
    "presence_penalty": -0.1,
}
SAMPLED = {
    "max_tokens": 99,
    "temperature": 0.5,
    "top_p": 0.9,
    "top_k": 40,
    "choice_count": 2,
    "seed": -7,
    "stop_sequences": ("a", "b"),
    "frequency_penalty": 0.1,
    "presence_penalty": -0.1,
}
CHAT = {"api_type": "chat_completions"}
RESPONSES = {"api_type": "responses"}
SCHEMA = {"type": "json_schema", "json_schema": {"name": "n", "schema": {}}}

# reader, body -> what it asks
REQUESTS: dict[str, tuple[Any, Any, dict[str, Any]]] = {
    "chat, nothing": (chat_completions, {}, CHAT),
    "chat, everything": (
        chat_completions,
        SAMPLING | {"reasoning_effort": "low", "response_format": SCHEMA, "service_tier": "flex"},
        CHAT | SAMPLED | {"reasoning_level": "low", "output_type": "json", "service_tier": "flex"},
    ),
    "chat, the newer name": (chat_completions, {"max_completion_tokens": 99}, CHAT | {"max_tokens": 99}),
    "chat, defaults are not told": (chat_completions, {"n": 1, "service_tier": "auto"}, CHAT),
    "chat, zeros are": (chat_completions, {"temperature": 0, "seed": 0}, CHAT | {"temperature": 0, "seed": 0}),
    "chat, nulls": (chat_completions, dict.fromkeys(SAMPLING), CHAT),
    "chat, one stop sequence": (chat_completions, {"stop": "a"}, CHAT | {"stop_sequences": ("a",)}),
    "chat, content is not looked at": (chat_completions, {"messages": object(), "tools": object()}, CHAT),
    "text, nothing": (text_completions, {}, {}),
    "text, everything": (text_completions, SAMPLING, SAMPLED),
    "responses, nothing": (responses, {}, RESPONSES),
    "responses, everything": (
        responses,
        {
            "max_output_tokens": 99,
            "temperature": 0.5,
            "top_p": 0.9,
            "reasoning": {"effort": "high", "summary": "auto"},
            "text": {"format": {"type": "json_object"}, "verbosity": "low"},
            "previous_response_id": "r0",
            "conversation": "conv_1",
            "prompt": {"id": "p1", "version": "2"},
            "service_tier": "priority",
        },
        RESPONSES
        | {
            "max_tokens": 99,
            "temperature": 0.5,
            "top_p": 0.9,
            "reasoning_level": "high",
            "output_type": "json",
            "previous_response_id": "r0",
            "conversation_id": "conv_1",
            "prompt_name": "p1",
            "prompt_version": "2",
            "service_tier": "priority",
        },
    ),
    "responses, a conversation as an object": (
        responses,
        {"conversation": {"id": "conv_1"}},
        RESPONSES | {"conversation_id": "conv_1"},
    ),
    "responses, objects odd": (
        responses,
        {"reasoning": "high", "text": [], "conversation": {}, "prompt": None, "previous_response_id": 1},
        RESPONSES,
    ),
    "responses, objects odd inside": (
        responses,
        {"reasoning": {"effort": 1}, "text": {"format": "json"}, "conversation": {"id": 1}, "prompt": {"version": 2}},
        RESPONSES,
    ),
    "embeddings, nothing": (embeddings, {}, {}),
    "embeddings, everything": (
        embeddings,
        {"dimensions": 256, "encoding_format": "float", "input": object()},
        {"dimension_count": 256, "encoding_formats": ("float",)},
    ),
}
READERS = [chat_completions, text_completions, responses, embeddings]


@pytest.mark.parametrize("name", REQUESTS)
def test_what_a_request_asks(name: str) -> None:
    reader, body, expected = REQUESTS[name]
    op = asked(reader, {"model": "m-1"} | body)
    assert op.model == "m-1"
    assert op.request == expected


def sentinels() -> Iterator[Any]:
    yield openai.NOT_GIVEN
    for name in ("omit", "not_given"):  # since openai 1.108
        if hasattr(openai, name):
            yield getattr(openai, name)


@pytest.mark.parametrize("value", [*sentinels(), None, object(), object, {}, [], b"1", ""], ids=spelled)
@pytest.mark.parametrize("reader", READERS)
def test_what_is_no_value_is_not_told(reader: Any, value: Any) -> None:
    body = dict.fromkeys(reader.PARAMETERS, value)
    op = asked(reader, {"model": value} | body)
    assert op.request.keys() <= {"api_type"}
    assert op.model is None


@pytest.mark.parametrize("reader", READERS)
def test_an_iterator_in_a_body_is_left_to_the_sdk(reader: Any) -> None:
    lines = {key: iter(["a", "b"]) for key in (*reader.PARAMETERS, "messages", "input", "prompt")}
    asked(reader, {"model": "m-1", **lines})
    assert all(list(line) == ["a", "b"] for line in lines.values())


@pytest.mark.parametrize("reader", READERS)
def test_a_body_is_not_changed(reader: Any) -> None:
    body = {"model": "m-1", **SAMPLING, "text": {"format": SCHEMA}, "response_format": SCHEMA}
    before = repr(body)
    asked(reader, body)
    assert repr(body) == before


RULES: list[tuple[Any, Any, Any]] = [
    (integer, 12, 12),
    (integer, -12, -12),
    (integer, 12.0, 12),
    (integer, 12.5, None),
    (integer, True, None),
    (integer, "12", None),
    (integer, float("nan"), None),
    (integer, float("inf"), None),
    (integer, 2**63 - 1, 2**63 - 1),
    (integer, 2**63, None),
    (integer, -(2**63), -(2**63)),
    (integer, -(2**63) - 1, None),
    (integer, 1e300, None),
    (count, 0, 0),
    (count, 12.0, 12),
    (count, -1, None),
    (count, -1.0, None),
    (number, 0.5, 0.5),
    (number, 1, 1.0),
    (number, 0, 0.0),
    (number, float("inf"), float("inf")),
    (number, Exact(1), 1.0),
    (number, True, None),
    (number, "0.5", None),
    (number, 10**400, None),
    (text, "m", "m"),
    (text, "", None),
    (text, b"m", None),
    (text, ["m"], None),
    (text, Model.NEW, "m-1"),
    (texts, "a", ("a",)),
    (texts, ["a", "b"], ("a", "b")),
    (texts, ("a", 1, None, "b"), ("a", "b")),
    (texts, [], None),
    (texts, [1], None),
    (texts, "", None),
    (texts, ["", "a"], ("a",)),
    (texts, iter("ab"), None),
    (texts, {"a"}, None),
    (texts, [Model.NEW], ("m-1",)),
    (choice_count, 1, None),
    (choice_count, 1.0, None),
    (choice_count, 3, 3),
    (choice_count, "3", None),
    (service_tier, "auto", None),
    (service_tier, "flex", "flex"),
    (service_tier, 1, None),
    (output_type, {"type": "text"}, "text"),
    (output_type, {"type": "json_object"}, "json"),
    (output_type, {"type": "json_schema"}, "json"),
    (output_type, {"type": "grammar"}, None),
    (output_type, {"type": ["text"]}, None),
    (output_type, {}, None),
    (output_type, "text", None),
]


@pytest.mark.parametrize("rule, value, expected", RULES)
def test_a_rule_gives_a_value_of_the_right_type_or_none(rule: Any, value: Any, expected: Any) -> None:
    found = rule(value)
    assert found == expected
    assert type(found) is type(expected)  # no Enum, no subclass: what is exported is what is seen
    if isinstance(expected, tuple):
        assert {type(one) for one in found} == {str}


def test_the_name_of_a_model_is_its_value() -> None:
    assert f"{asked(chat_completions, {'model': Model.NEW}).model}" == "m-1"
