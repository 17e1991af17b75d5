"""What somebody wants to have in a report: the options of `genscope report`, checked."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from genscope.local.report.period import Period

_CURRENCY: Final = re.compile(r"([A-Za-z]{3})(?:=(\d{1,9}(?:\.\d{1,9})?))?")
CURRENCY_ACCEPTED: Final = "a code, EUR, or with what a US dollar is worth in it, EUR=0.92"
SWAP_ACCEPTED: Final = "MODEL=OTHER or MODEL=PROVIDER/OTHER, gpt-4o=gpt-4o-mini"


@dataclass(frozen=True, slots=True)
class Swap:
    model: str
    other_provider: str | None
    """None for that of the model."""
    other: str


@dataclass(frozen=True, slots=True)
class Asked:
    period: Period
    compared: Period | None
    made_ns: int
    service: str | None = None
    title: str = "LLM report"
    currency: str = "USD"
    rates: Mapping[str, float] | None = None
    """Units of `currency` by currency of a cost; None for that currency alone."""
    swaps: Sequence[Swap] = ()
    cache_rate: float | None = None
    """Part of the input that is supposed to come from the cache."""
    investment: float | None = None
    spend: float | None = None
    top: int = 10
    """Rows of a table."""

    def money(self) -> Mapping[str, float]:
        return {self.currency: 1.0} if self.rates is None else self.rates


def currency(said: str) -> tuple[str, Mapping[str, float]]:
    """`EUR=0.92`: the code, and units of it by currency of a cost. Raises `ValueError`."""
    found = _CURRENCY.fullmatch(said.strip())
    rate = float(found[2]) if found and found[2] else None
    if found is None or rate == 0 or (rate is not None and not math.isfinite(rate)):
        raise ValueError(f"--currency {said!r}; accepted: {CURRENCY_ACCEPTED}")
    code = found[1].upper()
    if code == "USD" and rate not in (None, 1.0):
        raise ValueError(f"--currency {said!r}: a US dollar is one US dollar")
    return code, {code: 1.0} if rate is None else {"USD": rate, code: 1.0}


def swap(said: str) -> Swap:
    """`gpt-4o=anthropic/claude-haiku-4-5`. Raises `ValueError`.

    A name of a model may have a slash: only a word before the first one that is a provider's is taken as one, and that
    is decided where prices are known.
    """
    model, equals, other = (part.strip() for part in said.partition("="))
    if not (model and equals and other):
        raise ValueError(f"--what-if {said!r}; accepted: {SWAP_ACCEPTED}")
    provider, slash, name = other.partition("/")
    return Swap(model, provider, name) if slash and provider and name else Swap(model, None, other)
