"""A streamed message, and how messages end: what the readers of Anthropic's formats have in common."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from genscope.core.operation import ToolCall
from genscope.wire.fields import members, text
from genscope.wire.typed_events import TypedEvents


class Answer(TypedEvents):
    """A streamed message: what its first event says of it, and what the later ones add."""

    __slots__ = ("calls", "compacted", "said", "usage")

    kept = frozenset({"message_start", "content_block_start", "message_delta", "error"})

    def __init__(self) -> None:
        super().__init__()
        self.said: dict[str, Any] = {}
        """Fields of the message, without its content."""
        self.usage: dict[str, Any] = {}
        """Its usage. The counts of an event are totals so far: the last that says one wins."""
        self.compacted = False
        self.calls: list[ToolCall] = []
        """The tools that it asks for; what with, comes later."""

    def keep(self, event: Any) -> None:
        said = members(event)
        kind = said.get("type")
        if kind == "content_block_start":
            self._keep_block(members(said.get("content_block")))
        elif kind == "message_delta":
            self.said.update(_told(members(said.get("delta")), _ENDING))
            self.usage.update(_told(members(said.get("usage"))))
        else:
            message = members(said.get("message"))
            if message:
                self.said = _told(message, (*_IDENTITY, *_ENDING))
                self.usage = _told(members(message.get("usage")))
                self.usage.pop("output_tokens", None)  # of what was not written yet

    def _keep_block(self, block: Mapping[str, Any]) -> None:
        kind = block.get("type")
        if kind == "compaction":
            self.compacted = True
        elif kind == "fallback":  # the model that began has declined, and another one goes on
            self.said.update(_told(members(block.get("to")), ("model",)))
        elif kind == "tool_use":
            id = text(block.get("id"))
            if id is not None:
                self.calls.append(ToolCall(id, text(block.get("name"))))

    def lead(self, event: Any) -> str | None:
        said = members(event)
        kind = said.get("type")
        if kind == "content_block_delta":
            piece = members(said.get("delta"))
        elif kind == "content_block_start":
            piece = members(said.get("content_block"))
        else:
            return None
        field, brought = _BROUGHT.get(text(piece.get("type")) or "", ("", None))
        return brought if piece.get(field) else None


_IDENTITY: Final = ("id", "model")
_ENDING: Final = ("stop_reason", "stop_details", "container")

_BROUGHT: Final = {
    "text": ("text", "text"),
    "text_delta": ("text", "text"),
    "thinking": ("thinking", "reasoning"),
    "thinking_delta": ("thinking", "reasoning"),
    "redacted_thinking": ("type", "reasoning"),
    "tool_use": ("type", "text"),
    "server_tool_use": ("type", "text"),
    "mcp_tool_use": ("type", "text"),
    "input_json_delta": ("type", "text"),
}
"""Type of a block or of a piece of one -> the field that must not be empty, and what it brings."""


def _told(said: Mapping[str, Any], names: tuple[str, ...] | None = None) -> dict[str, Any]:
    """What is not null. To the SDK's types a field that did not come is null: it takes nothing back."""
    return {name: value for name, value in said.items() if value is not None and (names is None or name in names)}


_FINISH_REASONS: Final = {
    "end_turn": "stop",
    "stop_sequence": "stop",
    "tool_use": "tool_call",
    "max_tokens": "length",
    "model_context_window_exceeded": "length",
    "refusal": "content_filter",
}


def finish_reason(stop_reason: Any) -> str | None:
    """The conventions' word for why a message ended, where they have one."""
    reason = text(stop_reason)
    return reason and _FINISH_REASONS.get(reason, reason)
