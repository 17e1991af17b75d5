"""What clients and servers of MCP tell: with today's SDK, which has spans of its own, and with the one before."""

from __future__ import annotations

import json
from typing import Any

import pytest
from contract.recorder import Recorder
from conversations import Logbook
from opentelemetry.baggage import set_baggage
from opentelemetry.context import attach, detach
from opentelemetry.trace import SpanKind, StatusCode

import genscope
from genscope.local.simulator import Simulator

from .mcp_client import DEPRECATIONS, LATEST, NATIVE, McpError, all_of, connected, failed, new_app, one, points
from .mcp_client import mcp_spans as mcp_spans
from .mcp_client import whose as whose

pytestmark = DEPRECATIONS
CLIENT, SERVER = SpanKind.CLIENT, SpanKind.SERVER
CANARY = "canary-77aa"
WITH_CONTENT = pytest.mark.parametrize("mcp_spans", [{"capture_message_content": "SPAN_ONLY"}], indirect=True)


async def test_one_trace_from_the_client_through_the_server_to_the_model(mcp_spans: Recorder, simulator: Simulator):
    async with connected(new_app()) as session:
        with mcp_spans.tracer.start_as_current_span("the caller's own") as caller:
            await session.call_tool("ask", {"base_url": simulator.base_url()})
    client, server = one(mcp_spans, CLIENT, "tools/call"), one(mcp_spans, SERVER, "tools/call")
    (model,) = (span for span in mcp_spans.ended if span.name == "chat gpt-4o-mini")
    assert client.parent.span_id == caller.get_span_context().span_id
    assert server.parent.span_id == client.context.span_id
    assert model.parent is not None
    assert model.parent.span_id == server.context.span_id
    assert {span.context.trace_id for span in (client, server, model)} == {caller.get_span_context().trace_id}


async def test_what_a_tool_call_says(mcp_spans: Recorder):
    async with connected(new_app()) as session:
        assert not failed(await session.call_tool("add", {"a": 1, "b": 2}))
    client, server = one(mcp_spans, CLIENT, "tools/call"), one(mcp_spans, SERVER, "tools/call")
    expected = {
        "mcp.method.name": "tools/call",
        "mcp.protocol.version": LATEST,
        "gen_ai.operation.name": "execute_tool",
        "gen_ai.tool.name": "add",
    }
    for span in (client, server):
        assert span.attributes.items() >= expected.items()
        assert span.attributes["jsonrpc.request.id"].isdigit()
        assert span.status.status_code is StatusCode.UNSET
        assert "tools/call add" in span.name
        of_the_sdk = span.instrumentation_scope.name == "mcp-python-sdk"
        assert span.attributes.get("genscope.enriched", False) is of_the_sdk
        assert of_the_sdk or span.name == "tools/call add"
    assert client.attributes["jsonrpc.request.id"] == server.attributes["jsonrpc.request.id"]
    for side in ("client", "server"):
        assert expected in points(mcp_spans, f"mcp.{side}.operation.duration")


async def test_each_request_has_one_span_on_each_side(mcp_spans: Recorder):
    async with connected(new_app()) as session:
        await session.list_tools()
        await session.get_prompt("greeting", {"name": "Ada"})
        await session.read_resource("shelf://books/one" if NATIVE else _url("shelf://books/one"))
    for kind in (CLIENT, SERVER):
        methods = [span.attributes["mcp.method.name"] for span in all_of(mcp_spans, kind)]
        asked = [method for method in methods if not method.startswith("notifications/")]
        assert asked == ["initialize", "tools/list", "prompts/get", "resources/read"]
        assert one(mcp_spans, kind, "prompts/get").attributes["gen_ai.prompt.name"] == "greeting"
        assert one(mcp_spans, kind, "resources/read").attributes["mcp.resource.uri"] == "shelf://books/one"
        assert "gen_ai.operation.name" not in one(mcp_spans, kind, "prompts/get").attributes


async def test_pings_and_notifications_are_not_noisy(mcp_spans: Recorder):
    async with connected(new_app()) as session:
        heard: list[Any] = []

        async def hear(progress: float, total: float | None, message: str | None) -> None:
            heard.append((progress, total))

        await session.send_ping()
        await session.call_tool("report", {}, progress_callback=hear)
    assert heard == [(1.0, 2.0)]
    noise = ("ping", "notifications/")
    told = [span for span in mcp_spans.spans() if str((span.attributes or {})["mcp.method.name"]).startswith(noise)]
    measured = [
        point["mcp.method.name"] for side in ("client", "server") for point in points(mcp_spans, _duration(side))
    ]
    assert told == []
    assert [method for method in measured if method.startswith(noise)] == []


async def test_a_tool_that_fails(mcp_spans: Recorder):
    async with connected(new_app()) as session:
        assert failed(await session.call_tool("fail", {"text": CANARY}))
    for kind, side in ((CLIENT, "client"), (SERVER, "server")):
        span = one(mcp_spans, kind, "tools/call")
        assert span.attributes["error.type"] == "tool_error"
        assert span.status.status_code is StatusCode.ERROR
        measured = [point for point in points(mcp_spans, _duration(side)) if point.get("gen_ai.tool.name") == "fail"]
        assert [point["error.type"] for point in measured] == ["tool_error"]
        assert CANARY not in f"{dict(span.attributes)} {span.status.description} {span.events}"


async def test_a_request_that_the_server_does_not_know(mcp_spans: Recorder):
    """An error of the client, none of the server."""
    from mcp.types import PromptReference

    async with connected(new_app()) as session:
        with pytest.raises(McpError) as refused:
            await session.complete(PromptReference(type="ref/prompt", name="greeting"), {"name": "name", "value": "A"})
    assert refused.value.error.code == -32601
    client, server = one(mcp_spans, CLIENT, "completion/complete"), one(mcp_spans, SERVER, "completion/complete")
    for span in (client, server):
        assert span.attributes["rpc.response.status_code"] == "-32601"
    assert client.attributes["error.type"] == "-32601"
    assert client.status.status_code is StatusCode.ERROR
    if server.instrumentation_scope.name == "genscope":
        assert "error.type" not in server.attributes
        assert server.status.status_code is StatusCode.UNSET
    for side in ("client", "server"):
        (measured,) = (p for p in points(mcp_spans, _duration(side)) if p["mcp.method.name"] == "completion/complete")
        assert measured["rpc.response.status_code"] == "-32601"
        assert measured.get("error.type") == ("-32601" if side == "client" else None)


async def test_a_request_that_the_server_fails_to_serve(mcp_spans: Recorder):
    async with connected(new_app()) as session:
        with pytest.raises(McpError):
            await session.get_prompt("nowhere", {"name": CANARY})
    client, server = one(mcp_spans, CLIENT, "prompts/get"), one(mcp_spans, SERVER, "prompts/get")
    assert client.attributes.items() >= {"error.type": "0", "rpc.response.status_code": "0"}.items()
    assert server.attributes["error.type"] == ("ValueError" if NATIVE else "0")
    assert len(client.events) == (0 if NATIVE else 1)  # there it is raised when the span has ended
    for span, side in ((client, "client"), (server, "server")):
        assert span.status.status_code is StatusCode.ERROR
        (measured,) = (p for p in points(mcp_spans, _duration(side)) if p["mcp.method.name"] == "prompts/get")
        assert measured["error.type"] == span.attributes["error.type"]


@pytest.mark.parametrize("whose", ["ours"], indirect=True)
async def test_an_exception_in_the_log(mcp_spans: Recorder):
    """By the rules of calls. The SDK's own spans are the SDK's to write on."""
    logbook = Logbook()
    genscope.instrument(only=["mcp"], exception_signal="logs", logger_provider=logbook.provider)
    async with connected(new_app()) as session:
        with pytest.raises(McpError):
            await session.get_prompt("nowhere", {"name": CANARY})
    side = SERVER if NATIVE else CLIENT  # where the span is still open when it is raised
    span = one(mcp_spans, side, "prompts/get")
    assert span.events == ()
    record = logbook.event("gen_ai.client.operation.exception")
    assert (record.trace_id, record.span_id) == (span.context.trace_id, span.context.span_id)
    assert record.attributes.keys() - {"event.name"} == {"exception.type", "exception.stacktrace"}


async def test_nothing_of_ours_where_it_is_suppressed(mcp_spans: Recorder):
    with genscope.suppress():
        async with connected(new_app()) as session:
            assert not failed(await session.call_tool("add", {"a": 1, "b": 2}))
    assert mcp_spans.spans() == []
    assert all("genscope.enriched" not in (span.attributes or {}) for span in mcp_spans.ended)
    assert mcp_spans.metrics() == []


async def test_no_content_unless_it_is_asked_for(mcp_spans: Recorder):
    async with connected(new_app()) as session:
        await session.call_tool("fail", {"text": CANARY})
        await session.get_prompt("greeting", {"name": CANARY})
        await session.call_tool("nothing", {CANARY: 1})
    assert all(CANARY not in f"{span.to_json()}" for span in mcp_spans.ended)


@WITH_CONTENT
async def test_content_where_it_is_asked_for(mcp_spans: Recorder):
    async with connected(new_app()) as session:
        await session.call_tool("add", {"a": 1, "b": 2})
        await session.call_tool("fail", {"text": "mail ada@example.org"})
        await session.list_tools()
    for kind in (CLIENT, SERVER):
        span = one(mcp_spans, kind, "tools/call", "add")
        assert json.loads(span.attributes["gen_ai.tool.call.arguments"]) == {"a": 1, "b": 2}
        assert json.loads(span.attributes["gen_ai.tool.call.result"]) == {"result": 3}
        failing = one(mcp_spans, kind, "tools/call", "fail")
        assert "mail " in failing.attributes["gen_ai.tool.call.arguments"]
        assert json.loads(failing.attributes["gen_ai.tool.call.result"])[0]["type"] == "text"
        assert all("gen_ai.tool.call.result" not in span.attributes for span in all_of(mcp_spans, kind, "tools/list"))


@WITH_CONTENT
async def test_content_is_redacted(mcp_spans: Recorder):
    async with connected(new_app()) as session:
        await session.call_tool("fail", {"text": "mail ada@example.org"})
    ours = [span.attributes for span in mcp_spans.ended]
    assert "ada@example.org" not in str(ours)


async def test_baggage_of_the_application_arrives(mcp_spans: Recorder):
    token = attach(set_baggage("shelf", "7"))
    try:
        async with connected(new_app()) as session:
            await session.call_tool("add", {"a": 1, "b": 2})
    finally:
        detach(token)
    assert one(mcp_spans, SERVER, "tools/call").parent is not None


def _duration(side: str) -> str:
    return f"mcp.{side}.operation.duration"


def _url(text: str) -> Any:
    from pydantic import AnyUrl

    return AnyUrl(text)
