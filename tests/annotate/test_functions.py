"""An annotated function is what it was: of the same kind, with the same signature, results, exceptions and laziness."""

from __future__ import annotations

import asyncio
import contextvars
import functools
import gc
import inspect
import pickle
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
from contract.recorder import Recorder
from opentelemetry.context import get_current
from opentelemetry.trace import StatusCode, get_current_span

import genscope

ALL = [
    genscope.workflow, genscope.agent, genscope.task, genscope.tool, genscope.retrieval, genscope.rerank,
    genscope.embedding,
]  # fmt: skip
WORDS = ["invoke_workflow", "invoke_agent", "task", "execute_tool", "retrieval", "rerank", "embedding"]


@genscope.tool
def at_module_level(text: str) -> str:
    """Says it again."""
    return text


def names(recorder: Recorder) -> list[str]:
    recorder.settle()
    return [span.name for span in recorder.spans()]


@pytest.mark.parametrize("annotate, word", list(zip(ALL, WORDS, strict=True)))
def test_every_kind_bare_named_and_around_a_block(annotate: Any, word: str, recorder: Recorder) -> None:
    @annotate
    def bare() -> object:
        return sentinel

    @annotate("named")
    def first() -> object:
        return sentinel

    @annotate(name="key", attributes={"app.version": 3})
    def second() -> object:
        return sentinel

    sentinel = object()
    assert bare() is first() is second() is sentinel
    with annotate("block") as span:
        span.set_attribute("app.step", 1)
    with annotate():
        pass
    assert names(recorder) == [f"{word} bare", f"{word} named", f"{word} key", f"{word} block", word]
    spans = recorder.spans()
    assert spans[2].attributes["app.version"] == 3
    assert spans[3].attributes["app.step"] == 1
    assert not [name for span in spans for name in span.attributes if "arguments" in name or "messages" in name]
    assert {span.status.status_code for span in spans} == {StatusCode.UNSET}


def test_signature_and_docstring_stay() -> None:
    assert str(inspect.signature(at_module_level)) == "(text: 'str') -> 'str'"
    assert at_module_level.__doc__ == "Says it again."
    assert at_module_level.__wrapped__("x") == "x"  # type: ignore[attr-defined]
    assert pickle.loads(pickle.dumps(at_module_level)) is at_module_level


@pytest.mark.parametrize("decorate", [genscope.tool, genscope.tool("named"), genscope.context(user_id="u")])
def test_the_kind_of_function_stays(decorate: Any) -> None:
    async def coroutine() -> None: ...
    def generator() -> Iterator[int]:
        yield 1

    async def async_generator() -> AsyncIterator[int]:
        yield 1

    assert inspect.iscoroutinefunction(decorate(coroutine))
    assert inspect.isgeneratorfunction(decorate(generator))
    assert inspect.isasyncgenfunction(decorate(async_generator))
    assert inspect.isgenerator(decorate(generator)())
    assert not inspect.isgeneratorfunction(decorate(len))
    assert inspect.iscoroutinefunction(decorate(functools.partial(coroutine)))


def test_what_is_no_function_is_refused() -> None:
    for wrong in (5, object(), type("Cls", (), {})):
        with pytest.raises(TypeError):
            genscope.tool(wrong)  # type: ignore[call-overload]


def test_methods_of_all_kinds(recorder: Recorder) -> None:
    class Shop:
        @genscope.tool
        def one(self, x: int) -> tuple[Any, int]:
            return self, x

        @genscope.tool
        @classmethod
        def two(cls, x: int) -> tuple[Any, int]:
            return cls, x

        @classmethod
        @genscope.tool
        def three(cls, x: int) -> tuple[Any, int]:
            return cls, x

        @genscope.tool
        @staticmethod
        def four(x: int) -> int:
            return x

        @genscope.tool
        async def five(self) -> Any:
            return self

        @genscope.tool
        def __call__(self) -> int:
            return 6

    shop = Shop()
    assert shop.one(1) == (shop, 1)
    assert shop.two(2) == Shop.two(2) == Shop.three(2) == (Shop, 2)
    assert shop.four(4) == Shop.four(4) == 4
    assert asyncio.run(shop.five()) is shop
    assert shop() == 6
    assert {name.split()[1] for name in names(recorder)} == {"one", "two", "three", "four", "five", "__call__"}


def test_arguments_that_do_not_fit_are_the_callers_mistake(captured: Recorder) -> None:
    @genscope.tool
    def search(query: str) -> None: ...

    with pytest.raises(TypeError, match="query"):
        search()  # type: ignore[call-arg]
    (span,) = captured.spans()
    assert span.attributes["error.type"] == "TypeError"


def test_a_generator_is_lazy_and_its_context_stays_inside(recorder: Recorder) -> None:
    steps: list[Any] = []

    @genscope.agent
    def count(n: int) -> Iterator[int]:
        steps.append(get_current_span())
        with genscope.context(user_id="inside"):
            for i in range(n):
                got = yield i
                steps.append((got, get_current_span(), genscope.tool("t").__enter__() and None))
        return "end"

    outside = get_current()
    generator = count(2)
    assert steps == []
    assert recorder.started == []
    assert next(generator) == 0
    assert get_current() is outside
    assert generator.send("a") == 1
    assert get_current() is outside
    with pytest.raises(StopIteration) as stop:
        next(generator)
    assert stop.value.value == "end"
    assert get_current() is outside
    assert steps[0] is not get_current_span()
    assert steps[1][0] == "a"
    agent = next(span for span in recorder.spans() if span.name == "invoke_agent count")
    assert agent.attributes["genscope.stream.outcome"] == "completed"


def test_what_a_body_attaches_around_a_yield_is_there_again_and_only_there(recorder: Recorder) -> None:
    @genscope.agent
    def body() -> Iterator[int]:
        with genscope.context(user_id="u1"):
            yield 1
            with genscope.tool("inner"):
                yield 2
        with genscope.tool("after"):
            yield 3

    for _ in body():
        with genscope.tool("consumer"):
            pass
    users = {span.name: span.attributes.get("user.id") for span in recorder.spans()}
    assert users == {
        "execute_tool consumer": None,
        "execute_tool inner": "u1",
        "execute_tool after": None,
        "invoke_agent body": None,
    }
    parents = {span.name: span.parent for span in recorder.spans()}
    assert parents["execute_tool consumer"] is None
    assert parents["execute_tool inner"] is not None
    assert "gen_ai.agent.name" not in next(s for s in recorder.spans() if "consumer" in s.name).attributes


@pytest.mark.parametrize("leave", ["break", "close", "drop", "throw", "never"])
def test_ways_to_leave_a_generator(leave: str, recorder: Recorder) -> None:
    cleaned: list[str] = []

    @genscope.agent
    def count() -> Iterator[int]:
        try:
            yield 1
            yield 2
        finally:
            cleaned.append("yes")

    generator = count()
    if leave != "never":
        assert next(generator) == 1
    error = ValueError("no")
    if leave == "close":
        generator.close()  # type: ignore[attr-defined]
    elif leave == "throw":
        with pytest.raises(ValueError) as raised:
            generator.throw(error)  # type: ignore[attr-defined]
        assert raised.value is error
    del generator
    gc.collect()
    if leave == "never":
        assert recorder.started == []
        return
    recorder.settle()
    (span,) = recorder.spans()
    assert cleaned == ["yes"]
    assert span.attributes["genscope.stream.outcome"] == ("failed" if leave == "throw" else "abandoned")
    assert (span.status.status_code is StatusCode.ERROR) == (leave == "throw")
    assert len(span.events) == (leave == "throw")


def test_a_generator_that_ignores_being_closed_behaves_as_before(recorder: Recorder) -> None:
    @genscope.agent
    def stubborn() -> Iterator[int]:
        try:
            yield 1
        except GeneratorExit:
            yield 2

    generator: Any = stubborn()
    next(generator)
    with pytest.raises(RuntimeError, match="ignored GeneratorExit"):
        generator.close()
    del generator
    gc.collect()
    recorder.settle()


async def test_an_async_generator(recorder: Recorder) -> None:
    @genscope.agent
    async def count(n: int) -> Any:
        with genscope.context(user_id="u1"):
            for i in range(n):
                await asyncio.sleep(0)
                with genscope.tool("inner"):
                    pass
                yield i

    outside = get_current()
    seen = []
    async for i in count(3):
        assert get_current() is outside
        seen.append(i)
    assert seen == [0, 1, 2]
    left = count(3)
    assert await left.__anext__() == 0
    await left.aclose()
    thrown = count(3)
    await thrown.__anext__()
    with pytest.raises(KeyError):
        await thrown.athrow(KeyError("x"))
    recorder.settle()
    agents = [span for span in recorder.spans() if span.name == "invoke_agent count"]
    assert [span.attributes["genscope.stream.outcome"] for span in agents] == ["completed", "abandoned", "failed"]
    assert {s.attributes.get("user.id") for s in recorder.spans() if "inner" in s.name} == {"u1"}


async def test_a_cancelled_coroutine(recorder: Recorder) -> None:
    reached = asyncio.Event()

    @genscope.tool
    async def wait() -> None:
        reached.set()
        await asyncio.Event().wait()

    task = asyncio.create_task(wait())
    await reached.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    (span,) = recorder.spans()
    assert span.attributes["error.type"] == "CancelledError"
    assert span.attributes["genscope.error.kind"] == "cancelled"


def test_a_coroutine_that_is_dropped(recorder: Recorder) -> None:
    class Never:
        def __await__(self) -> Iterator[None]:
            yield

    @genscope.tool
    async def wait() -> None:
        await Never()

    coroutine: Any = wait()
    contextvars.copy_context().run(coroutine.send, None)
    coroutine.close()  # in another context than it began in
    recorder.settle()
    (span,) = recorder.spans()
    assert span.status.status_code is StatusCode.UNSET


def test_the_end_of_an_iteration_is_no_error(recorder: Recorder) -> None:
    @genscope.tool
    def step(iterator: Iterator[int]) -> int:
        return next(iterator)

    with pytest.raises(StopIteration):
        step(iter(()))
    (span,) = recorder.spans()
    assert span.status.status_code is StatusCode.UNSET


def test_nothing_happens_without_a_provider_or_when_suppressed(recorder: Recorder) -> None:
    with genscope.suppress():
        assert at_module_level("x") == "x"
        with genscope.tool("y") as span:
            span.set_attribute("a", 1)
            span.set_input({"q": 1})
    genscope.uninstrument()
    assert at_module_level("x") == "x"
    assert list(gen()) == [1, 2]
    assert recorder.started == []


@genscope.agent
def gen() -> Iterator[int]:
    yield 1
    yield 2


async def test_one_annotation_in_many_tasks_and_within_itself(recorder: Recorder) -> None:
    shared = genscope.tool("shared")

    async def work(i: int) -> None:
        async with shared as span:
            span.set_attribute("i", i)
            await asyncio.sleep(0)
            with shared:
                await asyncio.sleep(0)

    await asyncio.gather(*map(work, range(50)))
    spans = {span.context.span_id: span for span in recorder.spans()}
    assert len(spans) == 100
    outer = [span for span in spans.values() if span.parent is None]
    assert sorted(span.attributes["i"] for span in outer) == list(range(50))
    children = [span for span in spans.values() if span.parent is not None]
    assert len({span.parent.span_id for span in children}) == 50
    assert all(spans[span.parent.span_id].start_time <= span.start_time for span in children)


def test_a_block_that_ends_in_another_context(recorder: Recorder, caplog: pytest.LogCaptureFixture) -> None:
    annotation = genscope.tool("t")
    contextvars.copy_context().run(annotation.__enter__)
    annotation.__exit__(None, None, None)
    assert names(recorder) == ["execute_tool t"]
    assert caplog.records == []
