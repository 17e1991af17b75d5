"""Moderations: https://platform.openai.com/docs/api-reference/moderations"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from genscope.core.operation import Operation
from genscope.wire import moderation_messages as CONTENT
from genscope.wire.fields import read_identity, read_parameters
from genscope.wire.unstreamed import Answer

__all__ = ["CONTENT", "OPERATION", "Answer", "read_request", "read_response"]

OPERATION: Final = "moderation"
"""The conventions have no word for it."""


def read_request(op: Operation, body: Mapping[str, Any]) -> None:
    read_parameters(op, body, {})


def read_response(op: Operation, answer: Any) -> None:
    """Who judged. What was judged of whose words is content; tokens are not counted."""
    read_identity(op, answer)
