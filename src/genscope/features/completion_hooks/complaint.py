"""What is wrong with a hook or a store, said in the log: it may be so for each call."""

from __future__ import annotations

import logging
from contextlib import suppress
from time import monotonic
from typing import Any, Final

logger = logging.getLogger("genscope")

_QUIET: Final = 60.0
"""Seconds between two warnings of the same."""


class Complaint:
    """A warning, at most once a minute; `{count}` in its text is how often there has been a reason since the last."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._count = 0
        self._said = -_QUIET

    def __call__(self, **values: Any) -> None:
        self._count += 1
        now = monotonic()
        if now - self._said >= _QUIET:
            self._said = now
            count, self._count = self._count, 0
            with suppress(Exception):  # a handler of the application's may have faults of its own
                logger.warning("genscope: %s", self._text.format(count=count, **values))
