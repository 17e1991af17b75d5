"""Objectives by code, environment, YAML and JSON; what is wrong is said with what would be accepted."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest

from genscope.features.slo.declaring import declared
from genscope.features.slo.measures import MEASURES, QUANTILE
from genscope.features.slo.objective import Objective
from genscope.features.slo.states import Pace
from genscope.features.slo.windows import Length


@pytest.mark.parametrize(
    "text, meant",
    [
        ("latency_p95 < 5s", Objective("latency_p95", 5)),
        ("latency_p95<800ms", Objective("latency_p95", 0.8)),
        ("LATENCY_P99.9 <= 10 over 1h", Objective("latency_p99.9", "10s", window="1h")),
        ("ttft_p95 < 1s over 1000 calls", Objective("ttft_p95", 1.0, window="1000 calls")),
        ("error_rate < 1%", Objective("error_rate", 0.01)),
        ("error_rate of rate_limit, quota < 1%", Objective("error_rate", 0.01, of=["rate_limit", "quota"])),
        ("success_rate > 99% burn sre critical", Objective("success_rate", 0.99, burn="sre", severity="critical")),
        (
            "latency_p95 < 5s per model, provider for provider=openai|azure*, operation=chat after 2m keep 1m",
            Objective(
                "latency_p95",
                5,
                per=("model", "provider"),
                where={"provider": ["openai", "azure*"], "operation": "chat"},
                after=120,
                keep=60,
            ),
        ),
        ("cost_per_day < $200 named 'the bill'", Objective("cost_per_day", 200, name="the bill")),
        (
            "low_score_rate of faithfulness < 5% below 0.3",
            Objective("low_score_rate", 0.05, of="faithfulness", below=0.3),
        ),
        ("quality_score > 0.8 per model min 50", Objective("quality_score", 0.8, per="model", min_samples=50)),
        ("token_spike < 2x cooldown 1h info", Objective("token_spike", 2, cooldown="1h", severity="info")),
        ("budget_use < 80% per limit", Objective("budget_use", 0.8, per="limit")),
        (
            'error_rate < 1% for workflow="answer, twice"',
            Objective("error_rate", 0.01, where={"workflow": "answer, twice"}),
        ),
    ],
)
def test_texts(text: str, meant: Objective) -> None:
    assert declared(text) == type(declared(text))((meant,), ())


def test_a_word_stands_for_the_objectives_to_begin_with() -> None:
    found = {one.name: (one.measure, one.target) for one in declared("default").objectives}
    assert found == {
        "latency p50": ("latency_p50", 2.0),
        "latency p95": ("latency_p95", 5.0),
        "latency p99": ("latency_p99", 10.0),
        "time to first token p95": ("ttft_p95", 1.0),
        "error rate": ("error_rate", 0.01),
        "success rate": ("success_rate", 0.99),
        "hallucination rate": ("low_score_rate", 0.05),
        "cost per day": ("cost_per_day", 200.0),
    }
    assert [one.measure for one in declared("anomalies").objectives] == ["token_spike", "cost_spike"]


def test_many_at_once_and_of_every_kind() -> None:
    mine = Objective("latency_p95", "5s")
    found = declared(["default; anomalies", {"measure": "error_rate", "target": "2%", "for": {"model": "o*"}}, mine])
    assert len(found.objectives) == 8 + 2 + 1 + 1
    assert found.problems == ()
    assert declared(None) == declared("") == declared(" ; \n") == type(found)((), ())


def test_a_mapping_may_begin_with_a_text() -> None:
    found = declared({"objective": "latency_p95 < 5s", "severity": "critical", "name": "slow"})
    assert found.objectives == (Objective("latency_p95", 5, severity="critical", name="slow"),)


def test_without_being_told_so_many_samples_that_one_bad_call_is_no_breach() -> None:
    fewest = {text: declared(f"{text}").objectives[0].min_samples for text in (
        "latency_p50 < 2s", "latency_p95 < 5s", "latency_p99 < 5s", "error_rate < 1%", "success_rate > 99.9%",
        "cost_per_day < 1", "quality_score > 0.5",
    )}  # fmt: skip
    assert list(fewest.values()) == [20, 20, 100, 100, 1000, 1, 20]


def test_how_long_it_waits_by_itself() -> None:
    (one,) = declared("latency_p95 < 5s").objectives
    assert (one.window, one.pace) == (Length(900.0), Pace(120.0, 300.0, 900.0))
    (one,) = declared("error_rate < 1% burn sre").objectives
    assert one.pace.after == 0
    assert [(t.factor, t.long.size, t.short and t.short.size) for t in one.triggers] == [
        (14.4, 3600, 300),
        (6, 21600, 1800),
    ]


ROWS = [[2, "10m", "1m"]]
BAD: list[tuple[Any, str]] = [
    ("speed < 3", "measure is 'speed'; accepted: latency_p95, latency_mean, ttft_p95"),
    ("latency < 3s", "accepted: latency_p95"),
    ("latency_p0 < 3s", "a quantile from p1 to p99.9"),
    ("error_rate_p95 < 1%", "measure is"),
    ("error_rate > 1%", "the wrong way round; accepted: error_rate <"),
    ("success_rate < 99%", "the wrong way round; accepted: success_rate >"),
    ("error_rate < 0", "more than 0 and less than 1"),
    ("error_rate < 100%", "less than 1"),
    ("error_rate < 5s", "a part such as 1% or 0.01"),
    ("latency_p95 < 5%", "a time such as 800ms"),
    ("cost_per_day < many", "USD, such as $200"),
    ("token_spike < 1", "a factor of more than 1"),
    ("latency_p95", "is not understood; accepted: latency_p95 < 5s over 15m per model, or a word: default, anomalies"),
    ("latency_p95 < 5s over", "says nothing after over"),
    ("latency_p95 < 5s over 0s", "from 1s to 31d"),
    ("latency_p95 < 5s over 400d", "from 1s to 31d"),
    ("latency_p95 < 5s over 5 calls", "1000 calls, from 10"),
    ("latency_p95 < 5s over 5m over 6m", "says over twice"),
    ("latency_p95 < 5s sometimes", "'sometimes' is not understood; accepted: over, per, for"),
    ("latency_p95 < 5s per user", "per is user; accepted: provider, model, operation, workflow"),
    ("latency_p95 < 5s for model", "accepted: for model=gpt-4o*"),
    ("latency_p95 < 5s for user=me", "for is user; accepted: provider, model, operation, workflow"),
    ("budget_use < 80% per model", "per is model; accepted: limit"),
    ("latency_p95 of timeout < 5s", "of says nothing here"),
    ("error_rate of outage < 1%", "of is outage; accepted: rate_limit, quota"),
    ("latency_p50 < 2s burn sre", "a burn rate of 14.4 can never be reached"),
    ("cost_per_day < 5 burn sre", "burn says nothing here"),
    ("error_rate < 1% burn fast", "sre, or rows of a factor"),
    ("error_rate < 1% min none", "min_samples is 'none'"),
    ("quality_score > 0.5 below 2 named x", "below is 2.0"),
    ({"measure": "error_rate"}, "says no target"),
    ({"target": 1}, "says no measure; accepted: latency_p95"),
    ({"measure": "error_rate", "target": 0.1, "windows": 5}, "windows is not understood; accepted: objective, measure"),
    ({"measure": "error_rate", "target": True}, "target is True"),
    ({"measure": "error_rate", "target": float("nan")}, "target is nan"),
    (
        {"measure": "error_rate", "target": 0.1, "severity": "page"},
        "severity is 'page'; accepted: critical, warning, info",
    ),
    ({"measure": "error_rate", "target": 0.1, "min_samples": 0}, "a whole number from 1"),
    ({"measure": "error_rate", "target": 0.1, "after": "soon"}, "after is 'soon'; accepted: a duration"),
    ({"measure": "error_rate", "target": 0.1, "for": ["x"]}, "for is ['x']; accepted: a mapping"),
    ({"measure": "error_rate", "target": 0.1, "for": {"model": []}}, "for model is []"),
    ({"measure": "error_rate", "target": 0.1, "burn": [[2, "1m", "10m"]]}, "the second one shorter"),
    ({"measure": "error_rate", "target": 0.1, "burn": [[2, "10m"]]}, "rows of a factor"),
    ({"measure": "error_rate", "target": 0.1, "burn": 7}, "rows of a factor"),
    ({"measure": "error_rate", "target": 0.6, "burn": ROWS}, "can never be reached"),
    ({"measure": "error_rate", "target": 0.1, "name": "x" * 200}, "at most 120"),
    ("error_rate < 1% over 50 calls", "needs 100 samples, and a window of 50 calls has 48; accepted: a longer one"),
    ("error_rate < 1% over 50 calls min 49", "needs 49 samples"),
    ("error_rate < 1% named 'x", "has a quote that does not end"),
    (7, "is no objective; accepted:"),
    ([7], "is no objective; accepted:"),
    (b"default", "is no objective"),
]


@pytest.mark.parametrize("value, said", BAD)
def test_what_is_wrong_is_said(value: Any, said: str) -> None:
    (problem,) = declared(value).problems
    assert said in problem
    assert declared(value).objectives == ()


def test_what_is_wrong_does_not_take_the_rest_with_it() -> None:
    found = declared("error_rate < 1%; error_rate > 1%; latency_p95 < 5s")
    assert [one.measure for one in found.objectives] == ["error_rate", "latency_p95"]
    (problem,) = found.problems
    assert problem.startswith("objective 2, 'error_rate > 1%': ")


def test_two_of_one_name() -> None:
    found = declared("error_rate < 1%; error_rate < 1%")
    assert len(found.objectives) == 1
    assert "there are two objectives named 'error_rate < 1 % over 15m'" in found.problems[0]


def test_a_name_is_made_of_the_rest() -> None:
    one = Objective("latency_p95", "5s", per="model", where={"provider": ["openai", "azure*"]}, window="1h")
    assert one.name == str(one) == "latency_p95 < 5 s over 1h per model for provider=openai|azure*"
    assert declared(one.name.replace("5 s", "5s")).objectives == (one,)


@pytest.mark.parametrize("name", [f"{n}_p95" if m.form == QUANTILE else n for n, m in MEASURES.items()])
def test_every_measure_can_be_promised(name: str) -> None:
    row = MEASURES[name.removesuffix("_p95")]
    target = {"s": "5s", "1": "50%", "usd": "$5", "x": "2x"}[row.unit]
    found = declared(f"{name} {'>' if row.low else '<'} {target}")
    assert found.problems == ()
    assert hash(found.objectives[0]) == hash(found.objectives[0])


# --- files

YAML = """
objectives:
  - latency_p95 < 5s per model
  - measure: error_rate
    target: 1%
    of: [rate_limit, overloaded]
    for: {provider: openai}
    burn: [[14.4, 1h, 5m], [6, 6h, 30m]]
    severity: critical
    name: refused
  - default
"""


def written(path: Path, text: str) -> str:
    path.write_text(text, encoding="utf-8")
    return str(path)


def test_a_file_of_yaml(tmp_path: Path) -> None:
    found = declared("latency_p50 < 1s", written(tmp_path / "slo.yaml", YAML))
    assert found.problems == ()
    assert len(found.objectives) == 1 + 2 + 8
    refused = next(one for one in found.objectives if one.name == "refused")
    assert refused == Objective(
        "error_rate",
        0.01,
        of=["rate_limit", "overloaded"],
        where={"provider": "openai"},
        burn="sre",
        severity="critical",
        name="refused",
    )


@pytest.mark.parametrize("text", ['["default"]', '{"objectives": ["default"]}', "[default]", "default", "- default"])
def test_files_may_be_json_and_short(tmp_path: Path, text: str) -> None:
    assert len(declared(None, written(tmp_path / "slo", text)).objectives) == 8


def test_json_in_the_environment() -> None:
    one = {"measure": "error_rate", "target": 0.01}
    assert declared(json.dumps([one])).objectives == (Objective("error_rate", 0.01),)


@pytest.mark.parametrize(
    "text, said",
    [
        ("- error_rate > 1%", "objective 1, 'error_rate > 1%': error_rate > 1% is the wrong way round"),
        ("- {measure: error_rate, targets: 1}", "objective 1, "),
        ("a: [", "is no YAML, line 1"),
        ("", "has no objectives; accepted: a list of them"),
        ("5", "has no objectives"),
        ("objectives: []\nsinks: []", "sinks: accepted: objectives"),
        ("--- a\n--- b", "is no YAML"),
        ("!!python/object/apply:os.system [ls]", "is no YAML"),
        ("#" * 1_000_001, "more than 1000000 bytes"),
    ],
)
def test_what_is_wrong_in_a_file_names_it(tmp_path: Path, text: str, said: str) -> None:
    file = written(tmp_path / "slo.yaml", text)
    (problem,) = declared(None, file).problems
    assert problem.startswith(f"{file}: ")
    assert said in problem


def test_a_file_that_is_not_there() -> None:
    (problem,) = declared("default", "/no/such/file").problems
    assert problem.startswith("/no/such/file: ")
    assert len(declared("default", "/no/such/file").objectives) == 8


def test_yaml_without_its_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "yaml", None)
    (problem,) = declared(None, written(tmp_path / "slo.yaml", YAML)).problems
    assert "pip install 'genscope[slo]'" in problem
    assert declared(None, written(tmp_path / "slo.json", '["default"]')).problems == ()


def test_what_is_quoted_is_one() -> None:
    (one,) = declared("error_rate < 1% named 'a; b per c'").objectives
    assert one.name == "a; b per c"


def test_an_objective_can_be_changed() -> None:
    one = Objective("error_rate", "1%", burn="sre", where={"model": "o1"}, after="1m", name="x")
    other = replace(one, target="2%")
    assert (other.target, other.allowed) == (0.02, 0.02)
    assert replace(other, target=0.01) == one
    assert asdict(one)["where"] == {"model": ("o1",)}
