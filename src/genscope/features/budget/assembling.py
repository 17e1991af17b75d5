"""From settings as they are said to the stage: what cannot be understood of them is a problem of the budget's."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timezone, tzinfo
from typing import Any

from genscope.features.budget.alerts import Callback
from genscope.features.budget.declaring import Declaration, declared
from genscope.features.budget.estimate import DEFAULT_OUTPUT_TOKENS, Estimator
from genscope.features.budget.ledgers import MEMORY, ledger_at
from genscope.features.budget.pricing import Pricer
from genscope.features.budget.scopes import Identity, identity_of
from genscope.features.budget.stage import Budgets
from genscope.features.budget.windows import time_zone


def budgets(
    limits: Any,
    *,
    mode: str = "warn",
    fail: str = "open",
    store: str = MEMORY,
    zone: Any = "UTC",
    callback: Callback | None = None,
    unpriced: str = "allow",
    default_output_tokens: int = DEFAULT_OUTPUT_TOKENS,
    estimator: Estimator | None = None,
    observed: Sequence[str] = (),
    pricer: Pricer | None = None,
    identity: Identity = identity_of,
) -> Budgets | None:
    """The stage, or None without limits. Never raises: `Budgets` says what is wrong and holds what is left."""
    found = declared(limits)
    if not found.limits and not found.problems:
        return None
    problems = list(found.problems)
    in_zone: tzinfo = timezone.utc
    try:
        in_zone = time_zone(zone)
    except ValueError as fault:
        problems.append(f"its time zone {fault}; taken: UTC")
    try:
        ledger = ledger_at(store)
    except ValueError as accepted:  # without the address: there may be a password in it
        problems.append(f"its store is not understood; accepted: {accepted}; taken: {MEMORY}")
        ledger = ledger_at(MEMORY)
    return Budgets(
        Declaration(found.limits, tuple(problems)),
        mode=mode,
        fail=fail,
        ledger=ledger,
        zone=in_zone,
        callbacks=() if callback is None else (callback,),
        estimate=estimator,
        default_output_tokens=default_output_tokens,
        pricer=pricer,
        unpriced=unpriced,
        identity=identity,
        observed=observed,
    )
