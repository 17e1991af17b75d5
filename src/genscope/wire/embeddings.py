"""Embeddings: https://platform.openai.com/docs/api-reference/embeddings"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, cast

from genscope.core.operation import Operation
from genscope.wire.fields import Rule, integer, listed, read_parameters, read_usage, text, texts, usage_keys
from genscope.wire.unstreamed import Answer

__all__ = ["OPERATION", "Answer", "read_request", "read_response"]

OPERATION: Final = "embeddings"

PARAMETERS: Final[Mapping[str, Rule]] = {
    "dimensions": ("dimension_count", integer),
    "encoding_format": ("encoding_formats", texts),
}

_USAGE: Final = usage_keys("prompt_tokens", "")
"""There is no output: what some servers send as its count says nothing."""


def read_request(op: Operation, body: Mapping[str, Any]) -> None:
    read_parameters(op, body, PARAMETERS)


def read_response(op: Operation, answer: Any) -> None:
    op.response_model = text(getattr(answer, "model", None))
    op.usage = read_usage(getattr(answer, "usage", None), _USAGE)
    data = listed(getattr(answer, "data", None))
    vector = getattr(data[0], "embedding", None) if data else None
    if isinstance(vector, list):  # a base64 string would have to be decoded to be counted
        op.response["dimension_count"] = len(cast("list[Any]", vector))
