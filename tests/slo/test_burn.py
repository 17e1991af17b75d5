"""Burn rates over many windows: quick where it burns, quiet where it does not, and never by a single call."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from .watched import DAWN, Watched

SRE = "error_rate < 1% burn sre after 0s keep 0s cooldown 0s"


def test_a_breach_of_the_target_fires_and_resolves() -> None:
    one = Watched("error_rate < 1% over 5m after 1m keep 2m")
    one.calls(100)
    assert one.after(30) == []
    one.calls(5, kind="server_error")
    assert one.after(50) == []
    assert one.state() == "pending"
    assert one.after(20) == ["firing"]
    (alert,) = one.ears.alerts
    assert (alert.cause, alert.samples) == ("server_error", 105)
    assert alert.value == pytest.approx(5 / 105)
    assert alert.burn_rate == pytest.approx(500 / 105)
    assert (alert.at - alert.since).total_seconds() == pytest.approx(60, abs=11)
    assert alert.summary == ("error_rate < 1 % over 5m: 4.762 %, 4.76x what is allowed, last: server_error")
    assert one.after(600) == ["resolved"]
    assert one.ears.alerts[-1].since == alert.since


def test_few_samples_say_nothing() -> None:
    one = Watched("error_rate < 1% over 5m after 0s")
    one.calls(99, kind="timeout")
    assert one.after(10) == []
    one.calls(1, kind="timeout")
    assert one.after(10) == ["firing"]


@settings(max_examples=30)
@given(st.sampled_from([0.5, 0.1, 0.05, 0.01, 0.001, 0.003]), st.integers(0, 50))
def test_a_single_bad_call_is_never_a_breach(target: float, more: int) -> None:
    one = Watched(f"error_rate < {target} after 0s; success_rate > {1 - target} after 0s")
    one.calls(one.objective.min_samples - 1 + more)
    one.calls(kind="timeout")
    assert one.evaluate() == []


def test_a_quantile_is_breached_when_it_is_above_its_target() -> None:
    """The number of calls that are too slow decides, and the sketch says the same."""
    one = Watched("latency_p95 < 5s after 0s")
    one.calls(95, seconds=1.0)
    one.calls(5, seconds=9.0)
    assert one.evaluate() == []
    one.calls(1, seconds=9.0)
    (alert,) = one.evaluate()
    assert alert.value == pytest.approx(9.0, rel=0.011)


def test_a_sharp_fire_is_told_within_minutes() -> None:
    """Of a service with 20 calls a minute and none that failed, all begin to fail."""
    one = Watched(SRE)
    for minute in range(70):
        one.now = minute * 60.0
        one.calls(20, kind="server_error" if minute >= 60 else None)
        one.evaluate()
    (alert,) = one.ears.alerts
    assert 60 <= (alert.at.timestamp() - DAWN) / 60 < 70
    assert alert.state == "firing"


def test_a_slow_one_by_its_long_window_only() -> None:
    """Seven percent fail: too few for 14.4 times, enough for six."""
    one = Watched(SRE)
    told: list[str] = []
    for minute in range(360):
        one.now = minute * 60.0
        one.calls(93)
        one.calls(7, kind="timeout")
        told += [alert.state for alert in one.evaluate()]
    assert told == ["firing"]
    (tracker,) = one.watch.trackers
    assert tracker.series[()].measured.burn_rate == pytest.approx(7.0)


def test_it_is_over_soon_after_the_fire_is_out() -> None:
    """The long window is still full of errors; the short one says that they are over."""
    one = Watched(SRE)
    for minute in range(60):
        one.now = minute * 60.0
        one.calls(10, kind="timeout" if minute > 40 else None)
        one.evaluate()
    assert one.ears.alerts[-1].state == "firing"
    begun = one.now
    while one.ears.alerts[-1].state == "firing":
        one.now += 10.0
        one.calls(10)
        one.evaluate()
    assert one.now - begun < 35 * 60
    rate = one.watch.trackers[0].series[()].measured.burn_rate
    assert rate is not None
    assert rate > 6


def test_nothing_flutters_at_the_edge() -> None:
    """Every other minute too much: one alert, and one end."""
    one = Watched("error_rate < 10% over 1m min 10 after 0s keep 5m cooldown 15m")
    for minute in range(60):
        one.now = minute * 60.0
        one.calls(10, kind="timeout" if minute % 2 else None)
        one.evaluate()
    one.after(600)
    assert [alert.state for alert in one.ears.alerts] == ["firing", "resolved"]


def test_money() -> None:
    one = Watched("cost_per_hour < $1")
    one.calls(4, dollars=0.25)
    assert one.evaluate() == []
    one.calls(1, dollars=0.01)
    (alert,) = one.evaluate()
    assert alert.value == pytest.approx(1.01)
    assert one.after(3_600 + 300) == ["resolved"]


def test_quality() -> None:
    one = Watched("quality_score > 0.8")
    one.scores(*[0.9] * 30)
    assert one.evaluate() == []
    one.scores(*[0.1] * 30)
    (alert,) = one.evaluate()
    assert (alert.value, alert.burn_rate) == (pytest.approx(0.5), pytest.approx(2.5))


def test_the_last_thousand_calls() -> None:
    one = Watched("error_rate < 1% over 1000 calls after 0s keep 0s")
    one.calls(990)
    one.calls(11, kind="timeout")
    assert [alert.state for alert in one.evaluate()] == ["firing"]
    one.now = 86_400.0
    assert one.evaluate() == []  # time alone does not mend it
    one.calls(1_000)
    assert [alert.state for alert in one.evaluate()] == ["resolved"]
