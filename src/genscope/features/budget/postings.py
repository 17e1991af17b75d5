"""What a process has settled and its store has not confirmed: of bounded size, and nothing of it gets lost."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from threading import Lock
from typing import Final

from genscope.features.budget.ledger import Hold
from genscope.features.budget.store import Batch, Posting

_BATCH: Final = 200
_MOST: Final = 2_000


class Postings:
    """In the order they come. Of too many, the oldest are added up, one for each account.

    Those lose what ties them to their reservations, which the store then gives back when they expire.
    """

    def __init__(self, batch: int = _BATCH, most: int = _MOST) -> None:
        self._size = batch
        self._most = most
        self._lock = Lock()
        self._waiting: deque[Posting] = deque()
        self._sent: Batch | None = None
        """What the store may have seen, or not: to be sent again as it is."""
        self._number = 0

    def __bool__(self) -> bool:
        sent = self._sent
        return bool(self._waiting) or (sent is not None and bool(sent.postings))

    def add(self, hold: Hold, charges: Sequence[int]) -> None:
        with self._lock:
            for account, amount, charge in zip(hold.accounts, hold.amounts, charges, strict=True):
                if amount or charge:
                    self._waiting.append(Posting(account, hold.id, amount, charge))
            if len(self._waiting) > self._most:
                self._add_up()

    def batches(self) -> Iterator[tuple[Batch, bool]]:
        """What is there now, and for each batch whether it is the last; there is at least one, perhaps an empty one.

        Each has to be confirmed before the next is asked for.
        """
        unsent = -(-len(self._waiting) // self._size)
        count = 1 + unsent if self._sent is not None else max(1, unsent)
        for number in range(1, count + 1):
            with self._lock:
                if self._sent is None:
                    self._number += 1
                    size = min(self._size, len(self._waiting))
                    self._sent = Batch(self._number, [self._waiting.popleft() for _ in range(size)])
                batch = self._sent
            yield batch, number == count

    def confirm(self, batch: Batch) -> None:
        """The store has it."""
        with self._lock:
            if self._sent is batch:
                self._sent = None

    def unconfirmed(self) -> list[Posting]:
        with self._lock:
            return [*(() if self._sent is None else self._sent.postings), *self._waiting]

    def _add_up(self) -> None:
        """To be called with the lock held."""
        sums: dict[str, Posting] = {}
        for posting in self._waiting:
            known = sums.get(posting.account.key)
            charge = posting.charge + (0 if known is None else known.charge)
            sums[posting.account.key] = Posting(posting.account, "", 0, charge)
        self._waiting = deque(sums.values())
