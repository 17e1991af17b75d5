"""For whom a call was, on its measurements: what the setting `metric_tags` names, and no more series than a few."""

from __future__ import annotations

from typing import Any, Final

from genscope.core.identity import identity_in, is_among
from genscope.core.operation import Identity

_MOST: Final = 100
"""Combinations of values. All that come later are measured together, without any."""


class MetricTags:
    """Which part of an identity goes onto measurements."""

    def __init__(self, chosen: tuple[str, ...]) -> None:
        self._chosen = chosen
        self._seen: set[tuple[tuple[str, str], ...]] = set()

    def __bool__(self) -> bool:
        return bool(self._chosen)

    def of(self, context: Any) -> dict[str, str]:
        """The attributes of what is measured in a context."""
        return self.of_identity(identity_in(context)) if self._chosen else {}

    def of_identity(self, who: Identity | None) -> dict[str, str]:
        if who is None:
            return {}
        found = {name: value for name, value in sorted(who.attributes.items()) if is_among(name, self._chosen)}
        key = tuple(found.items())
        if key not in self._seen:
            if len(self._seen) >= _MOST:
                return {}
            self._seen.add(key)
        return found
