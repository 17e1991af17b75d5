"""The stages that measure calls: durations, tokens, chunks, attempts. They count whether or not the span is sampled."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from threading import Lock
from typing import Any

from opentelemetry.metrics import (
    Histogram,
    Meter,
    MeterProvider,
    NoOpHistogram,
    get_meter,
    get_meter_provider,
)

from genscope import semconv
from genscope.core.operation import Operation
from genscope.core.pipeline import Stage
from genscope.semconv import Flavour, Metric
from genscope.telemetry.measures import MEASURES, Attributes
from genscope.telemetry.metric_tags import MetricTags
from genscope.telemetry.neighbours import measures_itself
from genscope.telemetry.scope import SCOPE, is_placeholder
from genscope.telemetry.series import PER_DOLLAR, Series, table_of


def measure(histogram: Histogram, amount: float, attributes: Attributes, context: Any) -> None:
    """One measurement of what is no call to a model."""
    with _measuring:
        histogram.record(amount, attributes, context)


def recorder(meter: Meter, metric: Metric) -> Callable[[float, Attributes, Any], None]:
    """What takes measurements of what is no call to a model: an amount, attributes and a context."""
    record = _recorder(meter, metric)

    def measure_it(amount: float, attributes: Attributes, context: Any) -> None:
        with _measuring:
            record(amount, attributes, context)

    return measure_it


_measuring = Lock()
"""Held while we measure, and a fork waits for it: a lock of OpenTelemetry's metrics that another thread holds in that
moment stays locked in the child, whose first measurement would wait for ever."""
_waited = False


def _wait_for_measurements() -> None:
    global _waited
    _waited = _measuring.acquire(timeout=1.0)


def _go_on_in_parent() -> None:
    if _waited:
        _measuring.release()


def _go_on_in_child() -> None:
    global _measuring
    _measuring = Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_wait_for_measurements, after_in_parent=_go_on_in_parent, after_in_child=_go_on_in_child)


def metric_stages(
    provider: MeterProvider | None,
    flavours: Sequence[Flavour],
    *,
    chunk_times: bool = False,
    tags: tuple[str, ...] = (),
) -> Iterator[Stage]:
    """The stages that measure calls under the names of these flavours (`semconv.flavours`).

    `tags` is the setting `metric_tags`: what of a call's identity its measurements have.
    """
    tagging = MetricTags(tags) if tags else None
    first = semconv.DEFAULT if semconv.DEFAULT in flavours else Flavour({})
    yield Metrics(provider, first) if tagging is None else TaggedMetrics(provider, first, tagging)
    for flavour in flavours:
        if flavour != semconv.DEFAULT:
            yield Measurements(provider, flavour, tagging)
        if chunk_times and "time_per_output_chunk" in flavour.metrics:
            yield ChunkTimes(provider, flavour, tagging)


class Metrics(Stage):
    """The default flavour: duration and tokens of every call, time to the first chunk of every stream.

    And, whatever the flavour, the attempts of every request: of an empty one these are all. The attributes are a fixed
    list, the same for all: operation, provider, models, server, the error's type or kind.
    """

    def __init__(self, provider: MeterProvider | None, flavour: Flavour) -> None:
        meter = meter_of(provider)
        self._provider = provider
        self._duration = _histogram(meter, flavour.metrics.get("duration"))
        self._tokens = _histogram(meter, flavour.metrics.get("tokens"))
        self._first_chunk = _histogram(meter, flavour.metrics.get("time_to_first_chunk"))
        self._table = table_of(provider, meter)
        self._series = self._table.series

    def idle(self) -> bool:
        return is_placeholder(self._provider or get_meter_provider())

    def end(self, op: Operation, series: Series | None = None) -> None:
        if series is None:
            key = (op.name, op.provider, op.model, op.response_model, op.server_address, op.server_port, op.purpose)
            series = self._series.get(key) or self._table.add(key, op)
        context, failure, usage = op.context, op.failure, op.usage
        with _measuring:
            series.attempts += 1
            if failure is not None or op.attempts:
                series.failed.update(attempt.kind for attempt in (*op.attempts, failure) if attempt is not None)
                series.attempts += len(op.attempts)
                if failure is not None:
                    series.errors[failure.kind, failure.retryable] += 1
            if op.defects:
                series.defects.update(op.defects)
            cost = op.cost
            if cost is not None:
                if cost.currency == "USD":
                    series.cost += round(cost.amount * PER_DOLLAR)
                    series.priced += 1
            elif op.unpriced:
                series.unpriced += 1
            if op.neighbour is not None and measures_itself(op.neighbour):
                return
            self._duration.record(
                op.duration,
                series.base if failure is None else series.base | {semconv.ERROR_TYPE: failure.type},
                context,
            )
            if usage is not None:
                if usage.input_tokens is not None:
                    self._tokens.record(usage.input_tokens, series.of_input, context)
                if usage.output_tokens is not None:
                    self._tokens.record(usage.output_tokens, series.of_output, context)
            if op.first_chunk is not None:
                self._first_chunk.record(op.first_chunk - op.started, series.base, context)


class TaggedMetrics(Metrics):
    """The same, by for whom the calls are."""

    def __init__(self, provider: MeterProvider | None, flavour: Flavour, tags: MetricTags) -> None:
        super().__init__(provider, flavour)
        self._tags = tags

    def end(self, op: Operation, series: Series | None = None) -> None:
        super().end(op, self._table.tagged(op, self._tags.of_identity(op.identity)))


class Measurements(Stage):
    """Any other flavour, as its table says. What most calls pay for has code of its own in `Metrics` instead."""

    def __init__(self, provider: MeterProvider | None, flavour: Flavour, tags: MetricTags | None = None) -> None:
        meter = meter_of(provider)
        self._provider = provider
        self._tags = tags
        self._table = table_of(provider, meter)
        self._shared = flavour.shared
        self._measured = [
            (metric, MEASURES[meaning], _recorder(meter, metric))
            for meaning, metric in flavour.metrics.items()
            if meaning in MEASURES
        ]

    def idle(self) -> bool:
        return is_placeholder(self._provider or get_meter_provider())

    def end(self, op: Operation) -> None:
        if self._shared and op.neighbour is not None and measures_itself(op.neighbour):
            return
        base = self._table.attributes_of(op, self._tags)
        with _measuring:
            for metric, measure, record in self._measured:
                if metric.covers(op.name):
                    for amount, attributes in measure(op):
                        record(amount, base | attributes, op.context)


class ChunkTimes(Stage):
    """Time between the chunks of a stream: a measurement for each chunk, and therefore only on request."""

    def __init__(self, provider: MeterProvider | None, flavour: Flavour, tags: MetricTags | None = None) -> None:
        self._provider = provider
        self._tags = tags
        self._metric = flavour.metrics["time_per_output_chunk"]
        meter = meter_of(provider)
        self._table = table_of(provider, meter)
        self._gap = _histogram(meter, self._metric)

    def idle(self) -> bool:
        return is_placeholder(self._provider or get_meter_provider())

    def chunk(self, op: Operation, chunk: Any, gap: float | None) -> None:
        if gap is None or not self._metric.covers(op.name):
            return
        if op.neighbour is None or not measures_itself(op.neighbour):
            with _measuring:
                self._gap.record(gap, self._table.attributes_of(op, self._tags), op.context)


def meter_of(provider: MeterProvider | None) -> Meter:
    return get_meter(*SCOPE, meter_provider=provider, schema_url=semconv.SCHEMA_URL)


def _histogram(meter: Meter, metric: Metric | None) -> Histogram:
    if metric is None:
        return NoOpHistogram("")
    return meter.create_histogram(
        metric.name, metric.unit, metric.description, explicit_bucket_boundaries_advisory=metric.buckets
    )


def _recorder(meter: Meter, metric: Metric) -> Callable[..., None]:
    """What takes an amount, attributes and a context."""
    if metric.buckets is None:
        return meter.create_counter(metric.name, metric.unit, metric.description).add
    return _histogram(meter, metric).record
