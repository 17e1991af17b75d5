"""A sliding window has what happened in its length, but for a slice, and its sums do not drift."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from genscope.features.slo.windows import PER_UNIT, SLICES, Length, Taken, Window

steps = st.lists(st.tuples(st.floats(0, 40), st.booleans(), st.integers(0, 10**12)), min_size=1, max_size=200)


@given(steps)
def test_sums_are_those_of_what_is_not_too_long_ago(found: list[tuple[float, bool, int]]) -> None:
    window, now, all_of_it = Window(Length(300.0)), 0.0, []
    for pause, bad, amount in found:
        now += pause
        window.add(now, Taken(bad, amount))
        all_of_it.append((now, bad, amount))
    width = 300.0 / SLICES
    within = [one for one in all_of_it if one[0] // width > now // width - SLICES]
    assert window.count == len(within)
    assert window.bad == sum(bad for _, bad, _ in within)
    assert window.amount == sum(amount for _, _, amount in within)
    assert all(now - one[0] <= 300.0 for one in within)
    assert all(now - one[0] >= 300.0 - width for one in all_of_it if one not in within)


@given(st.integers(1, 400))
def test_a_window_of_calls_has_the_last_ones(count: int) -> None:
    window = Window(Length(90, calls=True))
    for number in range(count):
        window.add(0.0, Taken(bad=number >= count - 10))
    assert min(count, 88) <= window.count <= 90
    assert window.bad == min(count, 10)


def test_time_empties_it() -> None:
    window = Window(Length(60.0), sketched=True)
    window.add(0.0, Taken(True, PER_UNIT // 10, 1.0))
    window.advance(57.0)
    assert (window.count, window.sketch().count) == (1, 1)
    window.advance(60.0)
    assert (window.count, window.bad, window.amount, window.sketch().count) == (0, 0, 0, 0)


def test_a_million_tenths_are_a_hundred_thousand() -> None:
    window = Window(Length(86_400.0))
    for number in range(100_000):
        window.add(number * 0.5, Taken(False, round(0.1 * PER_UNIT)))
    assert window.amount == 10_000 * PER_UNIT


def test_a_thread_that_was_late_counts_now() -> None:
    window = Window(Length(30.0))
    window.add(20.0, Taken(False))
    window.add(19.0, Taken(True))
    assert (window.count, window.bad) == (2, 1)


def test_no_more_slices_than_there_are() -> None:
    window = Window(Length(30.0), sketched=True)
    for number in range(10_000):
        window.add(number * 0.1, Taken(False, 0, 1.0))
    assert len(window._slices) <= SLICES


@pytest.mark.parametrize("length", [Length(60.0), Length(60.0, calls=True)])
def test_a_long_pause_is_no_work(length: Length) -> None:
    window = Window(length)
    window.add(0.0, Taken(True))
    window.add(1e9, Taken(False))
    assert window.count == (2 if length.calls else 1)
