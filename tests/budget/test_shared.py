"""A store that is shared and may be away: what is decided without it, and that nothing gets lost or counts twice."""

from __future__ import annotations

import asyncio
import signal
import threading
from collections.abc import Iterator
from contextlib import suppress
from time import monotonic, sleep, time
from typing import Any

import pytest

from genscope.budget import Alert, BudgetExceeded, status
from genscope.features.budget import counting, ledgers, presence, worker
from genscope.features.budget.declaring import declared
from genscope.features.budget.ledger import Account, Balance, Hold, StoreAway
from genscope.features.budget.redis import RedisStore
from genscope.features.budget.shared import SharedLedger
from genscope.features.budget.sqlite import SqliteStore
from genscope.features.budget.stage import Budgets
from genscope.features.budget.store import Unusable

from .books import account, reserve, settle
from .calls import answered, call
from .fakes import FakeStore
from .servers import stalled_server


@pytest.fixture
def store() -> Iterator[FakeStore]:
    store = FakeStore()
    yield store
    store.gate.set()
    store.away = False


@pytest.fixture
def ledger(store: FakeStore, monkeypatch: pytest.MonkeyPatch) -> Iterator[SharedLedger]:
    """Looks whether the store is back only when it is told to, by `flush`."""
    monkeypatch.setattr(presence, "FIRST_PAUSE", 10_000.0)
    monkeypatch.setattr(presence, "LONGEST_PAUSE", 10_000.0)
    ledger = SharedLedger(store, patience=30)
    yield ledger
    store.gate.set()
    ledger.close()


DAY = account("day", 100)


def test_nobody_asks_a_store_that_is_away(store: FakeStore, ledger: SharedLedger) -> None:
    store.away = True
    for _ in range(20):
        hold, verdict = reserve(ledger, (DAY, 1))
        assert verdict.refusing is None
        assert not verdict.shared
        ledger.settle(hold, [1])
    assert store.exchanges == 1
    assert counting.unshared["fake"] == 20
    assert counting.failures["fake"] == 1


def test_what_is_known_holds_the_limit_meanwhile(store: FakeStore, ledger: SharedLedger) -> None:
    store.spent["day"] = 60
    settle(ledger, reserve(ledger, (DAY, 10))[0], 10)
    in_flight, _ = reserve(ledger, (DAY, 10))
    store.away = True
    first, _ = reserve(ledger, (DAY, 10))
    assert reserve(ledger, (DAY, 11))[1].refusing == 0
    second, verdict = reserve(ledger, (DAY, 10))
    assert verdict.refusing is None
    for hold in (in_flight, first, second):
        ledger.settle(hold, [10])
    assert list(ledger.known([DAY])) == [Balance(100, 0, True)]
    store.away = False
    assert ledger.flush(5)
    assert store.spent["day"] == 100
    assert store.reserved("day") == 0


def test_what_was_settled_meanwhile_is_posted_once(store: FakeStore, ledger: SharedLedger) -> None:
    store.away = True
    for _ in range(1_000):
        hold, _ = reserve(ledger, (account("day"), 3))
        ledger.settle(hold, [2])
    assert not ledger.flush(5)
    store.away = False
    assert ledger.flush(5)
    assert ledger.flush(5)
    assert store.spent["day"] == 2_000


def test_answers_that_are_lost_do_not_count_twice(store: FakeStore, ledger: SharedLedger) -> None:
    """The store has done what it was asked, and nobody knows."""
    holds = [reserve(ledger, (DAY, 10))[0] for _ in range(3)]
    store.loses_answers = True
    for hold in holds:
        ledger.settle(hold, [7])
    for _ in range(3):
        ledger.flush(5)
    assert store.spent["day"] in (7, 14, 21)  # as far as the first batch went
    unsure, verdict = reserve(ledger, (DAY, 10))
    assert not verdict.shared
    store.loses_answers = False
    ledger.settle(unsure, [5])
    assert ledger.flush(5)
    assert store.spent["day"] == 26
    assert store.reserved("day") == 0


def test_a_reservation_whose_answer_was_lost_is_withdrawn(store: FakeStore, ledger: SharedLedger) -> None:
    store.loses_answers = True
    hold = Hold([DAY], [10], strict=True)
    with pytest.raises(StoreAway):
        ledger.reserve(hold)
    assert store.reserved("day") == 10
    store.loses_answers = False
    assert ledger.flush(5)
    assert store.reserved("day") == 0


def test_of_too_much_that_waits_the_sum_is_kept(store: FakeStore, ledger: SharedLedger) -> None:
    store.away = True
    for number in range(30_000):
        ledger.settle(Hold([account(f"user{number % 7}"), DAY], [0, 0]), [1, 2])
    assert len(ledger._postings._waiting) <= 2_010
    store.away = False
    assert ledger.flush(30)
    assert store.spent["day"] == 60_000
    assert sum(store.spent[f"user{n}"] for n in range(7)) == 30_000


def test_it_is_said_once_and_without_the_address(
    store: FakeStore, ledger: SharedLedger, caplog: pytest.LogCaptureFixture
) -> None:
    store.away = True
    for _ in range(5):
        reserve(ledger, (DAY, 1))
    ledger.flush(5)
    store.away = False
    ledger.settle(Hold([DAY], [0]), [1])
    assert ledger.flush(5)
    first, second = (record.getMessage() for record in caplog.records)
    assert first.startswith("genscope: the budget store fake is away (ConnectionError)")
    assert second == "genscope: the budget store fake is back"
    assert "secret" not in caplog.text


def test_the_thread_notices_that_the_store_is_back(store: FakeStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(presence, "FIRST_PAUSE", 0.001)
    ledger = SharedLedger(store)
    store.away = True
    hold, _ = reserve(ledger, (DAY, 1))
    ledger.settle(hold, [1])
    back = threading.Event()

    class Telling(Account):
        def settled(self, charge: int, balance: Balance) -> None:
            back.set()

    ledger.settle(Hold([Telling("other", None, None)], [0]), [1])
    store.away = False
    assert back.wait(30)
    assert ledger.flush(5)
    assert not ledger.away
    assert store.spent == {"day": 1, "other": 1}
    ledger.close()


def test_one_stalled_exchange_holds_up_nobody_for_long(store: FakeStore) -> None:
    """Who does not get his turn is served by what is known."""
    ledger = SharedLedger(store, patience=0.01)
    store.gate.clear()
    first = threading.Thread(target=reserve, args=(ledger, (DAY, 1)))
    first.start()
    store.entered.wait()
    assert not reserve(ledger, (DAY, 1))[1].shared
    store.gate.set()
    first.join()
    reserve(ledger, (DAY, 0))
    assert store.reserved("day") == 1  # what was given up is not reserved by anybody later
    ledger.close()


def test_what_is_told_may_call_us_back(store: FakeStore, ledger: SharedLedger) -> None:
    class Calling(Account):
        def settled(self, charge: int, balance: Balance) -> None:
            reserve(ledger, (account("other"), 1))

    settle(ledger, reserve(ledger, (Calling("day", None, None), 1))[0], 1)
    assert store.reserved("other") == 1


def test_the_store_is_asked_without_being_traced(store: FakeStore, ledger: SharedLedger) -> None:
    settle(ledger, reserve(ledger, (DAY, 1))[0], 1)
    assert store.instrumented == {False}


def test_a_store_that_cannot_be_made(caplog: pytest.LogCaptureFixture) -> None:
    ledger = SharedLedger(Unusable("redis", "the package redis is missing: pip install genscope[redis]"))
    assert reserve(ledger, (DAY, 100))[1].refusing is None
    assert reserve(ledger, (DAY, 1))[1].refusing == 0
    assert "the package redis is missing: pip install genscope[redis]" in caplog.text
    ledger.close()


# --- asynchronous


async def areserve(ledger: SharedLedger, amount: int = 10) -> Any:
    hold = Hold([DAY], [amount])
    return hold, await ledger.areserve(hold)


async def test_a_store_that_stalls_does_not_block_the_loop() -> None:
    pytest.importorskip("redis")
    with stalled_server() as server:
        ledger = SharedLedger(RedisStore(f"{server.url}?socket_timeout=60"))
        waiting = asyncio.create_task(areserve(ledger))
        assert await asyncio.to_thread(server.connected.wait, 30)
        for _ in range(1_000):
            await asyncio.sleep(0)
        assert not waiting.done()
    _, verdict = await waiting  # the server is gone
    assert not verdict.shared
    assert ledger.away
    await asyncio.to_thread(ledger.close)


async def test_while_it_is_away_a_coroutine_does_not_wait_at_all(store: FakeStore, ledger: SharedLedger) -> None:
    store.away = True
    await areserve(ledger)
    asking = areserve(ledger)
    with pytest.raises(StopIteration) as done:
        asking.send(None)  # comes to its end without giving way once
    assert done.value.value[1].refusing is None


async def test_those_who_wait_are_asked_for_together(store: FakeStore, ledger: SharedLedger) -> None:
    """So that a thousand calls at once take some exchanges, and not a thousand."""
    store.gate.clear()
    tasks = [asyncio.create_task(areserve(ledger, 0)) for _ in range(1_000)]
    assert await asyncio.to_thread(store.entered.wait, 30)
    threads = [threading.Thread(target=reserve, args=(ledger, (DAY, 0))) for _ in range(20)]
    for thread in threads:
        thread.start()
    store.gate.set()
    found = await asyncio.gather(*tasks)
    for thread in threads:
        await asyncio.to_thread(thread.join)
    assert all(verdict.shared for _, verdict in found)
    assert store.exchanges <= 40
    assert counting.unshared == {}


async def test_when_it_goes_away_nobody_is_forgotten(store: FakeStore, ledger: SharedLedger) -> None:
    store.gate.clear()
    tasks = [asyncio.create_task(areserve(ledger, 0)) for _ in range(300)]
    assert await asyncio.to_thread(store.entered.wait, 30)
    while len(ledger._questions._waiting) < 150:  # they all ask, and one exchange is for a hundred
        await asyncio.sleep(0)
    store.away = True
    store.gate.set()
    found = await asyncio.gather(*tasks)
    assert not any(verdict.shared for _, verdict in found)
    assert store.exchanges == 1


async def test_many_at_once(store: FakeStore, ledger: SharedLedger) -> None:
    found = await asyncio.gather(*(areserve(ledger) for _ in range(50)))
    assert sum(verdict.refusing is None for _, verdict in found) == 10


async def test_a_coroutine_that_is_cancelled_leaves_nothing_reserved(store: FakeStore, ledger: SharedLedger) -> None:
    store.gate.clear()
    begun, waiting = (asyncio.create_task(areserve(ledger)) for _ in range(2))
    assert await asyncio.to_thread(store.entered.wait, 30)
    for task in (begun, waiting):
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
    store.gate.set()
    hold = Hold([DAY], [100])
    while (await ledger.areserve(hold)).refusing is not None:  # until it has been given back
        await asyncio.sleep(0)
    assert store.reserved("day") == 100


async def test_a_coroutine_that_is_cancelled_when_it_is_granted(store: FakeStore, ledger: SharedLedger) -> None:
    store.gate.clear()
    task = asyncio.create_task(areserve(ledger))
    assert await asyncio.to_thread(store.entered.wait, 30)
    store.gate.set()
    while not store.held:  # the answer is there, the coroutine has not gone on yet
        pass
    task.cancel()
    with suppress(asyncio.CancelledError):
        hold, _ = await task
        ledger.settle(hold, [0])
    while store.reserved("day"):
        await asyncio.to_thread(ledger.flush, 5)


def test_a_loop_that_ends_before_the_answer(store: FakeStore, ledger: SharedLedger) -> None:
    store.gate.clear()

    async def main() -> None:
        asyncio.create_task(areserve(ledger))  # noqa: RUF006
        await asyncio.to_thread(store.entered.wait, 30)

    asyncio.run(main())
    store.gate.set()
    assert reserve(ledger, (DAY, 90))[1].refusing is None


def test_under_trio(store: FakeStore, ledger: SharedLedger) -> None:
    trio = pytest.importorskip("trio")
    found: list[Any] = []

    async def ask() -> None:
        found.append(await areserve(ledger))

    async def main() -> None:
        async with trio.open_nursery() as nursery:
            for _ in range(20):
                nursery.start_soon(ask)

    trio.run(main)
    assert sum(verdict.refusing is None for _, verdict in found) == 10


def test_under_a_loop_that_we_do_not_know(store: FakeStore, ledger: SharedLedger) -> None:
    with pytest.raises(StopIteration) as done:
        areserve(ledger).send(None)
    assert done.value.value[1].shared


# --- with the stage


def budgets(ledger: SharedLedger, text: str = "3 requests/day", mode: str = "deny", **options: Any) -> Budgets:
    return Budgets(declared(text), mode=mode, ledger=ledger, **options)


def run(one: Budgets) -> None:
    op = call()
    one.admit(op)
    one.end(answered(op, 1, 1))


async def arun(one: Budgets) -> None:
    op = call()
    await one.aadmit(op)
    one.end(answered(op, 1, 1))


def test_open_when_the_store_fails(store: FakeStore, ledger: SharedLedger) -> None:
    one = budgets(ledger)
    store.away = True
    for _ in range(3):
        run(one)
    with pytest.raises(BudgetExceeded, match="3 requests spent"):
        run(one)


async def test_closed_when_the_store_fails(store: FakeStore, ledger: SharedLedger) -> None:
    one = budgets(ledger, "3 requests/day; 9 requests/day per user warn", fail="closed")
    run(one)
    store.away = True
    for _ in range(2):
        with pytest.raises(BudgetExceeded, match="store of the budget is away") as refused:
            run(one)
        with pytest.raises(BudgetExceeded, match="store of the budget is away"):
            await arun(one)
    assert str(refused.value.limit) == "3 requests/day"
    assert refused.value.spent == 1
    assert one._held == {}
    store.away = False
    ledger.settle(Hold([DAY], [0]), [1])
    assert ledger.flush(5)
    run(one)


async def test_warn_waits_for_nobody(store: FakeStore, ledger: SharedLedger) -> None:
    store.gate.clear()
    one = budgets(ledger, mode="warn", fail="closed")
    run(one)
    await arun(one)
    assert not store.spent
    store.gate.set()
    assert one.flush(5)
    assert list(store.spent.values()) == [2]


async def test_the_stage_awaits_a_store(store: FakeStore, ledger: SharedLedger) -> None:
    one = budgets(ledger)
    await asyncio.gather(*(arun(one) for _ in range(3)))
    with pytest.raises(BudgetExceeded):
        await arun(one)


def test_a_threshold_is_told_by_one_process_only(tmp_path: Any) -> None:
    """Two ledgers stand for two processes."""
    told: list[Alert] = []
    ledgers = [SharedLedger(SqliteStore(str(tmp_path / "db"))) for _ in range(2)]
    both = [budgets(ledger, "10 requests/day", callbacks=[told.append]) for ledger in ledgers]
    for number in range(10):
        run(both[number % 2])
        assert both[number % 2].flush(5)
    for one in both:
        with pytest.raises(BudgetExceeded):
            run(one)
        assert one.flush(5)
    assert [alert.threshold for alert in told] == [50, 80, 100]
    for ledger in ledgers:
        ledger.close()


def test_a_refusal_is_told_by_one_process_only(tmp_path: Any) -> None:
    told: list[Alert] = []
    ledgers = [SharedLedger(SqliteStore(str(tmp_path / "db"))) for _ in range(2)]
    both = [budgets(ledger, "10 requests/day", callbacks=[told.append]) for ledger in ledgers]
    for _ in range(10):
        both[0].admit(call())
    for one in both:
        with pytest.raises(BudgetExceeded):
            run(one)
        assert one.flush(5)
    assert [alert.threshold for alert in told] == [100]
    for ledger in ledgers:
        ledger.close()


def test_status_asks_the_store(store: FakeStore, ledger: SharedLedger) -> None:
    one = budgets(ledger, "10 requests/day")
    (account,) = one.rules[0].accounts(time())
    store.spent[account.key] = 7  # by another process
    (now,) = [now for now in status() if str(now.limit) == "10 requests/day"]
    assert (now.spent, now.remaining) == (7, 3)
    store.away = True
    (now,) = [now for now in status() if str(now.limit) == "10 requests/day"]
    assert now.spent == 7


# --- handlers of signals that raise: Ctrl-C, the time limits of Celery, RQ and Airflow


class TimeLimit(Exception):
    pass


def raise_time_limit(*_: Any, **__: Any) -> None:
    raise TimeLimit


@pytest.fixture
def alarms() -> Iterator[None]:
    before = signal.signal(signal.SIGALRM, raise_time_limit)
    yield
    signal.setitimer(signal.ITIMER_REAL, 0)
    signal.signal(signal.SIGALRM, before)


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="no timers that send signals")
@pytest.mark.usefixtures("alarms")
def test_a_signal_leaves_the_turn_to_others(ledger: SharedLedger) -> None:
    raised = 0
    end = monotonic() + 60
    while raised < 500 and monotonic() < end:
        try:
            signal.setitimer(signal.ITIMER_REAL, 0.00002 + raised % 50 * 0.000001)
            while True:
                ledger._in_turn(int, 5)
        except TimeLimit:
            raised += 1
        assert not ledger._turn.locked(), f"after {raised} signals"
    assert raised == 500


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="no timers that send signals")
@pytest.mark.usefixtures("alarms")
def test_what_a_signal_interrupts_holds_no_reservation(store: FakeStore, ledger: SharedLedger) -> None:
    store.gate.clear()
    threading.Timer(0.3, store.gate.set).start()
    signal.setitimer(signal.ITIMER_REAL, 0.1)
    with pytest.raises(TimeLimit):
        other = threading.Thread(target=reserve, args=(ledger, (DAY, 5)))
        other.start()
        sleep(0.02)
        reserve(ledger, (DAY, 10))
    other.join()
    assert ledger.flush(5)
    assert store.reserved("day") == 5


def test_a_signal_while_a_thread_starts_leaves_it_to_the_next_one(
    store: FakeStore, ledger: SharedLedger, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(worker, "Thread", raise_time_limit)
        with pytest.raises(TimeLimit):
            ledger.settle(reserve(ledger, (DAY, 5))[0], [5])
    settle(ledger, reserve(ledger, (DAY, 5))[0], 5)
    hold = Hold([DAY], [1])
    assert asyncio.run(asyncio.wait_for(ledger.areserve(hold), 5)).shared


# --- forks


class Watched(SharedLedger):
    """Tells when a thread has given back what it held, and waits there."""

    def __init__(self, store: FakeStore) -> None:
        super().__init__(store)
        self.given_back, self.go_on = threading.Event(), threading.Event()

    def after_fork(self, held: bool) -> None:
        super().after_fork(held)
        if not self.given_back.is_set():
            self.given_back.set()
            assert self.go_on.wait(10)


def test_threads_that_fork_at_once(store: FakeStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each gives back what it held: the second comes while the first is still at it."""
    ledger = Watched(store)
    monkeypatch.setattr(ledgers, "_ledgers", {"fake": ledger})
    ledgers._before_fork()
    done = threading.Event()

    def second() -> None:
        assert ledger.given_back.wait(10)
        ledgers._before_fork()
        ledger.go_on.set()
        assert done.wait(10)
        ledgers._in_parent()

    other = threading.Thread(target=second)
    other.start()
    ledgers._in_parent()
    done.set()
    other.join()
    assert ledger.before_fork()
    ledger.after_fork(True)


def test_a_fork_within_a_fork(store: FakeStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """By the handler of a signal. It cannot have what its own thread holds, and does not give it back, either."""
    ledger = SharedLedger(store)
    monkeypatch.setattr(ledgers, "_ledgers", {"fake": ledger})
    ledgers._before_fork()
    monkeypatch.setattr(ledger, "before_fork", lambda: False)  # as after a second of waiting
    ledgers._before_fork()
    ledgers._in_parent()
    assert ledger._turn.locked()
    ledgers._in_parent()
    assert not ledger._turn.locked()
    ledgers._in_parent()  # of one that was begun before we were there
