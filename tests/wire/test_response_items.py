"""What is said in responses: asked, answered, streamed, fetched."""

from __future__ import annotations

import copy
import json
import re
from base64 import b64encode
from collections.abc import Callable
from typing import Any

import openai
import pytest
from hypothesis import given
from hypothesis import strategies as st
from test_recordings import Recording

from genscope.core.messages import Content
from genscope.local.simulator import Simulator
from genscope.wire import fetched_responses, responses
from genscope.wire.fields import objects

from .shapes import SHAPES, parsed, plain, typed
from .spelled import spelled
from .spoken import ODD, PIXEL, PNG, called, embedded, emptied, linked, recorded, text, thought, unread, uploaded
from .strict import answered, heard, streamed
from .test_fuzz import modestly, odd, values
from .test_responses import CompactedResponse, Response, ResponseStreamEvent, carrying, event, no_type, response

Shape = Callable[[Any, Any], Any]
each_shape = pytest.mark.parametrize("shape", [pytest.param(typed, marks=no_type), plain, parsed])


def result(value: Any, id: str | None = "c1") -> dict[str, Any]:
    return {"type": "tool_call_response", "id": id, "response": value}


def hosted(name: str, id: str | None = "i1", *, tool: str | None = None, **said: Any) -> dict[str, Any]:
    return {"type": "server_tool_call", "id": id, "name": name, "server_tool_call": {"type": tool or name, **said}}


def returned(tool: str, id: str | None = "i1", **said: Any) -> dict[str, Any]:
    return {"type": "server_tool_call_response", "id": id, "server_tool_call_response": {"type": tool, **said}}


def spoke(role: str, *parts: Any) -> dict[str, Any]:
    return {"role": role, "parts": list(parts)}


DATA_URL = f"data:image/png;base64,{PNG}"
IMAGE = embedded(PIXEL, "image", "image/png")

# --- items, as they stand in an input and in an output

PARTS: dict[str, tuple[Any, list[Any]]] = {
    "text": ({"type": "input_text", "text": "hi"}, [text("hi")]),
    "text of the model": ({"type": "output_text", "text": "hi", "annotations": [{"type": "x"}]}, [text("hi")]),
    "a refusal": ({"type": "refusal", "refusal": "no"}, [text("no")]),
    "an image by address": (
        {"type": "input_image", "image_url": "https://a.b", "detail": "low"},
        [linked("image", "https://a.b")],
    ),
    "an image by id": ({"type": "input_image", "file_id": "f1", "image_url": None}, [uploaded("image", "f1")]),
    "an image within": ({"type": "input_image", "image_url": DATA_URL}, [IMAGE]),
    "an image of nothing": ({"type": "input_image"}, [unread("input_image")]),
    "a file by id": ({"type": "input_file", "file_id": "f1"}, [uploaded("document", "f1")]),
    "a file by address": ({"type": "input_file", "file_url": "https://a.b"}, [linked("document", "https://a.b")]),
    "a file within": (
        {"type": "input_file", "file_data": f"data:application/pdf;base64,{PNG}", "filename": "a.pdf"},
        [embedded(PIXEL, "document", "application/pdf") | {"filename": "a.pdf"}],
    ),
    "sound": (
        {"type": "input_audio", "input_audio": {"data": PNG, "format": "wav"}},
        [embedded(PIXEL, "audio", "audio/wav")],
    ),
    "a part unheard of": ({"type": "hologram", "data": PNG}, [unread("hologram")]),
}


@pytest.mark.parametrize("name", PARTS)
def test_what_a_part_says(name: str) -> None:
    said, expected = PARTS[name]
    content = heard(responses, {"input": [{"role": "user", "content": [said]}]})
    assert content.input == [spoke("user", *expected)]
    content = heard(responses, {"input": [{"type": "function_call_output", "call_id": "c1", "output": [said]}]})
    assert content.input == [spoke("tool", result(expected))]


FUNCTION_CALL = {
    "type": "function_call",
    "id": "i1",
    "call_id": "c1",
    "name": "f",
    "arguments": '{"a": 1}',
    "status": "completed",
}
SHELL = {"commands": ["ls"], "timeout_ms": 7}
PATCH = {"type": "create_file", "path": "a", "diff": "+b"}
SEARCH = {"type": "search", "query": "q", "sources": [{"type": "url", "url": "https://a.b"}]}
CLICK = {"type": "click", "x": 1, "y": 2, "button": "left"}
EXEC = {"type": "exec", "command": ["ls"], "env": {"A": "b"}}

# item -> who says it, and what
ITEMS: dict[str, tuple[Any, str, list[Any]]] = {
    "a message": (
        {
            "type": "message",
            "id": "i1",
            "role": "assistant",
            "status": "completed",
            "content": [{"type": "output_text", "text": "hi", "annotations": []}],
        },
        "assistant",
        [text("hi")],
    ),
    "a function call": (FUNCTION_CALL, "assistant", [called("f", {"a": 1})]),
    "a function call, broken": (FUNCTION_CALL | {"arguments": '{"a'}, "assistant", [called("f", '{"a')]),
    "a custom call": (
        {"type": "custom_tool_call", "id": "i1", "call_id": "c1", "name": "sql", "input": "{}"},
        "assistant",
        [called("sql", "{}")],
    ),
    "a computer call": (
        {
            "type": "computer_call",
            "id": "i1",
            "call_id": "c1",
            "action": CLICK,
            "pending_safety_checks": [],
            "status": "completed",
        },
        "assistant",
        [called("computer", CLICK)],
    ),
    "a shell call": (
        {"type": "local_shell_call", "id": "i1", "call_id": "c1", "action": EXEC, "status": "completed"},
        "assistant",
        [called("local_shell", EXEC)],
    ),
    "another shell call": (
        {"type": "shell_call", "id": "i1", "call_id": "c1", "action": SHELL, "status": "completed"},
        "assistant",
        [called("shell", SHELL)],
    ),
    "a shell call that ran there": (
        {
            "type": "shell_call",
            "id": "i1",
            "call_id": "c1",
            "action": SHELL,
            "status": "completed",
            "environment": {"type": "container_reference", "container_id": "k"},
        },
        "assistant",
        [hosted("shell", "c1", action=SHELL)],
    ),
    "a patch": (
        {"type": "apply_patch_call", "id": "i1", "call_id": "c1", "operation": PATCH, "status": "completed"},
        "assistant",
        [called("apply_patch", PATCH)],
    ),
    "a search for tools": (
        {
            "type": "tool_search_call",
            "id": "i1",
            "call_id": "c1",
            "execution": "client",
            "arguments": {"q": "a"},
            "status": "completed",
        },
        "assistant",
        [called("tool_search", {"q": "a"})],
    ),
    "a search for tools that ran there": (
        {"type": "tool_search_call", "id": "i1", "execution": "server", "arguments": {"q": "a"}, "status": "completed"},
        "assistant",
        [hosted("tool_search", arguments={"q": "a"})],
    ),
    "tools that were found there": (
        {
            "type": "tool_search_output",
            "id": "i1",
            "execution": "server",
            "status": "completed",
            "tools": [{"type": "function", "name": "f", "parameters": {}, "strict": False}],
        },
        "assistant",
        [returned("tool_search", tools=["f"])],
    ),
    "a web search": (
        {"type": "web_search_call", "id": "i1", "status": "completed", "action": SEARCH},
        "assistant",
        [hosted("web_search", action=SEARCH)],
    ),
    "a file search": (
        {
            "type": "file_search_call",
            "id": "i1",
            "status": "completed",
            "queries": ["q"],
            "results": [{"file_id": "f1", "text": "t", "score": 0.5}],
        },
        "assistant",
        [
            hosted("file_search", queries=["q"]),
            returned("file_search", results=[{"file_id": "f1", "text": "t", "score": 0.5}]),
        ],
    ),
    "a file search that tells no results": (
        {"type": "file_search_call", "id": "i1", "status": "completed", "queries": ["q"], "results": None},
        "assistant",
        [hosted("file_search", queries=["q"])],
    ),
    "code that ran there": (
        {
            "type": "code_interpreter_call",
            "id": "i1",
            "status": "completed",
            "code": "1 + 1",
            "container_id": "k",
            "outputs": [{"type": "logs", "logs": "2"}, {"type": "image", "url": DATA_URL}],
        },
        "assistant",
        [
            hosted("code_interpreter", code="1 + 1", container_id="k"),
            returned("code_interpreter", outputs=[text("2"), IMAGE]),
        ],
    ),
    "an image made there": (
        {
            "type": "image_generation_call",
            "id": "i1",
            "status": "completed",
            "result": PNG,
            "output_format": "png",
            "revised_prompt": "a cat",
        },
        "assistant",
        [
            hosted("image_generation", revised_prompt="a cat", output_format="png"),
            returned("image_generation", result=IMAGE),
        ],
    ),
    "a call of MCP": (
        {
            "type": "mcp_call",
            "id": "i1",
            "name": "ask",
            "server_label": "wiki",
            "arguments": '{"q": 1}',
            "output": "42",
            "status": "completed",
        },
        "assistant",
        [hosted("ask", tool="mcp", server_label="wiki", arguments={"q": 1}), returned("mcp", output="42")],
    ),
    "a list of tools of MCP": (
        {
            "type": "mcp_list_tools",
            "id": "i1",
            "server_label": "wiki",
            "tools": [{"name": "ask", "input_schema": {"a": 1}}],
        },
        "assistant",
        [hosted("mcp_list_tools", server_label="wiki"), returned("mcp_list_tools", tools=["ask"])],
    ),
    "a question of MCP": (
        {"type": "mcp_approval_request", "id": "i1", "name": "ask", "server_label": "wiki", "arguments": "{}"},
        "assistant",
        [hosted("ask", tool="mcp_approval_request", server_label="wiki", arguments={})],
    ),
    "an answer to it": (
        {"type": "mcp_approval_response", "id": "i2", "approval_request_id": "i1", "approve": False, "reason": "no"},
        "user",
        [returned("mcp_approval_response", approve=False, reason="no")],
    ),
    "a program": (
        {"type": "program", "id": "i1", "call_id": "c1", "code": "f()", "fingerprint": "x"},
        "assistant",
        [hosted("program", "c1", code="f()")],
    ),
    "what it returned": (
        {"type": "program_output", "id": "i1", "call_id": "c1", "result": "42", "status": "completed"},
        "assistant",
        [returned("program", "c1", result="42")],
    ),
    "thoughts": (
        {
            "type": "reasoning",
            "id": "i1",
            "summary": [{"type": "summary_text", "text": "a"}],
            "content": [{"type": "reasoning_text", "text": "b"}],
            "encrypted_content": "zzz",
        },
        "assistant",
        [thought("a"), thought("b")],
    ),
    "a compaction": (
        {"type": "compaction", "id": "i1", "encrypted_content": "zzz"},
        "assistant",
        [{"type": "compaction", "id": "i1", "content": None}],
    ),
    "a function's result": (
        {"type": "function_call_output", "id": "i1", "call_id": "c1", "output": '{"a": 1}', "status": "completed"},
        "tool",
        [result('{"a": 1}')],
    ),
    "a custom tool's result": (
        {"type": "custom_tool_call_output", "id": "i1", "call_id": "c1", "output": "42", "status": "completed"},
        "tool",
        [result("42")],
    ),
    "a screenshot": (
        {
            "type": "computer_call_output",
            "id": "i1",
            "call_id": "c1",
            "status": "completed",
            "output": {"type": "computer_screenshot", "image_url": DATA_URL},
        },
        "tool",
        [result(IMAGE)],
    ),
    "a shell's result": ({"type": "local_shell_call_output", "id": "c1", "output": "{}"}, "tool", [result("{}")]),
    "another shell's result": (
        {
            "type": "shell_call_output",
            "id": "i1",
            "call_id": "c1",
            "status": "completed",
            "output": [{"stdout": "a", "stderr": "", "outcome": {"type": "exit", "exit_code": 0}}],
        },
        "tool",
        [result([{"stdout": "a", "stderr": "", "outcome": {"type": "exit", "exit_code": 0}}])],
    ),
    "a patch's result": (
        {"type": "apply_patch_call_output", "id": "i1", "call_id": "c1", "status": "failed", "output": "no"},
        "tool",
        [result({"status": "failed", "output": "no"})],
    ),
}


@pytest.mark.parametrize("name", ITEMS)
def test_what_an_item_says(name: str) -> None:
    item, role, parts = ITEMS[name]
    assert heard(responses, {"input": [item]}).input == [spoke(role, *parts)]


@each_shape
@pytest.mark.parametrize("name", ITEMS)
def test_what_an_item_of_an_answer_says(name: str, shape: Shape) -> None:
    item, role, parts = ITEMS[name]
    (message,) = answered(responses, shape(response("completed", item), Response)).output or ()
    if role != "assistant":
        assert message == spoke(role, *parts)
        return
    assert message.pop("finish_reason") == ("tool_call" if parts[0]["type"] == "tool_call" else "stop")
    assert message == spoke(role, *parts)


def test_an_item_unheard_of_leaves_its_kind() -> None:
    content = heard(
        responses,
        {"input": [{"type": "telepathy", "id": "i1", "thought": "x"}, {"id": "i2"}, {"type": "configuration_update"}]},
    )
    assert content.input == [
        spoke("user", unread("telepathy") | {"id": "i1"}),
        spoke("user", unread("item_reference") | {"id": "i2"}),
        spoke("user", unread("configuration_update")),
    ]
    (message,) = answered(responses, objects(response("completed", {"type": "telepathy", "id": "i1"}))).output or ()
    assert message["parts"] == [unread("telepathy") | {"id": "i1"}]


def test_a_turn_of_the_model_is_one_message() -> None:
    turn = [ITEMS[name][0] for name in ("thoughts", "a message", "a function call", "a web search")]
    parts = [part for name in ("thoughts", "a message", "a function call", "a web search") for part in ITEMS[name][2]]
    results = [{"type": "function_call_output", "call_id": id, "output": id} for id in ("c1", "c2")]
    ask = {"role": "user", "content": "hi"}
    content = heard(responses, {"input": [ask, ask, *turn, *results, *turn]})
    assert content.input == [
        spoke("user", text("hi")),
        spoke("user", text("hi")),
        spoke("assistant", *parts),
        spoke("tool", result("c1")),
        spoke("tool", result("c2", "c2")),
        spoke("assistant", *parts),
    ]
    output = answered(responses, objects(response("completed", *turn))).output
    assert output == [spoke("assistant", *parts) | {"finish_reason": "tool_call"}]  # what is sent back later


def test_what_ran_at_the_provider_is_answered_there() -> None:
    call, output = (
        ITEMS["a shell call that ran there"][0],
        {"type": "shell_call_output", "call_id": "c1", "output": "a"},
    )
    content = heard(responses, {"input": [call, output]})
    assert content.input == [
        spoke("assistant", hosted("shell", "c1", action=SHELL), returned("shell", "c1", output="a"))
    ]


def test_what_came_encrypted_says_nothing() -> None:
    secret = {"type": "reasoning", "id": "i1", "summary": [], "encrypted_content": "zzz"}
    assert heard(responses, {"input": [secret]}).input is None
    assert heard(responses, {"input": [secret, FUNCTION_CALL]}).input == [spoke("assistant", called("f", {"a": 1}))]
    cut = response("incomplete", secret, incomplete_details={"reason": "max_output_tokens"})
    assert answered(responses, cut).output == [spoke("assistant") | {"finish_reason": "length"}]


# --- requests

WEATHER = {"type": "object", "properties": {"city": {"type": "string"}}}
FUNCTION = {"type": "function", "name": "f", "description": "does", "parameters": WEATHER, "strict": True}
SECRET = {"type": "mcp", "server_label": "wiki", "server_url": "https://a.b", "headers": {"Authorization": "s3cret"}}

REQUESTS: dict[str, tuple[Any, Content]] = {
    "nothing": ({}, Content()),
    "a text": ({"input": "hi"}, Content(input=[spoke("user", text("hi"))])),
    "an empty text": ({"input": "", "instructions": ""}, Content()),
    "instructions": ({"instructions": "be", "input": "hi"}, Content([text("be")], [spoke("user", text("hi"))])),
    "instructions among the messages": (
        {"input": [{"role": "developer", "content": "be"}, {"role": "system", "content": "good"}]},
        Content(input=[spoke("developer", text("be")), spoke("system", text("good"))]),
    ),
    "tools": (
        {"tools": [FUNCTION, {"type": "web_search_preview"}, SECRET, {"type": "custom", "name": "sql", "format": {}}]},
        Content(
            tools=[
                {"type": "function", "name": "f", "description": "does", "parameters": WEATHER},
                {"type": "web_search_preview", "name": "web_search_preview"},
                {"type": "mcp", "name": "mcp"},
                {"type": "custom", "name": "sql"},
            ]
        ),
    ),
    "an empty message": ({"input": [{"role": "user", "content": ""}]}, Content(input=[spoke("user")])),
    "wrong types": ({"input": 7, "instructions": {"a": 1}, "tools": "f"}, Content()),
    "no items": ({"input": [None, 7, {}, [], {"type": None}]}, Content()),
}


@pytest.mark.parametrize("name", REQUESTS)
def test_what_a_request_says(name: str) -> None:
    body, expected = REQUESTS[name]
    assert heard(responses, body) == expected


BODY = {"instructions": "be", "input": [item for item, _, _ in ITEMS.values()], "tools": [FUNCTION]}


def test_what_was_read_does_not_change_with_what_the_application_holds() -> None:
    body = copy.deepcopy(BODY)
    content = heard(responses, body)
    before = copy.deepcopy(content)
    emptied(body)
    assert content == before
    body = copy.deepcopy(BODY)
    content = heard(responses, body)
    emptied(content.input)
    emptied(content.tools)
    assert body == BODY


@pytest.mark.parametrize(
    "place",
    [
        lambda lazy: {"input": lazy, "instructions": lazy, "tools": lazy},
        lambda lazy: {"input": [{"role": "user", "content": lazy}]},
        lambda lazy: {"input": [{"type": "function_call_output", "call_id": "c1", "output": lazy}]},
        lambda lazy: {"input": [{"type": "reasoning", "summary": lazy, "content": lazy}]},
        lambda lazy: {"input": [{"type": "shell_call", "call_id": "c1", "action": {"commands": lazy}}]},
        lambda lazy: {"input": [{"type": "mcp_list_tools", "tools": lazy}]},
    ],
)
def test_an_iterator_is_left_to_the_sdk(place: Callable[[Any], Any]) -> None:
    lazy = iter([{"type": "message", "role": "user", "content": "hi"}])
    heard(responses, place(lazy))
    assert len(list(lazy)) == 1


@pytest.mark.parametrize("at", range(len(ODD)))
def test_whatever_an_application_sends_is_no_fault_of_ours(at: int) -> None:
    value = ODD[at]
    bodies: list[Any] = [{"input": value, "instructions": value, "tools": value}, {"input": [value], "tools": [value]}]
    for item, _, _ in ITEMS.values():
        bodies += [{"input": [{**item, key: value}]} for key in item]
    for part, _ in PARTS.values():
        bodies += [{"input": [{"role": "user", "content": [{**part, key: value}]}]} for key in part]
    bodies += [{"tools": [{**FUNCTION, key: value}]} for key in FUNCTION]
    for body in bodies:
        heard(responses, body)


# --- answers


def message(*texts: str, **more: Any) -> dict[str, Any]:
    parts = [{"type": "output_text", "text": one, "annotations": []} for one in texts]
    return {"type": "message", "id": "i1", "role": "assistant", "status": "completed", "content": parts} | more


def ended(reason: str | None, *parts: Any) -> list[dict[str, Any]]:
    return [spoke("assistant", *parts) | ({} if reason is None else {"finish_reason": reason})]


FAILED = {"code": "server_error", "message": "no"}
ANSWERS: dict[str, tuple[Any, Any]] = {
    "nothing": ({}, None),
    "no output": (response("completed"), None),
    "text": (response("completed", message("hi")), ended("stop", text("hi"))),
    "two texts": (response("completed", message("a", "b")), ended("stop", text("a"), text("b"))),
    "two messages": (response("completed", message("a"), message("b")), ended("stop", text("a"), text("b"))),
    "a refusal": (
        response("completed", message(content=[{"type": "refusal", "refusal": "no"}])),
        ended("stop", text("no")),
    ),
    "an empty message": (response("completed", message("")), ended("stop")),
    "cut": (
        response("incomplete", message("h"), incomplete_details={"reason": "max_output_tokens"}),
        ended("length", text("h")),
    ),
    "filtered": (
        response("incomplete", message("h"), incomplete_details={"reason": "content_filter"}),
        ended("content_filter", text("h")),
    ),
    "failed": (response("failed", error=FAILED), None),
    "failed with nothing said": (response("failed", message(), error=FAILED), None),
    "failed in the middle": (response("failed", message("h"), error=FAILED), ended("error", text("h"))),
    "queued": (response("queued"), None),
    "in progress": (response("in_progress", message("h")), ended(None, text("h"))),
    "output odd": (response("completed") | {"output": 7}, None),
    "output of nulls": (response("completed", None, None), None),
    "instructions are not repeated": (response("completed", instructions="be", tools=[FUNCTION]), None),
}


@each_shape
@pytest.mark.parametrize("name", ANSWERS)
def test_what_an_answer_says(name: str, shape: Shape) -> None:
    said, expected = ANSWERS[name]
    content = answered(responses, shape(said, Response))
    assert content == Content(output=expected)


@pytest.mark.parametrize(
    "shape",
    [pytest.param(typed, marks=pytest.mark.skipif(CompactedResponse is None, reason="no compaction")), plain, parsed],
)
def test_what_a_compaction_says(shape: Shape) -> None:
    asked = {
        "type": "message",
        "id": "i0",
        "role": "user",
        "status": "completed",
        "content": [{"type": "input_text", "text": "a"}],
    }
    compacted = {"id": "r1", "object": "response.compaction", "output": [asked, asked, ITEMS["a compaction"][0]]}
    assert answered(responses, shape(compacted, CompactedResponse)).output == [
        spoke("user", text("a")),
        spoke("user", text("a")),
        spoke("assistant", {"type": "compaction", "id": "i1", "content": None}),
    ]


@pytest.mark.parametrize("reader", [responses, fetched_responses])
@pytest.mark.parametrize("said", [None, "hi", 7, [], [{}], object()], ids=spelled)
def test_what_is_no_answer_and_no_event_says_nothing(reader: Any, said: Any) -> None:
    assert answered(reader, said) == Content()
    assert streamed(reader, [said, objects(said)]) == Content()


# --- streams

BEGUN = [carrying("created", "in_progress"), carrying("in_progress", "in_progress")]


def added(item: Any, index: Any = 0) -> dict[str, Any]:
    return event("response.output_item.added", item=item, output_index=index)


def done(item: Any, index: Any = 0) -> dict[str, Any]:
    return event("response.output_item.done", item=item, output_index=index)


def delta(kind: str, said: Any, index: Any = 0, part: Any = None) -> dict[str, Any]:
    place = {} if part is None else {"summary_index" if "summary" in kind else "content_index": part}
    return event(f"response.{kind}.delta", delta=said, output_index=index, item_id="i1", **place)


OPEN = message(status="in_progress")
STREAMS: dict[str, tuple[list[Any], Any]] = {
    "no event": ([], None),
    "begun": (BEGUN, None),
    "an item begun": ([*BEGUN, added(OPEN)], None),
    "text": (
        [*BEGUN, added(OPEN), delta("output_text", "h", part=0), delta("output_text", "i", part=0)],
        ended(None, text("hi")),
    ),
    "text that is done": (
        [*BEGUN, added(OPEN), delta("output_text", "hi", part=0), done(message("hi"))],
        ended(None, text("hi")),
    ),
    "text, and more of it": (
        [
            *BEGUN,
            added(OPEN),
            delta("output_text", "hi", part=0),
            done(message("hi")),
            added(OPEN, 1),
            delta("output_text", "ho", 1, 0),
        ],
        ended(None, text("hi"), text("ho")),
    ),
    "parts out of order": (
        [delta("output_text", "hi", part=1), delta("refusal", "no", part=0), delta("output_text", "!", part=1)],
        ended(None, text("no"), text("hi!")),
    ),
    "items out of order": (
        [delta("output_text", "b", 1, 0), delta("output_text", "a", 0, 0)],
        ended(None, text("a"), text("b")),
    ),
    "thoughts": (
        [
            added({"type": "reasoning", "id": "i1", "summary": []}),
            delta("reasoning_summary_text", "a", part=0),
            delta("reasoning_summary_text", "b", part=1),
            delta("reasoning_text", "c", part=0),
        ],
        ended(None, thought("a"), thought("b"), thought("c")),
    ),
    "a call": (
        [
            added(FUNCTION_CALL | {"arguments": ""}),
            delta("function_call_arguments", '{"a"'),
            delta("function_call_arguments", ": 1}"),
        ],
        ended(None, called("f", {"a": 1})),
    ),
    "a call cut off": (
        [added(FUNCTION_CALL | {"arguments": ""}), delta("function_call_arguments", '{"a"')],
        ended(None, called("f", '{"a"')),
    ),
    "a custom call": (
        [
            added({"type": "custom_tool_call", "id": "i1", "call_id": "c1", "name": "sql", "input": ""}),
            delta("custom_tool_call_input", "sel"),
        ],
        ended(None, called("sql", "sel")),
    ),
    "code": (
        [
            added(
                {
                    "type": "code_interpreter_call",
                    "id": "i1",
                    "code": "",
                    "container_id": "k",
                    "status": "in_progress",
                    "outputs": None,
                }
            ),
            delta("code_interpreter_call_code", "1+"),
            delta("code_interpreter_call_code", "1"),
        ],
        ended(None, hosted("code_interpreter", code="1+1", container_id="k")),
    ),
    "completed": (
        [*BEGUN, added(OPEN), delta("output_text", "hi", part=0), carrying("completed", "completed", message("hi!"))],
        ended("stop", text("hi!")),
    ),
    "completed without its output": (
        [*BEGUN, added(OPEN), delta("output_text", "hi", part=0), carrying("completed", "completed")],
        ended("stop", text("hi")),
    ),
    "cut": (
        [
            *BEGUN,
            delta("output_text", "h", part=0),
            carrying("incomplete", "incomplete", message("h"), incomplete_details={"reason": "max_output_tokens"}),
        ],
        ended("length", text("h")),
    ),
    "failed": ([*BEGUN, carrying("failed", "failed", error=FAILED)], None),
    "failed in the middle": (
        [*BEGUN, added(OPEN), delta("output_text", "h", part=0), carrying("failed", "failed", error=FAILED)],
        ended("error", text("h")),
    ),
    "an error in the middle": (
        [*BEGUN, added(OPEN), delta("output_text", "h", part=0), event("error", code="c", message="no")],
        ended(None, text("h")),
    ),
    "an error at once": ([event("error", code="c", message="no")], None),
    "numbers that are none": (
        [
            one
            for at in (-1, None, [0], {"a": 0}, 1.5)
            for one in (delta("output_text", "h", at, 0), added(message("h"), at))
        ],
        None,
    ),
    "wrong types": (
        [
            delta("output_text", 7, part=0),
            delta("output_text", {"a": 1}, part=0),
            event({"a": 1}),
            event(["x"]),
            {},
            done(7),
            done(None, 1),
        ],
        None,
    ),
}


@each_shape
@pytest.mark.parametrize("name", STREAMS)
def test_what_a_stream_says(name: str, shape: Shape) -> None:
    events, expected = STREAMS[name]
    for reader in (responses, fetched_responses):
        content = streamed(reader, [shape(one, ResponseStreamEvent) for one in events])
        assert content == Content(output=expected)


# --- the law: a stream says what the whole answer says, and so does as much of it as came


def in_events(item: Any, index: int) -> list[dict[str, Any]]:
    """The events of an item that is made of text, as the real service sends them."""
    texts = {"message": ("content", "output_text"), "reasoning": ("summary", "reasoning_summary_text")}
    if item["type"] in texts:
        field, kind = texts[item["type"]]
        begun = {**item, field: []}
        pieces = [(kind, part["text"], at) for at, part in enumerate(item[field])]
    elif item["type"] == "function_call":
        begun, pieces = {**item, "arguments": ""}, [("function_call_arguments", item["arguments"], None)]
    else:
        return [added(item, index)]
    return [added(begun, index), *(delta(kind, piece, index, at) for kind, said, at in pieces for piece in said)]


THOUGHTS = {"type": "reasoning", "id": "i1", "summary": [{"type": "summary_text", "text": "hm"}]}
TURNS: dict[str, list[Any]] = {
    "text": [message("hi")],
    "more text": [message("hi", "there"), message("you")],
    "thoughts and a call": [THOUGHTS, FUNCTION_CALL, FUNCTION_CALL | {"call_id": "c2"}],
    "all": [THOUGHTS, ITEMS["a web search"][0], ITEMS["code that ran there"][0], message("hi"), FUNCTION_CALL],
}


@each_shape
@pytest.mark.parametrize("name", TURNS)
def test_a_stream_says_what_its_whole_answer_says(name: str, shape: Shape) -> None:
    items = TURNS[name]
    whole = answered(responses, shape(response("completed", *items), Response)).output
    assert whole
    pieces = [in_events(item, index) for index, item in enumerate(items)]
    finished = [[*events, done(items[index], index)] for index, events in enumerate(pieces)]
    last = carrying("completed", "completed", *items)

    def stream(*events: Any) -> Any:
        return streamed(responses, [shape(one, ResponseStreamEvent) for one in (*BEGUN, *events)]).output

    assert stream(*(one for events in finished for one in events), last) == whole
    partly = [{**whole[0]}]
    del partly[0]["finish_reason"]
    assert stream(*(one for events in finished for one in events)) == partly
    assert stream(*(one for events in pieces for one in events)) == partly


@each_shape
@pytest.mark.parametrize("recording", recorded("responses", streams=True))
def test_a_recorded_stream_says_what_its_whole_answer_says(recording: Recording, shape: Shape) -> None:
    heard(responses, recording.request)
    whole = answered(responses, shape(recording.whole, Response)).output
    assert whole
    events = [shape(one, ResponseStreamEvent) for one in recording.events]
    assert streamed(responses, events).output == whole
    left = streamed(responses, events[:-1]).output
    assert left == [{key: value for key, value in one.items() if key != "finish_reason"} for one in whole]
    said = "".join(part["content"] for part in whole[0]["parts"])
    for end in range(len(events)):
        for found in streamed(responses, events[:end]).output or ():
            assert said.startswith("".join(part["content"] for part in found["parts"]))


@each_shape
@pytest.mark.parametrize("recording", recorded("responses", streams=False))
def test_what_a_recorded_answer_says(recording: Recording, shape: Shape) -> None:
    content = heard(responses, recording.request)
    assert content.input
    assert (content.instructions is None) is (recording.request.get("instructions") is None)
    assert len(content.tools or ()) == len(recording.request.get("tools") or ())
    (output,) = answered(responses, shape(recording.whole, Response)).output or ()
    expected: list[Any] = []
    for item in recording.whole["output"]:
        if item["type"] == "message":
            expected += [text(part["text"]) for part in item["content"]]
        elif item["type"] == "function_call":
            expected.append(called(item["name"], json.loads(item["arguments"]), item["call_id"]))
        else:
            expected += [thought(part["text"]) for part in item["summary"]]
    assert output["parts"] == expected


TOOL = {"type": "function", "name": "get_weather", "parameters": WEATHER}
SCENES: dict[str, tuple[str, dict[str, Any]]] = {
    "ok": ("ok", {}),
    "tools": ("tools", {"tools": [TOOL]}),
    "reasoning": ("reasoning", {}),
    "refusal": ("refusal", {}),
    "incomplete": ("incomplete", {}),
    "empty": ("empty", {}),
    "failed": ("failed", {}),
}


@no_type
@pytest.mark.parametrize("name", SCENES)
def test_the_simulator_says_the_same_streamed_and_whole(simulator: Simulator, name: str) -> None:
    scenario, more = SCENES[name]
    outputs: list[Any] = []
    for stream in (False, True):
        with openai.OpenAI(base_url=simulator.base_url(scenario), api_key="any", max_retries=0) as client:
            answer: Any = client.responses.create(model="gpt-4o", input="hi", stream=stream, **more)
            outputs.append((streamed if stream else answered)(responses, answer).output)
    whole, stream = (re.sub("_[0-9]+", "", json.dumps(output)) for output in outputs)
    assert whole == stream
    assert (outputs[0] is None) is (name in ("empty", "failed"))


# --- fetched by its id


@each_shape
def test_what_a_fetched_response_says(shape: Shape) -> None:
    said = response("completed", message("hi"), instructions="be", tools=[FUNCTION])
    expected = Content(
        instructions=[text("be")],
        output=ended("stop", text("hi")),
        tools=[{"type": "function", "name": "f", "description": "does", "parameters": WEATHER}],
    )
    assert answered(fetched_responses, shape(said, Response)) == expected
    events = [shape(one, ResponseStreamEvent) for one in (*BEGUN, event("response.completed", response=said))]
    assert streamed(fetched_responses, events) == expected
    assert heard(fetched_responses, {"response_id": "r1", "input": "hi"}) == Content()


@each_shape
def test_instructions_that_are_messages(shape: Shape) -> None:
    parts = [{"type": "input_text", "text": "be"}, {"type": "input_image", "image_url": DATA_URL, "detail": "low"}]
    said = response("completed", instructions=[{"type": "message", "role": "developer", "content": parts}])
    content = answered(fetched_responses, shape(said, Response))
    assert content.instructions == [text("be"), unread("uri")]


# --- whatever comes

some_items = st.lists(st.sampled_from([item for item, _, _ in ITEMS.values()]), max_size=4)


@given(data=st.data())
@modestly
def test_any_request(data: st.DataObject) -> None:
    items = data.draw(some_items)
    body = data.draw(odd({**BODY, "input": items}).filter(lambda body: isinstance(body, dict)))
    before = repr(body)
    content = heard(responses, body)
    assert repr(body) == before
    emptied(content.input)
    emptied(content.tools)
    assert repr(body) == before  # nothing is shared


@given(data=st.data())
@modestly
def test_any_answer(data: st.DataObject) -> None:
    said = data.draw(odd(response("completed", *data.draw(some_items), instructions="be")))
    for reader in (responses, fetched_responses):
        answered(reader, said)
        answered(reader, typed(said, Response or object))


@given(data=st.data())
@modestly
def test_any_stream(data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(sorted(STREAMS)))
    events = [data.draw(odd(one)) for one in STREAMS[name][0]] + [data.draw(values)]
    for shape in SHAPES:
        streamed(responses, [shape(one, ResponseStreamEvent or object) for one in events])


@pytest.mark.parametrize("recording", recorded("responses")[::4])
@given(data=st.data())
@modestly
def test_any_change_to_a_recording(recording: Recording, data: st.DataObject) -> None:
    request = data.draw(odd(dict(recording.request)))
    heard(responses, request if isinstance(request, dict) else {})
    if recording.streams:
        events = [data.draw(odd(one)) for one in recording.events[2:6]]
        streamed(responses, [typed(one, ResponseStreamEvent or object) for one in events])
    else:
        answered(fetched_responses, typed(data.draw(odd(recording.whole)), Response or object))


def test_bytes_that_no_part_is_made_for_stay_behind() -> None:
    long = b64encode(PIXEL * 999).decode()
    said = {"type": "input_image", "image_url": long, "file_data": long, "data": long}
    content = heard(responses, {"input": [{"role": "user", "content": [said, {**said, "type": "hologram"}]}]})
    assert long[:40] not in json.dumps(content.input)
