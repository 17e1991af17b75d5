"""What goes into runs and comes out of them: nothing, unless it is asked for, and then as it can be read."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from contract.recorder import Recorder

pytest.importorskip("langgraph", reason="LangChain and LangGraph are not installed here")

from langchain_core.messages import AIMessage, HumanMessage
from langchain_core.runnables import RunnableLambda
from langchain_core.tools import tool

from .langchain_app import WARNINGS, Models, agent, library, named, said, traced, tree, weather
from .langchain_app import models as models

pytestmark = WARNINGS

SECRET = "AKIAIOSFODNN7EXAMPLE"
QUESTION = "Which city?"


@pytest.fixture
def captured() -> Iterator[Recorder]:
    with traced(capture_message_content="SPAN_ONLY") as recorder:
        yield recorder


def everything(recorder: Recorder) -> str:
    return json.dumps(
        [
            [span.name, dict(span.attributes or {}), [dict(event.attributes or {}) for event in span.events]]
            for span in recorder.ended
        ],
        default=str,
    )


def run_all(models: Models) -> None:
    def broken(text: str) -> str:
        raise ValueError(f"not {text}")

    chain = library() | RunnableLambda(str) | models()
    chain.invoke(f"{QUESTION} {SECRET}", {"metadata": {"note": SECRET}})
    list(chain.stream(f"{QUESTION} {SECRET}"))
    agent(models("tools"), [weather], name="a").invoke({"messages": [("user", f"{QUESTION} {SECRET}")]})
    with pytest.raises(ValueError):
        RunnableLambda(broken).invoke(SECRET)


def test_nothing_is_said_by_default(models: Models) -> None:
    with traced() as recorder:
        run_all(models)
    tree(recorder)
    text = everything(recorder)
    assert SECRET not in text
    assert "Paris" not in text
    assert QUESTION not in text


def test_secrets_are_taken_out(models: Models, captured: Recorder) -> None:
    run_all(models)
    tree(captured)
    text = everything(captured)
    assert SECRET not in text
    assert QUESTION in text


@pytest.mark.parametrize("streamed", [False, True])
def test_a_chain(streamed: bool, models: Models, captured: Recorder) -> None:
    def shout(documents: Any) -> str:
        return f"{documents[0].page_content}!"

    chain = (library() | RunnableLambda(shout)).with_config(run_name="chain")
    list(chain.stream(QUESTION)) if streamed else chain.invoke(QUESTION)
    tree(captured)
    workflow = said(captured, "invoke_workflow chain")
    assert json.loads(workflow["gen_ai.input.messages"])[0]["parts"][0]["content"] == QUESTION
    assert (
        json.loads(workflow["gen_ai.output.messages"])[0]["parts"][0]["content"] == "Paris is the capital of France.!"
    )
    retrieval = said(captured, "retrieval library")
    assert retrieval["gen_ai.retrieval.query.text"] == QUESTION
    documents = [{"id": "d1", "content": "Paris is the capital of France.", "metadata": {"page": 7}}]
    assert json.loads(retrieval["gen_ai.retrieval.documents"]) == documents
    function = said(captured, "task shout")
    assert json.loads(function["genscope.call.arguments"]) == documents
    assert function["genscope.call.result"] == '"Paris is the capital of France.!"'


def test_an_agent(models: Models, captured: Recorder) -> None:
    agent(models("tools"), [weather], name="a").invoke({"messages": [HumanMessage("How is the weather?")]})
    tree(captured)
    attributes = said(captured, "invoke_agent a")
    asked = json.loads(attributes["gen_ai.input.messages"])[0]["parts"][0]["content"]
    assert json.loads(asked) == [{"role": "human", "content": "How is the weather?"}]
    answered = json.loads(attributes["gen_ai.output.messages"])[0]["parts"][0]["content"]
    assert answered == "Paris is the capital of France."
    for span in named(captured, "execute_tool weather"):
        arguments = json.loads(str((span.attributes or {})["gen_ai.tool.call.arguments"]))
        assert (span.attributes or {})["gen_ai.tool.call.result"] == json.dumps(f"{arguments['location']}: rain")


@pytest.mark.parametrize(
    "result",
    [
        {"messages": []},
        {"messages": [AIMessage("x")], "more": 1},
        {"messages": "none"},
        [object()],
        None,
        {1: {2: {3: {4: {5: {6: {7: {8: {9: {}}}}}}}}}},
    ],
    ids=str,
)
def test_any_result(result: Any, captured: Recorder) -> None:
    def give(_: Any) -> Any:
        return result

    assert RunnableLambda(give).invoke("x") is result
    assert tree(captured) == ["invoke_workflow give"]


def test_results_that_contain_themselves(captured: Recorder) -> None:
    circular: list[Any] = []
    circular.append(circular)
    assert RunnableLambda(lambda _: circular).invoke("x") is circular
    assert tree(captured) == ["invoke_workflow"]


def test_a_tool_alone(captured: Recorder) -> None:
    @tool
    def add(a: int, b: int) -> int:
        """Adds."""
        return a + b

    assert add.invoke({"a": 1, "b": 2}) == 3
    add.invoke({"type": "tool_call", "id": "call_7", "name": "add", "args": {"a": 1, "b": 2}})
    first, second = (dict(span.attributes or {}) for span in named(captured, "execute_tool add"))
    for attributes in (first, second):
        assert json.loads(attributes["gen_ai.tool.call.arguments"]) == {"a": 1, "b": 2}
    assert (first["gen_ai.tool.call.result"], second["gen_ai.tool.call.result"]) == ("3", '"3"')
    assert second["gen_ai.tool.call.id"] == "call_7"
    assert "gen_ai.tool.call.id" not in first
