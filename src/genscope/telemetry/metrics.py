"""The stages that measure calls: durations, tokens, chunks, attempts. They count whether or not the span is sampled."""

from __future__ import annotations

import os
from collections.abc import Iterator
from threading import Lock
from typing import Any, Final

from opentelemetry.metrics import CallbackOptions, Histogram, Meter, Observation

from genscope import semconv
from genscope.core.operation import Operation
from genscope.core.pipeline import Stage
from genscope.semconv import Flavour, Metric

_MAX_ATTRIBUTE_SETS: Final = 1024
"""Model names come from the caller: a cache of theirs must not grow for ever."""

Attributes = dict[str, Any]


class Metrics(Stage):
    """Duration and tokens of every call, time to the first chunk of every stream.

    The attributes are a fixed list, the same for all: operation, provider, models, server, and the error's type.
    """

    def __init__(self, meter: Meter, flavour: Flavour) -> None:
        self._duration = _histogram(meter, flavour.duration)
        self._tokens = _histogram(meter, flavour.tokens)
        self._first_chunk = _histogram(meter, flavour.time_to_first_chunk)
        self._cache: dict[tuple[Any, ...], tuple[Attributes, Attributes, Attributes]] = {}

    def end(self, op: Operation) -> None:
        if op.neighbour is not None and op.neighbour.startswith("opentelemetry."):
            return  # its instrumentation measures the call under these very names
        base, of_input, of_output = self._attributes(op)
        context = op.context
        failure = op.failure
        self._duration.record(
            (op.ended or op.started) - op.started,
            base if failure is None else base | {semconv.ERROR_TYPE: failure.type},
            context,
        )
        usage = op.usage
        if usage is not None:
            if usage.input_tokens is not None:
                self._tokens.record(usage.input_tokens, of_input, context)
            if usage.output_tokens is not None:
                self._tokens.record(usage.output_tokens, of_output, context)
        if op.first_chunk is not None:
            self._first_chunk.record(op.first_chunk - op.started, base, context)

    def _attributes(self, op: Operation) -> tuple[Attributes, Attributes, Attributes]:
        key = (op.name, op.provider, op.model, op.response_model, op.server_address, op.server_port)
        found = self._cache.get(key)
        if found is None:
            if len(self._cache) >= _MAX_ATTRIBUTE_SETS:
                self._cache.clear()
            base = attributes_of(op)
            found = (base, base | {semconv.TOKEN_TYPE: "input"}, base | {semconv.TOKEN_TYPE: "output"})
            self._cache[key] = found
        return found


class Attempts(Stage):
    """Counts HTTP attempts by how they ended, those that the SDK retried included.

    Kept as plain numbers that a reader collects: nearly every call is one attempt, and not worth a measurement.
    """

    def __init__(self, meter: Meter) -> None:
        self._counts: dict[tuple[Any, ...], int] = {}
        self._lock = Lock()
        if hasattr(os, "register_at_fork"):  # another thread may hold the lock in the moment of a fork
            os.register_at_fork(after_in_child=self._renew_lock)
        metric = semconv.ATTEMPTS
        meter.create_observable_counter(metric.name, [self._observe], metric.unit, metric.description)

    def end(self, op: Operation) -> None:
        failure, counts = op.failure, self._counts
        key = (op.name, op.provider, op.model, op.server_address, op.server_port, failure and failure.kind)
        with self._lock:
            counts[key] = counts.get(key, 0) + 1
            for attempt in op.attempts:
                key = (*key[:-1], attempt.kind)
                counts[key] = counts.get(key, 0) + 1

    def _renew_lock(self) -> None:
        self._lock = Lock()

    def _observe(self, options: CallbackOptions) -> Iterator[Observation]:
        for key, count in self._counts.copy().items():
            named = zip(_ATTEMPT_ATTRIBUTES, key, strict=True)
            yield Observation(count, {name: value for name, value in named if value is not None})


_ATTEMPT_ATTRIBUTES: Final = (
    semconv.OPERATION_NAME,
    semconv.PROVIDER_NAME,
    semconv.REQUEST_MODEL,
    semconv.SERVER_ADDRESS,
    semconv.SERVER_PORT,
    semconv.ERROR_KIND,
)


class ChunkTimes(Stage):
    """Time between the chunks of a stream: a measurement for each chunk, and therefore only on request."""

    def __init__(self, meter: Meter, flavour: Flavour) -> None:
        self._gap = _histogram(meter, flavour.time_per_output_chunk)

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


def _histogram(meter: Meter, metric: Metric) -> Histogram:
    return meter.create_histogram(
        metric.name, metric.unit, metric.description, explicit_bucket_boundaries_advisory=metric.buckets
    )
