"""Budgets in the record of a call."""

from __future__ import annotations

from collections.abc import Sequence

from genscope.core.operation import BudgetLeft
from genscope.features.budget.alerts import THRESHOLDS
from genscope.features.budget.ledger import Balance
from genscope.features.budget.limits import number
from genscope.features.budget.rules import RuleAccount


def tightest(accounts: Sequence[RuleAccount], balances: Sequence[Balance]) -> BudgetLeft:
    """What the limit has left of which the smallest part is left."""
    index = 0 if len(accounts) == 1 else min(range(len(accounts)), key=lambda n: _part_left(accounts[n], balances[n]))
    spent, reserved, _ = balances[index]
    rule = accounts[index].rule
    limit = rule.limit
    reached: int | None = None
    if spent * 2 >= limit.units:
        reached = [percent for percent in THRESHOLDS if spent * 100 >= percent * limit.units][-1]
    return BudgetLeft(rule.text, float(number(limit.units - spent - reserved, limit.unit)), limit.unit, reached)


def _part_left(account: RuleAccount, balance: Balance) -> float:
    units = account.rule.limit.units
    return (units - balance.spent - balance.reserved) / units if units else 0.0
