"""Streams of images, speech and transcriptions: typed events, the last of which says what was used."""

from __future__ import annotations

from typing import Any, Final

from genscope.core.operation import Operation
from genscope.wire.fields import UsageKeys, event_error, objects, read_usage, text

_KEPT: Final = frozenset(
    {
        "image_generation.completed",
        "image_edit.completed",
        "transcript.text.done",
        "speech.audio.done",
        "error",
    }
)
_CONTENT: Final = (".delta", ".segment", ".partial_image", ".completed")


class Answer:
    """What the events of a stream say, with the fields of a whole answer."""

    __slots__ = ("error", "usage")

    def __init__(self) -> None:
        self.usage: Any = None
        self.error: Any = None

    def fold(self, event: Any) -> None:
        try:
            if event.type in _KEPT:
                self._keep(event)
        except (AttributeError, TypeError):  # no type, no name of one, or plain JSON (`cast_to=object`)
            self._keep(objects(event))

    def _keep(self, event: Any) -> None:
        kind = text(getattr(event, "type", None))
        if kind == "error":
            self.error = event_error(event)
        elif kind in _KEPT:
            self.usage = getattr(event, "usage", None)

    def lead(self, event: Any) -> str | None:
        kind = text(getattr(objects(event), "type", None))
        return "text" if kind is not None and kind.endswith(_CONTENT) else None


def read_outcome(op: Operation, answer: Any, keys: UsageKeys) -> None:
    """What was used, whole or streamed, or what went wrong in the stream."""
    op.usage = read_usage(objects(getattr(answer, "usage", None)), keys)
    if isinstance(answer, Answer) and answer.error is not None:
        op.error = answer.error
