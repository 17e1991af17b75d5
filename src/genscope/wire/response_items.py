"""What is said in responses: https://platform.openai.com/docs/api-reference/responses

A `core.reader.ContentReader`. A response is made of items, a turn of the model of several: they are one message.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from genscope.core import messages
from genscope.core.messages import Content, Message, Part
from genscope.wire.content_parts import instructions_of, parts_of
from genscope.wire.json_values import items, label, named, words
from genscope.wire.response_events import finish_reason
from genscope.wire.response_tools import read_tool
from genscope.wire.response_transcripts import Transcript
from genscope.wire.tool_definitions import read_tools

__all__ = ["Transcript", "read_input", "read_instructions", "read_messages", "read_output"]

Fields = Mapping[str, Any]


def read_input(content: Content, body: Mapping[str, Any]) -> None:
    read_instructions(content, body.get("instructions"))
    read_messages(content, body.get("input"))
    read_tools(content, body.get("tools"))


def read_messages(content: Content, said: Any) -> None:
    """A string, or a list of items."""
    found = _messages((said,) if words(said) else items(said), "user")
    content.input = [one for one in found if one["parts"] or one["role"] != "assistant"] or None


def read_instructions(content: Content, said: Any) -> None:
    """A string; of a prompt template, which the provider fills in, a list of messages."""
    found = _messages((said,) if words(said) else items(said), "system")
    content.instructions = instructions_of(part for one in found for part in one["parts"])


def read_output(content: Content, answer: Any) -> None:
    """Of a `Response`, a `CompactedResponse`, or what a stream said."""
    said: Any = None
    if isinstance(answer, Transcript):
        answer, said = answer.snapshot, answer.said()
    found = _messages(items(getattr(answer, "output", None)) or items(said), "assistant")
    reason = finish_reason(answer)
    for message in reversed(found):
        if reason is not None and message["role"] == "assistant":
            message["finish_reason"] = reason
            break
    content.output = messages.spoken(found)


def _messages(said: Sequence[Any], role: str) -> list[Message]:
    """Items as messages. What the model said in a row is one message; `role` is for those who do not say it."""
    found: list[Message] = []
    hosted: set[str | None] = set()
    for item in said:
        speaker, parts = _read(item, role, hosted)
        if speaker is None:
            continue
        if speaker == "assistant" and found and found[-1]["role"] == "assistant":
            found[-1]["parts"] += parts
        else:
            found.append(messages.message(speaker, parts))
    return found


def _read(item: Any, role: str, hosted: set[str | None]) -> tuple[str | None, list[Part]]:
    """Who said an item, and its parts; nobody if it is none."""
    said = named(item)
    kind = label(said.get("type"))
    if kind is None:
        kind = "message" if "role" in said else "item_reference" if "id" in said else None
    if kind is None:
        parts = parts_of((item,))
        return (role if parts else None), parts
    if kind == "message":
        return label(said.get("role")) or role, parts_of(said.get("content"))
    if kind == "reasoning":
        return "assistant", list(_thoughts(said))
    if kind == "compaction":
        return "assistant", [messages.compaction(label(said.get("id")))]
    return read_tool(said, kind, hosted) or (
        label(said.get("role")) or role,
        [messages.other(kind, label(said.get("id")))],
    )


def _thoughts(said: Fields) -> Iterator[Part]:
    """What the model thought, or what it says of that; never what came encrypted."""
    for key in ("summary", "content"):
        for part in parts_of(said.get(key)):
            if "content" in part:
                yield messages.reasoning(part["content"])
