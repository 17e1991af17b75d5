"""Alerts as JSON for any receiver, signed if there is a secret."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from genscope.features.slo.alerts import Alert
from genscope.features.slo.sinks.courier import Courier
from genscope.features.slo.sinks.signing import signed


def webhook(url: str, secret: str | None = None, **posting: Any) -> Courier:
    """`posting` are `patience` and `clock` of `posting.post`."""

    def deliver(alert: Alert) -> bool:
        from genscope.features.slo.sinks.posting import CLOCK, post  # here: they bring an HTTP client

        body = json.dumps({"version": 1, **alert.as_dict()}).encode()
        id = f"{alert.key}-{alert.state}-{alert.at.timestamp():.0f}"  # of all attempts: a receiver may know it again
        clock = posting.get("clock") or CLOCK

        def headers() -> Mapping[str, str]:
            return {} if secret is None else signed(secret, id, int(clock.wall()), body)

        return post(url, body, headers, **posting)

    return Courier("webhook", deliver)
