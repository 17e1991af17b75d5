"""Text completions, which came before messages: https://platform.claude.com/docs/en/api/completions

In the SDK until it was 1.0. They tell no usage.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from genscope.core.operation import Operation
from genscope.wire import anthropic_prompts as CONTENT
from genscope.wire.anthropic_prompts import Answer
from genscope.wire.fields import (
    Rule,
    integer,
    members,
    number,
    provider_error,
    read_identity,
    read_parameters,
    text,
    texts,
)

__all__ = ["CONTENT", "OPERATION", "PARAMETERS", "Answer", "read_request", "read_response"]

OPERATION: Final = "text_completion"

PARAMETERS: Final[Mapping[str, Rule]] = {
    "max_tokens_to_sample": ("max_tokens", integer),
    "temperature": ("temperature", number),
    "top_p": ("top_p", number),
    "top_k": ("top_k", integer),
    "stop_sequences": ("stop_sequences", texts),
}


def read_request(op: Operation, body: Mapping[str, Any]) -> None:
    read_parameters(op, body, PARAMETERS)


def read_response(op: Operation, answer: Any) -> None:
    """A `Completion`, or what a stream of them said."""
    error: Any = None
    if isinstance(answer, Answer):
        said, error = answer.said, answer.error
    else:
        said = members(answer)
    read_identity(op, said)
    reason = text(said.get("stop_reason"))
    if reason is not None:
        op.finish_reasons = (reason,)
    if error is not None:
        op.error = provider_error(error)
