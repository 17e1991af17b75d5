"""What is said in moderations: the text and the images to be judged. The judgement is made of numbers.

A `core.reader.ContentReader`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from genscope.core import messages
from genscope.core.messages import Content
from genscope.wire.content_parts import parts_of
from genscope.wire.json_values import items, words
from genscope.wire.unstreamed import Answer as Transcript

__all__ = ["Transcript", "read_input", "read_output"]


def read_input(content: Content, body: Mapping[str, Any]) -> None:
    """Texts are judged each for itself, the parts of one input together."""
    said = body.get("input")
    several = items(said)
    each = several if several and words(several[0]) is not None else (said,)
    found = [messages.message("user", parts_of(one)) for one in each]
    content.input = [one for one in found if one["parts"]] or None


def read_output(content: Content, answer: Any) -> None:
    """Categories and scores are no words."""
