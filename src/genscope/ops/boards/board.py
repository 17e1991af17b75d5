"""What a dashboard is made of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from genscope.ops.prometheus_names import Via
from genscope.ops.queries import MODEL, PROVIDER, SERVICE, Queries

RATE: Final = "$__rate_interval"
RANGE: Final = "$__range"
"""Grafana's: as short as makes sense at this zoom, and all that is shown."""

Kind = Literal["timeseries", "stat", "bargauge", "heatmap"]


@dataclass(frozen=True)
class Query:
    """PromQL, and how its series are called: `{{label}}` is the value of a label."""

    expr: str
    legend: str = ""


@dataclass(frozen=True)
class Panel:
    """A picture. `unit` is one of Grafana's; `steps` are where it becomes yellow and red."""

    title: str
    description: str
    unit: str
    queries: tuple[Query, ...]
    kind: Kind = "timeseries"
    steps: tuple[float, ...] = ()
    falling: bool = False
    """Whether it is low values that are bad."""
    stacked: bool = False
    width: int = 12
    height: int = 8


@dataclass(frozen=True)
class Row:
    title: str
    panels: tuple[Panel, ...]


@dataclass(frozen=True)
class Board:
    """`uid` is its address for ever: links and bookmarks have it."""

    uid: str
    title: str
    description: str
    rows: tuple[Row, ...]


def chosen(flavour: str, via: Via) -> Queries:
    """Queries for what the viewer has chosen above the board."""
    where = (f'{SERVICE}=~"$service"', f'{PROVIDER}=~"$provider"', f'{MODEL}=~"$model"')
    return Queries(flavour, via, where)


def of(*labels: str) -> str:
    """A legend of the values of labels."""
    return " ".join(f"{{{{{label}}}}}" for label in labels)
