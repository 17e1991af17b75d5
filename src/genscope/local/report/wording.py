"""How a report says its numbers, and what is compared with what."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from genscope.local.report.figures import Figures, Span, Total
from genscope.local.report.html import Markup, element
from genscope.local.report.numerals import change, count, money, percent, said, seconds
from genscope.local.report.summing import REST
from genscope.local.report.tables import trend

_DAY: Final = 86_400
NO_NAME: Final = "(none)"


class Words:
    """For one report: its currency, its periods."""

    def __init__(self, figures: Figures) -> None:
        self._figures = figures
        self._say_money = money(figures.currency)

    # --- numbers

    def money(self, value: float | None) -> str:
        return said(value, self._say_money)

    def count(self, value: float | None) -> str:
        return said(value, count)

    def percent(self, value: float | None) -> str:
        return said(value, percent)

    def seconds(self, value: float | None) -> str:
        return said(value, seconds)

    # --- names

    def name(self, total: Total) -> object:
        """Of what a row of a table is about, with its provider."""
        if total.key == REST and total.provider is None:
            return "all others"
        name = total.key or NO_NAME
        return [name, element("small", total.provider)] if total.provider else name

    # --- time

    def period(self, span: Span) -> str:
        """`1 Nov 2026 00:00 to 8 Nov 2026 00:00`; whole days without the times."""
        since, until = _parse(span.since), _parse(span.until)
        if since.time() == until.time() == datetime.min.time():
            return f"{_day(since)} to {_day(until)} (not included)"
        return f"{_day(since)} {since:%H:%M} to {_day(until)} {until:%H:%M}"

    def time(self, iso: str) -> str:
        at = _parse(iso)
        return f"{_day(at)} {at:%H:%M}"

    def labels(self) -> list[str]:
        """Of the pieces of a trend."""
        starts = [_parse(piece.start) for piece in self._figures.trend]
        if self._figures.step >= _DAY:
            return [f"{at.day} {at:%b}" for at in starts]
        days = {at.date() for at in starts}
        return [f"{at:%H:%M}" if len(days) == 1 else f"{at.day} {at:%b} {at:%H:%M}" for at in starts]

    def step(self) -> str:
        """`day`, `3 hours`: how long a piece is."""
        seconds = round(self._figures.step)
        for unit, length in (("day", _DAY), ("hour", 3600), ("minute", 60)):
            if seconds >= length:
                number = seconds // length
                return unit if number == 1 else f"{number} {unit}s"
        return f"{seconds} s"

    # --- comparisons

    def sums(self, now: float | None, before: float | None, *, more_is_better: bool | None = None) -> Markup | None:
        """Change of something that is added up: nothing, where one of the periods is not whole."""
        if not self._figures.whole:
            return None
        return trend(change(now, before), more_is_better=more_is_better)

    def values(self, now: float | None, before: float | None, *, more_is_better: bool | None = None) -> Markup | None:
        """Change of a mean, a ratio, a percentile."""
        return trend(change(now, before), more_is_better=more_is_better)


def _parse(iso: str) -> datetime:
    return datetime.fromisoformat(iso.removesuffix("Z"))


def _day(at: datetime) -> str:
    return f"{at.day} {at:%b %Y}"
