"""Streams of images, speech and transcriptions: typed events, the last of which says what was used."""

from __future__ import annotations

from typing import Any, Final

from genscope.core.operation import Operation
from genscope.wire.fields import UsageKeys, objects, read_usage, text
from genscope.wire.typed_events import TypedEvents

_CONTENT: Final = (".delta", ".segment", ".partial_image", ".completed", ".chunk")


class Answer(TypedEvents):
    """What the events of a stream say, with the fields of a whole answer."""

    __slots__ = ("usage",)

    kept = frozenset(
        {
            "image_generation.completed",
            "image_edit.completed",
            "transcript.text.done",
            "speech.audio.done",
            "error",
        }
    )

    def __init__(self) -> None:
        super().__init__()
        self.usage: Any = None

    def keep(self, event: Any) -> None:
        self.usage = getattr(event, "usage", None)

    def lead(self, event: Any) -> str | None:
        event = objects(event)
        kind = text(getattr(event, "type", None)) or text(getattr(event, "object", None))  # Together's have no type
        return "text" if kind is not None and kind.endswith(_CONTENT) else None


def read_outcome(op: Operation, answer: Any, keys: UsageKeys) -> None:
    """What was used, whole or streamed, or what went wrong in the stream."""
    op.usage = read_usage(objects(getattr(answer, "usage", None)), keys)
    if isinstance(answer, Answer) and answer.error is not None:
        op.error = answer.error
