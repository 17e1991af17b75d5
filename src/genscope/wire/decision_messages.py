"""What is said in decisions: the input, and what is asked about it. The answers are numbers and words of the questions.

A `core.reader.ContentReader`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from genscope.core.messages import Content
from genscope.wire import response_items
from genscope.wire.content_parts import instructions_of, parts_of
from genscope.wire.json_values import items, named
from genscope.wire.unstreamed import Answer as Transcript

__all__ = ["Transcript", "read_input", "read_output"]


def read_input(content: Content, body: Mapping[str, Any]) -> None:
    """The input is made of the items of a response; the questions are the instructions beside it."""
    response_items.read_messages(content, body.get("input"))
    questions = map(named, items(body.get("questions")))
    asked = (part for question in questions for part in parts_of(question.get("instructions")))
    content.instructions = instructions_of(asked)


def read_output(content: Content, answer: Any) -> None:
    """Choices and scores are not in the shape of messages."""
