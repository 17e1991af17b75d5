"""Graphs and agents of LangGraph's: nodes in threads and tasks, graphs in graphs, and what they leave a node by."""

from __future__ import annotations

import asyncio
import operator
import sys
from typing import Annotated, Any, TypedDict

import pytest
from contract.recorder import Recorder

pytest.importorskip("langgraph", reason="LangChain and LangGraph are not installed here")

from langgraph.checkpoint.memory import InMemorySaver
from langgraph.func import entrypoint, task
from langgraph.graph import END, START, StateGraph
from langgraph.types import Command, Send, interrupt

from genscope.local.simulator import REPLY, Simulator

from .langchain_app import (
    CHAT,
    WARNINGS,
    Models,
    bill,
    collected,
    config,
    is_fine,
    mark,
    named,
    nothing_current,
    one,
    said,
    tree,
    usage,
)
from .langchain_app import _marks as _marks
from .langchain_app import models as models
from .langchain_app import recorder as recorder

pytestmark = WARNINGS


class State(TypedDict):
    said: Annotated[list[str], operator.add]


def node(name: str) -> Any:
    def work(state: State) -> State:
        mark(f"in {name}")
        return {"said": [name]}

    return work


def anode(name: str) -> Any:
    async def work(state: State) -> State:
        mark(f"in {name}")
        await asyncio.sleep(0)
        mark(f"in {name}")
        return {"said": [name]}

    return work


def fan(make: Any, **options: Any) -> Any:
    """One node, then two at once, then one."""
    graph = StateGraph(State)
    for name in ("first", "left", "right", "last"):
        graph.add_node(name, make(name))
    graph.add_edge(START, "first")
    graph.add_conditional_edges("first", lambda state: ["left", "right"], ["left", "right"])
    graph.add_edge(["left", "right"], "last")
    graph.add_edge("last", END)
    return graph.compile(name="fan", **options)


# --- nodes


def in_fan(times: int) -> list[str]:
    def spans(name: str) -> list[str]:
        return [f"  task {name}", *[f"    in {name}"] * times]

    return ["invoke_workflow fan", *spans("first"), *spans("left"), *spans("right"), *spans("last")]


@pytest.mark.parametrize("way", ["invoke", "stream"])
def test_nodes_in_threads(way: str, recorder: Recorder) -> None:
    for _ in fan(node).stream({"said": []}) if way == "stream" else [fan(node).invoke({"said": []})]:
        assert nothing_current()
    assert sorted(tree(recorder)) == sorted(in_fan(1))
    for name in ("left", "right"):
        assert one(recorder, f"in {name}").parent == one(recorder, f"task {name}").context
    assert is_fine(recorder)


@pytest.mark.parametrize("way", ["invoke", "stream"])
async def test_nodes_in_tasks(way: str, recorder: Recorder) -> None:
    if way == "invoke":
        await fan(anode).ainvoke({"said": []})
    else:
        async for _ in fan(anode).astream({"said": []}):
            assert nothing_current()
    assert nothing_current()
    assert sorted(tree(recorder)) == sorted(in_fan(2))
    for name in ("left", "right"):
        for span in named(recorder, f"in {name}"):
            assert span.parent == one(recorder, f"task {name}").context


@pytest.mark.parametrize("asynchronous", [False, True])
async def test_many_at_once(asynchronous: bool, models: Models, recorder: Recorder, simulator: Simulator) -> None:
    """`Send`: the same node, for each part of the work."""
    model = models()

    def each(state: State) -> State:
        return {"said": [str(model.invoke("Which city?").content)]}

    async def each_async(state: State) -> State:
        return {"said": [str((await model.ainvoke("Which city?")).content)]}

    graph = StateGraph(State)
    graph.add_node("each", each_async if asynchronous else each)
    graph.add_conditional_edges(START, lambda state: [Send("each", {"said": []}) for _ in range(4)], ["each"])
    app = graph.compile(name="map")
    found = await app.ainvoke({"said": []}) if asynchronous else app.invoke({"said": []})
    assert found["said"] == [REPLY] * 4
    assert tree(recorder) == ["invoke_workflow map", *["  task each", f"    {CHAT}"] * 4]
    assert usage(recorder, "invoke_workflow map") == bill(simulator)


@pytest.mark.parametrize("asynchronous", [False, True])
async def test_a_graph_in_a_graph(asynchronous: bool, recorder: Recorder) -> None:
    make = anode if asynchronous else node
    outer = StateGraph(State)
    outer.add_node("before", make("before"))
    outer.add_node("inner", fan(make))
    outer.add_edge(START, "before")
    outer.add_edge("before", "inner")
    app = outer.compile()
    if asynchronous:
        await collected(app.astream({"said": []}, subgraphs=True))
    else:
        list(app.stream({"said": []}, subgraphs=True))
    assert nothing_current()
    found = tree(recorder)
    assert found[0] == "invoke_workflow"
    assert sorted(line.strip() for line in found if line.startswith("    task")) == [
        "task first",
        "task last",
        "task left",
        "task right",
    ]
    assert [line for line in found if line.startswith("  task")] == ["  task before", "  task inner"]


def test_functions_as_graphs(recorder: Recorder) -> None:
    @task
    def double(number: int) -> int:
        mark("in the function")
        return number * 2

    @entrypoint()
    def doubled(numbers: list[int]) -> list[int]:
        return [future.result() for future in [double(number) for number in numbers]]

    assert doubled.invoke([1, 2]) == [2, 4]
    double_task = ["    task double", "      in the function"]
    assert tree(recorder) == ["invoke_workflow", "  task doubled", *double_task * 2]


# --- how a node is left without an error


def approval(asynchronous: bool) -> Any:
    def ask(state: State) -> State:
        return {"said": [interrupt("may I?")]}

    async def ask_async(state: State) -> State:
        return ask(state)

    graph = StateGraph(State)
    graph.add_node("prepare", node("prepare"))
    graph.add_node("ask", ask_async if asynchronous else ask)
    graph.add_edge(START, "prepare")
    graph.add_edge("prepare", "ask")
    return graph.compile(name="approval", checkpointer=InMemorySaver())


@pytest.mark.parametrize("asynchronous", [False, True])
async def test_a_question_to_a_human(asynchronous: bool, recorder: Recorder) -> None:
    if asynchronous and sys.version_info < (3, 11):
        pytest.skip("LangGraph cannot ask in asynchronous nodes before Python 3.11")
    app = approval(asynchronous)
    for step, given in enumerate([{"said": []}, Command(resume="yes")]):
        if asynchronous:
            await app.ainvoke(given, config(thread_id="t1"))
        else:
            app.invoke(given, config(thread_id="t1"))
        assert nothing_current()
        before = ["  task prepare", "    in prepare"] if step == 0 else []
        assert tree(recorder) == ["invoke_workflow approval", *before, "  task ask"]
        assert is_fine(recorder)
        for name in ("invoke_workflow approval", "task ask"):
            assert said(recorder, name).get("genscope.interrupted") == (True if step == 0 else None)
            assert said(recorder, name)["gen_ai.conversation.id"] == "t1"
        recorder.ended.clear()
        recorder.started.clear()
    assert app.get_state(config(thread_id="t1")).values == {"said": ["prepare", "yes"]}


def test_an_error_with_the_same_name_is_one(recorder: Recorder) -> None:
    class GraphInterrupt(Exception):
        pass

    def fail(state: State) -> State:
        raise GraphInterrupt

    graph = StateGraph(State)
    graph.add_node("fail", fail)
    graph.add_edge(START, "fail")
    with pytest.raises(GraphInterrupt):
        graph.compile(name="failing").invoke({"said": []})
    assert said(recorder, "task fail")["error.type"] == "GraphInterrupt"
    assert "genscope.interrupted" not in said(recorder, "task fail")


@pytest.mark.parametrize("asynchronous", [False, True])
async def test_a_command_for_the_graph_around(asynchronous: bool, recorder: Recorder) -> None:
    def leave(state: State) -> Command[Any]:
        return Command(goto="other", graph=Command.PARENT, update={"said": ["left"]})

    inner = StateGraph(State)
    inner.add_node("leave", leave)
    inner.add_edge(START, "leave")
    outer = StateGraph(State)
    outer.add_node("inner", inner.compile(), destinations=("other",))
    outer.add_node("other", node("other"))
    outer.add_edge(START, "inner")
    app = outer.compile(name="handing")
    if asynchronous:
        await app.ainvoke({"said": []})
    else:
        app.invoke({"said": []})
    assert tree(recorder) == [
        "invoke_workflow handing",
        *["  task inner", "    task leave"],
        *["  task other", "    in other"],
    ]
    assert is_fine(recorder)
    assert all("genscope.interrupted" not in (span.attributes or {}) for span in recorder.ended)
