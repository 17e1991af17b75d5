"""A ledger whose store is shared with other processes, and may be away.

All that a process has to say to its store goes through one turn, one exchange after the other, and each takes along
what has been settled before: so a reservation sees every earlier settlement of its own process. Who settles never
waits; a thread of ours posts what nobody else has taken along.

While the store is away, nobody waits for it either: what is known here (the last balances, and what this process has
done since) decides, the thread of ours asks from time to time whether the store is back, and then everything that was
settled meanwhile is posted, once.
"""

from __future__ import annotations

import uuid
from collections import deque
from collections.abc import Callable, Generator, Iterable, Sequence
from concurrent.futures import TimeoutError as NotInTime  # not the built-in one before Python 3.11
from contextlib import contextmanager, suppress
from functools import partial
from itertools import count
from threading import Lock, RLock
from typing import Final

from opentelemetry.instrumentation.utils import suppress_instrumentation

from genscope.features.budget import counting
from genscope.features.budget.ledger import Account, Balance, Hold, Settled, StoreAway, Verdict
from genscope.features.budget.memory import MemoryLedger
from genscope.features.budget.postings import Postings
from genscope.features.budget.presence import Presence
from genscope.features.budget.questions import Answer, Questions, answer_all
from genscope.features.budget.store import Store
from genscope.features.budget.waiting import wait_for
from genscope.features.budget.worker import Worker

_PATIENCE: Final = 1.0
"""Seconds that a call waits for its turn. A store that is slow for everybody must not be so many times over."""
_AT_ONCE: Final = 200
"""Accounts that are read together: nobody else is served meanwhile."""


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
        self._questions = Questions()
        self._presence = Presence(self._store)
        self._worker = Worker(self._work, self._next_attempt)

    @property
    def away(self) -> bool:
        return self._presence.away

    def reserve(self, hold: Hold) -> Verdict:
        hold.id = self._new_id()
        verdict = None
        if not self.away:
            answer = self._questions.ask(hold)
            try:
                if self._in_turn(partial(self._have_answered, answer), self._patience):
                    self._tell()
                if not answer.cancel():
                    verdict = self._heard(hold, answer)
            except BaseException:  # the handler of a signal has raised
                self._take_back(hold, answer)
                raise
        return self._decide_here(hold) if verdict is None else verdict

    async def areserve(self, hold: Hold) -> Verdict:
        hold.id = self._new_id()
        verdict = None
        if not self.away:
            answer = self._questions.ask(hold)
            try:
                verdict = await wait_for(answer, self._worker.wake)
            except BaseException:  # cancelled
                self._take_back(hold, answer)
                raise
        return self._decide_here(hold) if verdict is None else verdict

    def _heard(self, hold: Hold, answer: Answer) -> Verdict | None:
        try:
            return answer.result(timeout=self._patience)
        except NotInTime:  # somebody asks for us, and waits for longer than we do
            hold.uncertain = True
            return None

    def settle(self, hold: Hold, charges: Sequence[int]) -> Sequence[Balance]:
        with self._books:
            self._postings.add(hold, charges)
            found = self._mirror.apply(hold, charges)
        self._worker.wake()
        return found

    def read(self, accounts: Sequence[Account]) -> Sequence[Balance]:
        if not self.away:
            self._in_turn(partial(self._look_up, accounts), self._patience)
        return self._mirror.read(accounts)

    def _look_up(self, accounts: Sequence[Account]) -> None:
        with self._reaching():
            for first in range(0, len(accounts), _AT_ONCE):
                some = accounts[first : first + _AT_ONCE]
                self._note(zip(some, self._store.read(some), strict=True))

    def known(self, accounts: Sequence[Account]) -> Sequence[Balance]:
        return self._mirror.read(accounts)

    def refresh(self, accounts: Sequence[Account]) -> None:
        """Have `known` know better, soon."""
        if not self.away:
            self._worker.do(partial(self.read, accounts))

    def flush(self, timeout: float) -> bool:
        self._in_turn(self._post, timeout)
        self._tell(timeout)
        told = self._telling.acquire(timeout=timeout)  # then nobody else is still about to tell
        if told:
            self._telling.release()
        return told and not self._postings

    # --- the turn

    def _in_turn(self, work: Callable[[], object], patience: float) -> bool:
        """Do `work` while nobody else speaks with the store; False if it has not become our turn in time.

        The handler of a signal may raise at any moment (Ctrl-C, the time limit of a job), also in the one in which the
        turn is taken. So C notes in one go that it is ours: else it would be nobody's to give back, for ever.
        """
        taken: list[bool] = []
        try:
            taken.extend(map(self._turn.acquire, (True,), (patience,)))
            if taken[0]:
                work()
            return taken[0]
        finally:
            if taken and taken[0]:
                self._turn.release()

    def _have_answered(self, answer: Answer) -> None:
        while not answer.done():  # else whoever had the turn before us has asked for us, too
            if not self.away:
                self._exchange()
            else:
                self._questions.dismiss()

    def _post(self) -> None:
        if self._postings:
            self._exchange()

    def _exchange(self) -> None:
        """To be called in turn, and `_tell` when the turn is over: whoever hears of it may call us."""
        asked = self._questions.take()  # first: what was settled before they were asked is posted before them
        verdicts: Sequence[Verdict] = ()
        try:
            with self._reaching():
                for batch, last in self._postings.batches():
                    answer = self._store.exchange(self._client, batch, [hold for hold, _ in asked] if last else [])
                    self._postings.confirm(batch)
                    accounts = [posting.account for posting in batch.postings]
                    charges = [posting.charge for posting in batch.postings]
                    self._note(zip(accounts, answer.posted, strict=True))
                    self._untold.extend(map(Settled, accounts, charges, answer.posted))
                    verdicts = answer.verdicts
                for (hold, _), verdict in zip(asked, verdicts, strict=True):
                    self._note(zip(hold.accounts, verdict.balances, strict=True))
        finally:
            answer_all(asked, verdicts)

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
            self._presence.went_away(fault)
            self._worker.wake()
        else:
            self._presence.came_back()

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
            self._withdraw(hold)
            raise StoreAway
        verdict = self._mirror.reserve(hold)._replace(shared=False)
        if verdict.refusing is not None:
            self._withdraw(hold)
        return verdict

    def _withdraw(self, hold: Hold) -> None:
        """The call is refused here; the store may have granted it before it went away."""
        if hold.uncertain:
            self._postings.add(hold, [0] * len(hold.amounts))

    # --- the thread

    def _next_attempt(self) -> float | None:
        """When there is something to do, by the monotonic clock; None for never."""
        if self._questions:
            return 0.0
        if self.away:
            return self._presence.look_at
        return 0.0 if self._postings else None

    def _work(self) -> None:
        if not self._presence.worth_a_look:
            self._questions.dismiss()
        elif self.away or self._questions or self._postings:
            self._in_turn(self._exchange, self._patience)
        self._tell()

    def _take_back(self, hold: Hold, answer: Answer) -> None:
        """Nobody will settle what may still be granted."""
        if not answer.cancel():
            answer.add_done_callback(partial(self._give_back, hold))

    def _give_back(self, hold: Hold, answer: Answer) -> None:
        verdict = None if answer.cancelled() else answer.result()
        if verdict is not None and verdict.refusing is None:
            self.settle(hold, [0] * len(hold.amounts))
        else:
            self._withdraw(hold)

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
        with suppress(Exception):
            self._in_turn(self._store.close, self._patience)
