"""What is said in a response fetched by its id: what it was asked is in the response, its messages are not.

A `core.reader.ContentReader`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from genscope.core.messages import Content
from genscope.wire import response_items
from genscope.wire.response_items import Transcript
from genscope.wire.tool_definitions import read_tools

__all__ = ["Transcript", "read_input", "read_output"]


def read_input(content: Content, body: Mapping[str, Any]) -> None:
    """A fetch says nothing."""


def read_output(content: Content, answer: Any) -> None:
    response_items.read_output(content, answer)
    response = answer.snapshot if isinstance(answer, Transcript) else answer
    response_items.read_instructions(content, getattr(response, "instructions", None))
    read_tools(content, getattr(response, "tools", None))
