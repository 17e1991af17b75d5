"""What is said in transcriptions and translations: the prompt, and the text. The audio is a file, the SDK's to read.

A `core.reader.ContentReader`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from genscope.core import messages
from genscope.core.messages import Content
from genscope.wire import media_events
from genscope.wire.content_parts import parts_of
from genscope.wire.fields import members
from genscope.wire.json_values import words

__all__ = ["Transcript", "read_input", "read_output"]


class Transcript(media_events.Answer):
    """Keeps the pieces of the text, until it comes as a whole."""

    __slots__ = ("_pieces", "_whole")

    def __init__(self) -> None:
        super().__init__()
        self._pieces: list[str] = []
        self._whole: str | None = None

    def fold(self, event: Any) -> None:
        super().fold(event)
        said = members(event)
        kind = words(said.get("type"))
        if kind == "transcript.text.delta":
            piece = words(said.get("delta"))
            if piece:
                self._pieces.append(piece)
        elif kind == "transcript.text.done":
            self._whole = words(said.get("text"))

    @property
    def text(self) -> str:
        return self._whole or "".join(self._pieces)


def read_input(content: Content, body: Mapping[str, Any]) -> None:
    parts = parts_of(words(body.get("prompt")))
    content.input = [messages.message("user", parts)] if parts else None


def read_output(content: Content, answer: Any) -> None:
    """An object with its text, or the bare text: subtitles, say."""
    written = words(answer)
    parts = parts_of(words(getattr(answer, "text", None)) if written is None else written)
    content.output = messages.spoken([messages.message("assistant", parts)])
