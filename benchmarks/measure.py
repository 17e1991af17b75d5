"""The measurements inside one process: CPU of a round, bytecodes and C calls, memory of open streams."""

from __future__ import annotations

import gc
import random
import sys
import time
import tracemalloc
from collections.abc import Callable
from types import FrameType
from typing import Any

from .cases import Work


def warm_up(work: Work) -> None:
    """Fill every cache, then take what exists out of later collections.

    A full collection of an SDK's heap costs more than a call and would land in some rounds only. What the measured
    code itself makes is still collected, at its expense.
    """
    for _ in range(3):
        work.run()
    gc.collect()
    gc.freeze()


def cpu_round(work: Work) -> float:
    """CPU microseconds per call, over all threads of the process."""
    run, repeat = work.run, work.case.repeat
    gc.collect()
    started = time.process_time_ns()
    for _ in range(repeat):
        run()
    return (time.process_time_ns() - started) / 1000 / (repeat * work.case.calls)


def counting_impossible() -> str | None:
    """Why bytecodes cannot be counted here, or None."""
    if sys.implementation.name != "cpython":
        return f"{sys.implementation.name} does not trace opcodes"
    if sys.gettrace() or sys.getprofile():
        return "a tracer or profiler is active in this process"
    monitoring: Any = getattr(sys, "monitoring", None)
    tools = [monitoring.get_tool(number) for number in range(6)] if monitoring else []
    if any(tools):
        return f"{next(filter(None, tools))} monitors this process"
    return None


def _count_once(run: Callable[[], object]) -> tuple[int, int]:
    opcodes = c_calls = 0

    def trace(frame: FrameType, event: str, _: object) -> Any:
        nonlocal opcodes
        if event == "opcode":
            opcodes += 1
        elif event == "call":
            frame.f_trace_opcodes = True
            frame.f_trace_lines = False
        return trace

    def profile(frame: FrameType, event: str, _: object) -> None:
        nonlocal c_calls
        if event == "c_call":
            c_calls += 1

    gc.collect()
    gc.disable()  # finalizers would run at a moment that depends on what came before
    random.seed(0)  # the OpenTelemetry SDK draws ids and the exemplars of counters
    sys.setprofile(profile)
    sys.settrace(trace)
    try:
        run()
    finally:
        sys.settrace(None)
        sys.setprofile(None)
        gc.enable()
    return opcodes, c_calls


def count(work: Work, times: int = 3) -> dict[str, float]:
    """Bytecodes and C calls per call on this thread: the same on every run, blind to what happens inside a C call.

    The least of a few, because a first time may still cost extra; and without the very first, because from Python 3.12
    on, what has run before gets its opcode events only after it was traced once.
    """
    _count_once(work.run)
    counts = [_count_once(work.run) for _ in range(times)]
    opcodes, c_calls = (min(column) / work.case.calls for column in zip(*counts, strict=True))
    return {"bytecodes": opcodes, "c_calls": c_calls}


def _open_streams(work: Work, number: int) -> list[Any]:
    """Streams read up to their last content chunk: what they hold then is what a slow reader makes us hold."""
    streams: list[Any] = []
    for _ in range(number):
        stream = work.open()
        for _ in range(work.case.chunks):
            next(stream)
        streams.append(stream)
    return streams


def _exhaust(streams: list[Any]) -> None:
    for stream in streams:
        for _ in stream:
            pass


def held_memory(work: Work, streams: int = 10) -> float:
    """Bytes of Python memory held per open stream, the SDK's own included."""
    _exhaust(_open_streams(work, 2))
    gc.collect()
    tracemalloc.start()
    before, _ = tracemalloc.get_traced_memory()
    held = _open_streams(work, streams)
    gc.collect()
    after, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    _exhaust(held)
    return (after - before) / streams
