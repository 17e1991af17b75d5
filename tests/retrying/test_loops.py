"""`genscope.retry` as a loop, gone through, left, and by many at once."""

from __future__ import annotations

import asyncio
import concurrent.futures
import gc
import inspect
import threading
import weakref
from collections.abc import Iterator
from typing import Any

import pytest
from contract.recorder import Recorder
from opentelemetry.context import get_current
from opentelemetry.trace import StatusCode, get_current_span

import genscope

from .conftest import Failing, lost, of_ours

pytest.importorskip("tenacity", reason="genscope.retry needs tenacity")


def test_a_loop_may_be_gone_through_again_and_by_many_at_once() -> None:
    retry = genscope.retry(attempts=3)
    results: list[int] = []

    def run() -> None:
        failing = Failing(*lost(2))
        for attempt in retry:
            with attempt:
                for inner in retry:
                    with inner:
                        pass
                results.append(failing()[0])

    threads = [threading.Thread(target=run) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    run()
    assert results == [3] * 9


def test_the_exception_leaves_the_block_not_the_loop() -> None:
    lines: list[str] = []
    with pytest.raises(ConnectionError) as caught:
        for attempt in genscope.retry(attempts=2):
            with attempt:
                lines.append("try")
                raise ConnectionError
            lines.append("swallowed")
    assert len(caught.traceback) == 1
    assert lines == ["try", "swallowed", "try"]


def test_an_attempt_that_nobody_enters_ends_the_loop(recorder: Recorder) -> None:
    assert len([*genscope.retry(attempts=5)]) == 1
    (span,) = of_ours(recorder, "retry")
    assert span.status.status_code is StatusCode.UNSET


@pytest.mark.parametrize("leave", ["break", "return", "raise", "before"])
def test_a_loop_that_is_left(leave: str, recorder: Recorder) -> None:
    def run() -> None:
        for attempt in genscope.retry():
            if leave == "before":
                break
            with attempt:
                if leave == "break":
                    break
                if leave == "return":
                    return
                raise ConnectionError
            raise ValueError

    if leave == "raise":
        with pytest.raises(ValueError):
            run()
    else:
        run()
    gc.collect()
    (span,) = of_ours(recorder, "retry")
    assert span.status.status_code is StatusCode.UNSET
    assert not get_current()


async def test_an_asynchronous_loop_that_is_left(recorder: Recorder) -> None:
    async for attempt in genscope.retry():
        async with attempt:
            raise ConnectionError
        break
    gc.collect()
    (span,) = of_ours(recorder, "retry")
    assert span.status.status_code is StatusCode.UNSET
    assert span.attributes["genscope.retry.kinds"] == ("connection",)


def test_a_coroutine_that_is_dropped(recorder: Recorder) -> None:
    class Forever:
        def __await__(self) -> Iterator[None]:
            yield

    @genscope.retry(spans=True)
    async def hang() -> None:
        await Forever()

    coroutine = hang()
    coroutine.send(None)
    coroutine.close()
    recorder.settle()
    assert [span.name for span in recorder.spans()] == ["attempt hang", "retry hang"]
    assert {span.status.status_code for span in recorder.spans()} == {StatusCode.UNSET}


@pytest.mark.filterwarnings("ignore:coroutine .* was never awaited:RuntimeWarning")
def test_a_coroutine_that_nobody_runs(recorder: Recorder) -> None:
    async def one() -> None: ...

    coroutine = genscope.retry(lambda: one())()
    assert inspect.iscoroutine(coroutine)
    coroutine.close()
    del coroutine
    gc.collect()
    recorder.settle()


def test_the_span_is_current_inside_of_the_block_only(recorder: Recorder) -> None:
    with recorder.tracer.start_as_current_span("outer") as outer:
        for attempt in genscope.retry(attempts=2):
            assert get_current_span() is outer
            with attempt as number:
                assert get_current_span() is not outer
                if number == 1:
                    raise ConnectionError
            assert get_current_span() is outer
    assert not get_current()


def test_the_attempts_of_a_generator_that_is_read_by_several_threads() -> None:
    """As a web framework reads it: each item in whatever thread is free."""

    def stream() -> Iterator[int]:
        for attempt in genscope.retry(attempts=3):
            yield 0
            with attempt as number:
                if number < 3:
                    raise ConnectionError
            yield number

    reader = stream()
    with concurrent.futures.ThreadPoolExecutor(1) as one, concurrent.futures.ThreadPoolExecutor(1) as other:
        items = [pool.submit(next, reader).result() for pool in (one, other, one, one, other, one)]
    assert items == [0, 1, 0, 2, 0, 3]


def test_an_exception_is_not_kept() -> None:
    class Mine(ConnectionError):
        pass

    seen: list[weakref.ref[Mine]] = []

    def fail() -> None:
        if len(seen) == 3:
            return
        error = Mine()
        seen.append(weakref.ref(error))
        try:
            raise error
        finally:
            del error

    gc.disable()
    try:
        genscope.retry(fail)()
        assert [ref() for ref in seen] == [None] * 3
    finally:
        gc.enable()


def test_one_try_after_the_other_in_one_loop_of_asyncio(recorder: Recorder) -> None:
    """Many at once, each with a span of its own."""

    @genscope.retry(attempts=3)
    async def answer(failing: Failing) -> Any:
        await asyncio.sleep(0)
        return failing()

    async def run() -> list[Any]:
        return await asyncio.gather(*(answer(Failing(*lost(n % 3))) for n in range(30)))

    assert [result[0] for result in asyncio.run(run())] == [n % 3 + 1 for n in range(30)]
    attempts = [span.attributes.get("genscope.retry.attempts", 1) for span in of_ours(recorder, "retry")]
    assert sorted(attempts) == sorted(n % 3 + 1 for n in range(30))
