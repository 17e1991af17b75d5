"""The limits of content: of each text, of each attribute, and of all that a span has."""

from __future__ import annotations

import json
import os
import re
from typing import Any

import pytest
from contract.recorder import Recorder
from conversations import (
    CONTENT,
    INPUT,
    INSTRUCTIONS,
    OUTPUT,
    TALKS,
    TOOLS,
    Talk,
    attributes_of,
    content_of,
    tell,
)
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.sdk.trace import SpanLimits
from test_payload import check_messages, check_part, contents, conversations, modestly, said, texts, texts_of, values

from genscope.core import messages, payload
from genscope.core.messages import Content
from genscope.core.operation import Operation
from genscope.local.simulator import Simulator
from genscope.telemetry import content as content_module
from genscope.telemetry.content import ContentWriter

AMPLE = 1_000_000


@pytest.fixture(autouse=True)
def _no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.startswith(("OTEL_", "GENSCOPE_", "OPENAI_")):
            monkeypatch.delenv(name)


def size(text: str) -> int:
    return len(text.encode())


def written(content: Content, together: int, limit: int = AMPLE, text: int | None = None) -> dict[str, Any]:
    """What a span gets, as values; and it is valid, within the limits."""
    writer = ContentWriter(limit, True, text, together)
    found = writer.as_json(content)
    assert sum(map(size, found.values())) <= together
    assert all(size(value) <= limit for value in found.values())
    assert list(found) == [name for name in (TOOLS, INSTRUCTIONS, INPUT, OUTPUT) if name in found]
    as_values = writer.as_values(content)
    assert sum(size(plain_json(value)) for value in as_values.values()) <= together
    for shown in ({name: json.loads(value) for name, value in found.items()}, as_values):
        check_messages(shown.get(INPUT, []))
        check_messages(shown.get(OUTPUT, []))
        for part in shown.get(INSTRUCTIONS, []):
            check_part(part)
        assert all(type(tool["type"]) is str and type(tool["name"]) is str for tool in shown.get(TOOLS, []))
    return {name: json.loads(value) for name, value in found.items()}


def plain_json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def sizes(found: dict[str, Any]) -> dict[str, int]:
    return {name: size(plain_json(value)) for name, value in found.items()}


SMALL = Content(
    [messages.text("be kind")], said("hi"), said("hello", role="assistant"), [{"type": "function", "name": "f"}]
)


def large(length: int = 50_000) -> Content:
    tools = [{"type": "function", "name": f"f{index}", "description": "d" * 99} for index in range(length // 130)]
    old = [said(f"{index} " + "o" * 1_000)[0] for index in range(length // 1_000)]
    return Content(
        [messages.text("i" * length)], [*old, *said("n" * length)], said("a" * length, role="assistant"), tools
    )


# --- any content, any limit

tools = st.lists(
    st.fixed_dictionaries({"type": st.just("function"), "name": st.text(max_size=9)}, optional={"parameters": values}),
    max_size=3,
)
any_content = st.builds(
    Content,
    st.none() | st.lists(st.builds(messages.text, texts), max_size=3),
    st.none() | conversations,
    st.none() | conversations,
    st.none() | tools,
)


@given(
    content=any_content,
    together=st.integers(0, 300) | st.integers(0, 9_000),
    limit=st.integers(0, 9_000) | st.just(AMPLE),
    text=st.none() | st.integers(1, 500),
)
@modestly
def test_all_of_a_span_keeps_its_limit(content: Content, together: int, limit: int, text: int | None) -> None:
    found = ContentWriter(limit, True, text, together).as_json(content)
    assert sum(map(size, found.values())) <= together
    for name, value in found.items():
        assert size(value) <= limit
        shown = json.loads(value)
        if name in (INPUT, OUTPUT):
            check_messages(shown)
        if text is not None:
            assert all(size(one) <= max(text, 32) for one in texts_of(shown))
    as_values = ContentWriter(limit, True, text, together).as_values(content)
    numbers = len(re.findall(r'"-?\d{19,}"', plain_json(list(as_values.values()))))  # numbers in JSON, texts here
    assert sum(size(plain_json(value)) for value in as_values.values()) <= together + 2 * numbers


@given(content=any_content)
@modestly
def test_what_has_room_is_as_it_was(content: Content) -> None:
    without, within = ContentWriter(AMPLE, True), ContentWriter(AMPLE, True, None, AMPLE)
    assert within.as_json(content) == without.as_json(content)
    assert within.as_values(content) == without.as_values(content)
    together = sum(map(size, without.as_json(content).values()))
    assert ContentWriter(AMPLE, True, None, together).as_json(content) == without.as_json(content)


# --- what goes first


def test_what_is_small_stays_whole() -> None:
    content = large()
    content.instructions, content.tools = SMALL.instructions, SMALL.tools
    found = written(content, 10_000)
    assert (found[INSTRUCTIONS], found[TOOLS]) == (SMALL.instructions, SMALL.tools)
    assert sum(sizes(found).values()) > 9_500


def test_the_answer_and_the_newest_message_have_most() -> None:
    found = written(large(), 26_000)
    by_name = sizes(found) | {
        "newest": size(plain_json(found[INPUT][-1:])),
        "older": size(plain_json(found[INPUT][:-1])),
    }
    assert by_name["newest"] > 7_500
    assert by_name[OUTPUT] > 7_500
    assert 3_000 < by_name[INSTRUCTIONS] <= 4_000
    assert 2_000 < by_name["older"] <= 4_000
    assert 500 < by_name[TOOLS] <= 2_000
    assert contents(found[INPUT])[-1].startswith("nnn")
    assert contents(found[INPUT])[-2].startswith("49 ")


@pytest.mark.parametrize("together", [350, 500, 1_000])
def test_in_very_little_room_the_newest_turn_stays(together: int) -> None:
    found = written(large(), together)
    assert contents(found[INPUT])[-1].startswith("n")
    assert contents(found[OUTPUT])[0].startswith("a")


def test_nothing_fits_into_nothing() -> None:
    for together in range(9):
        written(large(2_000), together)
    assert written(SMALL, 1) == {}


def test_one_message_has_it_all() -> None:
    content = Content(input=said("n" * 50_000))
    assert sizes(written(content, 10_000)) == {INPUT: 10_000}


def test_the_limit_of_an_attribute_holds_as_well() -> None:
    found = written(large(), 40_000, limit=12_000)
    assert max(sizes(found).values()) <= 12_000
    assert sizes(found)[INPUT] > 10_000


def test_whatever_stands_in_the_place_of_messages_has_its_limit() -> None:
    for odd in ("x" * 9_000, {"a": "x" * 9_000}, ("x" * 9_000,), [["x" * 9_000], 7], 7, [object()] * 9_000):
        content = Content(input=odd, output=odd)  # type: ignore[arg-type]
        found = ContentWriter(AMPLE, True, None, 3_000).as_json(content)
        assert sum(map(size, found.values())) <= 3_000
        assert INPUT in found


def test_omitted_messages_take_no_room() -> None:
    content = large()
    assert content.input is not None
    found = ContentWriter(AMPLE, True, None, 26_000).as_json(content, omitted=len(content.input) - 1)
    assert [message["role"] for message in json.loads(found[INPUT])] == ["user"]
    assert sum(map(size, found.values())) <= 26_000


# --- what it costs


def test_what_has_room_is_encoded_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nor is its size in UTF-8 measured, as long as that is not close to the limit."""
    encoded: list[Any] = []
    encode = payload._encode
    monkeypatch.setattr(payload, "_encode", lambda value: encoded.append(value) or encode(value))
    monkeypatch.setattr(content_module, "bytes_of", lambda text: pytest.fail("measured"))
    content = Content([messages.text("ä" * 9_000)], said("ü" * 9_000), said("é" * 9_000))
    ContentWriter(AMPLE, True, 50_000, 262_144).as_json(content)
    assert encoded == [content.instructions, content.input, content.output]


def test_the_work_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    encoded: list[int] = []
    encode = payload._encode

    def counting(value: Any) -> str:
        text = encode(value)
        encoded.append(len(text))
        return text

    monkeypatch.setattr(payload, "_encode", counting)
    content = large(20_000_000)
    found = ContentWriter(131_072, True, None, 262_144).as_json(content)
    assert sum(map(size, found.values())) <= 262_144
    assert sum(encoded) < 10_000_000


# --- in a call

LONG = Talk(
    "responses",
    {
        "model": "gpt-4o",
        "instructions": "i" * 20_000,
        "input": [
            *({"role": "user", "content": f"{at} " + "€" * 900} for at in range(30)),
            {"role": "user", "content": "n" * 9_000},
        ],
    },
    {},
)


@pytest.mark.parametrize("together", [1, 100, 3_000, 30_000, AMPLE])
def test_a_span_and_an_event_keep_it(together: int, simulator: Simulator) -> None:
    options = {"capture_message_content": "SPAN_AND_EVENT", "max_span_bytes": together, "redaction": "off"}
    told = tell(LONG, simulator, **options)
    (record,) = told.logbook.records
    for attributes in (told.attributes, attributes_of(record)):
        found = content_of(attributes) if together >= 3_000 else {}
        assert sum(size(plain_json(value)) for value in found.values()) <= together
        if together >= 3_000:
            assert found[OUTPUT] == TALKS["responses"].content[OUTPUT]
            assert found[INPUT][-1]["parts"][0]["content"].startswith("nnn")
        assert attributes["gen_ai.usage.output_tokens"] == 7
        assert bool(set(CONTENT) & attributes.keys()) == (together > 1)


def test_a_text_has_a_limit_of_its_own(simulator: Simulator) -> None:
    told = tell(LONG, simulator, capture_message_content="SPAN_AND_EVENT", max_part_bytes=1_000, redaction="off")
    (record,) = told.logbook.records
    for attributes in (told.attributes, attributes_of(record)):
        found = content_of(attributes)
        assert len(found[INPUT]) == 31
        assert all(size(text) <= 1_000 for value in found.values() for text in texts_of(value))
        (instructions,) = found[INSTRUCTIONS]
        assert re.fullmatch(r"i+…\[\+\d+ of 20000 chars\]…i+", instructions["content"])


@pytest.mark.parametrize("options", [{"max_part_bytes": 60}, {"max_span_bytes": 60}])
def test_the_text_of_an_exception_has_the_limits(options: dict[str, int], simulator: Simulator) -> None:
    told = tell(TALKS["chat"], simulator, outcome="bad_request", capture_message_content="SPAN_ONLY", **options)
    (event,) = told.recorder.span().events
    message = str((event.attributes or {})["exception.message"])
    assert message.startswith("Error")
    assert size(message) <= 60


def test_the_limit_of_the_provider_holds_as_well(simulator: Simulator) -> None:
    recorder = Recorder(span_limits=SpanLimits(max_span_attribute_length=999))
    told = tell(LONG, simulator, recorder=recorder, capture_message_content="SPAN_ONLY", max_span_bytes=2_000)
    assert all(len(told.attributes[name]) <= 999 for name in (INPUT, INSTRUCTIONS))
    assert sum(size(told.attributes[name]) for name in CONTENT if name in told.attributes) <= 2_000


def test_what_an_error_says_is_as_short_as_it_must_be() -> None:
    op = Operation("chat", "openai", None, None, False)
    op.content = Content(error="é" * 500)
    for limit in (2, 60, 500):
        found = ContentWriter(limit, True, None, None).message(op)
        assert found is not None
        assert size(found) <= limit
    assert size(ContentWriter(AMPLE, True, 100, None).message(op) or "") <= 100
    assert size(ContentWriter(AMPLE, True, None, 100).message(op) or "") <= 100
