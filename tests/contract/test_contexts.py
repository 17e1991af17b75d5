"""Law 4: no context is attached across a yield, and the parent is the context at call time."""

from __future__ import annotations

import asyncio
import gc
import logging
import time
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextvars import Context, copy_context
from threading import Barrier
from typing import Any

import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import ReadableSpan

from genscope.local.simulator import Simulator

from .cases import SDKS
from .recorder import CALLER, Recorder, instrumented
from .stand_ins import StandIn, answer, recorded, stream
from .test_endings import streaming_api
from .vocabulary import MODES, Mode, Sdk


@pytest.fixture(autouse=True)
def _nothing_is_logged(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    with caplog.at_level(logging.WARNING):
        yield
    assert [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING] == []


@pytest.fixture(params=SDKS, ids=repr)
def sdk(request: pytest.FixtureRequest) -> Any:
    return request.param


class Provider(StandIn):
    """Answers all requests at once, streams in pieces; notes the current span while it is asked."""

    def __init__(self, sdk: Sdk, mode: Mode, simulator: Simulator) -> None:
        self.api = streaming_api(sdk)
        self.current: list[Any] = []
        self._whole = recorded(sdk, self.api, simulator, stream=False)
        self._events = recorded(sdk, self.api, simulator, stream=True)
        super().__init__(sdk, mode, self._reply)

    def _reply(self, request: Any) -> Any:
        self.current.append(trace.get_current_span())
        if b'"stream":true' not in request.content.replace(b" ", b""):
            return answer(self.sdk, self._whole)
        return stream(
            self.sdk, self.mode, lambda: (self._events[at : at + 64] for at in range(0, len(self._events), 64))
        )


def parent_of(span: ReadableSpan) -> int | None:
    return span.parent.span_id if span.parent else None


def id_of(span: Any) -> int:
    identifier: int = span.get_span_context().span_id
    return identifier


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("streamed", [False, True])
def test_the_span_is_current_while_the_request_is_sent(
    sdk: Sdk, mode: Mode, streamed: bool, simulator: Simulator
) -> None:
    """HTTP spans become its children, and logs carry its id; afterwards it is current no more."""
    provider = Provider(sdk, mode, simulator)
    more = {"stream": True} if streamed else {}

    async def acall() -> None:
        result = await provider.ask(provider.api, **more)
        assert trace.get_current_span() is caller
        if streamed:
            async for _ in result:
                assert trace.get_current_span() is caller
        await provider.http.aclose()

    with instrumented(sdk) as recorder, recorder.tracer.start_as_current_span(CALLER) as caller:
        if mode == "async":
            asyncio.run(acall())
        else:
            result = provider.ask(provider.api, **more)
            assert trace.get_current_span() is caller
            for _ in result if streamed else ():
                assert trace.get_current_span() is caller
            provider.http.close()
        assert trace.get_current_span() is caller
    (current,) = provider.current
    assert id_of(current) == id_of(recorder.span())
    assert parent_of(recorder.span()) == id_of(caller)


def test_fifty_tasks_at_once(sdk: Sdk, simulator: Simulator) -> None:
    """Each call has its own caller for a parent, also when all are in flight together."""
    provider, recorder = Provider(sdk, "async", simulator), Recorder()

    async def one(number: int) -> int:
        with recorder.tracer.start_as_current_span(f"{CALLER} {number}") as caller:
            chunks = await provider.ask(provider.api, stream=True)
            async for _ in chunks:
                await asyncio.sleep(0)
            return id_of(caller)

    async def main() -> list[int]:
        callers = await asyncio.gather(*map(one, range(50)))
        await provider.http.aclose()
        return callers

    with instrumented(sdk, recorder):
        callers = asyncio.run(main())
    assert sorted(callers) == sorted(parent_of(span) or 0 for span in recorder.spans())


def test_twenty_threads_at_once(sdk: Sdk, simulator: Simulator) -> None:
    provider, recorder, together = Provider(sdk, "sync", simulator), Recorder(), Barrier(20)

    def one(number: int) -> int:
        with recorder.tracer.start_as_current_span(f"{CALLER} {number}") as caller:
            together.wait()
            for _ in provider.ask(provider.api, stream=True):
                pass
            return id_of(caller)

    with instrumented(sdk, recorder), ThreadPoolExecutor(20) as pool:
        callers = list(pool.map(one, range(20)))
    provider.http.close()
    assert sorted(callers) == sorted(parent_of(span) or 0 for span in recorder.spans())


def test_the_span_begins_with_the_call_and_not_with_the_reading(sdk: Sdk, simulator: Simulator) -> None:
    provider = Provider(sdk, "sync", simulator)
    with instrumented(sdk) as recorder:
        before = time.time_ns()
        chunks = provider.ask(provider.api, stream=True)
        called = time.time_ns()
        with recorder.tracer.start_as_current_span("the reader's own"):
            list(chunks)
        read = time.time_ns()
    provider.http.close()
    (span,) = recorder.spans()
    assert span.parent is None
    assert span.start_time is not None
    assert span.end_time is not None
    assert before <= span.start_time <= called <= span.end_time <= read + 1_000_000


def test_a_stream_read_by_callbacks(sdk: Sdk, simulator: Simulator) -> None:
    """`call_soon` runs each in the context that was current when it was scheduled, or in the one given."""
    provider = Provider(sdk, "sync", simulator)

    async def main() -> None:
        loop, done = asyncio.get_running_loop(), asyncio.get_running_loop().create_future()
        with recorder.tracer.start_as_current_span(CALLER):
            chunks = provider.ask(provider.api, stream=True)

        def read() -> None:
            if next(chunks, None) is None:
                done.set_result(None)
            else:
                loop.call_soon(read, context=contexts[len(contexts) % 2])
                contexts.append(Context())

        contexts = [Context(), copy_context()]
        loop.call_soon(read)
        await done

    with instrumented(sdk) as recorder:
        asyncio.run(main())
    provider.http.close()
    assert (recorder.span().attributes or {})["genscope.stream.outcome"] == "completed"


@pytest.mark.parametrize("held", [True, False], ids=["held", "dropped"])
def test_a_generator_of_the_application_is_finalised_by_the_loop(sdk: Sdk, held: bool, simulator: Simulator) -> None:
    """The application's own async generator over a stream is left half way: asyncio closes it in a task of its own."""
    provider = Provider(sdk, "async", simulator)
    kept = []

    async def texts() -> AsyncIterator[Any]:
        with recorder.tracer.start_as_current_span(CALLER):
            chunks = await provider.ask(provider.api, stream=True)
        async for chunk in chunks:
            yield chunk

    async def main() -> None:
        generator = texts()
        async for _ in generator:
            break
        if held:
            kept.append(generator)  # until asyncio.run() shuts the generators down
        del generator
        gc.collect()

    with instrumented(sdk) as recorder:
        asyncio.run(main())
        kept.clear()
        gc.collect()
        asyncio.run(provider.http.aclose())
        recorder.settle()
    assert (recorder.span().attributes or {})["genscope.stream.outcome"] == "abandoned"


def test_the_loop_shuts_down_with_an_open_stream(sdk: Sdk, simulator: Simulator) -> None:
    provider = Provider(sdk, "async", simulator)
    kept = []

    async def main() -> None:
        kept.append(await provider.ask(provider.api, stream=True))
        await anext(aiter(kept[0]))

    with instrumented(sdk) as recorder:
        asyncio.run(main())
        kept.clear()
        gc.collect()
        asyncio.run(provider.http.aclose())
        recorder.settle()
    assert (recorder.span().attributes or {})["genscope.stream.outcome"] == "abandoned"


def test_a_coroutine_that_is_never_awaited(sdk: Sdk, simulator: Simulator) -> None:
    """Nothing was called, so there is nothing to tell; Python's own warning remains."""
    provider = Provider(sdk, "async", simulator)
    with instrumented(sdk) as recorder:
        coroutine = provider.ask(provider.api)
        coroutine.close()
        asyncio.run(provider.http.aclose())
    assert recorder.started == []


@pytest.mark.parametrize("dropped", [True, False], ids=["dropped", "closed"])
def test_a_coroutine_that_is_left_half_way(sdk: Sdk, dropped: bool, simulator: Simulator) -> None:
    """Closed instead of awaited to its end, perhaps in another context than the one it began in."""
    waiting: list[Any] = []

    async def never(request: Any) -> Any:
        waiting.append(trace.get_current_span())
        await asyncio.Event().wait()

    api = streaming_api(sdk)
    provider = StandIn(sdk, "async", never)

    async def main() -> None:
        coroutine = provider.ask(api)
        elsewhere = copy_context()
        while not waiting:  # what a task does
            pending = elsewhere.run(coroutine.send, None)
            if pending is not None and not waiting:
                pending._asyncio_future_blocking = False
                await asyncio.wait([pending])
        if dropped:
            del coroutine
            gc.collect()
        else:
            Context().run(coroutine.close)
        assert not trace.get_current_span().is_recording()
        await provider.http.aclose()

    with instrumented(sdk) as recorder:
        asyncio.run(main())
        recorder.settle()
    assert len(waiting) == 1
    attributes = recorder.span().attributes or {}
    assert attributes["genscope.error.kind"] == "cancelled"
    assert attributes["error.type"] == "GeneratorExit"


@pytest.mark.parametrize("mode", MODES)
def test_a_call_inside_a_call(sdk: Sdk, mode: Mode, simulator: Simulator) -> None:
    """A gateway in the application's HTTP client asks another model first: two spans, one inside the other."""
    inner, api = Provider(sdk, "sync", simulator), streaming_api(sdk)
    whole = recorded(sdk, api, simulator, stream=False)

    def gateway(request: Any) -> Any:
        inner.ask(api)
        return answer(sdk, whole)

    outer = StandIn(sdk, mode, gateway)

    async def acall() -> None:
        await outer.ask(api)
        await outer.http.aclose()

    with instrumented(sdk) as recorder:
        if mode == "async":
            asyncio.run(acall())
        else:
            outer.ask(api)
            outer.http.close()
    inner.http.close()
    first, second = recorder.spans()
    assert parent_of(first) == id_of(second)
    assert second.parent is None
