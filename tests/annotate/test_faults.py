"""What fails inside a span of ours, a span processor of the application's say, is in the log and nowhere else."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import pytest
from contract.broken import BreaksAtEnd, BreaksAtStart, Broken
from contract.recorder import Recorder
from opentelemetry.sdk.trace import SpanProcessor, TracerProvider
from opentelemetry.trace import get_current_span

import genscope


class NoMoreTracers(TracerProvider):
    """Has none once `genscope.instrument` has got one."""

    tracers = 1

    def get_tracer(self, *args: Any, **kwargs: Any) -> Any:
        if not self.tracers:
            raise Broken
        self.tracers -= 1
        return super().get_tracer(*args, **kwargs)


def provider_with(processor: SpanProcessor) -> TracerProvider:
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(processor)
    return provider


BROKEN: dict[str, tuple[Callable[[], TracerProvider], str]] = {
    "start": (lambda: provider_with(BreaksAtStart()), "beginning"),
    "end": (lambda: provider_with(BreaksAtEnd()), "ending"),
    "provider": (lambda: NoMoreTracers(shutdown_on_exit=False), "beginning"),
}


@pytest.fixture(params=BROKEN)
def broken(request: pytest.FixtureRequest, caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    make, moment = BROKEN[request.param]
    genscope.instrument(only=["openai"], threads=False, tracer_provider=make())
    yield
    genscope.uninstrument()
    assert [record.getMessage() for record in caplog.get_records("call") if record.name == "genscope"] == [
        f"genscope: {moment} an annotated span failed (Broken); the call is not affected"
    ]


RESULT = object()
ERROR = ValueError("the application's own")


@genscope.agent
def function(fails: bool) -> object:
    if fails:
        raise ERROR
    return RESULT


@genscope.tool
async def coroutine(fails: bool) -> object:
    await asyncio.sleep(0)
    return function.__wrapped__(fails)  # type: ignore[attr-defined]


@genscope.workflow
def generator(fails: bool) -> Iterator[object]:
    yield function.__wrapped__(fails)  # type: ignore[attr-defined]


@genscope.task
async def async_generator(fails: bool) -> AsyncIterator[object]:
    yield function.__wrapped__(fails)  # type: ignore[attr-defined]


def read(fails: bool) -> object:
    (item,) = generator(fails)
    return item


async def read_async(fails: bool) -> object:
    (item,) = [item async for item in async_generator(fails)]
    return item


def block(fails: bool) -> object:
    with genscope.rerank("block") as span:
        span.set_attribute("app.step", 1)
        span.set_input("in")
        span.set_output(["out"])
        return function.__wrapped__(fails)  # type: ignore[attr-defined]


async def async_block(fails: bool) -> object:
    async with genscope.retrieval("block"):
        return await coroutine.__wrapped__(fails)  # type: ignore[attr-defined]


def run(made: Any) -> Any:
    return asyncio.run(made) if asyncio.iscoroutine(made) else made


@pytest.mark.usefixtures("broken")
@pytest.mark.parametrize("way", [function, coroutine, read, read_async, block, async_block])
def test_results_and_exceptions_are_the_same(way: Callable[[bool], Any]) -> None:
    assert run(way(False)) is RESULT
    with pytest.raises(ValueError) as raised:
        run(way(True))
    assert raised.value is ERROR
    assert (ERROR.__cause__, ERROR.__context__) == (None, None)
    assert not get_current_span().get_span_context().is_valid


@pytest.mark.usefixtures("broken")
def test_a_generator_may_be_left() -> None:
    items = generator(False)
    assert next(items) is RESULT
    items.close()

    async def leave() -> None:
        async with contextlib.aclosing(async_generator(False)) as items:
            assert await anext(items) is RESULT

    asyncio.run(leave())


class Unbound:
    """As a proxy whose object is not there: whoever asks what it is gets an exception."""

    @property
    def __class__(self) -> Any:
        raise Broken


def test_items_that_cannot_be_looked_at() -> None:
    recorder, item = Recorder(), Unbound()

    @genscope.task
    def items() -> Iterator[Any]:
        yield item

    genscope.instrument(only=["openai"], threads=False, capture_message_content="SPAN_ONLY", **recorder.providers)
    try:
        (found,) = items()
    finally:
        genscope.uninstrument()
    assert found is item
    assert recorder.span().end_time


@pytest.mark.parametrize("listens", [True, False])
def test_a_mistake_in_what_is_said(listens: bool) -> None:
    """It harms no more where spans are recorded than where they are not."""
    recorder = Recorder()
    genscope.instrument(only=["openai"], threads=False, **(recorder.providers if listens else {}))
    wrong: Any = 5
    try:
        with genscope.task("t") as span:
            span.set_attribute([], wrong)  # type: ignore[arg-type]
            span.set_attributes(wrong)
            span.add_event("e", wrong)
    finally:
        genscope.uninstrument()
    assert len(recorder.spans()) == listens
