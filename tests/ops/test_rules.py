"""Rules: valid to Prometheus, each fires when it should and is quiet when it should be, whatever the thresholds are."""

from __future__ import annotations

import json
import re
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import pytest

from genscope import semconv
from genscope.core.defects import DEFECTS
from genscope.core.errors import KINDS
from genscope.ops.error_rules import BY_KIND
from genscope.ops.prometheus_names import VIAS, Via
from genscope.ops.queries import FLAVOURS, NOT_THE_PROVIDERS, Queries
from genscope.ops.rule import LAYERS, SEVERITIES, Alert
from genscope.ops.rule_file import Rules
from genscope.ops.thresholds import Thresholds
from genscope.settings.options import OPTIONS

from . import promtool

WAYS = [(flavour, via) for flavour in FLAVOURS for via in VIAS]
OTHERS: dict[str, Any] = {
    "latency_p50": 0.3,
    "latency_p95": 30,
    "latency_p99": 81,
    "first_chunk_p95": 9,
    "error_ratio": 0.4,
    "success_objective": 0.9,
    "minimum_calls": 7,
    "daily_spend": 3,
    "budget_warning": 0.5,
    "cost_factor": 7,
    "window": "10m",
}
"""Far from the defaults: the examples have to follow."""
PATIENT: dict[str, Any] = {"window": "1m", "hold": "15m", "minimum_calls": 1000, "error_ratio": 0.9}


def rules(flavour: str = FLAVOURS[0], via: Via = "otlp", **thresholds: Any) -> Rules:
    return Rules(Queries(flavour, via), Thresholds(**thresholds))


def of_topics(alerts: list[Alert]) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for alert in alerts:
        found.setdefault(f"{alert.layer}-{alert.topic}", set()).add(alert.name)
    return found


def expressions(rules: Rules) -> dict[str, str]:
    """Of each alert, with those of the recordings that it asks for: what has to be proved of it."""
    records = {record.name: record.expr for record in rules.records()}
    return {
        alert.name: alert.expr + "".join(records[name] for name in re.findall(r"genscope:\w+:\w+", alert.expr))
        for alert in rules.alerts()
    }


def cases() -> list[Any]:
    """Every distinct rule once: the first way has all of them, the others those that they have other names for."""
    proved: set[str] = set()
    found: list[Any] = []
    for flavour, via in WAYS:
        exprs = expressions(rules(flavour, via))
        for topic, alerts in of_topics(rules(flavour, via).alerts()).items():
            new = sorted(name for name in alerts if exprs[name] not in proved)
            if new:
                found.append(pytest.param(flavour, via, new, id=f"{flavour}-{via}-{topic}"))
        proved.update(exprs.values())
    return found


@pytest.mark.needs_prometheus
@pytest.mark.parametrize("flavour, via, alerts", cases())
def test_alerts_fire_and_are_quiet(flavour: str, via: Via, alerts: list[str], tmp_path: Path) -> None:
    said = promtool.only(rules(flavour, via), alerts, tmp_path)
    assert said.returncode == 0, said.stdout + said.stderr


@pytest.mark.needs_prometheus
@pytest.mark.parametrize(
    "thresholds, topic",
    [
        *((OTHERS, topic) for topic in of_topics(rules().alerts()) if "spend" not in topic),
        (PATIENT, "application-latency"),
        (PATIENT, "application-budget"),
    ],
)
def test_alerts_with_other_thresholds(thresholds: dict[str, Any], topic: str, tmp_path: Path) -> None:
    found = rules(**thresholds)
    said = promtool.only(found, of_topics(found.alerts())[topic], tmp_path)
    assert said.returncode == 0, said.stdout + said.stderr


@pytest.mark.needs_prometheus
def test_an_example_that_is_wrong_is_found(tmp_path: Path) -> None:
    """promtool looks at what it is told to look at."""
    found = rules()
    file, tests = found.file(), found.tests("rules.json")
    tests["tests"] = [test for test in tests["tests"] if test["name"] == "LLMErrorRatioHigh fires"]
    tests["tests"][0]["promql_expr_test"][0]["exp_samples"] = []
    (tmp_path / "rules.json").write_text(json.dumps(file))
    (tmp_path / "tests.json").write_text(json.dumps(tests))
    assert "LLMErrorRatioHigh" in promtool.run("test", "rules", tmp_path / "tests.json").stderr


@pytest.mark.needs_prometheus
@pytest.mark.parametrize("flavour, via", WAYS)
def test_prometheus_reads_the_rules(flavour: str, via: Via, tmp_path: Path) -> None:
    (tmp_path / "rules.json").write_text(json.dumps(rules(flavour, via).file()))
    said = promtool.run("check", "rules", "--lint=all", "--lint-fatal", tmp_path / "rules.json")
    assert said.returncode == 0, said.stdout + said.stderr


# --- what they ask for is emitted


def emitted(flavour: str, via: Via) -> set[str]:
    """Every series that genscope writes, and those of others that rules know."""
    queries = Queries(flavour, via)
    of_flavour = {FLAVOURS[0]: semconv.DEFAULT, FLAVOURS[1]: semconv.LATEST}.get(flavour, semconv.DEFAULT)
    metrics = [value for value in vars(semconv).values() if isinstance(value, semconv.Metric)]
    metrics += [*of_flavour.metrics.values(), *(semconv.LEGACY.metrics.values() if flavour == "legacy" else ())]
    found: set[str] = set()
    for metric in metrics:
        name = queries.name(metric)
        found |= {name} if metric.buckets is None else {f"{name}_bucket", f"{name}_count", f"{name}_sum"}
    return found


NAME = re.compile(r"(?<![\w:.\"])((?:gen_ai|genscope|llm)_[a-z_]+)(?=[{\[\s)])(?!\s*=)")
LABELS = re.compile(r"(?:by|on) \([^)]*\)|{[^}]*}")


@pytest.mark.parametrize("flavour, via", WAYS)
def test_rules_ask_for_what_is_emitted(flavour: str, via: Via) -> None:
    found = rules(flavour, via)
    asked: set[str] = set()
    for rule in promtool.of(found.file()):
        asked.update(re.findall(r'__name__=~"((?:gen_ai|genscope|llm)[^"]+)"', rule["expr"]))
        asked.update(NAME.findall(LABELS.sub(" ", rule["expr"])))
    names = {name for some in asked for name in some.split("|")}
    assert len(names) > 15
    assert names <= emitted(flavour, via)


def test_names_of_old_are_asked_for_where_they_are_chosen() -> None:
    text = json.dumps(rules("legacy").file())
    for name in ("llm_request_latency_bucket", "llm_errors_total", "llm_cost_usd_total", "time_to_first_token_seconds"):
        assert name in text
        assert name not in json.dumps(rules().file())


def test_the_names_of_a_flavour_are_not_mixed() -> None:
    assert "gen_ai_client_inference" not in json.dumps(rules().file())
    latest = json.dumps(rules("gen_ai_latest_experimental").file())
    assert "gen_ai_client_token_usage" not in latest
    assert "gen_ai_client_inference_duration_seconds" in latest


# --- nothing is forgotten


def test_every_kind_of_error_has_an_alert() -> None:
    covered = [kind for row in BY_KIND for kind in row.kinds]
    assert sorted([*covered, *NOT_THE_PROVIDERS]) == sorted(KINDS)


def test_every_defect_has_an_alert() -> None:
    by_name = {alert.name: alert.expr for alert in rules().alerts()}
    assert 'defect!="refused"' in by_name["LLMAnswersDefective"]
    assert 'defect="refused"' in by_name["LLMRefusalsHigh"]
    assert "refused" in DEFECTS


@pytest.mark.parametrize("flavour, via", WAYS)
def test_an_alert_says_all_that_it_should(flavour: str, via: Via) -> None:
    alerts = rules(flavour, via).alerts()
    assert len({alert.name for alert in alerts}) == len(alerts)
    assert {alert.layer for alert in alerts} == {*LAYERS}
    assert {alert.severity for alert in alerts} == {*SEVERITIES}
    asked = expressions(rules(flavour, via))
    for alert in alerts:
        assert re.fullmatch(r"LLM[A-Z]\w+", alert.name)
        assert alert.fires.series
        assert alert.quiet
        assert alert.summary
        assert not alert.summary.endswith(".")
        for text in (alert.meaning, alert.looks, alert.action):
            assert text[0].isupper() or text[0] in "`{", text
            assert text[-1] in ".?", text
        for label in re.findall(r"\$labels\.(\w+)", alert.summary + alert.meaning):
            assert label in asked[alert.name] or label in {"job", "instance"}, (alert.name, label)
        # A moment is no reason to wake anybody.
        assert alert.hold.endswith("m")


def test_the_settings_that_runbooks_name_exist() -> None:
    named = {name for way in WAYS for name in re.findall(r"GENSCOPE_[A-Z_]+", str(rules(*way).alerts()))}
    assert named
    assert named <= {option.metadata["env"] for option in OPTIONS}


def test_an_alert_on_a_part_needs_enough_to_be_a_part_of() -> None:
    for alert in rules().alerts():
        if " / " in alert.expr and alert.topic != "telemetry":
            assert ">= 20" in alert.expr, alert.name


def test_a_group_has_its_recordings_before_its_alerts() -> None:
    """Rules of a group see each other's results at once; those of another group an interval later."""
    for group in rules().file()["groups"]:
        kinds = ["record" in rule for rule in group["rules"]]
        assert kinds == sorted(kinds, reverse=True)
        own = {rule.get("record") for rule in group["rules"]}
        asked = {name for rule in group["rules"] for name in re.findall(r"genscope:\w+:\w+", rule["expr"])}
        assert asked <= own


def test_a_layer_brings_the_recordings_that_it_needs() -> None:
    whole = {record.name for record in rules().records()}
    for layer in LAYERS:
        found = replace(rules(), layers=[layer])
        assert {alert.layer for alert in found.alerts()} == {layer}
        asked = set(re.findall(r"genscope:\w+:\w+", " ".join(alert.expr for alert in found.alerts())))
        assert {record.name for record in found.records()} == asked
        assert asked < whole


def test_the_collector_and_the_target_are_there_where_they_are() -> None:
    names = {via: {alert.name for alert in rules(via=via).alerts()} for via in VIAS}
    assert names["exporter"] - names["otlp"] == {"LLMTargetDown"}
    assert names["otlp"] - names["exporter"] == {
        f"LLMCollector{what}" for what in ("ExportFailing", "Dropping", "Refusing", "QueueFilling")
    }


def test_an_objective_that_even_nothing_but_errors_cannot_miss_has_no_alert() -> None:
    names = {alert.name for alert in rules(success_objective=0.9).alerts()}
    assert "LLMErrorBudgetBurnsFast" not in names
    assert "LLMErrorBudgetBurns" in names


# --- thresholds


def test_a_threshold_is_in_the_rules() -> None:
    by_name = {alert.name: alert for alert in rules(latency_p95=7.5, daily_spend=80).alerts()}
    assert "> 7.5 " in by_name["LLMLatencyP95High"].expr
    assert by_name["LLMDailySpendOver"].expr.endswith("> 80")
    assert by_name["LLMDailySpendNear"].expr.endswith("> 64")


def test_the_hold_and_the_interval_are_those_that_were_said() -> None:
    file = rules(hold="7s", interval="3s").file()
    assert {group["interval"] for group in file["groups"]} == {"3s"}
    assert {rule["for"] for rule in promtool.of(file) if "alert" in rule} == {"7s"}


@pytest.mark.parametrize("option", [field.name for field in fields(Thresholds)])
@pytest.mark.parametrize("value", ["x", "-1", "nan", "inf", "0", None, "5 m", "1e300"])
def test_what_is_no_threshold_is_refused_by_name(option: str, value: Any) -> None:
    with pytest.raises(ValueError, match=f"--{option.replace('_', '-')}=.*accepted: a number"):
        Thresholds(**{option: value if option != "hold" or value is not None else "soon"})


def test_a_latency_that_no_bucket_reaches_is_refused() -> None:
    """The rule could never fire."""
    with pytest.raises(ValueError, match=r"--latency-p99=100; accepted: a number of seconds, over 0 and up to 81\.91"):
        Thresholds(latency_p99=100)
