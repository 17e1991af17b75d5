"""What a call says of each measure, and which calls say nothing."""

from __future__ import annotations

from typing import Any

import pytest

from .watched import Watched


def measured(objective: str, *calls: dict[str, Any]) -> tuple[float | None, int]:
    one = Watched(f"{objective} min 1")
    for what in calls:
        one.calls(**what)
    one.evaluate()
    for series in one.watch.trackers[0].series.values():
        return series.track.value(), series.measured.samples
    return None, 0


GOOD: dict[str, Any] = {}


@pytest.mark.parametrize(
    "objective, calls, value, samples",
    [
        ("latency_p50 < 1s", [{"seconds": 2.0}], 2.0, 1),
        ("latency_p50 < 1s", [{"seconds": 2.0, "kind": "timeout"}], 2.0, 1),
        ("latency_p50 < 1s", [{"seconds": 2.0, "kind": "rate_limit"}], None, 0),
        ("latency_p50 < 1s", [{"seconds": 2.0, "outcome": "abandoned"}], None, 0),
        ("latency_p50 < 1s", [{"seconds": 2.0, "outcome": "completed"}], 2.0, 1),
        ("latency_mean < 1s", [{"seconds": 1.0}, {"seconds": 3.0}], 2.0, 2),
        ("ttft_p50 < 1s", [{"first_token": 0.25}, GOOD], 0.25, 1),
        ("error_rate < 1%", [GOOD, {"kind": "rate_limit"}], 0.5, 2),
        ("error_rate < 1%", [GOOD, {"kind": "cancelled"}, {"kind": "budget_exceeded"}], 0.0, 1),
        ("error_rate of cancelled < 1%", [GOOD, {"kind": "cancelled"}, {"kind": "timeout"}], 1 / 3, 3),
        ("error_rate of timeout < 1%", [GOOD, {"kind": "rate_limit"}, {"kind": "timeout"}], 1 / 3, 3),
        ("defect_rate < 1%", [GOOD, {"defects": ("empty",)}, {"kind": "timeout"}], 0.5, 2),
        ("defect_rate of refused < 1%", [{"defects": ("empty",)}, {"defects": ("truncated", "refused")}], 0.5, 2),
        ("success_rate > 99%", [GOOD, {"kind": "timeout"}, {"defects": ("empty",)}, GOOD], 0.5, 4),
        ("success_rate > 99%", [{"defects": ("truncated",)}, {"kind": "cancelled"}], 1.0, 1),
        ("cost_per_hour < 1", [{"dollars": 0.25}, {"dollars": 0.5}, GOOD], 0.75, 2),
        ("cost_per_hour < 1", [{"dollars": 5.0, "currency": "EUR"}], None, 0),
        ("cost_per_hour < 1 over 2h", [{"dollars": 0.5}], 0.25, 1),
        ("cost_per_day < 1", [{"dollars": 0.5}], 0.5, 1),
    ],
)
def test_of_calls(objective: str, calls: list[dict[str, Any]], value: float | None, samples: int) -> None:
    found, count = measured(objective, *calls)
    assert count == samples
    assert found == (None if value is None else pytest.approx(value, rel=0.011))


def test_scores() -> None:
    one = Watched(
        "low_score_rate of faithfulness < 5% min 1; quality_score > 0.8 min 1; low_score_rate < 5% below 0.95 min 1"
    )
    one.scores(0.9, 0.2)
    one.scores(0.0, judge="relevance")
    one.evaluate()
    values = [next(iter(tracker.series.values())).track.value() for tracker in one.watch.trackers]
    assert values == [0.5, pytest.approx(1.1 / 3), 1.0]


def test_a_score_says_of_what_it_is() -> None:
    one = Watched("quality_score > 0.8 per model, provider")
    one.scores(0.9, **{"gen_ai.request.model": "gpt-4o", "gen_ai.provider.name": "openai"})
    one.evaluate()
    assert list(one.watch.trackers[0].series) == [("gpt-4o", "openai")]


@pytest.mark.parametrize("score", [float("nan"), float("inf")])
def test_what_is_no_score_is_left_out(score: float) -> None:
    one = Watched("quality_score > 0.8")
    one.scores(score)
    one.evaluate()
    assert one.watch.trackers[0].series == {}


def test_what_is_beyond_a_score_is_the_nearest() -> None:
    one = Watched("quality_score > 0.8 min 1")
    one.scores(7.0, -3.0)
    one.evaluate()
    assert next(iter(one.watch.trackers[0].series.values())).track.value() == 0.5


def test_scopes_tell_calls_apart() -> None:
    one = Watched("error_rate < 1% per provider, model, operation, workflow")
    one.calls(workflow=True)
    one.calls(model=None, provider="groq", name="embeddings")
    one.evaluate()
    assert list(one.watch.trackers[0].series) == [
        ("openai", "gpt-4o", "chat", "answer questions"),
        ("groq", None, "embeddings", None),
    ]


def test_only_calls_that_it_is_for() -> None:
    one = Watched("error_rate < 1% for model=gpt-*|o1, operation=chat")
    for what in ({}, {"model": "o1"}, {"model": "claude"}, {"model": None}, {"name": "embeddings"}):
        one.calls(**what)
    one.evaluate()
    assert one.watch.trackers[0].series[()].measured.samples == 2


def test_budgets_are_looked_up() -> None:
    found = [("50 usd/day", 0.2), ("10 usd/hour per user", 0.9)]
    one = Watched("budget_use < 80% after 0s; budget_use < 80% per limit after 0s named each", readings=lambda: found)
    assert [(alert.name, alert.scope, alert.value) for alert in one.evaluate()] == [
        ("budget_use < 80 %", {}, 0.9),
        ("each", {"limit": "10 usd/hour per user"}, 0.9),
    ]
    found[:] = [("50 usd/day", 0.2)]  # the other one has a new hour
    assert one.after(300) == ["resolved", "resolved"]
