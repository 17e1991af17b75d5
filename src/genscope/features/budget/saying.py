"""Lines in the log of the application: each once, and never the application's problem."""

from __future__ import annotations

import logging
from contextlib import suppress
from typing import Any, Final

logger = logging.getLogger("genscope")

_MOST: Final = 256


def say(level: int, text: str, *values: Any) -> None:
    with suppress(Exception):  # a handler of the application's may have faults of its own
        logger.log(level, text, *values)


class Once:
    """What has been said, so that it is said once."""

    def __init__(self) -> None:
        self._said: set[str] = set()

    def warn(self, what: str, text: str, *values: Any) -> None:
        """`what` tells what it is about: it is not said of that again."""
        self.say(logging.WARNING, what, text, *values)

    def say(self, level: int, what: str, text: str, *values: Any) -> None:
        if what not in self._said and len(self._said) < _MOST:
            self._said.add(what)
            say(level, f"genscope: {text}", *values)

    def clear(self) -> None:
        self._said.clear()
