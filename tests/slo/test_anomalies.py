"""The last hour beside the same one yesterday, and beside the mean one of a day."""

from __future__ import annotations

import pytest

from .watched import Watched

HOUR = 3_600.0


def a_day(one: Watched, hours: float, tokens: int = 100, dollars: float = 0.1) -> None:
    end = one.now + hours * HOUR
    while one.now < end:
        one.now += 300.0
        one.calls(tokens=tokens, dollars=dollars)
        one.evaluate()


def spike(one: Watched) -> float | None:
    one.evaluate()
    return one.watch.trackers[0].series[()].track.value()


def test_tokens_beside_the_same_hour_yesterday() -> None:
    one = Watched("token_spike < 2x after 10m")
    a_day(one, 25)
    assert spike(one) == pytest.approx(1.0)
    a_day(one, 1, tokens=190)
    assert spike(one) == pytest.approx(1.9)
    assert one.ears.alerts == []
    a_day(one, 1, tokens=300)
    (alert,) = one.ears.alerts
    assert alert.state == "firing"
    a_day(one, 2)
    assert [alert.state for alert in one.ears.alerts] == ["firing", "resolved"]


def test_without_a_yesterday_nothing_is_said() -> None:
    one = Watched("token_spike < 2x after 0s")
    a_day(one, 23)
    a_day(one, 0.9, tokens=100_000)
    assert spike(one) is None
    assert one.ears.alerts == []


def test_an_hour_of_nothing_yesterday_is_nothing_to_compare_with() -> None:
    one = Watched("token_spike < 2x after 0s")
    one.calls(tokens=100)
    one.now = 26 * HOUR
    a_day(one, 1)
    assert spike(one) is None


def test_costs_beside_the_mean_hour() -> None:
    one = Watched("cost_spike < 3x after 10m")
    a_day(one, 6.9)
    assert spike(one) is None
    a_day(one, 3)
    assert spike(one) == pytest.approx(1.0)
    a_day(one, 1, dollars=0.5)
    (alert,) = one.ears.alerts
    assert alert.value is not None
    assert 3 < alert.value < 5
    assert alert.summary.startswith(f"cost_spike < 3x: {alert.value:.4g}x, ")


def test_no_more_is_kept_than_a_day_and_an_hour() -> None:
    one = Watched("cost_spike < 3x")
    a_day(one, 72)
    assert len(one.watch.trackers[0].series[()].track._slices) <= 25 * 12
