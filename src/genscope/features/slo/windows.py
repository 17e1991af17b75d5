"""Sliding windows: what has happened lately, in slices that fall out one by one.

A window covers its length but for a thirtieth at most. What it costs does not depend on the number of calls: sums are
kept while slices come and go, and only quantiles are put together when they are asked for.
"""

from __future__ import annotations

from collections import deque
from typing import Final, NamedTuple

from genscope.features.slo.sketch import Sketch

SLICES: Final = 30
PER_UNIT: Final = 10**9
"""Amounts are added up in whole numbers: these do not drift."""


class Length(NamedTuple):
    """So many seconds, or so many calls."""

    size: float
    calls: bool = False


class Taken(NamedTuple):
    """What a sample says of an objective."""

    bad: bool
    """Whether it is of those that the objective allows few of."""
    amount: int = 0
    """What is added up, in units of 1 / `PER_UNIT`."""
    value: float | None = None
    """What quantiles are taken of."""


class _Slice:
    __slots__ = ("amount", "bad", "count", "place", "sketch")

    def __init__(self, place: int, sketch: Sketch | None) -> None:
        self.place = place
        self.count = self.bad = self.amount = 0
        self.sketch = sketch


class Window:
    """Sums over the last so many seconds, or calls. Not for many threads at once."""

    __slots__ = ("_length", "_ordinal", "_sketched", "_slices", "_width", "amount", "bad", "count")

    def __init__(self, length: Length, sketched: bool = False) -> None:
        self._length = length
        self._width = length.size / SLICES
        self._sketched = sketched
        self._slices: deque[_Slice] = deque()
        self._ordinal = 0
        self.count = self.bad = self.amount = 0

    def add(self, at: float, taken: Taken) -> None:
        """`at` is a moment by the clock of all windows, in seconds; it may be a little earlier than the last one."""
        place = self._place(self._ordinal if self._length.calls else at)
        self._ordinal += 1
        newest = self._slices[-1] if self._slices else None
        if newest is None or newest.place < place:
            newest = _Slice(place, Sketch() if self._sketched else None)
            self._slices.append(newest)
            self._expire(place)
        newest.count += 1
        newest.bad += taken.bad
        newest.amount += taken.amount
        self.count += 1
        self.bad += taken.bad
        self.amount += taken.amount
        if newest.sketch is not None and taken.value is not None:
            newest.sketch.add(taken.value)

    def advance(self, at: float) -> None:
        """Let go of what is too long ago."""
        if not self._length.calls:
            self._expire(self._place(at))

    def sketch(self) -> Sketch:
        """All values."""
        merged = Sketch()
        for part in self._slices:
            if part.sketch is not None:
                merged.merge(part.sketch)
        return merged

    def _place(self, position: float) -> int:
        return int(position // self._width)

    def _expire(self, newest: int) -> None:
        while self._slices and self._slices[0].place <= newest - SLICES:
            gone = self._slices.popleft()
            self.count -= gone.count
            self.bad -= gone.bad
            self.amount -= gone.amount
