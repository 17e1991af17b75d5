"""Responses: created, compacted, streamed, fetched."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from genscope.wire import fetched_responses, responses

from .shapes import answered, asked, leads, parsed, plain, streamed, typed
from .spelled import spelled

try:
    from openai.types.responses import Response, ResponseStreamEvent
except ImportError:  # before openai 1.66
    Response = ResponseStreamEvent = None
try:
    from openai.types.responses import CompactedResponse
except ImportError:
    CompactedResponse = None

Shape = Callable[[Any, Any], Any]
no_type = pytest.mark.skipif(Response is None, reason="this release of openai has no responses")
each_shape = pytest.mark.parametrize("shape", [pytest.param(typed, marks=no_type), plain, parsed])

R1 = {"id": "r1", "model": "m-2"}
MESSAGE = {"type": "message", "id": "i1", "role": "assistant", "status": "completed", "content": []}
USAGE = {
    "input_tokens": 9,
    "input_tokens_details": {"cached_tokens": 4, "cache_write_tokens": 3},
    "output_tokens": 2,
    "output_tokens_details": {"reasoning_tokens": 1},
    "total_tokens": 11,
}
COUNTED = {
    "input_tokens": 9,
    "cache_read_input_tokens": 4,
    "cache_write_input_tokens": 3,
    "output_tokens": 2,
    "reasoning_output_tokens": 1,
}


def response(status: Any = "completed", *output: Any, **more: Any) -> dict[str, Any]:
    return R1 | {"object": "response", "created_at": 1, "status": status, "output": list(output)} | more


def item(kind: Any) -> dict[str, Any]:
    return {"type": kind, "id": "i1"}


STOP = {"finish_reasons": ("stop",)}
ERROR = {"finish_reasons": ("error",)}

ANSWERS: dict[str, tuple[Any, dict[str, Any]]] = {
    "nothing": ({}, {}),
    "everything": (
        response("completed", MESSAGE, service_tier="default", usage=USAGE, conversation={"id": "conv_1"}),
        R1 | STOP | {"service_tier": "default", "usage": COUNTED, "conversation_id": "conv_1"},
    ),
    "no output": (response("completed"), R1 | STOP),
    "a function call": (response("completed", MESSAGE, item("function_call")), R1 | {"finish_reasons": ("tool_call",)}),
    "a custom tool call": (response("completed", item("custom_tool_call")), R1 | {"finish_reasons": ("tool_call",)}),
    "a computer call": (response("completed", item("computer_call")), R1 | {"finish_reasons": ("tool_call",)}),
    "a shell call": (response("completed", item("local_shell_call")), R1 | {"finish_reasons": ("tool_call",)}),
    "a search that ran there": (response("completed", item("web_search_call"), MESSAGE), R1 | STOP),
    "an MCP call that ran there": (response("completed", item("mcp_call")), R1 | STOP),
    "an output unheard of": (response("completed", item("telepathy")), R1 | STOP),
    "an output without a type": (response("completed", {}, {"type": None}, {"type": 1}), R1 | STOP),
    "an output of nulls": (response("completed", None, None), R1 | STOP),
    "an output null": (response() | {"output": None}, R1 | STOP),
    "an output of text": (response() | {"output": "hi"}, R1 | STOP),
    "an output of another type": (response() | {"output": {"type": "function_call"}}, R1 | STOP),
    "a number for output": (response() | {"output": 7}, R1 | STOP),
    "incomplete, cut": (
        response("incomplete", MESSAGE, incomplete_details={"reason": "max_output_tokens"}),
        R1 | {"status": "incomplete", "finish_reasons": ("length",)},
    ),
    "incomplete, filtered": (
        response("incomplete", incomplete_details={"reason": "content_filter"}),
        R1 | {"status": "incomplete", "finish_reasons": ("content_filter",)},
    ),
    "incomplete, for a reason unheard of": (
        response("incomplete", incomplete_details={"reason": "vibes"}),
        R1 | {"status": "incomplete", "finish_reasons": ("vibes",)},
    ),
    "incomplete, for no reason": (response("incomplete", incomplete_details=None), R1 | {"status": "incomplete"}),
    "incomplete, details odd": (response("incomplete", incomplete_details="cut"), R1 | {"status": "incomplete"}),
    "failed": (
        response("failed", error={"code": "rate_limit_exceeded", "message": "no"}),
        R1 | ERROR | {"status": "failed", "error": ("rate_limit_exceeded", None)},
    ),
    "failed, untold why": (
        response("failed", error=None),
        R1 | ERROR | {"status": "failed", "error": (None, "response_failed")},
    ),
    "failed, with usage": (
        response("failed", error={"code": "server_error"}, usage=USAGE),
        R1 | ERROR | {"status": "failed", "error": ("server_error", None), "usage": COUNTED},
    ),
    "an error that is none": (response("completed", error={"code": "odd"}), R1 | STOP),
    "cancelled": (response("cancelled"), R1 | ERROR | {"status": "cancelled"}),
    "queued": (response("queued", usage=None), R1 | {"status": "queued"}),
    "in progress": (response("in_progress"), R1 | {"status": "in_progress"}),
    "a status unheard of": (response("dreaming"), R1 | {"status": "dreaming"}),
    "status null": (response(None, MESSAGE), R1),
    "status empty": (response("", MESSAGE), R1),
    "usage null": (response(usage=None), R1 | STOP),
    "details null": (
        response(usage={"input_tokens": 9, "input_tokens_details": None, "output_tokens": 2}),
        R1 | STOP | {"usage": {"input_tokens": 9, "output_tokens": 2}},
    ),
    "usage odd": (
        response(usage={"input_tokens": -9, "output_tokens": 2.0, "output_tokens_details": [1]}),
        R1 | STOP | {"usage": {"output_tokens": 2}},
    ),
    "conversation odd": (response(conversation="conv_1"), R1 | STOP),
    "wrong types": ({"id": 1, "model": {}, "status": ["completed"], "output": None}, {}),
}
COMPACTED: dict[str, tuple[Any, dict[str, Any]]] = {
    "compacted": (
        {"id": "r1", "object": "response.compaction", "output": [MESSAGE, item("compaction")], "usage": USAGE},
        {"id": "r1", "compacted": True, "usage": COUNTED},
    ),
    "nothing to compact": ({"id": "r1", "object": "response.compaction", "output": [MESSAGE]}, {"id": "r1"}),
}


@each_shape
@pytest.mark.parametrize("name", ANSWERS)
def test_what_a_response_says(name: str, shape: Shape) -> None:
    said, expected = ANSWERS[name]
    assert answered(responses, shape(said, Response)) == expected


@pytest.mark.parametrize(
    "shape",
    [pytest.param(typed, marks=pytest.mark.skipif(CompactedResponse is None, reason="no compaction")), plain, parsed],
)
@pytest.mark.parametrize("name", COMPACTED)
def test_what_a_compaction_says(name: str, shape: Shape) -> None:
    said, expected = COMPACTED[name]
    assert answered(responses, shape(said, CompactedResponse)) == expected


@pytest.mark.parametrize("reader", [responses, fetched_responses])
@pytest.mark.parametrize("answer", [None, "text", 1, [], [{}], object()], ids=spelled)
def test_what_is_no_response_says_nothing(reader: Any, answer: Any) -> None:
    assert answered(reader, answer) == {}


# --- streams


def event(kind: Any, **more: Any) -> dict[str, Any]:
    return {"type": kind, "sequence_number": 0} | more


def carrying(kind: str, *arguments: Any, **more: Any) -> dict[str, Any]:
    return event(f"response.{kind}", response=response(*arguments, **more))


BEGUN = [carrying("created", "in_progress"), carrying("in_progress", "in_progress")]
DELTA = event("response.output_text.delta", delta="hi", item_id="i1", output_index=0, content_index=0)
DONE = carrying("completed", "completed", MESSAGE, usage=USAGE)
IN_PROGRESS = R1 | {"status": "in_progress"}
WHOLE = R1 | STOP | {"usage": COUNTED}

STREAMS: dict[str, tuple[list[Any], dict[str, Any]]] = {
    "no event": ([], {}),
    "begun": (BEGUN, IN_PROGRESS),
    "broken off": ([*BEGUN, DELTA], IN_PROGRESS),
    "completed": ([*BEGUN, DELTA, DONE], WHOLE),
    "queued": ([carrying("queued", "queued")], R1 | {"status": "queued"}),
    "incomplete": (
        [*BEGUN, DELTA, carrying("incomplete", "incomplete", incomplete_details={"reason": "max_output_tokens"})],
        R1 | {"status": "incomplete", "finish_reasons": ("length",)},
    ),
    "failed": (
        [*BEGUN, carrying("failed", "failed", error={"code": "server_error", "message": "no"})],
        R1 | ERROR | {"status": "failed", "error": ("server_error", None)},
    ),
    "an error, flat": (
        [*BEGUN, event("error", code="rate_limit_exceeded", message="no", param=None)],
        IN_PROGRESS | {"error": ("rate_limit_exceeded", None)},
    ),
    "an error, flat, without a code": (
        [*BEGUN, event("error", code=None, message="no")],
        IN_PROGRESS | {"error": (None, None)},
    ),
    "an error, nested": (
        [*BEGUN, event("error", error={"type": "server_error", "code": "overloaded", "message": "no"})],
        IN_PROGRESS | {"error": ("overloaded", "server_error")},
    ),
    "an error, nested, with a number": (
        [event("error", error={"code": 429, "message": "no"})],
        {"error": ("429", None)},
    ),
    "an error before any response": (
        [event("error", code="invalid_prompt", message="no")],
        {"error": ("invalid_prompt", None)},
    ),
    "events unheard of": ([*BEGUN, event("response.telepathy", response=7), DONE], WHOLE),
    "no response in it": ([*BEGUN, event("response.completed")], IN_PROGRESS),
    "response null": ([*BEGUN, event("response.completed", response=None)], IN_PROGRESS),
    "type null": ([event(None), DONE], WHOLE),
    "type an object": ([event({"a": 1}), DONE, event({"a": 1})], WHOLE),
    "type a list": ([event(["error"]), DONE, event(["error"])], WHOLE),
    "no type": ([{}, DONE, {}], WHOLE),
}


@each_shape
@pytest.mark.parametrize("name", STREAMS)
def test_what_the_events_of_a_response_say(name: str, shape: Shape) -> None:
    events, expected = STREAMS[name]
    assert streamed(responses, [shape(said, ResponseStreamEvent) for said in events]) == expected


def test_what_is_no_event_says_nothing() -> None:
    assert streamed(responses, [None, "error", 1, [], [{}], object(), *BEGUN, DONE, None]) == WHOLE


LEADS: dict[str, str | None] = {
    "response.created": None,
    "response.output_item.added": None,
    "response.content_part.added": None,
    "response.output_text.delta": "text",
    "response.refusal.delta": "text",
    "response.function_call_arguments.delta": "text",
    "response.custom_tool_call_input.delta": "text",
    "response.audio.delta": "text",
    "response.image_generation_call.partial_image": "text",
    "response.reasoning_summary_text.delta": "reasoning",
    "response.reasoning_text.delta": "reasoning",
    "response.output_text.done": None,
    "error": None,
}


@each_shape
@pytest.mark.parametrize("kind", LEADS)
def test_what_an_event_brings(kind: str, shape: Shape) -> None:
    assert leads(responses, [shape(event(kind, delta="hi"), ResponseStreamEvent)]) == [LEADS[kind]]


@pytest.mark.parametrize(
    "said", [None, "response.output_text.delta", 1, {}, event(None), event(1), event([])], ids=spelled
)
def test_what_is_no_event_brings_nothing(said: Any) -> None:
    assert leads(responses, [said, parsed(said, None) if not isinstance(said, str) else said]) == [None, None]


# --- fetched by its id: not an inference, so no usage, and the failure of the response is not that of the call

FETCHED: dict[str, tuple[Any, dict[str, Any]]] = {
    "completed": (response("completed", usage=USAGE), R1 | STOP | {"status": "completed"}),
    "queued": (response("queued"), R1 | {"status": "queued"}),
    "in progress": (response("in_progress", usage=USAGE), R1 | {"status": "in_progress"}),
    "incomplete": (
        response("incomplete", incomplete_details={"reason": "max_output_tokens"}),
        R1 | {"status": "incomplete", "finish_reasons": ("length",)},
    ),
    "failed": (response("failed", error={"code": "server_error"}), R1 | ERROR | {"status": "failed"}),
    "cancelled": (response("cancelled"), R1 | ERROR | {"status": "cancelled"}),
    "nothing": ({}, {}),
}


@each_shape
@pytest.mark.parametrize("name", FETCHED)
def test_what_a_fetched_response_says(name: str, shape: Shape) -> None:
    said, expected = FETCHED[name]
    assert answered(fetched_responses, shape(said, Response)) == expected


def test_a_response_fetched_as_a_stream() -> None:
    assert streamed(fetched_responses, [*BEGUN, DELTA, DONE]) == R1 | STOP | {"status": "completed"}
    failed = carrying("failed", "failed", error={"code": "server_error"})
    assert streamed(fetched_responses, [*BEGUN, failed]) == R1 | ERROR | {"status": "failed"}
    broken = event("error", code="server_error", message="no")  # this is the failure of the call
    assert streamed(fetched_responses, [*BEGUN, broken]) == IN_PROGRESS | {"error": ("server_error", None)}


@pytest.mark.parametrize(
    "body, response_id, more",
    [
        ({"response_id": "r1"}, "r1", {}),
        ({"response_id": "r1", "starting_after": 7, "stream": True}, "r1", {"stream_cursor": "7"}),
        ({"response_id": "r1", "starting_after": 0}, "r1", {"stream_cursor": "0"}),
        ({"response_id": "r1", "starting_after": "7"}, "r1", {}),
        ({"response_id": "", "starting_after": None}, None, {}),
        ({}, None, {}),
    ],
)
def test_what_a_fetch_asks(body: Any, response_id: str | None, more: dict[str, Any]) -> None:
    op = asked(fetched_responses, body)
    assert op.response_id == response_id
    assert op.request == {"api_type": "responses"} | more


def test_the_id_that_was_asked_for_stays_when_the_answer_has_none() -> None:
    op = asked(fetched_responses, {"response_id": "r1"})
    fetched_responses.read_response(op, None)
    assert op.response_id == "r1"
