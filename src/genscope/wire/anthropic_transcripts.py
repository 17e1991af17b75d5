"""A streamed message with what is said in it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from operator import attrgetter
from typing import Any, Final

from genscope.wire.anthropic_events import Answer
from genscope.wire.fields import count, members
from genscope.wire.json_values import named, words

_DELTAS: Final[Mapping[str, tuple[str, str, str]]] = {
    "text_delta": ("text", "text", "text"),
    "thinking_delta": ("thinking", "thinking", "thinking"),
    "input_json_delta": ("partial_json", "tool_use", "input"),
}
"""Type of a piece -> its field, the type of its block, and the field of that which it is a piece of."""
_READ: Final[Mapping[str, Callable[[Any], Any]]] = {kind: attrgetter(field) for kind, (field, _, _) in _DELTAS.items()}

_NONE: Final = object()
"""No index of an event."""


class Transcript(Answer):
    """Keeps the blocks of the content as they begin, and the pieces that come for each."""

    __slots__ = ("_append", "_blocks", "_index", "_kind", "_latest", "_pieces", "_read")

    def __init__(self) -> None:
        super().__init__()
        self._blocks: dict[int, dict[str, Any]] = {}
        self._pieces: dict[int, dict[str, list[Any]]] = {}
        self._latest = 0
        """The block that something came for last."""
        self._index: Any = _NONE
        """The block that a piece came for last, what kind of piece that was, how to read it and where to put it."""
        self._kind = ""
        self._read: Callable[[Any], Any] = members
        self._append: Callable[[Any], Any] = members

    def fold(self, event: Any) -> None:
        try:  # nearly every event is one more piece of the same kind for the same block
            if event.type == "content_block_delta":
                delta = event.delta
                if delta.type == self._kind and event.index == self._index:
                    self._append(self._read(delta))
                    return
        except (AttributeError, TypeError):
            pass
        self._fold_any(event)

    def _fold_any(self, event: Any) -> None:
        super().fold(event)
        said = members(event)
        kind = said.get("type")
        if kind == "content_block_delta":
            index = self._place(said, self._latest)
            if index is not None:
                self._keep_piece(index, members(said.get("delta")))
        elif kind == "content_block_start":
            index = self._place(said, max(self._blocks, default=-1) + 1)
            if index is not None:
                # a copy: older helpers of the SDK put together the whole message in the very objects of the events
                self._blocks[index] = dict(named(said.get("content_block")))
                self._pieces.pop(index, None)
                self._index = _NONE

    def _place(self, said: Mapping[str, Any], default: int) -> int | None:
        """Which block an event is of; nothing is allocated by this number. Without one it is the one at hand."""
        index = said.get("index")
        found = default if index is None else count(index)
        if found is not None:
            self._latest = found
        return found

    def _keep_piece(self, index: int, delta: Mapping[str, Any]) -> None:
        kind = words(delta.get("type"))
        if kind == "compaction_delta":  # it is not in pieces
            block = self._blocks.setdefault(index, {"type": "compaction"})
            block["content"] = delta.get("content")
        elif kind in _DELTAS:
            piece = delta.get(_DELTAS[kind][0])
            if piece:
                pieces = self._pieces.setdefault(index, {}).setdefault(kind, [])
                pieces.append(piece)
                self._index, self._kind, self._read, self._append = index, kind, _READ[kind], pieces.append

    def blocks(self) -> list[Mapping[str, Any]]:
        """The blocks so far, in order."""
        return [self._whole(index) for index in sorted(self._blocks.keys() | self._pieces.keys())]

    def _whole(self, index: int) -> Mapping[str, Any]:
        found = dict(self._blocks.get(index, {}))
        for kind, pieces in self._pieces.get(index, {}).items():
            _, type, field = _DELTAS[kind]
            found.setdefault("type", type)
            begun = words(found.get(field)) or ""
            found[field] = begun + "".join(filter(None, map(words, pieces)))
        return found
