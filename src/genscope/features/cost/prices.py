"""The price of a model as tables say it, and as the whole numbers that calls are counted with.

A price is a JSON object, the same in the embedded table and in a user's. All of it is optional:

* the kinds of `TOKENS`: USD for a million tokens;
* the kinds of `UNITS`: USD for one;
* `above`: by number of input tokens, the kinds that cost otherwise for a request that has more of them. All of the
  request costs that, its output too;
* `tiers`: the same by service tier as it was served (`batch`, `flex`, `priority`), each with its own `above`;
* `factors`: by what tokens are multiplied that are served `fast`, or in a region: `eu`, `us`, `regional`;
* `off_peak`: the kinds that cost otherwise in some `windows`, which have `hours` (`"10:00-00:00"`, UTC) and `weekdays`
  (1 is Monday).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final, NamedTuple

PER_DOLLAR: Final = 10**15
"""Amounts are whole numbers of 10^-15 USD: no price has more digits, and sums of them are exact."""

_PER_TOKEN: Final = PER_DOLLAR // 10**6


class Rates(NamedTuple):
    """For one token, or one of what `UNITS` names, in 10^-15 USD; None is no price, 0 is free."""

    input: int | None = None
    output: int | None = None
    cache_read: int | None = None
    cache_write: int | None = None
    cache_write_1h: int | None = None
    input_audio: int | None = None
    input_image: int | None = None
    output_audio: int | None = None
    output_image: int | None = None
    reasoning: int | None = None
    per_second: int | None = None
    """Of audio that was transcribed."""
    per_character: int | None = None
    """Of text that was spoken."""
    per_image: int | None = None
    """That was made."""
    per_query: int | None = None
    """Of a reranking: a search unit."""
    per_web_search: int | None = None


UNITS: Final = tuple(kind for kind in Rates._fields if kind.startswith("per_"))
TOKENS: Final = tuple(kind for kind in Rates._fields if kind not in UNITS)

_INSTEAD: Final = {
    "cache_read": "input",
    "cache_write": "input",
    "cache_write_1h": "cache_write",
    "input_audio": "input",
    "input_image": "input",
    "output_audio": "output",
    "output_image": "output",
    "reasoning": "output",
}
"""What counts for a kind without a price of its own, as in LiteLLM: then it is billed as what it is a part of."""


@dataclass(frozen=True, slots=True)
class Window:
    """A time of low prices. Minutes of the day, UTC; a window that starts after it ends goes on past midnight."""

    start: int
    end: int
    weekdays: frozenset[int]

    def has(self, weekday: int, minute: int) -> bool:
        if weekday not in self.weekdays:
            return False
        if self.start < self.end:
            return self.start <= minute < self.end
        return minute >= self.start or minute < self.end


@dataclass(frozen=True, slots=True)
class Price:
    """What a model costs at one tier and in one region."""

    base: Rates
    steps: tuple[tuple[int, Rates], ...] = ()
    """Above how many input tokens, and what then; the highest first."""
    windows: tuple[Window, ...] = ()
    off_peak: Rates | None = None

    def rates(self, input_tokens: int, time: int) -> Rates:
        """For a request of that size that ended at `time`, in nanoseconds since the epoch.

        DeepSeek goes by the time when a request ends: https://api-docs.deepseek.com/quick_start/pricing
        """
        if self.off_peak is not None:
            minutes = time // 60_000_000_000
            weekday = (minutes // 1440 + 3) % 7 + 1  # 1970 began on a Thursday
            if any(window.has(weekday, minutes % 1440) for window in self.windows):
                return self.off_peak
        for above, rates in self.steps:
            if input_tokens > above:
                return rates
        return self.base


Said = Mapping[str, Any]
"""A price, or a part of one, as a table says it."""


def price(said: Said, tier: str | None = None, factors: Iterable[str] = ()) -> Price:
    """A price as it is counted with, at a service tier and with the factors that apply.

    Where the tier has no price for a kind, or there is no such tier, the standard one counts. Above a threshold its
    price for the tier comes first, then its standard price.
    """
    named: Said = said.get("factors", {})
    factor = Decimal(1)
    for name in factors:
        factor *= Decimal(str(named.get(name, 1)))
    served: Said = said.get("tiers", {}).get(tier, {})
    layers: list[Said] = [served, said]
    base = _rates(layers, factor)
    above: Said = said.get("above", {})
    served_above: Said = served.get("above", {})
    steps: list[tuple[int, Rates]] = []
    for threshold in sorted({*above, *served_above}, key=int):
        layers = [served_above.get(threshold, {}), above.get(threshold, {}), *layers]
        steps.insert(0, (int(threshold), _rates(layers, factor)))
    if "off_peak" not in said:
        return Price(base, tuple(steps))
    off_peak: Said = said["off_peak"]
    windows = tuple(window for one in off_peak.get("windows", ()) for window in _windows(one))
    return Price(base, tuple(steps), windows, _rates([off_peak, served, said], factor))


def _rates(layers: Sequence[Said], factor: Decimal) -> Rates:
    """`layers` say the same kinds, the first that knows one is right."""
    found: dict[str, int | None] = {}
    for kind in TOKENS:
        # Reasoning is output: a layer that has a price for that, and none for this, means both
        known = (layer for layer in layers if kind in layer or (kind == "reasoning" and "output" in layer))
        usd = next((layer.get(kind) for layer in known), None)
        if usd is not None:
            found[kind] = round(Decimal(str(usd)) * _PER_TOKEN * factor)
        elif kind in _INSTEAD:
            found[kind] = found.get(_INSTEAD[kind])
    for kind in UNITS:
        usd = next((layer[kind] for layer in layers if kind in layer), None)
        if usd is not None:
            found[kind] = round(Decimal(str(usd)) * PER_DOLLAR)
    return Rates(**found)


def _windows(said: Said) -> Iterable[Window]:
    weekdays = frozenset[int](said.get("weekdays", range(1, 8)))
    for hours in said["hours"]:
        start, end = hours.split("-")
        yield Window(_minute(start), _minute(end), weekdays)


def _minute(clock: str) -> int:
    hours, minutes = clock.split(":")
    return int(hours) * 60 + int(minutes)
