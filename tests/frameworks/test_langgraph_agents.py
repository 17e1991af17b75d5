"""Agents of LangGraph's and of LangChain's: their turns and tools, alone, in graphs, and as tools of each other."""

from __future__ import annotations

import operator
from typing import Annotated, Any, TypedDict

import pytest
from contract.recorder import Recorder

pytest.importorskip("langgraph", reason="LangChain and LangGraph are not installed here")

from langchain_core.tools import tool
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.graph import START, StateGraph
from langgraph.types import Command, interrupt

from genscope.local.simulator import REPLY, Simulator

from .langchain_app import (
    CHAT,
    WARNINGS,
    Models,
    agent,
    bill,
    config,
    is_fine,
    named,
    nothing_current,
    one,
    said,
    tree,
    usage,
    weather,
)
from .langchain_app import _marks as _marks
from .langchain_app import models as models
from .langchain_app import recorder as recorder

pytestmark = WARNINGS

ASKED = {"messages": [("user", "How is the weather?")]}
TOOLS = ["  task tools", "    execute_tool weather", "      in the tool"]
AGENT = ["invoke_agent meteorologist", "  task agent", f"    {CHAT}", *TOOLS, *TOOLS, "  task agent", f"    {CHAT}"]


class State(TypedDict):
    said: Annotated[list[str], operator.add]


@pytest.mark.parametrize("way", ["invoke", "stream", "ainvoke", "astream", "messages", "amessages", "events"])
async def test_an_agent(way: str, models: Models, recorder: Recorder, simulator: Simulator) -> None:
    meteorologist = agent(models("tools"), [weather], name="meteorologist")
    match way:
        case "invoke":
            assert meteorologist.invoke(ASKED)["messages"][-1].content == REPLY
        case "ainvoke":
            assert (await meteorologist.ainvoke(ASKED))["messages"][-1].content == REPLY
        case "stream" | "messages":
            for _ in meteorologist.stream(ASKED, stream_mode="updates" if way == "stream" else "messages"):
                assert nothing_current()
        case "events":
            async for _ in meteorologist.astream_events(ASKED, version="v2"):
                assert nothing_current()
        case _:
            async for _ in meteorologist.astream(ASKED, stream_mode="updates" if way == "astream" else "messages"):
                assert nothing_current()
    assert nothing_current()
    assert tree(recorder) == AGENT
    assert is_fine(recorder)
    assert usage(recorder, "invoke_agent meteorologist") == bill(simulator)
    attributes = said(recorder, "invoke_agent meteorologist")
    assert attributes["gen_ai.agent.name"] == "meteorologist"
    assert attributes["genscope.agent.turns"] == attributes["genscope.subtree.tool_calls"] == 2


def test_a_tool_of_an_agent(models: Models, recorder: Recorder) -> None:
    agent(models("tools"), [weather], name="meteorologist").invoke(ASKED, config(thread_id="t1"))
    tools = [dict(span.attributes or {}) for span in named(recorder, "execute_tool weather")]
    asked = next(span for span in named(recorder, CHAT) if "genscope.response.tool_call_ids" in (span.attributes or {}))
    ids = (asked.attributes or {})["genscope.response.tool_call_ids"]
    assert isinstance(ids, tuple)
    assert {tool["gen_ai.tool.call.id"] for tool in tools} == set(ids)
    for attributes in tools:
        assert attributes["gen_ai.agent.name"] == "meteorologist"
        assert attributes["gen_ai.tool.type"] == "function"
        assert attributes["gen_ai.tool.description"] == "The weather of a place."
    assert {(span.attributes or {}).get("gen_ai.conversation.id") for span in recorder.spans()} == {"t1"}


def test_an_agent_of_langchain(models: Models, recorder: Recorder, simulator: Simulator) -> None:
    agents: Any = pytest.importorskip("langchain.agents")
    if not hasattr(agents, "create_agent"):
        pytest.skip("this LangChain has no create_agent yet")
    agents.create_agent(models("tools"), [weather], name="meteorologist").invoke(ASKED)
    assert tree(recorder) == [line.replace("task agent", "task model") for line in AGENT]
    assert usage(recorder, "invoke_agent meteorologist") == bill(simulator)


def test_an_agent_without_a_name(models: Models, recorder: Recorder) -> None:
    agent(models(), []).invoke(ASKED)
    assert tree(recorder) == ["invoke_agent", "  task agent", f"    {CHAT}"]
    assert "gen_ai.agent.name" not in (one(recorder, "invoke_agent").attributes or {})


@pytest.mark.parametrize("asynchronous", [False, True])
async def test_agents_in_a_graph(asynchronous: bool, models: Models, recorder: Recorder, simulator: Simulator) -> None:
    """Each counts its own turns; the workflow around them has all."""

    def ask(state: State) -> State:
        agent(models(), [], name="second").invoke(ASKED)
        return {"said": []}

    async def ask_async(state: State) -> State:
        await agent(models(), [], name="second").ainvoke(ASKED)
        return {"said": []}

    class Messages(TypedDict):
        messages: Annotated[list[Any], operator.add]

    graph = StateGraph(Messages)
    graph.add_node("first", agent(models(), [], name="first"))
    graph.add_node("ask", ask_async if asynchronous else ask)
    graph.add_edge(START, "first")
    graph.add_edge("first", "ask")
    team = graph.compile(name="team")
    if asynchronous:
        await team.ainvoke(ASKED)
    else:
        team.invoke(ASKED)
    assert nothing_current()
    inside = ["      task agent", f"        {CHAT}"]
    assert tree(recorder) == [
        "invoke_workflow team",
        *["  task first", "    invoke_agent first", *inside],
        *["  task ask", "    invoke_agent second", *inside],
    ]
    assert said(recorder, "invoke_agent first")["genscope.agent.turns"] == 1
    assert said(recorder, "invoke_agent second")["genscope.agent.turns"] == 1
    assert usage(recorder, "invoke_workflow team") == bill(simulator)


@pytest.mark.parametrize("asynchronous", [False, True])
async def test_an_agent_as_a_tool(asynchronous: bool, models: Models, recorder: Recorder, simulator: Simulator) -> None:
    """In its name the inner one asks; the tools of the outer one are not its own."""
    inner = agent(models(), [], name="inner")

    @tool
    def ask(question: str) -> str:
        """Asks another agent."""
        return str(inner.invoke({"messages": [("user", question)]})["messages"][-1].content)

    outer = agent(models("tools"), [ask], name="outer")
    await outer.ainvoke(ASKED) if asynchronous else outer.invoke(ASKED)
    found = tree(recorder)
    assert found.count("    execute_tool ask") == found.count("      invoke_agent inner") == 2
    assert [(span.attributes or {})["genscope.agent.turns"] for span in named(recorder, "invoke_agent inner")] == [1, 1]
    assert said(recorder, "invoke_agent outer")["genscope.agent.turns"] == 2
    assert usage(recorder, "invoke_agent outer") == bill(simulator)
    assert len(simulator.requests) == 4


def test_a_tool_that_asks_a_human(models: Models, recorder: Recorder) -> None:
    @tool
    def book(place: str) -> str:
        """Books a place."""
        return str(interrupt("may I?"))

    asking = agent(models("tools"), [book], name="a", checkpointer=InMemorySaver())
    asking.invoke(ASKED, config(thread_id="t1"))
    tree(recorder)
    assert is_fine(recorder)
    assert {span.name for span in recorder.ended if (span.attributes or {}).get("genscope.interrupted")} == {
        "invoke_agent a",
        "task tools",
        "execute_tool book",
    }
    recorder.ended.clear()
    recorder.started.clear()
    answers = {question.id: "yes" for question in asking.get_state(config(thread_id="t1")).interrupts}
    assert asking.invoke(Command(resume=answers), config(thread_id="t1"))["messages"][-1].content == REPLY
    tree(recorder)
    assert is_fine(recorder)
    assert not any((span.attributes or {}).get("genscope.interrupted") for span in recorder.ended)


def test_middleware(models: Models, recorder: Recorder) -> None:
    """What the application does around a model and around tools is where it does it."""
    agents: Any = pytest.importorskip("langchain.agents")
    if not hasattr(agents, "create_agent"):
        pytest.skip("this LangChain has no create_agent yet")
    middleware: Any = pytest.importorskip("langchain.agents.middleware")

    def around(name: str) -> Any:
        def call(request: Any, handler: Any) -> Any:
            with recorder.tracer.start_as_current_span(name):
                return handler(request)

        call.__name__ = name
        return call

    layers = [middleware.wrap_model_call(around("the model")), middleware.wrap_tool_call(around("the tool"))]
    agents.create_agent(models("tools"), [weather], name="a", middleware=layers).invoke(ASKED)
    model = ["  task model", "    the model", f"      {CHAT}"]
    tools = ["  task tools", "    the tool", "      execute_tool weather", "        in the tool"]
    assert tree(recorder) == ["invoke_agent a", *model, *tools, *tools, *model]
