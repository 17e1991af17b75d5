"""Alertmanager takes the configuration, and sends each severity where it belongs."""

from __future__ import annotations

import json
import subprocess
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

from genscope.ops.alertmanager import HELP, Routing, configuration
from genscope.ops.document import FORMATS, Format, rendered
from genscope.ops.rule import SEVERITIES

from .servers import AMTOOL


def amtool(*arguments: str | Path) -> str:
    assert AMTOOL is not None
    done = subprocess.run([AMTOOL, *map(str, arguments)], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.needs_alertmanager
@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("routing", [Routing(), Routing(smtp_user="me", smtp_tls=False, group_wait="1m30s")])
def test_alertmanager_takes_it(form: Format, routing: Routing, tmp_path: Path) -> None:
    file = tmp_path / "alertmanager"
    file.write_text(rendered(configuration(routing), form))
    assert "SUCCESS" in amtool("check-config", file)


@pytest.mark.needs_alertmanager
@pytest.mark.parametrize(
    "severity, receiver",
    [("critical", "slack-and-phone"), ("high", "slack-and-mail"), ("medium", "mail"), ("unheard-of", "mail")],
)
def test_a_severity_has_its_receiver(severity: str, receiver: str, tmp_path: Path) -> None:
    file = tmp_path / "alertmanager.yaml"
    file.write_text(rendered(configuration(Routing()), "yaml"))
    told = amtool("config", "routes", "test", f"--config.file={file}", f"severity={severity}", "alertname=LLMX")
    assert told.strip() == receiver


def test_every_severity_is_routed() -> None:
    routes = configuration(Routing())["route"]["routes"]
    assert [route["matchers"] for route in routes] == [[f'severity="{severity}"'] for severity in SEVERITIES]


def test_the_worse_silences_the_lesser_of_the_same_topic() -> None:
    rules = configuration(Routing())["inhibit_rules"]
    assert [(rule["source_matchers"], rule["target_matchers"][0]) for rule in rules] == [
        (['severity="critical"'], 'severity=~"high|medium"'),
        (['severity="high"'], 'severity=~"medium"'),
    ]
    assert all({"job", "topic", "gen_ai_request_model"} <= {*rule["equal"]} for rule in rules)


def test_there_is_no_secret_in_it() -> None:
    text = json.dumps(configuration(Routing(smtp_user="me")))
    assert "slack_api_url_file" in text
    assert "smtp_auth_password_file" in text
    assert '"slack_api_url"' not in text
    assert '"smtp_auth_password"' not in text


def test_options_are_where_they_belong() -> None:
    said = {field.name: f"x-{field.name}" for field in fields(Routing) if isinstance(field.default, str)}
    said |= {"mail_to": "to@x", "mail_from": "from@x", "smarthost": "h:1", "pager_url": "http://pager/1"}
    said |= {"group_wait": "1s", "group_interval": "2s", "repeat_interval": "3s"}
    text = json.dumps(configuration(Routing(**said)))
    assert [value for value in said.values() if value not in text] == []
    assert HELP.keys() == {field.name for field in fields(Routing)}


@pytest.mark.parametrize(
    "option, value",
    [
        *(("pager_url", value) for value in ("", "pager.example.com", "ftp://x", "http://", "http://a b")),
        *(("mail_to", value) for value in ("", "team", "a b@c", "a@b, c@d")),
        *(("smarthost", value) for value in ("smtp.example.com", "smtp:x", "")),
        *(("group_wait", value) for value in ("", "5", "0s", "-1s", "soon")),
        *(("slack_channel", value) for value in ("", " ")),
        ("slack_url_file", ""),
    ],
)
def test_what_cannot_be_is_refused_by_name(option: str, value: Any) -> None:
    with pytest.raises(ValueError, match=f"--{option.replace('_', '-')}='{value}'; accepted: "):
        Routing(**{option: value})
