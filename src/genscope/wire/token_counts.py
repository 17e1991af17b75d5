"""Counting tokens beforehand: https://platform.claude.com/docs/en/api/messages-count-tokens

Nothing is used by that, so it is no usage.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from genscope.core.operation import Operation
from genscope.wire.fields import Rule, count, members, read_parameters
from genscope.wire.unstreamed import Answer

__all__ = ["OPERATION", "PARAMETERS", "Answer", "read_request", "read_response"]

OPERATION: Final = "count_tokens"

PARAMETERS: Final[Mapping[str, Rule]] = {}
"""What is counted would be the request of another call."""


def read_request(op: Operation, body: Mapping[str, Any]) -> None:
    read_parameters(op, body, PARAMETERS)


def read_response(op: Operation, answer: Any) -> None:
    tokens = count(members(answer).get("input_tokens"))
    if tokens is not None:
        op.response["counted_tokens"] = tokens
