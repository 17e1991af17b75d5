"""The blocks of Anthropic's messages that are calls of tools and what came of them, and the tools themselves."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any, Final, cast

from genscope.core import messages
from genscope.core.messages import Content, Part
from genscope.wire.anthropic_parts import PARTS, Fields, Kinds, parts_of
from genscope.wire.fields import JsonObject
from genscope.wire.json_values import copied, items, label, named, parsed, words
from genscope.wire.tool_definitions import read_tools

_Json = Mapping[str, Any]


def read_definitions(content: Content, tools: Any) -> None:
    """Add the tools that a request offers. Those of the application are functions; the others name their type."""
    read_tools(content, [_definition(said) for said in map(named, items(tools)) if said])


def _definition(said: Fields) -> _Json:
    kind = label(said.get("type")) or "custom"
    if kind == "custom":
        description, parameters = said.get("description"), said.get("input_schema")
        return {"type": "function", "name": said.get("name"), "description": description, "parameters": parameters}
    return {"type": kind, "name": label(said.get("name")) or label(said.get("mcp_server_name"))}


def _call(said: Fields) -> Iterator[Part]:
    yield messages.tool_call(label(said.get("name")) or "", label(said.get("id")), _input(said))


def _input(said: Fields) -> Any:
    """What a tool is called with: an object, in a stream its text. A null in it is an argument like any other."""
    return parsed(_as_it_came(said.get("input")))


def _as_it_came(value: Any, depth: int = 8) -> Any:
    """The JSON that `objects` has made readable."""
    if depth:
        if type(value) is JsonObject:
            return {name: _as_it_came(field, depth - 1) for name, field in vars(value).items()}
        if type(value) is list:
            return [_as_it_came(item, depth - 1) for item in cast("list[Any]", value)]
    return value


def _result(said: Fields) -> Iterator[Part]:
    """Text or parts; under a key of an object if the tool failed, for there is no other place to say that."""
    response = _answered(said.get("content"))
    if said.get("is_error") is True:
        response = {"is_error": True, "content": response}
    yield messages.tool_call_response(label(said.get("tool_use_id")), response)


def _answered(content: Any) -> str | list[Part]:
    written = words(content)
    return parts_of(content) if written is None else written


def _hosted_call(said: Fields, *, tool: str | None = None) -> Iterator[Part]:
    name = label(said.get("name")) or tool or "server_tool_use"
    call = {"type": tool or name, "server_name": label(said.get("server_name")), "input": _input(said)}
    yield messages.server_tool_call(name, label(said.get("id")), _without_nulls(call))


def _hosted_result(said: Fields, *, tool: str) -> Iterator[Part]:
    response = {"type": tool, "content": _shown(said.get("content"))}
    yield messages.server_tool_call_response(label(said.get("tool_use_id")), _without_nulls(response))


def _mcp_result(said: Fields) -> Iterator[Part]:
    response: Part = {"type": "mcp", "content": _answered(said.get("content"))}
    if said.get("is_error") is True:
        response["is_error"] = True
    yield messages.server_tool_call_response(label(said.get("tool_use_id")), response)


_SHOWN: Final = frozenset(
    {
        *("type", "content", "text", "title", "url", "page_age", "retrieved_at", "error_code", "error_message"),
        *("stdout", "stderr", "return_code", "file_id", "tool_references", "tool_name", "stop_reason"),
        *("file_type", "num_lines", "start_line", "total_lines", "is_file_update"),
        *("lines", "new_lines", "new_start", "old_lines", "old_start"),
    }
)
"""What the results of the provider's tools say in the open; the rest is encrypted, or nobody's who reads this."""


def _shown(value: Any, depth: int = 8) -> Any:
    """A result without what is encrypted and without bytes; null if there is nothing else."""
    written = words(value)
    if written is not None or not depth:
        return written
    if type(value) in (bool, int, float):
        return copied(value)
    found = items(value)
    if found or type(value) is list:
        return [_shown(item, depth - 1) for item in found]
    said = named(value)
    if label(said.get("type")) in PARTS:
        return parts_of((said,))
    shown = {name: _shown(field, depth - 1) for name, field in said.items() if name in _SHOWN}
    if label(said.get("file_type")) in ("image", "pdf"):  # what is in the file may come as base64
        data = words(said.get("content"))
        shown["content"] = messages.embedded(data) if data else None
    return _without_nulls(shown) or None


def _without_nulls(said: Part) -> Part:
    return {name: value for name, value in said.items() if value is not None}


TOOLS: Final[Kinds] = {
    "tool_use": _call,
    "tool_result": _result,
    "server_tool_use": _hosted_call,
    "mcp_tool_use": partial(_hosted_call, tool="mcp"),
    "mcp_tool_result": _mcp_result,
    "advisor_tool_result": partial(_hosted_result, tool="advisor"),
    "bash_code_execution_tool_result": partial(_hosted_result, tool="bash_code_execution"),
    "code_execution_tool_result": partial(_hosted_result, tool="code_execution"),
    "text_editor_code_execution_tool_result": partial(_hosted_result, tool="text_editor_code_execution"),
    "tool_search_tool_result": partial(_hosted_result, tool="tool_search"),
    "web_fetch_tool_result": partial(_hosted_result, tool="web_fetch"),
    "web_search_tool_result": partial(_hosted_result, tool="web_search"),
}
