"""Boards as the JSON that Grafana imports: its classic format, which every release since 9 reads.

Plain data. Grafana's own library for Python (grafana-foundation-sdk) needs Python 3.11 and has a release for each '
'Grafana,
told apart by an epoch that no requirement can bound; the tests hold what is made here against its schema.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from genscope.ops.boards.agents import agents
from genscope.ops.boards.board import Board, Panel, chosen
from genscope.ops.boards.calls import errors, latency, overview
from genscope.ops.boards.quality import quality
from genscope.ops.boards.spend import spend
from genscope.ops.prometheus_names import Via
from genscope.ops.queries import MODEL, PROVIDER, SERVICE, Queries
from genscope.ops.thresholds import Thresholds
from genscope.semconv import ATTEMPTS

_SOURCE: Final = {"type": "prometheus", "uid": "${datasource}"}
_COLUMNS: Final = 24
_TAG: Final = "genscope"


def boards(flavour: str, via: Via, thresholds: Thresholds) -> list[Board]:
    """All of them, with queries for one flavour and one way."""
    queries = chosen(flavour, via)
    return [make(queries, thresholds) for make in (overview, latency, spend, errors, quality, agents)]


def dashboard(board: Board, queries: Queries) -> dict[str, Any]:
    """What Grafana imports. The same board gives the same JSON."""
    return {
        "uid": board.uid,
        "title": board.title,
        "description": board.description,
        "tags": [_TAG],
        "timezone": "browser",
        "editable": True,
        "graphTooltip": 1,
        "schemaVersion": 39,
        "refresh": "30s",
        "time": {"from": "now-6h", "to": "now"},
        "templating": {"list": list(_variables(queries))},
        "annotations": {"list": [_alerts()]},
        "links": [_link()],
        "panels": list(_panels(board)),
    }


def _variables(queries: Queries) -> Iterator[dict[str, Any]]:
    yield {"name": "datasource", "label": "Data source", "type": "datasource", "query": "prometheus"}
    attempts, before = queries.name(ATTEMPTS), ""
    for name, label in (("service", SERVICE), ("provider", PROVIDER), ("model", MODEL)):
        yield {
            "name": name,
            "label": name.capitalize(),
            "type": "query",
            "datasource": _SOURCE,
            "query": f"label_values({attempts}{before}, {label})",
            "refresh": 2,  # whenever the time that is shown changes
            "sort": 1,
            "multi": True,
            "includeAll": True,
            "allValue": ".*",
            "current": {"selected": True, "text": ["All"], "value": ["$__all"]},
        }
        before = f'{{{SERVICE}=~"$service"}}'


def _alerts() -> dict[str, Any]:
    """Marks where alerts of `genscope rules` fire."""
    return {
        "name": "Alerts",
        "datasource": _SOURCE,
        "enable": True,
        "iconColor": "red",
        "expr": alerts_query(),
    }


def alerts_query() -> str:
    return f'ALERTS{{alertname=~"LLM.+",alertstate="firing",{SERVICE}=~"$service|"}}'


def _link() -> dict[str, Any]:
    return {
        "title": "genscope",
        "type": "dashboards",
        "icon": "external link",
        "tooltip": "The other boards",
        "tags": [_TAG],
        "asDropdown": True,
        "targetBlank": False,
        "includeVars": True,
        "keepTime": True,
        "url": "",
    }


def _panels(board: Board) -> Iterator[dict[str, Any]]:
    """Rows one under another, their panels from left to right."""
    number, top = 0, 0
    for row in board.rows:
        number += 1
        yield {"id": number, "type": "row", "title": row.title, "collapsed": False, "gridPos": _at(0, top, _COLUMNS, 1)}
        top, left, tallest = top + 1, 0, 0
        for panel in row.panels:
            if left + panel.width > _COLUMNS:
                top, left, tallest = top + tallest, 0, 0
            number += 1
            yield {"id": number, "gridPos": _at(left, top, panel.width, panel.height), **_panel(panel)}
            left, tallest = left + panel.width, max(tallest, panel.height)
        top += tallest


def _at(left: int, top: int, width: int, height: int) -> dict[str, int]:
    return {"x": left, "y": top, "w": width, "h": height}


def _panel(panel: Panel) -> dict[str, Any]:
    return {
        "type": panel.kind,
        "title": panel.title,
        "description": panel.description,
        "datasource": _SOURCE,
        "targets": [
            {
                "refId": chr(ord("A") + number),
                "datasource": _SOURCE,
                "expr": query.expr,
                "legendFormat": query.legend or "__auto",
                "range": panel.kind in {"timeseries", "heatmap"},
                "instant": panel.kind not in {"timeseries", "heatmap"},
                **({"format": "heatmap"} if panel.kind == "heatmap" else {}),
            }
            for number, query in enumerate(panel.queries)
        ],
        "fieldConfig": {
            "defaults": {
                "unit": panel.unit,
                "thresholds": {"mode": "absolute", "steps": _steps(panel)},
                "color": {"mode": "palette-classic" if panel.kind == "timeseries" else "thresholds"},
                **({"min": 0} if panel.kind in {"timeseries", "bargauge"} else {}),
                "custom": _CUSTOM[panel.kind](panel),
            },
            "overrides": [],
        },
        "options": _OPTIONS[panel.kind],
    }


def _steps(panel: Panel) -> list[dict[str, Any]]:
    """Green up to the first, red from the last on; the other way round where low is bad."""
    colours = ["green", "yellow", "red"] if len(panel.steps) > 1 else ["green", "red"]
    if panel.falling:
        colours.reverse()
    return [{"value": value, "color": colour} for value, colour in zip((None, *panel.steps), colours, strict=False)]


def _lines(panel: Panel) -> dict[str, Any]:
    return {
        "lineWidth": 1,
        "fillOpacity": 30 if panel.stacked else 5,
        "showPoints": "never",
        "stacking": {"mode": "normal" if panel.stacked else "none"},
        "thresholdsStyle": {"mode": "dashed" if panel.steps else "off"},
    }


def _nothing(panel: Panel) -> dict[str, Any]:
    return {}


_CUSTOM: Final = {"timeseries": _lines, "stat": _nothing, "bargauge": _nothing, "heatmap": _nothing}
_LAST: Final = {"calcs": ["lastNotNull"], "fields": "", "values": False}
_OPTIONS: Final[dict[str, dict[str, Any]]] = {
    "timeseries": {
        "legend": {"displayMode": "table", "placement": "bottom", "showLegend": True, "calcs": ["mean", "max"]},
        "tooltip": {"mode": "multi", "sort": "desc"},
    },
    "stat": {"reduceOptions": _LAST, "colorMode": "value", "graphMode": "none", "textMode": "auto"},
    "bargauge": {"reduceOptions": _LAST, "displayMode": "basic", "orientation": "horizontal", "showUnfilled": True},
    "heatmap": {
        "calculate": False,
        "color": {"mode": "scheme", "scheme": "Blues", "steps": 64},
        "yAxis": {"axisPlacement": "left", "unit": "s"},
        "cellGap": 1,
    },
}
