"""The stage that holds calls to their budgets: reserved before the request is sent, settled when the call has ended."""

from __future__ import annotations

import logging
import os
from collections.abc import Sequence
from datetime import timezone, tzinfo
from itertools import count
from time import time
from typing import Final
from weakref import WeakValueDictionary

from genscope.core.operation import Operation
from genscope.core.pipeline import BudgetExceeded, Stage
from genscope.features.budget import counting
from genscope.features.budget.alerts import Callback, Courier
from genscope.features.budget.declaring import Declaration
from genscope.features.budget.describing import tightest
from genscope.features.budget.estimate import DEFAULT_OUTPUT_TOKENS, Estimate, Estimator, checked, estimator
from genscope.features.budget.ledger import Hold, Ledger, StoreAway, Verdict
from genscope.features.budget.limits import REQUESTS, TOKENS, Limit
from genscope.features.budget.memory import MemoryLedger
from genscope.features.budget.pricing import Pricer, Prices
from genscope.features.budget.refusing import not_priced, refusal, store_away, unreadable
from genscope.features.budget.rules import RuleAccount, rules
from genscope.features.budget.saying import Once
from genscope.features.budget.scopes import Identity, identity_of
from genscope.features.budget.usage import tokens_used

_FREE: Final = frozenset({"fetch_response", "cancel_response", "count_tokens"})
"""Operations that use nothing. To refuse a cancellation would only cost more."""
_NOTHING: Final = Estimate(0, 0)


class _Held(Hold):
    """What is reserved for a call in flight."""

    __slots__ = ("estimate", "op")

    accounts: Sequence[RuleAccount]

    def __init__(
        self, op: Operation, accounts: Sequence[RuleAccount], amounts: Sequence[int], estimate: Estimate, strict: bool
    ) -> None:
        super().__init__(accounts, amounts, strict)
        self.op = op
        self.estimate = estimate


class Budgets(Stage):
    """`admit` reserves and may refuse, `end` settles. Works whether or not anybody records the call."""

    def __init__(
        self,
        declared: Declaration | Sequence[Limit],
        *,
        mode: str = "warn",
        fail: str = "open",
        ledger: Ledger | None = None,
        zone: tzinfo = timezone.utc,
        callbacks: Sequence[Callback] = (),
        estimate: Estimator | None = None,
        default_output_tokens: int = DEFAULT_OUTPUT_TOKENS,
        pricer: Pricer | None = None,
        unpriced: str = "allow",
        identity: Identity = identity_of,
        observed: Sequence[str] = (),
    ) -> None:
        """`mode` is `warn` or `deny`; `fail` is `open` or `closed`: what becomes of calls while the store is away.

        `unpriced` is what becomes of calls under a limit of money whose model has no price: `allow` or `deny`.
        `observed` are scopes by which what remains may be observed, besides provider and model.
        """
        if not isinstance(declared, Declaration):
            declared = Declaration(tuple(declared), ())
        self.problems = declared.problems
        self.fail = fail
        self.ledger: Ledger = MemoryLedger() if ledger is None else ledger
        self.courier = Courier(callbacks)
        self.rules = rules(declared.limits, mode, zone, self.courier.send, identity)
        self.observed = frozenset(("provider", "model", *observed))
        self.wants_raw = any(rule.limit.unit != REQUESTS for rule in self.rules)
        self._once = Once()
        self._default_estimate = estimator(default_output_tokens)
        self._estimate = estimate
        self._prices = Prices(pricer, self._once)
        self._refuses_unpriced = unpriced == "deny"
        self._refuses_all = bool(self.problems) and mode == "deny" and fail == "closed"
        self._held: dict[int, _Held] = {}
        """By the identity of their records: what is reserved for the calls in flight."""
        for problem in self.problems:
            complained.say(logging.ERROR, problem, "a budget does not hold as it was meant: %s", problem)
        live[next(_numbers)] = self

    def idle(self) -> bool:
        return False  # a budget is to hold where nobody records anything, too

    def retire(self) -> None:
        """It is used no more: `status` does not show it. Calls in flight are settled all the same."""
        for number, budgets in list(live.items()):
            if budgets is self:
                del live[number]

    def flush(self, timeout: float) -> bool:
        """Have everything settled and every callback called, for at most `timeout` seconds each; True if done."""
        settled = self.ledger.flush(timeout)
        return self.courier.flush(timeout) and settled

    # --- before the request

    def admit(self, op: Operation) -> None:
        """Raises `BudgetExceeded` if a limit of mode `deny` does not allow the call. May wait for the store."""
        held = self._prepared(op)
        if held is None:
            return
        if self.ledger.waits and not any(account.rule.denies for account in held.accounts):
            self._watch(held)
            return
        try:
            verdict = self.ledger.reserve(held)
        except StoreAway:
            raise self._refused(held, None) from None
        if verdict.refusing is not None:
            raise self._refused(held, verdict)
        self._held[id(op)] = held

    async def aadmit(self, op: Operation) -> None:
        """`admit` without blocking the event loop."""
        if not self.ledger.waits:
            self.admit(op)
            return
        held = self._prepared(op)
        if held is None:
            return
        if not any(account.rule.denies for account in held.accounts):
            self._watch(held)
            return
        try:
            verdict = await self.ledger.areserve(held)
        except StoreAway:
            raise self._refused(held, None) from None
        if verdict.refusing is not None:
            raise self._refused(held, verdict)
        self._held[id(op)] = held

    def _prepared(self, op: Operation) -> _Held | None:
        """What the call is to reserve; None if it is under no limit."""
        if op.name in _FREE:
            return None
        if self._refuses_all:
            raise unreadable(self.problems)
        now = time()
        accounts: list[RuleAccount] = []
        amounts: list[int] = []
        estimate = _NOTHING
        money, missing = -1, False
        for rule in self.rules:
            account = rule.account(op, now)
            if account is None:
                continue
            accounts.append(account)
            unit = rule.unit
            if unit == REQUESTS:
                amounts.append(1)
                continue
            if estimate is _NOTHING:
                estimate = self._estimated(op)
            if unit == TOKENS:
                amounts.append(estimate.input_tokens + estimate.output_tokens)
                continue
            if money < 0:
                priced = self._prices.of(op, estimate)
                if priced is None:
                    self._prices.announce_missing(op)
                money = priced or 0
                missing = priced is None
            if missing and self._refuses_unpriced and rule.denies:
                raise not_priced(account, op)
            amounts.append(money)
        if not accounts:
            return None
        strict = self.fail == "closed" and any(account.rule.denies for account in accounts)
        return _Held(op, accounts, amounts, estimate, strict)

    def _watch(self, held: _Held) -> None:
        """Where nothing is refused nobody has to wait: the call is counted when it has ended."""
        held.amounts = [0] * len(held.accounts)
        self._held[id(held.op)] = held

    def _refused(self, held: _Held, verdict: Verdict | None) -> BudgetExceeded:
        if verdict is None or verdict.refusing is None:
            account = next(account for account in held.accounts if account.rule.denies)
            balance = self.ledger.known([account])[0]
            found = store_away(account, balance)
        else:
            account = held.accounts[verdict.refusing]
            balance = verdict.balances[verdict.refusing]
            found = refusal(account, balance, held.amounts[verdict.refusing])
            if verdict.first:
                account.alert(100, balance)
        counting.count_refusal(account.rule.text)
        held.op.budget = tightest([account], [balance])
        return found

    # --- after it

    def end(self, op: Operation) -> None:
        held = self._held.pop(id(op), None)
        if held is None:
            return
        used = tokens_used(op, held.estimate)
        money: int | None = None
        charges: list[int] = []
        for account in held.accounts:
            unit = account.rule.unit
            if used is None:
                charges.append(0)
            elif unit == REQUESTS:
                charges.append(1)
            elif unit == TOKENS:
                charges.append(used.input_tokens + used.output_tokens)
            else:
                if money is None:
                    money = self._prices.paid(op, used)
                charges.append(money)
        balances = self.ledger.settle(held, charges)
        op.budget = tightest(held.accounts, balances)

    # --- what others provide

    def _estimated(self, op: Operation) -> Estimate:
        if self._estimate is None:
            return self._default_estimate(op, op.raw)
        try:
            return checked(self._estimate(op, op.raw))
        except Exception as fault:
            self._once.warn("estimator", "the budget estimator failed (%s)", type(fault).__name__)
            return self._default_estimate(op, op.raw)

    def begin_in_child(self) -> None:
        """The calls in flight are the parent's to end."""
        self._held.clear()
        self.courier.begin()


_numbers = count()
live: WeakValueDictionary[int, Budgets] = WeakValueDictionary()
"""The stages there are, in the order in which they were made."""

complained: Final = Once()
"""For all: many SDKs may have the same limits."""


def _in_child() -> None:
    for budgets in list(live.values()):
        budgets.begin_in_child()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_in_child)
