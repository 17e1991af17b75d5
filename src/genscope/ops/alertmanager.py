"""A configuration of Alertmanager to begin with: who hears of an alert, by its severity, and what is not said twice.

Critical goes to Slack and to whoever is on call, high to Slack and by mail, medium by mail. No secret is in it: Slack's
URL and the password for mail are in files that Alertmanager reads.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, fields
from typing import Any, Final

from genscope.ops.queries import LIMIT, MODEL, PROVIDER, SCOPE, SERVICE

_COLOUR: Final = (
    '{{ if ne .Status "firing" }}good{{ else if eq .CommonLabels.severity "critical" }}danger{{ else }}warning{{ end }}'
)
_EMOJI: Final = (
    '{{ if ne .Status "firing" }}:white_check_mark:{{ else if eq .CommonLabels.severity "critical" }}:rotating_light:'
    "{{ else }}:warning:{{ end }}"
)
_TITLE: Final = _EMOJI + " {{ .CommonLabels.alertname }} ({{ .CommonLabels.severity }}, {{ .Status }})"
_TEXT: Final = (
    "{{ range .Alerts }}*{{ .Annotations.summary }}*\n{{ .Annotations.description }}\n{{ .Annotations.runbook }}\n\n"
    "{{ end }}"
)

_URL: Final = re.compile(r"https?://[^\s/]+\S*")
_ADDRESS: Final = re.compile(r"[^\s@,]+@[^\s@,]+")
_HOST: Final = re.compile(r"[^\s:/]+:\d+")
_TIME: Final = re.compile(r"([1-9]\d*(ms|s|m|h|d))+")


@dataclass(frozen=True)
class Routing:
    """Where alerts go. Raises `ValueError` that names the option and what is accepted."""

    slack_url_file: str = "/etc/alertmanager/slack_url"
    slack_channel: str = "#llm-alerts"
    mail_to: str = "llm-team@example.com"
    mail_from: str = "alertmanager@example.com"
    smarthost: str = "smtp.example.com:587"
    smtp_user: str = ""
    smtp_password_file: str = "/etc/alertmanager/smtp_password"
    smtp_tls: bool = True
    pager_url: str = "https://pager.example.com/alerts"
    group_wait: str = "30s"
    group_interval: str = "5m"
    repeat_interval: str = "4h"

    def __post_init__(self) -> None:
        for names, form, accepted in (
            (("pager_url",), _URL, "http://... or https://..."),
            (("mail_to", "mail_from"), _ADDRESS, "an address: team@example.com"),
            (("smarthost",), _HOST, "host:port"),
            (("group_wait", "group_interval", "repeat_interval"), _TIME, "a time: 30s, 5m, 4h"),
            (("slack_url_file", "slack_channel"), re.compile(r"\S.*"), "a text"),
        ):
            for name in names:
                if not form.fullmatch(getattr(self, name)):
                    said = getattr(self, name)
                    raise ValueError(f"--{name.replace('_', '-')}={said!r}; accepted: {accepted}")


HELP: Final = {
    "slack_url_file": "File with the URL of Slack's incoming webhook.",
    "slack_channel": "Channel in Slack.",
    "mail_to": "Who gets mail.",
    "mail_from": "From whom it is.",
    "smarthost": "Server for mail, host:port.",
    "smtp_user": "User there; none if nobody has to sign in.",
    "smtp_password_file": "File with the user's password.",
    "smtp_tls": "Whether mail goes encrypted only.",
    "pager_url": "Webhook of what rings a phone.",
    "group_wait": "How long to wait for more alerts of a group.",
    "group_interval": "How long until what is new in a group is said.",
    "repeat_interval": "How long until what still holds is said again.",
}
assert HELP.keys() == {field.name for field in fields(Routing)}


def configuration(routing: Routing) -> dict[str, Any]:
    """As Alertmanager 0.25 and newer read it."""
    slack = [
        {
            "channel": routing.slack_channel,
            "send_resolved": True,
            "color": _COLOUR,
            "title": _TITLE,
            "text": _TEXT,
        }
    ]
    mail = [{"to": routing.mail_to, "send_resolved": True}]
    pager = [{"url": routing.pager_url, "send_resolved": True}]
    signed = {"smtp_auth_username": routing.smtp_user, "smtp_auth_password_file": routing.smtp_password_file}
    return {
        "global": {
            "slack_api_url_file": routing.slack_url_file,
            "smtp_smarthost": routing.smarthost,
            "smtp_from": routing.mail_from,
            "smtp_require_tls": routing.smtp_tls,
            **(signed if routing.smtp_user else {}),
        },
        "route": {
            "receiver": "mail",
            "group_by": ["alertname", SERVICE],
            "group_wait": routing.group_wait,
            "group_interval": routing.group_interval,
            "repeat_interval": routing.repeat_interval,
            "routes": [
                {"matchers": ['severity="critical"'], "receiver": "slack-and-phone"},
                {"matchers": ['severity="high"'], "receiver": "slack-and-mail"},
                {"matchers": ['severity="medium"'], "receiver": "mail"},
            ],
        },
        # Of the same trouble, and of the same thing: a label that neither has is the same.
        "inhibit_rules": [
            {
                "source_matchers": [f'severity="{worse}"'],
                "target_matchers": [f'severity=~"{lesser}"', 'topic!=""'],
                "equal": [SERVICE, "topic", PROVIDER, MODEL, LIMIT, SCOPE],
            }
            for worse, lesser in (("critical", "high|medium"), ("high", "medium"))
        ],
        "receivers": [
            {"name": "slack-and-phone", "slack_configs": slack, "webhook_configs": pager},
            {"name": "slack-and-mail", "slack_configs": slack, "email_configs": mail},
            {"name": "mail", "email_configs": mail},
        ],
    }
