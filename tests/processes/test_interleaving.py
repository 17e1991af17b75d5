"""Calls that run at the same time, in threads, tasks and event loops: each span tells of its own call only."""

from __future__ import annotations

import asyncio
import contextvars
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import openai
import pytest
import trio
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from genscope.instrumentors import OpenAIInstrumentor
from genscope.local.simulator import Simulator

from .provider import arguments, client, expected

# Trio says of every generator that it was left unfinished; the SDK leaves its own so, also at the end of a stream.
pytestmark = pytest.mark.filterwarnings(r"ignore:Async generator '(openai|httpx2?|httpcore2?)\.:ResourceWarning")

THREADS, CALLS, TASKS = 16, 50, 50


class Telemetry:
    """Spans in memory, genscope's and those of the callers, which are named by the number of the call."""

    def __init__(self) -> None:
        self._exporter = InMemorySpanExporter()
        self.provider = TracerProvider(shutdown_on_exit=False)
        self.provider.add_span_processor(SimpleSpanProcessor(self._exporter))
        self._tracer = self.provider.get_tracer("callers")

    def caller(self, number: int) -> Any:
        """A span of the application around a call."""
        return self._tracer.start_as_current_span(f"{number}")

    def spans(self) -> list[ReadableSpan]:
        """Those of genscope."""
        return [span for span in self._exporter.get_finished_spans() if span.instrumentation_scope.name == "genscope"]

    def each_has_its_own(self, numbers: Iterator[int] | range) -> None:
        """One span for each number, with what belongs to it, below its caller's."""
        callers = {
            span.get_span_context().span_id: int(span.name)
            for span in self._exporter.get_finished_spans()
            if span.instrumentation_scope.name == "callers"
        }
        told = {callers[span.parent.span_id]: dict(span.attributes or {}) for span in self.spans() if span.parent}
        assert len(self.spans()) == len(told)
        assert {number: {name: tell[name] for name in expected(number)} for number, tell in told.items()} == {
            number: expected(number) for number in numbers
        }


@pytest.fixture
def telemetry() -> Iterator[Telemetry]:
    telemetry, meters = Telemetry(), MeterProvider(shutdown_on_exit=False)
    OpenAIInstrumentor().instrument(
        skip_dep_check=True, tracer_provider=telemetry.provider, meter_provider=meters, raise_faults=True
    )
    yield telemetry
    OpenAIInstrumentor().uninstrument()


def call(telemetry: Telemetry, provider: Any, number: int) -> None:
    """Every other call is a stream."""
    with telemetry.caller(number):
        if number % 2:
            provider.chat.completions.create(**arguments(number))
        else:
            for _ in provider.chat.completions.create(**arguments(number, stream=True)):
                pass


async def acall(telemetry: Telemetry, provider: Any, number: int, pause: Callable[[], Any]) -> None:
    """The same; other tasks get their turn after each chunk."""
    with telemetry.caller(number):
        if number % 2:
            await provider.chat.completions.create(**arguments(number))
        else:
            async for _ in await provider.chat.completions.create(**arguments(number, stream=True)):
                await pause()


def test_threads(telemetry: Telemetry) -> None:
    clients = [client(number) for number in range(50)]
    numbers = range(THREADS * CALLS)
    with ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(lambda number: call(telemetry, clients[number % 50], number), numbers))
    telemetry.each_has_its_own(numbers)


def _on_asyncio(main: Callable[[], Coroutine[Any, Any, None]]) -> None:
    asyncio.run(main())


def _on_uvloop(main: Callable[[], Coroutine[Any, Any, None]]) -> None:
    loop = pytest.importorskip("uvloop").new_event_loop()
    try:
        loop.run_until_complete(main())
        loop.run_until_complete(loop.shutdown_asyncgens())
    finally:
        loop.close()


async def _all_asyncio(works: list[Coroutine[Any, Any, None]]) -> None:
    await asyncio.gather(*works)


async def _all_trio(works: list[Coroutine[Any, Any, None]]) -> None:
    async def wait_for(work: Coroutine[Any, Any, None]) -> None:
        await work

    async with trio.open_nursery() as nursery:
        for work in works:
            nursery.start_soon(wait_for, work)


@pytest.mark.parametrize(
    "run, pause, run_all",
    [
        pytest.param(_on_asyncio, lambda: asyncio.sleep(0), _all_asyncio, id="asyncio"),
        pytest.param(_on_uvloop, lambda: asyncio.sleep(0), _all_asyncio, id="uvloop"),
        pytest.param(trio.run, lambda: trio.sleep(0), _all_trio, id="trio"),
    ],
)
def test_tasks(telemetry: Telemetry, run: Any, pause: Any, run_all: Any) -> None:
    async def main() -> None:
        clients = [client(number, asynchronous=True) for number in range(TASKS)]
        await run_all([acall(telemetry, clients[number], number, pause) for number in range(TASKS)])

    run(main)
    telemetry.each_has_its_own(range(TASKS))


def test_a_context_of_its_own(telemetry: Telemetry) -> None:
    """`asyncio.to_thread` and copies of a context: the parent is the caller's, wherever the call is made."""
    provider = client(0)

    def run(number: int) -> None:
        provider.chat.completions.create(**arguments(50 * number))

    async def main() -> None:
        with telemetry.caller(50):
            await asyncio.to_thread(run, 1)
        with telemetry.caller(100):
            copied = contextvars.copy_context()
        with telemetry.caller(1), ThreadPoolExecutor(1) as pool:
            pool.submit(copied.run, run, 2).result()
            contextvars.copy_context().run(copied.run, run, 2)
            await asyncio.get_running_loop().run_in_executor(pool, run, 3)  # it starts with an empty context

    asyncio.run(main())
    first, second, third, fourth = telemetry.spans()
    assert fourth.parent is None
    assert second.parent == third.parent != first.parent
    assert [(span.attributes or {})["gen_ai.request.seed"] for span in telemetry.spans()] == [50, 100, 100, 150]


def test_trio_with_real_connections(telemetry: Telemetry, simulator: Simulator) -> None:
    """The openai SDK leaves the choice of the event loop to anyio."""
    simulator.reset()

    def provider(scenario: str, **options: float) -> openai.AsyncOpenAI:
        return openai.AsyncOpenAI(api_key="sk", base_url=simulator.base_url(scenario, **options), max_retries=1)

    async def read(number: int, cancelled: trio.CancelScope) -> None:
        async with provider("ok", chunks=number) as own:
            usage = {"include_usage": True}
            with telemetry.caller(number):
                chunks = await own.chat.completions.create(**arguments(number, stream=True, stream_options=usage))
                async for _ in chunks:
                    pass

    async def is_cancelled_while_it_waits(number: int, cancelled: trio.CancelScope) -> None:
        async with provider("hang") as own:
            with cancelled:
                await own.chat.completions.create(**arguments(number))

    async def is_cancelled_while_it_reads(number: int, cancelled: trio.CancelScope) -> None:
        async with provider("midhang") as own:
            with cancelled:
                async for _ in await own.chat.completions.create(**arguments(number, stream=True)):
                    pass

    async def leaves(number: int, cancelled: trio.CancelScope) -> None:
        async with (
            provider("midhang") as own,
            await own.chat.completions.create(**arguments(number, stream=True)) as chunks,
        ):
            async for _ in chunks:
                break

    async def tries_again(number: int, cancelled: trio.CancelScope) -> None:
        async with provider("retry") as own:
            await own.chat.completions.create(**arguments(number))

    def all_are_held() -> bool:
        return simulator.wait_until(lambda simulator: simulator.held == 2)

    async def main() -> None:
        scopes = [trio.CancelScope() for _ in range(7)]
        async with trio.open_nursery() as nursery:
            others = (is_cancelled_while_it_waits, is_cancelled_while_it_reads, leaves, tries_again)
            for number, work in enumerate((read, read, read, *others), 1):
                nursery.start_soon(work, number, scopes[number - 1])
            assert await trio.to_thread.run_sync(all_are_held)
            for scope in scopes:
                scope.cancel()

    trio.run(main)
    told = {(span.attributes or {})["gen_ai.request.seed"]: dict(span.attributes or {}) for span in telemetry.spans()}
    assert len(told) == len(telemetry.spans()) == 7
    assert [told[number]["gen_ai.usage.output_tokens"] for number in (1, 2, 3)] == [1, 2, 3]
    assert {told[number].get("genscope.stream.outcome") for number in (1, 2, 3)} == {"completed"}
    assert [number for number in sorted(told) if told[number].get("genscope.error.kind") == "cancelled"] == [4, 5]
    assert told[4]["error.type"] == told[5]["error.type"] == "Cancelled"
    assert told[6]["genscope.stream.outcome"] == "abandoned"
    assert told[7]["genscope.retry.attempts"] == 2
