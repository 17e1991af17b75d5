"""Responses: https://platform.openai.com/docs/api-reference/responses, created, compacted, whole or streamed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, cast

from genscope.core.operation import Operation, ProviderError
from genscope.wire.fields import (
    Rule,
    integer,
    listed,
    number,
    objects,
    output_type,
    provider_error,
    read_identity,
    read_parameters,
    read_usage,
    service_tier,
    text,
    usage_keys,
)

OPERATION: Final = "chat"


def _inner(key: str, read: Any) -> Any:
    """Read one key of an object: `reasoning: {effort}`, `text: {format}`."""

    def rule(value: Any) -> Any:
        return read(cast("Mapping[str, Any]", value).get(key)) if isinstance(value, Mapping) else None

    return rule


def _id(value: Any) -> str | None:
    """An identifier, plain or as an object with an `id`."""
    return text(cast("Mapping[str, Any]", value).get("id") if isinstance(value, Mapping) else value)


PARAMETERS: Final[Mapping[str, Rule]] = {
    "max_output_tokens": ("max_tokens", integer),
    "temperature": ("temperature", number),
    "top_p": ("top_p", number),
    "reasoning": ("reasoning_level", _inner("effort", text)),
    "text": ("output_type", _inner("format", output_type)),
    "previous_response_id": ("previous_response_id", text),
    "conversation": ("conversation_id", _id),
    "prompt": ("prompt_name", _id),
    "service_tier": ("service_tier", service_tier),
}

_FINISH_REASONS: Final = {"max_output_tokens": "length", "failed": "error", "cancelled": "error"}
_CLIENT_TOOLS: Final = frozenset({"function_call", "custom_tool_call", "computer_call", "local_shell_call"})
"""Output items that wait for the application to act; the other tools ran at the provider."""

_USAGE: Final = usage_keys("input_tokens", "output_tokens")


def read_request(op: Operation, body: Mapping[str, Any]) -> None:
    read_parameters(op, body, PARAMETERS)
    if "prompt" in body:
        version = _inner("version", text)(body["prompt"])
        if version is not None:
            op.request["prompt_version"] = version
    op.request["api_type"] = "responses"


def read_response(op: Operation, answer: Any) -> None:
    """A `Response`, a `CompactedResponse`, or what a stream said."""
    error: Any = None
    if isinstance(answer, Answer):
        answer, error = answer.snapshot, answer.error
    read_identity(op, answer)
    op.usage = read_usage(getattr(answer, "usage", None), _USAGE)
    status = text(getattr(answer, "status", None))
    if status is not None and status != "completed":
        op.response["status"] = status
    conversation = text(getattr(getattr(answer, "conversation", None), "id", None))
    if conversation is not None:
        op.response["conversation_id"] = conversation
    kinds = {text(getattr(item, "type", None)) for item in listed(getattr(answer, "output", None))}
    if "compaction" in kinds:
        op.response["compacted"] = True
    reason = _finish_reason(answer, status, kinds)
    if reason is not None:
        op.finish_reasons = (reason,)
    if error is None and status == "failed":
        error = getattr(answer, "error", None) or ProviderError(type="response_failed")
    if error is not None:
        op.error = provider_error(error)


def _finish_reason(answer: Any, status: str | None, kinds: set[str | None]) -> str | None:
    """The API has a status instead; the conventions' word for it."""
    if status == "completed":
        return "tool_call" if kinds & _CLIENT_TOOLS else "stop"
    if status == "incomplete":
        reason = text(getattr(getattr(answer, "incomplete_details", None), "reason", None))
        return _FINISH_REASONS.get(reason, reason) if reason else None
    return _FINISH_REASONS.get(status) if status else None


_KEPT: Final = frozenset(
    f"response.{name}" for name in ("created", "in_progress", "queued", "completed", "incomplete", "failed")
) | {"error"}
"""The events that carry the response as it is so far, and the one that ends a stream without."""


class Answer:
    """A streamed response: its latest snapshot."""

    __slots__ = ("error", "snapshot")

    def __init__(self) -> None:
        self.snapshot: Any = None
        self.error: Any = None

    def fold(self, event: Any) -> None:
        try:
            if event.type in _KEPT:
                self._keep(event)
        except (AttributeError, TypeError):  # no type, no name of one, or plain JSON (`cast_to=object`)
            self._keep(objects(event))

    def _keep(self, event: Any) -> None:
        kind = text(getattr(event, "type", None))
        if kind == "error":
            error = getattr(event, "error", None)
            self.error = provider_error(event if error is None else error)
            if error is None:
                self.error.type = None  # its place in the protocol, not the provider's word for the error
        elif kind in _KEPT:
            self.snapshot = objects(getattr(event, "response", None)) or self.snapshot

    def lead(self, event: Any) -> str | None:
        kind = text(getattr(objects(event), "type", None))
        if kind is not None and kind.endswith((".delta", ".partial_image")):
            return "reasoning" if kind.startswith("response.reasoning") else "text"
        return None
