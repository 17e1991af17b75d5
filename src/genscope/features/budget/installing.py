"""One budget for all SDKs: whichever of them a call goes through, it is the same money."""

from __future__ import annotations

from typing import Any

from genscope.features.budget.assembling import budgets
from genscope.features.budget.pricing import Pricer
from genscope.features.budget.stage import Budgets
from genscope.settings import Settings

_OPTIONS = (
    "budget",
    "mode",
    "store",
    "fail",
    "timezone",
    "unpriced",
    "default_output_tokens",
    "metric_scopes",
    "callback",
    "estimator",
)
_installed: list[tuple[list[Any], Budgets | None]] = []
"""The one that holds, with what it was made of. Instrumenting again as before goes on with it and its counts."""


def installed_budgets(settings: Settings, pricer: Pricer | None) -> Budgets | None:
    """The stage that the settings ask for."""
    asked = [getattr(settings, name if name == "budget" else f"budget_{name}") for name in _OPTIONS]
    asked.append(pricer is None)
    for made_of, found in _installed:
        if made_of == asked:
            return found
    found = budgets(
        settings.budget,
        mode=settings.budget_mode,
        fail=settings.budget_fail,
        store=settings.budget_store,
        zone=settings.budget_timezone,
        callback=settings.budget_callback,
        unpriced=settings.budget_unpriced,
        default_output_tokens=settings.budget_default_output_tokens,
        estimator=settings.budget_estimator,
        observed=tuple(settings.budget_metric_scopes),
        pricer=pricer,
    )
    for _, before in _installed:
        if before is not None:
            before.retire()
    _installed[:] = [(asked, found)]
    return found
