"""Metrics over a piece of time, however they were sent."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random
from typing import Any

import pytest
from opentelemetry.sdk.metrics import Counter, Histogram, MeterProvider
from opentelemetry.sdk.metrics.export import AggregationTemporality, InMemoryMetricReader
from opentelemetry.sdk.metrics.view import ExponentialBucketHistogramAggregation, View

from genscope.local.store import from_sdk
from genscope.local.store.distribution import Distribution, less
from genscope.local.store.reading import Reader
from genscope.local.store.records import PointRecord, Series
from genscope.local.store.writing import Store

from .samples import SHOP

DELTA, CUMULATIVE = AggregationTemporality.DELTA, AggregationTemporality.CUMULATIVE


class Meter:
    """The SDK's, whose measurements go to the store when it is told."""

    def __init__(self, store: Store, temporality: AggregationTemporality, **options: Any) -> None:
        self.store = store
        self.reader = InMemoryMetricReader(preferred_temporality={Counter: temporality, Histogram: temporality})
        self.provider = MeterProvider([self.reader], shutdown_on_exit=False, **options)
        self.meter = self.provider.get_meter("app")

    def export(self) -> int:
        """Returns a moment that lies between this export and the next."""
        data = self.reader.get_metrics_data()
        points = list(from_sdk.points(data)) if data else []
        self.store.add_points(points)
        return max((point.time_ns for point in points), default=0) + 1


@pytest.fixture
def read(store: Store, path: Path) -> Iterator[Callable[[], Reader]]:
    opened: list[Reader] = []

    def read() -> Reader:
        opened.append(Reader(path))
        return opened[-1]

    yield read
    for reader in opened:
        reader.close()


@pytest.mark.parametrize("temporality", [DELTA, CUMULATIVE])
def test_a_counter(store: Store, read: Callable[[], Reader], temporality: AggregationTemporality) -> None:
    between: list[int] = []
    for _ in range(2):  # two processes, or one that was started again
        meter = Meter(store, temporality)
        calls = meter.meter.create_counter("calls", "{call}")
        for number in (1, 10):
            calls.add(number, {"model": "a"})
            calls.add(100 * number, {"model": "b"})
            between.append(meter.export())
    reader = read()
    (whole,) = reader.metric("calls")
    assert (whole.value, whole.kind, whole.unit, whole.percentiles) == (2222.0, "sum", "{call}", None)
    assert {one.key: one.value for one in reader.metric("calls", "model")} == {"a": 22.0, "b": 2200.0}
    (later,) = reader.metric("calls", since_ns=between[0])
    assert later.value == 2222.0 - 101
    (first,) = reader.metric("calls", until_ns=between[0])
    assert first.value == 101.0
    assert reader.metric("calls", until_ns=1) == []
    assert reader.metric("nothing") == []
    assert reader.metric_names() == ["calls"]


@pytest.mark.parametrize("temporality", [DELTA, CUMULATIVE])
def test_how_something_stands(store: Store, read: Callable[[], Reader], temporality: AggregationTemporality) -> None:
    meter = Meter(store, temporality)
    gauge, updown = meter.meter.create_gauge("left"), meter.meter.create_up_down_counter("open")
    for left in (5.0, 3.0):
        gauge.set(left, {"limit": "a"})
        gauge.set(left + 1, {"limit": "b"})
        updown.add(2)
        meter.export()
    reader = read()
    assert {one.key: one.value for one in reader.metric("left", "limit")} == {"a": 3.0, "b": 4.0}
    assert [one.value for one in reader.metric("open")] == [4.0]


@pytest.mark.parametrize("temporality", [DELTA, CUMULATIVE])
@pytest.mark.parametrize("exponential", [False, True])
def test_a_histogram(
    store: Store, read: Callable[[], Reader], temporality: AggregationTemporality, exponential: bool
) -> None:
    views = [View(instrument_name="*", aggregation=ExponentialBucketHistogramAggregation())] if exponential else []
    meter = Meter(store, temporality, views=views)
    durations = meter.meter.create_histogram(
        "duration", "s", explicit_bucket_boundaries_advisory=[n / 50 for n in range(500)]
    )
    chance = Random(1)
    values = [chance.lognormvariate(0, 0.5) for _ in range(2000)]
    between = 0
    for number, value in enumerate(values):
        durations.record(value, {"model": "ab"[number % 2]})
        if number == 999:
            between = meter.export()
    meter.export()

    def exactly(of: list[float], part: float) -> float:
        return sorted(of)[int(len(of) * part)]

    reader = read()
    for measured, meant in (
        (reader.metric("duration"), values),
        (reader.metric("duration", since_ns=between), values[1000:]),
        (reader.metric("duration", until_ns=between), values[:1000]),
    ):
        (found,) = measured
        assert found.count == len(meant)
        assert found.sum == pytest.approx(sum(meant))
        assert found.percentiles is not None
        assert found.percentiles.p50 == pytest.approx(exactly(meant, 0.5), rel=0.05)
        assert found.percentiles.p95 == pytest.approx(exactly(meant, 0.95), rel=0.05)
        assert found.percentiles.p99 <= max(meant)
    assert {one.key: one.count for one in reader.metric("duration", "model")} == {"a": 1000, "b": 1000}


def test_a_summary_has_no_buckets(store: Store, read: Callable[[], Reader]) -> None:
    series = Series("old", "s", "", "summary", SHOP)
    store.add_points([PointRecord(series, 0, 1, count=3, sum=6.0, buckets={"quantiles": [[0.5, 2.0]]})])
    (found,) = read().metric("old")
    assert (found.count, found.sum, found.percentiles) == (3, 6.0, None)


# --- histograms


def distribution(*histograms: dict[str, Any]) -> Distribution:
    found = Distribution()
    for histogram in histograms:
        found.add(histogram)
    return found


def test_percentiles_lie_within_their_bucket() -> None:
    found = distribution({"bounds": [1, 2, 4], "counts": [0, 50, 50, 0]}).percentiles()
    assert found is not None
    assert (found.p50, found.p95) == (2.0, 3.8)


@pytest.mark.parametrize(
    "histogram",
    [
        {},
        {"bounds": [], "counts": [0]},
        {"bounds": [1], "counts": []},
        {"bounds": [1, 2], "counts": [1]},
        {"scale": 0, "zero": 0, "positive": [0, []], "negative": [0, []]},
    ],
)
def test_of_nothing_there_is_no_percentile(histogram: dict[str, Any]) -> None:
    assert distribution(histogram).percentiles() is None


def test_ends_without_a_bound() -> None:
    only = distribution({"bounds": [], "counts": [10]})
    assert only.percentiles() is not None
    low, high = distribution({"bounds": [1], "counts": [10, 0]}), distribution({"bounds": [1], "counts": [0, 10]})
    assert [found.percentiles().p99 for found in (low, high)] == [1.0, 1.0]  # type: ignore[union-attr]
    known = Distribution()
    known.add({"bounds": [1], "counts": [0, 10]}, 2.0, 6.0)
    found = known.percentiles()
    assert found is not None
    assert 2.0 <= found.p50 <= found.p99 <= 6.0


def test_histograms_of_different_kinds_add_up() -> None:
    exponential = {"scale": 0, "zero": 10, "positive": [0, [10]], "negative": [0, [10]]}
    found = distribution(exponential, {"bounds": [100], "counts": [0, 1]}).percentiles()
    assert found is not None
    assert found.p50 == 0.0
    assert 1.0 < found.p95 <= 2.0


def test_a_scale_that_has_become_coarser() -> None:
    earlier = {"scale": 1, "zero": 0, "positive": [0, [1, 2, 3, 4]], "negative": [0, []]}
    later = {"scale": 0, "zero": 1, "positive": [0, [4, 9]], "negative": [0, [1]]}
    gained = less(later, earlier)
    assert gained == {"scale": 0, "zero": 1, "positive": [0, [1, 2]], "negative": [0, [1]]}
    assert less(later, None) is later
    assert less(later, {"bounds": [], "counts": []}) is later


def test_bounds_that_nobody_can_reach() -> None:
    found = distribution({"scale": -10, "zero": 0, "positive": [0, [1, 1]], "negative": [0, []]}).percentiles()
    assert found is not None
