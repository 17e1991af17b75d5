"""The hash of what was said: the same for the same, another for anything else, and made of whatever comes."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections import OrderedDict, deque
from collections.abc import Callable, Iterator
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from genscope.core.fingerprint import fingerprint, prompt_of
from genscope.core.messages import (
    Content,
    compaction,
    embedded,
    file,
    message,
    other,
    reasoning,
    server_tool_call,
    text,
    tool_call,
    tool_call_response,
    uri,
)

HELLO = [message("user", [text("Hello")])]


def hashed(value: Any, key: str | None = None) -> str:
    found = fingerprint(value, key)
    assert found is not None
    assert len(found[0]) == 16
    assert set(found[0]) <= set("0123456789abcdef")
    return found[0]


def length(value: Any) -> int:
    found = fingerprint(value, None)
    assert found is not None
    return found[1]


# --- what it is


def test_it_is_the_sha_256_of_a_plain_form() -> None:
    form = b'[["user",null,[["text","Hello"]]]]'
    assert fingerprint(HELLO, None) == (hashlib.sha256(form).hexdigest()[:16], 5)


def test_with_a_key_it_is_an_hmac() -> None:
    form = json.dumps([["user", None, [["text", "Hello"]]]], separators=(",", ":")).encode()
    assert fingerprint(HELLO, "ключ") == (hmac.new("ключ".encode(), form, "sha256").hexdigest()[:16], 5)
    assert hashed(HELLO, "a") != hashed(HELLO, "b") != hashed(HELLO)
    assert hashed(HELLO, "") == hashed(HELLO)
    assert hashed(HELLO, "\ud800")


# --- the same


def call(id: str | None = "call_1", **arguments: Any) -> dict[str, Any]:
    return tool_call("weather", id, arguments)


SAME: dict[str, tuple[Any, Any]] = {
    "tuples": (HELLO, ({"role": "user", "parts": (text("Hello"),)},)),
    "finish reasons": (
        [message("assistant", [text("Hi")], finish_reason="stop")],
        [message("assistant", [text("Hi")], finish_reason="length")],
    ),
    "no finish reason": (
        [message("assistant", [text("Hi")], finish_reason="stop")],
        [message("assistant", [text("Hi")])],
    ),
    "ids of tool calls": ([message("assistant", [call("a")])], [message("assistant", [call("b")])]),
    "ids of results": (
        [message("tool", [tool_call_response("a", "rain")])],
        [message("tool", [tool_call_response("b", "rain")])],
    ),
    "order of members": (
        [{"role": "user", "parts": [text("x")]}],
        [{"parts": [{"content": "x", "type": "text"}], "role": "user"}],
    ),
    "order of arguments": ([call(a=1, b=[2])], [call(b=(2,), a=1)]),
    "dicts of another kind": (HELLO, [OrderedDict(parts=[OrderedDict(content="Hello", type="text")], role="user")]),
    "lists of another kind": (HELLO, deque(HELLO)),
}


@pytest.mark.parametrize("name", SAME)
def test_the_same_for_the_same(name: str) -> None:
    one, other = SAME[name]
    assert fingerprint(one, None) == fingerprint(other, None)
    assert fingerprint(one, "key") == fingerprint(other, "key")


# --- another

DIFFERENT = [
    HELLO,
    [text("Hello")],
    [message("user", [text("hello")])],
    [message("user", [text("Hello ")])],
    [message("system", [text("Hello")])],
    [message("user", [text("Hello")], name="ada")],
    [message("user", [reasoning("Hello")])],
    [message("user", [text("Hel"), text("lo")])],
    [message("user", [text("Hel")]), message("user", [text("lo")])],
    [message("user", [text("lo")]), message("user", [text("Hel")])],
    [*HELLO, *HELLO],
    [message("user", []), *HELLO],
    [message("user", [text('Hello"]],["user",null,[["text","')])],
    [message("assistant", [call(city="Bonn")])],
    [message("assistant", [call(city="Bonn "), call(city="Bonn")])],
    [message("assistant", [call(city="Bonn"), call(city="Bonn ")])],
    [message("assistant", [tool_call("weather", "c", '{"city":"Bonn"}')])],
    [message("assistant", [tool_call("time", "c", {"city": "Bonn"})])],
    [message("assistant", [call(city=1)])],
    [message("assistant", [call(city=True)])],
    [message("assistant", [call(city=None)])],
    [message("assistant", [call()])],
    [message("tool", [tool_call_response("c", "rain")])],
    [message("tool", [tool_call_response("c", [text("rain")])])],
    [message("tool", [tool_call_response("c", {"type": "text", "content": "rain"})])],
    [message("tool", [tool_call_response("c", None)])],
    [message("assistant", [server_tool_call("web_search", "c", {"type": "web_search", "query": "a"})])],
    [message("assistant", [server_tool_call("web_search", "c", {"type": "web_search", "query": "b"})])],
    [message("user", [uri("https://example.com/a.png")])],
    [message("user", [uri("https://example.com/b.png")])],
    [message("user", [file("file_1")])],
    [message("user", [file("file_2")])],
    [message("user", [embedded(b"a")])],
    [message("user", [embedded(b"b")])],
    [message("user", [compaction("cmp_1")])],
    [message("user", [compaction("cmp_2")])],
    [message("user", [other("item_reference", "i1")])],
    [message("user", [other("item_reference", "i2")])],
    [message("user", [text("\ud83d")])],
    [message("user", [text("\ude00")])],
    [message("user", [text("\U0001f600")])],
]


def test_another_for_anything_else() -> None:
    assert len({hashed(value) for value in DIFFERENT}) == len(DIFFERENT)


# --- how long


@pytest.mark.parametrize(
    "value, characters",
    [
        (HELLO, 5),
        ([text("Hello"), text("größe 😀")], 12),
        ([message("user", [text("ab")]), message("tool", [tool_call_response("c", "cde")])], 5),
        ([message("tool", [tool_call_response("c", [text("ab"), text("c")])])], 3),
        ([message("assistant", [reasoning("hm"), text("ab")])], 2),
        ([message("assistant", [call(city="Bonn")])], 0),
        ([message("assistant", [text("")])], 0),
        ("a word in its place", 19),
    ],
)
def test_the_length_is_that_of_the_texts(value: Any, characters: int) -> None:
    assert length(value) == characters


@pytest.mark.parametrize(
    "value",
    [None, [], (), [message("user", [])], [message("user", ()), message("assistant", [])], 7, b"x", {}, object()],
)
def test_none_for_nothing(value: Any) -> None:
    assert fingerprint(value, None) is None
    assert fingerprint(value, "key") is None


# --- instructions


def test_instructions_are_the_first_message_of_a_prompt() -> None:
    apart = Content(instructions=[text("Be brief.")], input=HELLO)
    assert prompt_of(apart) == prompt_of(Content(input=[message("system", [text("Be brief.")]), *HELLO]))
    assert prompt_of(Content(input=tuple(HELLO))) == HELLO
    assert prompt_of(Content()) == []
    assert prompt_of(Content(instructions="[REMOVED]", input=7)) == []  # type: ignore[arg-type]


# --- whatever comes


class Trap(dict[Any, Any]):
    """Reading it by its own methods runs the application's code."""

    def __getattribute__(self, name: str) -> Any:
        raise AssertionError("looked at")

    __iter__ = __getitem__ = __contains__ = __len__ = __bool__ = __getattribute__  # type: ignore[assignment]


class Liar:
    def __eq__(self, other: object) -> bool:
        raise RuntimeError("no")

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        raise RuntimeError("no")

    __str__ = __repr__


def endless() -> Iterator[int]:
    while True:
        yield 1


def cycle() -> list[Any]:
    found: list[Any] = [message("user", [text("a")])]
    found.append(found)
    found[0]["parts"].append(found[0])
    return found


def cyclic_result() -> list[Any]:
    part = tool_call_response("c", [])
    part["response"].append(part)
    return [message("tool", [part])]


def bomb() -> list[Any]:
    level: list[Any] = ["x"] * 10
    for _ in range(40):
        level = [level] * 10
    return [message("assistant", [tool_call("f", "c", level), *[tool_call_response("c", level)] * 100])]


ODD: dict[str, Callable[[], Any]] = {
    "a liar": lambda: [message("user", [{"type": Liar(), "content": Liar()}]), Liar()],
    "a type that is a list": lambda: [message("user", [{"type": [], "content": "x"}])],
    "a trap": lambda: [message("user", [Trap(a=1), {"type": "x", "y": Trap(a=1)}]), Trap(role="user")],
    "a generator": lambda: [message("user", [{"type": "x", "y": endless()}, endless()])],
    "a cycle": cycle,
    "a cycle in a result": cyclic_result,
    "a bomb": bomb,
    "deep": lambda: [message("user", [json.loads("[" * 900 + "]" * 900)])],
    "keys that are no texts": lambda: [message("user", [{1: 2, None: 3, (): 4, "type": "x"}])],
    "numbers": lambda: [call(a=float("nan"), b=10**5000, c=-0.0, d=1e308, e=10**300)],
    "bytes and dates": lambda: [call(a=b"x", b=date(2026, 1, 1), c={1, 2})],
    "surrogates": lambda: [message("us\ud800er", [text("\udfff"), call(**{"\ud800": "\udc00"})], name="\ud800")],
    "no list of parts": lambda: [message("user", [text("a")]), {"role": "user", "parts": "[REMOVED]"}, {"parts": 7}],
    "many": lambda: [message("user", [call(a=b"x")] * 2_000)],
    "many of a kind of its own": lambda: [OrderedDict(a=list(range(1000)))] * 500,
}


@pytest.mark.parametrize("name", ODD)
def test_whatever_comes(name: str) -> None:
    value = ODD[name]()
    assert hashed(value) == hashed(value)
    assert hashed(value, "key") != hashed(value)


def test_a_generator_is_not_used_up() -> None:
    items = iter([1, 2, 3])
    hashed([message("user", [{"type": "x", "items": items}])])
    assert list(items) == [1, 2, 3]


def test_what_is_too_large_is_cut_before_it_is_hashed() -> None:
    """Arguments only: of a text every character counts."""
    large = "x" * (5 << 20)
    assert hashed([text(large)]) != hashed([text(large[:-1] + "y")])
    assert length([text(large)]) == len(large)
    assert hashed([call(a=large)]) != hashed([call(a=large + "y")])
    assert hashed([call(a="y" + large)]) != hashed([call(a=large)])


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters()),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner) | st.tuples(inner) | st.frozensets(st.text()),
    max_leaves=20,
)


@given(JSON, st.none() | st.text())
def test_anything_at_all(value: Any, key: str | None) -> None:
    found = fingerprint(value, key)
    assert found == fingerprint(value, key)
    assert found is None or (len(found[0]) == 16 and found[1] >= 0)


PARTS = st.lists(
    st.builds(text, st.text())
    | st.builds(reasoning, st.text())
    | st.builds(tool_call, st.text(), st.none(), st.dictionaries(st.text(), st.integers()))
    | st.builds(tool_call_response, st.none(), st.text()),
    max_size=3,
)
MESSAGES = st.lists(st.builds(message, st.sampled_from(["user", "assistant"]), PARTS), max_size=3)


@given(MESSAGES, MESSAGES)
def test_two_are_the_same_if_they_say_the_same(one: list[Any], two: list[Any]) -> None:
    said = fingerprint(one, None)
    if said is not None:
        assert (said == fingerprint(two, None)) == (one == two)
