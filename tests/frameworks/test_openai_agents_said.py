"""What the spans of the Agents SDK say of errors, each where it belongs, and of content, only where it is asked for."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from contract.recorder import Recorder
from opentelemetry.trace import StatusCode

from .openai_agents_app import CANARY, WAYS, App, agents, fails, forecast, instrumented, named, raises, sums, weather
from .openai_agents_app import app as app
from .openai_agents_app import recorder as recorder


@pytest.fixture
def captured(caplog: pytest.LogCaptureFixture) -> Iterator[Recorder]:
    """With content."""
    with instrumented(Recorder(), caplog, capture_message_content="SPAN_ONLY") as recorder:
        yield recorder


@pytest.mark.parametrize("way", WAYS)
def test_an_error_of_a_model_is_told_once(recorder: Recorder, app: App, way: str) -> None:
    with pytest.raises(Exception, match="Rate limit") as raised:
        app.run(way, app.agent("A", "rate_limit"))
    chat, agent, workflow = recorder.spans()
    assert type(raised.value).__name__ == "RateLimitError"
    assert [len(span.events) for span in (chat, agent, workflow)] == [1, 0, 0]
    assert agent.attributes["error.type"] == workflow.attributes["error.type"] == "RateLimitError"
    assert sums(workflow)["failed_calls"] == 1


@pytest.mark.parametrize("way", WAYS)
def test_too_many_turns(recorder: Recorder, app: App, way: str) -> None:
    with pytest.raises(agents.MaxTurnsExceeded):
        app.run(way, app.agent(tools=[weather, forecast]), max_turns=1)
    assert named(recorder, "invoke_agent A").attributes["error.type"] == "MaxTurnsExceeded"
    assert named(recorder, "invoke_agent A").attributes["genscope.agent.turns"] == 1


@pytest.mark.parametrize("way", WAYS)
def test_a_tool_that_fails(recorder: Recorder, app: App, way: str) -> None:
    app.run(way, app.agent(tools=[fails, weather]))
    failed = named(recorder, "execute_tool fails")
    assert failed.attributes["error.type"] == "tool_error"
    assert failed.status.status_code is StatusCode.ERROR
    for name in ("execute_tool weather", "invoke_agent A", "invoke_workflow Agent workflow"):
        assert named(recorder, name).status.status_code is StatusCode.UNSET
    (point,) = [one for one in recorder.points("gen_ai.execute_tool.duration") if "error.type" in one.attributes]
    assert point.attributes["gen_ai.tool.name"] == "fails"


def test_a_tool_that_raises(recorder: Recorder, app: App) -> None:
    with pytest.raises(agents.UserError):
        app.run("run", app.agent(tools=[raises]))
    for span in recorder.spans()[1:]:
        assert span.attributes["error.type"] == "UserError"
    assert CANARY not in "".join(span.to_json() for span in recorder.spans())


@pytest.mark.parametrize("way", WAYS)
def test_content_where_it_is_asked_for(captured: Recorder, app: App, way: str) -> None:
    app.run(way, app.agent(tools=[fails, forecast]))
    tool = named(captured, "execute_tool forecast").attributes
    assert json.loads(tool["gen_ai.tool.call.arguments"]) == {"city": "London"}
    assert json.loads(tool["gen_ai.tool.call.result"]) == {"city": "London", "mail": "[EMAIL]"}
    (event,) = named(captured, "execute_tool fails").events
    assert event.attributes["exception.message"].startswith("Error running tool")


def test_the_text_of_an_exception_is_content(captured: Recorder, app: App) -> None:
    with pytest.raises(agents.UserError):
        app.run("run", app.agent(tools=[weather, raises]))
    (event,) = named(captured, "execute_tool raises").events
    assert CANARY in event.attributes["exception.message"]


def test_no_content_without(recorder: Recorder, app: App) -> None:
    app.run("run", app.agent(tools=[fails, forecast]))
    everything = "".join(span.to_json() for span in recorder.spans())
    for said in ("London", "jane@", "Hello", CANARY, "Paris"):
        assert said not in everything


def test_no_content_that_the_application_keeps_from_tracing(captured: Recorder, app: App) -> None:
    app.run("run", app.agent(tools=[fails, forecast]), run_config=agents.RunConfig(trace_include_sensitive_data=False))
    for name in ("fails", "forecast"):
        tool = named(captured, f"execute_tool {name}")
        assert not any(attribute.startswith("gen_ai.tool.call.a") for attribute in tool.attributes)
        assert "gen_ai.tool.call.result" not in tool.attributes
