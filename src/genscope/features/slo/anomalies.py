"""What is out of the ordinary: the last hour beside the same hour yesterday, or beside the mean hour of a day."""

from __future__ import annotations

from collections import deque
from typing import Final

from genscope.features.slo.burn import Measured
from genscope.features.slo.measures import HOUR
from genscope.features.slo.objective import Objective
from genscope.features.slo.windows import Taken

_SLICE: Final = 300.0
_OF_HOUR: Final = int(HOUR / _SLICE)
_OF_DAY: Final = 24 * _OF_HOUR
_LEAST_HISTORY: Final = 6 * _OF_HOUR
"""Slices before the last hour that say what a mean hour is."""


class Spike:
    """Amounts of a day and an hour, in slices of five minutes."""

    def __init__(self, objective: Objective) -> None:
        self._objective = objective
        self._against_yesterday = objective.measure == "token_spike"
        self._slices: deque[list[int]] = deque()  # place, count, amount
        self._first: int | None = None
        self._times: float | None = None

    def add(self, at: float, taken: Taken) -> None:
        place = int(at // _SLICE)
        if self._first is None:
            self._first = place
        if not self._slices or self._slices[-1][0] < place:
            self._slices.append([place, 0, 0])
        self._slices[-1][1] += 1
        self._slices[-1][2] += taken.amount

    def empty(self) -> bool:
        return not self._slices

    def moves(self) -> bool:
        return bool(self._slices)

    def measured(self, at: float) -> Measured:
        """Unknown until there is a day, or six hours of one, to compare with, and while nothing was used in it."""
        now = int(at // _SLICE)
        while self._slices and self._slices[0][0] <= now - _OF_DAY - _OF_HOUR:
            self._slices.popleft()
        count, recent = self._between(now - _OF_HOUR, now)
        usual = self._usual(now)
        if usual is None or count < self._objective.min_samples:
            self._times = None
            return Measured(count, None, False)
        self._times = recent / usual
        return Measured(count, self._times / self._objective.target, self._times > self._objective.target)

    def value(self) -> float | None:
        return self._times

    def _usual(self, now: int) -> float | None:
        """Of an hour, in units of 1 / `PER_UNIT`."""
        history = 0 if self._first is None else now - _OF_HOUR - self._first + 1
        if self._against_yesterday:
            _, amount = self._between(now - _OF_DAY - _OF_HOUR, now - _OF_DAY)
            return float(amount) if amount and history >= _OF_DAY else None
        slices = min(history, _OF_DAY)
        _, amount = self._between(now - _OF_HOUR - slices, now - _OF_HOUR)
        return amount * _OF_HOUR / slices if amount and slices >= _LEAST_HISTORY else None

    def _between(self, after: int, until: int) -> tuple[int, int]:
        """Count and amount of the slices of which the first is left out."""
        found = [part for part in self._slices if after < part[0] <= until]
        return sum(part[1] for part in found), sum(part[2] for part in found)
