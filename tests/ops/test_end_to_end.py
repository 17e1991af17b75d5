"""From a call that fails to a message: a real process with real SDKs, Prometheus, Alertmanager, Slack, mail, a pager.

And every panel of the dashboards asks that Prometheus.
"""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from packaging.version import Version

from genscope.cli import main
from genscope.local.simulator import Simulator
from genscope.ops.grafana import alerts_query, boards
from genscope.ops.prometheus_names import Via
from genscope.ops.queries import FLAVOURS, SCOPE
from genscope.ops.thresholds import Thresholds

from .receivers import Received, receivers
from .servers import Alertmanager, Prometheus, free_port, until

pytestmark = [
    pytest.mark.needs_prometheus,
    pytest.mark.needs_alertmanager,
    pytest.mark.skipif(
        Version(version("opentelemetry-exporter-prometheus")) < Version("0.52b0"),
        reason="this exporter puts values of labels under other labels, where series of a metric differ in them",
    ),
]

SHOP = Path(__file__).parent / "programs" / "shop.py"
RULES = ["--via", "exporter", "--window", "5s", "--hold", "1s", "--interval", "1s"]
EASY = ["--minimum-calls", "2", "--error-ratio", "0.5"]
"""It is the one service, and always has a call or two that fails."""

NOT_IN_THE_SAMPLE = {
    "genscope-agents: Requests to servers": "the SDK mcp is no library of these tests; tests/frameworks measures it",
    "genscope-agents: Requests of clients": "the same",
    "yesterday": "there is none",
}
"""Panels, and legends, that have nothing to show."""


@dataclass
class Lab:
    prometheus: Prometheus
    received: Received
    shop: subprocess.Popen[str]

    def go_on(self, scenario: str) -> None:
        assert self.shop.stdin is not None
        self.shop.stdin.write(f"{scenario}\n")
        self.shop.stdin.flush()


def genscope(*arguments: str) -> str:
    result = CliRunner().invoke(main, arguments, catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    folder, port = tmp_path_factory.mktemp("servers"), free_port()
    for name in ("prometheus", "alertmanager"):
        (folder / name).mkdir()
    stop: list[Any] = []
    with receivers() as received, Simulator() as simulator:
        try:
            command = [sys.executable, str(SHOP), simulator.url, str(port)]
            shop = subprocess.Popen(command, stdin=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
            slack = folder / "slack_url"
            slack.write_text(f"http://127.0.0.1:{received.web_port}/slack")
            routes = genscope(
                *("alertmanager", "--slack-url-file", str(slack)),
                *("--pager-url", f"http://127.0.0.1:{received.web_port}/pager"),
                *("--smarthost", f"127.0.0.1:{received.mail_port}", "--no-smtp-tls"),
                *("--group-wait", "1s", "--group-interval", "1s"),
            )
            alertmanager = Alertmanager(folder / "alertmanager", routes)
            stop.append(alertmanager)
            prometheus = Prometheus(
                folder / "prometheus",
                targets={"shop": f"127.0.0.1:{port}"},
                rules=genscope("rules", *RULES, *EASY),
                alertmanager=f"127.0.0.1:{alertmanager.port}",
            )
            stop.append(prometheus)
            yield Lab(prometheus, received, shop)
        finally:
            for server in stop:
                server.stop()
            assert shop.stdin is not None
            shop.stdin.close()
            assert shop.wait(20) == 0


def shown(expr: str) -> str:
    """A query as Grafana asks it, with everything chosen."""
    for variable in ("service", "provider", "model"):
        expr = expr.replace(f"${variable}", ".*")
    expr = expr.replace("$__rate_interval", "5s").replace("$__range", "5m")
    assert "$" not in expr
    return expr


@dataclass(frozen=True)
class Asked:
    """A query of a panel."""

    panel: str
    expr: str
    legend: str


def asked(flavour: str, via: Via) -> Iterator[Asked]:
    for board in boards(flavour, via, Thresholds()):
        for row in board.rows:
            for panel in row.panels:
                for query in panel.queries:
                    yield Asked(f"{board.uid}: {panel.title}", query.expr, query.legend)


def is_in_the_sample(query: Asked) -> bool:
    return query.panel not in NOT_IN_THE_SAMPLE and query.legend not in NOT_IN_THE_SAMPLE


def test_every_panel_has_something_to_show(lab: Lab) -> None:
    """And a label for each word of its legend; a limit has a scope only if it is for one."""
    queries = [*asked("default", "exporter")]
    assert {name for query in queries for name in (query.panel, query.legend)} >= NOT_IN_THE_SAMPLE.keys()
    for query in queries:
        if is_in_the_sample(query):
            found = until(f"data for {query}", lambda expr=query.expr: lab.prometheus.query(shown(expr)))
            labels = set(re.findall(r"{{(\w+)}}", query.legend)) - {SCOPE}
            assert any(labels <= series["metric"].keys() for series in found), (query, found)
        else:
            assert lab.prometheus.query(shown(query.expr)) == []
    for flavour in FLAVOURS:  # of other names there are no data here; the questions are right
        for query in (*asked(flavour, "otlp"), *asked(flavour, "exporter")):
            lab.prometheus.query(shown(query.expr))


def test_an_alert_fires_is_told_and_ends(lab: Lab) -> None:
    """Critical: Slack and the pager. High: Slack and mail."""
    until("calls", lambda: lab.prometheus.query("genscope:calls:increase5s > 2"))
    assert "LLMErrorRatioHigh" not in lab.prometheus.firing()
    lab.go_on("server_error,after=1")
    until("the alert", lambda: "LLMErrorRatioHigh" in lab.prometheus.firing())
    pages = until("the pager", lambda: of(lab.received.to("/pager"), "LLMErrorRatioHigh", "firing"))
    (alert,) = pages[0]["alerts"]
    assert alert["labels"] | {"job": "shop", "severity": "critical", "layer": "application"} == alert["labels"]
    assert re.fullmatch(r"[\d.]+% of the LLM calls of shop fail", alert["annotations"]["summary"])
    told = until("Slack", lambda: [one for one in lab.received.to("/slack") if "LLMErrorRatioHigh" in str(one)])
    assert "of the LLM calls of shop fail" in str(told[0])
    until("mail", lambda: [mail for mail in lab.received.mails if "LLMProviderUnavailable" in mail])
    assert lab.prometheus.query(shown(alerts_query()))
    assert broken_texts(lab) == []
    lab.go_on("ok")
    until("the end of it", lambda: of(lab.received.to("/pager"), "LLMErrorRatioHigh", "resolved"))
    assert "LLMErrorRatioHigh" not in lab.prometheus.firing()
    rules = [rule for group in lab.prometheus.get("/api/v1/rules")["data"]["groups"] for rule in group["rules"]]
    assert len(rules) > 50
    assert [(rule["name"], rule.get("lastError")) for rule in rules if rule["health"] == "err"] == []


def broken_texts(lab: Lab) -> list[str]:
    """Templates are only tried when an alert fires: those that did must say what they were written to say."""
    alerts = lab.prometheus.get("/api/v1/alerts")["data"]["alerts"]
    texts = [text for alert in alerts for text in alert["annotations"].values()]
    assert texts
    return [text for text in texts if "{{" in text or "<error" in text or "<no value>" in text]


def of(pages: list[Any], name: str, status: str) -> list[Any]:
    return [page for page in pages if (page["commonLabels"]["alertname"], page["status"]) == (name, status)]
