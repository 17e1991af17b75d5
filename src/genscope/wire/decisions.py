"""Decisions, answers to questions of a fixed form about an input: https://platform.openai.com/docs/api-reference/decisions"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from genscope.core.operation import Operation
from genscope.wire import decision_messages as CONTENT
from genscope.wire.fields import objects, read_identity, read_parameters, read_usage, usage_keys
from genscope.wire.unstreamed import Answer

__all__ = ["CONTENT", "OPERATION", "Answer", "read_request", "read_response"]

OPERATION: Final = "generate_content"

_USAGE: Final = usage_keys("input_tokens", "output_tokens")


def read_request(op: Operation, body: Mapping[str, Any]) -> None:
    read_parameters(op, body, {})


def read_response(op: Operation, answer: Any) -> None:
    read_identity(op, answer)
    op.usage = read_usage(objects(getattr(answer, "usage", None)), _USAGE)
