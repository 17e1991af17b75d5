"""What was said in a call, as attributes: JSON text on spans, structured on events. The only place that writes it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final

from genscope import semconv
from genscope.core.messages import Content
from genscope.core.payload import to_json, to_plain

_DETAILS_OF_A_TOOL: Final = frozenset({"description", "parameters"})
"""Opt-in of their own: https://github.com/open-telemetry/semantic-conventions-genai, `gen_ai.tool.definitions`."""


@dataclass(frozen=True, slots=True)
class ContentWriter:
    """`max_bytes` is for the JSON of each attribute."""

    max_bytes: int
    tool_schemas: bool

    def as_json(self, content: Content, longest: int | None = None) -> dict[str, str]:
        """For a span; `longest` is the limit, in characters, that its provider has set for values."""
        limit = self.max_bytes if longest is None else min(self.max_bytes, longest)
        return dict(self._written(content, lambda value: to_json(value, limit)))

    def as_values(self, content: Content) -> dict[str, Any]:
        """For an event."""
        return dict(self._written(content, lambda value: to_plain(value, self.max_bytes)))

    def _written(self, content: Content, write: Callable[[Any], Any]) -> Iterator[tuple[str, Any]]:
        for name, value in (
            (semconv.TOOL_DEFINITIONS, self._tools(content)),
            (semconv.SYSTEM_INSTRUCTIONS, content.instructions),
            (semconv.INPUT_MESSAGES, content.input),
            (semconv.OUTPUT_MESSAGES, content.output),
        ):
            if value is not None:
                written = write(value)
                if written is not None:
                    yield name, written

    def _tools(self, content: Content) -> Any:
        if self.tool_schemas or content.tools is None:
            return content.tools
        return [{key: value for key, value in tool.items() if key not in _DETAILS_OF_A_TOOL} for tool in content.tools]
