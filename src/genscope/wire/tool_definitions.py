"""The tools that a request offers to the model."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from genscope.core.messages import Content, ToolDefinition
from genscope.wire.json_values import copied, items, label, named, words


def read_tools(content: Content, tools: Any, *, kind: str | None = None) -> None:
    """Add `tools` to the content; they are of `kind` where they do not name one. No addresses, headers or keys."""
    found = list(_definitions(tools, kind, content.tool_parameters))
    if found:
        content.tools = [*(content.tools or ()), *found]


def _definitions(tools: Any, kind: str | None, with_parameters: bool) -> Iterator[ToolDefinition]:
    for tool in items(tools):
        said = named(tool)
        type = label(said.get("type")) or kind
        if type is None:
            continue
        said = named(said.get(type)) or said  # chat completions nest: {"type": "function", "function": {"name": ...}}
        found: ToolDefinition = {"type": type, "name": label(said.get("name")) or type}
        if type == "function":
            description, parameters = words(said.get("description")), named(said.get("parameters"))
            if description is not None:
                found["description"] = description
            if parameters and with_parameters:
                found["parameters"] = copied(parameters)
        yield found
