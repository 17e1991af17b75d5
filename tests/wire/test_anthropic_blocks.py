"""What is said in Anthropic's messages: asked, answered and streamed."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from genscope.core.messages import Content
from genscope.wire import anthropic_messages as reader
from genscope.wire.fields import objects

from .anthropic_shapes import SHAPES, Event, Message, Recorded, each_shape, recordings, typed
from .mutations import mutated, whatever
from .spelled import spelled
from .spoken import ODD, PIXEL, PNG, called, embedded, emptied, linked, text, thought, unread, uploaded
from .strict import answered, heard, streamed
from .test_anthropic_messages import COUNTS, OVER, PING, began, block, ended, error, message, piece, stop
from .test_fuzz import modestly, odd

Shape = Callable[[Any, Any], Any]


def result(value: Any, id: str | None = "t1") -> dict[str, Any]:
    return {"type": "tool_call_response", "id": id, "response": value}


def hosted(name: str, *, tool: str | None = None, **said: Any) -> dict[str, Any]:
    return {"type": "server_tool_call", "id": "t1", "name": name, "server_tool_call": {"type": tool or name, **said}}


def returned(tool: str, **said: Any) -> dict[str, Any]:
    return {"type": "server_tool_call_response", "id": "t1", "server_tool_call_response": {"type": tool, **said}}


def compacted(content: str | None) -> dict[str, Any]:
    return {"type": "compaction", "id": None, "content": content}


SECRET = "c2VjcmV0" * 9
PNG_SOURCE = {"type": "base64", "media_type": "image/png", "data": PNG}
PDF_SOURCE = {"type": "base64", "media_type": "application/pdf", "data": PNG}
IMAGE = embedded(PIXEL, "image", "image/png")
PDF = embedded(PIXEL, "document", "application/pdf")
TEXT = {"type": "text", "text": "hi"}
CITATION = {"type": "char_location", "cited_text": "quoted", "document_index": 0, "document_title": "t"}

# --- blocks as they stand in a request

ASKED: dict[str, tuple[Any, list[Any]]] = {
    "text": (TEXT, [text("hi")]),
    "text to be cached": (TEXT | {"cache_control": {"type": "ephemeral"}}, [text("hi")]),
    "text with citations": (TEXT | {"citations": [CITATION]}, [text("hi")]),
    "no text": ({"type": "text", "text": ""}, []),
    "text that is none": ({"type": "text", "text": None}, [unread("text")]),
    "an image within": ({"type": "image", "source": PNG_SOURCE}, [IMAGE]),
    "an image by address": (
        {"type": "image", "source": {"type": "url", "url": "https://a.b"}},
        [linked("image", "https://a.b")],
    ),
    "an image behind a data address": (
        {"type": "image", "source": {"type": "url", "url": f"data:image/png;base64,{PNG}"}},
        [IMAGE],
    ),
    "an image by id": ({"type": "image", "source": {"type": "file", "file_id": "f1"}}, [uploaded("image", "f1")]),
    "an image of nothing": ({"type": "image"}, [unread("image")]),
    "an image unheard of": (
        {"type": "image", "source": {"type": "hologram", "data": PNG, "url": "https://a.b", "file_id": "f1"}},
        [unread("image")],
    ),
    "a document within": (
        {"type": "document", "source": PDF_SOURCE, "title": "a.pdf"},
        [PDF | {"filename": "a.pdf"}],
    ),
    "a document with words about it": (
        {"type": "document", "source": PDF_SOURCE, "context": "read this"},
        [text("read this"), PDF],
    ),
    "a document by address": (
        {"type": "document", "source": {"type": "url", "url": "https://a.b"}, "title": None},
        [linked("document", "https://a.b")],
    ),
    "a document by id": (
        {"type": "document", "source": {"type": "file", "file_id": "f1"}, "title": "t"},
        [uploaded("document", "f1", filename="t")],
    ),
    "a document of text": (
        {"type": "document", "source": {"type": "text", "media_type": "text/plain", "data": "hi"}, "title": "t"},
        [text("hi")],
    ),
    "a document of a string": ({"type": "document", "source": {"type": "content", "content": "hi"}}, [text("hi")]),
    "a document of blocks": (
        {"type": "document", "source": {"type": "content", "content": [TEXT, {"type": "image", "source": PNG_SOURCE}]}},
        [text("hi"), IMAGE],
    ),
    "a document of documents": (
        {"type": "document", "source": {"type": "content", "content": [{"type": "document", "source": PDF_SOURCE}]}},
        [unread("document")],
    ),
    "a document of nothing": ({"type": "document", "source": None}, [unread("document")]),
    "a search result": (
        {"type": "search_result", "source": "https://a.b", "title": "t", "content": [TEXT]},
        [linked("document", "https://a.b") | {"filename": "t"}, text("hi")],
    ),
    "a search result from nowhere": ({"type": "search_result", "content": [TEXT]}, [text("hi")]),
    "an upload": ({"type": "container_upload", "file_id": "f1"}, [uploaded("document", "f1")]),
    "a compaction": ({"type": "compaction", "content": "so far", "encrypted_content": SECRET}, [compacted("so far")]),
    "a compaction that failed": ({"type": "compaction", "content": None}, [compacted(None)]),
    "a thought": ({"type": "thinking", "thinking": "hm", "signature": SECRET}, [thought("hm")]),
    "a thought that is not told": ({"type": "thinking", "thinking": "", "signature": SECRET}, []),
    "a thought that is encrypted": ({"type": "redacted_thinking", "data": SECRET}, [unread("redacted_thinking")]),
    "a call": ({"type": "tool_use", "id": "t1", "name": "f", "input": {"a": 1}}, [called("f", {"a": 1}, "t1")]),
    "a call of nothing": ({"type": "tool_use"}, [called("", None, None)]),
    "a result": ({"type": "tool_result", "tool_use_id": "t1", "content": "42"}, [result("42")]),
    "a result of blocks": (
        {"type": "tool_result", "tool_use_id": "t1", "content": [TEXT, {"type": "image", "source": PNG_SOURCE}]},
        [result([text("hi"), IMAGE])],
    ),
    "a result of documents": (
        {"type": "tool_result", "tool_use_id": "t1", "content": [{"type": "document", "source": PDF_SOURCE}]},
        [result([PDF])],
    ),
    "a result of references": (
        {"type": "tool_result", "tool_use_id": "t1", "content": [{"type": "tool_reference", "tool_name": "f"}]},
        [result([unread("tool_reference")])],
    ),
    "a result of nothing": ({"type": "tool_result", "tool_use_id": "t1"}, [result([])]),
    "a result that is none": ({"type": "tool_result", "content": {"data": SECRET}}, [result([], None)]),
    "a failure": (
        {"type": "tool_result", "tool_use_id": "t1", "content": "no", "is_error": True},
        [result({"is_error": True, "content": "no"})],
    ),
    "no failure": (
        {"type": "tool_result", "tool_use_id": "t1", "content": "42", "is_error": False},
        [result("42")],
    ),
    "a block unheard of": ({"type": "hologram", "data": SECRET}, [unread("hologram")]),
    "tools that are added": ({"type": "tool_addition", "tool": {"name": "f"}}, [unread("tool_addition")]),
    "a string": ("hi", [text("hi")]),
    "no block": ({"text": "hi"}, []),
    "no type": ({"type": None, "text": "hi"}, []),
}


@pytest.mark.parametrize("name", ASKED)
def test_what_a_block_of_a_request_says(name: str) -> None:
    said, expected = ASKED[name]
    content = heard(reader, {"messages": [{"role": "user", "content": [said]}]})
    assert content.input == [{"role": "user", "parts": expected}]
    assert SECRET not in json.dumps(content.input)
    assert PNG not in json.dumps(content.input)


FUNCTION = {"name": "f", "description": "does", "input_schema": {"type": "object", "properties": {}}}
CONVERSATION: list[Any] = [
    {"role": "user", "content": "hi"},
    {"role": "system", "content": [{"type": "text", "text": "Be brief."}]},
    {"role": "assistant", "content": [TEXT, {"type": "tool_use", "id": "t1", "name": "f", "input": {}}]},
    {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "t1", "content": "42"}]},
    {"role": "assistant", "content": "It is"},
]
BODY: dict[str, Any] = {
    "system": "Be kind.",
    "messages": CONVERSATION,
    "tools": [
        FUNCTION | {"cache_control": {"type": "ephemeral"}},
        FUNCTION | {"type": "custom", "name": "g", "description": None},
        {"type": "web_search_20250305", "name": "web_search", "max_uses": 3, "allowed_domains": ["a.b"]},
        {"type": "computer_20250124", "name": "computer", "display_width_px": 1},
        {"type": "mcp_toolset", "mcp_server_name": "wiki"},
        {"type": "browser_toolset_20260801"},
    ],
    "mcp_servers": [{"type": "url", "name": "wiki", "url": "https://a.b", "authorization_token": SECRET}],
}


def test_what_a_request_says() -> None:
    content = heard(reader, BODY)
    assert content.instructions == [text("Be kind.")]
    assert content.input == [
        {"role": "user", "parts": [text("hi")]},
        {"role": "system", "parts": [text("Be brief.")]},
        {"role": "assistant", "parts": [text("hi"), called("f", {}, "t1")]},
        {"role": "user", "parts": [result("42")]},
        {"role": "assistant", "parts": [text("It is")]},
    ]
    assert content.tools == [
        {"type": "function", "name": "f", "description": "does", "parameters": FUNCTION["input_schema"]},
        {"type": "function", "name": "g", "parameters": FUNCTION["input_schema"]},
        {"type": "web_search_20250305", "name": "web_search"},
        {"type": "computer_20250124", "name": "computer"},
        {"type": "mcp_toolset", "name": "wiki"},
        {"type": "browser_toolset_20260801", "name": "browser_toolset_20260801"},
    ]


def test_schemas_of_tools_are_not_copied_for_nobody() -> None:
    content = Content(tool_parameters=False)
    reader.CONTENT.read_input(content, BODY)
    assert content.tools is not None
    assert content.tools[0] == {"type": "function", "name": "f", "description": "does"}


@pytest.mark.parametrize(
    "body, expected",
    [
        ({}, Content()),
        ({"system": "", "messages": [], "tools": []}, Content()),
        ({"system": None, "messages": None, "tools": None}, Content()),
        ({"system": 7, "messages": "hi", "tools": {"name": "f"}}, Content()),
        ({"system": [TEXT, TEXT]}, Content(instructions=[text("hi"), text("hi")])),
        ({"system": [{"type": "image", "source": PNG_SOURCE}]}, Content(instructions=[unread("uri")])),
        ({"messages": [{"role": "user", "content": ""}]}, Content(input=[{"role": "user", "parts": []}])),
        ({"messages": [{"content": "hi"}, {}, None, 7]}, Content(input=[{"role": "unknown", "parts": [text("hi")]}])),
        ({"tools": [None, {}, 7, {"type": "custom"}]}, Content(tools=[{"type": "function", "name": "function"}])),
    ],
    ids=spelled,
)
def test_what_an_odd_request_says(body: Any, expected: Content) -> None:
    assert heard(reader, body) == expected


@pytest.mark.parametrize("at", range(len(ODD)))
def test_whatever_an_application_sends_is_no_fault_of_ours(at: int) -> None:
    said = ODD[at]
    heard(reader, {"system": said, "messages": said, "tools": said})
    heard(reader, {"system": [said], "messages": [said, {"role": said, "content": said}], "tools": [said]})
    names = ("text", "source", "content", "context", "title", "input", "id", "name", "tool_use_id", "is_error")
    for kind in sorted(reader.CONTENT._BLOCKS):
        blocks = [{"type": kind, **dict.fromkeys(names, said)}, {"type": kind, "content": [said, {"type": said}]}]
        heard(reader, {"messages": [{"role": "user", "content": blocks}]})
    sources = [dict.fromkeys(("data", "url", "file_id", "content", "media_type"), said) | {"type": kind} for kind in
               ("base64", "url", "file", "text", "content", said)]  # fmt: skip
    blocks = [{"type": kind, "source": source} for kind in ("image", "document") for source in sources]
    heard(reader, {"messages": [{"role": "user", "content": blocks}]})
    heard(reader, {"tools": [{"type": said, "name": said, "mcp_server_name": said, "input_schema": said}]})


@pytest.mark.parametrize("kind", [kind for kind in sorted(reader.CONTENT._BLOCKS) if kind.endswith("_tool_result")])
def test_a_result_without_an_end(kind: str) -> None:
    endless: dict[str, Any] = {"url": "https://a.b"}
    endless["content"] = [endless, [endless]]
    content = heard(reader, {"messages": [{"role": "assistant", "content": [{"type": kind, "content": endless}]}]})
    assert ("https://a.b" in json.dumps(content.input)) is (kind != "mcp_tool_result")  # whose results are text


def test_an_iterator_is_left_to_the_sdk() -> None:
    lines = iter([{"role": "user", "content": "hi"}])
    assert heard(reader, {"messages": lines, "system": lines, "tools": lines}) == Content()
    assert len(list(lines)) == 1


# --- blocks as they stand in an answer

DIRECT = {"type": "direct"}
NESTED = {"a": [1, None, {}, [{"b": None}]], "c": {}, "d": None, "e": [{"f": None}]}
FOUND = {
    "type": "web_search_result",
    "url": "https://a.b",
    "title": "t",
    "page_age": "1 day",
    "encrypted_content": SECRET,
}
RAN = {"stdout": "1", "stderr": "", "return_code": 0}
OUTPUT = [{"type": "code_execution_output", "file_id": "f1"}]

BLOCKS: dict[str, tuple[Any, list[Any]]] = {
    "text": (TEXT, [text("hi")]),
    "text with citations": (
        TEXT | {"citations": [CITATION | {"start_char_index": 0, "end_char_index": 1, "file_id": None}]},
        [text("hi")],
    ),
    "a thought": ({"type": "thinking", "thinking": "hm", "signature": SECRET}, [thought("hm")]),
    "a thought that is not told": ({"type": "thinking", "thinking": "", "signature": SECRET}, []),
    "a thought that is encrypted": ({"type": "redacted_thinking", "data": SECRET}, [unread("redacted_thinking")]),
    "a call": (
        {"type": "tool_use", "id": "t1", "name": "f", "input": NESTED, "caller": DIRECT},
        [called("f", NESTED, "t1")],
    ),
    "a call of the browser": (
        {
            "type": "tool_use",
            "id": "t1",
            "name": "navigate",
            "toolset_name": "browser",
            "input": {"url": "https://a.b"},
        },
        [called("navigate", {"url": "https://a.b"}, "t1")],
    ),
    "a search of the web": (
        {"type": "server_tool_use", "id": "t1", "name": "web_search", "input": {"query": "q"}, "caller": DIRECT},
        [hosted("web_search", input={"query": "q"})],
    ),
    "what it found": (
        {"type": "web_search_tool_result", "tool_use_id": "t1", "content": [FOUND, FOUND | {"page_age": None}]},
        [
            returned(
                "web_search",
                content=[
                    {"type": "web_search_result", "url": "https://a.b", "title": "t", "page_age": "1 day"},
                    {"type": "web_search_result", "url": "https://a.b", "title": "t"},
                ],
            )
        ],
    ),
    "nothing found": (
        {"type": "web_search_tool_result", "tool_use_id": "t1", "content": []},
        [returned("web_search", content=[])],
    ),
    "a search that failed": (
        {
            "type": "web_search_tool_result",
            "tool_use_id": "t1",
            "content": {"type": "web_search_tool_result_error", "error_code": "max_uses_exceeded"},
        },
        [returned("web_search", content={"type": "web_search_tool_result_error", "error_code": "max_uses_exceeded"})],
    ),
    "a page": (
        {
            "type": "web_fetch_tool_result",
            "tool_use_id": "t1",
            "content": {
                "type": "web_fetch_result",
                "url": "https://a.b",
                "retrieved_at": "now",
                "content": {
                    "type": "document",
                    "title": "t",
                    "source": {"type": "text", "media_type": "text/plain", "data": "hi"},
                },
            },
        },
        [
            returned(
                "web_fetch",
                content={
                    "type": "web_fetch_result",
                    "url": "https://a.b",
                    "retrieved_at": "now",
                    "content": [text("hi")],
                },
            )
        ],
    ),
    "a page of bytes": (
        {
            "type": "web_fetch_tool_result",
            "tool_use_id": "t1",
            "content": {
                "type": "web_fetch_result",
                "url": "https://a.b",
                "content": {"type": "document", "source": PDF_SOURCE},
            },
        },
        [returned("web_fetch", content={"type": "web_fetch_result", "url": "https://a.b", "content": [PDF]})],
    ),
    "code": (
        {"type": "server_tool_use", "id": "t1", "name": "code_execution", "input": {"code": "1"}},
        [hosted("code_execution", input={"code": "1"})],
    ),
    "what code gave": (
        {
            "type": "code_execution_tool_result",
            "tool_use_id": "t1",
            "content": {"type": "code_execution_result", "content": OUTPUT, **RAN},
        },
        [returned("code_execution", content={"type": "code_execution_result", "content": OUTPUT, **RAN})],
    ),
    "what code gave, encrypted": (
        {
            "type": "code_execution_tool_result",
            "tool_use_id": "t1",
            "content": {
                "type": "encrypted_code_execution_result",
                "encrypted_stdout": SECRET,
                "content": [],
                "stderr": "no",
                "return_code": 1,
            },
        },
        [
            returned(
                "code_execution",
                content={
                    "type": "encrypted_code_execution_result",
                    "content": [],
                    "stderr": "no",
                    "return_code": 1,
                },
            )
        ],
    ),
    "what a shell gave": (
        {
            "type": "bash_code_execution_tool_result",
            "tool_use_id": "t1",
            "content": {"type": "bash_code_execution_result", "content": [], **RAN},
        },
        [returned("bash_code_execution", content={"type": "bash_code_execution_result", "content": [], **RAN})],
    ),
    "a file that was looked at": (
        {
            "type": "text_editor_code_execution_tool_result",
            "tool_use_id": "t1",
            "content": {
                "type": "text_editor_code_execution_view_result",
                "content": "hi",
                "file_type": "text",
                "num_lines": 1,
                "start_line": None,
            },
        },
        [
            returned(
                "text_editor_code_execution",
                content={
                    "type": "text_editor_code_execution_view_result",
                    "content": "hi",
                    "file_type": "text",
                    "num_lines": 1,
                },
            )
        ],
    ),
    "an image that was looked at": (
        {
            "type": "text_editor_code_execution_tool_result",
            "tool_use_id": "t1",
            "content": {"type": "text_editor_code_execution_view_result", "content": PNG, "file_type": "image"},
        },
        [
            returned(
                "text_editor_code_execution",
                content={
                    "type": "text_editor_code_execution_view_result",
                    "content": embedded(PIXEL, "document"),
                    "file_type": "image",
                },
            )
        ],
    ),
    "a file that was changed": (
        {
            "type": "text_editor_code_execution_tool_result",
            "tool_use_id": "t1",
            "content": {"type": "text_editor_code_execution_create_result", "is_file_update": False},
        },
        [
            returned(
                "text_editor_code_execution",
                content={"type": "text_editor_code_execution_create_result", "is_file_update": False},
            )
        ],
    ),
    "tools that were found": (
        {
            "type": "tool_search_tool_result",
            "tool_use_id": "t1",
            "content": {
                "type": "tool_search_tool_search_result",
                "tool_references": [{"type": "tool_reference", "tool_name": "f"}],
            },
        },
        [
            returned(
                "tool_search",
                content={
                    "type": "tool_search_tool_search_result",
                    "tool_references": [{"type": "tool_reference", "tool_name": "f"}],
                },
            )
        ],
    ),
    "an upload": ({"type": "container_upload", "file_id": "f1"}, [uploaded("document", "f1")]),
    "a call of MCP": (
        {"type": "mcp_tool_use", "id": "t1", "name": "ask", "server_name": "wiki", "input": {"q": 1}},
        [hosted("ask", tool="mcp", server_name="wiki", input={"q": 1})],
    ),
    "what MCP gave": (
        {"type": "mcp_tool_result", "tool_use_id": "t1", "is_error": False, "content": [TEXT]},
        [returned("mcp", content=[text("hi")])],
    ),
    "what MCP gave as a string": (
        {"type": "mcp_tool_result", "tool_use_id": "t1", "is_error": True, "content": "no"},
        [returned("mcp", content="no", is_error=True)],
    ),
    "a compaction": (
        {"type": "compaction", "content": "so far", "encrypted_content": SECRET, "signature": SECRET},
        [compacted("so far")],
    ),
    "a compaction that failed": ({"type": "compaction", "content": None}, [compacted(None)]),
    "advice": (
        {
            "type": "advisor_tool_result",
            "tool_use_id": "t1",
            "content": {"type": "advisor_result", "text": "do", "stop_reason": "end_turn"},
        },
        [returned("advisor", content={"type": "advisor_result", "text": "do", "stop_reason": "end_turn"})],
    ),
    "advice that is not told": (
        {
            "type": "advisor_tool_result",
            "tool_use_id": "t1",
            "content": {"type": "advisor_redacted_result", "encrypted_content": SECRET},
        },
        [returned("advisor", content={"type": "advisor_redacted_result"})],
    ),
    "another model": (
        {
            "type": "fallback",
            "from": {"model": "a"},
            "to": {"model": "b"},
            "trigger": {"type": "refusal", "category": None},
        },
        [unread("fallback")],
    ),
    "tools of MCP": (
        {"type": "mcp_tool_listing", "mcp_server_name": "wiki", "tools": [{"name": "f", "input_schema": {}}]},
        [unread("mcp_tool_listing")],
    ),
    "a block unheard of": ({"type": "hologram", "data": SECRET}, [unread("hologram")]),
}


def spoke(reason: str | None, *parts: Any) -> list[dict[str, Any]]:
    return [{"role": "assistant", "parts": list(parts)} | ({} if reason is None else {"finish_reason": reason})]


@each_shape
@pytest.mark.parametrize("name", BLOCKS)
def test_what_a_block_of_an_answer_says(name: str, shape: Shape) -> None:
    said, expected = BLOCKS[name]
    content = answered(reader, shape(message(said), Message))
    assert content == Content(output=spoke("stop", *expected))
    assert SECRET not in json.dumps(content.output)
    assert PNG not in json.dumps(content.output)
    # and the same when it is sent back
    asked = heard(reader, {"messages": [{"role": "assistant", "content": [said]}]})
    assert asked.input == [{"role": "assistant", "parts": expected}]


@pytest.mark.parametrize(
    "reason, expected",
    [
        ("end_turn", "stop"),
        ("stop_sequence", "stop"),
        ("tool_use", "tool_call"),
        ("max_tokens", "length"),
        ("model_context_window_exceeded", "length"),
        ("refusal", "content_filter"),
        ("compaction", "compaction"),
        ("pause_turn", "pause_turn"),
        ("vibes", "vibes"),
        (None, None),
        ("", None),
        (["end_turn"], None),
    ],
)
def test_how_an_answer_ends(reason: Any, expected: str | None) -> None:
    for shape in SHAPES:
        said = shape(message(TEXT, stop_reason=reason), Message)
        assert answered(reader, said).output == spoke(expected, text("hi"))
        events = [shape(one, Event) for one in (began(), block(TEXT), ended(COUNTS, reason))]
        assert streamed(reader, events).output == spoke(expected, text("hi"))


@pytest.mark.parametrize("said", [None, "hi", 7, [], [{}], object(), {}], ids=spelled)
def test_what_is_no_answer_and_no_event_says_nothing(said: Any) -> None:
    assert answered(reader, said) == Content()
    assert streamed(reader, [said, objects(said)]) == Content()


@each_shape
def test_an_answer_of_nothing(shape: Shape) -> None:
    assert answered(reader, shape(message(stop_reason="refusal"), Message)).output == spoke("content_filter")
    assert answered(reader, shape(message(stop_reason=None), Message)).output is None


# --- streams

OPEN = {"type": "text", "text": ""}
COMPACTION = {"type": "compaction", "content": None}
CALL = {"type": "tool_use", "id": "t1", "name": "f", "input": {}}
STREAMS: dict[str, tuple[list[Any], Any]] = {
    "no event": ([], None),
    "begun": ([began()], None),
    "a block begun": ([began(), block(OPEN)], None),
    "text": ([began(), block(OPEN), piece("text_delta", "h"), PING, piece("text_delta", "i")], spoke(None, text("hi"))),
    "text to its end": (
        [began(), block(OPEN), piece("text_delta", "hi"), stop(), ended(COUNTS), OVER],
        spoke("stop", text("hi")),
    ),
    "text that was there at once": ([began(), block(TEXT), piece("text_delta", "!")], spoke(None, text("hi!"))),
    "citations between": (
        [block(OPEN), piece("text_delta", "h"), piece("citations_delta", CITATION), piece("text_delta", "i")],
        spoke(None, text("hi")),
    ),
    "a thought and text": (
        [
            block({"type": "thinking", "thinking": "", "signature": ""}),
            piece("thinking_delta", "h"),
            piece("thinking_delta", "m"),
            piece("signature_delta", SECRET),
            stop(),
            block(OPEN, 1),
            piece("text_delta", "hi", 1),
            stop(1),
            ended(COUNTS),
        ],
        spoke("stop", thought("hm"), text("hi")),
    ),
    "a thought that is not told": (
        [
            block({"type": "thinking", "thinking": "", "signature": ""}),
            piece("signature_delta", SECRET),
            block({"type": "redacted_thinking", "data": SECRET}, 1),
        ],
        spoke(None, unread("redacted_thinking")),
    ),
    "a call": (
        [
            block(CALL),
            piece("input_json_delta", ""),
            piece("input_json_delta", '{"a"'),
            piece("input_json_delta", ": 1}"),
            ended(COUNTS, "tool_use"),
        ],
        spoke("tool_call", called("f", {"a": 1}, "t1")),
    ),
    "a call of nothing": (
        [block(CALL), piece("input_json_delta", ""), ended(COUNTS, "tool_use")],
        spoke("tool_call", called("f", {}, "t1")),
    ),
    "a call cut off": (
        [block(CALL), piece("input_json_delta", '{"a": "b')],
        spoke(None, called("f", '{"a": "b', "t1")),
    ),
    "a call that began before": ([piece("input_json_delta", '{"a": 1}', 3)], spoke(None, called("", {"a": 1}, None))),
    "a search of the web": (
        [
            block({"type": "server_tool_use", "id": "t1", "name": "web_search", "input": {}}),
            piece("input_json_delta", '{"query": "q"}'),
            block(BLOCKS["what it found"][0], 1),
        ],
        spoke(None, hosted("web_search", input={"query": "q"}), *BLOCKS["what it found"][1]),
    ),
    "blocks that come between each other": (
        [
            block(OPEN),
            block(OPEN, 1),
            piece("text_delta", "a"),
            piece("text_delta", "b", 1),
            piece("text_delta", "A"),
            piece("text_delta", "B", 1),
        ],
        spoke(None, text("aA"), text("bB")),
    ),
    "blocks out of order": (
        [block(OPEN, 1), piece("text_delta", "b", 1), block(OPEN), piece("text_delta", "a")],
        spoke(None, text("a"), text("b")),
    ),
    "a block that begins again": (
        [block(OPEN), piece("text_delta", "a"), block(OPEN), piece("text_delta", "b"), piece("text_delta", "c")],
        spoke(None, text("bc")),
    ),
    "pieces of two kinds": (
        [
            block({"type": "thinking", "thinking": "", "signature": ""}),
            piece("text_delta", "a"),
            piece("thinking_delta", "b"),
            piece("text_delta", "c"),
            piece("thinking_delta", "d"),
        ],
        spoke(None, thought("bd")),
    ),
    "an error in the middle": (
        [began(), block(OPEN), piece("text_delta", "h"), error(type="overloaded_error")],
        spoke(None, text("h")),
    ),
    "an error at once": ([error(type="overloaded_error")], None),
    "a number far out": (
        [block(OPEN, 10**15), piece("text_delta", "h", 10**15), piece("text_delta", "i", 10**15)],
        spoke(None, text("hi")),
    ),
    "numbers far apart": (
        [block(OPEN, 1000), piece("text_delta", "b", 1000), block(OPEN, 7), piece("text_delta", "a", 7)],
        spoke(None, text("a"), text("b")),
    ),
    "numbers that are none": (
        [one for at in (-1, [0], {"a": 0}, 1.5) for one in (block(TEXT, at), *[piece("text_delta", "h", at)] * 2)],
        None,
    ),
    "no numbers": (
        [
            block(OPEN, None),
            piece("text_delta", "a", None),
            piece("text_delta", "b", None),
            block(OPEN, None),
            piece("text_delta", "c", None),
            piece("text_delta", "d", None),
        ],
        spoke(None, text("ab"), text("cd")),
    ),
    "a compaction": (
        [began(), block(COMPACTION), piece("compaction_delta", "so far"), stop(), ended(COUNTS, "compaction")],
        spoke("compaction", compacted("so far")),
    ),
    "a compaction begun": ([block(COMPACTION)], spoke(None, compacted(None))),
    "a compaction that began before": ([piece("compaction_delta", "so far")], spoke(None, compacted("so far"))),
    "wrong types": (
        [
            block(OPEN),
            piece("text_delta", 7),
            piece("text_delta", "h"),
            piece("text_delta", {"a": 1}),
            piece("text_delta", ["x"]),
            piece("text_delta", "i"),
            {"type": "content_block_delta", "index": 0, "delta": 7},
            {"type": "content_block_delta", "index": 0, "delta": {"type": {}}},
            {"type": "content_block_delta", "index": 0},
            block(7, 1),
            {"type": "content_block_start", "index": 2},
            {"type": ["content_block_start"]},
            {},
        ],
        spoke(None, text("hi")),
    ),
}


@each_shape
@pytest.mark.parametrize("name", STREAMS)
def test_what_a_stream_says(name: str, shape: Shape) -> None:
    events, expected = STREAMS[name]
    assert streamed(reader, [shape(one, Event) for one in events]).output == expected


def test_what_the_sdk_makes_of_a_block_later_changes_nothing() -> None:
    """Older helpers put together the whole message in the objects of the events."""
    start, transcript = typed(block(OPEN), Event), reader.CONTENT.Transcript()
    transcript.fold(start)
    start.content_block.text += "hi"
    transcript.fold(typed(piece("text_delta", "hi"), Event))
    for _ in range(2):
        assert [dict(one)["text"] for one in transcript.blocks()] == ["hi"]


def test_as_much_is_kept_as_came() -> None:
    """One string for a chunk, and nothing of the events."""
    transcript = reader.CONTENT.Transcript()
    for _ in range(100):
        transcript.fold(typed(piece("text_delta", "hi"), Event))
    assert transcript._pieces == {0: {"text_delta": ["hi"] * 100}}


# --- the law: a stream says what the whole answer says, and so does as much of it as came


def in_events(said: Any, index: int) -> list[dict[str, Any]]:
    """The events of one block, as the real service sends them: what is no text comes at once."""
    kind = said["type"]
    if kind in ("text", "thinking"):
        pieces = [piece(f"{kind}_delta", one, index) for one in said[kind]]
        return [block(said | {kind: ""}, index), *pieces, stop(index)]
    if "input" in said:
        pieces = [piece("input_json_delta", one, index) for one in json.dumps(said["input"])]
        return [block(said | {"input": {}}, index), *pieces, stop(index)]
    return [block(said, index), stop(index)]


@each_shape
@pytest.mark.parametrize("names", [*([name] for name in BLOCKS), list(BLOCKS)], ids=lambda names: names[0])
def test_a_stream_says_what_its_whole_answer_says(names: list[str], shape: Shape) -> None:
    said = [BLOCKS[name][0] for name in names]
    events = [began(), *(event for index, one in enumerate(said) for event in in_events(one, index))]
    whole = answered(reader, shape(message(*said), Message)).output
    assert whole
    assert streamed(reader, [shape(one, Event) for one in (*events, ended(COUNTS), OVER)]).output == whole
    del whole[0]["finish_reason"]
    left = streamed(reader, [shape(one, Event) for one in events]).output
    assert left == (whole if whole[0]["parts"] else None)


@each_shape
@pytest.mark.parametrize("recording", recordings("messages", streams=True))
def test_a_recorded_stream_says_what_its_whole_answer_says(recording: Recorded, shape: Shape) -> None:
    assert heard(reader, recording.request).input
    whole = answered(reader, shape(recording.whole, Message)).output
    events = [shape(one, Event) for one in recording.events]
    assert streamed(reader, events).output == whole
    assert whole
    del whole[0]["finish_reason"]
    assert streamed(reader, events[:-2]).output == whole  # without how it ends
    said = "".join(part.get("content", "") for part in whole[0]["parts"])
    for end in range(len(events)):
        for found in streamed(reader, events[:end]).output or ():
            assert said.startswith("".join(part.get("content", "") for part in found["parts"]))


@each_shape
@pytest.mark.parametrize("recording", recordings("messages"))
def test_what_a_recording_says(recording: Recorded, shape: Shape) -> None:
    content = heard(reader, recording.request)
    assert len(content.input or ()) == len(recording.request["messages"])
    assert (content.instructions is None) is ("system" not in recording.request)
    assert [tool["name"] for tool in content.tools or ()] == [
        tool["name"] for tool in recording.request.get("tools", ())
    ]
    (output,) = answered(reader, shape(recording.whole, Message)).output or ()
    assert output["parts"] == [
        text(one["text"]) if one["type"] == "text" else called(one["name"], one["input"], one["id"])
        for one in recording.whole["content"]
    ]


# --- whatever comes

LONG = b64encode(PIXEL * 999).decode()


@pytest.mark.parametrize("kind", [*sorted(reader.CONTENT._BLOCKS), "hologram"])
def test_bytes_that_no_part_is_made_for_stay_behind(kind: str) -> None:
    source = {"type": "base64", "data": LONG}
    said = {"type": kind, "data": LONG, "encrypted_content": LONG, "signature": LONG, "source": source}
    within = {"type": "image", "source": source, "data": LONG}
    for content in (within, [within], [said], {"encrypted_content": LONG, "content": [within]}):
        spoken = heard(reader, {"messages": [{"role": "user", "content": [said | {"content": content}]}]})
        assert LONG[:40] not in json.dumps(spoken.input)


@given(data=st.data())
@modestly
def test_any_request(data: st.DataObject) -> None:
    blocks = data.draw(st.lists(st.sampled_from([said for said, _ in (*ASKED.values(), *BLOCKS.values())]), max_size=4))
    whole = {**BODY, "messages": [*CONVERSATION, {"role": "user", "content": blocks}]}
    body = data.draw((odd(whole) | mutated(whole)).filter(lambda body: isinstance(body, dict)))
    before = repr(body)
    content = heard(reader, body)
    assert repr(body) == before
    emptied(content.instructions)
    emptied(content.input)
    emptied(content.tools)
    assert repr(body) == before  # nothing is shared


some_blocks = st.lists(st.sampled_from([said for said, _ in BLOCKS.values()]), max_size=4)


@given(data=st.data())
@modestly
def test_any_answer(data: st.DataObject) -> None:
    whole = message(*data.draw(some_blocks))
    said = data.draw(odd(whole) | mutated(whole))
    for shape in SHAPES:
        answered(reader, shape(said, Message))


@given(data=st.data())
@modestly
def test_any_stream(data: st.DataObject) -> None:
    events, _ = data.draw(st.sampled_from(list(STREAMS.values())))
    said = data.draw(mutated([*events, data.draw(whatever)]) | odd(events))
    for shape in SHAPES:
        streamed(reader, [shape(one, Event) for one in (said if isinstance(said, list) else [said])])


@pytest.mark.parametrize("recording", recordings("messages")[::3])
@given(data=st.data())
@modestly
def test_any_change_to_a_recording(recording: Recorded, data: st.DataObject) -> None:
    heard(reader, data.draw(mutated(recording.request).filter(lambda body: isinstance(body, dict))))
    if recording.streams:
        events = data.draw(mutated(recording.events[:7] + recording.events[-3:]))
        streamed(reader, [typed(one, Event) for one in (events if isinstance(events, list) else [events])])
    answered(reader, typed(data.draw(mutated(recording.whole)), Message))
