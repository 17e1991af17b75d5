"""Chat Completions: https://platform.openai.com/docs/api-reference/chat, spoken by most other providers too."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from genscope.core.operation import Operation
from genscope.wire import chat_calls as TOOLS
from genscope.wire import chat_messages as CONTENT
from genscope.wire.choices import StreamedChat as Answer
from genscope.wire.choices import ask_for_usage, is_usage_only, read_messages
from genscope.wire.fields import (
    BILLING,
    Rule,
    choice_count,
    integer,
    number,
    output_type,
    read_cost,
    read_identity,
    read_parameters,
    read_usage,
    service_tier,
    text,
    texts,
    usage_keys,
)

__all__ = ["CONTENT", "OPERATION", "TOOLS", "Answer", "ask_for_usage", "is_usage_only", "read_request", "read_response"]

OPERATION: Final = "chat"

PARAMETERS: Final[Mapping[str, Rule]] = {
    "max_tokens": ("max_tokens", integer),
    "max_completion_tokens": ("max_tokens", integer),
    "temperature": ("temperature", number),
    "top_p": ("top_p", number),
    "top_k": ("top_k", integer),
    "n": ("choice_count", choice_count),
    "seed": ("seed", integer),
    "stop": ("stop_sequences", texts),
    "frequency_penalty": ("frequency_penalty", number),
    "presence_penalty": ("presence_penalty", number),
    "reasoning_effort": ("reasoning_level", text),
    "response_format": ("output_type", output_type),
    "service_tier": ("service_tier", service_tier),
}

_USAGE: Final = usage_keys("prompt_tokens", "completion_tokens")


def read_request(op: Operation, body: Mapping[str, Any]) -> None:
    read_parameters(op, body, PARAMETERS)
    op.request["api_type"] = "chat_completions"


def read_response(op: Operation, answer: Any) -> None:
    read_identity(op, answer)
    usage = getattr(answer, "usage", None)
    op.usage = read_usage(usage, _USAGE)
    if op.provider in BILLING or op.says_cost:
        read_cost(op, usage)
    read_messages(op, answer)
    if op.streaming and getattr(answer, "refused", False):
        op.lack = "refused"
