"""What an application is told when a call is refused: which limit, what is spent of it, and when it begins anew."""

from __future__ import annotations

from collections.abc import Sequence

from genscope.core.operation import Operation
from genscope.core.pipeline import BudgetExceeded
from genscope.features.budget.ledger import Balance
from genscope.features.budget.limits import number, shown
from genscope.features.budget.rules import RuleAccount


def refusal(account: RuleAccount, balance: Balance, amount: int) -> BudgetExceeded:
    """Because what is spent, reserved and asked for is together more than the limit."""
    unit = account.rule.limit.unit
    parts = [f"{shown(balance.spent, unit)} {unit} spent"]
    if balance.reserved:
        parts.append(f"{shown(balance.reserved, unit)} reserved by calls in flight")
    if amount > 1 or unit != "requests":
        parts.append(f"this call may need {shown(amount, unit)}")
    return _exceeded(account, balance, ", ".join(parts))


def store_away(account: RuleAccount, balance: Balance) -> BudgetExceeded:
    """Because nobody can say what is spent, and calls are to be refused then."""
    return _exceeded(account, balance, "the store of the budget is away, and calls are refused meanwhile")


def not_priced(account: RuleAccount, op: Operation) -> BudgetExceeded:
    """Because what the call would cost cannot be known."""
    return _exceeded(account, Balance(0, 0), f"{op.model or 'a model that is not named'} of {op.provider} has no price")


def unreadable(problems: Sequence[str]) -> BudgetExceeded:
    return BudgetExceeded(f"the budget cannot be read, and calls are refused meanwhile: {'; '.join(problems)}")


def _exceeded(account: RuleAccount, balance: Balance, why: str) -> BudgetExceeded:
    rule = account.rule
    who = ", ".join(f"{name} {'not said' if value is None else value}" for name, value in account.scope.items())
    resets_at = account.resets_at
    when = "" if resets_at is None else f"; resets {resets_at.isoformat()}"
    return BudgetExceeded(
        f"budget {rule.text}{f' ({who})' if who else ''}: {why}{when}",
        limit=rule.limit,
        spent=number(balance.spent, rule.limit.unit),
        resets_at=resets_at,
        scope=account.scope,
    )
