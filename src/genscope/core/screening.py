"""The one place that all content passes on its way to whoever wants it.

A stage with a method `screen` decides what the others get to see. Content is screened when it is looked at first: of a
call that nobody records, it costs nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

from genscope.core.messages import Content

Screen = Callable[[Any, str], Any]
"""`(value, field)`: the value of a field of `Content`, and its name; returns what may be seen of it."""

_UNSEEN: Final = object()


def _field(name: str) -> Any:
    def get(self: ScreenedContent) -> Any:
        return self.look(name)

    def put(self: ScreenedContent, value: Any) -> None:
        self.put(name, value)

    return property(get, put)


class ScreenedContent(Content):
    """Content that shows only what the screens let through, whoever put it there. Where a screen fails: None."""

    __slots__ = ("_on_fault", "_raw", "_screens", "_seen")

    def __init__(self, screens: Sequence[Screen], on_fault: Callable[[Exception], None], tool_parameters: bool) -> None:
        self._raw: dict[str, Any] = {}
        self._seen: dict[str, Any] = {}
        self._screens = screens
        self._on_fault = on_fault
        super().__init__(tool_parameters=tool_parameters)

    def look(self, name: str) -> Any:
        seen = self._seen.get(name, _UNSEEN)
        if seen is _UNSEEN:
            seen = self._raw[name]
            self._seen[name] = None  # until all screens have let it through
            if seen is not None:
                try:
                    for screen in self._screens:
                        seen = screen(seen, name)
                except Exception as fault:
                    self._on_fault(fault)
                    return None
            self._seen[name] = seen
        return seen

    def put(self, name: str, value: Any) -> None:
        self._raw[name] = value
        self._seen.pop(name, None)

    instructions = _field("instructions")
    input = _field("input")
    output = _field("output")
    tools = _field("tools")
    error = _field("error")
