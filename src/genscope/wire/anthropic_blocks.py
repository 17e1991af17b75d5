"""What is said in Anthropic's messages: https://platform.claude.com/docs/en/api/messages

A `core.reader.ContentReader`. A message is a string, or a list of blocks of which each names its type.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from genscope.core import messages
from genscope.core.messages import Content
from genscope.wire.anthropic_events import finish_reason
from genscope.wire.anthropic_parts import PARTS, Kinds, parts_of
from genscope.wire.anthropic_tools import TOOLS, read_definitions
from genscope.wire.anthropic_transcripts import Transcript
from genscope.wire.content_parts import instructions_of
from genscope.wire.fields import members
from genscope.wire.json_values import items, label, named

__all__ = ["Transcript", "read_input", "read_output"]

_BLOCKS: Final[Kinds] = {**PARTS, **TOOLS}


def read_input(content: Content, body: Mapping[str, Any]) -> None:
    content.instructions = instructions_of(parts_of(body.get("system")))
    content.input = [
        messages.message(label(said.get("role")) or "unknown", parts_of(said.get("content"), _BLOCKS))
        for said in map(named, items(body.get("messages")))
        if said
    ] or None
    read_definitions(content, body.get("tools"))


def read_output(content: Content, answer: Any) -> None:
    """Of a `Message`, or what a stream said."""
    if isinstance(answer, Transcript):
        said, blocks = answer.said, answer.blocks()
    else:
        said = members(answer)
        blocks = said.get("content")
    reason = finish_reason(said.get("stop_reason"))
    message = messages.message("assistant", parts_of(blocks, _BLOCKS), finish_reason=reason)
    content.output = messages.spoken([message])
