"""Writer's models with an API of their own: https://dev.writer.com/api-reference, vision and translation

Their answers are a text in `data`, and say nothing of themselves.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from genscope.core import messages
from genscope.core.messages import Content
from genscope.core.operation import Operation
from genscope.wire.content_parts import parts_of
from genscope.wire.fields import read_parameters
from genscope.wire.json_values import words
from genscope.wire.unstreamed import Answer

__all__ = ["CONTENT", "OPERATION", "Answer", "read_request", "read_response"]

OPERATION: Final = "generate_content"


def read_request(op: Operation, body: Mapping[str, Any]) -> None:
    read_parameters(op, body, {})
    op.request["output_type"] = "text"


def read_response(op: Operation, answer: Any) -> None:
    """Neither a model nor tokens nor an identifier."""


class CONTENT:
    """What is said in them: a `core.reader.ContentReader`. Pictures are files at the provider, and only named."""

    Transcript = Answer

    @staticmethod
    def read_input(content: Content, body: Mapping[str, Any]) -> None:
        parts = parts_of(words(body.get("prompt")) or words(body.get("text")))
        content.input = [messages.message("user", parts)] if parts else None

    @staticmethod
    def read_output(content: Content, answer: Any) -> None:
        content.output = messages.spoken(
            [messages.message("assistant", parts_of(words(getattr(answer, "data", None))))]
        )
