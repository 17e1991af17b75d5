"""A store in memory that can be made to fail, to hang and to lose its answers."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Sequence

from opentelemetry.instrumentation.utils import is_instrumentation_enabled

from genscope.features.budget.ledger import Account, Balance, Hold, Verdict
from genscope.features.budget.store import Answer, Batch


class FakeStore:
    name = "fake"

    def __init__(self) -> None:
        self.spent: Counter[str] = Counter()
        self.held: dict[str, dict[str, int]] = {}
        self.seen: dict[str, int] = {}
        self.exchanges = 0
        self.closed = 0
        self.away = False
        self.loses_answers = False
        self.gate = threading.Event()
        self.gate.set()
        self.entered = threading.Event()
        self.instrumented: set[bool] = set()

    def _balance(self, account: Account) -> Balance:
        return Balance(self.spent[account.key], sum(amounts.get(account.key, 0) for amounts in self.held.values()))

    def exchange(self, client: str, batch: Batch, holds: Sequence[Hold]) -> Answer:
        self.exchanges += 1
        self.instrumented.add(is_instrumentation_enabled())
        self.entered.set()
        self.gate.wait()
        if self.away:
            raise ConnectionError("redis://user:secret@host is away")
        posted: list[Balance] = []
        fresh = self.seen.get(client, 0) < batch.number
        for account, hold_id, _, charge in batch.postings:
            if fresh:
                self.held.get(hold_id, {}).pop(account.key, None)
                self.spent[account.key] += charge
            posted.append(self._balance(account))
        if batch.postings:
            self.seen[client] = max(batch.number, self.seen.get(client, 0))
        verdicts = [self._reserve(hold) for hold in holds]
        if self.loses_answers:
            raise TimeoutError
        return Answer(posted, verdicts)

    def _reserve(self, hold: Hold) -> Verdict:
        balances = [self._balance(account) for account in hold.accounts]
        for index, (account, amount) in enumerate(zip(hold.accounts, hold.amounts, strict=True)):
            if account.cap is not None and sum(balances[index][:2]) + amount > account.cap:
                return Verdict(index, balances)
        self.held[hold.id] = {a.key: amount for a, amount in zip(hold.accounts, hold.amounts, strict=True)}
        return Verdict(None, [self._balance(account) for account in hold.accounts])

    def read(self, accounts: Sequence[Account]) -> Sequence[Balance]:
        if self.away:
            raise ConnectionError
        return [self._balance(account) for account in accounts]

    def close(self) -> None:
        self.closed += 1

    def reserved(self, key: str) -> int:
        return sum(amounts.get(key, 0) for amounts in self.held.values())
