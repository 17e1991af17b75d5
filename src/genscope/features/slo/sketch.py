"""Quantiles of a stream in little memory, within one percent of the exact value: after DDSketch.

Values fall into buckets that grow by a constant factor, so that any value of a bucket is near all others of it. Two
sketches are merged by adding up their buckets. https://www.vldb.org/pvldb/vol12/p2195-masson.pdf
"""

from __future__ import annotations

from collections import Counter
from math import ceil, log
from typing import Final

ACCURACY: Final = 0.01
"""How far an answer may be off, relative to the exact value."""
_FACTOR: Final = (1 + ACCURACY) / (1 - ACCURACY)
_STEP: Final = log(_FACTOR)
LEAST: Final = 1e-6
MOST: Final = 1e6
"""What is less or more counts as these, so that there are never more than 1,400 buckets."""


class Sketch:
    """Counts of values, by bucket."""

    __slots__ = ("_buckets", "count")

    def __init__(self) -> None:
        self._buckets: Counter[int] = Counter()
        self.count = 0

    def __len__(self) -> int:
        """How many buckets there are."""
        return len(self._buckets)

    def add(self, value: float) -> None:
        """Raises `ValueError` for what is no number."""
        self._buckets[ceil(log(min(max(value, LEAST), MOST)) / _STEP)] += 1
        self.count += 1

    def merge(self, other: Sketch) -> None:
        """Have what another one has, too."""
        self._buckets.update(other._buckets)
        self.count += other.count

    def quantile(self, q: float) -> float | None:
        """The value that the part `q` of all others does not exceed; None without any."""
        rank, seen = q * (self.count - 1), 0
        for bucket in sorted(self._buckets):
            seen += self._buckets[bucket]
            if seen > rank:
                return 2 * _FACTOR**bucket / (_FACTOR + 1)
        return None
