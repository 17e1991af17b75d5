"""The rules as Prometheus reads them, and their examples as `promtool test rules` does."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from genscope.ops.error_rules import error_alerts
from genscope.ops.infrastructure_rules import infrastructure_alerts
from genscope.ops.latency_rules import latency_alerts
from genscope.ops.objective_rules import objective_alerts
from genscope.ops.quality_rules import quality_alerts
from genscope.ops.queries import Queries
from genscope.ops.records import Records
from genscope.ops.rule import LAYERS, Alert, Example, Layer, Record, Series
from genscope.ops.samples import Samples
from genscope.ops.spend_rules import spend_alerts
from genscope.ops.thresholds import Thresholds
from genscope.ops.tool_rules import tool_alerts


@dataclass(frozen=True)
class Rules:
    """All rules for one flavour and one way."""

    queries: Queries
    thresholds: Thresholds
    layers: Collection[Layer] = LAYERS

    @property
    def samples(self) -> Samples:
        return Samples(self.queries, self.thresholds)

    def alerts(self) -> list[Alert]:
        """Those of the chosen layers."""
        records, samples = Records(self.queries, self.thresholds), self.samples
        found = (
            *infrastructure_alerts(self.queries, self.thresholds, samples),
            *latency_alerts(records, samples),
            *error_alerts(records, samples),
            *objective_alerts(records, samples),
            *spend_alerts(records, samples),
            *tool_alerts(samples),
            *quality_alerts(records, samples),
        )
        return [alert for alert in found if alert.layer in self.layers]

    def records(self) -> list[Record]:
        """Those that the alerts of the chosen layers ask for."""
        asked = "\n".join(alert.expr for alert in self.alerts())
        return [record for record in Records(self.queries, self.thresholds).all() if _mentions(asked, record.name)]

    def file(self) -> dict[str, Any]:
        """A group for each layer, evaluated from top to bottom: its alerts see its recordings of the same moment."""
        groups: list[dict[str, Any]] = []
        recorded: set[str] = set()
        for layer in LAYERS:
            alerts = [alert for alert in self.alerts() if alert.layer == layer]
            asked = "\n".join(alert.expr for alert in alerts)
            records = [one for one in self.records() if one.name not in recorded and _mentions(asked, one.name)]
            recorded.update(record.name for record in records)
            rules = [*({"record": one.name, "expr": one.expr} for one in records), *map(self._alert, alerts)]
            groups.append({"name": f"genscope-{layer}", "interval": self.thresholds.interval, "rules": rules})
        return {"groups": [group for group in groups if group["rules"]]}

    def _alert(self, alert: Alert) -> dict[str, Any]:
        return {
            "alert": alert.name,
            "expr": alert.expr,
            "for": self.thresholds.hold or alert.hold,
            "labels": {"severity": alert.severity, "layer": alert.layer, "topic": alert.topic},
            "annotations": {
                "summary": alert.summary,
                "description": alert.meaning,
                "runbook": f"Look: {alert.looks}\nDo: {alert.action}",
            },
        }

    def tests(self, rule_file: str) -> dict[str, Any]:
        """Every alert where it fires, and where it does not. `rule_file` is as seen from the file with the tests."""
        step = f"{round(self.samples.step * 1000)}ms"
        return {
            "rule_files": [rule_file],
            "evaluation_interval": f"{round(self.samples.step * 5000)}ms",  # seldom: some of the tests last a day
            "tests": [
                self._test(alert, example, number, step)
                for alert in self.alerts()
                for number, example in enumerate((alert.fires, *alert.quiet))
            ],
        }

    def _test(self, alert: Alert, example: Example, number: int, step: str) -> dict[str, Any]:
        fires = number == 0
        return {
            "name": f"{alert.name} {'fires' if fires else f'is quiet ({number})'}",
            "interval": step,
            "input_series": [{"series": one.series, "values": _values(one, example)} for one in example.series],
            "promql_expr_test": [
                {
                    "expr": f'max(ALERTS{{alertname="{alert.name}",alertstate="firing"}})',
                    "eval_time": f"{round(example.steps * self.samples.step * 1000)}ms",
                    "exp_samples": [{"labels": "{}", "value": 1}] if fires else [],
                }
            ],
        }


def _values(series: Series, example: Example) -> str:
    return series.values or f"{series.first:.12g}+{series.growth:.12g}x{example.steps}"


def _mentions(text: str, name: str) -> bool:
    return re.search(rf"(?<![\w:]){re.escape(name)}(?![\w:])", text) is not None
