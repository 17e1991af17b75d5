"""The OpenAI Agents SDK: one tree of a run, with its sums, and for whom it is."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from contract.recorder import Recorder
from opentelemetry.trace import StatusCode

import genscope
from genscope.local.simulator import Simulator

from .openai_agents_app import (
    API,
    CANARY,
    WAYS,
    App,
    agents,
    drawn,
    forecast,
    named,
    sums,
    tree,
    weather,
)
from .openai_agents_app import app as app
from .openai_agents_app import recorder as recorder

TWO_TOOLS = drawn("""
    invoke_workflow Agent workflow
      invoke_agent A
        chat gpt-4o-mini
        execute_tool weather
        execute_tool forecast
        chat gpt-4o-mini
""")


@pytest.mark.parametrize("api", API)
@pytest.mark.parametrize("way", WAYS)
def test_one_tree_with_sums(recorder: Recorder, simulator: Simulator, way: str, api: str) -> None:
    app = App(simulator, api)
    usage = agents.ModelSettings(include_usage=True)
    app.run(way, app.agent(tools=[weather, forecast], model_settings=usage))
    assert tree(recorder) == TWO_TOOLS
    workflow, agent = named(recorder, "invoke_workflow Agent workflow"), named(recorder, "invoke_agent A")
    expected = {"llm_calls": 2, "tool_calls": 2, "input_tokens": 46, "output_tokens": 14, "unpriced_calls": 2}
    assert sums(agent) == sums(workflow) == expected
    assert agent.attributes["genscope.agent.turns"] == 2
    assert agent.attributes["gen_ai.agent.name"] == "A"
    bill = sum(span.attributes.get("gen_ai.usage.input_tokens", 0) for span in recorder.spans())
    assert bill == 46  # what is summed up is not on the bill again
    first = next(span for span in recorder.spans() if span.name.startswith("chat"))
    ids = [
        named(recorder, f"execute_tool {name}").attributes["gen_ai.tool.call.id"] for name in ("weather", "forecast")
    ]
    assert ids == list(first.attributes["genscope.response.tool_call_ids"])
    assert named(recorder, "execute_tool weather").attributes.items() >= {
        "gen_ai.operation.name": "execute_tool", "gen_ai.tool.name": "weather", "gen_ai.tool.type": "function",
        "gen_ai.agent.name": "A",
    }.items()  # fmt: skip
    assert {span.status.status_code for span in recorder.spans()} == {StatusCode.UNSET}
    assert len({span.context.trace_id for span in recorder.spans()}) == 1
    (turns,) = recorder.points("gen_ai.invoke_agent.inference_calls")
    assert (turns.sum, dict(turns.attributes)) == (2, {"gen_ai.agent.name": "A"})


@pytest.mark.parametrize("way", WAYS)
def test_the_same_tool_twice_at_once(recorder: Recorder, app: App, way: str) -> None:
    app.run(way, app.agent(tools=[weather]))
    calls = next(span for span in recorder.spans() if span.name.startswith("chat"))
    tools = [span for span in recorder.spans() if span.name == "execute_tool weather"]
    tools.sort(key=lambda span: span.start_time)
    assert [tool.attributes["gen_ai.tool.call.id"] for tool in tools] == list(
        calls.attributes["genscope.response.tool_call_ids"]
    )


@pytest.mark.parametrize("way", ["run", "run_streamed"])
def test_a_handoff(recorder: Recorder, app: App, way: str) -> None:
    clerk = app.agent("clerk", "ok")
    app.run(way, app.agent("triage", tools=[weather], handoffs=[clerk]))
    assert tree(recorder) == drawn("""
        invoke_workflow Agent workflow
          invoke_agent triage
            chat gpt-4o-mini
            execute_tool weather
            task handoff to clerk
          invoke_agent clerk
            chat gpt-4o-mini
    """)
    handoff = named(recorder, "task handoff to clerk")
    assert handoff.attributes["genscope.handoff.from"] == "triage"
    assert handoff.attributes["genscope.handoff.to"] == "clerk"
    assert handoff.status.status_code is StatusCode.UNSET
    for agent in ("triage", "clerk"):
        assert named(recorder, f"invoke_agent {agent}").attributes["genscope.agent.turns"] == 1
    assert sums(named(recorder, "invoke_workflow Agent workflow"))["input_tokens"] == 46


def test_more_handoffs_than_one(recorder: Recorder, app: App) -> None:
    app.run("run", app.agent("triage", handoffs=[app.agent("clerk", "ok")]))
    assert named(recorder, "task handoff to clerk").attributes["error.type"] == "MultipleHandoffsRequested"
    assert named(recorder, "invoke_agent triage").status.status_code is StatusCode.UNSET


@pytest.mark.parametrize("way", ["run", "run_streamed"])
def test_an_agent_as_a_tool(recorder: Recorder, app: App, way: str) -> None:
    inner = app.agent("inner", tools=[weather, forecast])
    app.run(way, app.agent(tools=[inner.as_tool("ask_inner", "asks"), weather]))
    assert tree(recorder) == drawn("""
        invoke_workflow Agent workflow
          invoke_agent A
            chat gpt-4o-mini
            execute_tool ask_inner
              invoke_agent inner
                chat gpt-4o-mini
                execute_tool weather
                execute_tool forecast
                chat gpt-4o-mini
            execute_tool weather
            chat gpt-4o-mini
    """)
    outer = named(recorder, "invoke_agent A")
    assert sums(outer).items() >= {"llm_calls": 4, "tool_calls": 4, "input_tokens": 92}.items()
    assert outer.attributes["genscope.agent.turns"] == 2
    assert named(recorder, "invoke_agent inner").attributes["genscope.agent.turns"] == 2


@pytest.mark.parametrize("way", ["run", "run_streamed"])
@pytest.mark.parametrize("parallel", [True, False])
def test_a_guardrail_that_lets_pass(recorder: Recorder, app: App, way: str, parallel: bool) -> None:
    judge = app.agent("judge", "ok")

    @agents.input_guardrail(run_in_parallel=parallel)
    async def polite(context: Any, agent: Any, said: Any) -> Any:
        await agents.Runner.run(judge, "Is it?")
        return agents.GuardrailFunctionOutput(output_info=None, tripwire_triggered=False)

    app.run(way, app.agent("A", "ok", input_guardrails=[polite]))
    spans = tree(recorder).splitlines()
    assert sorted(spans[2:]) == sorted(
        [
            "    task guardrail polite",
            "      invoke_agent judge",
            "        chat gpt-4o-mini",
            "    chat gpt-4o-mini",
        ]
    )
    assert named(recorder, "task guardrail polite").attributes["genscope.guardrail.triggered"] is False
    assert named(recorder, "invoke_agent A").attributes["genscope.agent.turns"] == 1
    assert sums(named(recorder, "invoke_agent A"))["llm_calls"] == 2


@pytest.mark.parametrize("way", ["run", "run_streamed"])
def test_a_guardrail_that_triggers(recorder: Recorder, app: App, way: str) -> None:
    @agents.output_guardrail
    async def polite(context: Any, agent: Any, said: Any) -> Any:
        return agents.GuardrailFunctionOutput(output_info=CANARY, tripwire_triggered=True)

    with pytest.raises(agents.OutputGuardrailTripwireTriggered):
        app.run(way, app.agent("A", "ok", output_guardrails=[polite]))
    chat, guardrail, agent, *_ = recorder.spans()
    assert guardrail.attributes["genscope.guardrail.triggered"] is True
    assert {span.status.status_code for span in (chat, guardrail)} == {StatusCode.UNSET}
    assert agent.attributes["error.type"].endswith("GuardrailTripwireTriggered")


def test_a_guardrail_that_triggers_at_once(recorder: Recorder, app: App) -> None:
    @agents.input_guardrail(run_in_parallel=False)
    async def polite(context: Any, agent: Any, said: Any) -> Any:
        return agents.GuardrailFunctionOutput(output_info=None, tripwire_triggered=True)

    with pytest.raises(agents.InputGuardrailTripwireTriggered):
        app.run("run", app.agent("A", "ok", input_guardrails=[polite]))
    assert [line.strip() for line in tree(recorder).splitlines()][1:] == ["invoke_agent A", "task guardrail polite"]
    for name in ("invoke_agent A", "invoke_workflow Agent workflow"):
        assert named(recorder, name).attributes["error.type"] == "InputGuardrailTripwireTriggered"


def test_steps_and_calls_of_the_applications_own(recorder: Recorder, app: App) -> None:
    async def main() -> None:
        with agents.trace("mine", group_id="c1"):
            with agents.custom_span("prepare", {"secret": CANARY}):
                await app.client().responses.create(model="gpt-4o-mini", input="Hello")
            with agents.custom_span("write"), recorder.tracer.start_as_current_span("the app's"):
                with agents.custom_span("inside"):
                    await app.go(app.agent("A", "ok"))
        await app.close()

    asyncio.run(main())
    recorder.settle()
    assert [span.name for span in recorder.spans()] == [
        "chat gpt-4o-mini", "task prepare", "chat gpt-4o-mini", "invoke_agent A", "task inside", "task write",
        "invoke_workflow mine",
    ]  # fmt: skip
    (apps,) = recorder.spans("app")
    assert named(recorder, "task inside").parent.span_id == apps.context.span_id
    assert apps.parent.span_id == named(recorder, "task write").context.span_id
    assert {span.attributes["gen_ai.conversation.id"] for span in recorder.spans()} == {"c1"}
    assert CANARY not in "".join(span.to_json() for span in recorder.spans())


def test_who_it_is_for(recorder: Recorder, app: App) -> None:
    config = agents.RunConfig(workflow_name="W", group_id="group", trace_metadata={"secret": CANARY})
    app.run("run", app.agent("A", "ok"), run_config=config)
    assert {span.attributes.get("gen_ai.conversation.id") for span in recorder.spans()} == {"group"}
    assert recorder.spans()[-1].name == "invoke_workflow W"
    recorder.ended.clear()
    with genscope.context(conversation_id="said", user_id="u1"):
        app.run("run", app.agent("A", "ok"), run_config=config)
    assert {span.attributes.get("gen_ai.conversation.id") for span in recorder.spans()} == {"said"}
    assert {span.attributes.get("user.id") for span in recorder.spans()} == {"u1"}
    assert CANARY not in "".join(span.to_json() for span in recorder.spans())


@pytest.mark.parametrize("way", WAYS)
def test_a_run_that_is_not_to_be_traced(recorder: Recorder, app: App, way: str) -> None:
    app.run(way, app.agent(tools=[weather]), run_config=agents.RunConfig(tracing_disabled=True))
    assert [span.name for span in recorder.spans()] == ["chat gpt-4o-mini"] * 2


def test_nothing_is_seen_where_it_is_suppressed(recorder: Recorder, app: App) -> None:
    with genscope.suppress():
        app.run("run", app.agent(tools=[weather]))
    assert recorder.spans() == []
