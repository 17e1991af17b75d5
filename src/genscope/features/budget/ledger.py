"""Keeping account: what a store of counters can do, whichever it is.

A *hold* reserves an amount on each account of a call, on all of them or on none. *Settling* it takes the reservations
away and adds what the call really used. An account never lends: a hold is refused if what is spent, what is reserved
and what it asks for are together more than the account's cap. What a call has really used is added in full, even where
that is more than it had reserved.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol


class Balance(NamedTuple):
    """What an account shows, in units."""

    spent: int
    reserved: int
    refused: bool = False
    """Whether it has refused a hold because it was as good as used up (`is_nearly_used_up`)."""


class Settled(NamedTuple):
    """A charge that has been added to an account."""

    account: Account
    charge: int
    balance: Balance
    """Right after it."""


@dataclass(slots=True, eq=False)
class Account:
    """One limit for one value of its scope in one window; `key` names it in every store."""

    key: str
    cap: int | None
    """Units that may be spent; None for an account that refuses nothing."""
    ends: int | None
    """Seconds since the epoch, None for never."""

    def settled(self, charge: int, balance: Balance) -> None:
        """A charge has been added; `balance` is what the account showed right after it."""


class Verdict(NamedTuple):
    """What became of a hold."""

    refusing: int | None
    """Index of the account that refused it; None if it was granted."""
    balances: Sequence[Balance]
    """Of each account, if the hold was refused; if it was granted, perhaps of none."""
    first: bool = False
    """Whether the account has refused for the first time in its window since it is nearly used up, but not spent."""
    shared: bool = True
    """Whether the store has answered; else this is what is known here."""


class Hold:
    """The reservations of one call: an amount for each account."""

    __slots__ = ("accounts", "amounts", "id", "strict", "uncertain")

    def __init__(self, accounts: Sequence[Account], amounts: Sequence[int], strict: bool = False) -> None:
        self.accounts = accounts
        self.amounts = amounts
        self.strict = strict
        """Whether it is to be granted by the store or not at all."""
        self.id = ""
        """Names it in a store; a ledger gives it."""
        self.uncertain = False
        """Whether a store may have granted it without our knowing."""


def is_nearly_used_up(spent: int, reserved: int, cap: int) -> bool:
    """Whether a refusal says something about the account, and not about one call that asks for too much."""
    return (spent + reserved) * 5 >= cap * 4


class StoreAway(Exception):
    """The store does not answer, and what is not known to fit is not to be granted."""


class Ledger(Protocol):
    """Where accounts are kept."""

    waits: bool
    """Whether `reserve` and `read` may have to wait for somebody else."""

    def reserve(self, hold: Hold) -> Verdict:
        """Raises `StoreAway`, and nothing else."""
        ...

    async def areserve(self, hold: Hold) -> Verdict:
        """`reserve` without blocking an event loop. Cancelled, it leaves no reservation behind."""
        ...

    def settle(self, hold: Hold, charges: Sequence[int]) -> Sequence[Balance]:
        """Never waits: what comes back is what is known here, `Account.settled` hears what the store knows."""
        ...

    def read(self, accounts: Sequence[Account]) -> Sequence[Balance]:
        """What the accounts show now."""
        ...

    def known(self, accounts: Sequence[Account]) -> Sequence[Balance]:
        """What they showed last, without asking anybody."""
        ...

    def refresh(self, accounts: Sequence[Account]) -> None:
        """Have `known` know better, soon."""
        ...

    def flush(self, timeout: float) -> bool:
        """Have everything settled that is to be, for at most `timeout` seconds; True if it is."""
        ...
