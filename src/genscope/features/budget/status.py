"""How much of each budget is left, as far as this process knows or can ask."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from time import time

from genscope.features.budget.ledger import Balance
from genscope.features.budget.limits import Limit, number
from genscope.features.budget.rules import RuleAccount
from genscope.features.budget.stage import Budgets, live


@dataclass(frozen=True)
class Status:
    """A budget now. Amounts are USD, tokens or requests, as `unit` says; `remaining` below 0 is what was overspent."""

    limit: Limit
    scope: Mapping[str, str | None]
    unit: str
    mode: str
    amount: float | int
    spent: float | int
    reserved: float | int
    remaining: float | int
    resets_at: datetime | None


def status() -> list[Status]:
    """All limits in the order they are declared, and of each the scopes that this process has had calls of.

    Asks the store: in a coroutine call it in a thread. While the store is away, it is what this process knows.
    """
    found: dict[tuple[int, str], Status] = {}
    for budgets in list(live.values()):
        accounts = [account for rule in budgets.rules for account in rule.accounts(time())]
        for account, balance in zip(accounts, budgets.ledger.read(accounts), strict=True):
            key = (id(budgets.ledger), account.key + account.rule.text)
            found.setdefault(key, _status(account, balance))
    return list(found.values())


def observed() -> Iterator[tuple[RuleAccount, Balance]]:
    """The accounts that may be observed, each once, as they are known here; asks nobody and has better known soon."""
    seen: set[tuple[int, str]] = set()
    for budgets in list(live.values()):
        accounts = list(_observable(budgets))
        for account, balance in zip(accounts, budgets.ledger.known(accounts), strict=True):
            key = (id(budgets.ledger), account.key + account.rule.text)
            if key not in seen:
                seen.add(key)
                yield account, balance
        budgets.ledger.refresh(accounts)


def used() -> Iterator[tuple[str, float]]:
    """The limits that may be observed, and which part of each is spent: of one with scopes, where that is most."""
    found: dict[str, float] = {}
    for account, (spent, _, _) in observed():
        units, text = account.rule.limit.units, account.rule.text
        found[text] = max(found.get(text, 0.0), spent / units if units else 1.0)
    yield from found.items()


_MOST_OBSERVED = 200
"""Series of each limit."""


def _observable(budgets: Budgets) -> Iterator[RuleAccount]:
    for rule in budgets.rules:
        if budgets.observed.issuperset(rule.limit.per):
            yield from rule.accounts(time())[:_MOST_OBSERVED]


def _status(account: RuleAccount, balance: Balance) -> Status:
    limit, rule = account.rule.limit, account.rule
    amounts = (limit.units, balance.spent, balance.reserved, limit.units - balance.spent - balance.reserved)
    return Status(
        limit,
        account.scope,
        limit.unit,
        rule.mode,
        *(number(units, limit.unit) for units in amounts),
        resets_at=account.resets_at,
    )
