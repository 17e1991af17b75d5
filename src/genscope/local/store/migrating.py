"""Bringing a file to today's schema: from nothing, or from an older version, with what is in it."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final

from genscope.local.store.columns import LOG_COLUMNS, SPAN_COLUMNS, VERSION, Column
from genscope.local.store.schema import APPLICATION, INDEXES, SEARCH, TABLES, VIEWS
from genscope.local.store.troubles import StoreError

_DERIVED: Final = {"spans": SPAN_COLUMNS, "logs": LOG_COLUMNS}
_TRIGRAMS: Final = (3, 34, 0)
"""The release of SQLite that can search for any part of a text."""
_AT_ONCE: Final = 1000


def is_ours(db: sqlite3.Connection) -> bool:
    """Whether it is a store, or nothing yet. In this order: another process may make it one between the two."""
    return not db.execute("SELECT 1 FROM sqlite_master").fetchone() or _pragma(db, "application_id") == APPLICATION


def version(db: sqlite3.Connection) -> int:
    """Of the schema; 0 of a file that has none yet."""
    return _pragma(db, "user_version")


def refuse_newer(found: int, path: Path) -> None:
    if found > VERSION:
        raise StoreError(
            f"{path} was made by a newer genscope (schema {found}, this one knows {VERSION}); it is left alone. "
            "Update genscope, or set GENSCOPE_STORE"
        )


def prepare(db: sqlite3.Connection, path: Path, begin: Callable[[], None]) -> None:
    """Make or mend the schema, in one transaction that `begin` opens. Raises `StoreError` for one from the future."""
    if version(db) == VERSION:
        return
    begin()
    try:
        found = version(db)  # once more: another process may have been faster
        refuse_newer(found, path)
        if found == 0:
            for statement in TABLES:
                db.execute(statement)
            _make_search(db)
        for table, columns in _DERIVED.items() if 0 < found < VERSION else ():
            _add(db, table, [column for column in columns if column.since > found])
        if found < VERSION:
            _make_indexes_and_views(db)
            db.execute(f"PRAGMA application_id={APPLICATION}")
            db.execute(f"PRAGMA user_version={VERSION}")
        db.execute("COMMIT")
    except BaseException:
        db.execute("ROLLBACK")
        raise


def _pragma(db: sqlite3.Connection, name: str) -> int:
    return db.execute(f"PRAGMA {name}").fetchone()[0]


def _make_search(db: sqlite3.Connection) -> None:
    """Where SQLite can. Without it a search looks at every text."""
    built_with = {option for (option,) in db.execute("PRAGMA compile_options")}
    if sqlite3.sqlite_version_info >= _TRIGRAMS and "ENABLE_FTS5" in built_with:
        for statement in SEARCH:
            db.execute(statement)


def _make_indexes_and_views(db: sqlite3.Connection) -> None:
    """Anew, all that hold nothing of their own: they follow the tables."""
    for kind, made in (("INDEX", INDEXES), ("VIEW", VIEWS)):
        for name, definition in made.items():
            db.execute(f"DROP {kind} IF EXISTS {name}")
            db.execute(f"CREATE {definition}")


def _add(db: sqlite3.Connection, table: str, columns: Sequence[Column]) -> None:
    """Add columns, and fill them from the attributes of the rows that are there."""
    for column in columns:
        db.execute(f'ALTER TABLE {table} ADD COLUMN "{column.name}" {column.kind.sql}')
    if columns:
        assignments = ", ".join(f'"{column.name}" = ?' for column in columns)
        for rows in _batches(db, table, columns):
            db.executemany(f"UPDATE {table} SET {assignments} WHERE id = ?", rows)


def _batches(db: sqlite3.Connection, table: str, columns: Sequence[Column]) -> Iterator[list[Sequence[Any]]]:
    last = 0
    while True:
        sql = f"SELECT id, attributes FROM {table} WHERE id > ? ORDER BY id LIMIT {_AT_ONCE}"
        rows = db.execute(sql, (last,)).fetchall()
        if not rows:
            return
        last = rows[-1][0]
        filled: list[Sequence[Any]] = []
        for id, text in rows:
            values = [column.read(_attributes(text)) for column in columns]
            if any(value is not None for value in values):
                filled.append((*values, id))
        yield filled


def _attributes(text: str | None) -> dict[str, Any]:
    try:
        return json.loads(text) if text else {}
    except ValueError:  # somebody has had a hand in it
        return {}
