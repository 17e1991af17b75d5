"""What a call may cost and what it has cost, in nano-USD (10^-9 USD)."""

from __future__ import annotations

from collections.abc import Callable
from math import isfinite
from typing import Any

from genscope.core.operation import Operation
from genscope.features.budget import counting
from genscope.features.budget.estimate import Estimate
from genscope.features.budget.limits import LARGEST, NANO
from genscope.features.budget.saying import Once

Pricer = Callable[[Operation, int, int], "int | None"]
"""What input and output tokens of a call cost, in nano-USD; None if its model has no price."""


class Prices:
    """Prices that somebody else knows. What has none is said once for each model, and counted."""

    def __init__(self, pricer: Pricer | None, once: Once) -> None:
        self._pricer = pricer
        self._once = once

    def of(self, op: Operation, tokens: Estimate) -> int | None:
        """What so many tokens cost; None where nobody knows."""
        if self._pricer is None:
            return None
        try:
            found = self._pricer(op, *tokens)
            return found if found is None or (type(found) is int and 0 <= found < LARGEST) else _within(found)
        except Exception as fault:
            self._once.warn("pricer", "a price for a budget was not found (%s)", type(fault).__name__)
            return None

    def paid(self, op: Operation, used: Estimate) -> int:
        """What a call that has ended has cost, 0 where nobody knows."""
        said: int | None = None
        cost = op.cost
        if cost is not None and cost.currency == "USD" and isfinite(cost.amount) and cost.amount >= 0:
            said = min(round(cost.amount * NANO), LARGEST)
            if op.failure is None and op.outcome in (None, "completed"):
                return said
        # Of a stream that did not come to its end the provider has not counted everything.
        priced = self.of(op, used)
        if said is None and priced is None:
            counting.count_unpriced(op.provider)
            self.announce_missing(op)
        return max(said or 0, priced or 0)

    def announce_missing(self, op: Operation) -> None:
        """Once for each model that is asked for, whichever snapshot of it answers."""
        asked = f"{op.model} of {op.provider}"
        model = op.response_model or op.model or "a model that is not named"
        self._once.warn(asked, "%s of %s has no price: limits in usd do not hold for its calls", model, op.provider)


def _within(amount: Any) -> int:
    """What a pricer of the application's may return."""
    return max(0, min(round(amount), LARGEST))
