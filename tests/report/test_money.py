"""What the same tokens would have cost, in amounts that one can work out in one's head."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from genscope import semconv
from genscope.features.cost.prices import price
from genscope.local.report.asked import Swap
from genscope.local.report.figures import Total
from genscope.local.report.money import Model, Spent, cached, instead, more_cached
from genscope.local.report.projecting import project
from genscope.local.store.reporting import CallRow

from .samples import DAY, PRICES, call, figures, price_of, verdict

M = 10**6
USD = {"USD": 1.0}


def row(given: int, taken: int = 0, read: int = 0, write: int = 0, cost: float = 1.0, **changes: Any) -> CallRow:
    values: dict[str, Any] = dict.fromkeys(CallRow._fields)
    values |= {"start_ns": 0, "duration_ns": 0, "failed": 0, "provider": "acme", "model": "big", "currency": "USD"}
    values |= {"input_tokens": given, "output_tokens": taken, "cost": cost}
    values |= {"cache_read_tokens": read, "cache_write_tokens": write}
    return CallRow(**values | changes)


def spent(*rows: CallRow) -> Spent:
    found = Spent.by(price(said) for said in PRICES.values())
    for one in rows:
        found.add(one, USD)
    return found


def test_what_a_cache_saved() -> None:
    """900 of 1000 tokens for 1 and not for 10 each, 50 written for 12 and not for 10."""
    (found,) = cached(spent(row(1000, read=900, write=50, cost=(50 * 10 + 900 * 1 + 50 * 12) / M)), price_of, 1.0)
    assert (found.input_tokens, found.read_tokens, found.write_tokens) == (1000, 900, 50)
    assert found.saved == pytest.approx((900 * 9 - 50 * 2) / M)


def test_a_cache_that_is_only_written_to_costs() -> None:
    (found,) = cached(spent(row(1000, write=1000, cost=1000 * 12 / M)), price_of, 1.0)
    assert found.saved == pytest.approx(-1000 * 2 / M)


def test_a_discount_saves_less() -> None:
    """Half of the list price was paid, so half of it was saved."""
    (found,) = cached(spent(row(100, read=100, cost=100 * 1 / M / 2)), price_of, 1.0)
    assert found.saved == pytest.approx(100 * 9 / M / 2)
    (dear,) = cached(spent(row(100, read=100, cost=100 * 1 / M * 2)), price_of, 1.0)
    assert dear.saved == pytest.approx(100 * 9 / M)


def test_each_request_has_the_price_of_its_size() -> None:
    """Above 1000 tokens one costs 100; together they are above it, but that counts for none of them."""
    small = [row(600), row(600)]
    found = instead(spent(*(one._replace(model="small") for one in small)), *_big())
    assert found is not None
    assert found.other_cost == pytest.approx(1200 * 10 / M)
    large = instead(spent(row(1001, model="small")), *_big())
    assert large is not None
    assert large.other_cost == pytest.approx(1001 * 100 / M)


def _big() -> tuple[Any, ...]:
    return Model("acme", "big", None), price(PRICES["big"]), ("acme", "small"), 1.0


def test_more_from_the_cache() -> None:
    """From 10 % to 50 %: 400 more tokens for 1 and not for 10."""
    found = more_cached(spent(row(1000, read=100, cost=(900 * 10 + 100) / M)), price_of, 0.5, 2.0)
    assert found == pytest.approx(400 * 9 / M * 2)
    assert more_cached(spent(row(1000, read=600)), price_of, 0.5, 1.0) == 0


def test_nothing_is_made_up() -> None:
    unknown = row(100, read=50, model="nobody knows")
    (found,) = cached(spent(unknown), price_of, 1.0)
    assert found.saved is None
    assert more_cached(spent(unknown), price_of, 0.9, 1.0) == 0
    free = row(100)._replace(cost=None)
    yen = row(100, currency="JPY")
    assert not spent(free, yen, row(0)._replace(input_tokens=None, output_tokens=None)).tokens


def test_fewer_than_none_are_none() -> None:
    assert cached(spent(row(-100, taken=-5, read=50)), price_of, 1.0) == []
    (found,) = cached(spent(row(100, read=500, write=500, cost=0.0)), price_of, 1.0)
    assert (found.input_tokens, found.read_tokens, found.write_tokens) == (100, 100, 0)


def test_pairs(path: Path) -> None:
    """What options name, whether cheaper or not, and what is in use and cheaper; with what judges think of both."""
    spans = [
        call(1, 1, tokens=(1000, 100), cost=(1000 * 10 + 100 * 20) / M),
        call(2, 2, model="small", tokens=(1000, 100), cost=(1000 * 1 + 100 * 2) / M),
    ]
    logs = [verdict(1, 1, 0.75), verdict(2, 2, 0.5)]
    (found,) = figures(path, spans, logs).instead or ()
    assert (found.model, found.other_model, found.calls, found.asked_for) == ("big", "small", 1, False)
    assert (found.score, found.other_score) == (0.75, 0.5)
    assert (found.cost, found.other_cost) == (pytest.approx(0.012), pytest.approx(0.0012))
    assert found.saving == pytest.approx(0.0108)
    named = figures(path, [], swaps=[Swap("small", None, "big"), Swap("small", None, "nobody knows")]).instead or ()
    assert [(one.model, one.other_model, one.asked_for) for one in named] == [
        ("small", "big", True),
        ("big", "small", False),
    ]
    assert named[0].saving == pytest.approx(-0.0108)


def test_a_month(path: Path) -> None:
    """7 USD in 7 days are 30 in a month; a measure that saves half and one that saves a tenth leave 45 %."""
    total = Total(calls=70, failed=6, stopped=10, cost=7.0)
    found = project(total, 7.0, [("half", 3.5), ("tenth", 0.7), ("nothing", -1.0)], investment=99.0)
    assert found is not None
    assert (found.spend, found.daily_calls, found.error_rate) == (pytest.approx(30), 10, 0.1)
    assert [(one.what, pytest.approx(one.monthly)) for one in found.savings] == [("half", 15), ("tenth", 3)]
    assert found.saving == pytest.approx(16.5)
    assert found.payback_months == pytest.approx(6)
    billed = project(total, 7.0, [("half", 3.5)], spend=300.0)
    assert billed is not None
    assert (billed.saving, billed.payback_months) == (pytest.approx(150), None)


@pytest.mark.parametrize("total, days", [(Total(calls=5, cost=1.0), 0.9), (Total(calls=5), 7.0)])
def test_no_month(total: Total, days: float) -> None:
    assert project(total, days, []) is None


def test_a_month_of_what_is_there(path: Path) -> None:
    """The store begins on the fifth day: three days of data, not seven."""
    same = {semconv.CONTENT_HASH: "a"}
    found = figures(path, [call(1, 4 * DAY, said=same), call(2, 5 * DAY, cost=2.0, said=same)]).projection
    assert found is not None
    assert (found.days, found.spend, found.saving) == (3, pytest.approx(30), pytest.approx(20))
