"""A ledger whose store is shared with other processes, and may be away.

All that a process has to say to its store goes through one turn, one exchange after the other, and each takes along
what has been settled before: so a reservation sees every earlier settlement of its own process. Who settles never
waits; a thread of ours posts what nobody else has taken along.

While the store is away, nobody waits for it either: what is known here (the last balances, and what this process has
done since) decides, the thread of ours asks from time to time whether the store is back, and then everything that was
settled meanwhile is posted, once.
"""

from __future__ import annotations

import logging
import uuid
from collections import deque
from collections.abc import Generator, Iterable, Sequence
from concurrent.futures import Future
from contextlib import contextmanager, suppress
from functools import partial
from itertools import count
from threading import Lock, RLock
from time import monotonic
from typing import Final

from opentelemetry.instrumentation.utils import suppress_instrumentation

from genscope.features.budget import counting
from genscope.features.budget.ledger import Account, Balance, Hold, Settled, StoreAway, Verdict
from genscope.features.budget.memory import MemoryLedger
from genscope.features.budget.postings import Postings
from genscope.features.budget.saying import say
from genscope.features.budget.store import Batch, Store
from genscope.features.budget.waiting import give, wait_for
from genscope.features.budget.worker import Worker

_PATIENCE: Final = 1.0
"""Seconds that a call waits for its turn. A store that is slow for everybody must not be so many times over."""
_AT_ONCE: Final = 200
"""Accounts that are read together: nobody else is served meanwhile."""
_FIRST_PAUSE: Final = 0.5
_LONGEST_PAUSE: Final = 5.0


class SharedLedger:
    """Accounts in a `Store`. A forked child is a process of its own."""

    waits = True

    def __init__(self, store: Store, patience: float = _PATIENCE) -> None:
        self._store = store
        self._patience = patience
        self._mirror = MemoryLedger()
        """What is known here: the last balances that the store told, and what this process has done since."""
        self.begin()

    def begin(self) -> None:
        """As a process that the store has not seen: also in a forked child, whose parent posts what it has settled."""
        self._client = uuid.uuid4().hex
        self._turn = Lock()
        self._books = Lock()
        """Held where what was settled is written down twice: to be posted, and in the mirror."""
        self._untold: deque[Settled] = deque()
        self._telling = RLock()
        self._numbers = count()
        self._postings = Postings()
        self._retry_at: float | None = None
        """When to look whether the store is back, by the monotonic clock; None while it is there."""
        self._pause = _FIRST_PAUSE
        self._worker = Worker(self._post, self._next_attempt)

    @property
    def away(self) -> bool:
        return self._retry_at is not None

    def reserve(self, hold: Hold) -> Verdict:
        hold.id = hold.id or self._new_id()
        if self._retry_at is None:
            verdict = self._ask(hold)
            self._tell()
            if verdict is not None:
                return verdict
        try:
            verdict = self._decide_here(hold)
        except StoreAway:
            self._withdraw(hold)
            raise
        if verdict.refusing is not None:
            self._withdraw(hold)
        return verdict

    async def areserve(self, hold: Hold) -> Verdict:
        if self._retry_at is not None:
            return self.reserve(hold)
        hold.id = self._new_id()
        answer: Future[Verdict] = Future()
        task = partial(give, answer, partial(self._reserve_until, hold, monotonic() + self._patience))
        try:
            return await wait_for(answer, partial(self._worker.do, task))
        except BaseException:  # cancelled: nobody will settle what may still be granted
            if not answer.cancel():
                answer.add_done_callback(partial(self._give_back, hold))
            raise

    def settle(self, hold: Hold, charges: Sequence[int]) -> Sequence[Balance]:
        with self._books:
            self._postings.add(hold, charges)
            found = self._mirror.apply(hold, charges)
        self._worker.wake()
        return found

    def read(self, accounts: Sequence[Account]) -> Sequence[Balance]:
        if self._retry_at is None and self._turn.acquire(timeout=self._patience):
            try:
                with self._reaching():
                    for first in range(0, len(accounts), _AT_ONCE):
                        some = accounts[first : first + _AT_ONCE]
                        self._note(zip(some, self._store.read(some), strict=True))
            finally:
                self._turn.release()
        return self._mirror.read(accounts)

    def known(self, accounts: Sequence[Account]) -> Sequence[Balance]:
        return self._mirror.read(accounts)

    def refresh(self, accounts: Sequence[Account]) -> None:
        """Have `known` know better, soon."""
        if self._retry_at is None:
            self._worker.do(partial(self.read, accounts))

    def flush(self, timeout: float) -> bool:
        if self._turn.acquire(timeout=timeout):
            try:
                if self._postings:
                    self._exchange(None)
            finally:
                self._turn.release()
        self._tell(timeout)
        told = self._telling.acquire(timeout=timeout)  # then nobody else is still about to tell
        if told:
            self._telling.release()
        return told and not self._postings

    # --- the turn

    def _ask(self, hold: Hold | None) -> Verdict | None:
        """No verdict if the store is away, or has no time."""
        if not self._turn.acquire(timeout=self._patience):
            return None
        try:
            if self._retry_at is not None and hold is not None:  # it went away while we waited
                return None
            return self._exchange(hold)
        finally:
            self._turn.release()

    def _exchange(self, hold: Hold | None) -> Verdict | None:
        """To be called in turn, and `_tell` when the turn is over: whoever hears of it may call us."""
        verdict: Verdict | None = None
        with self._reaching():
            for batch in self._postings.batches():
                last = not self._postings.waiting
                answer = self._store.exchange(self._client, batch, hold if last else None)
                self._postings.confirm(batch)
                accounts = [posting.account for posting in batch.postings]
                self._note(zip(accounts, answer.posted, strict=True))
                self._untold.extend(
                    map(Settled, accounts, [posting.charge for posting in batch.postings], answer.posted)
                )
                if last:
                    verdict = answer.verdict
                    break
            if hold is not None:
                if verdict is None:  # others settle faster than we post
                    verdict = self._store.exchange(self._client, Batch(0, ()), hold).verdict
                if verdict is not None:
                    self._note(zip(hold.accounts, verdict.balances, strict=True))
        if hold is not None:
            hold.uncertain = verdict is None
        return verdict

    def _tell(self, patience: float = 0.0) -> None:
        """Have the accounts hear what was settled. Who does it already goes on until there is nothing left."""
        while self._untold and self._telling.acquire(timeout=patience):
            try:
                account, charge, balance = self._untold.popleft()
                if charge:
                    with suppress(Exception):
                        account.settled(charge, balance)
            except IndexError:  # another thread was faster
                return
            finally:
                self._telling.release()

    @contextmanager
    def _reaching(self) -> Generator[None]:
        """While we speak with the store: it is there if that succeeds, and away if not."""
        try:
            with suppress_instrumentation():  # no spans for this, whoever instruments the store's client
                yield
        except Exception as fault:
            self._went_away(fault)
        else:
            self._came_back()

    def _note(self, told: Iterable[tuple[Account, Balance]]) -> None:
        """What the store says, and what it does not know yet: that which was settled in this very moment."""
        with self._books:
            by_key = {account.key: (account, balance) for account, balance in told}
            for account, balance in by_key.values():
                self._mirror.put(account, balance)
            for posting in self._postings.unconfirmed():
                if posting.account.key in by_key:
                    self._mirror.apply(Hold([posting.account], [posting.reserved]), [posting.charge])

    # --- away

    def _decide_here(self, hold: Hold) -> Verdict:
        counting.count_unshared(self._store.name)
        if hold.strict:
            raise StoreAway
        return self._mirror.reserve(hold)._replace(shared=False)

    def _withdraw(self, hold: Hold) -> None:
        """The call is refused here; the store may have granted it before it went away."""
        if hold.uncertain:
            self._postings.add(hold, [0] * len(hold.amounts))

    def _went_away(self, fault: Exception) -> None:
        first = self._retry_at is None
        self._retry_at = monotonic() + self._pause
        self._pause = min(self._pause * 2, _LONGEST_PAUSE)
        self._worker.wake()
        if first:
            counting.count_failure(self._store.name)
            # The text may hold an address with a password in it.
            reason = getattr(self._store, "reason", None) or type(fault).__name__
            say(
                logging.WARNING,
                "genscope: the budget store %s is away (%s): until it is back, limits are held by what this process "
                "knows; calls are refused instead where GENSCOPE_BUDGET_FAIL=closed",
                self._store.name,
                reason,
            )

    def _came_back(self) -> None:
        if self._retry_at is not None:
            self._retry_at = None
            self._pause = _FIRST_PAUSE
            say(logging.WARNING, "genscope: the budget store %s is back", self._store.name)

    # --- the thread

    def _next_attempt(self) -> float | None:
        """When there is something to do, by the monotonic clock; None for never."""
        if self._retry_at is not None:
            return self._retry_at
        return 0.0 if self._postings else None

    def _post(self) -> None:
        if self._retry_at is not None and monotonic() < self._retry_at:
            return
        if self._retry_at is None and not self._postings:
            return
        self._ask(None)
        self._tell()

    def _reserve_until(self, hold: Hold, deadline: float) -> Verdict:
        return self.reserve(hold) if monotonic() < deadline else self._decide_here(hold)

    def _give_back(self, hold: Hold, answer: Future[Verdict]) -> None:
        if not answer.cancelled() and answer.exception() is None and answer.result().refusing is None:
            self.settle(hold, [0] * len(hold.amounts))

    def _new_id(self) -> str:
        return f"{self._client}-{next(self._numbers)}"

    # --- forks

    def before_fork(self) -> bool:
        """No exchange is going on from here until `after_fork`, if that can be had; whether it is so."""
        held = self._turn.acquire(timeout=1.0)
        if held:
            with suppress(Exception):
                self._store.close()
        return held

    def after_fork(self, held: bool) -> None:
        if held:
            self._turn.release()

    def close(self) -> None:
        """Post what is left, and let go of the store."""
        self.flush(self._patience)
        if self._turn.acquire(timeout=self._patience):
            try:
                with suppress(Exception):
                    self._store.close()
            finally:
                self._turn.release()
