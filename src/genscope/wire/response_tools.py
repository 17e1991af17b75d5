"""The items of a response that are calls of tools, and what came of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from genscope.core import messages
from genscope.core.messages import Part
from genscope.wire.content_parts import result_of
from genscope.wire.json_values import copied, items, label, named, parsed, words
from genscope.wire.response_events import is_for_client

Fields = Mapping[str, Any]

_CALLS: Final[Mapping[str, Sequence[str]]] = {
    "function_call": ("arguments",),
    "custom_tool_call": ("input",),
    "apply_patch_call": ("operation",),
    "code_interpreter_call": ("code", "container_id"),
    "computer_call": ("action", "actions"),
    "file_search_call": ("queries",),
    "image_generation_call": ("action", "revised_prompt", "size", "quality", "background", "output_format"),
    "local_shell_call": ("action",),
    "mcp_approval_request": ("server_label", "arguments"),
    "mcp_call": ("server_label", "arguments"),
    "mcp_list_tools": ("server_label",),
    "program": ("code",),
    "shell_call": ("action",),
    "tool_search_call": ("arguments",),
    "web_search_call": ("action",),
}
"""What is asked of a tool."""

_RESULTS: Final[Mapping[str, Sequence[str]]] = {
    "apply_patch_call_output": ("status", "output"),
    "code_interpreter_call": ("outputs",),
    "computer_call_output": ("output",),
    "custom_tool_call_output": ("output",),
    "file_search_call": ("results",),
    "function_call_output": ("output",),
    "image_generation_call": ("result", "error"),
    "local_shell_call_output": ("output",),
    "mcp_approval_response": ("approve", "reason"),
    "mcp_call": ("output", "error"),
    "mcp_list_tools": ("tools", "error"),
    "program_output": ("result",),
    "shell_call_output": ("output",),
    "tool_search_output": ("tools",),
}
"""What came of it, in the same item or in one of its own."""

_HOSTED_RESULTS: Final = frozenset({"mcp_approval_response", "program_output"})


def read_tool(said: Fields, kind: str, hosted: set[str | None]) -> tuple[str, list[Part]] | None:
    """Who speaks, and the parts; None if it is no item of a tool's.

    `hosted` has the ids of the calls so far that ran at the provider, and gets this one's.
    """
    id = label(said.get("call_id")) or label(said.get("id"))
    called, result = _fields(said, kind, _CALLS), _fields(said, kind, _RESULTS)
    tool = kind.removesuffix("_output").removesuffix("_call")
    if kind in _CALLS:
        name = label(said.get("name")) or tool
        if is_for_client(said):
            return "assistant", [messages.tool_call(name, id, next(iter(called.values()), None))]
        hosted.add(id)
        parts = [messages.server_tool_call(name, id, {"type": tool, **called})]
        if result:
            parts.append(messages.server_tool_call_response(id, {"type": tool, **result}))
        return "assistant", parts
    if kind == "mcp_approval_response":
        return "user", [
            messages.server_tool_call_response(label(said.get("approval_request_id")), {"type": tool, **result})
        ]
    if kind in _RESULTS:
        if id in hosted or kind in _HOSTED_RESULTS or words(said.get("execution")) == "server":
            return "assistant", [messages.server_tool_call_response(id, {"type": tool, **result})]
        response = result if len(_RESULTS[kind]) > 1 else next(iter(result.values()), None)
        return "tool", [messages.tool_call_response(id, response)]
    return None


def _fields(said: Fields, kind: str, keys: Mapping[str, Sequence[str]]) -> dict[str, Any]:
    found = {key: _value(said[key], key, said) for key in keys.get(kind, ()) if key in said}
    return {key: value for key, value in found.items() if value is not None}


def _value(value: Any, key: str, said: Fields) -> Any:
    if key == "arguments":
        return parsed(value)
    if key == "result" and words(said.get("type")) == "image_generation_call":
        image, format = words(value), label(said.get("output_format"))
        return messages.embedded(image, format and f"image/{format}", "image") if image else None
    if key in ("output", "outputs"):
        return result_of(value)
    if key == "tools":  # without their schemas: a server of tools may have hundreds
        return [name for name in (label(named(tool).get("name")) for tool in items(value)) if name]
    written = words(value)
    return copied(value) if written is None else written
