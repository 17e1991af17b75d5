"""Runs that do not come to their end: streams that are left, and work that is cancelled."""

from __future__ import annotations

import asyncio
import gc
from threading import Lock
from typing import Any, TypedDict

import pytest
from contract.recorder import Recorder

pytest.importorskip("langgraph", reason="LangChain and LangGraph are not installed here")

from langchain_core.runnables import RunnableLambda
from langchain_core.tools import tool
from langgraph.graph import START, StateGraph

from genscope.local.simulator import Simulator

from .langchain_app import CHAT, WARNINGS, AsyncLibrary, Models, agent, mark, nothing_current, one, said, tree, weather
from .langchain_app import _marks as _marks
from .langchain_app import models as models
from .langchain_app import recorder as recorder

pytestmark = WARNINGS

ASKED = {"messages": [("user", "How is the weather?")]}


class State(TypedDict):
    text: str


def failed(recorder: Recorder) -> dict[str, Any]:
    """Name and `error.type` of the spans that are errors."""
    return {span.name: (span.attributes or {}).get("error.type") for span in recorder.ended if not span.status.is_unset}


# --- streams that are left


@pytest.mark.parametrize("leaving", ["close", "break", "drop"])
def test_a_stream_that_is_left(leaving: str, models: Models, recorder: Recorder) -> None:
    chain = (RunnableLambda(lambda text: text) | models()).with_config(run_name="chain")
    stream: Any = chain.stream("Which city?")
    next(stream)
    assert nothing_current()
    if leaving == "close":
        stream.close()
    elif leaving == "break":
        for _ in stream:
            break
    del stream
    gc.collect()
    assert nothing_current()
    assert tree(recorder) == ["invoke_workflow chain", f"  {CHAT}"]
    assert failed(recorder) == {}
    assert said(recorder, CHAT)["genscope.stream.outcome"] == "abandoned"


def test_a_stream_that_is_collected_anywhere(models: Models, recorder: Recorder) -> None:
    """A garbage collection strikes with any lock held, that of an exporter too."""
    exporter, end = Lock(), recorder.on_end

    def on_end(span: Any) -> None:
        with exporter:
            end(span)

    class Circle:
        def __init__(self, stream: Any) -> None:
            self.stream, self.itself = stream, self

    recorder.on_end = on_end  # pyright: ignore[reportAttributeAccessIssue]
    circle = Circle((RunnableLambda(lambda text: text) | models()).with_config(run_name="chain").stream("Which city?"))
    next(circle.stream)
    with exporter:
        del circle
        gc.collect()
    assert tree(recorder) == ["invoke_workflow chain", f"  {CHAT}"]


@pytest.mark.parametrize("leaving", ["close", "drop"])
async def test_an_asynchronous_stream_that_is_left(leaving: str, models: Models, recorder: Recorder) -> None:
    chain = (RunnableLambda(lambda text: text) | models()).with_config(run_name="chain")
    stream: Any = chain.astream("Which city?")
    await anext(stream)
    assert nothing_current()
    if leaving == "close":
        await stream.aclose()
    del stream
    gc.collect()
    for _ in range(2_000):  # the loop closes what was dropped, one generator after the other
        await asyncio.sleep(0)
    assert nothing_current()
    assert tree(recorder) == ["invoke_workflow chain", f"  {CHAT}"]
    assert failed(recorder) == {}


@pytest.mark.parametrize("asynchronous", [False, True])
async def test_the_stream_of_a_graph_that_is_left(asynchronous: bool, models: Models, recorder: Recorder) -> None:
    asking = agent(models("tools"), [weather], name="a")
    if asynchronous:
        stream = asking.astream(ASKED, stream_mode="updates")
        await anext(stream)
        await stream.aclose()
    else:
        stream = asking.stream(ASKED, stream_mode="updates")
        next(stream)
        stream.close()
    assert nothing_current()
    assert tree(recorder)[:3] == ["invoke_agent a", "  task agent", f"    {CHAT}"]
    assert failed(recorder) == {}
    assert said(recorder, "invoke_agent a")["genscope.stream.outcome"] == "abandoned"


# --- cancellation


async def cancelled(work: Any, begun: asyncio.Event) -> None:
    running = asyncio.ensure_future(work)
    await begun.wait()
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running


async def test_a_node_that_is_cancelled(recorder: Recorder) -> None:
    begun = asyncio.Event()

    async def work(state: State) -> State:
        begun.set()
        await asyncio.Event().wait()
        return state

    graph = StateGraph(State)
    graph.add_node("work", work)
    graph.add_edge(START, "work")
    await cancelled(graph.compile(name="app").ainvoke({"text": ""}), begun)
    assert nothing_current()
    assert tree(recorder) == ["invoke_workflow app", "  task work"]
    assert failed(recorder) == {"invoke_workflow app": "CancelledError", "task work": "CancelledError"}
    assert {said(recorder, span.name)["genscope.error.kind"] for span in recorder.ended} == {"cancelled"}


async def test_tools_and_retrievers_that_are_cancelled(recorder: Recorder) -> None:
    """LangChain tells nobody of their end."""
    begun = asyncio.Event()

    @tool
    async def wait(place: str) -> str:
        """Waits."""
        begun.set()
        await asyncio.Event().wait()
        return place

    class Waiting(AsyncLibrary):
        async def _aget_relevant_documents(self, query: str, *, run_manager: Any) -> Any:
            begun.set()
            await asyncio.Event().wait()

    await cancelled(wait.ainvoke({"place": "x"}), begun)
    begun.clear()
    await cancelled(Waiting(name="waiting").ainvoke("x"), begun)
    begun.clear()
    await cancelled(RunnableLambda(wait.ainvoke).with_config(run_name="chain").ainvoke({"place": "x"}), begun)
    assert nothing_current()
    assert tree(recorder) == [
        "execute_tool wait",
        "retrieval waiting",
        "invoke_workflow chain",
        "  execute_tool wait",
    ]
    assert set(failed(recorder).values()) == {"CancelledError"}


async def test_a_call_that_is_cancelled(models: Models, recorder: Recorder, simulator: Simulator) -> None:
    chain = (RunnableLambda(lambda text: text) | models("hang")).with_config(run_name="chain")
    running = asyncio.ensure_future(chain.ainvoke("Which city?"))
    assert await asyncio.to_thread(simulator.wait_until, lambda simulator: simulator.held == 1)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    simulator.release()
    assert tree(recorder) == ["invoke_workflow chain", f"  {CHAT}"]
    assert failed(recorder)["invoke_workflow chain"] == "CancelledError"


# --- what surrounds a retriever does not get its span


async def test_nothing_is_left_by_a_retriever(recorder: Recorder) -> None:
    library = AsyncLibrary(name="library")
    await library.ainvoke("x")
    assert nothing_current()
    mark("after")
    await asyncio.gather(library.ainvoke("x"), library.ainvoke("y"))
    assert nothing_current()
    expected = ["retrieval library", "  in the retriever", "  in the retriever still"]
    assert sorted(tree(recorder)) == sorted([*expected * 3, "after"])
    assert one(recorder, "after").parent is None
