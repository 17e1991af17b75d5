"""Budgets on the span of a call."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from genscope import semconv
from genscope.core.operation import Operation
from genscope.features.budget.alerts import THRESHOLDS
from genscope.features.budget.ledger import Balance
from genscope.features.budget.limits import number
from genscope.features.budget.rules import RuleAccount


def describe(op: Operation, accounts: Sequence[RuleAccount], balances: Sequence[Balance]) -> None:
    """Say on the span what the tightest limit of a call has left."""
    span = op.span
    if span is None or not span.is_recording():
        return
    index = 0 if len(accounts) == 1 else min(range(len(accounts)), key=lambda n: _part_left(accounts[n], balances[n]))
    spent, reserved, _ = balances[index]
    rule = accounts[index].rule
    limit = rule.limit
    attributes: dict[str, Any] = {
        semconv.BUDGET_LIMIT: rule.text,
        semconv.BUDGET_REMAINING: float(number(limit.units - spent - reserved, limit.unit)),
        semconv.BUDGET_UNIT: limit.unit,
    }
    if spent * 2 >= limit.units:
        reached = [percent for percent in THRESHOLDS if spent * 100 >= percent * limit.units]
        attributes[semconv.BUDGET_THRESHOLD] = reached[-1]
    span.set_attributes(attributes)


def _part_left(account: RuleAccount, balance: Balance) -> float:
    units = account.rule.limit.units
    return (units - balance.spent - balance.reserved) / units if units else 0.0
