"""Alerts on the objective for success: how fast the errors that it allows are used up.

An objective of 99 % allows errors in 1 % of the calls, over a month say. Each alert looks at a long window, so that a
moment does not count, and at a short one, so that it ends when the trouble does:
https://sre.google/workbook/alerting-on-slos/.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from genscope.ops.queries import SERVICE
from genscope.ops.records import Records
from genscope.ops.rule import Alert, Severity
from genscope.ops.samples import Samples

_BURNS: Final[tuple[tuple[str, Severity, float, str, str, str, str], ...]] = (
    ("LLMErrorBudgetBurnsFast", "critical", 14.4, "1h", "5m", "2m", "two days"),
    ("LLMErrorBudgetBurns", "high", 6, "6h", "30m", "5m", "five days"),
    ("LLMErrorBudgetBurnsSlowly", "medium", 3, "1d", "2h", "5m", "ten days"),
)
"""Alert, severity, times the errors that are allowed, long and short window, hold, and when a month's would be used "
"up."""


def objective_alerts(records: Records, samples: Samples) -> Iterator[Alert]:
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
