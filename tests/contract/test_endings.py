"""Law 3: exactly one span, ended exactly once, when nobody ends the call properly."""

from __future__ import annotations

import asyncio
import gc
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.metrics.view import ExplicitBucketHistogramAggregation, View
from opentelemetry.sdk.trace import ReadableSpan, SpanProcessor

from genscope.local.simulator import Simulator

from .cases import SDKS
from .processes import importing, python
from .recorder import Recorder, instrumented
from .stand_ins import StandIn, recorded, stream
from .vocabulary import MODES, Api, Mode, Sdk

ABANDONED = {"sync": 2000, "async": 300}
GIVEN_UP_AFTER = 10.0
"""Seconds after which a thread counts as blocked for ever."""


def streaming_api(sdk: Sdk) -> Api:
    return next(api for api in sdk.apis if api.frames)


def endless(sdk: Sdk, mode: Mode, simulator: Simulator) -> StandIn:
    """A provider that never ends a stream."""
    body = recorded(sdk, streaming_api(sdk), simulator, stream=True).replace(b"data: [DONE]\n\n", b"")

    def pieces() -> Iterator[bytes]:
        while True:
            yield body

    return StandIn(sdk, mode, lambda request: stream(sdk, mode, pieces))


def put_in_cycle(thing: Any) -> None:
    """Make it a part of garbage that only the collector finds."""
    cycle: list[Any] = [thing]
    cycle.append(cycle)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("sdk", SDKS, ids=repr)
def test_abandoned_streams_leave_nothing_behind(sdk: Sdk, mode: Mode, simulator: Simulator) -> None:
    api, provider = streaming_api(sdk), endless(sdk, mode, simulator)
    started = ended = 0

    class Counter(SpanProcessor):
        def on_start(self, *args: Any, **kwargs: Any) -> None:
            nonlocal started
            started += 1

        def on_end(self, span: ReadableSpan) -> None:
            nonlocal ended
            ended += 1
            assert (span.attributes or {})["genscope.stream.outcome"] == "abandoned"

    def abandon(number: int) -> None:
        for _ in range(number):
            chunks = provider.ask(api, stream=True)
            next(iter(chunks))
            put_in_cycle(chunks)

    async def aabandon(number: int) -> None:
        for _ in range(number):
            chunks = await provider.ask(api, stream=True)
            await anext(aiter(chunks))
            put_in_cycle(chunks)

    def objects(number: int) -> int:
        """How many objects there are after so many streams."""
        if mode == "sync":
            abandon(number)
        else:
            asyncio.run(aabandon(number))
        gc.collect()
        return len(gc.get_objects())

    recorder = Recorder()
    with instrumented(sdk, recorder):
        recorder.tracer_provider._active_span_processor._span_processors = (Counter(),)
        before = objects(ABANDONED[mode] // 4)
        after = objects(ABANDONED[mode])
    if mode == "sync":
        provider.http.close()
    else:
        asyncio.run(provider.http.aclose())
    assert started == ended == ABANDONED[mode] // 4 + ABANDONED[mode]
    assert after - before < 500  # less than one object for each stream
    (duration,) = recorder.points("gen_ai.client.operation.duration")
    assert duration.count == started


class Collecting(SpanProcessor):
    """A garbage collection in the middle of the OpenTelemetry SDK, with a lock of this processor's own held."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.before: Callable[[], None] | None = None
        self.ended = 0

    def on_end(self, span: ReadableSpan) -> None:
        with self.lock:
            self.ended += 1
            if self.before is not None:
                before, self.before = self.before, None
                before()
                gc.collect()


class CollectingAggregation(ExplicitBucketHistogramAggregation):
    """A garbage collection while the metrics SDK holds its lock: it makes the aggregation of a new attribute set."""

    before: Callable[[], None] | None = None

    def _create_aggregation(self, *args: Any, **kwargs: Any) -> Any:
        cls = type(self)
        if cls.before is not None:
            before, cls.before = cls.before, None
            before()
            gc.collect()
        return super()._create_aggregation(*args, **kwargs)


def _orphan(provider: StandIn, api: Api) -> Callable[[], None]:
    """What to do in the moment before the collection: leave an open stream behind as garbage."""
    chunks = [provider.ask(api, stream=True)]
    next(iter(chunks[0]))

    def drop() -> None:
        put_in_cycle(chunks.pop())

    return drop


def _in_time(work: Callable[[], None]) -> None:
    """Do it in a thread that may block for ever, and say so if it does."""
    failed: list[BaseException] = []

    def run() -> None:
        try:
            work()
        except BaseException as error:
            failed.append(error)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    thread.join(GIVEN_UP_AFTER)
    assert not thread.is_alive(), "blocked"
    assert not failed, failed


@pytest.mark.parametrize("sdk", SDKS, ids=repr)
def test_a_collection_inside_a_span_processor_does_not_block(sdk: Sdk, simulator: Simulator) -> None:
    api, provider, recorder, collecting = streaming_api(sdk), endless(sdk, "sync", simulator), Recorder(), Collecting()
    recorder.tracer_provider.add_span_processor(collecting)
    with instrumented(sdk, recorder):

        def work() -> None:
            collecting.before = _orphan(provider, api)
            provider.ask(api, stream=True).close()

        _in_time(work)
        recorder.settle()
    provider.http.close()
    assert [(span.attributes or {})["genscope.stream.outcome"] for span in recorder.spans()] == ["abandoned"] * 2


@pytest.mark.parametrize("sdk", SDKS, ids=repr)
def test_a_collection_inside_a_measurement_does_not_block(sdk: Sdk, simulator: Simulator) -> None:
    api, provider, recorder = streaming_api(sdk), endless(sdk, "sync", simulator), Recorder()
    view = View(instrument_name="gen_ai.client.operation.duration", aggregation=CollectingAggregation())
    reader = InMemoryMetricReader()
    meter_provider = MeterProvider([reader], views=[view], shutdown_on_exit=False)
    with instrumented(sdk, recorder, meter_provider=meter_provider):

        def work() -> None:
            CollectingAggregation.before = _orphan(provider, api)
            provider.ask(api, stream=True).close()

        _in_time(work)
        recorder.settle()
    provider.http.close()
    assert CollectingAggregation.before is None, "no collection took place"
    data: Any = reader.get_metrics_data()
    metrics = data.resource_metrics[0].scope_metrics[0].metrics
    counts = {metric.name: sum(getattr(p, "count", 0) for p in metric.data.data_points) for metric in metrics}
    assert counts["gen_ai.client.operation.duration"] == 2


@pytest.mark.parametrize("sdk", SDKS, ids=repr)
def test_two_threads_end_one_stream(sdk: Sdk, simulator: Simulator) -> None:
    """One reads it, the other closes it: whoever comes first ends the span, and only he."""
    api, provider, rounds = streaming_api(sdk), endless(sdk, "sync", simulator), 50
    with instrumented(sdk) as recorder:
        for _ in range(rounds):
            chunks = provider.ask(api, stream=True)
            iterator, together = iter(chunks), threading.Barrier(2)
            next(iterator)

            def close(chunks: Any = chunks, together: threading.Barrier = together) -> None:
                together.wait()
                chunks.close()

            thread = threading.Thread(target=close)
            thread.start()
            together.wait()
            try:
                for _ in range(5):
                    next(iterator)
            except Exception:
                pass  # the stream was closed under it: as it is without genscope
            thread.join()
            del chunks, iterator, close
        gc.collect()
        recorder.settle()
    provider.http.close()
    assert len(recorder.started) == len(recorder.ended) == rounds
    (duration,) = recorder.points("gen_ai.client.operation.duration")
    assert duration.count == rounds


_EXPORTING = """
import os, sys, gc, asyncio, time
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SimpleSpanProcessor, SpanExporter

class Printer(SpanExporter):
    seconds = 0

    def export(self, spans):
        time.sleep(self.seconds)
        for span in spans:
            outcome = span.attributes.get("genscope.stream.outcome")
            os.write(1, f"{'child' if os.getpid() != parent else 'parent'} {span.name} {outcome}\\n".encode())

parent = os.getpid()
provider = TracerProvider()
trace.set_tracer_provider(provider)
"""


@pytest.mark.parametrize("sdk", SDKS, ids=repr)
def test_the_interpreter_exits_with_open_streams(sdk: Sdk, simulator: Simulator) -> None:
    """Held by a global, in a cycle, never iterated, of a loop that is gone: each ends, before the exporter does."""
    program = f"""
    {_EXPORTING.replace(chr(10), chr(10) + "    ")}
    provider.add_span_processor(BatchSpanProcessor(Printer()))
    sys.path[:0] = [{_tests()!r}]
    {importing(sdk)} as sdk
    sdk.instrumentor().instrument(skip_dep_check=True)
    api = next(api for api in sdk.apis if api.frames)

    def client_of(mode):
        return sdk.client(mode, sys.argv[1], sdk.http_client(mode))

    def ask(client):
        return getattr(api.of(client), api.method)(**api.arguments, stream=True)

    client = client_of("sync")
    held = ask(client)
    next(iter(held))
    unread = ask(client)
    cycle = [ask(client)]
    next(iter(cycle[0]))
    cycle.append(cycle)
    raw = getattr(api.of(client).with_raw_response, api.method)(**api.arguments, stream=True)

    async def begin(client):
        stream = await ask(client)
        await anext(aiter(stream))
        return stream

    loop = asyncio.new_event_loop()
    asynchronous = client_of("async")
    aheld = loop.run_until_complete(begin(asynchronous))
    """
    lines = python(program, simulator.base_url("midhang"))
    simulator.reset()
    assert lines == [f"parent {streaming_api(sdk).span_name} abandoned"] * 5


@pytest.mark.parametrize("sdk", SDKS, ids=repr)
def test_the_interpreter_exits_while_a_slow_exporter_is_at_work(sdk: Sdk, simulator: Simulator) -> None:
    """A span that is on its way when the program ends arrives, as it does for every other instrumentation."""
    program = f"""
    {_EXPORTING.replace(chr(10), chr(10) + "    ")}
    Printer.seconds = 0.3
    provider.add_span_processor(SimpleSpanProcessor(Printer()))
    sys.path[:0] = [{_tests()!r}]
    {importing(sdk)} as sdk
    sdk.instrumentor().instrument(skip_dep_check=True)
    api = next(api for api in sdk.apis if api.frames)
    client = sdk.client("sync", sys.argv[1], sdk.http_client("sync"))
    stream = getattr(api.of(client), api.method)(**api.arguments, stream=True)
    next(iter(stream))
    stream.close()
    """
    lines = python(program, simulator.base_url("midhang"))
    simulator.reset()
    assert lines == [f"parent {streaming_api(sdk).span_name} abandoned"]


@pytest.mark.parametrize("sdk", SDKS, ids=repr)
def test_a_fork_does_not_end_the_streams_of_its_parent(sdk: Sdk, simulator: Simulator) -> None:
    program = f"""
    {_EXPORTING.replace(chr(10), chr(10) + "    ")}
    provider.add_span_processor(SimpleSpanProcessor(Printer()))
    sys.path[:0] = [{_tests()!r}]
    {importing(sdk)} as sdk
    sdk.instrumentor().instrument(skip_dep_check=True)
    api = next(api for api in sdk.apis if api.frames)
    client = sdk.client("sync", sys.argv[1], sdk.http_client("sync"))

    def ask():
        return getattr(api.of(client), api.method)(**api.arguments, stream=True)

    opened = ask()
    chunks = iter(opened)
    next(chunks)
    if os.fork() == 0:
        del chunks, opened
        gc.collect()
        client.close()
        client = sdk.client("sync", sys.argv[2], sdk.http_client("sync"))
        list(ask())  # a call of the child's own
        client.close()
        sys.exit()
    os.wait()
    opened.close()
    client.close()
    """
    name = streaming_api(sdk).span_name
    lines = python(program, simulator.base_url("midhang"), simulator.base_url("ok"))
    simulator.reset()
    assert lines == [f"child {name} completed", f"parent {name} abandoned"]


def _tests() -> str:
    """Where a process of its own finds this package."""
    return __file__.rpartition("/contract/")[0]
