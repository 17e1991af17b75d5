"""Embeddings: https://platform.openai.com/docs/api-reference/embeddings"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from genscope.core.operation import Operation
from genscope.wire.fields import Rule, integer, read_identity, read_parameters, read_usage, texts

OPERATION: Final = "embeddings"

PARAMETERS: Final[Mapping[str, Rule]] = {
    "dimensions": ("dimension_count", integer),
    "encoding_format": ("encoding_formats", texts),
}


def read_request(op: Operation, body: Mapping[str, Any]) -> None:
    read_parameters(op, body, PARAMETERS)


def read_response(op: Operation, answer: Any) -> None:
    read_identity(op, answer)
    # There is no output: the API counts none, and a 0 that somebody sends is no output either.
    usage = op.usage = read_usage(getattr(answer, "usage", None), "prompt_tokens", "completion_tokens")
    if usage is not None:
        usage.output_tokens = None
    data = getattr(answer, "data", None)
    vector = getattr(data[0], "embedding", None) if data else None
    if isinstance(vector, list):  # a base64 string would have to be decoded to be counted
        op.response["dimension_count"] = len(vector)


class Answer:
    """Embeddings are not streamed by the SDK; whatever comes as chunks says nothing we could read."""

    def fold(self, chunk: Any) -> None:
        pass

    def lead(self, chunk: Any) -> str | None:
        return None
