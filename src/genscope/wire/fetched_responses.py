"""A response fetched by its id, whole or resumed as a stream: no inference, so no usage and no failure of its own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from genscope.core.operation import Operation
from genscope.wire import fetched_items as CONTENT
from genscope.wire import responses
from genscope.wire.fields import integer, text

__all__ = ["CONTENT", "OPERATION", "Answer", "read_request", "read_response"]

OPERATION: Final = "fetch_response"

Answer = responses.Answer


def read_request(op: Operation, body: Mapping[str, Any]) -> None:
    """`body` is the query of the request together with `response_id` from its path."""
    op.response_id = text(body.get("response_id"))
    cursor = integer(body.get("starting_after"))
    if cursor is not None:
        op.request["stream_cursor"] = str(cursor)
    op.request["api_type"] = "responses"


def read_response(op: Operation, answer: Any) -> None:
    responses.read_response(op, answer)
    op.usage = None
    if op.finish_reasons is not None and "status" not in op.response:
        op.response["status"] = "completed"
    if not (isinstance(answer, Answer) and answer.error is not None):
        op.error = None
