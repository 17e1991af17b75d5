"""What a month costs if it goes on like this, what measures would save of it, and when they have paid off."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Final

from genscope.local.report.figures import Projection, Saving, Total

MONTH_DAYS: Final = 30
LEAST_DAYS: Final = 1.0
"""Less than a day tells nothing of a month: nights and mornings differ."""


def project(
    total: Total,
    days: float,
    savings: Sequence[tuple[str, float]],
    *,
    investment: float | None = None,
    spend: float | None = None,
    assumed: Sequence[str] = (),
) -> Projection | None:
    """`savings` are in words, and what they would have saved in the period; `days` are those with data.

    `spend` is what a month costs where that is known better, as from a bill: savings grow with it. None if there is too
    little to go by.
    """
    if days < LEAST_DAYS or total.cost is None or total.cost <= 0:
        return None
    measured = total.cost / days * MONTH_DAYS
    monthly = measured if spend is None else spend
    parts = [(what, min(max(saved / total.cost, 0.0), 1.0)) for what, saved in savings]
    left = prod(1 - part for _, part in parts)
    saving = monthly * (1 - left)
    counted = total.calls - (total.stopped or 0)
    return Projection(
        days=days,
        spend=monthly,
        daily_calls=total.calls / days,
        mean_duration=total.duration.mean if total.duration else None,
        error_rate=total.failed / counted if counted > 0 else None,
        savings=[Saving(what, monthly * part) for what, part in parts if part > 0],
        saving=saving,
        investment=investment,
        payback_months=investment / saving if investment is not None and saving > 0 else None,
        assumed=assumed,
    )
