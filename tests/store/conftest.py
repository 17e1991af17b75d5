"""A store of one's own."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from genscope.core.pipeline import Faults
from genscope.local.store.writing import Store

Ask = Callable[..., list[Any]]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "kept" / "store.db"


@pytest.fixture
def store(path: Path) -> Iterator[Store]:
    """Where a fault of ours is raised."""
    store = Store(path, faults=Faults(raised=True))
    yield store
    store.close()


@pytest.fixture
def ask(path: Path) -> Ask:
    """SQL, as somebody with `sqlite3` would type it; rows, or values if there is but one column."""

    def ask(sql: str, *parameters: Any) -> list[Any]:
        db = sqlite3.connect(path)
        try:
            rows: Sequence[Any] = db.execute(sql, parameters).fetchall()
        finally:
            db.close()
        return [row[0] if len(row) == 1 else row for row in rows]

    return ask
