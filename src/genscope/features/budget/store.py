"""What a store that processes share has to do: one exchange, done as a whole or not at all."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple, Protocol

from genscope.features.budget.ledger import Account, Balance, Hold, Verdict

HOLD_SECONDS: Final = 900
"""After so long without a word of its process a reservation is given back. The call is still charged when it ends."""
GRACE_SECONDS: Final = 3600
"""For so long an account outlives its window: calls are charged to the window in which they began."""
MEMORY_SECONDS: Final = 86_400
"""For so long a store remembers which postings of a process it has seen."""


class Posting(NamedTuple):
    """To take `reserved` of a hold from an account, if it is there still, and to add `charge` to what is spent."""

    account: Account
    hold_id: str
    reserved: int
    charge: int


class Batch(NamedTuple):
    """Postings that are sent together, again and again until the store confirms them, and applied once.

    A process numbers its batches, and sends one after the other: what the store has seen it does not apply again.
    """

    number: int
    postings: Sequence[Posting]


class Answer(NamedTuple):
    """The balances after each posting of the batch, and the verdict on each hold."""

    posted: Sequence[Balance]
    verdicts: Sequence[Verdict]


class Store(Protocol):
    """Any exception means that the store is away, and that the exchange may have been done or not."""

    name: str

    def exchange(self, client: str, batch: Batch, holds: Sequence[Hold]) -> Answer:
        """First the postings, unless this batch of this client has been seen, then one reservation after the other."""
        ...

    def read(self, accounts: Sequence[Account]) -> Sequence[Balance]: ...

    def close(self) -> None:
        """Let go of what cannot be kept over a fork; the next exchange opens it again."""
        ...


class Unusable:
    """Stands for a store that cannot be made, for a reason that will not go away."""

    def __init__(self, name: str, reason: str) -> None:
        self.name = name
        self.reason = reason

    def exchange(self, client: str, batch: Batch, holds: Sequence[Hold]) -> Answer:
        raise ConnectionError(self.reason)

    def read(self, accounts: Sequence[Account]) -> Sequence[Balance]:
        raise ConnectionError(self.reason)

    def close(self) -> None:
        return
