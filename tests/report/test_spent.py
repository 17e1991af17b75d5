"""Where the time of a trace went."""

from __future__ import annotations

from pathlib import Path
from random import Random
from typing import Any

import pytest

from genscope import semconv
from genscope.local.report.figures import SlowTrace

from .samples import DAY, SECOND, SHOP, call, figures, span

TRACE = f"{1:032x}"


def step(number: int, at: float, seconds: float, operation: str | None = None, **changes: Any) -> Any:
    name = semconv.OUR_OPERATION_NAME if operation == "rerank" else semconv.OPERATION_NAME
    about = {} if operation is None else {name: operation}
    given: dict[str, Any] = {"trace_id": TRACE, "attributes": about, "parent_id": f"{1:016x}"}
    return span(number, round(at * SECOND), seconds, **given | changes)


def slowest(path: Path, *spans: Any) -> SlowTrace:
    found = figures(path, list(spans)).slowest
    assert found
    return found[0]


def test_a_moment_counts_once(path: Path) -> None:
    """10 s: 1-4 a call, 3-6 a tool (4-6 of it alone), 5-7 a search (6-7), 8-9 a request; 1 + 1 + 1 nothing of these."""
    found = slowest(
        path,
        step(1, 0, 10, parent_id=None, kind="server"),
        call(2, SECOND, 3.0, trace_id=TRACE, parent_id=f"{1:016x}"),
        step(3, 3, 3, "execute_tool"),
        step(4, 5, 2, "rerank"),
        step(5, 8, 1, kind="client"),
    )
    assert found.duration == 10
    assert found.spent == {"model": 3, "tool": 2, "search": 1, "client": 1, "other": 3}
    assert [(bar.name, bar.depth, bar.sort, bar.start) for bar in found.bars] == [
        ("work", 0, "other", 0),
        ("chat big", 1, "model", 1),
        ("work", 1, "tool", 3),
        ("work", 1, "search", 5),
        ("work", 1, "client", 8),
    ]


def test_it_is_always_the_whole(path: Path) -> None:
    chance = Random(4)
    operations = (None, "execute_tool", "retrieval", "chat")
    spans = [
        step(n, chance.random() * 9, chance.random() * 5, chance.choice(operations), parent_id=f"{n // 2:016x}")
        for n in range(1, 60)
    ]
    found = slowest(path, *spans, call(99, 0, trace_id=TRACE))
    assert sum(found.spent.values()) == pytest.approx(found.duration)
    assert all(taken >= 0 for taken in found.spent.values())
    assert len(found.bars) + found.left_out == 60
    shortest = min(bar.duration for bar in found.bars)
    assert len(found.bars) == 24
    assert sum(1 for one in spans if (one.end_ns - one.start_ns) / SECOND > shortest) < 24


def test_whatever_parents_say(path: Path) -> None:
    """A ring, a parent that is not there, a span that is its own: each comes once."""
    spans = [
        call(2, 0, trace_id=TRACE, parent_id=f"{3:016x}"),
        step(3, 0, 2, parent_id=f"{2:016x}"),
        step(4, 1, 1, parent_id=f"{9:016x}"),
        step(5, 1, 0, parent_id=f"{5:016x}"),
    ]
    found = slowest(path, *spans)
    assert sorted(bar.name for bar in found.bars) == ["chat big", "work", "work", "work"]


def test_the_slowest_five_with_a_call(path: Path) -> None:
    calls = [call(n, n * SECOND, float(n)) for n in range(1, 9)]
    judged = call(20, 0, 99.0, said={semconv.OUR_OPERATION_NAME: "judge"})
    found = figures(path, [*calls, span(30, 0, 500), judged, call(40, -DAY, 300.0)]).slowest
    assert found is not None
    assert [one.duration for one in found] == [8, 7, 6, 5, 4]


def test_a_trace_in_short(path: Path) -> None:
    about = {semconv.TIME_TO_FIRST_TOKEN: 0.5}
    found = slowest(
        path,
        call(1, 0, 2.0, said=about, parent_id=f"{2:016x}"),
        span(2, -SECOND, 4, name="POST /ask", trace_id=TRACE, source=SHOP),
        call(3, 0, 1.0, said={semconv.ERROR_KIND: "timeout"}, cost=None, trace_id=TRACE, parent_id=f"{2:016x}"),
    )
    assert (found.name, found.service, found.calls, found.errors, found.cost) == ("POST /ask", "shop", 2, 1, 1.0)
    assert (found.start, found.duration) == ("2026-10-31T23:59:59Z", 4)
    assert [(bar.first_token, bar.failed) for bar in found.bars] == [(None, False), (0.5, False), (None, True)]
