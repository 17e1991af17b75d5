"""The commands `genscope store ...`."""

from __future__ import annotations

import json
import re
import sqlite3
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from opentelemetry.proto.trace.v1.trace_pb2 import TracesData

from genscope import semconv
from genscope.cli import main
from genscope.local.store import from_otlp
from genscope.local.store.place import path_of
from genscope.local.store.rows import Rows
from genscope.local.store.writing import Store

from .samples import DESK, call, many, messages, span, verdict

ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def only_this(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GENSCOPE_STORE", str(path))


def genscope(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["store", *arguments])


def done(*arguments: str) -> str:
    result = genscope(*arguments)
    assert result.exit_code == 0, result.output
    return result.output


def test_path(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert done("path") == f"{path}\n"
    monkeypatch.delenv("GENSCOPE_STORE")
    assert done("path") == f"{path_of(None)}\n"
    assert not path.exists()


@pytest.mark.parametrize("command", ["info", "prune", "export"])
def test_a_missing_store_is_said(command: str, path: Path) -> None:
    result = genscope(command)
    assert result.exit_code == 1
    assert result.output.startswith(f"Error: {path} is not there: nothing has been recorded yet")
    assert not path.exists()


def test_info(store: Store, path: Path) -> None:
    store.add_spans([call(1), span(2, source=DESK), span(3)])
    store.add_logs([verdict(1, 0.5)])
    shown = done("info")
    assert shown.splitlines()[0].startswith(f"{path}  ")
    assert "3 spans, 1 logs, 0 metric points" in shown
    assert [line.split() for line in shown.splitlines()[3:5]] == [["2", "shop"], ["1", "desk"]]
    found = json.loads(done("info", "--json"))
    assert found["services"] == {"shop": 2, "desk": 1}
    assert found["processes"][0]["spans"] == 3


def test_prune(store: Store, ask: Any) -> None:
    store.add_spans([call(1), span(2, source=DESK)])
    assert "1 rows dropped" in done("prune", "--service", "desk")
    assert ask("SELECT service FROM spans") == ["shop"]
    assert json.loads(done("prune", "--older-than", "9999w", "--json"))["rows"] == 0
    assert json.loads(done("prune", "--larger-than", "100GB", "--json"))["rows"] == 0
    assert json.loads(done("prune", "--larger-than", "1b", "--json"))["rows"] == 1
    assert ask("SELECT count(*) FROM spans") == [0]


@pytest.mark.parametrize(
    "arguments, said",
    [
        (("prune", "--older-than", "soon"), "accepted: an age, 12h, 30d or 8w, or off"),
        (("prune", "--larger-than", "5"), "accepted: a size, 500MB or 2GB, or off"),
        (("export", "--otlp", "--jsonl"), "not both"),
        (("nonsense",), "nonsense"),
    ],
)
def test_a_mistake_is_explained(arguments: tuple[str, ...], said: str, store: Store) -> None:
    store.add_spans([call(1)])
    result = genscope(*arguments)
    assert result.exit_code == 2
    assert said in result.output


def test_a_file_of_somebody_elses(tmp_path: Path) -> None:
    file = tmp_path / "notes.txt"
    file.write_text("precious")
    for command in ("info", "prune", "export"):
        result = genscope(command, "--store", str(file))
        assert result.exit_code == 1
        assert str(file) in result.output
        assert "Traceback" not in result.output
    assert file.read_text() == "precious"


def test_export_lines(store: Store) -> None:
    store.add_spans([call(1, {semconv.INPUT_MESSAGES: messages("東京")}), span(2), call(3, source=DESK)])
    lines = [json.loads(line) for line in done("export").splitlines()]
    assert [line["name"] for line in lines] == ["chat gpt-4o", "work", "chat gpt-4o"]
    assert lines[0]["content"][semconv.INPUT_MESSAGES][0]["parts"][0]["content"] == "東京"
    assert [json.loads(line)["service"] for line in done("export", "--calls").splitlines()] == ["shop", "desk"]
    assert len(done("export", "--service", "desk").splitlines()) == 1


def test_export_for_another_tool(store: Store) -> None:
    """What it takes in is what was there."""
    kept = list(many(1000))
    store.add_spans(kept)
    lines = done("export", "--otlp").splitlines()
    assert len(lines) == 2
    read = [one for line in lines for one in from_otlp.spans(from_otlp.read_json(line, TracesData()))]
    make = Rows()
    assert sorted(make.span(one)[:-3] for one in read) == sorted(make.span(one)[:-3] for one in kept)
    by_id = {one.span_id: one.attributes for one in read}
    assert {name: by_id[kept[4].span_id][name] for name in kept[4].attributes} == {
        name: [*value] if isinstance(value, tuple) else value for name, value in kept[4].attributes.items()
    }


QUERIES = re.findall(r"^```sql\n(.*?)^```$", (ROOT / "docs" / "store.md").read_text("utf-8"), re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("query", QUERIES)
def test_a_query_of_the_page_runs(store: Store, ask: Any, query: str) -> None:
    store.add_spans(many(100))
    store.add_logs([verdict(1, 0.1)])
    if "->" in query and sqlite3.sqlite_version_info < (3, 38):
        pytest.skip("this SQLite has no operator for JSON")
    ask(query.replace("date('now')", "date('2026-01-01')").rstrip(";\n"))


def test_there_are_queries() -> None:
    assert len(QUERIES) == 5
