"""What a trace says was used is what the provider has answered, whichever way LangChain has asked."""

from __future__ import annotations

from typing import Any

import pytest
from contract.recorder import Recorder

pytest.importorskip("langgraph", reason="LangChain and LangGraph are not installed here")

from langchain_core.messages import HumanMessage
from langchain_core.runnables import RunnableLambda, RunnableParallel
from langchain_core.tools import tool

from genscope.local.simulator import Simulator

from .langchain_app import CHAT, CLAUDE, WARNINGS, Models, agent, bill, collected, named, said, tree, usage, weather
from .langchain_app import _marks as _marks
from .langchain_app import models as models
from .langchain_app import recorder as recorder

pytestmark = WARNINGS

PROVIDERS = pytest.mark.parametrize("provider", ["openai", "responses", "anthropic"])
ASKED = {"messages": [("user", "How is the weather?")]}
QUESTION = [HumanMessage("Which city?")]


def model(models: Models, provider: str, scenario: str = "ok", **options: Any) -> Any:
    if provider == "anthropic":
        return models.claude(scenario, **options)
    return models(scenario, use_responses_api=provider == "responses", **options)


@PROVIDERS
@pytest.mark.parametrize("way", ["invoke", "stream", "batch", "ainvoke", "astream", "abatch", "events"])
async def test_chains(way: str, provider: str, models: Models, recorder: Recorder, simulator: Simulator) -> None:
    def ask() -> Any:
        return RunnableLambda(lambda question: question) | model(models, provider)

    chain = RunnableParallel(one=ask(), two=ask()).with_config(run_name="chain")
    match way:
        case "invoke":
            chain.invoke(QUESTION)
        case "stream":
            list(chain.stream(QUESTION))
        case "batch":
            chain.batch([QUESTION])
        case "ainvoke":
            await chain.ainvoke(QUESTION)
        case "astream":
            await collected(chain.astream(QUESTION))
        case "events":
            await collected(chain.astream_events(QUESTION, version="v2"))
        case _:
            await chain.abatch([QUESTION])
    assert tree(recorder) == ["invoke_workflow chain", *[f"  {CLAUDE if provider == 'anthropic' else CHAT}"] * 2]
    assert usage(recorder, "invoke_workflow chain") == bill(simulator)
    assert len(simulator.requests) == 2


@PROVIDERS
@pytest.mark.parametrize("way", ["invoke", "messages", "ainvoke", "amessages"])
async def test_agents(way: str, provider: str, models: Models, recorder: Recorder, simulator: Simulator) -> None:
    asking = agent(model(models, provider, "tools"), [weather], name="a")
    match way:
        case "invoke":
            asking.invoke(ASKED)
        case "messages":
            list(asking.stream(ASKED, stream_mode="messages"))
        case "ainvoke":
            await asking.ainvoke(ASKED)
        case _:
            await collected(asking.astream(ASKED, stream_mode="messages"))
    tree(recorder)
    assert usage(recorder, "invoke_agent a") == bill(simulator)
    assert said(recorder, "invoke_agent a")["genscope.agent.turns"] == len(simulator.requests) == 2
    streamed = {
        (span.attributes or {}).get("genscope.stream.outcome")
        for span in recorder.spans()
        if span.name in (CHAT, CLAUDE)
    }
    assert streamed == ({"completed"} if "messages" in way else {None})
    ids = {(span.attributes or {})["gen_ai.tool.call.id"] for span in named(recorder, "execute_tool weather")}
    assert len(ids) == 2


@PROVIDERS
@pytest.mark.parametrize("way", ["invoke", "ainvoke"])
async def test_a_model_in_a_tool(
    way: str, provider: str, models: Models, recorder: Recorder, simulator: Simulator
) -> None:
    """Its call is beneath the tool, and no turn less of the agent's."""
    inner = model(models, provider)

    @tool
    def weather(location: str) -> str:
        """The weather of a place."""
        return str(inner.invoke(QUESTION).content)

    asking = agent(model(models, provider, "tools"), [weather], name="a")
    asking.invoke(ASKED) if way == "invoke" else await asking.ainvoke(ASKED)
    name = CLAUDE if provider == "anthropic" else CHAT
    found = tree(recorder)
    assert found.count("    execute_tool weather") == found.count(f"      {name}") == 2
    assert usage(recorder, "invoke_agent a") == bill(simulator)
    assert len(simulator.requests) == 4
