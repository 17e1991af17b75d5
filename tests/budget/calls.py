"""Records of calls as the seams make them."""

from __future__ import annotations

from typing import Any

from genscope.core.errors import classify
from genscope.core.operation import Cost, Operation, Usage

NANO = 1_000_000_000


def call(
    name: str = "chat", *, model: str | None = "gpt-4o-mini", provider: str = "openai", **request: Any
) -> Operation:
    op = Operation(name, provider, "api.openai.com", 443, False)
    op.model = model
    op.request = request
    op.raw = {"model": model, "messages": [{"role": "user", "content": "x" * 30}]}
    return op


def answered(
    op: Operation, given: int | None = None, taken: int | None = None, dollars: float | None = None
) -> Operation:
    """The end of a call that went well."""
    if given is not None or taken is not None:
        op.usage = Usage()
        op.usage.input_tokens, op.usage.output_tokens = given, taken
    if dollars is not None:
        op.cost = Cost(dollars, "USD", "table")
    return op


def streamed(op: Operation, chunks: int, outcome: str = "completed") -> Operation:
    op.streaming = True
    op.progress = (chunks, 1.0)
    op.outcome = outcome
    return op


def failed(op: Operation, error: BaseException) -> Operation:
    op.failure = classify(error)
    return op


class HttpError(Exception):
    """As SDKs raise it for an answer with such a status."""

    def __init__(self, status_code: int) -> None:
        super().__init__(f"status {status_code}")
        self.status_code = status_code


def error(name: str, cause: BaseException | None = None) -> BaseException:
    """An exception whose class has this name: that is all that SDKs are known by."""
    made: BaseException = type(name, (Exception,), {})("x")
    made.__cause__ = cause
    return made
