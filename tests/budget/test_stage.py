"""The stage: what it lets pass, what it refuses, what it charges, and what it says."""

from __future__ import annotations

import logging
import pickle
import re
import threading
from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime, timezone
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from genscope.budget import Alert, BudgetExceeded, Estimate, Limit, status
from genscope.core.operation import BudgetLeft, Cost, Operation
from genscope.features.budget import assembling, counting, stage
from genscope.features.budget.declaring import declared
from genscope.features.budget.stage import Budgets
from genscope.telemetry.attributes import response_attributes

from .calls import HttpError, answered, call, failed, streamed

NOON = datetime(2026, 5, 4, 12, tzinfo=timezone.utc).timestamp()


class Clock:
    """The wall clock of the stage."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = NOON
        monkeypatch.setattr(stage, "time", lambda: self.now)
        monkeypatch.setattr("genscope.features.budget.status.time", lambda: self.now)


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    return Clock(monkeypatch)


@pytest.fixture(autouse=True)
def _alone() -> Iterator[None]:
    """`status()` shows the budgets of this test, not what is left of others."""
    stage.live.clear()
    stage.complained.clear()
    yield
    stage.live.clear()


def price(op: Operation, given: int, taken: int) -> int | None:
    """A dollar for a token of output, in nano-USD; nothing else has a price but gpt."""
    return taken * 1_000_000_000 if (op.model or "").startswith("gpt") else None


def tokens(op: Operation, body: Any) -> Estimate:
    return Estimate(0, op.request.get("max_tokens", 10))  # type: ignore[arg-type]


def budgets(text: Any, mode: str = "deny", **options: Any) -> Budgets:
    options.setdefault("pricer", price)
    options.setdefault("estimate", tokens)
    options.setdefault("identity", lambda op: op.request)
    found = declared(text)
    return Budgets(found if found.problems else found.limits, mode=mode, **options)


def run(one: Budgets, taken: int = 10, **request: Any) -> Operation:
    """A call that is answered as it was estimated."""
    op = call(max_tokens=taken, **request)
    one.admit(op)
    one.end(answered(op, 0, taken))
    return op


# --- refusing


def test_a_call_that_fits_and_one_that_does_not() -> None:
    one = budgets("25 usd/day")
    run(one)
    run(one)
    with pytest.raises(BudgetExceeded) as refused:
        run(one)
    run(one, 5)
    assert refused.value.limit == Limit(25, "usd", "day", mode=None)
    assert str(refused.value.limit) == "25 usd/day"
    assert refused.value.spent == 20.0
    assert refused.value.scope == {}
    assert refused.value.resets_at == datetime(2026, 5, 5, tzinfo=timezone.utc)
    assert str(refused.value) == (
        "budget 25 usd/day: 20 usd spent, this call may need 10; resets 2026-05-05T00:00:00+00:00"
    )


def test_the_exception_survives_pickling() -> None:
    one = budgets("5 usd/day per user", zone=ZoneInfo("Europe/Berlin"))
    with pytest.raises(BudgetExceeded) as refused:
        run(one, user="u1")
    copy = pickle.loads(pickle.dumps(refused.value))
    assert (str(copy), copy.limit, copy.spent, copy.resets_at, copy.scope) == (
        str(refused.value),
        refused.value.limit,
        0.0,
        refused.value.resets_at,
        {"user": "u1"},
    )
    assert str(BudgetExceeded("as today")) == "as today"
    assert BudgetExceeded("as today").limit is None


def test_what_is_in_flight_counts() -> None:
    one = budgets("25 usd/day")
    first, second = call(max_tokens=10), call(max_tokens=10)
    one.admit(first)
    one.admit(second)
    with pytest.raises(BudgetExceeded, match="0 usd spent, 20 reserved by calls in flight"):
        run(one)
    one.end(failed(first, HttpError(500)))
    run(one)


def test_what_costs_more_than_was_reserved_is_charged() -> None:
    one = budgets("25 usd/day")
    op = call(max_tokens=10)
    one.admit(op)
    one.end(answered(op, 0, 40))
    (now,) = status()
    assert (now.spent, now.remaining) == (40.0, -15.0)
    with pytest.raises(BudgetExceeded):
        run(one, 0)


@pytest.mark.parametrize("unit, spent", [("usd", 20.0), ("tokens", 20), ("requests", 2)])
def test_units(unit: str, spent: float) -> None:
    one = budgets(f"1000 {unit}/day")
    run(one)
    run(one)
    (now,) = status()
    assert (now.unit, now.spent, now.remaining, now.amount) == (unit, spent, 1000 - spent, 1000)
    assert type(now.spent) is type(spent)


def test_a_failed_call_is_given_back_in_all_units() -> None:
    one = budgets("1000 usd/day; 1000 tokens/day; 1000 requests/day")
    op = call()
    one.admit(op)
    one.end(failed(op, HttpError(429)))
    assert [now.spent for now in status()] == [0.0, 0, 0]
    assert [now.reserved for now in status()] == [0.0, 0, 0]


def test_all_or_none() -> None:
    one = budgets("100 usd/day; 5 tokens/day; 100 requests/day")
    with pytest.raises(BudgetExceeded, match="5 tokens/day"):
        run(one)
    assert [now.reserved for now in status()] == [0.0, 0, 0]


def test_the_first_limit_that_refuses_is_named() -> None:
    with pytest.raises(BudgetExceeded, match="1 requests/minute"):
        run_twice = budgets("1 requests/minute; 1 requests/hour")
        run(run_twice)
        run(run_twice)


@pytest.mark.parametrize("name", ["fetch_response", "cancel_response", "count_tokens"])
def test_what_uses_nothing_passes(name: str) -> None:
    """To refuse the cancellation of a response that runs on would cost more."""
    one = budgets("0 usd/day; 0 requests/day")
    op = call(name)
    one.admit(op)
    one.end(op)
    with pytest.raises(BudgetExceeded):
        run(one)


# --- money


def test_the_cost_that_was_found_is_what_is_charged() -> None:
    one = budgets("1000 usd/day")
    op = call()
    one.admit(op)
    one.end(answered(op, 0, 10, dollars=0.000123456))
    assert status()[0].spent == 0.000123456


def test_a_million_cheap_calls_do_not_drift() -> None:
    one = budgets("1000 usd/day")
    for _ in range(10_000):
        op = call()
        one.admit(op)
        one.end(answered(op, 0, 10, dollars=0.0000001))
    assert status()[0].spent == 0.001


@pytest.mark.parametrize(
    "amount, currency", [(5.0, "EUR"), (float("nan"), "USD"), (float("inf"), "USD"), (-1.0, "USD")]
)
def test_a_cost_that_is_no_number_of_dollars_is_priced_anew(amount: float, currency: str) -> None:
    one = budgets("1000 usd/day")
    op = call()
    one.admit(op)
    op.cost = Cost(amount, currency, "provider")
    one.end(answered(op, 0, 10))
    assert status()[0].spent == 10.0


def test_a_stream_that_was_left_is_charged_for_its_chunks() -> None:
    """What it has cost was computed from the usage at its beginning."""
    one = budgets("1000 usd/day")
    op = call(max_tokens=100)
    one.admit(op)
    op.cost = Cost(1.0, "USD", "table")
    one.end(streamed(answered(op, 0, 1), 7, "abandoned"))
    assert status()[0].spent == 7.0


def test_a_model_without_a_price_is_announced_once_and_counted(caplog: pytest.LogCaptureFixture) -> None:
    one = budgets("5 usd/day")
    for _ in range(3):
        op = call(model="llama", max_tokens=100)
        one.admit(op)
        one.end(answered(op, 0, 100))
    assert status()[0].spent == 0.0
    assert [record.getMessage() for record in caplog.records] == [
        "genscope: llama of openai has no price: limits in usd do not hold for its calls"
    ]
    assert counting.unpriced["openai"] == 3


def test_a_model_without_a_price_is_announced_once_though_a_snapshot_of_it_answers(
    caplog: pytest.LogCaptureFixture,
) -> None:
    one = budgets("5 usd/day")
    for model in ("llama", None):
        for _ in range(2):
            op = call(model=model, max_tokens=100)
            one.admit(op)
            op.response_model = "llama-2026-01-01"
            one.end(answered(op, 0, 100))
    assert [record.getMessage().partition(" has ")[0] for record in caplog.records] == [
        "genscope: llama of openai",
        "genscope: a model that is not named of openai",
    ]


def test_a_model_without_a_price_may_be_refused() -> None:
    one = budgets("5 usd/day", unpriced="deny")
    with pytest.raises(BudgetExceeded, match="llama of openai has no price"):
        one.admit(call(model="llama"))
    with pytest.raises(BudgetExceeded, match="a model that is not named of openai has no price"):
        one.admit(call(model=None))
    run(one, 5)


def test_without_a_price_limits_of_tokens_still_hold() -> None:
    one = budgets("5 usd/day; 15 tokens/day")
    op = call(model="llama", max_tokens=10)
    one.admit(op)
    with pytest.raises(BudgetExceeded, match="15 tokens/day"):
        one.admit(call(model="llama", max_tokens=10))


# --- scopes


def test_each_value_of_a_scope_by_itself() -> None:
    one = budgets("10 usd/day per user")
    run(one, user="a")
    run(one, user="b")
    with pytest.raises(BudgetExceeded) as refused:
        run(one, user="a")
    assert refused.value.scope == {"user": "a"}


def test_calls_without_a_user_are_one_user() -> None:
    one = budgets("10 usd/day per user")
    run(one)
    run(one, user="None")
    run(one, user="?")
    with pytest.raises(BudgetExceeded, match="user not said"):
        run(one)


def test_combined_scopes() -> None:
    one = budgets("10 usd/day per user, tag:team")
    run(one, **{"user": "a", "tag:team": "x"})
    run(one, **{"user": "a", "tag:team": "y"})
    with pytest.raises(BudgetExceeded) as refused:
        run(one, **{"user": "a", "tag:team": "x"})
    assert refused.value.scope == {"user": "a", "tag:team": "x"}


def test_for_one_model_only() -> None:
    one = budgets("10 tokens/day for model=gpt-4o*")
    op = call(model="gpt-4o-2024-08-06")
    one.admit(op)
    for model in ("gpt-5", None, "GPT-4o"):
        one.admit(call(model=model))
    with pytest.raises(BudgetExceeded):
        one.admit(call(model="gpt-4o"))


def test_the_conversation_is_that_of_the_request() -> None:
    one = Budgets([Limit(1, "requests", "day", per="session")], mode="deny")
    one.admit(call(conversation_id="c1"))
    one.admit(call(conversation_id="c2"))
    with pytest.raises(BudgetExceeded):
        one.admit(call(conversation_id="c1"))


@pytest.mark.parametrize("value", ["|", "%7C", "{x}", "a" * 10_000, "a" * 9_999 + "b", "\udc80", "\0", "漢", " ", ""])
def test_any_value_is_an_account_of_its_own(value: str) -> None:
    one = budgets("1 requests/day per user, tenant")
    run(one, user=value, tenant="t")
    run(one, user="t", tenant=value)
    run(one, user=value + "x", tenant="t")
    with pytest.raises(BudgetExceeded):
        run(one, user=value, tenant="t")


@pytest.mark.parametrize("identity", [lambda op: None, lambda op: 1 / 0, lambda op: {"user": Unsayable()}])
def test_whoever_cannot_say_who_it_is_for(identity: Any) -> None:
    one = budgets("1 requests/day; 1 requests/hour per user", identity=identity)
    run(one)
    with pytest.raises(BudgetExceeded):
        run(one)


class Unsayable:
    def __str__(self) -> str:
        raise RuntimeError


def test_users_without_number_take_bounded_memory() -> None:
    one = budgets("1000000 requests/day per user")
    for number in range(12_000):
        run(one, user=f"u{number}")
    assert len(one.ledger._counters) <= 10_000  # type: ignore[attr-defined]
    assert len(one.rules[0].accounts(stage.time())) <= 10_000


# --- time


def test_a_new_day_is_a_new_budget(clock: Clock) -> None:
    one = budgets("10 usd/day; 25 usd total")
    run(one)
    with pytest.raises(BudgetExceeded, match="10 usd/day"):
        run(one)
    clock.now += 86_400
    run(one)
    clock.now += 86_400
    with pytest.raises(BudgetExceeded, match="25 usd total") as refused:
        run(one)
    assert refused.value.resets_at is None


def test_the_day_of_a_time_zone(clock: Clock) -> None:
    one = budgets("10 usd/day", zone=ZoneInfo("Asia/Tokyo"))
    run(one)
    clock.now += 2.9 * 3600
    with pytest.raises(BudgetExceeded) as refused:
        run(one)
    assert refused.value.resets_at is not None
    assert refused.value.resets_at.isoformat() == "2026-05-05T00:00:00+09:00"
    clock.now += 0.2 * 3600
    run(one)


def test_a_call_counts_in_the_window_in_which_it_began(clock: Clock) -> None:
    one = budgets("10 usd/day")
    op = call(max_tokens=10)
    one.admit(op)
    clock.now += 86_400
    one.end(answered(op, 0, 10))
    assert status()[0].spent == 0.0
    clock.now -= 86_400
    assert status()[0].spent == 10.0


def test_a_clock_that_is_put_back_finds_its_account_again(clock: Clock) -> None:
    one = budgets("10 requests/minute")
    run(one)
    clock.now += 60
    run(one)
    clock.now -= 60
    run(one)
    assert status()[0].spent == 2


# --- warning


def test_warn_refuses_nothing() -> None:
    one = budgets("15 usd/day", mode="warn")
    for _ in range(4):
        run(one)
    assert status()[0].remaining == -25.0


def test_thresholds_are_told_once(clock: Clock) -> None:
    told: list[Alert] = []
    one = budgets("100 usd/day per user", mode="warn", callbacks=[told.append])
    for _ in range(12):
        run(one, user="a")
    run(one, 85, user="b")
    assert one.flush(5)
    assert [(alert.scope["user"], alert.threshold, alert.spent) for alert in told] == [
        ("a", 50, 50.0),
        ("a", 80, 80.0),
        ("a", 100, 100.0),
        ("b", 50, 85.0),
        ("b", 80, 85.0),
    ]
    assert told[0].limit == Limit(100, "usd", "day", per="user")
    assert (told[0].remaining, told[0].mode) == (50.0, "warn")
    assert told[0].resets_at == datetime(2026, 5, 5, tzinfo=timezone.utc)
    clock.now += 86_400
    run(one, 50, user="a")
    assert one.flush(5)
    assert len(told) == 6
    assert counting.crossings["100 usd/day per user", 50] == 3


def test_a_refusal_tells_of_a_hundred_percent_once() -> None:
    told: list[Alert] = []
    one = budgets("25 usd/day", callbacks=[told.append])
    run(one)
    run(one)
    for _ in range(3):
        with pytest.raises(BudgetExceeded):
            run(one)
    run(one, 5)
    assert one.flush(5)
    assert [alert.threshold for alert in told] == [50, 80, 100]
    assert counting.refusals["25 usd/day"] == 3


def test_a_callback_may_fail_and_take_its_time(caplog: pytest.LogCaptureFixture) -> None:
    release, told = threading.Event(), []

    def slow(alert: Alert) -> None:
        release.wait()
        raise SystemExit

    one = budgets("10 usd/day", mode="warn", callbacks=[slow, told.append])
    run(one, 10)  # is not held up
    release.set()
    assert one.flush(5)
    assert len(told) == 3
    said = [record.getMessage() for record in caplog.records]
    assert [text for text in said if "callback" in text] == [
        "genscope: the budget callback test_a_callback_may_fail_and_take_its_time.<locals>.slow failed (SystemExit)"
    ]


def test_a_callback_may_make_calls_of_its_own() -> None:
    one: Budgets

    def calls(alert: Alert) -> None:
        run(one, 1)

    one = budgets("10 usd/day", mode="warn", callbacks=[calls])
    run(one, 5)
    assert one.flush(5)


def test_the_log_says_it_without_naming_anybody(caplog: pytest.LogCaptureFixture) -> None:
    one = budgets("10 usd/day; 10 usd/day per user", mode="warn")
    for user in ("ann@example.com", "bob@example.com"):
        run(one, 10, user=user)
    said = [record.getMessage() for record in caplog.records]
    assert said == [
        "genscope: 80 % of the budget 10 usd/day are used up in this window",
        "genscope: 100 % of the budget 10 usd/day are used up in this window",
        "genscope: 80 % of the budget 10 usd/day per user are used up for one of its scopes",
    ]


def test_a_soft_limit_beside_a_hard_one() -> None:
    told: list[Alert] = []
    one = budgets("20 usd/day warn; 30 usd/day deny", mode="warn", callbacks=[told.append])
    for _ in range(3):
        run(one)
    with pytest.raises(BudgetExceeded, match="30 usd/day deny"):
        run(one)
    assert one.flush(5)
    assert [(now.spent, now.mode) for now in status()] == [(30.0, "warn"), (30.0, "deny")]
    assert [alert.threshold for alert in told if alert.limit.amount == 20] == [50, 80, 100]


# --- what is left


def recorded(one: Budgets, taken: int = 10, **request: Any) -> BudgetLeft | None:
    op = call(max_tokens=taken, **request)
    with suppress(BudgetExceeded):
        one.admit(op)
        one.end(answered(op, 0, taken))
    return op.budget


def test_what_is_left_is_in_the_record() -> None:
    one = budgets("100 usd/day; 12 tokens/day; 1000 requests/day", mode="warn")
    assert recorded(one, 5) == BudgetLeft("12 tokens/day", 7.0, "tokens", None)
    assert recorded(one, 5) == BudgetLeft("12 tokens/day", 2.0, "tokens", 80)


def test_a_refused_record_says_by_what() -> None:
    one = budgets("1 requests/minute")
    recorded(one)
    assert recorded(one) == BudgetLeft("1 requests/minute", 0.0, "requests", 100)


def test_what_is_left_is_on_the_span() -> None:
    op = call()
    op.budget = BudgetLeft("12 tokens/day", 2.0, "tokens", 80)
    assert response_attributes(op) == {
        "genscope.budget.limit": "12 tokens/day",
        "genscope.budget.remaining": 2.0,
        "genscope.budget.unit": "tokens",
        "genscope.budget.threshold": 80,
    }


# --- status


def test_status() -> None:
    one = budgets("100 usd/day; 10 tokens/hour per user; 3 requests total warn")
    assert [str(now.limit) for now in status()] == ["100 usd/day", "3 requests total warn"]
    op = call(max_tokens=4, user="a")
    one.admit(op)
    money, of_a, requests = status()
    assert (money.spent, money.reserved, money.remaining, money.mode) == (0.0, 4.0, 96.0, "deny")
    assert (of_a.scope, of_a.reserved, of_a.remaining) == ({"user": "a"}, 4, 6)
    assert (requests.mode, requests.resets_at) == ("warn", None)
    one.end(answered(op, 0, 3))
    assert [now.spent for now in status()] == [3.0, 3, 1]


def test_the_same_limit_of_two_sdks_is_shown_once() -> None:
    one = budgets("100 usd/day")
    two = budgets("100 usd/day", ledger=one.ledger)
    run(one)
    run(two)
    (now,) = status()
    assert now.spent == 20.0


def test_what_is_used_no_more_is_not_shown() -> None:
    one = budgets("100 usd/day")
    op = call()
    one.admit(op)
    one.retire()
    assert status() == []
    one.end(answered(op, 0, 10))
    another = budgets("100 usd/day", ledger=one.ledger)
    assert [now.spent for now in status()] == [10.0]
    run(another)


# --- what cannot be read


def test_what_cannot_be_read_is_said_loudly(caplog: pytest.LogCaptureFixture) -> None:
    one = budgets("5 usd/dya; 1 requests/day")
    (record,) = caplog.records
    assert record.levelno == logging.ERROR
    assert "'dya' is no window" in record.getMessage()
    run(one)
    with pytest.raises(BudgetExceeded, match="1 requests/day"):
        run(one)


@pytest.mark.parametrize(
    "options, said",
    [
        ({"zone": "Europe/Belrin"}, "its time zone 'Europe/Belrin' is no time zone"),
        ({"store": "redi://user:secret@host"}, "its store is not understood; accepted: memory, sqlite"),
    ],
)
def test_settings_that_cannot_be_read(options: dict[str, str], said: str, caplog: pytest.LogCaptureFixture) -> None:
    for _ in range(3):  # one for each SDK
        one = assembling.budgets("1 requests/day", mode="deny", **options)
        assert one is not None
    assert len(caplog.records) == 1
    assert said in caplog.text
    assert "secret" not in caplog.text
    one.admit(call())
    with pytest.raises(BudgetExceeded, match="1 requests/day"):
        one.admit(call())
    closed = assembling.budgets("1 requests/day", mode="deny", fail="closed", **options)
    assert closed is not None
    with pytest.raises(BudgetExceeded, match="cannot be read"):
        closed.admit(call())


def test_settings() -> None:
    assert assembling.budgets("  ") is None
    told: list[Alert] = []
    one = assembling.budgets(
        "200 tokens/day",
        mode="deny",
        zone="Asia/Tokyo",
        callback=told.append,
        default_output_tokens=90,
    )
    assert one is not None
    op = call()
    one.admit(op)
    one.end(answered(op, 0, 100))
    assert one.flush(5)
    (now,) = status()
    assert now.resets_at is not None
    assert now.resets_at.isoformat() == "2026-05-05T00:00:00+09:00"
    assert [alert.threshold for alert in told] == [50]
    with pytest.raises(BudgetExceeded, match="this call may need 1"):
        one.admit(call())


def test_what_cannot_be_read_refuses_where_that_was_asked_for() -> None:
    one = budgets("5 usd/dya; 1 requests/day", fail="closed")
    with pytest.raises(BudgetExceeded, match=re.escape("cannot be read, and calls are refused meanwhile: '5 usd/dya'")):
        run(one)
    for options in ({"mode": "warn", "fail": "closed"}, {"mode": "deny", "fail": "open"}):
        run(budgets("5 usd/dya", **options))


# --- what others provide


@pytest.mark.parametrize("estimate", [lambda op, body: 1 / 0, lambda op, body: None, lambda op, body: (1, "x")])
def test_an_estimator_that_fails_is_replaced(estimate: Any, caplog: pytest.LogCaptureFixture) -> None:
    one = budgets("2000 tokens/day", estimate=estimate)
    one.admit(call())
    with pytest.raises(BudgetExceeded):
        one.admit(call())
    assert len(caplog.records) == 1


@pytest.mark.parametrize("found", [(-5, -5), (1.9, 1.9), (10**40, 0)])
def test_what_an_estimator_returns_is_made_whole(found: Any) -> None:
    one = budgets("10000000000 tokens/day", estimate=lambda op, body: found)
    one.admit(call())
    assert 0 <= status()[0].reserved <= 10**9


def test_a_pricer_that_fails_is_no_price() -> None:
    def fails(op: Operation, given: int, taken: int) -> int:
        raise ZeroDivisionError

    one = budgets("5 usd/day; 5 requests/day", pricer=fails)
    run(one)
    assert [now.spent for now in status()] == [0.0, 1]


def test_without_a_pricer_costs_that_are_known_count() -> None:
    one = budgets("5 usd/day", pricer=None)
    op = call()
    one.admit(op)
    one.end(answered(op, 0, 10, dollars=2.0))
    assert status()[0].spent == 2.0


# --- threads


@pytest.mark.parametrize("limit, fits", [("100 requests/day", 100), ("1000 tokens/day; 5000 requests/day", 100)])
def test_many_threads_get_exactly_what_fits(limit: str, fits: int) -> None:
    one = budgets(limit)
    granted: list[int] = []
    start = threading.Barrier(16)

    def work() -> None:
        start.wait()
        for _ in range(30):
            try:
                run(one)
            except BudgetExceeded:
                continue
            granted.append(1)

    threads = [threading.Thread(target=work) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(granted) == fits
    assert [now.reserved for now in status()] == [0] * len(status())
    assert one._held == {}
