"""What becomes too old or too much, and how the room is given back."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from genscope import semconv
from genscope.local.store import writing
from genscope.local.store.records import PointRecord, Series
from genscope.local.store.writing import Store

from .conftest import Ask
from .samples import DESK, SECOND, SHOP, START, call, messages, span, span_id, verdict

SERIES = Series("m", "s", "", "gauge", SHOP)


@pytest.fixture
def at(path: Path) -> Callable[..., Store]:
    def at(second: int, **options: float) -> Store:
        return Store(path, clock=lambda: START + second * SECOND, **options)

    return at


def fill(store: Store, count: int, text: str = "") -> None:
    store.add_spans([call(n, {semconv.INPUT_MESSAGES: messages(f"{text} number {n}")}) for n in range(count)])
    store.add_logs([verdict(n, 0.5) for n in range(count)])
    store.add_points([PointRecord(SERIES, START, START + n * SECOND, 1.0) for n in range(count)])


def test_what_is_older_goes_with_the_next_batch(at: Callable[..., Store], ask: Ask) -> None:
    fill(at(0), 1000)
    store = at(2000, max_age=1050)
    store.add_spans([span(2000)])  # looks for what is too old, a little at a time
    while ask("SELECT min(start_ns) FROM spans") == [START]:
        store.add_spans([span(2000)])
    for _ in range(20):
        store.add_spans([span(2000)])
    assert ask("SELECT min(start_ns), count(*) FROM spans") == [(START + 950 * SECOND, 51)]
    assert ask("SELECT min(time_ns) FROM logs") == [START + 950 * SECOND]
    assert ask("SELECT min(time_ns) FROM metric_points") == [START + 950 * SECOND]


def test_the_oldest_goes_when_the_file_is_too_large(at: Callable[..., Store], ask: Ask, path: Path) -> None:
    store = at(0, max_size=2_000_000)
    for first in range(0, 10_000, 100):
        text = "some words " * 30
        store.add_spans([call(n, {semconv.INPUT_MESSAGES: messages(f"{text} {n}")}) for n in range(first, first + 100)])
    for _ in range(50):
        store.add_spans([span(20_000)])
    store.close()
    assert path.stat().st_size < 3_000_000
    oldest, newest, count = ask("SELECT min(start_ns), max(start_ns), count(*) FROM spans")[0]
    assert oldest > START + 5_000 * SECOND
    assert newest == START + 20_000 * SECOND
    assert count > 250
    assert ask("PRAGMA integrity_check") == ["ok"]


def test_off_is_off(at: Callable[..., Store], ask: Ask) -> None:
    store = at(10**6, max_age=None, max_size=None)
    fill(store, 100)
    assert ask("SELECT count(*) FROM spans") == [100]


def test_a_batch_spends_little_time_on_it(at: Callable[..., Store], ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(at(0), 1000)
    monkeypatch.setattr(writing, "_room", lambda took: 0.0)
    at(10**6, max_age=1).add_spans([span(10**6)])
    assert ask("SELECT count(*) FROM spans") == [1001]


def test_prune(at: Callable[..., Store], ask: Ask, path: Path) -> None:
    store = at(1000)
    fill(store, 1000, "words to fill a page with " * 20)
    store.close()  # what is beside the file goes into it
    before = path.stat().st_size
    dropped = store.prune(older_than=500)
    assert dropped.rows == 500 + 498 + 500  # a verdict comes two seconds after its call
    assert ask("SELECT min(start_ns) FROM spans") == [START + 500 * SECOND]
    assert dropped.after < dropped.before
    assert path.stat().st_size < before * 0.7
    assert store.prune(larger_than=300_000).after <= 300_000
    assert ask("SELECT count(*) FROM spans")[0] < 500
    store.prune(older_than=0)
    assert ask("SELECT count(*) FROM spans") == [0]
    assert ask("SELECT count(*) FROM metric_series") == [0]
    assert ask("PRAGMA integrity_check") == ["ok"]


def test_prune_a_service(at: Callable[..., Store], ask: Ask) -> None:
    store = at(0)
    fill(store, 10)
    store.add_spans([span(100, source=DESK)])
    assert store.prune(service="shop").rows == 30
    assert ask("SELECT span_id FROM spans") == [span_id(100)]
    assert ask("SELECT count(*) FROM metric_series") == [0]


def test_the_index_of_texts_forgets_too(at: Callable[..., Store], path: Path) -> None:
    store = at(1000)
    fill(store, 100, "parcel")
    store.add_spans([call(5, {semconv.INPUT_MESSAGES: messages("a refund")}, end_ns=START + 100 * SECOND)])
    store.prune(older_than=950)
    db = sqlite3.connect(path)
    db.execute("INSERT INTO spans_text (spans_text, rank) VALUES ('integrity-check', 1)")
    found = db.execute("SELECT rowid FROM spans_text WHERE content LIKE '%parcel%'").fetchall()
    assert len(found) == 50
    db.close()
