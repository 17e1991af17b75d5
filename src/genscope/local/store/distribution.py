"""Histograms of any kind as pieces of the number line: added up, subtracted, and asked for percentiles."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any, Final, cast

from genscope.local.store.results import Percentiles

_PERCENTS: Final = (50, 95, 99)

Piece = tuple[float, float]
"""Where it begins, which is not in it, and where it ends, which is."""


class Distribution:
    """How many measurements are in which piece. Those of different histograms need not fit together."""

    def __init__(self) -> None:
        self._counts: Counter[Piece] = Counter()
        self._least = math.inf
        self._most = -math.inf

    def add(self, buckets: Mapping[str, Any], least: float | None = None, most: float | None = None) -> None:
        """`least` and `most` are the measurements at the ends, if they are known."""
        for piece, count in pieces(buckets):
            self._counts[piece] += count
        self._least = min(self._least, math.inf if least is None else least)
        self._most = max(self._most, -math.inf if most is None else most)

    def percentiles(self) -> Percentiles | None:
        """Somewhere in the piece where they are: evenly spread is what one can say."""
        whole = sum(self._counts.values())
        if whole <= 0:
            return None
        ordered = sorted(self._counts.items(), key=lambda item: (item[0][1], item[0][0]))
        return Percentiles(*(self._at(whole * percent / 100, ordered) for percent in _PERCENTS))

    def _at(self, rank: float, ordered: Sequence[tuple[Piece, int]]) -> float:
        below = 0
        for (begin, end), count in ordered:
            if count and below + count >= rank:
                begin = self._least if math.isinf(begin) else max(begin, self._least if self._least < end else begin)
                end = self._most if math.isinf(end) else min(end, self._most if self._most > begin else end)
                if math.isinf(begin):
                    begin = end
                if math.isinf(end):
                    end = begin
                return begin + (end - begin) * (rank - below) / count
            below += count
        return ordered[-1][0][0]


def pieces(buckets: Mapping[str, Any]) -> Iterator[tuple[Piece, int]]:
    """Of buckets as `PointRecord` has them; those of a summary are none."""
    if "bounds" in buckets:
        ends = [-math.inf, *buckets["bounds"], math.inf]
        counts = cast("Sequence[int]", buckets["counts"])
        if len(counts) == len(ends) - 1:
            yield from ((piece, count) for piece, count in zip(pairwise(ends), counts, strict=True))
    elif "scale" in buckets:
        if buckets["zero"]:
            yield (0.0, 0.0), buckets["zero"]
        for index, count in _indexed(buckets["positive"]):
            yield (_bound(index, buckets["scale"]), _bound(index + 1, buckets["scale"])), count
        for index, count in _indexed(buckets["negative"]):
            yield (-_bound(index + 1, buckets["scale"]), -_bound(index, buckets["scale"])), count


def less(later: Mapping[str, Any], earlier: Mapping[str, Any] | None) -> Mapping[str, Any]:
    """What has come to a cumulative histogram between two moments."""
    if not earlier or earlier.keys() != later.keys():
        return later
    if "bounds" in later:
        if later["bounds"] != earlier["bounds"]:
            return later
        counts = zip(later["counts"], earlier["counts"], strict=False)
        return {"bounds": later["bounds"], "counts": [one - other for one, other in counts]}
    if "scale" not in later:
        return later
    scale = min(later["scale"], earlier["scale"])  # it never grows: what is there gets coarser
    return {
        "scale": scale,
        "zero": later["zero"] - earlier["zero"],
        **{sign: _difference(later, earlier, sign, scale) for sign in ("positive", "negative")},
    }


def _difference(later: Mapping[str, Any], earlier: Mapping[str, Any], sign: str, scale: int) -> Sequence[Any]:
    found: Counter[int] = Counter()
    for factor, buckets in ((1, later), (-1, earlier)):
        for index, count in _indexed(buckets[sign]):
            found[index >> (buckets["scale"] - scale)] += factor * count
    if not found:
        return [0, []]
    first, last = min(found), max(found)
    return [first, [found[index] for index in range(first, last + 1)]]


def _indexed(buckets: Sequence[Any]) -> Iterator[tuple[int, int]]:
    offset, counts = buckets
    return ((offset + position, count) for position, count in enumerate(counts) if count)


def _bound(index: int, scale: int) -> float:
    try:
        return 2.0 ** math.ldexp(index, -scale)
    except OverflowError:
        return math.inf
