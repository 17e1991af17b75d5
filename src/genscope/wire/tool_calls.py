"""Which tools an answer asks for, taken from what is said in it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from genscope.core.messages import Content
from genscope.core.operation import ToolCall
from genscope.wire.json_values import items, label, named


def said_calls(read_output: Callable[[Content, Any], None], answer: Any) -> Iterator[ToolCall]:
    """Those in the messages of an answer. Tools that ran at the provider are not among them."""
    content = Content()
    read_output(content, answer)
    for message in content.output or ():
        for part in message["parts"]:
            if part["type"] == "tool_call" and part.get("id"):
                yield ToolCall(part["id"], part.get("name"), part.get("arguments"))


def offered(tools: Any) -> frozenset[str] | None:
    """The names of the tools of a request; None if one has none."""
    found: set[str] = set()
    for tool in map(named, items(tools)):
        said = named(tool.get(label(tool.get("type")) or "")) or tool  # chat completions nest: {"function": {"name"}}
        name = label(said.get("name"))
        if name is None:
            return None
        found.add(name)
    return frozenset(found)


def trailing_ids(said: Iterable[Any], id_of: Callable[[Any], Any]) -> list[str]:
    """The ids of the items at the end of a conversation that `id_of` finds one in, in their order."""
    found: list[str] = []
    for item in said:
        id = label(id_of(item))
        if id is None:
            break
        found.append(id)
    return found[::-1]
