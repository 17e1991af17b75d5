"""Numbers as people read them."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Final

NOBODY_KNOWS: Final = "–"

Say = Callable[[float], str]


def said(value: float | None, say: Say) -> str:
    return NOBODY_KNOWS if value is None or not math.isfinite(value) else say(value)


def count(value: float) -> str:
    """Whole numbers, which those of Prometheus are not: `12,345`, `1.2 M`."""
    if abs(value) >= 10_000_000:
        return f"{value / 1_000_000:,.1f} M"
    return f"{value:,.0f}"


def of(value: float, word: str) -> str:
    """`1 call`, `2 calls`."""
    return f"{count(value)} {word}{'' if count(value) == '1' else 's'}"


def percent(value: float) -> str:
    """Never 100 % or 0 % of what is not quite that."""
    shown = f"{value * 100:.1f}"
    if shown == "100.0" and value < 1:
        return "> 99.9 %"
    if shown == "0.0" and value > 0:
        return "< 0.1 %"
    return f"{shown if 0 < value < 1 else shown.removesuffix('.0')} %"


def seconds(value: float) -> str:
    if value == 0:
        return "0 s"
    if value < 0.9995:
        return f"{value * 1000:.{1 if value < 0.00995 else 0}f} ms"
    if value < 59.95:
        return f"{value:.{2 if value < 9.995 else 1}f} s"
    if value < 5400:
        minutes, rest = divmod(round(value), 60)
        return f"{minutes} min {rest:02} s"
    if value < 172_800:
        return f"{value / 3600:,.1f} h"
    return f"{value / 86_400:,.1f} days"


def money(currency: str) -> Say:
    """Two digits of what is not small, two that count of what is: `$1,234.50`, `$0.0047`."""
    sign = {"USD": "$", "EUR": "€", "GBP": "£"}.get(currency)

    def say(value: float) -> str:
        size = abs(value)
        if size >= 0.995 or size == 0:
            shown = f"{size:,.2f}"
        elif size >= 0.01:
            shown = f"{size:.3f}"
        else:
            shown = f"{size:.{min(-math.floor(math.log10(size)) + 1, 12)}f}"
        shown = f"{sign}{shown}" if sign else f"{shown} {currency}"
        return f"−{shown}" if value < 0 else shown

    return say


def score(value: float) -> str:
    return f"{value:.2f}"


def change(now: float | None, before: float | None) -> float | None:
    """By how much more it is, relative to before; None where that says nothing."""
    if now is None or before is None or before <= 0:
        return None
    return now / before - 1


def signed(value: float) -> str:
    """Of a change: `+12 %`, `−3.4 %`, `× 25`."""
    if value >= 9:
        return f"× {value + 1:,.0f}"
    digits = 0 if abs(value) >= 0.0995 else 1
    shown = f"{abs(value) * 100:.{digits}f}"
    if float(shown) == 0:
        return "± 0 %"
    return f"{'+' if value > 0 else '−'}{shown} %"
