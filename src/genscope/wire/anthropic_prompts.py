"""What is said in Anthropic's text completions.

A `core.reader.ContentReader`.
"""

from __future__ import annotations

from typing import Any, Final

from genscope.core import messages
from genscope.core.messages import Content
from genscope.core.operation import ProviderError
from genscope.wire.anthropic_events import finish_reason
from genscope.wire.fields import event_error, members, objects, text
from genscope.wire.json_values import words
from genscope.wire.prompts import read_input

__all__ = ["Answer", "Transcript", "read_input", "read_output"]


class Answer:
    """A streamed completion. Each event is a completion with nothing but its next piece."""

    __slots__ = ("error", "said")

    def __init__(self) -> None:
        self.said: dict[str, str] = {}
        """Its fields, without the text."""
        self.error: ProviderError | None = None

    def fold(self, event: Any) -> None:
        try:
            if event.type == "completion" and event.stop_reason is None:
                return
        except AttributeError:
            event = objects(event)
        self._keep(event)

    def _keep(self, event: Any) -> None:
        said = members(event)
        if said.get("type") == "error":
            self.error = event_error(event)
            return
        for name in _SAID:
            value = text(said.get(name))
            if value is not None:
                self.said[name] = value

    def lead(self, event: Any) -> str | None:
        said = members(event)
        self._keep(objects(event))
        return "text" if said.get("completion") else None


_SAID: Final = ("id", "model", "stop_reason")


class Transcript(Answer):
    """A streamed completion with its text."""

    __slots__ = ("_pieces",)

    def __init__(self) -> None:
        super().__init__()
        self._pieces: list[str] = []

    def fold(self, event: Any) -> None:
        super().fold(event)
        piece = words(members(event).get("completion"))
        if piece:
            self._pieces.append(piece)

    def written(self) -> str:
        """The text so far."""
        return "".join(self._pieces)


def read_output(content: Content, answer: Any) -> None:
    if isinstance(answer, Transcript):
        said, written = answer.said, answer.written()
    else:
        said = members(answer)
        written = words(said.get("completion"))
    parts = [messages.text(written)] if written else []
    reason = finish_reason(said.get("stop_reason"))
    content.output = messages.spoken([messages.message("assistant", parts, finish_reason=reason)])
