"""The options of objectives: what is promised, and who is told when it does not hold."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from genscope.settings.option import option
from genscope.settings.values import function, limit, limits, text


@dataclass(frozen=True)
class ObjectiveOptions:
    """Objectives"""

    slo: Any = option(
        "GENSCOPE_SLO",
        limits,
        None,
        "What shall hold, `default` or `latency_p95 < 5s per model; error_rate < 1% over 30m`; "
        "by keyword also a list of `genscope.slo.Objective`.",
    )
    slo_file: str | None = option(
        "GENSCOPE_SLO_FILE",
        text,
        None,
        "A file with objectives in addition, YAML (needs `genscope[slo]`) or JSON.",
    )
    slo_callback: Callable[[Any], Any] | None = option(
        "GENSCOPE_SLO_CALLBACK",
        function,
        None,
        "A function, or `package.module:function`: called with an `Alert` when an objective is breached, and when it "
        "holds again.",
    )
    slo_webhook: str | None = option(
        "GENSCOPE_SLO_WEBHOOK",
        text,
        None,
        "An address to which alerts are posted as JSON.",
        secret=True,
    )
    slo_webhook_secret: str | None = option(
        "GENSCOPE_SLO_WEBHOOK_SECRET",
        text,
        None,
        "What these are signed with, as https://www.standardwebhooks.com describes it.",
        secret=True,
    )
    slo_slack: str | None = option(
        "GENSCOPE_SLO_SLACK",
        text,
        None,
        "The address of an incoming webhook of Slack, for alerts as messages.",
        secret=True,
    )
    slo_max_series: int = option(
        "GENSCOPE_SLO_MAX_SERIES",
        limit,
        200,
        "Models, workflows and so on that an objective tells apart; all that come later are `_other` together.",
    )
