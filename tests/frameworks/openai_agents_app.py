"""Agents of the OpenAI Agents SDK whose models are the simulator's, and the tree of spans that comes of them."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from textwrap import dedent
from typing import Any

import openai
import pytest
from contract.recorder import Recorder
from opentelemetry.context import get_current

import genscope
from genscope.local.simulator import Simulator

agents: Any = pytest.importorskip("agents", reason="openai-agents is not installed")
agents.set_trace_processors([])  # the SDK's own would send what happens here to OpenAI
try:
    agents.RunContextWrapper(context=None)
except ValueError:
    pytest.skip("this openai-agents does not run with this openai: 0.8 needs openai < 2.45", allow_module_level=True)

WAYS = ("run", "run_sync", "run_streamed")
API = ("responses", "chat")
CANARY = "canary-93c1"


class App:
    """Agents of one loop. Every call takes 23 tokens in, 7 out."""

    def __init__(self, simulator: Simulator, api: str = "responses") -> None:
        self._simulator = simulator
        self._kind = agents.OpenAIResponsesModel if api == "responses" else agents.OpenAIChatCompletionsModel
        self._clients: list[openai.AsyncOpenAI] = []

    def agent(self, name: str = "A", scenario: str = "tools", **options: Any) -> Any:
        return agents.Agent(name=name, model=self._kind("gpt-4o-mini", self.client(scenario)), **options)

    def client(self, scenario: str = "ok") -> openai.AsyncOpenAI:
        client = openai.AsyncOpenAI(base_url=self._simulator.base_url(scenario), api_key="none", max_retries=0)
        self._clients.append(client)
        return client

    def run(self, way: str, agent: Any, **options: Any) -> Any:
        """A whole run, in a loop of its own. Raises what it raises."""
        if way == "run_sync":
            try:
                return agents.Runner.run_sync(agent, "Hello", **options)
            finally:
                loop = asyncio.get_event_loop()
                loop.run_until_complete(self.close())
                asyncio.set_event_loop(None)
                loop.close()
        return asyncio.run(self._run(way, agent, options))

    async def _run(self, way: str, agent: Any, options: dict[str, Any]) -> Any:
        try:
            return await self.go(agent, way, **options)
        finally:
            await self.close()

    async def go(self, agent: Any, way: str = "run", **options: Any) -> Any:
        """A whole run, in this loop."""
        if way == "run":
            return await agents.Runner.run(agent, "Hello", **options)
        result = agents.Runner.run_streamed(agent, "Hello", **options)
        try:
            async for _ in result.stream_events():
                pass
        finally:
            await ended(result)
        return result

    async def close(self) -> None:
        for client in self._clients:
            await client.close()
        self._clients.clear()


async def ended(streamed: Any) -> None:
    """Until the task behind a stream has ended, in whatever way."""
    task = getattr(streamed, "run_loop_task", None) or streamed._run_impl_task
    await asyncio.wait([task])


async def all_ended(recorder: Recorder) -> None:
    """Until every span has: some releases of the SDK do not wait for the tools of a run that they cancel."""

    async def turn() -> None:
        while len(recorder.ended) < len(recorder.started):
            await asyncio.sleep(0)

    await asyncio.wait_for(turn(), 5.0)


@agents.function_tool
def weather(city: str) -> str:
    return f"sunny in {city}"


@agents.function_tool
async def forecast(city: str) -> dict[str, Any]:
    return {"city": city, "mail": "jane@example.com"}


@agents.function_tool
async def fails(city: str) -> str:
    raise ValueError(CANARY)


@agents.function_tool(failure_error_function=None)
async def raises(city: str) -> str:
    raise ValueError(CANARY)


@contextmanager
def instrumented(recorder: Recorder, caplog: pytest.LogCaptureFixture, **options: Any) -> Iterator[Recorder]:
    """The Agents SDK and that of its models with genscope on them. The first hides the faults of who listens to it."""
    usual: dict[str, Any] = {"raise_faults": True, "threads": False}
    genscope.instrument(only=["openai", "openai_agents"], **{**usual, **recorder.providers, **options})
    try:
        yield recorder
    finally:
        genscope.uninstrument()
        agents.set_trace_processors([])
    with caplog.at_level(logging.ERROR):
        assert not [one.getMessage() for one in caplog.records if "trace processor" in one.getMessage()]


@pytest.fixture
def recorder(caplog: pytest.LogCaptureFixture) -> Iterator[Recorder]:
    """Nothing of ours stays where we were."""
    before = get_current()
    with instrumented(Recorder(), caplog) as recorder:
        yield recorder
    assert get_current() == before


@pytest.fixture
def app(simulator: Simulator) -> App:
    """For whole runs: each has a loop of its own, and has closed what it opened when it is over."""
    return App(simulator)


@pytest.fixture
async def live_app(simulator: Simulator) -> AsyncIterator[App]:
    """For what is run in the loop of the test."""
    app = App(simulator)
    yield app
    await app.close()


def tree(recorder: Recorder) -> str:
    """The names of all spans, what is beneath another one further to the right, in the order in which they began."""
    recorder.settle()
    spans = sorted(recorder.spans(), key=lambda span: span.start_time or 0)
    known = {span.context.span_id for span in spans if span.context}

    def lines(parent: int | None, depth: int) -> Iterator[str]:
        for span in spans:
            above = span.parent.span_id if span.parent else None
            if above == parent or (parent is None and above not in known):
                yield "  " * depth + span.name
                yield from lines(span.context.span_id if span.context else None, depth + 1)

    return "\n".join(lines(None, 0))


def drawn(text: str) -> str:
    """A tree as it is written in a test."""
    return dedent(text).strip("\n")


def named(recorder: Recorder, name: str) -> Any:
    """The one span of this name."""
    (span,) = [span for span in recorder.spans() if span.name == name]
    return span


def sums(span: Any) -> dict[str, Any]:
    prefix = "genscope.subtree."
    return {name.removeprefix(prefix): value for name, value in span.attributes.items() if name.startswith(prefix)}
