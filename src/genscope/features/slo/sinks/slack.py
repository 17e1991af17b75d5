"""Alerts as messages to a channel of Slack, by one of its incoming webhooks.

https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks
"""

from __future__ import annotations

import json
from typing import Any, Final

from genscope.features.slo.alerts import Alert
from genscope.features.slo.sinks.courier import Courier
from genscope.features.slo.states import FIRING

_LOOKS: Final = {
    "critical": (":rotating_light:", "#d40e0d"),
    "warning": (":warning:", "#f2c744"),
    "info": (":information_source:", "#439fe0"),
}
_LONGEST: Final = 500
"""Characters of a summary: a block that has more than 3,000 is refused, and escaped they are five times as many."""
_RESOLVED: Final = (":white_check_mark:", "#2eb67d")


def slack(url: str, **posting: Any) -> Courier:
    """`posting` are `patience` and `clock` of `posting.post`."""

    def deliver(alert: Alert) -> bool:
        from genscope.features.slo.sinks.posting import post  # here: it brings an HTTP client

        return post(url, json.dumps(message(alert)).encode(), dict, **posting)

    return Courier("slack", deliver)


def message(alert: Alert) -> dict[str, Any]:
    """With a sign and a colour for the severity."""
    sign, colour = _LOOKS[alert.severity] if alert.state == FIRING else _RESOLVED
    title = f"{sign} *{alert.severity} {alert.state}*" + (f" in {_escaped(alert.service)}" if alert.service else "")
    summary = _escaped(alert.summary[:_LONGEST])
    fields = [f"since {alert.since:%Y-%m-%d %H:%M:%S} UTC", f"{alert.samples} samples"]
    if alert.trace_id is not None:
        fields.append(f"trace `{alert.trace_id}`")
    return {
        "text": f"{alert.severity} {alert.state}: {summary}",
        "attachments": [
            {
                "color": colour,
                "blocks": [
                    {"type": "section", "text": {"type": "mrkdwn", "text": f"{title}\n{summary}"}},
                    {"type": "context", "elements": [{"type": "mrkdwn", "text": " · ".join(fields)}]},
                ],
            }
        ],
    }


def _escaped(text: str) -> str:
    """Nothing in a name is a mention or a link: https://docs.slack.dev/messaging/formatting-message-text#escaping."""
    for sign, written in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;")):
        text = text.replace(sign, written)
    return text
