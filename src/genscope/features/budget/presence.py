"""Whether a store is there: nobody waits for one that is away, and once in a while somebody looks."""

from __future__ import annotations

import logging
from time import monotonic
from typing import Final

from genscope.features.budget import counting
from genscope.features.budget.saying import say
from genscope.features.budget.store import Store

FIRST_PAUSE: Final = 0.5
LONGEST_PAUSE: Final = 5.0
"""Seconds between two attempts to reach a store that is away: twice as many each time, up to these."""


class Presence:
    """It is there until an exchange fails, and again when one succeeds. Both is said, once each time."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._pause = FIRST_PAUSE
        self.look_at: float | None = None
        """When to look whether it is back, by the monotonic clock; None while it is there."""

    @property
    def away(self) -> bool:
        return self.look_at is not None

    @property
    def worth_a_look(self) -> bool:
        """Whether it is there, or may be back."""
        return self.look_at is None or monotonic() >= self.look_at

    def went_away(self, fault: Exception) -> None:
        first = self.look_at is None
        self.look_at = monotonic() + self._pause
        self._pause = min(self._pause * 2, LONGEST_PAUSE)
        if first:
            counting.count_failure(self._store.name)
            # The text may hold an address with a password in it.
            reason = getattr(self._store, "reason", None) or type(fault).__name__
            say(
                logging.WARNING,
                "genscope: the budget store %s is away (%s): until it is back, limits are held by what this process "
                "knows; calls are refused instead where GENSCOPE_BUDGET_FAIL=closed",
                self._store.name,
                reason,
            )

    def came_back(self) -> None:
        if self.look_at is not None:
            self.look_at = None
            self._pause = FIRST_PAUSE
            say(logging.WARNING, "genscope: the budget store %s is back", self._store.name)
