"""A program whose spans go to the store: what the tests of processes start.

python program.py FILE WHAT
"""

from __future__ import annotations

import multiprocessing
import os
import sys
from threading import Thread

from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SimpleSpanProcessor

from genscope.local.store.exporters import StoreSpans

PLACE, WHAT = sys.argv[1:3]
SPANS = 300


def work(name: str, count: int = SPANS) -> None:
    for number in range(count):
        with trace.get_tracer("app").start_as_current_span(f"{name} {number}"):
            pass


def main() -> None:
    provider = TracerProvider()
    simple = WHAT in ("fork", "threads")
    provider.add_span_processor((SimpleSpanProcessor if simple else BatchSpanProcessor)(StoreSpans(PLACE)))
    trace.set_tracer_provider(provider)
    if WHAT == "batch":
        work(f"work of {os.getpid()}")
    if WHAT == "fork":  # with a connection that is open
        work("parent", 10)
        child = os.fork()
        if not child:
            work("child", 10)
            os._exit(0)
        work("parent again", 10)
        assert os.waitpid(child, 0)[1] == 0
        work("parent at last", 10)
    if WHAT == "threads":  # which write while the process forks
        context = multiprocessing.get_context("fork")
        threads = [Thread(target=work, args=(f"thread {number}", 100)) for number in range(4)]
        for thread in threads:
            thread.start()
        for number in range(5):
            child = context.Process(target=work, args=(f"child {number}", 10))
            child.start()
            child.join()
            assert child.exitcode == 0
        for thread in threads:
            thread.join()


if __name__ == "__main__":
    main()
