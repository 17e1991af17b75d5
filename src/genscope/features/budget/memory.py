"""Accounts in the memory of this process."""

from __future__ import annotations

import os
from collections import OrderedDict
from collections.abc import Sequence
from threading import Lock
from time import time
from typing import Final
from weakref import WeakSet

from genscope.features.budget.ledger import Account, Balance, Hold, Verdict, is_nearly_used_up

_MAX_ACCOUNTS: Final = 10_000
_LOOKED_AT: Final = 32
"""Accounts that are looked at to find one that may go."""


_GRANTED: Final = Verdict(None, ())


class _Counter:
    __slots__ = ("ends", "refused", "reserved", "spent")

    def __init__(self, ends: int | None) -> None:
        self.spent = 0
        self.reserved = 0
        self.refused = False
        self.ends = ends


class MemoryLedger:
    """The default. A forked child goes on from what its parent had spent, and from then on counts for itself.

    With more than `most` accounts the one that was used the longest time ago is forgotten, unless something is
    reserved on it: first of all those whose window is over.
    """

    waits = False

    def __init__(self, most: int = _MAX_ACCOUNTS) -> None:
        self._most = most
        self._lock = Lock()
        self._counters: OrderedDict[str, _Counter] = OrderedDict()
        """The one used last is the last."""
        _ledgers.add(self)

    def reserve(self, hold: Hold) -> Verdict:
        counters: list[_Counter] = []
        with self._lock:
            for account, amount in zip(hold.accounts, hold.amounts):  # noqa: B905 - of one length, and this is often done
                counter = self._counter(account)
                cap = account.cap
                if cap is not None and counter.spent + counter.reserved + amount > cap:
                    return self._refuse(hold, len(counters), counter, cap)
                counters.append(counter)
            for counter, amount in zip(counters, hold.amounts):  # noqa: B905
                counter.reserved += amount
        return _GRANTED

    def _refuse(self, hold: Hold, index: int, counter: _Counter, cap: int) -> Verdict:
        """To be called with the lock held."""
        nearly = is_nearly_used_up(counter.spent, counter.reserved, cap)
        first = nearly and not counter.refused and counter.spent < cap
        counter.refused = counter.refused or nearly
        counters = map(self._counter, hold.accounts)
        return Verdict(index, [Balance(one.spent, one.reserved, one.refused) for one in counters], first)

    async def areserve(self, hold: Hold) -> Verdict:
        return self.reserve(hold)

    def settle(self, hold: Hold, charges: Sequence[int]) -> Sequence[Balance]:
        found = self.apply(hold, charges)
        for account, charge, balance in zip(hold.accounts, charges, found):  # noqa: B905
            if charge:
                account.settled(charge, balance)
        return found

    def apply(self, hold: Hold, charges: Sequence[int]) -> Sequence[Balance]:
        """`settle` without a word to anybody."""
        found: list[Balance] = []
        counters = self._counters
        with self._lock:
            for account, amount, charge in zip(hold.accounts, hold.amounts, charges):  # noqa: B905
                counter = counters.get(account.key) or self._counter(account)
                rest = counter.reserved - amount
                counter.reserved = rest if rest > 0 else 0  # it may have been forgotten, or reserved before a fork
                counter.spent += charge
                found.append(Balance(counter.spent, counter.reserved, counter.refused))
        return found

    def read(self, accounts: Sequence[Account]) -> Sequence[Balance]:
        with self._lock:
            found = [self._counters.get(account.key) for account in accounts]
            return [Balance(0, 0) if c is None else Balance(c.spent, c.reserved, c.refused) for c in found]

    known = read

    def refresh(self, accounts: Sequence[Account]) -> None:
        return

    def flush(self, timeout: float) -> bool:
        return True

    def put(self, account: Account, balance: Balance) -> None:
        """What another ledger says of an account."""
        with self._lock:
            counter = self._counter(account)
            counter.spent, counter.reserved, counter.refused = balance

    def _counter(self, account: Account) -> _Counter:
        """To be called with the lock held."""
        counter = self._counters.get(account.key)
        if counter is None:
            if len(self._counters) >= self._most:
                self._forget_one()
            counter = self._counters[account.key] = _Counter(account.ends)
        else:
            self._counters.move_to_end(account.key)
        return counter

    def _forget_one(self) -> None:
        now = time()
        oldest = [key for key, _ in zip(self._counters, range(_LOOKED_AT))]  # noqa: B905
        idle = [key for key in oldest if not self._counters[key].reserved]
        over = (key for key in idle if (ends := self._counters[key].ends) is not None and ends <= now)
        key = next(over, idle[0] if idle else None)
        if key is not None:
            del self._counters[key]

    def begin_anew_in_child(self) -> None:
        """What the parent has reserved is its own to settle."""
        self._lock = Lock()
        for counter in self._counters.values():
            counter.reserved = 0


_ledgers: WeakSet[MemoryLedger] = WeakSet()


def _in_child() -> None:
    for ledger in list(_ledgers):
        ledger.begin_anew_in_child()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_in_child)
