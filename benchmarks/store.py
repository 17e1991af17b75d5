"""What the local store takes in and how fast it answers: `python -m benchmarks.store`.

Spans are those of `tests/store/samples.py`: two calls with realistic attributes to three spans of what is around them,
with content and without. They are made before the clock starts; to make a row of a span is part of what is measured. It
is CPU time, for the machine may be busy, and beside it the time on the wall; the best of three for questions.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from genscope.local.store.filters import Filters
from genscope.local.store.reading import Reader
from genscope.local.store.totals import KEYS
from genscope.local.store.writing import Store
from tests.store.samples import DESK, SECOND, START, many, trace_id

BATCH = 512
"""Spans, as OpenTelemetry's batch processor exports them."""

QUESTIONS: dict[str, Callable[[Reader], Any]] = {
    "page of traces": lambda reader: reader.traces(),
    "page of calls": lambda reader: reader.calls(),
    "page of traces of a user": lambda reader: reader.traces(Filters(user="user-15")),
    "page of calls that failed": lambda reader: reader.calls(Filters(failed=True)),
    "text that is there once": lambda reader: reader.calls(Filters(text="number 50005")),
    "text that is everywhere": lambda reader: reader.calls(Filters(text="parcel")),
    "text that is nowhere": lambda reader: reader.calls(Filters(text="no such words")),
    "one trace": lambda reader: reader.trace(trace_id(1)),
    "one conversation": lambda reader: reader.conversation("conversation-15"),
    **{f"totals by {by}": lambda reader, by=by: reader.totals(by) for by in KEYS},
    "totals by model, of a day": lambda reader: reader.totals("model", Filters(until_ns=START + 86_400 * SECOND)),
    "repeated prompts": lambda reader: reader.repeated(),
    "info": lambda reader: reader.info(),
}


def write(store: Store, count: int, *, content: bool) -> tuple[float, float]:
    """Spans for a second of CPU, and for one of the wall clock."""
    spans = list(many(count, content=content))
    began, used = time.perf_counter(), time.process_time()
    for first in range(0, count, BATCH):
        store.add_spans(spans[first : first + BATCH])
    return count / (time.process_time() - used), count / (time.perf_counter() - began)


def best(question: Callable[[], Any]) -> float:
    """Milliseconds of CPU."""
    fastest = float("inf")
    for _ in range(3):
        began = time.process_time()
        question()
        fastest = min(fastest, time.process_time() - began)
    return fastest * 1000


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.store", description=__doc__)
    parser.add_argument("--spans", type=int, default=100_000, help="in the store (%(default)s)")
    count: int = parser.parse_args().spans
    with TemporaryDirectory() as folder:
        print("| Written | Spans for a second of CPU | on the wall clock | File |\n|---|--:|--:|--:|")
        for name, content, limit in (
            ("without content", False, None),
            ("as much as the limit of size allows", True, 20e6),
            ("with content", True, None),
        ):
            store = Store(Path(folder, f"{name}.db"), max_size=limit)
            by_cpu, by_wall = write(store, count, content=content)
            store.close()
            print(f"| {name} | {by_cpu:,.0f} | {by_wall:,.0f} | {store.path.stat().st_size / 1e6:,.0f} MB |")
        print("\n| Question | ms of CPU |\n|---|--:|")
        with Reader(store.path) as reader:
            assert reader.names("service") == [DESK.resource["service.name"], "shop"]
            for name, question in QUESTIONS.items():
                print(f"| {name} | {best(lambda question=question: question(reader)):.1f} |")


if __name__ == "__main__":
    main()
