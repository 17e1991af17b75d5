"""The options of budgets: limits on what calls may use."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any

from genscope.settings.option import option
from genscope.settings.values import function, limit, limits, one_of, text, words


@dataclass(frozen=True)
class BudgetOptions:
    """Budget"""

    budget: Any = option(
        "GENSCOPE_BUDGET",
        limits,
        None,
        "Limits, `50 usd/day; 2 usd/day per user; 60 requests/minute for model=gpt-4o`, or `@path` of a file.",
    )
    budget_mode: str = option(
        "GENSCOPE_BUDGET_MODE",
        one_of("warn", "deny"),
        "warn",
        "What becomes of a call that does not fit: a warning, or `BudgetExceeded` before it is sent (`deny`).",
    )
    budget_store: str = option(
        "GENSCOPE_BUDGET_STORE",
        text,
        "memory",
        "Where it is counted: `memory` of a process, `sqlite:///path` for a host, `redis://host:6379/0` for all hosts.",
        secret=True,
    )
    budget_fail: str = option(
        "GENSCOPE_BUDGET_FAIL",
        one_of("open", "closed"),
        "open",
        "While the store is away: go on from what this process knows (`open`), or refuse calls (`closed`).",
    )
    budget_timezone: str = option(
        "GENSCOPE_BUDGET_TIMEZONE",
        text,
        "UTC",
        "Whose days and months they are: `Europe/Berlin`.",
    )
    budget_unpriced: str = option(
        "GENSCOPE_BUDGET_UNPRICED",
        one_of("allow", "deny"),
        "allow",
        "Calls under a limit of money whose model has no price: let them pass, or refuse them in the mode `deny`.",
    )
    budget_default_output_tokens: int = option(
        "GENSCOPE_BUDGET_DEFAULT_OUTPUT_TOKENS",
        limit,
        1000,
        "Tokens to reserve for an answer whose length the request does not limit.",
    )
    budget_metric_scopes: Collection[str] = option(
        "GENSCOPE_BUDGET_METRIC_SCOPES",
        words,
        (),
        "Scopes (`user`, `tenant` ...) whose every value may be a time series of `genscope.budget.remaining`.",
    )
    budget_callback: Callable[[Any], Any] | None = option(
        "GENSCOPE_BUDGET_CALLBACK",
        function,
        None,
        "A function, or `package.module:function`: called with an `Alert` when 50, 80 and 100 % of a limit are spent.",
    )
    budget_estimator: Callable[[Any, Any], Any] | None = option(
        "GENSCOPE_BUDGET_ESTIMATOR",
        function,
        None,
        "A function `(op, body)`, or `package.module:function`: returns the `Estimate` of what a call may use.",
    )
