"""The stages that measure calls: durations, tokens, chunks, attempts. They count whether or not the span is sampled."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from threading import Lock
from typing import Any, Final
from weakref import WeakKeyDictionary

from opentelemetry.metrics import (
    CallbackOptions,
    Histogram,
    Meter,
    MeterProvider,
    Observation,
    get_meter,
    get_meter_provider,
)

from genscope import semconv
from genscope.core.operation import Operation
from genscope.core.pipeline import Stage
from genscope.semconv import Flavour, Metric
from genscope.telemetry.scope import SCOPE, is_placeholder

_MAX_SERIES: Final = 1024
"""Model names come from the caller: what is kept for each must not grow for ever. Attempts of more are not counted."""

Attributes = dict[str, Any]
Key = tuple[Any, ...]


class _Series:
    """What all calls of one kind share: the attributes of their measurements, and how many attempts they took."""

    __slots__ = ("attempts", "base", "failed", "of_input", "of_output")

    def __init__(self, base: Attributes) -> None:
        self.base = base
        self.of_input = base | {semconv.TOKEN_TYPE: "input"}
        self.of_output = base | {semconv.TOKEN_TYPE: "output"}
        self.attempts = 0
        self.failed: Counter[str] = Counter()


class _Table:
    """The series of one meter provider. They outlive the instrumentation, for a reader goes on collecting them."""

    def __init__(self, meter: Meter) -> None:
        self.lock = Lock()
        self.series: dict[Key, _Series] = {}
        # Plain numbers that a reader collects: nearly every call is one attempt, and not worth a measurement.
        metric = semconv.ATTEMPTS
        meter.create_observable_counter(metric.name, [self._observe], metric.unit, metric.description)

    def add(self, key: Key, op: Operation) -> _Series:
        series = _Series(attributes_of(op))
        if len(self.series) < _MAX_SERIES:
            self.series[key] = series
        return series

    def _observe(self, options: CallbackOptions) -> Iterator[Observation]:
        for series in list(self.series.values()):
            yield Observation(series.attempts - series.failed.total(), series.base)
            for kind, count in list(series.failed.items()):
                yield Observation(count, series.base | {semconv.ERROR_KIND: kind})


class _Global:
    """Stands for the global provider, which is a placeholder first and another object later."""


_GLOBAL: Final = _Global()
_tables: WeakKeyDictionary[Any, _Table] = WeakKeyDictionary()


def _renew_locks() -> None:
    for table in _tables.values():
        table.lock = Lock()


if hasattr(os, "register_at_fork"):  # another thread may hold a lock in the moment of a fork
    os.register_at_fork(after_in_child=_renew_locks)


class Metrics(Stage):
    """Duration and tokens of every call, time to the first chunk of every stream, attempts of every request.

    The attributes are a fixed list, the same for all: operation, provider, models, server, the error's type or kind.
    """

    def __init__(self, provider: MeterProvider | None, flavour: Flavour) -> None:
        meter = _meter(provider)
        self._provider = provider
        self._duration = _histogram(meter, flavour.duration)
        self._tokens = _histogram(meter, flavour.tokens)
        self._first_chunk = _histogram(meter, flavour.time_to_first_chunk)
        shared = _GLOBAL if provider is None else provider
        self._table = _tables.get(shared) or _tables.setdefault(shared, _Table(meter))

    def idle(self) -> bool:
        return is_placeholder(self._provider or get_meter_provider())

    def end(self, op: Operation) -> None:
        key = (op.name, op.provider, op.model, op.response_model, op.server_address, op.server_port)
        table = self._table
        series = table.series.get(key) or table.add(key, op)
        context, failure, usage = op.context, op.failure, op.usage
        with table.lock:
            series.attempts += 1
            if failure is not None or op.attempts:
                series.failed.update(attempt.kind for attempt in (*op.attempts, failure) if attempt is not None)
                series.attempts += len(op.attempts)
        if op.neighbour is not None and op.neighbour.startswith("opentelemetry."):
            return  # its instrumentation measures the call under these very names
        self._duration.record(
            op.duration, series.base if failure is None else series.base | {semconv.ERROR_TYPE: failure.type}, context
        )
        if usage is not None:
            if usage.input_tokens is not None:
                self._tokens.record(usage.input_tokens, series.of_input, context)
            if usage.output_tokens is not None:
                self._tokens.record(usage.output_tokens, series.of_output, context)
        if op.first_chunk is not None:
            self._first_chunk.record(op.first_chunk - op.started, series.base, context)


class ChunkTimes(Stage):
    """Time between the chunks of a stream: a measurement for each chunk, and therefore only on request."""

    def __init__(self, provider: MeterProvider | None, flavour: Flavour) -> None:
        self._provider = provider
        self._gap = _histogram(_meter(provider), flavour.time_per_output_chunk)

    def idle(self) -> bool:
        return is_placeholder(self._provider or get_meter_provider())

    def chunk(self, op: Operation, chunk: Any, gap: float | None) -> None:
        if gap is not None:
            self._gap.record(gap, attributes_of(op), op.context)


def attributes_of(op: Operation) -> Attributes:
    """The attributes that all metrics of a call share, without those that it has no value for."""
    named = (
        (semconv.OPERATION_NAME, op.name),
        (semconv.PROVIDER_NAME, op.provider),
        (semconv.REQUEST_MODEL, op.model),
        (semconv.RESPONSE_MODEL, op.response_model),
        (semconv.SERVER_ADDRESS, op.server_address),
        (semconv.SERVER_PORT, op.server_port),
    )
    return {name: value for name, value in named if value is not None}


def _meter(provider: MeterProvider | None) -> Meter:
    return get_meter(*SCOPE, meter_provider=provider, schema_url=semconv.SCHEMA_URL)


def _histogram(meter: Meter, metric: Metric) -> Histogram:
    return meter.create_histogram(
        metric.name, metric.unit, metric.description, explicit_bucket_boundaries_advisory=metric.buckets
    )
