"""How fast what is allowed is used up: 1 is just as fast as promised, and more than that is a breach."""

from __future__ import annotations

from typing import NamedTuple

from genscope.features.slo.measures import AMOUNT, MEAN, QUANTILE
from genscope.features.slo.objective import Objective
from genscope.features.slo.windows import PER_UNIT, Length, Taken, Window


class Measured(NamedTuple):
    """How an objective stands."""

    samples: int
    burn_rate: float | None
    """The highest of those over its long windows; None while too little is known."""
    breached: bool


class Windows:
    """What has been sampled lately, over every length that an objective looks at."""

    def __init__(self, objective: Objective) -> None:
        self._objective = objective
        self._main = Window(objective.window, objective.row.form == QUANTILE)
        self._by_length = {objective.window: self._main}
        for trigger in objective.triggers:
            for length in (trigger.long, trigger.short):
                if length is not None and length not in self._by_length:
                    self._by_length[length] = Window(length)

    def add(self, at: float, taken: Taken) -> None:
        for window in self._by_length.values():
            window.add(at, taken)

    def empty(self) -> bool:
        """Whether all is too long ago."""
        return not any(window.count for window in self._by_length.values())

    def moves(self) -> bool:
        return any(window.count for length, window in self._by_length.items() if not length.calls)

    def measured(self, at: float) -> Measured:
        for window in self._by_length.values():
            window.advance(at)
        objective = self._objective
        fewest = objective.min_samples
        rates: list[float] = []
        breached = False
        for trigger in objective.triggers:
            long = self._by_length[trigger.long]
            if long.count >= fewest:
                rate = burn_rate(objective, long)
                rates.append(rate)
                breached = breached or (rate > trigger.factor and self._still(trigger.short, trigger.factor))
        return Measured(self._main.count, max(rates, default=None), breached)

    def value(self) -> float | None:
        """Only when somebody asks: quantiles are put together then."""
        return value_of(self._objective, self._main) if self._main.count >= self._objective.min_samples else None

    def _still(self, short: Length | None, factor: float) -> bool:
        if short is None:
            return True
        window = self._by_length[short]
        return window.count > 0 and burn_rate(self._objective, window) > factor


def burn_rate(objective: Objective, window: Window) -> float:
    """Of a window that is not empty."""
    row, allowed = objective.row, objective.allowed
    if row.form == AMOUNT:
        return _spent(objective, window) / objective.target
    if row.form == MEAN:
        mean = _mean(window)
        return (1 - mean) / allowed if row.low else mean / allowed
    return window.bad / (allowed * window.count)


def value_of(objective: Objective, window: Window) -> float | None:
    """What is measured, in the unit of the target, over a window that is not empty."""
    row = objective.row
    if row.form == QUANTILE:
        return window.sketch().quantile(objective.quantile)
    if row.form == AMOUNT:
        return _spent(objective, window)
    if row.form == MEAN:
        return _mean(window)
    share = window.bad / window.count
    return 1 - share if row.low else share


def _mean(window: Window) -> float:
    return window.amount / PER_UNIT / window.count


def _spent(objective: Objective, window: Window) -> float:
    return window.amount / PER_UNIT * objective.row.per_seconds / objective.window.size
