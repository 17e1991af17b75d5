"""What all calls of one kind share in metrics, and what is only counted of them: a reader collects it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any, Final
from weakref import WeakKeyDictionary

from opentelemetry.metrics import CallbackOptions, Meter, MeterProvider, Observation

from genscope import semconv
from genscope.core.operation import Operation
from genscope.telemetry.measures import Attributes, attributes_of
from genscope.telemetry.metric_tags import MetricTags
from genscope.telemetry.scope import shared_by

_MAX_SERIES: Final = 512
"""Models and hosts come from the caller, perhaps from users of his: what is kept for each, here and by OpenTelemetry,
must not grow for ever. All that come later are measured together, without model and server."""

_ALWAYS_TOLD: Final = frozenset({semconv.OPERATION_NAME, semconv.PROVIDER_NAME, semconv.OUR_OPERATION_NAME})

Key = tuple[Any, ...]


class Series:
    """What all calls of one kind share: the attributes of their measurements, and what is only added up of them."""

    __slots__ = (
        *("attempts", "base", "cost", "defects", "errors", "failed", "of_input", "of_output", "priced", "unpriced"),
    )

    def __init__(self, base: Attributes) -> None:
        self.base = base
        self.of_input = base | {semconv.TOKEN_TYPE: "input"}
        self.of_output = base | {semconv.TOKEN_TYPE: "output"}
        self.attempts = 0
        self.failed: Counter[str] = Counter()
        """Attempts, by kind of error."""
        self.errors: Counter[tuple[str, bool]] = Counter()
        """Calls, by kind and whether the same request may succeed later."""
        self.defects: Counter[str] = Counter()
        self.cost = 0
        """In units of 1 / `PER_DOLLAR`: whole numbers do not drift."""
        self.priced = self.unpriced = 0


class SeriesTable:
    """The series of one meter provider. They outlive the instrumentation, for a reader goes on collecting them."""

    def __init__(self, meter: Meter) -> None:
        self.series: dict[Key, Series] = {}
        # Plain numbers that a reader collects: a measurement of each would cost every call twenty times as much.
        for metric, observe in (
            (semconv.ATTEMPTS, self._attempts),
            (semconv.ERRORS, self._errors),
            (semconv.DEFECTS, self._defects),
            (semconv.COST, self._cost),
            (semconv.UNPRICED, self._unpriced),
        ):
            meter.create_observable_counter(metric.name, [observe], metric.unit, metric.description)

    def add(self, key: Key, op: Operation) -> Series:
        attributes = attributes_of(op)
        if len(self.series) >= _MAX_SERIES:
            key = (op.name, op.provider, op.purpose)
            attributes = {name: value for name, value in attributes.items() if name in _ALWAYS_TOLD}
        return self.series.get(key) or self.series.setdefault(key, Series(attributes))

    def of(self, op: Operation) -> Series:
        key = (op.name, op.provider, op.model, op.response_model, op.server_address, op.server_port, op.purpose)
        return self.series.get(key) or self.add(key, op)

    def attributes_of(self, op: Operation, tags: MetricTags | None = None) -> Attributes:
        """Those that all metrics of a call share, of a limited number of sets."""
        base = self.of(op).base
        return base if tags is None else base | tags.of_identity(op.identity)

    def tagged(self, op: Operation, tags: dict[str, str]) -> Series:
        """The series of a call, the part of it that is for whom the tags say."""
        series = self.of(op)
        key = (*series.base.values(), *tags.items())
        if not tags or (key not in self.series and len(self.series) >= _MAX_SERIES):
            return series
        return self.series.get(key) or self.series.setdefault(key, Series(series.base | tags))

    def _attempts(self, options: CallbackOptions) -> Iterator[Observation]:
        for series in [series for series in list(self.series.values()) if series.attempts]:
            yield Observation(series.attempts - series.failed.total(), series.base)
            for kind, count in list(series.failed.items()):
                yield Observation(count, series.base | {semconv.ERROR_KIND: kind})

    def _errors(self, options: CallbackOptions) -> Iterator[Observation]:
        for series in list(self.series.values()):
            for (kind, retryable), count in list(series.errors.items()):
                yield Observation(count, series.base | {semconv.ERROR_KIND: kind, semconv.ERROR_RETRYABLE: retryable})

    def _defects(self, options: CallbackOptions) -> Iterator[Observation]:
        for series in list(self.series.values()):
            for defect, count in list(series.defects.items()):
                yield Observation(count, series.base | {semconv.RESPONSE_DEFECT: defect})

    def _cost(self, options: CallbackOptions) -> Iterator[Observation]:
        for series in [series for series in list(self.series.values()) if series.priced]:
            yield Observation(series.cost / PER_DOLLAR, series.base)

    def _unpriced(self, options: CallbackOptions) -> Iterator[Observation]:
        for series in [series for series in list(self.series.values()) if series.unpriced]:
            yield Observation(series.unpriced, series.base)


PER_DOLLAR: Final = 10**12


_tables: WeakKeyDictionary[Any, SeriesTable] = WeakKeyDictionary()


def table_of(provider: MeterProvider | None, meter: Meter) -> SeriesTable:
    shared = shared_by(provider)
    return _tables.get(shared) or _tables.setdefault(shared, SeriesTable(meter))
