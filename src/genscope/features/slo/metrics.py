"""How objectives stand, as metrics: collected when a reader asks, so that a call takes no lock of OpenTelemetry's."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Final
from weakref import WeakSet

from opentelemetry.metrics import CallbackOptions, Meter, Observation

from genscope import semconv
from genscope.features.slo.alerts import SCOPE_ATTRIBUTES
from genscope.features.slo.sinks.courier import undelivered
from genscope.features.slo.states import FIRING, OK, PENDING
from genscope.features.slo.status import UNKNOWN, state_of
from genscope.features.slo.watch import Standing, live

STATES: Final = {UNKNOWN: 0, OK: 0, PENDING: 1, FIRING: 2}


class _Global:
    """Stands for the global provider, which is a placeholder first and another object later."""


_GLOBAL: Final = _Global()
_observing: WeakSet[Any] = WeakSet()

Observe = Callable[[], Iterator[Observation]]


def observe(provider: Any, meter: Meter) -> None:
    """Make the instruments of a meter, once for each provider (None is the global one)."""
    shared = _GLOBAL if provider is None else provider
    if shared in _observing:
        return
    _observing.add(shared)
    for metric, callback in ((semconv.SLO_STATES, _states), (semconv.SLO_BURN_RATES, _burn_rates)):
        meter.create_observable_gauge(metric.name, [_collecting(callback)], metric.unit, metric.description)
    for metric, callback in (
        (semconv.SLO_ALERTS, _alerts),
        (semconv.SLO_OVERFLOWS, _overflows),
        (semconv.SLO_DROPS, _drops),
    ):
        meter.create_observable_counter(metric.name, [_collecting(callback)], metric.unit, metric.description)


def _collecting(observe: Observe) -> Callable[[CallbackOptions], Iterator[Observation]]:
    return lambda options: observe()


def _standings() -> Iterator[Standing]:
    """As they were evaluated last: a reader waits for nobody, and tells nobody."""
    for watch in list(live.values()):
        yield from watch.standings(anew=False)


def _states() -> Iterator[Observation]:
    for one in _standings():
        yield Observation(STATES[state_of(one)], _attributes(one))


def _burn_rates() -> Iterator[Observation]:
    for one in _standings():
        if one.measured.burn_rate is not None:
            yield Observation(one.measured.burn_rate, _attributes(one))


def _attributes(one: Standing) -> dict[str, Any]:
    scope = {SCOPE_ATTRIBUTES[name]: value for name, value in one.scope.items() if value is not None}
    return {semconv.SLO_OBJECTIVE: one.objective.name, semconv.SLO_SEVERITY: one.objective.severity, **scope}


def _alerts() -> Iterator[Observation]:
    for watch in list(live.values()):
        for (name, severity), count in list(watch.told.items()):
            yield Observation(count, {semconv.SLO_OBJECTIVE: name, semconv.SLO_SEVERITY: severity})


def _overflows() -> Iterator[Observation]:
    for watch in list(live.values()):
        for tracker in watch.trackers:
            if tracker.others:
                yield Observation(tracker.others, {semconv.SLO_OBJECTIVE: tracker.objective.name})


def _drops() -> Iterator[Observation]:
    dropped = {"queue_full": sum(watch.dropped for watch in list(live.values())), **undelivered}
    for reason, count in dropped.items():
        if count:
            yield Observation(count, {semconv.SLO_DROPPED: reason})
