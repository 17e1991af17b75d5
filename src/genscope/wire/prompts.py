"""What is said in legacy completions: https://platform.openai.com/docs/api-reference/completions

A `core.reader.ContentReader`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from genscope.core import messages
from genscope.core.messages import Content, Message, Part
from genscope.wire.choices import StreamedText, in_order, pieces_of
from genscope.wire.fields import objects
from genscope.wire.json_values import items, label, words


def read_input(content: Content, body: Mapping[str, Any]) -> None:
    prompt = body.get("prompt")
    prompts = items(prompt)
    if not prompts or type(prompts[0]) is int:  # one prompt, a text or its tokens
        prompts = (prompt,)
    found = [messages.message("user", _parts(prompt)) for prompt in prompts]
    content.input = [one for one in found if one["parts"]] or None


def _parts(prompt: Any) -> list[Part]:
    """What a list of tokens says, only the server knows."""
    written = words(prompt)
    return [messages.text(written)] if written else [messages.other("token_ids")] if items(prompt) else []


class Transcript(StreamedText):
    """A streamed completion with its text."""

    def __init__(self) -> None:
        super().__init__()
        self._pieces: dict[int, list[str]] = {}

    def fold(self, chunk: Any) -> None:
        super().fold(chunk)
        for index, piece in pieces_of(objects(chunk)):
            written = words(piece)
            if written and index is not None:
                self._pieces.setdefault(index, []).append(written)

    def said(self) -> Iterator[tuple[str, str | None]]:
        """The text and the finish reason of each choice, in order."""
        for pieces, reason in self.numbered(self._pieces):
            yield "".join(pieces or ()), reason


def read_output(content: Content, answer: Any) -> None:
    said = answer.said() if isinstance(answer, Transcript) else _said(answer)
    content.output = messages.spoken([_message(written, label(reason)) for written, reason in said])


def _said(answer: Any) -> Iterator[tuple[Any, Any]]:
    for choice in in_order(getattr(answer, "choices", None)):
        yield getattr(choice, "text", None), getattr(choice, "finish_reason", None)


def _message(said: Any, reason: str | None) -> Message:
    written = words(said)
    return messages.message("assistant", [messages.text(written)] if written else [], finish_reason=reason)
