"""A streamed response with what is said in it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from genscope.wire.fields import count, members
from genscope.wire.json_values import named, words
from genscope.wire.response_events import Answer


class _Delta(NamedTuple):
    """Where the text of an event goes: to a field of an item, or to a part in a list of parts."""

    item: str
    field: str
    part: str | None = None
    key: str = "text"


_DELTAS: Final[Mapping[str, _Delta]] = {
    "response.output_text.delta": _Delta("message", "content", "output_text"),
    "response.refusal.delta": _Delta("message", "content", "refusal", "refusal"),
    "response.reasoning_text.delta": _Delta("reasoning", "content", "reasoning_text"),
    "response.reasoning_summary_text.delta": _Delta("reasoning", "summary", "summary_text"),
    "response.function_call_arguments.delta": _Delta("function_call", "arguments"),
    "response.custom_tool_call_input.delta": _Delta("custom_tool_call", "input"),
    "response.mcp_call_arguments.delta": _Delta("mcp_call", "arguments"),
    "response.code_interpreter_call_code.delta": _Delta("code_interpreter_call", "code"),
}
_TEXT: Final = "response.output_text.delta"
_ITEMS: Final = frozenset({"response.output_item.added", "response.output_item.done"})


class Transcript(Answer):
    """Keeps the items of the output as they come, and the pieces of those that are not finished."""

    __slots__ = ("_items", "_pieces", "_place", "_text")

    def __init__(self) -> None:
        super().__init__()
        self._items: dict[int, Any] = {}
        self._pieces: dict[int, defaultdict[tuple[str, int], list[str]]] = {}
        self._place: tuple[int, int] | None = None
        """Item and part that text came for last."""
        self._text: list[str] = []
        """And its pieces."""

    def fold(self, event: Any) -> None:
        try:  # nearly every event is more text for the same part
            if event.type == _TEXT and (event.output_index, event.content_index) == self._place:
                if event.delta.__class__ is str:
                    self._text.append(event.delta)
                    return
        except (AttributeError, TypeError):
            pass
        self._fold_any(event)

    def _fold_any(self, event: Any) -> None:
        super().fold(event)
        said = members(event)
        kind = words(said.get("type"))
        if kind in _DELTAS:
            piece, index = words(said.get("delta")), count(said.get("output_index"))
            if piece and index is not None:
                part = count(said.get("content_index", said.get("summary_index"))) or 0
                if index not in self._pieces:
                    self._pieces[index] = defaultdict(list)
                pieces = self._pieces[index][kind, part]
                pieces.append(piece)
                if kind == _TEXT:
                    self._place, self._text = (index, part), pieces
        elif kind in _ITEMS:
            index = count(said.get("output_index"))
            if index is not None:
                self._items[index] = said.get("item")
                self._pieces.pop(index, None)
                self._place = None

    def said(self) -> list[Mapping[str, Any]]:
        """The items so far, for a stream that did not come to the response with its output."""
        return [
            self._completed(named(self._items.get(index)), self._pieces.get(index, {}))
            for index in sorted(self._items.keys() | self._pieces.keys())
        ]

    def _completed(self, item: Mapping[str, Any], pieces: Mapping[tuple[str, int], list[str]]) -> Mapping[str, Any]:
        """An item that had begun, with what came for it since."""
        found = dict(item)
        for (kind, _), written in sorted(pieces.items(), key=lambda one: one[0][1]):
            delta = _DELTAS[kind]
            found.setdefault("type", delta.item)
            if delta.part is None:
                found[delta.field] = "".join(written)
            else:
                part = {"type": delta.part, delta.key: "".join(written)}
                found[delta.field] = [*(found.get(delta.field) or ()), part]
        return found
