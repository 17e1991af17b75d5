"""Responses: https://platform.openai.com/docs/api-reference/responses, created, compacted, whole or streamed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, cast

from genscope.core.operation import Operation, ProviderError
from genscope.wire import response_calls as TOOLS
from genscope.wire import response_items as CONTENT
from genscope.wire.fields import (
    BILLING,
    Rule,
    inner,
    integer,
    listed,
    number,
    output_type,
    provider_error,
    read_cost,
    read_identity,
    read_parameters,
    read_usage,
    service_tier,
    text,
    usage_keys,
)
from genscope.wire.response_events import Answer, finish_reason, lack_of

__all__ = ["CONTENT", "OPERATION", "TOOLS", "Answer", "read_request", "read_response"]

OPERATION: Final = "chat"


def _id(value: Any) -> str | None:
    """An identifier, plain or as an object with an `id`."""
    return text(cast("Mapping[str, Any]", value).get("id") if isinstance(value, Mapping) else value)


PARAMETERS: Final[Mapping[str, Rule]] = {
    "max_output_tokens": ("max_tokens", integer),
    "temperature": ("temperature", number),
    "top_p": ("top_p", number),
    "reasoning": ("reasoning_level", inner("effort", text)),
    "text": ("output_type", inner("format", output_type)),
    "previous_response_id": ("previous_response_id", text),
    "conversation": ("conversation_id", _id),
    "prompt": ("prompt_name", _id),
    "service_tier": ("service_tier", service_tier),
}

_USAGE: Final = usage_keys("input_tokens", "output_tokens")
_SAID: Final = frozenset({"message", "reasoning"})
"""Items of other types are something by themselves, and may wait for the application to act."""


def read_request(op: Operation, body: Mapping[str, Any]) -> None:
    read_parameters(op, body, PARAMETERS)
    if "prompt" in body:
        version = inner("version", text)(body["prompt"])
        if version is not None:
            op.request["prompt_version"] = version
    op.request["api_type"] = "responses"


def read_response(op: Operation, answer: Any) -> None:
    """A `Response`, a `CompactedResponse`, or what a stream said."""
    error: Any = None
    if isinstance(answer, Answer):
        answer, error = answer.snapshot, answer.error
    read_identity(op, answer)
    usage = getattr(answer, "usage", None)
    op.usage = read_usage(usage, _USAGE)
    if op.provider in BILLING or op.says_cost:
        read_cost(op, usage)
    status = text(getattr(answer, "status", None))
    if status is not None and status != "completed":
        op.response["status"] = status
    conversation = text(getattr(getattr(answer, "conversation", None), "id", None))
    if conversation is not None:
        op.response["conversation_id"] = conversation
    output = listed(getattr(answer, "output", None))
    kinds = [text(getattr(item, "type", None)) for item in output]
    if "compaction" in kinds:
        op.response["compacted"] = True
    if status == "completed" and _SAID.issuperset(kinds):
        op.lack = lack_of(output)
        reason = "stop"
    else:
        reason = finish_reason(answer)
    if reason is not None:
        op.finish_reasons = (reason,)
    if error is None and status == "failed":
        error = getattr(answer, "error", None) or ProviderError(type="response_failed")
    if error is not None:
        op.error = provider_error(error)
