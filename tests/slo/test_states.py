"""From ok by pending to firing and back: never too early, never twice, never in a flutter."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from genscope.features.slo.states import FIRING, OK, PENDING, RESOLVED, Pace, State, step

PACE = Pace(after=60, keep=120, cooldown=600)


def run(pace: Pace, *breaches: tuple[float, bool]) -> list[tuple[float, str, str | None]]:
    state, found = State(), []
    for now, breached in breaches:
        state, said = step(state, breached, now, pace)
        found.append((now, state.phase, said))
    return found


def test_a_breach_fires_once_it_has_lasted() -> None:
    assert run(PACE, (0, True), (59, True), (60, True), (70, True)) == [
        (0, PENDING, None),
        (59, PENDING, None),
        (60, FIRING, FIRING),
        (70, FIRING, None),
    ]


def test_one_that_does_not_last_is_forgotten() -> None:
    assert run(PACE, (0, True), (30, False), (31, True), (89, True)) == [
        (0, PENDING, None),
        (30, OK, None),
        (31, PENDING, None),
        (89, PENDING, None),
    ]


def test_it_is_over_when_it_has_been_for_a_while() -> None:
    assert run(PACE, (0, True), (60, True), (100, False), (150, True), (269, False), (270, False)) == [
        (0, PENDING, None),
        (60, FIRING, FIRING),
        (100, FIRING, None),
        (150, FIRING, None),
        (269, FIRING, None),
        (270, OK, RESOLVED),
    ]


def test_in_the_cooldown_nobody_is_told_again_and_after_it_he_is() -> None:
    again = ((0, True), (60, True), (180, False), (200, True), (260, True), (659, True), (660, True), (780, False))
    assert [(now, said) for now, _, said in run(PACE, *again) if said] == [
        (60, FIRING),
        (180, RESOLVED),
        (660, FIRING),
        (780, RESOLVED),
    ]


def test_what_was_not_told_is_not_resolved() -> None:
    short = ((0, True), (60, True), (180, False), (200, True), (260, True), (380, False))
    assert [said for _, _, said in run(PACE, *short) if said] == [FIRING, RESOLVED]


durations = st.sampled_from([0.0, 1.0, 30.0, 120.0])
histories = st.lists(st.tuples(st.floats(0.1, 90), st.booleans()), max_size=120)


@given(st.builds(Pace, durations, durations, durations), histories)
def test_what_holds_for_every_history(pace: Pace, history: list[tuple[float, bool]]) -> None:
    state, now = State(), 0.0
    fired: list[float] = []
    told: list[str] = []
    breached_since: float | None = None
    last_breach = 0.0
    for pause, breached in history:
        now += pause
        breached_since = (now if breached_since is None else breached_since) if breached else None
        last_breach = now if breached else last_breach
        before = state
        state, said = step(state, breached, now, pace)
        if state.phase == FIRING != before.phase:
            assert breached_since is not None
            assert now - breached_since >= pace.after
        if before.phase == FIRING != state.phase:
            assert now - last_breach >= pace.keep
        if said == FIRING:
            assert not fired or now - fired[-1] >= pace.cooldown
            fired.append(now)
        if said is not None:
            told.append(said)
    assert told == ([FIRING, RESOLVED] * len(told))[: len(told)]
