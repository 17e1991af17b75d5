"""For formats whose answers come whole."""

from __future__ import annotations

from typing import Any


class Answer:
    """Whatever comes as chunks says nothing we could read."""

    def fold(self, chunk: Any) -> None:
        pass

    def lead(self, chunk: Any) -> str | None:
        return None
