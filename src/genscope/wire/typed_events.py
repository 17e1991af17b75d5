"""Streams of events that name their type: which of them are kept, and the one that reports an error."""

from __future__ import annotations

from typing import Any, ClassVar

from genscope.core.operation import ProviderError
from genscope.wire.fields import event_error, objects, text


class TypedEvents:
    """What such a stream says; what is to be kept of an event of one of the types `kept` is for `keep`."""

    __slots__ = ("error",)

    kept: ClassVar[frozenset[str]] = frozenset({"error"})

    def __init__(self) -> None:
        self.error: ProviderError | None = None

    def fold(self, event: Any) -> None:
        try:
            if event.type in self.kept:
                self._fold(event)
        except (AttributeError, TypeError):  # no type, no name of one, or plain JSON (`cast_to=object`)
            self._fold(objects(event))

    def _fold(self, event: Any) -> None:
        kind = text(getattr(event, "type", None))
        if kind == "error":
            self.error = event_error(event)
        elif kind in self.kept:
            self.keep(event)

    def keep(self, event: Any) -> None:
        """Take in an event of one of the types `kept` that is no error; the base class keeps none."""
