"""Requests of MCP under agents and tools: for whom they are, what counts, and what is told once only."""

from __future__ import annotations

import json
from typing import Any

import openai
import pytest
from contract.recorder import Recorder
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF
from opentelemetry.trace import SpanKind, StatusCode

import genscope
from genscope.local.simulator import Simulator

from .mcp_client import DEPRECATIONS, NATIVE, all_of, connected, mcp, new_app, one, points
from .mcp_client import mcp_spans as mcp_spans
from .mcp_client import whose as whose

pytestmark = DEPRECATIONS
CLIENT, SERVER = SpanKind.CLIENT, SpanKind.SERVER


async def test_for_whom_it_is(mcp_spans: Recorder):
    async with connected(new_app()) as session:
        with genscope.context(user_id="u1", conversation_id="c1"), genscope.agent("librarian"):
            await session.call_tool("add", {"a": 1, "b": 2})
    client = one(mcp_spans, CLIENT, "tools/call")
    assert client.attributes.items() >= {
        "user.id": "u1", "gen_ai.conversation.id": "c1", "gen_ai.agent.name": "librarian",
    }.items()  # fmt: skip


@pytest.mark.parametrize("mcp_spans", [{"baggage": "user_id"}], indirect=True)
async def test_for_whom_it_is_crosses_to_the_server_where_that_is_allowed(mcp_spans: Recorder):
    async with connected(new_app()) as session:
        with genscope.context(user_id="u1", conversation_id="c1"):
            await session.call_tool("who", {})
    (inside,) = (span for span in mcp_spans.ended if span.name == "task look")
    for span in (one(mcp_spans, SERVER, "tools/call"), inside):
        assert span.attributes["user.id"] == "u1"
    assert NATIVE or "gen_ai.conversation.id" not in inside.attributes  # today's SDK hands on the context in memory


async def test_the_tool_counts_for_the_agent(mcp_spans: Recorder):
    async with connected(new_app()) as session:
        with genscope.agent("librarian"):
            await session.call_tool("add", {"a": 1, "b": 2})
            await session.list_tools()
            await session.call_tool("fail", {"text": ""})
    (agent,) = (span for span in mcp_spans.ended if span.name == "invoke_agent librarian")
    assert agent.attributes["genscope.subtree.tool_calls"] == 2
    assert [point.sum for point in mcp_spans.points("gen_ai.invoke_agent.tool_calls")] == [2]


async def test_a_tool_that_is_described_already_is_not_told_nor_counted_twice(mcp_spans: Recorder):
    async with connected(new_app()) as session:
        with genscope.agent("librarian"), genscope.tool("add", call_id="call_1"):
            await session.call_tool("add", {"a": 1, "b": 2})
    (agent,) = (span for span in mcp_spans.ended if span.name == "invoke_agent librarian")
    (tool,) = (span for span in mcp_spans.ended if span.name == "execute_tool add")
    assert agent.attributes["genscope.subtree.tool_calls"] == 1
    server = one(mcp_spans, SERVER, "tools/call")
    if all_of(mcp_spans, CLIENT, "tools/call"):  # the SDK has one, come what may
        assert NATIVE
        assert server.parent.span_id == one(mcp_spans, CLIENT, "tools/call").context.span_id
    else:
        assert server.parent.span_id == tool.context.span_id
        assert tool.attributes["mcp.method.name"] == "tools/call"
        assert tool.attributes["jsonrpc.request.id"] == server.attributes["jsonrpc.request.id"]
        assert "genscope.enriched" not in tool.attributes
    measured = [point["mcp.method.name"] for point in points(mcp_spans, "mcp.client.operation.duration")]
    assert measured.count("tools/call") == 1


@pytest.mark.skipif(NATIVE, reason="since 2.0 the SDK has a span, come what may")
@pytest.mark.parametrize("said", [{"mcp.method.name": "tools/call"}, {"gen_ai.operation.name": "execute_tool"}])
async def test_a_request_that_somebody_else_describes_is_not_told_twice(mcp_spans: Recorder, said: dict[str, str]):
    """As FastMCP's client does."""
    said = {**said, "gen_ai.tool.name": "fail"}
    async with connected(new_app()) as session:
        with mcp_spans.tracer.start_as_current_span("theirs", kind=CLIENT, attributes=said):
            await session.call_tool("fail", {"text": ""})
    assert all_of(mcp_spans, CLIENT, "tools/call") == []
    (theirs,) = (span for span in mcp_spans.ended if span.name == "theirs")
    assert theirs.attributes is not None
    assert theirs.attributes["genscope.enriched"] is True
    assert theirs.attributes["error.type"] == "tool_error"
    assert theirs.status.status_code is StatusCode.ERROR
    assert theirs.context is not None
    assert one(mcp_spans, SERVER, "tools/call").parent.span_id == theirs.context.span_id


async def test_another_tool_around_it_is_another_tool(mcp_spans: Recorder):
    async with connected(new_app()) as session:
        with genscope.agent("librarian"), genscope.tool("research"):
            await session.call_tool("add", {"a": 1, "b": 2})
    (agent,) = (span for span in mcp_spans.ended if span.name == "invoke_agent librarian")
    assert agent.attributes["genscope.subtree.tool_calls"] == 2
    (tool,) = (span for span in mcp_spans.ended if span.name == "execute_tool research")
    assert one(mcp_spans, CLIENT, "tools/call").parent.span_id == tool.context.span_id


@pytest.mark.parametrize("mcp_spans", [{"sampler": ALWAYS_OFF}], indirect=True)
async def test_what_is_not_sampled_is_counted_all_the_same(mcp_spans: Recorder):
    async with connected(new_app()) as session:
        with genscope.agent("librarian"):
            await session.call_tool("add", {"a": 1, "b": 2})
            with genscope.tool("add"):
                await session.call_tool("add", {"a": 1, "b": 2})
    assert mcp_spans.ended == []
    assert [point.sum for point in mcp_spans.points("gen_ai.invoke_agent.tool_calls")] == [2]
    (measured,) = (
        point.count
        for point in mcp_spans.points("mcp.server.operation.duration")
        if point.attributes.get("gen_ai.tool.name") == "add"
    )
    assert measured == 2


async def test_the_id_under_which_a_model_asked_for_it(mcp_spans: Recorder, simulator: Simulator):
    async with connected(new_app()) as session:
        async with openai.AsyncOpenAI(base_url=simulator.base_url("tools"), api_key="none") as client:
            with genscope.agent("librarian"):
                answer = await client.chat.completions.create(
                    model="gpt-4o-mini",
                    messages=[{"role": "user", "content": "Hi"}],
                    tools=[{"type": "function", "function": {"name": "get_weather"}}],
                )
                for call in answer.choices[0].message.tool_calls or ():
                    asked: Any = call
                    await session.call_tool(asked.function.name, json.loads(asked.function.arguments))
    ids = [call.id for call in answer.choices[0].message.tool_calls or ()]
    assert ids
    told = [span.attributes.get("gen_ai.tool.call.id") for span in all_of(mcp_spans, CLIENT, "tools/call")]
    assert told == ids


@pytest.mark.skipif(not NATIVE, reason="new in 2.0")
async def test_a_tool_that_wants_to_know_more_is_one_tool(mcp_spans: Recorder):
    """The server answers with a question, and is asked once more."""
    import mcp.types as types
    from mcp.server.lowlevel import Server

    async def list_tools(ctx: Any, params: Any) -> Any:
        return types.ListToolsResult(tools=[types.Tool(name="buy", input_schema={"type": "object"})])

    async def call_tool(ctx: Any, params: Any) -> Any:
        if params.input_responses:
            return types.CallToolResult(content=[types.TextContent(type="text", text="bought")])
        form = types.ElicitRequestFormParams(message="Which?", requested_schema={"type": "object", "properties": {}})
        return types.InputRequiredResult(input_requests={"which": types.ElicitRequest(params=form)}, request_state="s")

    async def elicit(context: Any, params: Any) -> Any:
        return types.ElicitResult(action="accept", content={})

    server: Any = Server("shop", on_call_tool=call_tool, on_list_tools=list_tools)
    async with mcp.Client(server, elicitation_callback=elicit) as client:
        with genscope.agent("buyer"):
            result = await client.call_tool("buy", {})
    assert result.content[0].text == "bought"
    (agent,) = (span for span in mcp_spans.ended if span.name == "invoke_agent buyer")
    assert agent.attributes["genscope.subtree.tool_calls"] == 1
    assert len(all_of(mcp_spans, SERVER, "tools/call")) == 2
