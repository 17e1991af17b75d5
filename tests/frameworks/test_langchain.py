"""Chains, by every way that LangChain has to run them: one tree of spans, and nothing left with the caller."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from contract.recorder import Recorder

pytest.importorskip("langgraph", reason="LangChain and LangGraph are not installed here")

from langchain_core.output_parsers import StrOutputParser
from langchain_core.prompts import ChatPromptTemplate
from langchain_core.runnables import (
    RunnableBranch,
    RunnableGenerator,
    RunnableLambda,
    RunnableParallel,
    RunnablePassthrough,
)

import genscope
from genscope.local.simulator import REPLY, Simulator

from .langchain_app import (
    CHAT,
    WARNINGS,
    Models,
    bill,
    collected,
    is_fine,
    library,
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


def joined(documents: Any) -> str:
    mark("in the function")
    return str(documents)


def rag(models: Models) -> Any:
    """The chain of the tutorials: most of it is formatting."""
    prompt = ChatPromptTemplate.from_template("{context} {question}")
    sources = {"context": library() | joined, "question": RunnablePassthrough()}
    return (sources | prompt | models() | StrOutputParser()).with_config(run_name="rag")


TREE = [
    "invoke_workflow rag",
    "  retrieval library",
    "    in the retriever",
    "  task joined",
    "    in the function",
    f"  {CHAT}",
]

WAYS: dict[str, Callable[[Any], Awaitable[Any]]] = {
    "ainvoke": lambda chain: chain.ainvoke("Which city?"),
    "astream": lambda chain: collected(chain.astream("Which city?")),
    "astream_events": lambda chain: collected(chain.astream_events("Which city?", version="v2")),
    "astream_log": lambda chain: collected(chain.astream_log("Which city?")),
}


async def as_coroutine(result: Any) -> Any:
    return result


def test_invoke(models: Models, recorder: Recorder, simulator: Simulator) -> None:
    assert rag(models).invoke("Which city?") == REPLY
    assert nothing_current()
    assert tree(recorder) == TREE
    assert is_fine(recorder)
    assert usage(recorder, "invoke_workflow rag") == bill(simulator)


def test_stream(models: Models, recorder: Recorder, simulator: Simulator) -> None:
    chunks: list[str] = []
    for chunk in rag(models).stream("Which city?"):
        assert nothing_current()
        chunks.append(chunk)
    assert nothing_current()
    assert "".join(chunks) == REPLY
    assert len(chunks) > 2
    assert tree(recorder) == TREE
    assert is_fine(recorder)
    assert usage(recorder, "invoke_workflow rag") == bill(simulator)


@pytest.mark.parametrize("way", WAYS)
async def test_asynchronously(way: str, models: Models, recorder: Recorder, simulator: Simulator) -> None:
    await WAYS[way](rag(models))
    assert nothing_current()
    assert tree(recorder) == TREE
    assert is_fine(recorder)
    assert usage(recorder, "invoke_workflow rag") == bill(simulator)


@pytest.mark.parametrize("way", ["astream", "astream_events"])
async def test_nothing_is_current_between_two_items(way: str, models: Models, recorder: Recorder) -> None:
    chain = rag(models)
    stream = chain.astream("Which city?") if way == "astream" else chain.astream_events("Which city?", version="v2")
    async for _ in stream:
        assert nothing_current()
        mark("the caller's")
    tree(recorder)
    assert len(named(recorder, "the caller's")) > 2
    assert {span.parent for span in named(recorder, "the caller's")} == {None}


@pytest.mark.parametrize("count", [1, 2, 5])
@pytest.mark.parametrize("way", ["batch", "abatch", "batch_as_completed"])
async def test_batches(way: str, count: int, models: Models, recorder: Recorder, simulator: Simulator) -> None:
    """Each input has a tree of its own, though LangChain runs the first step of all, then the second of all."""
    questions = ["Which city?"] * count
    chain = rag(models)
    if way == "abatch":
        await chain.abatch(questions)
    elif way == "batch":
        chain.batch(questions)
    else:
        list(chain.batch_as_completed(questions))
    assert nothing_current()
    assert tree(recorder) == TREE * count
    workflows = [dict(span.attributes or {}) for span in named(recorder, "invoke_workflow rag")]
    assert [workflow["genscope.subtree.llm_calls"] for workflow in workflows] == [1] * count
    assert len(simulator.requests) == count


def step(name: str) -> Any:
    def work(text: str) -> str:
        mark(f"in {name}")
        return text

    return RunnableLambda(work).with_config(run_name=name)


@pytest.mark.parametrize("way", ["invoke", "stream", "batch", "ainvoke", "astream", "abatch"])
async def test_branches_do_not_see_each_other(way: str, models: Models, recorder: Recorder) -> None:
    both = RunnableParallel(a=step("a") | models() | step("after a"), b=step("b") | models() | step("after b"))
    chain = both.with_config(run_name="both")
    match way:
        case "invoke":
            chain.invoke("Which city?")
        case "stream":
            list(chain.stream("Which city?"))
        case "batch":
            chain.batch(["Which city?"])
        case "ainvoke":
            await chain.ainvoke("Which city?")
        case "astream":
            await collected(chain.astream("Which city?"))
        case _:
            await chain.abatch(["Which city?"])
    assert nothing_current()
    found = tree(recorder)
    assert found[0] == "invoke_workflow both"
    for name in ("a", "b", "after a", "after b"):
        assert found[found.index(f"  task {name}") + 1] == f"    in {name}"
    assert found.count(f"  {CHAT}") == 2
    assert len(found) == 11


async def test_two_requests_in_one_loop(models: Models, recorder: Recorder) -> None:
    """Each has its own conversation, and its own spans."""
    chain = rag(models)

    async def request(user: str) -> None:
        async for _ in chain.astream("Which city?", {"metadata": {"session_id": user}}):
            assert nothing_current()
            await asyncio.sleep(0)

    await asyncio.gather(*(request(user) for user in ("u1", "u2", "u3")))
    assert tree(recorder) == TREE * 3
    for workflow in named(recorder, "invoke_workflow rag"):
        conversations = {
            (span.attributes or {})["gen_ai.conversation.id"]
            for span in recorder.spans()
            if span.context and workflow.context and span.context.trace_id == workflow.context.trace_id
        }
        assert conversations == {(workflow.attributes or {})["gen_ai.conversation.id"]}
        assert len(conversations) == 1


def test_what_the_application_has_around_it_and_within(models: Models, recorder: Recorder) -> None:
    def research(question: str) -> Any:
        with recorder.tracer.start_as_current_span("the application's"):
            return library().invoke(question)

    with genscope.workflow("turn"):
        (RunnableLambda(research) | step("next")).invoke("Which city?")
    assert tree(recorder) == [
        "invoke_workflow turn",
        "  invoke_workflow",
        "    task research",
        "      the application's",
        "        retrieval library",
        "          in the retriever",
        "    task next",
        "      in next",
    ]


def test_what_is_not_told_of(models: Models, recorder: Recorder) -> None:
    """Formatting and parsing alone is no workflow; a model alone is its call."""
    ChatPromptTemplate.from_template("{a}").invoke({"a": "b"})
    StrOutputParser().invoke("c")
    models().invoke("Which city?")
    assert tree(recorder) == [CHAT]


async def test_a_retriever_alone(recorder: Recorder) -> None:
    library().invoke("Which city?")
    await library().ainvoke("Which city?")
    assert nothing_current()
    assert tree(recorder) == ["retrieval library", "  in the retriever"] * 2
    for span in named(recorder, "retrieval library"):
        attributes = span.attributes or {}
        assert attributes["gen_ai.operation.name"] == "retrieval"
        assert attributes["genscope.documents"] == 1
        assert attributes["gen_ai.data_source.id"] == "library"


def test_a_function_that_yields(recorder: Recorder) -> None:
    def words(chunks: Any) -> Any:
        for chunk in chunks:
            mark("in the generator")
            yield chunk.upper()

    def letters(chunks: Any) -> Any:
        for chunk in chunks:
            yield from chunk

    chain = RunnableGenerator(letters) | RunnableGenerator(words)
    for _ in chain.with_config(run_name="all").stream("abc"):
        assert nothing_current()
    assert tree(recorder) == ["invoke_workflow all", "  task letters", "  task words", *["    in the generator"] * 3]


@pytest.mark.parametrize("way", ["invoke", "ainvoke", "batch", "abatch", "stream", "astream"])
async def test_a_model_directly_beneath_a_branch(way: str, models: Models, recorder: Recorder) -> None:
    """LangChain runs it in the context of the caller."""
    branch: Any = RunnableBranch((lambda _: True, models()), models()).with_config(run_name="choice")
    match way:
        case "invoke":
            branch.invoke("Which city?")
        case "ainvoke":
            await branch.ainvoke("Which city?")
        case "batch":
            branch.batch(["Which city?"])
        case "abatch":
            await branch.abatch(["Which city?"])
        case "stream":
            for _ in branch.stream("Which city?"):
                assert nothing_current()
        case _:
            async for _ in branch.astream("Which city?"):
                assert nothing_current()
    assert nothing_current()
    assert tree(recorder) == ["invoke_workflow choice", f"  {CHAT}"]
    assert said(recorder, "invoke_workflow choice")["genscope.subtree.llm_calls"] == 1


def test_names_of_classes_are_no_names(recorder: Recorder) -> None:
    (RunnableLambda(lambda x: x) | RunnablePassthrough()).invoke("a")
    assert tree(recorder) == ["invoke_workflow"]
    assert "gen_ai.workflow.name" not in (one(recorder, "invoke_workflow").attributes or {})


def test_the_application_knows_better_which_conversation_it_is(recorder: Recorder) -> None:
    with genscope.context(conversation_id="ours", user_id="u1"):
        step("a").invoke("x", {"metadata": {"thread_id": "theirs"}})
    attributes = said(recorder, "invoke_workflow a")
    assert (attributes["gen_ai.conversation.id"], attributes["user.id"]) == ("ours", "u1")
