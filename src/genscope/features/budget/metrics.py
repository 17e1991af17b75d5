"""Budgets as metrics: all of them collected when a reader asks, so that a call takes no lock of OpenTelemetry's."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from opentelemetry.metrics import Observation

from genscope import semconv
from genscope.features.budget import counting
from genscope.features.budget.limits import number
from genscope.features.budget.status import observed
from genscope.semconv import Metric


def _remaining() -> Iterator[Observation]:
    for account, (spent, reserved, _) in observed():
        limit = account.rule.limit
        yield Observation(float(number(limit.units - spent - reserved, limit.unit)), _attributes(account))


def _used() -> Iterator[Observation]:
    for account, (spent, _, _) in observed():
        units = account.rule.limit.units
        yield Observation(spent / units if units else 1.0, _attributes(account))


def _attributes(account: Any) -> dict[str, Any]:
    rule = account.rule
    attributes = {
        semconv.BUDGET_LIMIT: rule.text,
        semconv.BUDGET_UNIT: rule.limit.unit,
        semconv.BUDGET_MODE: rule.mode,
    }
    if account.values:
        attributes[semconv.BUDGET_SCOPE] = ",".join(f"{name}={value or ''}" for name, value in account.scope.items())
    return attributes


def _refusals() -> Iterator[Observation]:
    for limit, count in list(counting.refusals.items()):
        yield Observation(count, {semconv.BUDGET_LIMIT: limit})


def _crossings() -> Iterator[Observation]:
    for (limit, threshold), count in list(counting.crossings.items()):
        yield Observation(count, {semconv.BUDGET_LIMIT: limit, semconv.BUDGET_THRESHOLD: threshold})


def _unpriced() -> Iterator[Observation]:
    for provider, count in list(counting.unpriced.items()):
        yield Observation(count, {semconv.PROVIDER_NAME: provider})


def _unshared() -> Iterator[Observation]:
    for store, count in list(counting.unshared.items()):
        yield Observation(count, {semconv.BUDGET_STORE: store})


def _failures() -> Iterator[Observation]:
    for store, count in list(counting.failures.items()):
        yield Observation(count, {semconv.BUDGET_STORE: store})


OBSERVED: Final[Mapping[Metric, Callable[[], Iterator[Observation]]]] = {
    semconv.BUDGETS_REMAINING: _remaining,
    semconv.BUDGETS_USED: _used,
    semconv.BUDGET_REFUSALS: _refusals,
    semconv.BUDGET_CROSSINGS: _crossings,
    semconv.BUDGET_UNPRICED: _unpriced,
    semconv.BUDGET_UNSHARED: _unshared,
    semconv.BUDGET_STORE_FAILURES: _failures,
}
"""For `telemetry.observing`."""
