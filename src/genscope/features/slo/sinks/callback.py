"""A function of the application's that is called with each alert."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from genscope.features.slo.alerts import Alert
from genscope.features.slo.sinks.courier import Courier


def callback(function: Callable[[Alert], Any]) -> Courier:
    """What it returns is ignored."""

    def deliver(alert: Alert) -> bool:
        function(alert)
        return True

    return Courier("callback", deliver)
