"""Applications of LangChain's and LangGraph's over the simulator, and what their traces look like."""

from __future__ import annotations

import asyncio
import itertools
import os
import warnings
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from contract.recorder import Recorder
from opentelemetry import trace
from opentelemetry.sdk.trace import ReadableSpan

import genscope
from genscope.local.simulator import USAGE, Simulator

WHY = "LangChain is not installed here"
pytest.importorskip("langchain_core", reason=WHY)
pytest.importorskip("langgraph", reason=WHY)
os.environ["LANGSMITH_TRACING"] = "false"

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # of what they will not do any more some day
    import anthropic
    import openai
    from langchain_anthropic import ChatAnthropic
    from langchain_core.documents import Document
    from langchain_core.retrievers import BaseRetriever
    from langchain_core.runnables import RunnableConfig
    from langchain_core.tools import tool
    from langchain_openai import ChatOpenAI
    from langgraph.prebuilt import create_react_agent

CHAT = "chat gpt-4o"
CLAUDE = "chat claude-sonnet-4-5"
OPTIONS: dict[str, Any] = {"raise_faults": True, "threads": False, "cost": False}
WARNINGS = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::PendingDeprecationWarning")

_unique = itertools.count(11)


class Models:
    """Chat models whose clients are closed when the test is over."""

    def __init__(self, simulator: Simulator) -> None:
        self._simulator = simulator
        self._http: list[Any] = []

    def __call__(self, scenario: str = "ok", **options: Any) -> ChatOpenAI:
        http = openai.DefaultAsyncHttpxClient()
        self._http.append(http.aclose)
        url = self._simulator.base_url(scenario)
        usual: dict[str, Any] = {"stream_usage": True, "http_async_client": http}
        return ChatOpenAI(model="gpt-4o", api_key="sk-none", base_url=url, max_retries=0, **usual | options)  # pyright: ignore

    def claude(self, scenario: str = "ok", **options: Any) -> ChatAnthropic:
        # LangChain keeps one client for each URL, which belongs to the loop that it was used in first.
        url = self._simulator.base_url(scenario, after=next(_unique))
        model = ChatAnthropic(model="claude-sonnet-4-5", api_key="none", base_url=url, max_retries=0, **options)  # pyright: ignore
        asynchronous: anthropic.AsyncAnthropic = model._async_client
        self._http.append(asynchronous.close)
        return model

    async def close(self) -> None:
        for close in self._http:
            await close()


@pytest.fixture
async def models(simulator: Simulator) -> AsyncIterator[Models]:
    simulator.reset()
    models = Models(simulator)
    yield models
    await models.close()


@pytest.fixture
def recorder() -> Iterator[Recorder]:
    with traced() as recorder:
        yield recorder


@contextmanager
def traced(recorder: Recorder | None = None, **options: Any) -> Iterator[Recorder]:
    recorder = recorder or Recorder()
    only = ["langchain", "openai", "anthropic"]
    genscope.instrument(only=only, **OPTIONS | options, **recorder.providers)
    try:
        yield recorder
    finally:
        genscope.uninstrument()


def agent(model: Any, tools: Any, **options: Any) -> Any:
    """That of LangGraph: an older application may have it, and a newer one still."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return create_react_agent(model, tools, **options)


@tool
def weather(location: str) -> str:
    """The weather of a place."""
    mark("in the tool")
    return f"{location}: rain"


class Library(BaseRetriever):
    """A retriever that looks nowhere."""

    def _get_relevant_documents(self, query: str, *, run_manager: Any) -> list[Document]:
        mark("in the retriever")
        return [Document("Paris is the capital of France.", id="d1", metadata={"page": 7})]


class AsyncLibrary(Library):
    async def _aget_relevant_documents(self, query: str, *, run_manager: Any) -> list[Document]:
        mark("in the retriever")
        await asyncio.sleep(0)
        mark("in the retriever still")
        return [Document("Paris is the capital of France.")]


def library() -> BaseRetriever:
    return Library(name="library")


_recording: list[Recorder] = []


@pytest.fixture(autouse=True)
def _marks(request: pytest.FixtureRequest) -> Iterator[None]:
    if "recorder" in request.fixturenames:
        _recording.append(request.getfixturevalue("recorder"))
    yield
    _recording.clear()


def mark(name: str) -> None:
    """A span of the application's, or of an HTTP library's, where this is called."""
    for recorder in _recording[-1:]:
        recorder.tracer.start_span(name).end()


def nothing_current() -> bool:
    """Whether no span is current here."""
    return not trace.get_current_span().get_span_context().is_valid


def tree(recorder: Recorder) -> list[str]:
    """The names of the spans, indented, in the order of their beginning; every one that began has ended, once."""
    recorder.settle()
    assert len(recorder.ended) == len(recorder.started)
    beneath: dict[int | None, list[ReadableSpan]] = {}
    for span in sorted(recorder.ended, key=lambda span: span.start_time or 0):
        beneath.setdefault(span.parent.span_id if span.parent else None, []).append(span)

    def lines(id: int | None, indent: str) -> Iterator[str]:
        for span in beneath.pop(id, ()):
            yield indent + span.name
            yield from lines(span.context.span_id if span.context else 0, indent + "  ")

    found = list(lines(None, ""))
    assert not beneath, f"lost: {beneath}"
    return found


def named(recorder: Recorder, name: str) -> list[ReadableSpan]:
    return [span for span in recorder.ended if span.name == name]


def one(recorder: Recorder, name: str) -> ReadableSpan:
    (span,) = named(recorder, name)
    return span


def said(recorder: Recorder, name: str) -> dict[str, Any]:
    """The attributes of the one span of this name."""
    return dict(one(recorder, name).attributes or {})


def usage(recorder: Recorder, outermost: str) -> dict[str, Any]:
    """What the inference spans say that was used, which has to be what the outermost span says."""
    calls = [dict(span.attributes or {}) for span in recorder.spans() if span.name.startswith("chat ")]
    total = {
        "llm_calls": len(calls),
        "input_tokens": sum(call["gen_ai.usage.input_tokens"] for call in calls),
        "output_tokens": sum(call["gen_ai.usage.output_tokens"] for call in calls),
    }
    attributes = said(recorder, outermost)
    assert {name: attributes[f"genscope.subtree.{name}"] for name in total} == total
    return total


def bill(simulator: Simulator) -> dict[str, Any]:
    """What the provider has answered."""
    calls = len(simulator.requests)
    return {
        "llm_calls": calls,
        "input_tokens": calls * USAGE.prompt,
        "output_tokens": calls * USAGE.completion,
    }


def is_fine(recorder: Recorder) -> bool:
    """Whether no span says that something went wrong."""
    return all(span.status.is_unset and not span.events for span in recorder.ended)


def config(**configurable: Any) -> RunnableConfig:
    return {"configurable": configurable}


async def collected(items: AsyncIterator[Any]) -> list[Any]:
    return [item async for item in items]
