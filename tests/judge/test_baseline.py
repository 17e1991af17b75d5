"""What is remembered of the scores of models, in memory: of which, of how many, and when a fall is told."""

from __future__ import annotations

import logging
import math
from threading import Thread

import pytest
from hypothesis import given
from hypothesis import strategies as st

from genscope.features.judge.baseline import Baseline, Baselines, Drift
from genscope.features.judge.drift import Detector
from genscope.features.judge.verdict import NOT_APPLICABLE, Case, Verdict

GPT = Case("An answer.", model="gpt-4o", prompt_name="support")


def observe(baselines: Baselines, scores: list[float], case: Case = GPT, judge: str = "relevance") -> list[Drift]:
    found = (baselines.observe(Verdict(judge, score), case) for score in scores)
    return [drift for drift in found if drift is not None]


def test_a_fall_is_told_with_whose_it_is() -> None:
    (drift,) = observe(Baselines(), [0.9] * 60 + [0.4] * 30)
    assert drift == Drift("relevance", "gpt-4o", "support", pytest.approx(0.9), pytest.approx(0.4), drift.samples)
    assert 1 < drift.samples < 10


def test_it_knows_mean_and_deviation() -> None:
    baselines = Baselines()
    observe(baselines, [0.8, 1.0] * 10)
    (known,) = baselines.known()
    assert known == Baseline(
        "relevance", "gpt-4o", "support", pytest.approx(0.9), pytest.approx(0.1), samples=20, settled=False
    )
    observe(baselines, [0.8, 1.0] * 20)
    assert baselines.known()[0].settled


def test_the_mean_is_a_rolling_one() -> None:
    baselines = Baselines(detector=Detector(warm_up=10, memory=20))
    observe(baselines, [0.2] * 500 + [0.9] * 200)
    (known,) = baselines.known()
    assert known.mean == pytest.approx(0.9, abs=0.001)
    assert known.samples == 20


@pytest.mark.parametrize(
    "other",
    [Case(model="gpt-4o-mini", prompt_name="support"), Case(model="gpt-4o", prompt_name="search"), Case()],
    ids=["model", "prompt", "nothing known"],
)
def test_others_have_baselines_of_their_own(other: Case) -> None:
    baselines = Baselines()
    observe(baselines, [0.9] * 60)
    assert observe(baselines, [0.3] * 40, other) == []
    assert observe(baselines, [0.3] * 40, GPT, judge="safety") == []
    assert len(baselines.known()) == 3
    (drift,) = observe(baselines, [0.3] * 40)
    assert drift.before == pytest.approx(0.9)


def test_what_is_not_known_is_none() -> None:
    baselines = Baselines()
    (drift,) = observe(baselines, [1.0] * 60 + [0.0] * 10, Case("An answer."))
    assert (drift.model, drift.prompt_name) == (None, None)
    assert baselines.known()[0].model is None


@pytest.mark.parametrize(
    "verdict",
    [
        Verdict("relevance"),
        Verdict("relevance", label=NOT_APPLICABLE),
        Verdict("relevance", error="timeout"),
        Verdict("relevance", 0.1, error="timeout"),
    ],
)
def test_a_verdict_without_a_score_does_not_count(verdict: Verdict) -> None:
    baselines = Baselines()
    assert baselines.observe(verdict, GPT) is None
    assert baselines.known() == []


@pytest.mark.parametrize("score", [math.nan, math.inf, -math.inf, -0.1, 1.1, 5, "0.9", [1]])
def test_what_is_no_score_is_said_once_and_does_not_count(score: object, caplog: pytest.LogCaptureFixture) -> None:
    baselines = Baselines()
    for _ in range(100):
        assert baselines.observe(Verdict("mine", score), GPT) is None  # type: ignore[arg-type]
    assert baselines.known() == []
    assert [record.levelno for record in caplog.records] == [logging.WARNING]
    assert "'mine'" in caplog.text


def test_a_score_may_be_a_boolean() -> None:
    (drift,) = observe(Baselines(), [True] * 60 + [False] * 10)
    assert (drift.before, drift.now) == (1.0, 0.0)


def test_models_without_number_take_no_more_room(caplog: pytest.LogCaptureFixture) -> None:
    baselines = Baselines(most=100)
    observe(baselines, [0.9] * 60)
    for index in range(5000):
        observe(baselines, [0.5], Case(model=f"model-{index}"))
        if index % 50 == 0:
            observe(baselines, [0.9])
    assert len(baselines.known()) == 100
    (drift,) = observe(baselines, [0.2] * 10)
    assert drift.before == pytest.approx(0.9)


def test_a_name_without_end_is_cut() -> None:
    baselines = Baselines()
    observe(baselines, [0.5], Case(model="m" * 1_000_000, prompt_name="p" * 1_000_000))
    (known,) = baselines.known()
    assert len(known.model or "") == len(known.prompt_name or "") == 200


def test_many_threads_count_together() -> None:
    baselines = Baselines()
    found: list[Drift] = []

    def work(score: float) -> None:
        found.extend(observe(baselines, [score] * 500))

    for score in (0.9, 0.2):
        threads = [Thread(target=work, args=(score,)) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert len(found) == 1


@given(st.lists(st.floats() | st.none() | st.booleans(), max_size=200))
def test_whatever_judges_say_it_does_not_raise(scores: list[float | None]) -> None:
    baselines = Baselines(detector=Detector(warm_up=3, memory=10))
    for score in scores:
        baselines.observe(Verdict("j", score), GPT)
    for known in baselines.known():
        assert 0 <= known.mean <= 1
        assert known.deviation >= 0


def test_a_log_handler_with_faults_of_its_own_does_no_harm(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError

    monkeypatch.setattr(logging.getLogger("genscope"), "warning", fail)
    assert Baselines().observe(Verdict("j", math.nan), GPT) is None
