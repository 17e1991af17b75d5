"""Following a stream without changing its type: the caller keeps the SDK's object, its iterator is followed in place.

Per chunk there is one clock reading and one fold; the rest is done once, at the end. A chunk is never withheld,
delayed or replaced, and an error of the stream reaches the caller as it is.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from itertools import count
from time import perf_counter
from typing import Any

from genscope.core.call import Call

Fold = Callable[[Any], None]


def follow(call: Call, source: Iterator[Any]) -> Iterator[Any]:
    """Yield what `source` yields. Ends `call` when `source` ends or raises, or when this iterator is dropped."""
    op, intake = call.op, Intake(call)
    try:
        for chunk in source:
            intake.take(chunk)
            yield chunk
            if op.first_token is not None:
                break
        # Nearly all chunks of a stream come here. zip counts them and reads the clock without a bytecode of ours.
        fold, ticks = intake.fold, zip(count(op.chunks + 1), iter(perf_counter, None), strict=False)
        for chunk, op.progress in zip(source, ticks, strict=False):
            try:
                fold(chunk)
            except Exception as fault:
                fold = intake.stop_reading(fault)
            yield chunk
    except GeneratorExit:
        call.abandon()
        raise
    except BaseException as error:
        call.fail(error)
        raise
    call.complete()


async def afollow(call: Call, source: AsyncIterator[Any]) -> AsyncIterator[Any]:
    """`follow` for an asynchronous iterator."""
    op, intake = call.op, Intake(call)
    try:
        async for chunk in source:
            intake.take(chunk)
            yield chunk
            if op.first_token is not None:
                break
        fold, chunks = intake.fold, op.chunks
        async for chunk in source:
            chunks += 1
            op.progress = (chunks, perf_counter())
            try:
                fold(chunk)
            except Exception as fault:
                fold = intake.stop_reading(fault)
            yield chunk
    except GeneratorExit:
        call.abandon()
        raise
    except BaseException as error:
        call.fail(error)
        raise
    call.complete()


class Intake:
    """Takes the chunks of one stream into the record."""

    __slots__ = ("_call", "_lead", "_op", "fold")

    def __init__(self, call: Call) -> None:
        self._call = call
        self._op = call.op
        self.fold: Fold = _pass
        self._lead: Callable[[Any], str | None] = _pass
        try:
            answer = call.expect_chunks()
            self.fold = _watched(call, answer.fold) if call.chunk_watchers else answer.fold
            self._lead = answer.lead
        except Exception as fault:
            self.stop_reading(fault)

    def take(self, chunk: Any) -> None:
        """Count, time and fold a chunk, and notice the first ones of their kind. Never raises."""
        op = self._op
        now = perf_counter()
        op.progress = (op.chunks + 1, now)
        if op.first_chunk is None:
            op.first_chunk = now
        try:
            self.fold(chunk)
            if op.first_token is None:
                kind = self._lead(chunk)
                if kind == "text":
                    op.first_token = now
                elif kind == "reasoning" and op.first_reasoning_token is None:
                    op.first_reasoning_token = now
        except Exception as fault:
            self.stop_reading(fault)

    def stop_reading(self, fault: Exception) -> Fold:
        """After a fault the rest of the stream is passed on unread; what was collected so far stays."""
        self._call.faults.report(f"reading a {self._op.name} stream", fault)
        self.fold = _pass
        return _pass


def _pass(chunk: Any) -> None:
    pass


def _watched(call: Call, fold: Fold) -> Fold:
    op, watchers = call.op, call.chunk_watchers
    previous: float | None = None

    def fold_and_tell(chunk: Any) -> None:
        nonlocal previous
        fold(chunk)
        now = op.last_chunk
        gap = None if previous is None or now is None else now - previous
        previous = now
        for watch in watchers:
            try:
                watch(op, chunk, gap)
            except Exception as fault:
                call.faults.report("a stage's look at a chunk", fault)

    return fold_and_tell
