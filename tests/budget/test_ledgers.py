"""What every ledger keeps to, wherever its accounts are: one suite for memory, SQLite and Redis."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from genscope.features.budget.ledger import Account, Balance, Hold
from genscope.features.budget.limits import LARGEST

from .books import Books, account, reserve, settle, show


def test_reserve_then_settle(books: Books) -> None:
    day = account("day", 100)
    hold, verdict = reserve(books.ledger, (day, 60))
    assert verdict.refusing is None
    assert show(books.ledger, day) == [Balance(0, 60)]
    settle(books.ledger, hold, 25)
    assert show(books.ledger, day) == [Balance(25, 0)]


def test_a_cap_is_met_exactly(books: Books) -> None:
    day = account("day", 100)
    assert reserve(books.ledger, (day, 100))[1].refusing is None
    assert reserve(books.ledger, (day, 1))[1].refusing == 0
    assert reserve(books.ledger, (day, 0))[1].refusing is None


def test_a_release_gives_everything_back(books: Books) -> None:
    day = account("day", 100)
    hold, _ = reserve(books.ledger, (day, 100))
    settle(books.ledger, hold, 0)
    assert reserve(books.ledger, (day, 100))[1].refusing is None


def test_all_accounts_or_none(books: Books) -> None:
    wide, tight = account("wide", 100), account("tight", 10)
    _, verdict = reserve(books.ledger, (wide, 20), (tight, 20))
    assert verdict.refusing == 1
    assert show(books.ledger, wide, tight) == [Balance(0, 0), Balance(0, 0)]


def test_the_first_refusal_is_told_once(books: Books) -> None:
    day = account("day", 10)
    reserve(books.ledger, (day, 8))
    assert [reserve(books.ledger, (day, 3))[1].first for _ in range(3)] == [True, False, False]


def test_a_call_that_asks_for_too_much_says_nothing_of_the_account(books: Books) -> None:
    day = account("day", 10)
    reserve(books.ledger, (day, 7))
    assert reserve(books.ledger, (day, 11))[1].first is False
    reserve(books.ledger, (day, 1))
    assert reserve(books.ledger, (day, 11))[1].first is True


def test_a_refusal_of_what_is_spent_is_no_news(books: Books) -> None:
    day = account("day", 10)
    hold, _ = reserve(books.ledger, (day, 10))
    settle(books.ledger, hold, 10)
    assert reserve(books.ledger, (day, 1))[1].first is False


def test_more_than_was_reserved_is_charged_in_full(books: Books) -> None:
    day = account("day", 100)
    hold, _ = reserve(books.ledger, (day, 10))
    settle(books.ledger, hold, 150)
    assert show(books.ledger, day) == [Balance(150, 0)]
    assert reserve(books.ledger, (day, 0))[1].refusing == 0


def test_an_account_without_a_cap_refuses_nothing(books: Books) -> None:
    day = account("day")
    hold, verdict = reserve(books.ledger, (day, 10**12))
    assert verdict.refusing is None
    settle(books.ledger, hold, 10**12)
    assert show(books.ledger, day) == [Balance(10**12, 0)]


def test_accounts_are_apart(books: Books) -> None:
    one, other = account("user|a", 10), account("user|b", 10)
    assert reserve(books.ledger, (one, 10))[1].refusing is None
    assert reserve(books.ledger, (other, 10))[1].refusing is None


def test_large_amounts_stay_exact(books: Books) -> None:
    """Redis' scripts compute in doubles, and write large ones as 1e+15."""
    large = account("large", LARGEST - 1)
    first, _ = reserve(books.ledger, (large, LARGEST // 2 + 1))
    settle(books.ledger, first, LARGEST // 2 + 1)
    second, verdict = reserve(books.ledger, (large, LARGEST // 2 - 2))
    assert verdict.refusing is None
    assert reserve(books.ledger, (large, 1))[1].refusing == 0
    settle(books.ledger, second, LARGEST // 2 - 3)
    assert show(books.ledger, large) == [Balance(LARGEST - 2, 0, True)]


def test_what_was_settled_is_seen_by_the_next_reservation(books: Books) -> None:
    """Whether or not a thread of ours has posted it already."""
    day = account("day", 10)
    for _ in range(50):
        hold, verdict = reserve(books.ledger, (day, 10))
        assert verdict.refusing is None
        books.ledger.settle(hold, [0])


def test_settled_is_told_with_the_balance_right_after(books: Books) -> None:
    told: list[tuple[int, Balance]] = []

    class Telling(Account):
        def settled(self, charge: int, balance: Balance) -> None:
            told.append((charge, balance))

    day = Telling("day", 100, None)
    holds = [reserve(books.ledger, (day, 10))[0] for _ in range(3)]
    for hold in holds:
        books.ledger.settle(hold, [7])
    assert books.ledger.flush(5)
    assert [(charge, balance.spent) for charge, balance in told] == [(7, 7), (7, 14), (7, 21)]


def test_an_account_that_a_store_has_lost_begins_anew(books: Books) -> None:
    day = account("day", 10)
    hold, _ = reserve(books.ledger, (day, 10))
    books.forget()
    settle(books.ledger, hold, 4)
    assert show(books.ledger, day)[0].spent == 4
    assert reserve(books.ledger, (day, 6))[1].refusing is None


def test_threads_get_exactly_what_fits(books: Books) -> None:
    day = account("day", 100)
    granted: list[Hold] = []
    start = threading.Barrier(8)

    def work() -> None:
        start.wait()
        for _ in range(50):
            hold, verdict = reserve(books.ledger, (day, 1))
            if verdict.refusing is None:
                granted.append(hold)
                books.ledger.settle(hold, [1])

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert books.ledger.flush(5)
    assert len(granted) == 100
    assert show(books.ledger, day)[0][:2] == (100, 0)


# --- any interleaving


@dataclass
class Model:
    """The same in a few lines: what is spent, and what is reserved by whom."""

    caps: dict[str, int]
    spent: dict[str, int] = field(default_factory=dict)
    held: dict[int, dict[str, int]] = field(default_factory=dict)

    def reserved(self, name: str) -> int:
        return sum(amounts.get(name, 0) for amounts in self.held.values())

    def fits(self, asked: dict[str, int]) -> bool:
        return all(
            self.spent.get(name, 0) + self.reserved(name) + amount <= self.caps[name] for name, amount in asked.items()
        )


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("reserve"), st.dictionaries(st.sampled_from("abc"), st.integers(0, 12), min_size=1)),
        st.tuples(st.just("settle"), st.integers(0, 5), st.integers(0, 100)),
        st.tuples(st.just("release"), st.integers(0, 5)),
        st.tuples(st.just("expire"), st.integers(0, 5)),
        st.tuples(st.just("flush")),
    ),
    min_size=10,
    max_size=40,
)


@settings(
    max_examples=60,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(steps=STEPS)
def test_any_interleaving_keeps_within_the_caps(books: Books, steps: list[tuple[object, ...]]) -> None:
    """Reserve, settle, release, expire: as the model does, and never more than the caps."""
    books.forget()
    accounts = {name: account(name, cap) for name, cap in (("a", 20), ("b", 30), ("c", 7))}
    model = Model({name: one.cap or 0 for name, one in accounts.items()})
    holds: dict[int, Hold] = {}
    late: set[int] = set()
    for number, (kind, *rest) in enumerate(steps):
        if kind == "reserve":
            asked: dict[str, int] = rest[0]  # type: ignore[assignment]
            hold, verdict = reserve(books.ledger, *((accounts[name], amount) for name, amount in asked.items()))
            assert (verdict.refusing is None) == model.fits(asked)
            if verdict.refusing is None:
                holds[number] = hold
                model.held[number] = asked
        elif kind == "flush":
            assert books.ledger.flush(5)
        elif holds:
            chosen = sorted(holds)[rest[0] % len(holds)]  # type: ignore[operator]
            hold = holds[chosen]
            if kind == "expire":
                if books.expires:
                    assert books.ledger.flush(5)
                    books.expire(hold)
                    model.held.pop(chosen, None)
                    late.add(chosen)
                continue
            percent = 0 if kind == "release" or chosen in late else rest[1]
            charges = [amount * percent // 100 for amount in hold.amounts]  # type: ignore[operator]
            books.ledger.settle(hold, charges)
            del holds[chosen]
            model.held.pop(chosen, None)
            for one, charge in zip(hold.accounts, charges, strict=True):
                model.spent[one.key] = model.spent.get(one.key, 0) + charge
        for name in accounts:
            assert model.spent.get(name, 0) + model.reserved(name) <= model.caps[name]
    assert books.ledger.flush(5)
    for name, balance in zip(accounts, show(books.ledger, *accounts.values()), strict=True):
        assert balance[:2] == (model.spent.get(name, 0), model.reserved(name))
    for hold in holds.values():
        books.ledger.settle(hold, [0] * len(hold.amounts))
    assert books.ledger.flush(5)
    assert [balance.reserved for balance in show(books.ledger, *accounts.values())] == [0, 0, 0]


# --- reservations of processes that are gone


SHARED = ["sqlite", pytest.param("redis", marks=pytest.mark.needs_redis)]
shared = pytest.mark.parametrize("books", SHARED, indirect=True)


@shared
def test_a_reservation_nobody_settles_is_given_back(books: Books) -> None:
    day = account("day", 10)
    hold, _ = reserve(books.ledger, (day, 10))
    assert reserve(books.ledger, (day, 1))[1].refusing == 0
    books.expire(hold)
    assert reserve(books.ledger, (day, 10))[1].refusing is None


@shared
def test_a_call_that_outlives_its_reservation_is_charged(books: Books) -> None:
    day = account("day", 10)
    hold, _ = reserve(books.ledger, (day, 10))
    books.expire(hold)
    other, _ = reserve(books.ledger, (day, 5))
    settle(books.ledger, hold, 9)
    assert show(books.ledger, day) == [Balance(9, 5)]
    settle(books.ledger, other, 0)
    assert show(books.ledger, day) == [Balance(9, 0)]
