"""Alerts as lines in the log of the application, and as telemetry."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Final

from genscope.features.slo.alerts import Alert
from genscope.features.slo.states import FIRING

logger = logging.getLogger("genscope.slo")

_LEVELS: Final = {"critical": logging.ERROR, "warning": logging.WARNING, "info": logging.INFO}


class Immediate:
    """Told at once, by the thread that evaluates."""

    def __init__(self, write: Callable[[Alert], object]) -> None:
        self._write = write

    def tell(self, alert: Alert) -> None:
        self._write(alert)

    def prepare(self) -> None:
        return

    def flush(self, timeout: float) -> bool:
        return True

    def begin(self) -> None:
        return

    def close(self) -> None:
        return


def write_line(alert: Alert) -> None:
    """The record has the alert as its attribute `alert`."""
    level = _LEVELS[alert.severity] if alert.state == FIRING else logging.INFO
    logger.log(
        level, "genscope: %s %s: %s", alert.severity, alert.state, alert.summary, extra={"alert": alert.as_dict()}
    )
