"""Images, generated, edited or varied: https://platform.openai.com/docs/api-reference/images"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from genscope.core.operation import Operation
from genscope.wire import image_messages as CONTENT
from genscope.wire.fields import Rule, choice_count, read_identity, read_parameters, usage_keys
from genscope.wire.media_events import Answer, read_outcome

__all__ = ["CONTENT", "OPERATION", "Answer", "read_request", "read_response"]

OPERATION: Final = "generate_content"

PARAMETERS: Final[Mapping[str, Rule]] = {"n": ("choice_count", choice_count)}

_USAGE: Final = usage_keys("input_tokens", "output_tokens")


def read_request(op: Operation, body: Mapping[str, Any]) -> None:
    """`body` is the form of an edit or a variation without its files."""
    read_parameters(op, body, PARAMETERS)
    op.request["output_type"] = "image"


def read_response(op: Operation, answer: Any) -> None:
    """Of the usage `usage` alone: `svg_usage` counts the tokens of another model, and this record has room for one.

    OpenAI does not say who answered, Together does.
    """
    read_identity(op, answer)
    read_outcome(op, answer, _USAGE)
