"""A streamed response, and how a response ends: what `responses` and `response_items` both need to know."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from genscope.wire.fields import listed, objects, text
from genscope.wire.json_values import label, named
from genscope.wire.typed_events import TypedEvents


class Answer(TypedEvents):
    """A streamed response: its latest snapshot."""

    __slots__ = ("snapshot",)

    kept = frozenset(
        f"response.{name}" for name in ("created", "in_progress", "queued", "completed", "incomplete", "failed")
    ) | {"error"}
    """The events that carry the response as it is so far, and the one that ends a stream without."""

    def __init__(self) -> None:
        super().__init__()
        self.snapshot: Any = None

    def keep(self, event: Any) -> None:
        self.snapshot = objects(getattr(event, "response", None)) or self.snapshot

    def lead(self, event: Any) -> str | None:
        kind = text(getattr(objects(event), "type", None))
        if kind is not None and kind.endswith((".delta", ".partial_image")):
            return "reasoning" if kind.startswith("response.reasoning") else "text"
        return None


_FINISH_REASONS: Final = {"max_output_tokens": "length", "failed": "error", "cancelled": "error"}
_CLIENT_TOOLS: Final = frozenset(
    {"apply_patch_call", "computer_call", "custom_tool_call", "function_call", "local_shell_call"}
)


def finish_reason(answer: Any) -> str | None:
    """The API has a status instead; the conventions' word for it."""
    status = text(getattr(answer, "status", None))
    if status == "completed":
        output = listed(getattr(answer, "output", None))
        calls = (named(item) for item in output if getattr(item, "type", None) != "message")
        return "tool_call" if any(map(is_for_client, calls)) else "stop"
    if status == "incomplete":
        reason = text(getattr(getattr(answer, "incomplete_details", None), "reason", None))
        return _FINISH_REASONS.get(reason, reason) if reason else None
    return _FINISH_REASONS.get(status) if status else None


def lack_of(output: Iterable[Any]) -> str | None:
    """What the messages of an output are in want of: `empty`, `refused`."""
    lack: str | None = "empty"
    for item in output:
        for part in listed(getattr(item, "content", None)):
            if getattr(part, "text", None) and getattr(part, "type", None) == "output_text":
                return None
            if getattr(part, "refusal", None):
                lack = "refused"
    return lack


def is_for_client(item: Mapping[str, Any]) -> bool:
    """Whether an item waits for the application to act; the other tools ran at the provider."""
    kind = label(item.get("type"))
    if kind == "shell_call":
        return label(named(item.get("environment")).get("type")) != "container_reference"
    return kind in _CLIENT_TOOLS or (kind == "tool_search_call" and label(item.get("execution")) == "client")
