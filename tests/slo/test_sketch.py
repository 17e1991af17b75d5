"""The sketch is as near to the exact quantile as it promises, however it was put together, and stays small."""

from __future__ import annotations

from math import floor, inf, nan
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from genscope.features.slo.sketch import ACCURACY, LEAST, MOST, Sketch

values = st.lists(st.floats(LEAST, MOST), min_size=1, max_size=300)
quantiles = st.sampled_from([0.01, 0.1, 0.5, 0.9, 0.95, 0.99, 0.999])


def sketch_of(found: list[float]) -> Sketch:
    sketch = Sketch()
    for value in found:
        sketch.add(value)
    return sketch


def exact(found: list[float], q: float) -> float:
    return sorted(found)[floor(q * (len(found) - 1))]


@given(values, quantiles)
def test_a_quantile_is_within_one_percent(found: list[float], q: float) -> None:
    assert sketch_of(found).quantile(q) == pytest.approx(exact(found, q), rel=ACCURACY * 1.0001)


@given(values, values, quantiles)
def test_merged_sketches_are_the_sketch_of_all(one: list[float], other: list[float], q: float) -> None:
    merged = sketch_of(one)
    merged.merge(sketch_of(other))
    assert (merged.quantile(q), merged.count) == (sketch_of(one + other).quantile(q), len(one + other))


@pytest.mark.parametrize("q", [0.5, 0.95, 0.99])
def test_of_many_latencies(q: float) -> None:
    random = Random(7)
    found = [random.lognormvariate(0.5, 1.2) for _ in range(50_000)]
    sketch = sketch_of(found)
    assert sketch.quantile(q) == pytest.approx(exact(found, q), rel=ACCURACY)
    assert len(sketch) < 700


def test_its_size_is_bounded_whatever_comes() -> None:
    sketch = sketch_of([LEAST * 1.003**n for n in range(20_000)] + [0.0, -1.0, inf, 1e300])
    assert len(sketch) < 1_400
    assert sketch.quantile(0.0) == pytest.approx(LEAST, rel=ACCURACY)
    assert sketch.quantile(1.0) == pytest.approx(MOST, rel=ACCURACY * 1.0001)


def test_of_nothing() -> None:
    assert Sketch().quantile(0.5) is None
    with pytest.raises(ValueError):
        Sketch().add(nan)
