"""What others have counted, collected when a reader asks: so no call takes a lock of OpenTelemetry's for it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Any, Final
from weakref import WeakKeyDictionary

from opentelemetry.metrics import CallbackOptions, MeterProvider, Observation

from genscope.semconv import Metric
from genscope.telemetry.metrics import meter_of
from genscope.telemetry.scope import shared_by

Observe = Callable[[], Iterable[Observation]]

_observed: Final[WeakKeyDictionary[Any, set[str]]] = WeakKeyDictionary()
"""Names of instruments, by provider."""


def observe(provider: MeterProvider | None, observed: Mapping[Metric, Observe]) -> None:
    """Make instruments, once for each provider: they cannot be taken back."""
    known = _observed.setdefault(shared_by(provider), set())
    meter = meter_of(provider)
    for metric, collect in observed.items():
        if metric.name not in known:
            known.add(metric.name)
            make = meter.create_observable_gauge if metric.gauge else meter.create_observable_counter
            make(metric.name, [partial(_collected, collect)], metric.unit, metric.description)


def _collected(collect: Observe, options: CallbackOptions) -> Iterable[Observation]:
    return collect()
