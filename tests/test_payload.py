"""Content becomes valid JSON of bounded size, whatever an application has put into it, and none of its code runs."""

from __future__ import annotations

import copy
import datetime
import decimal
import enum
import json
import math
import re
import sys
import threading
import uuid
from collections import OrderedDict, deque, namedtuple
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, ClassVar

import pydantic
import pydantic.v1
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from genscope.core import inert, messages, payload
from genscope.core.payload import to_json, to_plain

AMPLE = 1_000_000

# Derandomised and without a database: the same examples on every machine, and no file beside the tests.
modestly = settings(
    max_examples=150, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck)
)

budgets = st.integers(0, 400) | st.integers(0, 5_000)
texts = st.text(max_size=20) | st.sampled_from(
    [
        "",
        "a" * 700,
        "ä" * 300,
        '\\"\n\x01' * 90,
        "e\u0301👨‍👩‍👧" * 40,
        "\ud800",
        "x\ud83d\ude00y" * 99,
        "\udc00\ud800" * 50,
    ]
)
scalars = st.none() | st.booleans() | st.integers() | st.floats() | texts | st.sampled_from([10**30, -(2**63), 2**63])
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(texts | st.integers() | st.none(), inner, max_size=5),
    max_leaves=25,
)


def ids() -> st.SearchStrategy[str | None]:
    return st.none() | st.text(max_size=30)


objects_with_type = st.fixed_dictionaries(
    {}, optional={"code": texts, "type": st.just("x"), "nested": values}
).map(lambda found: {**found, "type": "code_interpreter"})  # fmt: skip
parts = st.one_of(
    st.builds(messages.text, texts),
    st.builds(messages.reasoning, texts),
    st.builds(messages.compaction, ids(), st.none() | texts),
    st.builds(messages.tool_call, st.text(max_size=30), ids(), values),
    st.builds(messages.tool_call_response, ids(), values),
    st.builds(messages.server_tool_call, st.text(max_size=30), ids(), objects_with_type),
    st.builds(messages.server_tool_call_response, ids(), objects_with_type),
    st.builds(messages.file, st.text(max_size=40), st.just("image/png")),
    st.builds(messages.uri, st.just("https://example.org/") | texts.map("https://example.org/".__add__)),
    st.builds(messages.embedded, st.binary(max_size=9), st.just("image/png")),
)
roles = st.sampled_from(["system", "developer", "user", "assistant", "tool", "critic"])
finish_reasons = st.none() | st.just("stop")
conversations = st.lists(
    st.builds(messages.message, roles, st.lists(parts, max_size=6), name=ids(), finish_reason=finish_reasons),
    max_size=8,
)


def _text(value: Any) -> bool:
    return type(value) is str


def _text_or_null(value: Any) -> bool:
    return value is None or _text(value)


def _typed(value: Any) -> bool:
    return type(value) is dict and _text(value.get("type"))


# The schemas beside the conventions: of each type of part the fields, those with a `!` required.
PARTS: dict[str, dict[str, Callable[[Any], bool]]] = {
    "text": {"content!": _text},
    "reasoning": {"content!": _text},
    "compaction": {"id": _text_or_null, "content": _text_or_null},
    "tool_call": {"name!": _text, "id": _text_or_null},
    "tool_call_response": {"response!": lambda value: True, "id": _text_or_null},
    "server_tool_call": {"name!": _text, "server_tool_call!": _typed, "id": _text_or_null},
    "server_tool_call_response": {"server_tool_call_response!": _typed, "id": _text_or_null},
    "file": {"modality!": _text, "file_id!": _text, "mime_type": _text_or_null},
    "uri": {"modality!": _text, "uri!": _text, "mime_type": _text_or_null},
}


def check_messages(found: Any) -> None:
    """Valid by the schemas, and nothing in it but the types of part that they name."""
    assert type(found) is list
    for message in found:
        assert type(message) is dict
        assert _text(message["role"])
        assert _text_or_null(message.get("name"))
        assert _text_or_null(message.get("finish_reason"))
        assert type(message["parts"]) is list
        for part in message["parts"]:
            check_part(part)


def check_part(part: Any) -> None:
    assert _typed(part)
    for name, is_right in PARTS[part["type"]].items():
        if name.endswith("!") or name in part:
            assert is_right(part[name.rstrip("!")]), (name, part)


def read(text: str | None, max_bytes: int) -> Any:
    """What the JSON says; it is strict JSON of no more than so many bytes."""
    assert type(text) is str
    assert len(text.encode()) <= max_bytes
    return json.loads(text, parse_constant=refuse)


def refuse(constant: str) -> None:
    raise AssertionError(constant)


def plain_json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)


def said(*contents: str, role: str = "user") -> list[Any]:
    return [messages.message(role, [messages.text(content)]) for content in contents]


def calling(arguments: Any) -> list[Any]:
    return [messages.message("assistant", [messages.tool_call("f", "c1", arguments)])]


def contents(found: list[Any]) -> list[str]:
    return [part["content"] for message in found for part in message["parts"]]


# What is ordinary


ORDINARY = {
    "messages": said("hi", "“Grüße” 世界 🎉", "\u2028\x00\\"),
    "a text": "ein Text “mit” 世界",
    "characters of four bytes": "🎉" * 50,
    "numbers": [0, -1, 2**63 - 1, -(2**63), 1.5, 1e300, -0.0, True, None],
    "a tuple": ({"a": (1, 2)}, []),
    "empty": [{}, [], "", ()],
    "nested": [[[[[[[[[{"a": {"b": {"c": [1]}}}]]]]]]]]],
    "keys that JSON turns into texts": {1: "a", None: "b", False: "c"},
    "a thousand numbers": list(range(1000)),
}


@pytest.mark.parametrize("value", ORDINARY.values(), ids=ORDINARY)
def test_what_is_ordinary_is_encoded_as_it_is(value: Any) -> None:
    expected = plain_json(value)
    size = len(expected.encode())
    assert to_json(value, AMPLE) == expected
    assert to_json(value, size) == expected
    assert to_json(value, size - 1) != expected
    assert repr(to_plain(value, size)) == repr(json.loads(expected))


def test_what_is_ordinary_takes_the_short_way(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(payload, "_fitted", lambda *_: pytest.fail("this is the long way"))
    for value in ORDINARY.values():
        to_json(value, len(plain_json(value).encode()))


def test_only_what_is_built_in_is_looked_into(monkeypatch: pytest.MonkeyPatch) -> None:
    looked_into: set[type] = set()
    monkeypatch.setattr(payload.gc, "get_referents", lambda *level: looked_into.update(map(type, level)) or [])
    for value in (OrderedDict(a=1), deque([1]), Point(1, 2), Number.ONE, generated()):
        to_json(value, AMPLE)
        assert not looked_into
    to_json([1], AMPLE)
    assert looked_into == {list}


def test_what_is_certainly_too_large_is_not_encoded_first(monkeypatch: pytest.MonkeyPatch) -> None:
    encoded = count_encoded(monkeypatch)
    to_json(said(*["x" * 100_000] * 100), 10_000)
    assert sum(encoded) < 10 * 10_000


def count_encoded(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The characters of all that the encoder writes."""
    encoded: list[int] = []
    encode = payload._encode

    def counting(value: Any) -> str:
        text = encode(value)
        encoded.append(len(text))
        return text

    monkeypatch.setattr(payload, "_encode", counting)
    return encoded


def test_a_plain_copy_shares_nothing_that_may_change() -> None:
    value = calling({"a": [1, {"b": 2}]})
    found = to_plain(value, AMPLE)
    before = copy.deepcopy(found)
    value[0]["parts"][0]["arguments"]["a"][1]["b"] = 3
    value[0]["parts"].clear()
    assert found == before == calling({"a": [1, {"b": 2}]})


def test_numbers_of_a_log_record_have_64_bits() -> None:
    assert to_plain([2**63 - 1, 2**63, -(2**63), 10**30], AMPLE) == [2**63 - 1, str(2**63), -(2**63), str(10**30)]


def test_values_of_a_log_record_are_less_deep() -> None:
    deep: Any = 1
    for _ in range(100):
        deep = [deep]
    for text, depth in ((plain_json(to_plain(deep, AMPLE)), 24), (to_json(deep, AMPLE), 64)):
        assert text == "[" * depth + '["[+1 items]"]' + "]" * depth


# Any value, any budget


@given(value=values, max_bytes=budgets)
@modestly
def test_any_value_in_any_budget(value: Any, max_bytes: int) -> None:
    before = repr(value)
    text = to_json(value, max_bytes)
    assert repr(value) == before
    if max_bytes < 2:
        assert text is None or len(text) <= max_bytes
        return
    found = read(text, max_bytes)
    if type(value) in (dict, list, str):
        assert type(found) is type(value)
    check_plain(to_plain(value, max_bytes), max_bytes)


def check_plain(found: Any, max_bytes: int) -> None:
    """What OpenTelemetry's protocol can say."""
    waiting = [found]
    quotes = 0
    for value in waiting:
        if type(value) is dict:
            assert all(type(key) is str for key in value)
            waiting.extend([*value, *value.values()])
        elif type(value) is list:
            waiting.extend(value)
        elif type(value) is int:
            assert -(2**63) <= value < 2**63
        elif type(value) is float:
            assert math.isfinite(value)
        else:
            assert value is None or type(value) in (bool, str)
            quotes += 2 * bool(re.fullmatch(r"-?\d{19,}", str(value)))  # a number in JSON, a text here
    assert len(plain_json(found).encode()) <= max_bytes + quotes


def backwards(conversation: list[Any]) -> list[Any]:
    """With the fields of messages and parts the other way round."""
    return [
        dict(reversed({**message, "parts": [dict(reversed(part.items())) for part in message["parts"]]}.items()))
        for message in conversation
    ]


@given(conversation=conversations | conversations.map(backwards), max_bytes=budgets | st.just(AMPLE))
@modestly
def test_messages_stay_messages_in_any_budget(conversation: list[Any], max_bytes: int) -> None:
    if max_bytes < 2:
        assert to_json(conversation, max_bytes) is None
        return
    found = read(to_json(conversation, max_bytes), max_bytes)
    check_messages(found)
    check_messages(to_plain(conversation, max_bytes))
    if max_bytes == AMPLE:
        assert len(found) == len(conversation)
    if found:  # the newest is among them, and the order is that of the conversation
        assert found[-1]["role"] == conversation[-1]["role"]
        remaining = iter(message["role"] for message in conversation)
        assert all(message["role"] in remaining for message in found)


@given(content=texts, size=st.integers(1, 50), max_bytes=st.integers(2, 3_000))
@modestly
def test_a_text_in_any_budget(content: str, size: int, max_bytes: int) -> None:
    whole = content * size
    check_cut(read(to_json(whole, max_bytes), max_bytes), whole, max_bytes)


def valid(text: str) -> str:
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def check_cut(found: str, text: str, max_bytes: int) -> None:
    """`found` is the text, or its beginning and its end with how much is left out, or only its beginning."""
    if len(plain_json(valid(text)).encode()) <= max_bytes:
        assert found == valid(text)
        return
    marker = re.search(r"…\[\+(\d+) of (\d+) chars\]…", found)
    if not marker:
        assert max_bytes < 60
        assert valid(text).startswith(found.removesuffix("…"))
        return
    head, tail = found[: marker.start()], found[marker.end() :]
    assert valid(text).startswith(head)
    assert valid(text).endswith(tail)
    assert int(marker[2]) in (len(text), len(valid(text)))
    if text == valid(text):
        assert len(head) + int(marker[1]) + len(tail) == len(text)
    assert len(plain_json(found).encode()) >= max_bytes // 6


def test_a_text_is_cut_in_the_middle() -> None:
    assert to_json("0123456789" * 10, 50) == '"012345678901…[+77 of 100 chars]…90123456789"'
    assert to_json("0123456789" * 10, 30) == '"0123456789012345678901234…"'
    assert to_json("0123456789", 10) == '"01234…"'
    assert to_json("0123456789", 4) == '""'
    assert to_json("0123456789", 2) == '""'
    assert to_json("0123456789", 1) is None


@pytest.mark.parametrize(
    "unit",
    ["e\u0301", "👨‍👩‍👧", "❤\ufe0f", "\ud83d\ude00", "🎉"],
    ids=["accent", "family", "variation", "halves", "astral"],
)
def test_what_belongs_together_is_not_cut(unit: str) -> None:
    for max_bytes in range(110, 170):
        head, _, rest = read(to_json(unit * 200, max_bytes), max_bytes).partition("…[+")
        tail = rest.partition("]…")[2]
        for part in (head, tail):
            assert part
            assert part == valid(unit) * (len(part) // len(valid(unit)))


def test_lone_surrogates_are_replaced_and_halves_joined() -> None:
    assert to_json(["a\ud800", "\ud83d\ude00 ü"], AMPLE) == '["a\ufffd","😀 ü"]'
    assert to_json({"\udfff": 1}, AMPLE) == '{"\ufffd":1}'


def test_long_texts_are_cut_to_the_same_size() -> None:
    found = read(to_json(said("short", "x" * 9_000, "y" * 90_000, "ü" * 90_000), 10_000), 10_000)
    check_messages(found)
    assert contents(found)[0] == "short"
    sizes = [len(content.encode()) for content in contents(found)[1:]]
    assert max(sizes) - min(sizes) <= 4
    assert sum(sizes) > 9_500


def test_what_escapes_take_is_counted() -> None:
    found = read(to_json(said("\x01" * 5_000, "x" * 5_000), 10_000), 10_000)
    assert all("…[+" in content for content in contents(found)[:1])
    assert contents(found)[1] == "x" * 5_000 or len(contents(found)[1]) > 4_500


def test_older_messages_go_first_and_system_messages_stay() -> None:
    conversation = [*said("be kind", role="system"), *said(*(f"{index} " + "x" * 200 for index in range(100)))]
    found = read(to_json(conversation, 5_000), 5_000)
    check_messages(found)
    assert found[0] == conversation[0]
    numbers = [int(content.split()[0]) for content in contents(found[1:])]
    assert numbers == list(range(100 - len(numbers), 100))
    assert 15 < len(numbers) < 30
    assert min(len(content.encode()) for content in contents(found[1:])) > 100


def test_of_two_messages_that_are_too_long_both_stay() -> None:
    conversation = [*said("s" * 9_000, role="system"), *said("old" * 999, "new" * 3_000)]
    found = read(to_json(conversation, 250), 250)
    assert [message["role"] for message in found] == ["system", "user"]
    assert contents(found)[1].startswith("new")


@pytest.mark.parametrize("role", ["system", "developer"])
def test_the_newest_message_stays_longest(role: str) -> None:
    conversation = [*said("s" * 9_000, role=role), *said("old" * 999, "new" * 3_000)]
    kept = [len(read(to_json(conversation, max_bytes), max_bytes)) for max_bytes in range(2, 1_000)]
    assert kept == sorted(kept)
    assert set(kept) == {0, 1, 2, 3}
    for max_bytes in range(90, 177):
        (only,) = read(to_json(conversation, max_bytes), max_bytes)
        assert only["parts"][0]["content"].startswith("new")


def test_many_system_messages_do_not_hide_the_newest() -> None:
    systems = said(*(f"{index} " + "s" * 500 for index in range(500)), role="system")
    found = read(to_json([*systems, *said("500 new")], 3_000), 3_000)
    numbers = [int(content.split()[0]) for content in contents(found)]
    assert numbers == [*range(8), *range(509 - len(numbers), 501)]
    assert len(numbers) > 10


def test_a_large_argument_does_not_starve_the_rest() -> None:
    conversation = [*said("first"), *calling({"vector": [0.123456789] * 100_000, "unit": "m"}), *said("last")]
    found = read(to_json(conversation, 20_000), 20_000)
    check_messages(found)
    assert [found[0], found[2]] == [*said("first"), *said("last")]
    arguments = found[1]["parts"][0]["arguments"]
    kept = arguments["vector"]
    assert set(kept[:-1]) == {0.123456789}
    assert kept[-1] == f"[+{100_000 - len(kept) + 1} items]"
    assert len(kept) > 200


def test_an_object_says_how_much_was_left_out_and_keeps_its_type() -> None:
    tool = {str(index): index for index in range(10_000)} | {"type": "function", "name": "f"}
    found = read(to_json(tool, 1_000), 1_000)
    assert found["type"] == "function"
    assert found["…"] == f"[+{10_002 - (len(found) - 1)} members]"
    assert len(found) > 50
    assert to_json({"city": "Paris", "days": [1, 2, 3], "note": "x" * 99}, 40) == '{"city":"Paris","…":"[+2 members]"}'


def test_a_server_tool_call_keeps_its_type_wherever_it_stands() -> None:
    call = {f"output {index}": "x" * 50 for index in range(1_000)} | {"type": "code_interpreter"}
    conversation = [messages.message("assistant", [messages.server_tool_call("python", None, call)])]
    for max_bytes in range(2, 600, 7):
        found = read(to_json(conversation, max_bytes), max_bytes)
        check_messages(found)
        if found and found[0]["parts"]:
            assert found[0]["parts"][0]["server_tool_call"]["type"] == "code_interpreter"


def test_tools_and_instructions_stay_what_they_are() -> None:
    schema = {"type": "object", "properties": {f"p{index}": {"type": "string"} for index in range(50)}}
    tools = [{"type": "function", "name": f"f{index}", "parameters": schema} for index in range(50)]
    for max_bytes in range(2, 3_000, 97):
        found = read(to_json(tools, max_bytes), max_bytes)
        assert [tool["name"] for tool in found] == [f"f{index}" for index in range(len(found))]
        assert all(tool["type"] == "function" and tool["parameters"]["type"] == "object" for tool in found)
    instructions = [messages.text("x" * 500) for _ in range(50)]
    for max_bytes in range(2, 3_000, 97):
        for part in read(to_json(instructions, max_bytes), max_bytes):
            check_part(part)


# Size


@pytest.mark.parametrize(
    "value",
    [
        pytest.param("x" * 10_000_000, id="a text"),
        pytest.param(said(*["\x01ü" * 50_000] * 20), id="messages"),
        pytest.param(said("hello") * 100_000, id="many messages"),
        pytest.param(said(*["x" * 10_000_000] * 3_000), id="the same text in many messages"),
        pytest.param([1] * 1_000_000, id="numbers"),
        pytest.param({f"{index}" + "x" * 300: index for index in range(3_000)}, id="long keys"),
        pytest.param(calling([{"a": [{}] * 99}] * 9_999), id="objects"),
    ],
)
def test_the_work_is_bounded(value: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """In proportion to what comes out, and to a number of nodes, but not to what went in."""
    encoded = count_encoded(monkeypatch)
    copied = count_copied(monkeypatch)
    text = to_json(value, 100_000)
    read(text, 100_000)
    assert type(text) is str
    assert len(text) > 50_000
    assert sum(encoded) < 2_500_000
    assert sum(copied) < 250_000


def count_copied(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    copied: list[int] = []
    plain = payload.plain

    def counting(*args: Any) -> Any:
        found = plain(*args)
        copied.append(found[1])
        return found

    monkeypatch.setattr(payload, "plain", counting)
    return copied


def test_a_list_of_lists_of_the_same_list() -> None:
    bomb: Any = []
    for _ in range(60):
        bomb = [bomb, bomb]
    assert read(to_json(bomb, 10_000), 10_000)
    assert read(to_json(calling(bomb), 10_000), 10_000)[0]["parts"][0]["name"] == "f"


# Cycles and depth


def test_cycles() -> None:
    items: list[Any] = [1]
    items.append(items)
    member: dict[str, Any] = {"type": "node", "next": items}
    items.append(member)
    member["self"] = member
    found = read(to_json(calling(member), AMPLE), AMPLE)
    node = {"type": "node", "…": "[circular]"}
    assert found[0]["parts"][0]["arguments"] == {"type": "node", "next": [1, ["[circular]"], node], "self": node}


def test_what_occurs_twice_is_no_cycle() -> None:
    shared = [1]
    assert to_json([shared, shared, float("nan")], AMPLE) == '[[1],[1],"NaN"]'


@pytest.mark.parametrize("limit", [None, 200_000], ids=["usual stack", "a stack without end"])
@pytest.mark.parametrize("deeper", [lambda deep: [deep], lambda deep: {"a": deep}], ids=["lists", "dicts"])
def test_what_is_deep(deeper: Callable[[Any], Any], limit: int | None) -> None:
    deep: Any = "the end"
    for _ in range(10_000):
        deep = deeper(deep)
    usual = sys.getrecursionlimit()
    sys.setrecursionlimit(limit or usual)
    try:
        conversation = calling(deep)
        text = to_json(conversation, AMPLE)
        found = to_plain(conversation, AMPLE)
    finally:
        sys.setrecursionlimit(usual)
    assert "[+1 " in (text or "")
    check_messages(read(text, AMPLE))
    check_messages(found)


def test_where_the_stack_is_nearly_used_up() -> None:
    results: list[Any] = []

    def descend() -> None:
        results.append((to_json(said("hi"), 1_000), to_plain(said("hi"), 1_000)))
        descend()

    with pytest.raises(RecursionError):
        descend()
    assert results[0] == (plain_json(said("hi")), said("hi"))
    for text, found in results:
        assert text in (plain_json(said("hi")), "[]")
        assert found in (said("hi"), [], None)


# A limit for each text


@pytest.mark.parametrize("limit", [1, 32, 60, 500, 5_000])
@given(value=values)
@modestly
def test_no_text_is_longer_than_its_limit(limit: int, value: Any) -> None:
    found = read(to_json(value, AMPLE, limit), AMPLE)
    for text in texts_of(found):
        assert len(text.encode()) <= max(limit, 32)
    check_plain(to_plain(value, AMPLE, limit), AMPLE)


@given(conversation=conversations, limit=st.integers(1, 200), max_bytes=budgets | st.just(AMPLE))
@modestly
def test_messages_stay_messages_whatever_the_limit_of_a_text(conversation: Any, limit: int, max_bytes: int) -> None:
    text = to_json(conversation, max_bytes, limit)
    if text is not None:
        check_messages(read(text, max_bytes))


def texts_of(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, (dict, list)):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from texts_of(inner)


def test_a_text_has_its_limit_and_the_others_stay_whole() -> None:
    old, new = "0123456789" * 1_000, "ü" * 500
    found = read(to_json(said(old, "short", new), AMPLE, 1_000), AMPLE)
    check_cut(contents(found)[0], old, 1_002)
    assert len(contents(found)[0]) > 990
    assert contents(found)[1:] == ["short", new]


def test_a_text_within_its_limit_takes_the_short_way(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(payload, "_fitted", lambda *_: pytest.fail("this is the long way"))
    to_json(said("x" * 1_000, "ü" * 500, '"' * 1_000, "🎉" * 250), AMPLE, 1_000)


def test_a_text_that_is_too_long_is_not_encoded_as_a_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    encoded = count_encoded(monkeypatch)
    to_json(said("x" * 1_000_000, "ü" * 1_000_000), 10_000_000, 1_000)
    assert sum(encoded) < 50_000


# What is hostile

SECRET = "sk-secret"
TOUCHED: list[str] = []


def touched(name: str) -> Callable[..., Any]:
    def method(self: Any, *_: Any, **__: Any) -> Any:
        TOUCHED.append(name)
        raise SystemExit(SECRET)  # nothing that an `except Exception` would hide

    return method


METHODS = """
    __getattr__ __getattribute__ __str__ __repr__ __format__ __bool__ __eq__ __ne__ __lt__ __hash__ __dir__ __sizeof__
    __iter__ __next__ __reversed__ __len__ __length_hint__ __getitem__ __contains__ __call__ __buffer__ __fspath__
    __index__ __int__ __float__ __bytes__ __copy__ __deepcopy__ __reduce__ __reduce_ex__ __json__
    keys items values get copy encode isoformat model_dump dict json to_dict
"""


def hostile(*bases: type, **more: Any) -> type:
    overridden = {name: touched(name) for name in METHODS.split()}
    body = {**overridden, "__class__": property(touched("__class__")), **more}
    return type("Hostile", bases, body)


@pytest.fixture(autouse=True)
def nothing_of_it_runs() -> Iterator[None]:
    TOUCHED.clear()
    yield
    assert TOUCHED == []


def with_dict(value: Any) -> Any:
    object.__setattr__(value, "password", SECRET)
    return value


HOSTILE = {
    "an object": (with_dict(hostile()()), "[Hostile]"),
    "a class": (hostile(), "[type]"),
    "a dict": (hostile(dict)({"a": 1, "type": "t"}), {"a": 1, "type": "t"}),
    "a list": (hostile(list)([1, [2]]), [1, [2]]),
    "a conversation": (hostile(list)(said("hi")), said("hi")),
    "a tuple": (hostile(tuple)((1, 2)), [1, 2]),
    "a set": (hostile(set)({1}), [1]),
    "a str": (hostile(str)("abc"), "abc"),
    "an int": (hostile(int)(7), 7),
    "a float": (hostile(float)(1.5), 1.5),
    "bytes": (hostile(bytes)(b"abc"), "[Hostile, 3 bytes]"),
    "an ordered dict": (hostile(OrderedDict)({"b": 1}), {"b": 1}),
    "a date": (hostile(datetime.date)(2024, 2, 29), "2024-02-29"),
    "a moment": (hostile(datetime.datetime)(2024, 2, 29, 1), "2024-02-29T01:00:00"),
    "a decimal": (hostile(decimal.Decimal)("1.50"), "1.50"),
    "an exception": (hostile(Exception)(SECRET), "[Hostile]"),
}


@pytest.mark.parametrize("value, expected", HOSTILE.values(), ids=HOSTILE)
def test_what_is_hostile_does_not_run(value: Any, expected: Any) -> None:
    assert to_plain(value, AMPLE) == expected
    assert to_plain({"a": [value, 1]}, AMPLE) == {"a": [expected, 1]}
    text = to_json(calling([value]), AMPLE)
    assert SECRET not in (text or "")
    assert read(text, AMPLE) == calling([expected])
    for max_bytes in range(0, 300, 11):
        to_json(calling([value] * 9), max_bytes)
        to_json(value, max_bytes)


def test_hostile_keys() -> None:
    key = hostile(str, __hash__=str.__hash__, __eq__=str.__eq__)("abc")
    other = hostile(__hash__=lambda self: 1)()
    assert to_plain({key: 1, other: 2, (SECRET,): 3, b"abc": 4, 1.5: 5}, AMPLE) == {
        "abc": 1,
        "[Hostile]": 2,
        "[tuple]": 3,
        "[bytes, 3 bytes]": 4,
        "1.5": 5,
    }
    assert to_json([{key: 1}], AMPLE) == '[{"abc":1}]'


def test_an_interrupt_goes_through() -> None:
    class Zone(datetime.tzinfo):
        def __init__(self, error: BaseException) -> None:
            self.error = error

        def utcoffset(self, dt: Any) -> Any:
            raise self.error

    with pytest.raises(KeyboardInterrupt):
        to_json(datetime.datetime(2024, 1, 1, tzinfo=Zone(KeyboardInterrupt())), AMPLE)
    for error in (ValueError(SECRET), RecursionError(), MemoryError()):
        assert to_json([datetime.datetime(2024, 1, 1, tzinfo=Zone(error))], AMPLE) == '["[datetime]"]'


@pytest.mark.parametrize("error", [MemoryError, RecursionError, SystemError])
def test_a_fault_of_any_kind(error: type[Exception], monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any) -> Any:
        raise error

    monkeypatch.setattr(payload, "_encode", fail)
    assert to_json(said("hi"), 100) == "[]"
    assert to_json({"a": 1}, 100) == "{}"
    assert to_json("hi", 100) == '""'
    assert to_json("hi", 1) is None
    assert to_plain(said("hi"), 100) == []


@pytest.mark.parametrize("error", [MemoryError, RecursionError])
def test_a_fault_of_the_decoder(error: type[Exception], monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any) -> Any:
        raise error

    monkeypatch.setattr(payload, "_decode", fail)
    assert to_plain(said("hi"), 100) is None


def generated() -> Iterator[int]:
    yield 1


@pytest.mark.parametrize(
    "make, name",
    [
        (generated, "generator"),
        (lambda: iter([1]), "list_iterator"),
        (lambda: map(str, [1]), "map"),
        (lambda: zip([1], [2], strict=True), "zip"),
        (lambda: iter({1: 2}.items()), "dict_itemiterator"),
    ],
)
def test_iterators_are_left_alone(make: Callable[[], Iterator[Any]], name: str) -> None:
    iterator = make()
    assert to_plain(calling([iterator]), AMPLE) == calling([f"[{name}]"])
    assert to_plain(iterator, AMPLE) == f"[{name}]"
    assert len(list(iterator)) == 1


def test_files_are_left_alone() -> None:
    with open(__file__, encoding="utf-8") as file:
        assert to_plain([file], AMPLE) == ["[TextIOWrapper]"]
        assert file.tell() == 0


# What has a plain form


class Colour(enum.Enum):
    RED = "red"
    BOTH = ("red", 1)


class Number(enum.IntEnum):
    ONE = 1


Point = namedtuple("Point", "x y")


@dataclass
class Place:
    name: str
    at: Any
    secret: str = field(default=SECRET, repr=False)
    shared: ClassVar[str] = SECRET

    @property
    def url(self) -> str:
        raise SystemExit

    def __getattr__(self, name: str) -> Any:
        raise SystemExit


@dataclass(slots=True)
class Slotted:
    a: int
    b: Any = None


class Model(pydantic.BaseModel):
    model_config = pydantic.ConfigDict(extra="allow")
    name: str
    inner: Any = None
    key: pydantic.SecretStr = pydantic.SecretStr(SECRET)
    hidden: str = pydantic.Field(default=SECRET, repr=False)
    excluded: str = pydantic.Field(default=SECRET, exclude=True)
    _private: str = SECRET

    @pydantic.computed_field
    @property
    def computed(self) -> str:
        raise SystemExit

    @pydantic.model_serializer
    def serialise(self) -> Any:
        raise SystemExit


class OldModel(pydantic.v1.BaseModel):
    name: str
    hidden: str = pydantic.v1.Field(SECRET, repr=False)
    excluded: str = pydantic.v1.Field(SECRET, exclude=True)


class NotGiven:
    def __repr__(self) -> str:
        return "NOT_GIVEN"


BYTES = ("bytes, 3", "bytearray, 4", "memoryview, 2")
PLAIN = {
    "enum": (Colour.RED, "red"),
    "enum of a tuple": (Colour.BOTH, ["red", 1]),
    "int enum": (Number.ONE, 1),
    "moment": (datetime.datetime(2024, 2, 29, tzinfo=datetime.timezone.utc), "2024-02-29T00:00:00+00:00"),
    "time": (datetime.time(1, 2), "01:02:00"),
    "decimal": (decimal.Decimal("1.50"), "1.50"),
    "uuid": (uuid.UUID(int=1), "00000000-0000-0000-0000-000000000001"),
    "set": ({"a"}, ["a"]),
    "frozenset": (frozenset(["a"]), ["a"]),
    "deque": (deque([1, 2]), [1, 2]),
    "named tuple": (Point(1, 2), [1, 2]),
    "dataclass": (Place("x", Slotted(1)), {"name": "x", "at": {"a": 1, "b": None}}),
    "a class of its own": (Place, "[type]"),
    "model": (
        Model(name="x", inner=[Slotted(1)], more=1),
        {"name": "x", "inner": [{"a": 1, "b": None}], "key": "[SecretStr]", "more": 1},
    ),
    "model of pydantic 1": (OldModel(name="x"), {"name": "x"}),
    "not a number": ([math.nan, math.inf, -math.inf], ["NaN", "Infinity", "-Infinity"]),
    "bytes": ([b"abc", bytearray(4), memoryview(b"ab")], [f"[{name} bytes]" for name in BYTES]),
    "keys": (
        {1: 1, None: 2, True: 3, 1.5: 4, Colour.RED: 5, "x" * 300: 6, math.nan: 7, b"": 8},  # noqa: F601
        {"1": 3, "null": 2, "1.5": 4, "red": 5, "x" * 256 + "…": 6, "NaN": 7, "[bytes, 0 bytes]": 8},
    ),
    "other keys": ({False: 1, ("a",): 2}, {"false": 1, "[tuple]": 2}),
    "a function": (print, "[builtin_function_or_method]"),
    "a large number": ([10**5000], ["[int, 16610 bits]"]),
}


@pytest.mark.parametrize("value, expected", PLAIN.values(), ids=PLAIN)
def test_what_has_a_plain_form(value: Any, expected: Any) -> None:
    assert to_plain(value, AMPLE) == expected
    text = to_json(calling(value), AMPLE)
    assert read(text, AMPLE) == calling(expected)
    assert SECRET not in (text or "")


def test_the_name_of_a_type_is_short() -> None:
    assert to_plain(type("Größe" * 99, (), {})(), AMPLE) == "[" + ("Größe" * 99)[:64] + "]"


def test_what_says_that_it_is_not_there() -> None:
    assert to_plain(NotGiven(), AMPLE) is None
    assert to_plain({"a": NotGiven(), "b": [NotGiven(), ...], "c": 1}, AMPLE) == {"b": [None, None], "c": 1}


def test_an_enum_that_is_its_own_value() -> None:
    class Odd(enum.Enum):
        A = 1

    Odd.A._value_ = Odd.A
    assert to_plain([Odd.A], AMPLE) == ["[Odd]"]
    Odd.A._value_ = Number.ONE
    assert to_plain([Odd.A], AMPLE) == [1]


# Threads


def test_what_other_threads_are_changing() -> None:
    members: dict[Any, Any] = {str(index): [index] for index in range(50)}
    items: list[Any] = [members, {1, 2}, "ü\ud800"]
    conversation = calling(items) * 3
    stop = threading.Event()

    def change() -> None:
        index = 0
        while not stop.is_set():
            index += 1
            members[f"more {index % 97}"] = [index] * (index % 7)
            members.pop(f"more {index * 31 % 97}", None)
            items[1].add(index % 1_000)
            items[1].discard(index * 7 % 1_000)
            items.append(index)
            del items[3:]
            conversation.append(conversation[0])
            del conversation[3:]

    interval = sys.getswitchinterval()
    threads = [threading.Thread(target=change) for _ in range(3)]
    sys.setswitchinterval(1e-6)
    try:
        for thread in threads:
            thread.start()
        for max_bytes in [300, 3_000, AMPLE] * 15:
            check_messages(read(to_json(conversation, max_bytes), max_bytes))
            check_messages(to_plain(conversation, max_bytes))
    finally:
        stop.set()
        for thread in threads:
            thread.join()
        sys.setswitchinterval(interval)


def test_what_changes_while_it_is_read() -> None:
    attempts: list[int] = []

    def iterate(value: Any) -> Iterator[int]:
        attempts.append(1)
        if len(attempts) < 3:
            raise RuntimeError("dictionary changed size during iteration")
        return iter(value)

    assert inert.taken(iterate, [1, 2, 3], 2) == [1, 2]

    def never(value: Any) -> Iterator[int]:
        raise RuntimeError

    assert inert.taken(never, [1], 2) == []
