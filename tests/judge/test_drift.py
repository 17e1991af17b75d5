"""The test that says whether scores have fallen: its arithmetic, and by simulation how soon and how seldom it speaks.

Everything is drawn with a seed. The figures are those of docs/quality.md.
"""

from __future__ import annotations

import math
import random
import statistics
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from genscope.features.judge.drift import Detector, Fall, Level, Track

Draw = Callable[[random.Random], float]

scores = st.floats(0, 1, allow_subnormal=False)
levels = st.lists(scores, min_size=1, max_size=60).map(lambda found: level_of(found))


def level_of(found: list[float]) -> Level:
    level = Level()
    for score in found:
        level = level.joined(Level(1.0, score))
    return level


def spread(mean: float, deviation: float) -> Draw:
    """Normally distributed, and what lies outside of 0 to 1 is moved to its edge."""
    return lambda draw: min(1.0, max(0.0, draw.gauss(mean, deviation)))


def passes(part: float) -> Draw:
    """A check that so many answers pass."""
    return lambda draw: float(draw.random() < part)


def graded(mean: float) -> Draw:
    """A judge that knows five grades."""
    return lambda draw: round(4 * spread(mean, 0.2)(draw)) / 4


def falls(detector: Detector, found: Iterator[float]) -> Iterator[tuple[int, Fall]]:
    """How many scores had come, and what was said then."""
    track = Track()
    for count, score in enumerate(found, start=1):
        track, fall = detector.step(track, score)
        if fall is not None:
            yield count, fall


def stream(before: Draw, after: Draw, turn: int, seed: int, length: int = 2000) -> Iterator[float]:
    draw = random.Random(seed)
    for index in range(turn + length):
        yield (before if index < turn else after)(draw)


# --- levels


@given(st.lists(scores, min_size=1, max_size=200))
def test_a_level_is_what_the_textbook_says(found: list[float]) -> None:
    level = level_of(found)
    assert level.samples == len(found)
    assert level.mean == pytest.approx(statistics.fmean(found), abs=1e-9)
    assert level.deviation == pytest.approx(statistics.pstdev(found), abs=1e-6)


@given(levels, levels)
def test_joined_levels_are_those_of_all_their_scores(one: Level, other: Level) -> None:
    both = one.joined(other)
    assert both.samples == one.samples + other.samples
    assert both.mean == pytest.approx(other.joined(one).mean, abs=1e-9)
    assert both.squares == pytest.approx(other.joined(one).squares, abs=1e-9)
    assert one.joined(Level()) == one


def test_it_is_stable_over_many_scores() -> None:
    """The naive sum of squares loses all its digits here."""
    level = Level()
    for _ in range(200_000):
        level = level.joined(Level(1.0, 0.9)).joined(Level(1.0, 0.9 + 1e-8))
    assert level.deviation == pytest.approx(5e-9, rel=1e-3)


@given(levels, st.floats(1, 30))
def test_what_is_forgotten_changes_neither_mean_nor_spread(level: Level, samples: float) -> None:
    short = level.at_most(samples)
    assert short.samples == min(samples, level.samples)
    assert short.mean == level.mean
    assert short.deviation == pytest.approx(level.deviation)


# --- the test


@given(levels, scores)
def test_no_score_takes_all_evidence_away(known: Level, score: float) -> None:
    assert Detector().factor(known, score) > 0


@given(levels, st.lists(scores, min_size=1, max_size=30))
def test_the_bet_is_fair(known: Level, found: list[float]) -> None:
    """Evidence does not grow on average while the mean is not below what is expected. This is why alarms are rare."""
    detector = Detector()
    mean = statistics.fmean(found)
    assume(mean >= detector.expected(known))
    assert statistics.fmean(detector.factor(known, score) for score in found) <= 1 + 1e-9


@given(st.lists(scores, max_size=300))
def test_whatever_comes_the_state_stays_sound(found: list[float]) -> None:
    detector, track = Detector(warm_up=5, memory=20), Track()
    for score in found:
        track, fall = detector.step(track, score)
        assert 0 <= track.evidence < math.log(detector.rarity)
        for level in (track.known, track.since):
            assert 0 <= level.samples <= 300
            assert -1e-12 <= level.mean <= 1 + 1e-12
            assert level.squares >= 0
        assert track.known.samples <= 20
        if fall is not None:
            assert fall.now < fall.before
            assert fall.samples > 0


def test_nothing_is_said_while_it_warms_up() -> None:
    found = [1.0] * 25 + [0.0] * 25
    assert list(falls(Detector(), iter(found))) == []


def test_scores_that_never_varied_may_fall() -> None:
    """With a deviation of 0 there is nothing to divide by."""
    ((count, fall),) = falls(Detector(), iter([1.0] * 50 + [0.5] * 40))
    assert fall == (1.0, 0.5, count - 50)
    assert fall.samples == 5


def test_it_says_from_when_and_from_where_to_where() -> None:
    ((_, fall),) = falls(Detector(), stream(spread(0.9, 0.1), spread(0.5, 0.1), turn=400, seed=5, length=300))
    assert fall.before == pytest.approx(0.9, abs=0.02)
    assert fall.now == pytest.approx(0.5, abs=0.1)


def test_a_fall_is_said_once_and_the_next_one_again() -> None:
    found = [0.9] * 100 + [0.6] * 300 + [0.3] * 300
    assert [round(fall.now, 1) for _, fall in falls(Detector(), iter(found))] == [0.6, 0.3]


def test_a_rise_is_no_fall() -> None:
    assert list(falls(Detector(), iter([0.5] * 100 + [0.9] * 500))) == []


def test_after_a_rise_the_new_level_becomes_the_usual_one() -> None:
    found = [0.5] * 100 + [0.9] * 2000 + [0.6] * 100
    ((_, fall),) = falls(Detector(), iter(found))
    assert fall.before > 0.8


def test_what_is_old_is_forgotten() -> None:
    detector, track = Detector(warm_up=10, memory=20), Track()
    for score in [0.2] * 1000 + [0.9] * 100:
        track, _ = detector.step(track, score)
    assert track.known.samples == 20
    assert track.known.mean == pytest.approx(0.9, abs=0.01)


def test_a_slow_decline_is_a_fall() -> None:
    """Where the usual level followed at once, nobody would ever notice."""
    found = stream(spread(0.9, 0.05), spread(0.9, 0.05), turn=300, seed=7, length=0)
    declining = (0.9 - 0.4 * index / 2000 for index in range(2000))
    assert list(falls(Detector(), iter([*found, *declining])))


def test_less_than_is_tolerated_is_no_fall() -> None:
    assert list(falls(Detector(tolerance=0.1), iter([0.9] * 100 + [0.82] * 5000))) == []


@pytest.mark.parametrize(
    "settings", [{"warm_up": 1}, {"memory": 10}, {"tolerance": -0.1}, {"tolerance": 1}, {"rarity": 1}]
)
def test_settings_that_make_no_sense(settings: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="drift"):
        Detector(**settings)  # type: ignore[arg-type]


# --- how soon


@dataclass(frozen=True)
class Change:
    id: str
    before: Draw
    after: Draw
    median: int
    most: int
    """Scores until it is said: in half and in 19 of 20 runs."""


CHANGES = [
    Change("mean-0.9-to-0.7", spread(0.9, 0.1), spread(0.7, 0.1), 12, 17),
    Change("mean-0.9-to-0.8", spread(0.9, 0.1), spread(0.8, 0.1), 32, 67),
    Change("five-grades-0.85-to-0.65", graded(0.85), graded(0.65), 28, 53),
    Change("always-to-half", passes(1.0), passes(0.5), 7, 13),
    Change("0.98-pass-to-0.8", passes(0.98), passes(0.8), 46, 135),
    Change("0.9-pass-to-0.7", passes(0.9), passes(0.7), 77, 171),
]


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.id)
def test_how_soon_a_fall_is_said(change: Change) -> None:
    """200 models, 500 scores before the change."""
    delays = sorted(
        next(
            (
                count - 500
                for count, _ in falls(Detector(), stream(change.before, change.after, 500, seed))
                if count > 500
            )
        )
        for seed in range(200)
    )
    assert delays[100] <= change.median
    assert delays[190] <= change.most


# --- how seldom without a reason

STEADY = {
    "mean-0.9": spread(0.9, 0.1),
    "mean-0.5": spread(0.5, 0.25),
    "five-grades": graded(0.85),
    "0.995-pass": passes(0.995),
    "0.98-pass": passes(0.98),
    "0.9-pass": passes(0.9),
    "0.7-pass": passes(0.7),
}


@pytest.mark.parametrize("draw", STEADY.values(), ids=STEADY)
def test_a_steady_model_is_let_be(draw: Draw) -> None:
    """50,000 scores of each; `rarity` allows fifty alarms."""
    assert list(falls(Detector(), stream(draw, draw, 0, seed=11, length=50_000))) == []


def test_a_new_model_is_let_be() -> None:
    """What is usual is known by 50 scores only: 700 models with their first 500 scores each."""
    alarms = sum(
        len(list(falls(Detector(), stream(draw, draw, 0, seed, length=500))))
        for draw in STEADY.values()
        for seed in range(100)
    )
    assert alarms <= 1


def test_alarms_are_as_rare_as_asked_for_even_at_the_edge() -> None:
    """The mean is what is barely expected still: the worst case, which the bound is about."""
    detector = Detector(rarity=100)
    known = Level(500.0, 0.9, 5.0)
    expected = detector.expected(known)
    waits: list[int] = []
    for seed in range(300):
        draw, count, evidence = random.Random(seed), 0, 0.0
        while evidence < math.log(detector.rarity):
            count += 1
            evidence = max(0.0, evidence + math.log(detector.factor(known, float(draw.random() < expected))))
        waits.append(count)
    assert statistics.fmean(waits) >= detector.rarity
