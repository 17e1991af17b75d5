"""Anthropic's messages: what is asked, answered and streamed."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from types import FrameType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from genscope.wire import anthropic_messages as reader
from genscope.wire import token_counts
from genscope.wire.fields import objects

from .anthropic_shapes import SHAPES, Event, Message, Recorded, each_shape, recordings, typed, types
from .mutations import mutated, whatever
from .shapes import answered, asked, leads, operation, parsed, said_by, streamed
from .spelled import spelled
from .test_fuzz import check, modestly, odd

Shape = Callable[[Any, Any], Any]

# --- requests

SCHEMA = {"type": "json_schema", "schema": {"type": "object"}}
BODY = {
    "max_tokens": 99,
    "temperature": 0.5,
    "top_p": 0.9,
    "top_k": 40,
    "stop_sequences": ["a", "b"],
    "thinking": {"type": "enabled", "budget_tokens": 2048},
    "output_config": {"effort": "high", "format": SCHEMA},
    "cache_control": {"type": "ephemeral", "ttl": "1h"},
    "service_tier": "standard_only",
    "speed": "fast",
    "messages": [{"role": "user", "content": "?"}],
}
ASKED = {
    "max_tokens": 99,
    "temperature": 0.5,
    "top_p": 0.9,
    "top_k": 40,
    "stop_sequences": ("a", "b"),
    "thinking_type": "enabled",
    "thinking_budget": 2048,
    "reasoning_level": "high",
    "output_type": "json",
    "cache_ttl": "1h",
    "tier": "standard_only",
    "speed": "fast",
}
REQUESTS: dict[str, tuple[Any, dict[str, Any]]] = {
    "nothing": ({}, {}),
    "everything": (BODY, ASKED),
    "nulls": (dict.fromkeys(BODY), {}),
    "no token at all, to warm the cache": ({"max_tokens": 0}, {"max_tokens": 0}),
    "thinking without a budget": ({"thinking": {"type": "adaptive"}}, {"thinking_type": "adaptive"}),
    "no thinking": ({"thinking": {"type": "disabled"}}, {"thinking_type": "disabled"}),
    "a budget of its own": ({"thinking": {"budget_tokens": 7}}, {"thinking_budget": 7}),
    "the cache as it is by default": ({"cache_control": {"type": "ephemeral"}}, {"cache_ttl": "5m"}),
    "the cache, null": ({"cache_control": {"type": "ephemeral", "ttl": None}}, {"cache_ttl": "5m"}),
    "the cache, empty": ({"cache_control": {"type": "ephemeral", "ttl": ""}}, {}),
    "the cache, odd": ({"cache_control": {"type": "ephemeral", "ttl": 7}}, {}),
    "a cache unheard of": ({"cache_control": {"type": "eternal"}}, {}),
    "only effort": ({"output_config": {"effort": "low"}}, {"reasoning_level": "low"}),
    "only a format": ({"output_config": {"format": SCHEMA}}, {"output_type": "json"}),
    "a format, as it was in beta": ({"output_format": SCHEMA}, {"output_type": "json"}),
    "any tier": ({"service_tier": "auto"}, {}),
    "objects odd": ({"thinking": "enabled", "output_config": [], "cache_control": "1h", "output_format": 1}, {}),
    "objects odd inside": (
        {"thinking": {"type": 1, "budget_tokens": "1"}, "output_config": {"effort": {}, "format": "json"}},
        {},
    ),
    "content is not looked at": ({"messages": object(), "system": object(), "tools": object()}, {}),
}


@pytest.mark.parametrize("name", REQUESTS)
def test_what_a_request_asks(name: str) -> None:
    body, expected = REQUESTS[name]
    op = asked(reader, {"model": "m-1"} | body)
    assert op.model == "m-1"
    assert op.request == expected


def test_every_meaning_has_a_name() -> None:
    from genscope.semconv import REQUEST, RESPONSE, names

    assert ASKED.keys() <= names(REQUEST, "anthropic").keys()
    said = {name for _, expected in (*ANSWERS.values(), *STREAMS.values()) for name in expected}
    assert said - {"id", "model", "finish_reasons", "usage", "error"} <= names(RESPONSE, "anthropic").keys()
    assert "counted_tokens" in RESPONSE


@pytest.mark.parametrize("value", [None, object(), object, {}, [], b"1", ""], ids=spelled)
def test_what_is_no_value_is_not_told(value: Any) -> None:
    op = asked(reader, {"model": value} | dict.fromkeys(reader.PARAMETERS, value))
    assert op.request == {}
    assert op.model is None


# --- answers

M1 = {"id": "msg_1", "model": "m-2"}
TEXT = {"type": "text", "text": "hi"}
COUNTS = {"input_tokens": 9, "output_tokens": 2}
USAGE = {
    "input_tokens": 9,
    "cache_read_input_tokens": 40,
    "cache_creation_input_tokens": 300,
    "cache_creation": {"ephemeral_5m_input_tokens": 100, "ephemeral_1h_input_tokens": 200},
    "output_tokens": 20,
    "output_tokens_details": {"thinking_tokens": 5},
    "server_tool_use": {"web_search_requests": 3, "web_fetch_requests": 1},
    "service_tier": "priority",
    "inference_geo": "us",
    "speed": "fast",
}
USED = {
    "input_tokens": 349,
    "cache_read_input_tokens": 40,
    "cache_write_input_tokens": 300,
    "output_tokens": 20,
    "reasoning_output_tokens": 5,
}
SERVED = {
    "tier": "priority",
    "inference_geo": "us",
    "speed": "fast",
    "cache_write_5m_input_tokens": 100,
    "cache_write_1h_input_tokens": 200,
    "web_search_requests": 3,
    "web_fetch_requests": 1,
}
END = {"finish_reasons": ("end_turn",)}


def message(*content: Any, **more: Any) -> dict[str, Any]:
    said = {"type": "message", "role": "assistant", "content": list(content), "stop_sequence": None}
    return M1 | said | {"stop_reason": "end_turn"} | more


def counted(usage: Any) -> dict[str, Any]:
    return message(TEXT, usage=usage)


ANSWERS: dict[str, tuple[Any, dict[str, Any]]] = {
    "nothing": ({}, {}),
    "everything": (
        message(
            TEXT,
            usage=USAGE,
            container={"id": "container_1", "expires_at": "2026-01-01T00:00:00Z"},
            stop_details={"type": "refusal", "category": "cyber", "explanation": "no"},
            stop_reason="refusal",
        ),
        M1
        | SERVED
        | {"finish_reasons": ("refusal",), "usage": USED, "container_id": "container_1", "refusal_category": "cyber"},
    ),
    "as it was at first": (counted(COUNTS), M1 | END | {"usage": COUNTS}),
    "a cache that was not used": (
        counted(
            COUNTS
            | {"cache_read_input_tokens": 0, "cache_creation_input_tokens": 0}
            | {"cache_creation": {"ephemeral_5m_input_tokens": 0, "ephemeral_1h_input_tokens": 0}}
            | {"server_tool_use": {"web_search_requests": 0, "web_fetch_requests": 0}}
            | {"output_tokens_details": {"thinking_tokens": 0}}
        ),
        M1 | END | {"usage": COUNTS},
    ),
    "nulls in the usage": (counted(dict.fromkeys(USAGE) | COUNTS), M1 | END | {"usage": COUNTS}),
    "nothing but nulls": (counted(dict.fromkeys(USAGE)), M1 | END),
    "input that was not counted": (
        counted({"cache_read_input_tokens": 4, "output_tokens": 2}),
        M1 | END | {"usage": {"output_tokens": 2}},
    ),
    "output that was not counted": (counted({"input_tokens": 9}), M1 | END | {"usage": {"input_tokens": 9}}),
    "no tokens": (
        counted({"input_tokens": 0, "output_tokens": 0}),
        M1 | END | {"usage": {"input_tokens": 0, "output_tokens": 0}},
    ),
    "all of it from the cache": (
        counted({"input_tokens": 0, "cache_read_input_tokens": 7, "output_tokens": 2}),
        M1 | END | {"usage": {"input_tokens": 7, "cache_read_input_tokens": 7, "output_tokens": 2}},
    ),
    "counts odd": (
        counted({"input_tokens": -9, "output_tokens": 2.0, "cache_read_input_tokens": "4", "cache_creation": [1]}),
        M1 | END | {"usage": {"output_tokens": 2}},
    ),
    "parts of the input odd": (
        counted(COUNTS | {"cache_read_input_tokens": -4, "cache_creation_input_tokens": [3]}),
        M1 | END | {"usage": COUNTS},
    ),
    "more than 64 bits": (
        counted({"input_tokens": 2**63 - 1, "cache_read_input_tokens": 1, "output_tokens": 2**63}),
        M1 | END,
    ),
    "usage null": (counted(None), M1 | END),
    "usage odd": (counted([COUNTS]), M1 | END),
    "a call of a tool": (
        message({"type": "tool_use", "id": "t1", "name": "f", "input": {}}, stop_reason="tool_use"),
        M1 | {"finish_reasons": ("tool_use",)},
    ),
    "a reason unheard of": (message(stop_reason="vibes"), M1 | {"finish_reasons": ("vibes",)}),
    "no reason": (message(stop_reason=None), M1),
    "a refusal of no category": (
        message(stop_reason="refusal", stop_details={"type": "refusal", "category": None}),
        M1 | {"finish_reasons": ("refusal",)},
    ),
    "details odd": (message(stop_details="no", container=["c"]), M1 | END),
    "an error that is none": (message(TEXT, error={"type": "odd"}), M1 | END),
    "compacted": (message({"type": "compaction", "content": "so far"}, TEXT), M1 | END | {"compacted": True}),
    "content null": (message() | {"content": None}, M1 | END),
    "content of nulls": (message(None, 7, "compaction", {}), M1 | END),
    "content of another type": (message() | {"content": {"type": "compaction"}}, M1 | END),
    "wrong types": ({"id": 1, "model": {}, "stop_reason": ["end_turn"], "content": 7, "usage": 7}, {}),
}


@each_shape
@pytest.mark.parametrize("name", ANSWERS)
def test_what_a_message_says(name: str, shape: Shape) -> None:
    said, expected = ANSWERS[name]
    assert answered(reader, shape(said, Message)) == expected


@pytest.mark.parametrize("said", [None, "text", 1, [], [{}], object()], ids=spelled)
def test_what_is_no_message_says_nothing(said: Any) -> None:
    assert answered(reader, said) == {}
    assert answered(token_counts, said) == {}


def test_an_error_in_the_place_of_a_message() -> None:
    said = {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}, "request_id": "req_1"}
    assert answered(reader, said) == {"error": (None, "overloaded_error")}


# --- streams


def began(usage: Any = None, **more: Any) -> dict[str, Any]:
    start = message(stop_reason=None, usage=COUNTS | {"output_tokens": 1} if usage is None else usage)
    return {"type": "message_start", "message": start | more}


def block(said: Any, index: Any = 0) -> dict[str, Any]:
    return {"type": "content_block_start", "index": index, "content_block": said}


def piece(kind: str, said: Any, index: Any = 0) -> dict[str, Any]:
    field = {"input_json_delta": "partial_json", "citations_delta": "citation", "compaction_delta": "content"}.get(kind)
    delta = {"type": kind, field or kind.removesuffix("_delta"): said}
    return {"type": "content_block_delta", "index": index, "delta": delta}


def stop(index: Any = 0) -> dict[str, Any]:
    return {"type": "content_block_stop", "index": index}


def ended(usage: Any, reason: Any = "end_turn", /, **more: Any) -> dict[str, Any]:
    return {"type": "message_delta", "delta": {"stop_reason": reason, "stop_sequence": None} | more, "usage": usage}


def error(**said: Any) -> dict[str, Any]:
    return {"type": "error", "error": said}


PING = {"type": "ping"}
OVER = {"type": "message_stop"}
SPOKEN = [block({"type": "text", "text": ""}), PING, piece("text_delta", "hi"), stop()]
BEGUN = M1 | {"usage": {"input_tokens": 9}}  # what it says of the output, nobody has written yet
WHOLE = M1 | END | {"usage": COUNTS}
CACHED = {"input_tokens": 9, "cache_read_input_tokens": 4, "cache_creation_input_tokens": 3}

STREAMS: dict[str, tuple[list[Any], dict[str, Any]]] = {
    "no event": ([], {}),
    "begun": ([began()], BEGUN),
    "left in the middle": ([began(), *SPOKEN[:3]], BEGUN),
    "whole": ([began(), *SPOKEN, ended(COUNTS), OVER], WHOLE),
    "the end tells only the output, as it did at first": ([began(), *SPOKEN, ended({"output_tokens": 2}), OVER], WHOLE),
    "everything": (
        [
            began(USAGE | {"output_tokens": 1, "server_tool_use": None, "output_tokens_details": None}),
            *SPOKEN,
            ended(
                {name: USAGE[name] for name in ("output_tokens", "output_tokens_details", "server_tool_use")},
                "refusal",
                stop_details={"type": "refusal", "category": "bio"},
                container={"id": "container_1", "expires_at": "2026-01-01T00:00:00Z"},
            ),
            OVER,
        ],
        M1
        | SERVED
        | {"finish_reasons": ("refusal",), "usage": USED, "refusal_category": "bio", "container_id": "container_1"},
    ),
    "counts that grow are no sums": (
        [began(), ended({"output_tokens": 5}, None), ended({"input_tokens": 11, "output_tokens": 20})],
        M1 | END | {"usage": {"input_tokens": 11, "output_tokens": 20}},
    ),
    "nulls take nothing back": (
        [began(CACHED | {"output_tokens": 1}), ended(dict.fromkeys(CACHED) | {"output_tokens": 2}), OVER],
        M1
        | END
        | {
            "usage": {
                "input_tokens": 16,
                "cache_read_input_tokens": 4,
                "cache_write_input_tokens": 3,
                "output_tokens": 2,
            }
        },
    ),
    "a zero does": (
        [began(CACHED | {"output_tokens": 1}), ended(dict.fromkeys(CACHED, 0) | {"output_tokens": 0}), OVER],
        M1 | END | {"usage": {"input_tokens": 0, "output_tokens": 0}},
    ),
    "a reason that comes before the last counts": (
        [began(), ended({"output_tokens": 1}, "max_tokens"), ended({"output_tokens": 2}, None)],
        M1 | {"finish_reasons": ("max_tokens",), "usage": COUNTS},
    ),
    "no usage in the end": ([began(), ended(None)], BEGUN | END),
    "no usage at the start": ([began([]), ended({"output_tokens": 2})], M1 | END | {"usage": {"output_tokens": 2}}),
    "only the end": ([ended({"output_tokens": 2}), OVER], END | {"usage": {"output_tokens": 2}}),
    "compacted": (
        [began(), block({"type": "compaction", "content": None}), piece("compaction_delta", "so far"), stop()],
        BEGUN | {"compacted": True},
    ),
    "another model goes on": (
        [began(), block({"type": "fallback", "from": {"model": "m-2"}, "to": {"model": "m-3"}}), ended(COUNTS)],
        WHOLE | {"model": "m-3"},
    ),
    "another model, untold": ([began(), block({"type": "fallback", "to": None}), ended(COUNTS)], WHOLE),
    "an error": (
        [began(), *SPOKEN[:3], error(type="overloaded_error", message="Overloaded")],
        BEGUN | {"error": (None, "overloaded_error")},
    ),
    "an error at once": ([error(type="api_error", message="no")], {"error": (None, "api_error")}),
    "an error of nothing": ([began(), error()], BEGUN | {"error": (None, None)}),
    "events unheard of": ([began(), {"type": "telepathy", "message": {"id": "x"}}, ended(COUNTS)], WHOLE),
    "no message in it": ([began(), {"type": "message_start"}, ended(COUNTS)], WHOLE),
    "message null": ([began(), {"type": "message_start", "message": None}, ended(COUNTS)], WHOLE),
    "delta null": ([began(), {"type": "message_delta", "delta": None, "usage": None}], BEGUN),
    "delta of more than an end": ([began(), ended(COUNTS, id="x", usage=7, content=7, type="error")], WHOLE),
    "blocks odd": ([began(), block(None), block("compaction"), block([]), block({}), ended(COUNTS)], WHOLE),
    "types odd": ([{"type": {}}, {"type": ["error"]}, {"type": None}, {}, began(), ended(COUNTS), {}], WHOLE),
}


@each_shape
@pytest.mark.parametrize("name", STREAMS)
def test_what_the_events_of_a_message_say(name: str, shape: Shape) -> None:
    events, expected = STREAMS[name]
    assert streamed(reader, [shape(one, Event) for one in events]) == expected


def test_what_is_no_event_says_nothing() -> None:
    events = [None, "error", 1, [], [{}], object(), began(), ended(COUNTS), None]
    assert streamed(reader, events) == WHOLE


def test_what_the_sdk_makes_of_an_event_later_changes_nothing() -> None:
    """Older helpers put together the whole message in the objects of the events."""
    start, end = typed(began(), Event), typed(ended({"output_tokens": 2}), Event)
    op, answer = operation(reader, streaming=True), reader.Answer()
    answer.fold(start)
    start.message.usage.input_tokens = start.message.id = 7
    answer.fold(end)
    end.usage.output_tokens = end.delta.stop_reason = 7
    reader.read_response(op, answer)
    assert said_by(op) == WHOLE


LEADS: list[tuple[Any, str | None]] = [
    (began(), None),
    (PING, None),
    (block({"type": "text", "text": ""}), None),
    (block({"type": "text", "text": "hi"}), "text"),
    (piece("text_delta", "hi"), "text"),
    (piece("text_delta", ""), None),
    (block({"type": "thinking", "thinking": "", "signature": ""}), None),
    (block({"type": "thinking", "thinking": "hm", "signature": ""}), "reasoning"),
    (block({"type": "redacted_thinking", "data": "x"}), "reasoning"),
    (piece("thinking_delta", "hm"), "reasoning"),
    (piece("thinking_delta", ""), None),
    (piece("signature_delta", "x"), None),
    (piece("citations_delta", {"type": "char_location"}), None),
    (piece("compaction_delta", "so far"), None),
    (block({"type": "tool_use", "id": "t1", "name": "f", "input": {}}), "text"),
    (block({"type": "server_tool_use", "id": "t1", "name": "web_search", "input": {}}), "text"),
    (block({"type": "mcp_tool_use", "id": "t1", "name": "f", "server_name": "s", "input": {}}), "text"),
    (block({"type": "web_search_tool_result", "tool_use_id": "t1", "content": []}), None),
    (piece("input_json_delta", "{"), "text"),
    (stop(), None),
    (ended(COUNTS), None),
    (OVER, None),
    (error(type="api_error"), None),
]


@each_shape
@pytest.mark.parametrize("said, expected", LEADS, ids=lambda said: json.dumps(said)[:70])
def test_what_an_event_brings(said: Any, expected: str | None, shape: Shape) -> None:
    assert leads(reader, [shape(said, Event)]) == [expected]


@pytest.mark.parametrize(
    "said", [None, "text_delta", 1, {}, {"type": 1}, {"type": []}, piece("text_delta", "") | {"delta": 7}], ids=spelled
)
def test_what_is_no_event_brings_nothing(said: Any) -> None:
    assert leads(reader, [said, said if isinstance(said, str) else objects(said)]) == [None, None]


# --- the fold law


@each_shape
@pytest.mark.parametrize("recording", recordings("messages", streams=True))
def test_folding_a_recorded_stream_says_what_the_whole_answer_says(recording: Recorded, shape: Shape) -> None:
    events = [shape(one, Event) for one in recording.events]
    whole = answered(reader, shape(recording.whole, Message))
    assert streamed(reader, events) == whole
    assert whole["id"].startswith("msg_")
    assert whole["usage"]["output_tokens"] > 1
    assert whole["finish_reasons"] == (recording.whole["stop_reason"],)
    # left early: who answered and what went in is known, and nothing of how it ends
    left = streamed(reader, events[:3])
    assert left.pop("usage")["input_tokens"] == whole["usage"]["input_tokens"]
    assert left == {name: value for name, value in whole.items() if name not in ("usage", "finish_reasons")}


@each_shape
@pytest.mark.parametrize("recording", recordings("messages", streams=False))
def test_what_a_recorded_answer_says(recording: Recorded, shape: Shape) -> None:
    said, usage = recording.whole, recording.whole["usage"]
    found = answered(reader, shape(said, Message))
    assert (found["id"], found["model"], found["finish_reasons"]) == (said["id"], said["model"], (said["stop_reason"],))
    cached, written = (usage.get(f"cache_{what}_input_tokens", 0) for what in ("read", "creation"))
    assert found["usage"]["input_tokens"] == usage["input_tokens"] + cached + written
    assert found["usage"]["output_tokens"] == usage["output_tokens"]
    assert found.get("tier") == usage.get("service_tier")
    assert found["usage"].get("cache_read_input_tokens", 0) == cached
    body = recording.request
    op = asked(reader, body)
    assert (op.model, op.request["max_tokens"]) == (body["model"], body["max_tokens"])
    assert op.request.get("output_type") == ("json" if {"output_format", "output_config"} & body.keys() else None)


# --- whatever comes


@given(data=st.data())
@modestly
def test_any_request(data: st.DataObject) -> None:
    body = data.draw((odd(BODY) | mutated(BODY)).filter(lambda body: isinstance(body, dict)))
    before = repr(body)
    check(asked(reader, body))
    assert repr(body) == before


@pytest.mark.parametrize("name", ["everything", "compacted"])
@given(data=st.data())
@modestly
def test_any_answer(name: str, data: st.DataObject) -> None:
    said = data.draw(odd(ANSWERS[name][0]) | mutated(ANSWERS[name][0]) | whatever)
    for answer in (objects(shape(said, Message)) for shape in SHAPES):
        op = operation(reader)
        reader.read_response(op, answer)
        check(op)


@pytest.mark.parametrize("name", ["everything", "compacted", "another model goes on", "an error"])
@given(data=st.data())
@modestly
def test_any_stream(name: str, data: st.DataObject) -> None:
    said = data.draw(mutated([*STREAMS[name][0], data.draw(whatever)]))
    for shape in SHAPES:
        op, answer = operation(reader, streaming=True), reader.Answer()
        for one in said if isinstance(said, list) else [said]:
            event = shape(one, Event)
            answer.fold(event)
            assert answer.lead(event) in ("text", "reasoning", None)
        reader.read_response(op, answer)
        check(op)


@pytest.mark.parametrize("recording", recordings("messages")[::3])
@given(data=st.data())
@modestly
def test_any_change_to_a_recording(recording: Recorded, data: st.DataObject) -> None:
    check(asked(reader, data.draw(mutated(recording.request).filter(lambda body: isinstance(body, dict)))))
    op = operation(reader)
    reader.read_response(op, typed(data.draw(mutated(recording.whole)), Message))
    check(op)


# --- what a chunk costs


def bytecodes(fold: Callable[[Any], None], event: Any) -> int:
    """How many bytecodes of ours a fold runs."""
    count = 0

    def trace(frame: FrameType, what: str, _: Any) -> Any:
        nonlocal count
        frame.f_trace_opcodes, frame.f_trace_lines = True, False
        count += what == "opcode"
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        fold(event)
    finally:
        sys.settrace(before)
    return count


@pytest.mark.skipif(sys.implementation.name != "cpython", reason="only CPython traces opcodes")
def test_a_chunk_costs_a_few_bytecodes() -> None:
    event = typed(piece("text_delta", "hi"), Event)
    answer, transcript = reader.Answer(), reader.CONTENT.Transcript()
    transcript.fold(event)
    assert 0 < bytecodes(answer.fold, event) <= 20
    assert 0 < bytecodes(transcript.fold, event) <= 60
    if hasattr(types, "ThinkingDelta"):  # an older release makes of it what it knows
        other = typed(piece("thinking_delta", "hm"), Event)
        assert bytecodes(transcript.fold, other) > 100  # the one that is not like the one before
        assert 0 < bytecodes(transcript.fold, other) <= 60


# --- counting tokens


@pytest.mark.parametrize(
    "said, expected",
    [
        ({"input_tokens": 14}, {"counted_tokens": 14}),
        ({"input_tokens": 0}, {"counted_tokens": 0}),
        ({"input_tokens": 14, "context_management": {"original_input_tokens": 99}}, {"counted_tokens": 14}),
        ({"input_tokens": None}, {}),
        ({"input_tokens": -1}, {}),
        ({"input_tokens": "14"}, {}),
        ({}, {}),
    ],
)
def test_what_a_count_says(said: Any, expected: dict[str, Any]) -> None:
    for answer in (said, parsed(said, None), typed(said, getattr(types, "MessageTokensCount", object))):
        assert answered(token_counts, answer) == expected


def test_what_a_count_asks() -> None:
    op = asked(token_counts, {"model": "m-1", "messages": object(), "max_tokens": 7})
    assert (op.name, op.model, op.request) == ("count_tokens", "m-1", {})
    assert not hasattr(token_counts, "CONTENT")
