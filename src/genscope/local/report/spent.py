"""Where the time of a trace went, and the rows of its waterfall."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from genscope.local.report.figures import Bar
from genscope.local.report.period import SECOND
from genscope.local.store.columns import CALLS
from genscope.local.store.results import Span

SORTS: Final = {
    "model": "model",
    "tool": "tool",
    "search": "search and rerank",
    "client": "other requests",
    "other": "the program itself",
}
"""What is waited for, in words. A moment counts for the first of these that goes on in it."""

_OPERATIONS: Final = {
    **dict.fromkeys(CALLS, "model"),
    "execute_tool": "tool",
    "retrieval": "search",
    "rerank": "search",
    "embedding": "search",
}
_LEAST_BARS: Final = 1


@dataclass(frozen=True, slots=True)
class _Interval:
    start: int
    end: int


def sort_of(span: Span) -> str:
    found = _OPERATIONS.get(span.operation or "")
    return found if found is not None else "client" if span.kind == "client" else "other"


def extent(spans: Sequence[Span]) -> tuple[int, int]:
    """From the first beginning to the last end, nanoseconds."""
    return min(one.start_ns for one in spans), max(one.start_ns + one.duration_ns for one in spans)


def spent(spans: Sequence[Span]) -> Mapping[str, float]:
    """Seconds by `SORTS`; in sum the extent of the trace. What nothing accounts for is the program itself."""
    start, end = extent(spans)
    found: dict[str, float] = {}
    before, taken = 0, list[_Interval]()
    for sort in SORTS:
        if sort == "other":
            break
        of_sort = [_Interval(s.start_ns, s.start_ns + s.duration_ns) for s in spans if sort_of(s) == sort]
        taken = [*_union([*taken, *of_sort])]
        covered = sum(one.end - one.start for one in taken)
        found[sort], before = (covered - before) / SECOND, covered
    found["other"] = (end - start - before) / SECOND
    return found


def _union(intervals: Sequence[_Interval]) -> Iterator[_Interval]:
    """Without overlaps, in order."""
    open_one: _Interval | None = None
    for one in sorted(intervals, key=lambda interval: interval.start):
        if open_one is None or one.start > open_one.end:
            if open_one is not None:
                yield open_one
            open_one = one
        elif one.end > open_one.end:
            open_one = _Interval(open_one.start, one.end)
    if open_one is not None:
        yield open_one


def bars(spans: Sequence[Span], most: int) -> list[Bar]:
    """In the order of a tree, parents before their children, siblings as they began. Of many the longest."""
    start, _ = extent(spans)
    ordered = list(_tree(spans))
    longest = sorted(ordered, key=lambda item: -item[1].duration_ns)[: max(most, _LEAST_BARS)]
    kept = {id(one) for _, one in longest}
    return [
        Bar(
            name=one.name,
            sort=sort_of(one),
            depth=depth,
            start=(one.start_ns - start) / SECOND,
            duration=one.duration_ns / SECOND,
            first_token=None if one.ttft_ns is None else min(one.ttft_ns, one.duration_ns) / SECOND,
            failed=one.status == "error" or one.error_kind is not None,
        )
        for depth, one in ordered
        if id(one) in kept
    ]


def _tree(spans: Sequence[Span]) -> Iterator[tuple[int, Span]]:
    """Spans with their depth. Without recursion, and whatever parents say: each comes once."""
    known = {one.span_id for one in spans}
    children: dict[str | None, list[Span]] = {}
    # Backwards: a stack gives back the last one first.
    for one in sorted(spans, key=lambda span: (span.start_ns, span.span_id), reverse=True):
        children.setdefault(one.parent_id if one.parent_id in known else None, []).append(one)
    seen = set[str]()
    waiting = [(0, one) for one in children.get(None, ())]
    while waiting:
        depth, one = waiting.pop()
        if one.span_id not in seen:
            seen.add(one.span_id)
            yield depth, one
            waiting += [(depth + 1, child) for child in children.get(one.span_id, ())]
    for one in spans:  # a ring of parents has no beginning
        if one.span_id not in seen:
            seen.add(one.span_id)
            yield 0, one
