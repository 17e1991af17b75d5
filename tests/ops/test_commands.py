"""`genscope rules`, `alertmanager` and `dashboards` on the command line."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import fields
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner, Result

from genscope.cli import main
from genscope.ops.rule import LAYERS
from genscope.ops.thresholds import Thresholds

from . import promtool


def genscope(*arguments: str | Path) -> Result:
    return CliRunner().invoke(main, [*map(str, arguments)])


def test_rules_are_printed_as_yaml_or_json() -> None:
    as_yaml, as_json = genscope("rules"), genscope("rules", "--format", "json")
    assert as_yaml.exit_code == as_json.exit_code == 0
    assert yaml.safe_load(as_yaml.output) == json.loads(as_json.output)
    assert as_yaml.output.startswith("groups:\n- name: genscope-infrastructure\n")
    assert "&id" not in as_yaml.output


@pytest.mark.parametrize("layer", LAYERS)
def test_one_layer(layer: str) -> None:
    groups = yaml.safe_load(genscope("rules", "--layer", layer).output)["groups"]
    assert [group["name"] for group in groups] == [f"genscope-{layer}"]


def test_every_threshold_is_an_option() -> None:
    shown = genscope("rules", "--help").output
    for field in fields(Thresholds):
        assert f"--{field.name.replace('_', '-')} VALUE" in shown


@pytest.mark.needs_prometheus
def test_rules_and_their_tests_go_together(tmp_path: Path) -> None:
    rules, tests = tmp_path / "rules" / "llm.yaml", tmp_path / "tests" / "llm.yaml"
    options = ("--layer", "infrastructure", "--via", "exporter", "--window", "2m")
    assert genscope("rules", *options, "--output", rules, "--tests", tests).exit_code == 0
    assert promtool.run("check", "rules", rules).returncode == 0
    tested = promtool.run("test", "rules", tests)
    assert tested.returncode == 0, tested.stderr
    assert yaml.safe_load(tests.read_text())["rule_files"] == ["../rules/llm.yaml"]


@pytest.mark.parametrize(
    "arguments, message",
    [
        (["rules", "--flavour", "new"], "gen_ai_latest_experimental"),
        (["rules", "--via", "pigeon"], "exporter"),
        (["rules", "--layer", "x"], "infrastructure"),
        (["rules", "--format", "toml"], "yaml"),
        (["rules", "--tests", "x"], "--tests needs --output"),
        (
            ["rules", "--error-ratio", "5"],
            "--error-ratio='5'; accepted: a number, a part of 1, over 0 and up to 0.9999",
        ),
        (["rules", "--window", "soon"], "--window='soon'; accepted: a number and one of s, m, h, d: 5m"),
        (["rules", "--output", "/dev/null/x"], "/dev/null/x cannot be written: "),
        (["alertmanager", "--pager-url", "x"], "--pager-url='x'; accepted: http://... or https://..."),
        (["dashboards"], "--output"),
        (["dashboards", "--output", "/dev/null/x"], "cannot be written: "),
    ],
)
def test_bad_input_is_said(arguments: list[str], message: str) -> None:
    result = genscope(*arguments)
    assert result.exit_code != 0
    assert message in " ".join(result.output.split())
    assert "Traceback" not in result.output


def test_alertmanager_prints_what_it_is_told() -> None:
    found = yaml.safe_load(genscope("alertmanager", "--slack-channel", "#oncall", "--repeat-interval", "1h").output)
    assert found["route"]["repeat_interval"] == "1h"
    assert found["receivers"][0]["slack_configs"][0]["channel"] == "#oncall"


def test_dashboards_are_written(tmp_path: Path) -> None:
    folder = tmp_path / "grafana" / "dashboards"
    result = genscope("dashboards", "--output", folder)
    assert result.exit_code == 0, result.output
    written = sorted(folder.iterdir())
    assert sorted(result.output.split()) == [str(path) for path in written]
    assert [json.loads(path.read_text("utf-8"))["uid"] for path in written] == [path.stem for path in written]
    first = [path.read_text("utf-8") for path in written]
    genscope("dashboards", "--output", folder)
    assert [path.read_text("utf-8") for path in written] == first


WITHOUT_YAML = """
import sys
sys.modules["yaml"] = None
from genscope.cli import main
main(sys.argv[1:])
"""


def test_without_pyyaml_json_goes_and_yaml_says_what_is_missing() -> None:
    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run([sys.executable, "-c", WITHOUT_YAML, *arguments], capture_output=True, text=True)

    assert json.loads(run("rules", "--format", "json").stdout)
    refused = run("rules")
    assert refused.returncode == 1
    assert "pip install 'genscope[ops]', or --format json" in refused.stderr
