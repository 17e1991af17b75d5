"""What has come is told, once, to whoever listens."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
from store.samples import call, span, trace_id, verdict

from genscope.local.store.reading import Reader
from genscope.local.store.writing import Store

from . import messages
from .messages import protobuf
from .served import Live, Served


def test_what_is_received_is_told(served: Served) -> None:
    with served.live() as live:
        assert live.response.getheader("content-type") == "text/event-stream; charset=utf-8"
        first = live.next()
        assert (first["id"], first["spans"], first["reset"]) == ("0.0", 0, False)
        served.post("traces", protobuf(messages.call(1), messages.span(2)))
        news = live.next()
        assert (news["spans"], news["calls"], news["errors"]) == (2, 1, 0)
        assert set(news["traces"]) == {messages.trace_id(1), messages.trace_id(2)}
        assert news["id"] == news["position"] == served.get("/api/info")["position"]


def test_what_another_process_writes_is_told(served: Served) -> None:
    """By the exporters of a program that `genscope run` runs, past this server."""
    with served.live() as live:
        live.next()
        other = Store(served.store)
        other.add_spans([call(1)])
        other.add_logs([verdict(1, 0.5)])
        other.close()
        assert live.until(spans=1, evaluations=1) == {"spans": 1, "evaluations": 1}


def test_who_comes_back_is_told_what_was_missed_and_nothing_twice(served: Served) -> None:
    with served.live() as live:
        begin = live.next()["id"]
    served.post("traces", protobuf(messages.call(1)))
    with Live(served.address, {"after": begin}) as live:
        seen = live.next()
        assert seen["traces"] == [messages.trace_id(1)]
    served.post("traces", protobuf(messages.call(2)))
    with Live(served.address, {"after": begin}, last_event_id=seen["id"]) as live:  # as a browser reconnects
        assert live.next()["traces"] == [messages.trace_id(2)]


def test_the_position_of_a_list_misses_nothing(served: Served) -> None:
    position = served.get("/api/traces")["position"]
    served.post("traces", protobuf(messages.call(1)))
    with served.live(after=position) as live:
        assert live.next()["spans"] == 1


def test_another_file_is_told(served: Served) -> None:
    served.post("traces", protobuf(*(messages.call(number) for number in range(1, 10))))
    with served.live() as live:
        assert live.next()["id"] == "9.0"
        other = served.store.with_name("other.db")
        store = Store(other)
        store.add_spans([call(1)])
        store.close()
        for suffix in ("-wal", "-shm"):
            Path(f"{served.store}{suffix}").unlink(missing_ok=True)
        other.rename(served.store)
        news = live.next()
        assert (news["reset"], news["id"]) == (True, "1.0")


def test_the_end_of_the_server_ends_the_stream(served: Served) -> None:
    with served.live() as live:
        live.next()
        assert served.end() == 0
        assert list(live.events()) == []


def test_more_pages_than_there_is_room_for_are_refused(served: Served) -> None:
    pages = [served.live() for _ in range(32)]
    for page in pages:
        page.next()
    refused = served.request("GET", "/api/live")
    assert (refused.status, refused.headers["retry-after"]) == (503, "5")
    for page in pages:
        page.__exit__()
    served.post("traces", protobuf(messages.call(1)))  # by which the server notices that they have gone
    while served.request("HEAD", "/api/live").status == 503:
        pass


# --- without a server


def test_news_come_in_parts_and_too_many_at_once_are_not_told(tmp_path: Path) -> None:
    store = Store(tmp_path / "store.db")
    store.add_spans(span(number) for number in range(1, 12_001))
    with Reader(store.path) as reader:
        position, seen = "0.0", 0
        while news := reader.news(position):
            assert news.spans <= 5000
            assert len(news.traces) <= 100
            position, seen = news.position, seen + news.spans
        assert (position, seen) == ("12000.0", 12_000)
        store.add_spans(span(number) for number in range(20_000, 45_000))
        news = reader.news(position)
        assert (news.reset, news.spans, news.position) == (True, 0, "37000.0")
        assert reader.news(news.position).spans == 0
    store.close()


def test_news_are_found_by_their_ids(tmp_path: Path) -> None:
    store = Store(tmp_path / "store.db")
    store.add_spans([call(1)])
    store.close()
    with Reader(store.path) as reader:
        statements: list[str] = []
        db: sqlite3.Connection = reader._db  # pyright: ignore[reportPrivateUsage]
        db.set_trace_callback(statements.append)
        assert reader.news("0.0").traces == [trace_id(1)]
        db.set_trace_callback(None)
        plans = [row[3] for sql in statements for row in db.execute(f"EXPLAIN QUERY PLAN {sql}")]
        assert any(plan.startswith("SEARCH spans USING INTEGER PRIMARY KEY (rowid>") for plan in plans)
        assert [plan for plan in plans if plan.startswith("SCAN spans")] == []


@pytest.mark.parametrize("said", ["", "1", "1.", ".1", "-1.0", "a.b", "1.1.1", "²." + "1", "9" * 50 + ".0", "1 .0"])
def test_what_is_no_position(tmp_path: Path, said: str) -> None:
    Store(tmp_path / "store.db").migrate()
    with Reader(tmp_path / "store.db") as reader, pytest.raises(ValueError, match="is no position"):
        reader.news(said)
