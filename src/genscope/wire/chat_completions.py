"""Chat Completions: https://platform.openai.com/docs/api-reference/chat, spoken by most other providers too."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from genscope.core.operation import Operation
from genscope.wire.choices import StreamedChoices, ask_for_usage, is_usage_only, read_choices
from genscope.wire.fields import (
    Rule,
    choice_count,
    integer,
    listed,
    members,
    number,
    objects,
    output_type,
    read_identity,
    read_parameters,
    read_usage,
    service_tier,
    text,
    texts,
    usage_keys,
)

__all__ = ["OPERATION", "Answer", "ask_for_usage", "is_usage_only", "read_request", "read_response"]

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

_CONTENT: Final = ("content", "tool_calls", "refusal", "function_call", "audio")
_REASONING: Final = ("reasoning_content", "reasoning")
"""Not OpenAI's: DeepSeek, vLLM and Groq send the first, OpenRouter the second."""

_USAGE: Final = usage_keys("prompt_tokens", "completion_tokens")


def read_request(op: Operation, body: Mapping[str, Any]) -> None:
    read_parameters(op, body, PARAMETERS)
    op.request["api_type"] = "chat_completions"


def read_response(op: Operation, answer: Any) -> None:
    read_identity(op, answer)
    op.usage = read_usage(getattr(answer, "usage", None), _USAGE)
    read_choices(op, answer)


class Answer(StreamedChoices):
    """A streamed chat completion."""

    def lead(self, chunk: Any) -> str | None:
        chunk = objects(chunk)
        self.identify(chunk)
        thinks = False
        for choice in listed(getattr(chunk, "choices", None)):
            said = members(getattr(choice, "delta", None))  # Azure's report on what it filtered has none
            if any(said.get(part) for part in _CONTENT):
                return "text"
            thinks = thinks or any(said.get(part) for part in _REASONING)
        return "reasoning" if thinks else None
