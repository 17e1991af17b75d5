"""What a rule is: an alert cannot be written without saying when it fires, when it does not, and what to do then."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

Layer = Literal["infrastructure", "application", "quality"]
LAYERS: Final[tuple[Layer, ...]] = ("infrastructure", "application", "quality")

Severity = Literal["critical", "high", "medium"]
SEVERITIES: Final[tuple[Severity, ...]] = ("critical", "high", "medium")


@dataclass(frozen=True)
class Record:
    """A query that is evaluated all the time, because it is expensive or asked for by several."""

    name: str
    expr: str


@dataclass(frozen=True)
class Series:
    """What a series is in an example: from a first value it grows with each step, and lasts as long as it is needed.

    Or it has `values` by promtool's notation.
    """

    series: str
    first: float = 0
    growth: float = 0
    values: str = ""


@dataclass(frozen=True)
class Example:
    """What there is to see, and after how many steps of a fifth of the window the alert is looked at."""

    series: tuple[Series, ...]
    steps: int


@dataclass(frozen=True)
class Alert:
    """An alert, its runbook, and the examples that prove it."""

    name: str
    layer: Layer
    severity: Severity
    topic: str
    """Alerts of one topic are of the same trouble: a more severe one silences the others (`ops.alertmanager`)."""
    expr: str
    hold: str
    """How long it must be true: a moment is no reason to wake anybody."""
    summary: str
    meaning: str
    looks: str
    """Where to look first."""
    action: str
    fires: Example
    quiet: tuple[Example, ...]
    """Where it must not fire: nearly bad enough, or bad but too little of it to mean anything."""
    needs: str = ""
    """What has to be switched on for its series to be there."""
