"""Waiting does not block an event loop, and may be interrupted; faults of ours are nobody's."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from contract.recorder import Recorder
from opentelemetry.sdk.trace import Span as SdkSpan
from opentelemetry.trace import StatusCode

import genscope
from genscope.retrying import clock

from .conftest import Clock, Failing, lost, of_ours

pytest.importorskip("tenacity", reason="genscope.retry needs tenacity")


async def test_a_cancelled_task(recorder: Recorder, waits: Clock) -> None:
    waiting = asyncio.Event()

    @genscope.retry
    async def hang() -> None:
        waiting.set()
        await asyncio.Event().wait()

    task = asyncio.create_task(hang())
    await waiting.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    (span,) = of_ours(recorder, "retry")
    assert span.attributes["genscope.error.kind"] == "cancelled"
    assert waits.slept == []


async def test_cancelled_while_it_waits(recorder: Recorder, monkeypatch: pytest.MonkeyPatch) -> None:
    waiting = asyncio.Event()

    async def asleep(seconds: float) -> None:
        waiting.set()
        await asyncio.Event().wait()

    monkeypatch.setattr(clock, "asleep", asleep)
    failing = Failing(*lost(2))

    @genscope.retry
    async def fail() -> Any:
        return failing()

    task = asyncio.create_task(fail())
    await waiting.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert failing.calls == 1
    (span,) = of_ours(recorder, "retry")
    assert span.status.status_code is StatusCode.ERROR
    assert span.attributes["genscope.error.kind"] == "cancelled"
    assert span.attributes["genscope.retry.attempts"] == 1
    assert span.attributes["genscope.retry.kinds"] == ("connection",)


def test_interrupted_while_it_waits(recorder: Recorder, monkeypatch: pytest.MonkeyPatch) -> None:
    def sleep(seconds: float) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(clock, "sleep", sleep)
    failing = Failing(*lost(2))
    with pytest.raises(KeyboardInterrupt):
        genscope.retry(lambda: failing())()
    (span,) = of_ours(recorder, "retry")
    assert span.status.status_code is StatusCode.ERROR


async def test_waiting_in_an_event_loop_blocks_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    failing, ticks = Failing(*lost(1)), 0

    async def tick() -> None:
        nonlocal ticks
        while failing.calls < 2:
            ticks += 1
            await asyncio.sleep(0)

    @genscope.retry(max_wait=0.01)
    async def answer() -> Any:
        return failing()

    assert (await asyncio.gather(answer(), tick()))[0][0] == 2
    assert ticks > 1


def test_in_trio(monkeypatch: pytest.MonkeyPatch) -> None:
    trio = pytest.importorskip("trio")
    monkeypatch.undo()
    failing = Failing(*lost(2))

    @genscope.retry(max_wait=0.01)
    async def answer() -> Any:
        return failing()

    assert trio.run(answer)[0] == 3

    @genscope.retry
    async def hang() -> None:
        await trio.sleep_forever()

    async def give_up() -> None:
        with trio.move_on_after(0.01):
            await hang()

    trio.run(give_up)


def test_a_span_that_fails_itself_fails_nobody(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise RuntimeError("a fault")

    recorder = Recorder()
    genscope.instrument(only=["openai"], threads=False, **recorder.providers)
    try:
        for method in ("add_event", "set_attributes"):
            monkeypatch.setattr(SdkSpan, method, fail)
        for spans in (False, True):
            failing = Failing(*lost(2))
            assert genscope.retry(spans=spans)(lambda: failing())()[0] == 3  # noqa: B023
            failing = Failing(last := KeyError())
            with pytest.raises(KeyError) as caught:
                genscope.retry(spans=spans)(lambda: failing())()  # noqa: B023
            assert caught.value is last
    finally:
        genscope.uninstrument()
    assert "the call is not affected" in caplog.text


def test_a_fault_of_ours_while_it_is_decided_lets_the_exception_pass(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any) -> None:
        raise RuntimeError("a fault")

    recorder = Recorder()
    genscope.instrument(only=["openai"], threads=False, **recorder.providers)
    try:
        monkeypatch.setattr("genscope.retrying.retries.asked_wait", fail)
        failing = Failing(*(errors := lost(1)))
        with pytest.raises(ConnectionError) as caught:
            genscope.retry(spans=True)(lambda: failing())()
    finally:
        genscope.uninstrument()
    assert caught.value is errors[0]
    recorder.settle()
    assert {span.status.status_code for span in recorder.spans()} == {StatusCode.ERROR}


def test_a_try_is_entered_once() -> None:
    for attempt in genscope.retry():
        with attempt:
            pass
        with pytest.raises(RuntimeError, match="has been tried"):
            attempt.__enter__()


def test_thousands_of_attempts(recorder: Recorder) -> None:
    failing = Failing(*lost(1999))
    assert genscope.retry(attempts=2000, max_wait=0)(lambda: failing())()[0] == 2000
    (span,) = of_ours(recorder, "retry")
    assert span.attributes["genscope.retry.attempts"] == 2000
    assert len(span.attributes["genscope.retry.kinds"]) == 128
