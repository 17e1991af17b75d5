"""How objectives stand, as metrics: collected when a reader asks, so that a call takes no lock of OpenTelemetry's."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from opentelemetry.metrics import Observation

from genscope import semconv
from genscope.features.slo.alerts import SCOPE_ATTRIBUTES
from genscope.features.slo.sinks.courier import undelivered
from genscope.features.slo.states import FIRING, OK, PENDING
from genscope.features.slo.status import UNKNOWN, state_of
from genscope.features.slo.watch import Standing, live
from genscope.semconv import Metric

STATES: Final = {UNKNOWN: 0, OK: 0, PENDING: 1, FIRING: 2}


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


OBSERVED: Final[Mapping[Metric, Callable[[], Iterator[Observation]]]] = {
    semconv.SLO_STATES: _states,
    semconv.SLO_BURN_RATES: _burn_rates,
    semconv.SLO_ALERTS: _alerts,
    semconv.SLO_OVERFLOWS: _overflows,
    semconv.SLO_DROPS: _drops,
}
"""For `telemetry.observing`."""
