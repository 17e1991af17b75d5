"""What redaction does to a structure: every text is looked at, whatever holds it, and nothing else changes."""

from __future__ import annotations

from collections import UserDict
from collections.abc import Callable
from typing import Any

import pytest

from genscope.core.messages import message, text, tool_call, tool_call_response
from genscope.features.redaction.walk import FAILED, REMOVED, SECRET, Walk

SECRETS = "canary"


def walk(**options: Any) -> Walk:
    return Walk(lambda text, path: text.replace("canary", "[X]"), _raise, **options)


def _raise(fault: Exception) -> None:
    raise fault


class Model:
    def __init__(self, **fields: Any) -> None:
        self.__dict__.update(fields)


class HostileDict(dict[str, Any]):
    def items(self) -> Any:
        raise RuntimeError

    def __iter__(self) -> Any:
        raise RuntimeError


CYCLE: list[Any] = ["canary"]
CYCLE.append(CYCLE)
SHARED: list[Any] = ["canary"]
for _ in range(60):
    SHARED = [SHARED, SHARED]
DEEP: Any = "canary"
for _ in range(500):
    DEEP = {"a": DEEP}

PLACES: dict[str, Any] = {
    "text": "a canary sings",
    "key": {"canary": 1},
    "list": ["x", "canary"],
    "tuple": ("canary",),
    "message": [message("user", [text("canary")], name="canary")],
    "call": [message("assistant", [tool_call("f", "canary", {"a": [{"b": "canary"}]})])],
    "result": [message("tool", [tool_call_response("id", {"canary": ["canary"]})])],
    "set": {"a": {"canary"}},
    "key that is no text": {1: "canary", ("canary",): 2},
    "subclass": HostileDict(a="canary"),
    "text of a subclass": type("Str", (str,), {})("canary"),
    "model": {"a": Model(canary="canary")},
    "mapping": {"a": UserDict(canary="canary")},
    "bytes": {"a": b"canary"},
    "cycle": CYCLE,
    "shared": SHARED,
    "deep": DEEP,
    "many": [{"a": "canary"}] * 150_000,
}


@pytest.mark.parametrize("place", PLACES)
def test_no_text_is_missed(place: str) -> None:
    assert "canary" not in repr(walk().value(PLACES[place], "input"))


def test_what_says_nothing_stays_the_same_object() -> None:
    value = [message("user", [text("hello"), tool_call("f", "id", {"a": [1, 2.5, None, True, "x"]})])]
    assert walk().value(value, "input") is value


def test_what_is_given_is_not_changed() -> None:
    value = [{"a": ["canary", {"b": "canary"}]}]
    assert walk().value(value, "input") == [{"a": ["[X]", {"b": "[X]"}]}]
    assert value == [{"a": ["canary", {"b": "canary"}]}]


def test_paths() -> None:
    seen: list[str] = []

    def note(text: str, path: str) -> str:
        seen.append(path)
        return text

    Walk(note, _raise).value([{"parts": [{"content": "x", "arguments": {"city": "y"}}]}], "input")
    assert [path for path in seen if path.endswith(("content", "city"))] == [
        "input.0.parts.0.content",
        "input.0.parts.0.arguments.city",
    ]


@pytest.mark.parametrize("number, seen", [(4111, 4111), (4111111111111111, "N"), (4111111111111111.0, "N"), (0.5, 0.5)])
def test_long_numbers_are_texts_too(number: float, seen: Any) -> None:
    found = Walk(lambda text, path: "N" if text == "4111111111111111" else text, _raise).value({"card": number}, "x")
    assert found == {"card": seen}


def test_numbers_that_are_no_numbers() -> None:
    for number in (float("nan"), float("inf"), 10**5000):
        walk().value([number], "x")


@pytest.mark.parametrize(
    "key",
    ["password", "api_key", "API-Key", "client_secret", "dbPassword", "Authorization", "access_token", "x-api-key"],
)
def test_the_name_of_a_field_says_that_it_is_secret(key: str) -> None:
    assert walk().value({"arguments": {key: "hunter2"}}, "x") == {"arguments": {key: SECRET}}
    assert walk(allow=["*.arguments.*"]).value({"arguments": {key: "hunter2"}}, "x") == {"arguments": {key: "hunter2"}}


@pytest.mark.parametrize("key", ["max_tokens", "token_count", "secretary", "keyboard", "passwords_seen", "author"])
def test_a_name_that_is_no_secret(key: str) -> None:
    assert walk().value({key: "five"}, "x") == {key: "five"}


def test_the_schema_of_a_secret_is_none() -> None:
    schema = {"properties": {"password": {"type": "string"}}}
    assert walk().value(schema, "tools") is schema


def test_keys_that_become_the_same_are_kept_apart() -> None:
    found = Walk(lambda text, path: "[E]" if "@" in text else text, _raise).value({"a@b": 1, "c@d": 2, "e@f": 3}, "x")
    assert found == {"[E]": 1, "[E] 2": 2, "[E] 3": 3}


# --- allowed and denied


def test_allowed_is_what_it_covers_and_all_beneath() -> None:
    value = [
        message("user", [text("canary")]),
        message("assistant", [tool_call("f", "canary", {"a": {"b": "canary"}})]),
    ]
    found = walk(allow=["*.arguments.*"]).value(value, "input")
    assert found[0]["parts"] == [text("[X]")]
    assert found[1]["parts"] == [tool_call("f", "[X]", {"a": {"b": "canary"}})]


def test_denied_keeps_the_shape_only() -> None:
    value = [message("user", [text("hello"), tool_call("f", "id", {"a": 5, "b": [True, None]})], finish_reason="stop")]
    assert walk(deny=["input.*"]).value(value, "input") == [
        {
            "role": "user",
            "parts": [
                {"type": "text", "content": REMOVED},
                {
                    "type": "tool_call",
                    "id": REMOVED,
                    "name": REMOVED,
                    "arguments": {REMOVED: REMOVED, f"{REMOVED} 2": [True, None]},
                },
            ],
            "finish_reason": "stop",
        }
    ]


def test_denied_goes_before_allowed() -> None:
    both = walk(allow=["input.*"], deny=["*.content"])
    assert both.value([text("x")], "input") == [text(REMOVED)]
    assert both.value(["canary"], "input") == ["canary"]


# --- a rule that fails


def _fails(text: str, path: str) -> str:
    raise ValueError(text)


@pytest.mark.parametrize("rule", [_fails, lambda text, path: None, lambda text, path: b"x"])
def test_what_no_rule_has_looked_at_is_not_shown(rule: Callable[[str, str], Any]) -> None:
    faults: list[Exception] = []
    assert Walk(rule, faults.append).value(["canary", 1], "input") == [FAILED, 1]
    assert len(faults) == 1


def test_words_of_the_conventions_are_no_texts() -> None:
    shouting = Walk(lambda text, path: text.upper(), _raise)
    parts = [tool_call("f", "id", {"type": "x", "role": "y"}), {"type": "text", "content": "z"}]
    assert shouting.value([message("user", parts, finish_reason="stop"), {"role": "Ann's"}], "input") == [
        {
            "role": "user",
            "parts": [
                {"type": "tool_call", "id": "ID", "name": "F", "arguments": {"type": "X", "role": "Y"}},
                {"type": "text", "content": "Z"},
            ],
            "finish_reason": "stop",
        },
        {"role": "ANN'S"},
    ]
