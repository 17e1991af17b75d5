"""What was said in a call, as attributes: JSON text on spans, structured on events. The only place that writes it.

Each attribute has its limit, and all of a span together have one. What exceeds the second is shared out: what is small
stays whole, of the rest the answer and the newest message get most, then instructions and older messages, then tools.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Final

from genscope import semconv
from genscope.core.messages import Content
from genscope.core.operation import Operation
from genscope.core.payload import DEPTH_OF_JSON, DEPTH_OF_VALUES, bytes_of, from_json, to_json, to_plain

_DETAILS_OF_A_TOOL: Final = frozenset({"description", "parameters"})
"""Opt-in of their own: https://github.com/open-telemetry/semantic-conventions-genai, `gen_ai.tool.definitions`."""

_NEWEST: Final = "the newest message"
_WEIGHTS: Final = {
    semconv.OUTPUT_MESSAGES: 4,
    _NEWEST: 4,
    semconv.SYSTEM_INSTRUCTIONS: 2,
    semconv.INPUT_MESSAGES: 2,
    semconv.TOOL_DEFINITIONS: 1,
}
"""Where there is no room for all: how much of it each gets."""


@dataclass(frozen=True, slots=True)
class ContentWriter:
    """`max_bytes` is for the JSON of each attribute, `max_together` for that of all, `max_text` for each text in it."""

    max_bytes: int
    tool_schemas: bool
    max_text: int | None = None
    max_together: int | None = None

    def as_json(self, content: Content, longest: int | None = None, omitted: int = 0) -> dict[str, Any]:
        """For a span; `longest` is the limit, in characters, that its provider has set for values.

        Of the messages so many are left out, the oldest.
        """
        limit = self.max_bytes if longest is None else min(self.max_bytes, longest)
        return self._written(self._said(content, omitted), limit, DEPTH_OF_JSON)

    def as_values(self, content: Content, omitted: int = 0) -> dict[str, Any]:
        """For an event."""
        written = self._written(self._said(content, omitted), self.max_bytes, DEPTH_OF_VALUES)
        values = {name: from_json(text) for name, text in written.items()}
        return {name: value for name, value in values.items() if value is not None}

    def message(self, op: Operation) -> str | None:
        """The text of the exception that a call let out."""
        error = None if op.content is None else op.content.error
        if error is None:
            return None
        return self.text(error)

    def text(self, value: str) -> str | None:
        """A text by itself."""
        return to_plain(value, self._limit(None), self.max_text)

    def json(self, value: Any, longest: int | None = None) -> str | None:
        """A value by itself, for a span."""
        return to_json(value, self._limit(longest), self.max_text)

    def _limit(self, longest: int | None) -> int:
        return min(limit for limit in (self.max_bytes, self.max_together, longest) if limit is not None)

    def _said(self, content: Content, omitted: int) -> dict[str, Any]:
        """By attribute; what matters least comes first."""
        history = content.input
        found = {
            semconv.TOOL_DEFINITIONS: self._tools(content),
            semconv.SYSTEM_INSTRUCTIONS: content.instructions,
            semconv.INPUT_MESSAGES: history[omitted:] if omitted and history is not None else history,
            semconv.OUTPUT_MESSAGES: content.output,
        }
        return {name: value for name, value in found.items() if value is not None}

    def _tools(self, content: Content) -> Any:
        if self.tool_schemas or content.tools is None:
            return content.tools
        return [{key: value for key, value in tool.items() if key not in _DETAILS_OF_A_TOOL} for tool in content.tools]

    def _written(self, said: Mapping[str, Any], limit: int, depth: int) -> dict[str, str]:
        written = self._texts(said, limit, depth)
        if self.max_together is not None and not _are_within(written.values(), limit, self.max_together):
            return self._shared_out(said, written, limit, depth, self.max_together)
        return written

    def _texts(self, said: Mapping[str, Any], limit: int, depth: int) -> dict[str, str]:
        texts = {name: to_json(value, limit, self.max_text, depth) for name, value in said.items()}
        return {name: text for name, text in texts.items() if text is not None}

    def _shared_out(
        self, said: Mapping[str, Any], written: dict[str, str], limit: int, depth: int, together: int
    ) -> dict[str, str]:
        """All that was said in the bytes that there are for it."""
        history: Any = said.get(semconv.INPUT_MESSAGES)
        pieces = dict(said)
        if type(history) in (list, tuple) and len(history) > 1:
            pieces[semconv.INPUT_MESSAGES], pieces[_NEWEST] = history[:-1], history[-1:]
            apart = (semconv.INPUT_MESSAGES, _NEWEST)
            written = written | self._texts({name: pieces[name] for name in apart}, limit, depth)
        sizes = {name: bytes_of(text) for name, text in written.items()}
        wanted = dict(sizes)
        if _NEWEST in sizes and semconv.INPUT_MESSAGES in sizes:  # they make one attribute
            wanted[semconv.INPUT_MESSAGES] = min(sizes[semconv.INPUT_MESSAGES], max(0, limit - sizes[_NEWEST]))
        for name, share in _shares(wanted, together).items():
            if share < sizes[name]:
                del written[name]
                written |= self._texts({name: pieces[name]}, share, depth)
        newest = written.pop(_NEWEST, None)
        if newest is not None:
            written[semconv.INPUT_MESSAGES] = _joined(written.get(semconv.INPUT_MESSAGES, "[]"), newest)
        return {name: written[name] for name in said if name in written}


def _are_within(texts: Collection[str], limit: int, together: int) -> bool:
    """Nearly always their number, or their lengths, are enough to tell."""
    if len(texts) * limit <= together:
        return True
    characters = sum(map(len, texts))
    if characters * 4 <= together or characters > together:
        return characters <= together
    return sum(map(bytes_of, texts)) <= together


def _shares(wanted: Mapping[str, int], room: int) -> dict[str, int]:
    """How much of `room` each gets: all it wants if that is little, else by its weight."""
    waiting = sum(_WEIGHTS[name] for name in wanted)
    shares: dict[str, int] = {}
    for name in sorted(wanted, key=lambda name: wanted[name] / _WEIGHTS[name]):
        shares[name] = min(wanted[name], room * _WEIGHTS[name] // waiting)
        room -= shares[name]
        waiting -= _WEIGHTS[name]
    return shares


def _joined(older: str, newest: str) -> str:
    """The JSON of two lists as that of one."""
    if older == "[]" or newest == "[]":
        return newest if older == "[]" else older
    return f"{older[:-1]},{newest[1:]}"
