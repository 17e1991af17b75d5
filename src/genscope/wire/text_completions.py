"""Legacy completions: https://platform.openai.com/docs/api-reference/completions"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from genscope.core.operation import Operation
from genscope.wire import prompts as CONTENT
from genscope.wire.choices import StreamedText as Answer
from genscope.wire.choices import ask_for_usage, is_usage_only, read_choices
from genscope.wire.fields import (
    Rule,
    choice_count,
    integer,
    number,
    read_identity,
    read_parameters,
    read_usage,
    texts,
    usage_keys,
)

__all__ = ["CONTENT", "OPERATION", "Answer", "ask_for_usage", "is_usage_only", "read_request", "read_response"]

OPERATION: Final = "text_completion"

PARAMETERS: Final[Mapping[str, Rule]] = {
    "max_tokens": ("max_tokens", integer),
    "temperature": ("temperature", number),
    "top_p": ("top_p", number),
    "top_k": ("top_k", integer),
    "n": ("choice_count", choice_count),
    "seed": ("seed", integer),
    "random_seed": ("seed", integer),  # Writer
    "stop": ("stop_sequences", texts),
    "frequency_penalty": ("frequency_penalty", number),
    "presence_penalty": ("presence_penalty", number),
}

_USAGE: Final = usage_keys("prompt_tokens", "completion_tokens")


def read_request(op: Operation, body: Mapping[str, Any]) -> None:
    read_parameters(op, body, PARAMETERS)


def read_response(op: Operation, answer: Any) -> None:
    read_identity(op, answer)
    op.usage = read_usage(getattr(answer, "usage", None), _USAGE)
    read_choices(op, answer)
