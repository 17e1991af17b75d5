"""Requests that do not just end: given up, timed out, left without an answer, or answered by somebody strange."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import anyio
import pytest
from contract.broken import BreaksAtEnd, BreaksAtStart
from contract.recorder import Recorder
from opentelemetry import trace
from opentelemetry.trace import SpanKind, StatusCode

import genscope
from genscope.core.pipeline import Faults
from genscope.instrumentors import MCPInstrumentor

from .mcp_client import (
    DEPRECATIONS,
    LATEST,
    NATIVE,
    McpError,
    all_of,
    connected,
    mcp,
    new_app,
    one,
    over,
    points,
    until,
)
from .mcp_client import mcp_spans as mcp_spans
from .mcp_client import whose as whose
from .mcp_peers import program, talking

pytestmark = DEPRECATIONS
CLIENT, SERVER = SpanKind.CLIENT, SpanKind.SERVER
CANARY = "canary-31f0"


def is_error(span: Any, type_: str, kind: str | None) -> bool:
    said = (span.attributes.get("error.type"), span.attributes.get("genscope.error.kind"), span.status.status_code)
    return said == (type_, kind, StatusCode.ERROR)


async def test_given_up(mcp_spans: Recorder):
    async with connected(new_app()) as session:
        with anyio.CancelScope() as scope:
            async with anyio.create_task_group() as group:
                group.start_soon(session.call_tool, "wait", {})
                await until(lambda: any("wait" in started.name for started in mcp_spans.started if _serves(started)))
                scope.cancel()
    client, server = one(mcp_spans, CLIENT, "tools/call"), one(mcp_spans, SERVER, "tools/call")
    assert is_error(client, "CancelledError", "cancelled")
    assert is_error(server, "CancelledError", "cancelled")
    assert client.events == ()


async def test_taken_back_by_the_client(mcp_spans: Recorder):
    """By a message of the protocol, which the server may answer or not."""
    async with talking(new_app()) as peer:
        await peer.tell({"id": 99, "method": "tools/call", "params": {"name": "wait", "arguments": {}}})
        await until(lambda: any("wait" in started.name for started in mcp_spans.started if _serves(started)))
        await peer.tell({"method": "notifications/cancelled", "params": {"requestId": 99}})
        await until(lambda: all_of(mcp_spans, SERVER, "tools/call"))
    assert is_error(one(mcp_spans, SERVER, "tools/call"), "CancelledError", "cancelled")


async def test_many_at_once(mcp_spans: Recorder):
    """Each in a trace of its own, and nothing is left current by any of them."""
    async with connected(new_app()) as session:

        async def one_of_many(number: int) -> None:
            with mcp_spans.tracer.start_as_current_span(f"caller {number}") as caller:
                result = await session.call_tool("add", {"a": number, "b": 0})
                assert trace.get_current_span() is caller
            assert result.content[0].text == str(number)

        async with anyio.create_task_group() as group:
            for number in range(40):
                group.start_soon(one_of_many, number)
        assert trace.get_current_span() is trace.INVALID_SPAN
    callers = {
        span.context.trace_id: span.context.span_id for span in mcp_spans.ended if span.name.startswith("caller")
    }
    clients = {span.context.span_id: span for span in all_of(mcp_spans, CLIENT, "tools/call")}
    assert len(clients) == len(callers) == 40
    for server in all_of(mcp_spans, SERVER, "tools/call"):
        client = clients.pop(server.parent.span_id)
        assert client.attributes["jsonrpc.request.id"] == server.attributes["jsonrpc.request.id"]
        assert client.parent.span_id == callers.pop(server.context.trace_id)
    assert clients == {}


def test_under_trio(mcp_spans: Recorder):
    async def main() -> None:
        async with connected(new_app()) as session:
            await session.call_tool("add", {"a": 1, "b": 2})
            with anyio.CancelScope() as scope:
                async with anyio.create_task_group() as group:
                    group.start_soon(session.call_tool, "wait", {})
                    await until(
                        lambda: any("wait" in started.name for started in mcp_spans.started if _serves(started))
                    )
                    scope.cancel()

    anyio.run(main, backend="trio")
    client = one(mcp_spans, CLIENT, "tools/call", "add")
    assert one(mcp_spans, SERVER, "tools/call", "add").parent.span_id == client.context.span_id
    assert is_error(one(mcp_spans, CLIENT, "tools/call", "wait"), "Cancelled", "cancelled")
    mcp_spans.settle()


def _serves(started: Any) -> bool:
    return started.kind is SERVER


async def test_timed_out(mcp_spans: Recorder):
    async with connected(new_app(), timeout=0.3) as session:
        with genscope.agent("librarian"), pytest.raises(McpError):
            await session.call_tool("wait", {})
        client = one(mcp_spans, CLIENT, "tools/call")
        assert is_error(client, "TimeoutError", "timeout")
        assert "rpc.response.status_code" not in client.attributes
        (measured,) = (p for p in points(mcp_spans, "mcp.client.operation.duration") if "gen_ai.tool.name" in p)
        assert measured["error.type"] == "TimeoutError"
    mcp_spans.settle()


DIES = """
import json, sys
for line in sys.stdin:
    asked = json.loads(line)
    if asked["method"] == "initialize":
        info = {"name": "dies", "version": "1"}
        result = {"protocolVersion": asked["params"]["protocolVersion"], "capabilities": {}, "serverInfo": info}
        print(json.dumps({"jsonrpc": "2.0", "id": asked["id"], "result": result}), flush=True)
    elif "id" in asked:
        break
"""


async def test_a_server_that_dies(mcp_spans: Recorder):
    async with over(program(DIES)) as session:
        with pytest.raises(McpError):
            await session.call_tool("add", {"a": 1, "b": 2})
        with suppress(Exception):  # each release has an exception of its own for this
            await session.call_tool("add", {"a": 1, "b": 2})
    first, *later = all_of(mcp_spans, CLIENT, "tools/call")
    assert is_error(first, "-32000", "connection")
    assert "rpc.response.status_code" not in first.attributes
    for span in later:
        assert span.attributes["genscope.error.kind"] == "connection"
    mcp_spans.settle()


# --- faults of ours, and coming off


@pytest.mark.parametrize("mcp_spans", [{"raise_faults": False}], indirect=True)
@pytest.mark.parametrize("broken", ["attributes", "span", "propagator", "answer", "measure"])
async def test_a_fault_of_ours_is_not_theirs(mcp_spans: Recorder, broken: str, monkeypatch: pytest.MonkeyPatch):
    from genscope.annotate.output import Output
    from genscope.frameworks import mcp_exchange, mcp_native, mcp_sessions

    def fail(*_: Any, **__: Any) -> Any:
        raise RuntimeError(CANARY)

    reported: list[str] = []
    monkeypatch.setattr(Faults, "report", lambda self, where, fault: reported.append(where))
    if broken == "attributes":
        monkeypatch.setattr(mcp_exchange, "identity_in", fail)
    elif broken == "span":
        monkeypatch.setattr(mcp_exchange.Exchange, "_add", fail)
        monkeypatch.setattr(mcp_exchange.Exchange, "_writes_content", fail)
    elif broken == "propagator":
        monkeypatch.setattr(mcp_sessions, "received", fail)
        monkeypatch.setattr(mcp_sessions, "trace_headers", fail)
        monkeypatch.setattr(mcp_native, "received", fail)
    elif broken == "answer":
        monkeypatch.setattr(mcp_exchange, "member", fail)
    else:
        monkeypatch.setattr(Output, "measure", fail)
    async with connected(new_app()) as session:
        result = await session.call_tool("add", {"a": 1, "b": 2})
        with suppress(McpError):
            await session.get_prompt("nowhere", {})
    assert result.content[0].text == "3"
    assert reported
    mcp_spans.settle()
    assert trace.get_current_span() is trace.INVALID_SPAN


@pytest.mark.parametrize("whose", ["ours"], indirect=True)  # the SDK does not isolate its own
@pytest.mark.parametrize("mcp_spans", [{"raise_faults": False}], indirect=True)
@pytest.mark.parametrize("processor", [BreaksAtStart, BreaksAtEnd])
async def test_a_span_processor_that_raises(mcp_spans: Recorder, processor: type[Any]):
    async with connected(new_app()) as session:
        mcp_spans.tracer_provider.add_span_processor(processor())
        assert (await session.call_tool("add", {"a": 1, "b": 2})).content[0].text == "3"
        with pytest.raises(McpError) as raised:
            await session.get_prompt("nowhere", {})
    assert "nowhere" in str(raised.value)
    if processor is BreaksAtEnd:
        mcp_spans.settle()
    assert trace.get_current_span() is trace.INVALID_SPAN


async def test_a_request_that_is_asked_wrongly(mcp_spans: Recorder):
    """The SDK refuses it before it does anything; it is over all the same."""
    async with connected(new_app()) as session:
        with pytest.raises(TypeError, match="send_"):
            if NATIVE:
                await session.session._dispatcher.send_raw_request("tools/list", None, unknown=1)
            else:
                await session.send_request(mcp.types.ClientRequest(mcp.types.ListToolsRequest(method="tools/list")))
    mcp_spans.settle()
    (counted,) = [at for at in points(mcp_spans, "mcp.client.operation.duration") if "error.type" in at]
    assert counted["error.type"] == "TypeError"


class Shy:
    """What the SDK hands on with a request, in another release: it has not, or not always, what we look for."""

    method, params, protocol_version, meta, request = "tools/list", None, LATEST, None, None

    def __init__(self) -> None:
        self.asked = 0

    @property
    def request_id(self) -> int:
        self.asked += 1
        if self.asked == 1:
            raise RuntimeError(CANARY)
        return 1


@pytest.mark.skipif(not NATIVE, reason="the SDK has no middleware")
@pytest.mark.parametrize("mcp_spans", [{"raise_faults": False}], indirect=True)
async def test_a_request_that_cannot_be_looked_at(mcp_spans: Recorder):
    from mcp.server._otel import OpenTelemetryMiddleware

    answer = object()

    async def call_next(ctx: Any) -> Any:
        assert isinstance(ctx, Shy)
        return answer

    call: Any = OpenTelemetryMiddleware()
    assert await call(Shy(), call_next) is answer


@pytest.mark.skipif(not NATIVE, reason="the base class does this")
@pytest.mark.parametrize("mcp_spans", [{"raise_faults": False}], indirect=True)
async def test_a_request_of_the_server_that_cannot_be_looked_at(mcp_spans: Recorder):
    async with connected(new_app()) as session:
        assert await session.session._on_request(object(), "ping", None) == {}


async def test_taken_off_in_the_middle(mcp_spans: Recorder):
    async with connected(new_app()) as session:
        async with anyio.create_task_group() as group:
            group.start_soon(session.call_tool, "wait", {})
            await until(lambda: any("wait" in started.name for started in mcp_spans.started if _serves(started)))
            genscope.uninstrument()
            assert (await session.call_tool("add", {"a": 1, "b": 2})).content[0].text == "3"
            group.cancel_scope.cancel()
    mcp_spans.settle()
    if one(mcp_spans, SERVER, "tools/call", "wait").instrumentation_scope.name == "genscope":
        assert not [started for started in mcp_spans.started if "add" in started.name]


def test_taken_off_without_a_trace():

    places = _places()
    before = [getattr(owner, name) if name == "_tracer" else owner.__dict__[name] for owner, name in places]
    instrumentor = MCPInstrumentor()
    instrumentor.instrument(skip_dep_check=True, raise_faults=True)
    attachment: Any = instrumentor.attachment
    assert len(attachment.bound) == len(places)
    assert attachment.skipped == {}
    instrumentor.uninstrument()
    after = [getattr(owner, name) if name == "_tracer" else owner.__dict__[name] for owner, name in places]
    assert all(one is other for one, other in zip(before, after, strict=True))


def _places() -> list[tuple[Any, str]]:
    from mcp.client import session, streamable_http

    found: list[tuple[Any, str]] = [(streamable_http.StreamableHTTPTransport, "post_writer")]
    if NATIVE:
        from mcp.server import _otel as middleware
        from mcp.shared import _otel, direct_dispatcher, jsonrpc_dispatcher

        return [
            *found,
            (_otel, "_tracer"),
            (jsonrpc_dispatcher.JSONRPCDispatcher, "send_raw_request"),
            (jsonrpc_dispatcher.JSONRPCDispatcher, "_resolve_pending"),
            (direct_dispatcher.DirectDispatcher, "send_raw_request"),
            (middleware.OpenTelemetryMiddleware, "__call__"),
            (session.ClientSession, "_on_request"),
        ]
    from mcp.shared import message
    from mcp.shared import session as sessions

    responder = sessions.RequestResponder
    return [
        *found,
        (sessions.BaseSession, "send_request"),
        *((responder, name) for name in ("__enter__", "__exit__", "respond")),
        (message.ServerMessageMetadata, "__init__"),
    ]
