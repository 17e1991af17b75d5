"""What is said in speech: the text to be spoken, and how. The answer is sound, of which nothing is kept.

A `core.reader.ContentReader`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from genscope.core import messages
from genscope.core.messages import Content
from genscope.wire.content_parts import parts_of
from genscope.wire.json_values import words
from genscope.wire.media_events import Answer as Transcript

__all__ = ["Transcript", "read_input", "read_output"]


def read_input(content: Content, body: Mapping[str, Any]) -> None:
    content.instructions = parts_of(words(body.get("instructions"))) or None
    parts = parts_of(words(body.get("input")))
    content.input = [messages.message("user", parts)] if parts else None


def read_output(content: Content, answer: Any) -> None:
    """Sound says nothing."""
