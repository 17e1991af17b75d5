"""Alerts on objectives: that for success, by how fast the errors that it allows are used up, and those of processes.

An objective of 99 % allows errors in 1 % of the calls, over a month say. Each alert looks at a long window, so that a
moment does not count, and at a short one, so that it ends when the trouble does:
https://sre.google/workbook/alerting-on-slos/.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from genscope import semconv
from genscope.ops.prometheus_names import label_name
from genscope.ops.queries import SERVICE
from genscope.ops.records import Records
from genscope.ops.rule import Alert, Severity
from genscope.ops.samples import Samples

_OBJECTIVE: Final = label_name(semconv.SLO_OBJECTIVE)
_SEVERITY: Final = label_name(semconv.SLO_SEVERITY)
_BURNS: Final[tuple[tuple[str, Severity, float, str, str, str, str], ...]] = (
    ("LLMErrorBudgetBurnsFast", "critical", 14.4, "1h", "5m", "2m", "two days"),
    ("LLMErrorBudgetBurns", "high", 6, "6h", "30m", "5m", "five days"),
    ("LLMErrorBudgetBurnsSlowly", "medium", 3, "1d", "2h", "5m", "ten days"),
)
"""Alert, severity, times the errors that are allowed, long and short window, hold, and when a month's would be used "
"up."""


_FIRING: Final = 2
"""Value of `genscope.slo.state`."""
_BREACHES: Final[tuple[tuple[str, Severity, str, str], ...]] = (
    ("LLMObjectiveBreachedCritically", "critical", "=", "warning"),
    ("LLMObjectiveBreached", "medium", "!=", "critical"),
)
"""Alert, severity, whether the objective's own is `critical`, and an objective's that it leaves to the other."""


def objective_alerts(records: Records, samples: Samples) -> Iterator[Alert]:
    yield from _burns(records, samples)
    yield from _breaches(samples)


def _breaches(samples: Samples) -> Iterator[Alert]:
    """Of objectives that the processes watch themselves (docs/slo.md)."""
    queries = samples.queries
    for name, severity, equals, others in _BREACHES:
        firing = queries.series(semconv.SLO_STATES, f'{_SEVERITY}{equals}"critical"', scoped=False)
        own = "critical" if equals == "=" else "warning"
        labels = {SERVICE: "shop", _OBJECTIVE: "latency_p95 < 5s", _SEVERITY: own}
        yield Alert(
            name=name,
            layer="application",
            severity=severity,
            topic="objectives",
            expr=f"max by ({SERVICE}, {_OBJECTIVE}) ({firing}) >= {_FIRING}",
            hold="2m",
            summary=f"{{{{ $labels.job }}}} does not hold {{{{ $labels.{_OBJECTIVE} }}}}",
            meaning="An objective that the service watches itself is breached, over its windows and with enough calls.",
            looks="The log of the service, or genscope.slo.status() in it: value, scope, trace of the last bad call.",
            action="By what the objective measures: the runbooks of the alerts on latency, errors, defects, spend.",
            fires=samples.example("2m", samples.gauge(semconv.SLO_STATES, _FIRING, labels)),
            quiet=(
                samples.example("2m", samples.gauge(semconv.SLO_STATES, _FIRING - 1, labels)),
                samples.example("2m", samples.gauge(semconv.SLO_STATES, _FIRING, {**labels, _SEVERITY: others})),
            ),
            needs="objectives (`GENSCOPE_SLO`)",
        )


def _burns(records: Records, samples: Samples) -> Iterator[Alert]:
    thresholds = samples.thresholds
    allowed = 1 - thresholds.success_objective
    for name, severity, factor, long, short, hold, until in _BURNS:
        limit = factor * allowed
        if limit >= 1:  # it could not even fire if every call failed
            continue
        calls = samples.queries.calls(long, [SERVICE], "increase")
        steps = samples.steps("30m")
        bad, good = (1 + limit) / 2, limit * 0.8
        yield Alert(
            name=name,
            layer="application",
            severity=severity,
            topic="errors",
            expr=f"{records.error_ratio(long).name} > {limit:.12g} and {records.error_ratio(short).name} > "
            f"{limit:.12g} and {calls} >= {thresholds.minimum_calls:.12g}",
            hold=hold,
            summary=f"{{{{ $labels.job }}}} loses {{{{ $value | humanizePercentage }}}} of its calls: {factor:.12g} "
            "times what is allowed",
            meaning=f"Of the calls {thresholds.success_objective * 100:.12g} % are to succeed. In the last {long}, "
            f"and still in the last {short}, over {limit * 100:.4g} % failed: at this pace all the errors of a month "
            f"are used up in {until}.",
            looks="The dashboard genscope errors: since when, which kinds, which model.",
            action="By the kind that dominates. Release nothing risky until there is room for errors again.",
            fires=samples.example(hold, samples.failed_calls(samples.enough, bad), after=steps),
            quiet=(
                samples.example(hold, samples.failed_calls(samples.enough, good), after=steps),
                samples.example(hold, samples.failed_calls(samples.few_in(long), 1), after=steps),
            ),
        )
