"""Dashboards: what Grafana's own schema has, laid out without gaps, the same each time."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from genscope.ops.boards.board import chosen
from genscope.ops.grafana import boards, dashboard
from genscope.ops.prometheus_names import VIAS, Via
from genscope.ops.queries import FLAVOURS
from genscope.ops.thresholds import Thresholds

UNITS = {"reqps", "percentunit", "s", "currencyUSD", "short"}
"""Of https://github.com/grafana/grafana/blob/main/packages/grafana-data/src/valueFormats/categories.ts."""
UIDS = [
    "genscope-overview",
    "genscope-latency",
    "genscope-cost",
    "genscope-errors",
    "genscope-quality",
    "genscope-agents",
]


def made(flavour: str = FLAVOURS[0], via: Via = "otlp") -> list[dict[str, Any]]:
    return [dashboard(board, chosen(flavour, via)) for board in boards(flavour, via, Thresholds())]


def panels(found: dict[str, Any]) -> Iterator[dict[str, Any]]:
    return (panel for panel in found["panels"] if panel["type"] != "row")


def lost(ours: Any, theirs: Any, where: str = "") -> Iterator[str]:
    """What of ours is not in what Grafana's schema has kept."""
    if isinstance(ours, dict) and isinstance(theirs, dict):
        for key, value in ours.items():
            yield from lost(value, theirs[key], f"{where}.{key}") if key in theirs else [f"{where}.{key}"]
    elif isinstance(ours, list) and isinstance(theirs, list):
        for number, (one, other) in enumerate(zip(ours, theirs, strict=True)):
            yield from lost(one, other, f"{where}[{number}]")
    elif ours != theirs:
        yield f"{where}: {ours!r} became {theirs!r}"


def kept(model: Any, data: Any) -> Any:
    encoder: Any = pytest.importorskip("grafana_foundation_sdk.cog.encoder").JSONEncoder
    return json.loads(json.dumps(model.from_json(data), cls=encoder))


@pytest.mark.parametrize("flavour", FLAVOURS)
@pytest.mark.parametrize("via", VIAS)
def test_it_is_what_grafana_has_a_schema_for(flavour: str, via: Via) -> None:
    schema: Any = pytest.importorskip("grafana_foundation_sdk.models.dashboard", reason="needs Python 3.11")
    pytest.importorskip("grafana_foundation_sdk.cog.plugins").register_default_plugins()
    for found in made(flavour, via):
        assert [*lost(found, kept(schema.Dashboard, found))] == []


@pytest.mark.parametrize("kind", ["timeseries", "stat", "bargauge", "heatmap"])
def test_the_options_of_a_panel_are_those_of_its_kind(kind: str) -> None:
    schema: Any = pytest.importorskip(f"grafana_foundation_sdk.models.{kind}", reason="needs Python 3.11")
    found = [panel for board in made() for panel in panels(board) if panel["type"] == kind]
    assert found
    for panel in found:
        assert [*lost(panel["options"], kept(schema.Options, panel["options"]))] == []
        custom = panel["fieldConfig"]["defaults"]["custom"]
        if custom:
            assert [*lost(custom, kept(schema.FieldConfig, custom))] == []


def test_the_schema_would_find_a_mistake() -> None:
    schema: Any = pytest.importorskip("grafana_foundation_sdk.models.dashboard", reason="needs Python 3.11")
    found = made()[0] | {"titel": "x"}
    assert [*lost(found, kept(schema.Dashboard, found))] == [".titel"]


def test_addresses_do_not_change() -> None:
    """Bookmarks and links have them."""
    assert [found["uid"] for found in made()] == UIDS
    assert json.dumps(made()) == json.dumps(made())
    for found in made():
        ids = [panel["id"] for panel in found["panels"]]
        assert ids == [*range(1, len(ids) + 1)]


@pytest.mark.parametrize("flavour", FLAVOURS)
def test_panels_do_not_overlap_and_leave_no_gap(flavour: str) -> None:
    for found in made(flavour):
        taken: set[tuple[int, int]] = set()
        for panel in found["panels"]:
            at = panel["gridPos"]
            cells = {(x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])}
            assert not cells & taken, panel["title"]
            assert at["x"] + at["w"] <= 24
            taken |= cells
        bottom = max(y for _, y in taken) + 1
        assert taken == {(x, y) for x in range(24) for y in range(bottom)}, found["uid"]


@pytest.mark.parametrize("flavour", FLAVOURS)
def test_a_panel_says_what_it_shows(flavour: str) -> None:
    for found in made(flavour):
        titles = [panel["title"] for panel in panels(found)]
        assert len({*titles}) == len(titles)
        for panel in panels(found):
            assert panel["description"].endswith(".")
            assert panel["fieldConfig"]["defaults"]["unit"] in UNITS
            assert panel["targets"]
            assert [target["refId"] for target in panel["targets"]] == [*"ABCD"[: len(panel["targets"])]]
            for target in panel["targets"]:
                grouped = {label for by in re.findall(r"by \(([^)]*)\)", target["expr"]) for label in by.split(", ")}
                assert {*re.findall(r"{{(\w+)}}", target["legendFormat"])} <= grouped


@pytest.mark.parametrize("flavour", FLAVOURS)
def test_everything_follows_what_is_chosen_above(flavour: str) -> None:
    for found in made(flavour):
        names = [variable["name"] for variable in found["templating"]["list"]]
        assert names == ["datasource", "service", "provider", "model"]
        for panel in panels(found):
            for target in panel["targets"]:
                selectors = re.findall(r"{(?!{)[^}]*}", target["expr"])
                assert selectors
                assert all('job=~"$service"' in selector for selector in selectors), target["expr"]
                assert target["datasource"]["uid"] == "${datasource}"


def test_thresholds_colour_the_bad_end() -> None:
    by_title = {panel["title"]: panel for found in made() for panel in panels(found)}
    steps = by_title["Fullest budget"]["fieldConfig"]["defaults"]["thresholds"]["steps"]
    assert [(step["value"], step["color"]) for step in steps] == [(None, "green"), (0.8, "yellow"), (1.0, "red")]
    steps = by_title["Mean score"]["fieldConfig"]["defaults"]["thresholds"]["steps"]
    assert [(step["value"], step["color"]) for step in steps] == [(None, "red"), (0.6, "green")]
