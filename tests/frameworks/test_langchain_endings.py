"""Errors, each told once, and what genscope itself puts an end to."""

from __future__ import annotations

import asyncio
from typing import Any, TypedDict

import pytest
from contract.recorder import Recorder

pytest.importorskip("langgraph", reason="LangChain and LangGraph are not installed here")

from langchain_core.runnables import RunnableLambda, RunnableParallel
from langchain_core.tools import ToolException, tool
from langgraph.graph import START, StateGraph

import genscope

from .langchain_app import (
    CHAT,
    WARNINGS,
    Models,
    agent,
    named,
    nothing_current,
    traced,
    tree,
    weather,
)
from .langchain_app import _marks as _marks
from .langchain_app import models as models
from .langchain_app import recorder as recorder

pytestmark = WARNINGS

ASKED = {"messages": [("user", "How is the weather?")]}


class State(TypedDict):
    text: str


def events(recorder: Recorder) -> list[str]:
    """The spans that tell of an exception."""
    return [span.name for span in recorder.ended for event in span.events if event.name == "exception"]


def failed(recorder: Recorder) -> dict[str, Any]:
    """Name and `error.type` of the spans that are errors."""
    return {span.name: (span.attributes or {}).get("error.type") for span in recorder.ended if not span.status.is_unset}


def graph_of(function: Any) -> Any:
    graph = StateGraph(State)
    graph.add_node("work", function)
    graph.add_edge(START, "work")
    return graph.compile(name="app")


# --- errors


@pytest.mark.parametrize("asynchronous", [False, True])
async def test_an_error_is_told_once(asynchronous: bool, recorder: Recorder) -> None:
    thrown = ValueError("no")

    def work(state: State) -> State:
        raise thrown

    app = graph_of(work)
    with pytest.raises(ValueError) as caught:
        await app.ainvoke({"text": ""}) if asynchronous else app.invoke({"text": ""})
    assert caught.value is thrown
    assert nothing_current()
    assert tree(recorder) == ["invoke_workflow app", "  task work"]
    assert failed(recorder) == {"invoke_workflow app": "ValueError", "task work": "ValueError"}
    assert events(recorder) == ["task work"]


@pytest.mark.parametrize("way", ["invoke", "ainvoke", "stream", "astream"])
async def test_an_error_of_the_provider(way: str, models: Models, recorder: Recorder) -> None:
    chain = (RunnableLambda(lambda text: text) | models("rate_limit")).with_config(run_name="chain")
    with pytest.raises(Exception, match="429"):
        match way:
            case "invoke":
                chain.invoke("Which city?")
            case "ainvoke":
                await chain.ainvoke("Which city?")
            case "stream":
                list(chain.stream("Which city?"))
            case _:
                [chunk async for chunk in chain.astream("Which city?")]
    assert nothing_current()
    assert tree(recorder) == ["invoke_workflow chain", f"  {CHAT}"]
    errors = failed(recorder)
    assert errors.pop(CHAT) == "rate_limit_exceeded"
    # LangChain may give it a class of its own. It is the same error all the same.
    assert errors in ({"invoke_workflow chain": name} for name in ("RateLimitError", "OpenAIRateLimitError"))
    assert events(recorder) == [CHAT]


def test_one_of_several_fails(models: Models, recorder: Recorder) -> None:
    """The others go on; what is told of the one is told there."""

    def fine(text: str) -> str:
        return text

    def broken(text: str) -> str:
        raise KeyError(text)

    chain = RunnableParallel(a=RunnableLambda(fine), b=RunnableLambda(broken)).with_config(run_name="both")
    assert isinstance(chain.batch(["x"], return_exceptions=True)[0], KeyError)
    tree(recorder)
    assert failed(recorder) == {"invoke_workflow both": "KeyError", "task broken": "KeyError"}
    assert events(recorder) == ["task broken"]


@pytest.mark.parametrize("asynchronous", [False, True])
async def test_one_node_fails_beside_another(asynchronous: bool, recorder: Recorder) -> None:
    """The other is cancelled, or fails, too: each tells of its own, and the graph of nothing new."""
    begun = asyncio.Event()

    async def wait(state: State) -> None:
        begun.set()
        await asyncio.Event().wait()

    async def fail_async(state: State) -> None:
        await begun.wait()
        raise ValueError

    def fail(state: State) -> None:
        raise ValueError

    graph = StateGraph(State)
    graph.add_node("one", fail_async if asynchronous else fail)
    graph.add_node("other", wait if asynchronous else fail)
    graph.add_edge(START, "one")
    graph.add_edge(START, "other")
    app: Any = graph.compile(name="app")
    with pytest.raises(ValueError):
        await app.ainvoke({"text": ""}) if asynchronous else app.invoke({"text": ""})
    tree(recorder)
    errors = failed(recorder)
    assert errors["invoke_workflow app"] == errors["task one"] == "ValueError"
    assert "invoke_workflow app" not in events(recorder)


@pytest.mark.parametrize("asynchronous", [False, True])
async def test_an_error_of_a_tool_that_the_model_is_told(
    asynchronous: bool, models: Models, recorder: Recorder
) -> None:
    """It is the tool's alone: the agent goes on."""

    @tool
    def weather(location: str) -> str:
        """The weather of a place."""
        raise ToolException("no such place")

    from langgraph.prebuilt import ToolNode

    asking = agent(models("tools"), ToolNode([weather], handle_tool_errors=True), name="a")
    await asking.ainvoke(ASKED) if asynchronous else asking.invoke(ASKED)
    assert tree(recorder)[0] == "invoke_agent a"
    assert failed(recorder) == {"execute_tool weather": "ToolException"}
    assert events(recorder) == ["execute_tool weather"] * 2


@pytest.mark.parametrize("asynchronous", [False, True])
async def test_a_tool_that_says_itself_that_it_has_failed(
    asynchronous: bool, models: Models, recorder: Recorder
) -> None:
    @tool
    def weather(location: str) -> str:
        """The weather of a place."""
        raise ToolException("no such place")

    weather.handle_tool_error = True
    asking = agent(models("tools"), [weather], name="a")
    await asking.ainvoke(ASKED) if asynchronous else asking.invoke(ASKED)
    tree(recorder)
    assert failed(recorder) == {"execute_tool weather": "tool_error"}
    assert events(recorder) == []


# --- genscope's own doing


async def test_suppressed(models: Models, recorder: Recorder) -> None:
    chain = (RunnableLambda(lambda text: text) | models()).with_config(run_name="chain")
    with genscope.suppress():
        chain.invoke("Which city?")
        list(chain.stream("Which city?"))
        await chain.ainvoke("Which city?")
        agent(models("tools"), [weather], name="a").invoke(ASKED)
    assert {started.name for started in recorder.started} == {"in the tool"}  # the application's own


def test_suppressed_in_the_middle(models: Models, recorder: Recorder) -> None:
    def work(state: State) -> State:
        with genscope.suppress():
            (RunnableLambda(lambda text: text) | models()).invoke("Which city?")
        models().invoke("Which city?")
        return state

    graph_of(work).invoke({"text": ""})
    assert tree(recorder) == ["invoke_workflow app", "  task work", f"    {CHAT}"]


def test_uninstrumented_in_the_middle() -> None:
    """What is open ends, what goes on is not told of; the next time all is told again."""
    rec = Recorder()

    def work(state: State) -> State:
        genscope.uninstrument()
        RunnableLambda(lambda text: text).with_config(run_name="later").invoke("x")
        return state

    app = graph_of(work)
    with traced(rec):
        app.invoke({"text": ""})
        assert nothing_current()
        assert tree(rec) == ["invoke_workflow app", "  task work"]
        assert failed(rec) == {}
    with traced() as again:
        graph_of(lambda state: state).invoke({"text": ""})
        assert tree(again) == ["invoke_workflow app", "  task work"]
    assert len(named(rec, "task work")) == 1
