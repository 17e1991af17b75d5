"""One piece of JSON in the shapes in which readers meet it, and what a reader makes of it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from typing import Any

from openai._models import construct_type

from genscope.core.operation import Operation
from genscope.core.reader import Reader
from genscope.wire.fields import objects


def typed(said: Any, cls: Any) -> Any:
    """As the SDK gives it to those who call its methods."""
    return construct_type(value=said, type_=cls)


def plain(said: Any, cls: Any) -> Any:
    """As the SDK gives it to those who ask for `object`. A whole answer passes through `objects` in the seam."""
    return said


def parsed(said: Any, cls: Any) -> Any:
    """As it comes out of the text that somebody reads raw."""
    return objects(json.loads(json.dumps(said)))


SHAPES: tuple[Callable[[Any, Any], Any], ...] = (typed, plain, parsed)


def operation(reader: Reader, *, streaming: bool = False) -> Operation:
    return Operation(reader.OPERATION, "openai", "api.openai.com", 443, streaming)


def asked(reader: Reader, body: Any) -> Operation:
    """The record of a request."""
    op = operation(reader)
    reader.read_request(op, body)
    return op


def answered(reader: Reader, answer: Any) -> dict[str, Any]:
    """The record of an answer, without what is not in it."""
    op = operation(reader)
    reader.read_response(op, objects(answer))
    return said_by(op)


def streamed(reader: Reader, chunks: Iterable[Any]) -> dict[str, Any]:
    """The record of a stream; the chunks are followed as they are in a call."""
    op, answer, leads = operation(reader, streaming=True), reader.Answer(), True
    for chunk in chunks:
        answer.fold(chunk)
        leads = leads and answer.lead(chunk) != "text"
    reader.read_response(op, answer)
    return said_by(op)


def leads(reader: Reader, chunks: Iterable[Any]) -> list[str | None]:
    """What each chunk brings."""
    answer = reader.Answer()
    return [answer.lead(chunk) for chunk in chunks]


def said_by(op: Operation) -> dict[str, Any]:
    record = {
        "id": op.response_id,
        "model": op.response_model,
        "finish_reasons": op.finish_reasons,
        "usage": None if op.usage is None else vars(op.usage),
        "error": None if op.error is None else (op.error.code, op.error.type),
        **op.response,
    }
    return {name: value for name, value in record.items() if value is not None}
