"""A file of the first version of the schema becomes one of today's, with what is in it."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from genscope.local.store.columns import LOG_COLUMNS, SPAN_COLUMNS, VERSION
from genscope.local.store.filters import Filters
from genscope.local.store.migrating import is_ours
from genscope.local.store.reading import Reader
from genscope.local.store.writing import Store

from .conftest import Ask
from .samples import call, span_id, trace_id

VERSION_1 = Path(__file__).with_name("version_1.sql").read_text("utf-8")


@pytest.fixture
def old(path: Path) -> Path:
    path.parent.mkdir()
    db = sqlite3.connect(path)
    db.executescript(VERSION_1)
    db.close()
    return path


def schema(path: Path) -> dict[str, str]:
    """Every table, index, view and trigger; columns in no order, for those that are added stand last."""
    db = sqlite3.connect(path)
    made = dict(db.execute("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL"))
    for table in ("spans", "logs"):
        made[table] = str(sorted(db.execute(f"SELECT name, type FROM pragma_table_info('{table}')")))
    db.close()
    return made


def test_it_is_another_schema(old: Path, tmp_path: Path) -> None:
    new = tmp_path / "new.db"
    Store(new).migrate()
    assert schema(old) != schema(new)


def test_writing_migrates(old: Path, tmp_path: Path, store: Store, ask: Ask) -> None:
    Store(tmp_path / "new.db").migrate()
    store.add_spans([call(7)])
    store.close()
    assert schema(old) == schema(tmp_path / "new.db")
    assert ask("PRAGMA user_version") == [VERSION]
    assert ask("PRAGMA integrity_check") == ["ok"]
    sql = "SELECT span_id, model, input_tokens, duration_ns, tenant, purpose, defects FROM spans ORDER BY span_id"
    assert ask(sql) == [
        (span_id(1), None, None, 5 * 10**9, "acme", None, None),
        (span_id(2), "gpt-4o", 23, 2 * 10**9, "acme", "judge", '["truncated"]'),
        (span_id(7), "gpt-4o", None, 10**9, None, None, None),
    ]
    assert ask("SELECT evaluation, score, trace_id FROM evaluations") == [("faithfulness", 0.9, trace_id(1))]
    assert ask("SELECT name, sum FROM metrics") == [("gen_ai.client.operation.duration", 2.0)]


def test_reading_migrates(old: Path, ask: Ask) -> None:
    with Reader(old) as reader:
        (found,) = reader.calls(Filters(text="parcel", tenant="acme")).items
        assert found.defects == ["truncated"]
    assert ask("PRAGMA user_version") == [VERSION]


def test_a_file_that_becomes_a_store_while_it_is_looked_at(path: Path) -> None:
    """By another process, which was a moment faster; between any two statements."""
    for moment in range(1, 4):
        path.unlink(missing_ok=True)
        path.parent.mkdir(exist_ok=True)
        db = sqlite3.connect(path)
        seen: list[str] = []

        def other(statement: str, seen: list[str] = seen, moment: int = moment) -> None:
            seen.append(statement)
            if len(seen) == moment:
                Store(path).migrate()

        db.set_trace_callback(other)
        assert is_ours(db)
        db.close()


def test_a_migration_that_fails_changes_nothing(old: Path, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    before = schema(old)
    monkeypatch.setattr("genscope.local.store.migrating._make_indexes_and_views", lambda db: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        store.add_spans([call(7)])
    assert schema(old) == before
    db = sqlite3.connect(old)
    assert db.execute("PRAGMA user_version").fetchone() == (1,)
    db.close()


@pytest.mark.parametrize("table, columns", [("spans", SPAN_COLUMNS), ("logs", LOG_COLUMNS)])
def test_a_column_says_which_version_has_it_first(old: Path, table: str, columns: tuple[object, ...]) -> None:
    """One that was added without a new version would be missing in files that are there."""
    db = sqlite3.connect(old)
    first = {name for (name,) in db.execute(f"SELECT name FROM pragma_table_info('{table}')")}
    db.close()
    for column in columns:
        assert (column.since == 1) == (column.name in first), column
        assert column.since <= VERSION
