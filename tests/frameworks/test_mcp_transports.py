"""One trace on both sides of every transport: a real subprocess, and HTTP over the loopback."""

from __future__ import annotations

import itertools
import json
import os
import socket
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
import pytest
import uvicorn
from contract.recorder import Recorder
from opentelemetry.trace import SpanKind

import genscope
from genscope.local.simulator import Simulator
from genscope.web import IdentityMiddleware

from .mcp_client import DEPRECATIONS, NATIVE, all_of, connected, http_client, mcp, new_app, one, over, until
from .mcp_client import mcp_spans as mcp_spans
from .mcp_client import whose as whose

pytestmark = DEPRECATIONS
CLIENT, SERVER = SpanKind.CLIENT, SpanKind.SERVER
APP = Path(__file__).with_name("mcp_app.py")


@asynccontextmanager
async def serving(app: Any) -> AsyncGenerator[str]:
    """An ASGI application under uvicorn, in this loop; its address."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        config = uvicorn.Config(app, log_level="critical", timeout_graceful_shutdown=1)
        server = uvicorn.Server(config)
        server.install_signal_handlers = lambda: None  # pyright: ignore
        async with anyio.create_task_group() as group:
            group.start_soon(server.serve, [listener])
            await until(lambda: server.started)
            try:
                yield f"http://127.0.0.1:{listener.getsockname()[1]}"
            finally:
                server.should_exit = True


def stdio(spans: Path) -> Any:
    """The server as a program under `genscope run`, which is told of no other way than by its environment."""
    from mcp.client.stdio import StdioServerParameters, stdio_client

    said = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(APP.parents[1]),
        "OTEL_TRACES_EXPORTER": "none",
        "GENSCOPE_RAISE_FAULTS": "true",
    }
    command = str(Path(sys.executable).with_name("genscope"))
    return stdio_client(StdioServerParameters(command=command, args=["run", str(APP), str(spans)], env=said))


def lines(file: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in file.read_text().splitlines()]


async def test_a_server_in_a_process_of_its_own(mcp_spans: Recorder, simulator: Simulator, tmp_path: Path):
    file = tmp_path / "spans"
    async with over(stdio(file)) as session:
        with genscope.agent("librarian"):
            await session.call_tool("ask", {"base_url": simulator.base_url()})
    client = one(mcp_spans, CLIENT, "tools/call")
    there = {(line["kind"], line["name"]): line for line in lines(file) if line["trace"] == client.context.trace_id}
    server, model = there["SERVER", "tools/call ask"], there["CLIENT", "chat gpt-4o-mini"]
    assert server["parent"] == client.context.span_id
    assert model["parent"] == server["id"]
    assert server["scope"] == ("mcp-python-sdk" if NATIVE else "genscope")
    assert server["attributes"].get("genscope.enriched", False) is NATIVE
    assert server["attributes"]["jsonrpc.request.id"] == client.attributes["jsonrpc.request.id"]
    served = [line["attributes"].get("mcp.method.name") for line in lines(file) if line["kind"] == "SERVER"]
    assert served.count("initialize") == 1


@pytest.mark.parametrize("transport", ["streamable", "stateless", "json", "sse"])
async def test_a_server_over_http(mcp_spans: Recorder, simulator: Simulator, transport: str):
    app, path = (new_app().sse_app(), "/sse") if transport == "sse" else (http_app(transport), "/mcp")
    async with serving(app) as address, over(http_client(f"{address}{path}")) as session:
        with mcp_spans.tracer.start_as_current_span("the caller's own") as caller:
            await session.call_tool("ask", {"base_url": simulator.base_url()})
        await session.call_tool("add", {"a": 1, "b": 2})
    client, server = one(mcp_spans, CLIENT, "tools/call", "ask"), one(mcp_spans, SERVER, "tools/call", "ask")
    (model,) = (span for span in mcp_spans.ended if span.name == "chat gpt-4o-mini")
    assert client.parent.span_id == caller.get_span_context().span_id
    assert server.parent.span_id == client.context.span_id
    assert model.parent is not None
    assert model.parent.span_id == server.context.span_id
    later, served = one(mcp_spans, CLIENT, "tools/call", "add"), one(mcp_spans, SERVER, "tools/call", "add")
    assert later.parent is None
    assert served.parent.span_id == later.context.span_id
    assert served.attributes["network.transport"] == "tcp"
    assert served.attributes["network.protocol.name"] == "http"
    if transport != "sse":
        at = {"network.transport": "tcp", "server.address": "127.0.0.1", "server.port": int(address.split(":")[-1])}
        assert later.attributes.items() >= at.items()
    if transport in ("streamable", "json"):
        assert later.attributes["mcp.session.id"] == served.attributes["mcp.session.id"]
        (initialize,) = all_of(mcp_spans, CLIENT, "initialize")
        assert "mcp.session.id" not in initialize.attributes


def http_app(kind: str) -> Any:
    app = new_app()
    if NATIVE:
        return app.streamable_http_app(stateless_http=kind == "stateless", json_response=kind == "json")
    app.settings.stateless_http, app.settings.json_response = kind == "stateless", kind == "json"
    return app.streamable_http_app()


class Traced:
    """What an instrumentation of ASGI does: a span for each HTTP request."""

    def __init__(self, app: Any, recorder: Recorder) -> None:
        self._app, self._recorder = app, recorder

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        with self._recorder.tracer.start_as_current_span(f"{scope['method']} /mcp"):
            await self._app(scope, receive, send)


async def test_the_span_of_the_http_request_is_linked_to_or_the_parent(mcp_spans: Recorder):
    app = Traced(http_app("streamable"), mcp_spans)
    async with serving(app) as address, over(http_client(f"{address}/mcp")) as session:
        await session.call_tool("add", {"a": 1, "b": 2})
        with genscope.suppress():
            await session.call_tool("add", {"a": 3, "b": 4})
    client = one(mcp_spans, CLIENT, "tools/call") if not NATIVE else all_of(mcp_spans, CLIENT, "tools/call")[0]
    posts = {span.context.span_id for span in mcp_spans.ended if span.name == "POST /mcp"}
    servers = all_of(mcp_spans, SERVER, "tools/call")
    assert servers[0].parent.span_id == client.context.span_id
    if not NATIVE:  # today's SDK has no links
        (link,) = servers[0].links
        assert link.context.span_id in posts
        assert servers[1].parent.span_id in posts - {link.context.span_id}  # nobody has sent a trace


@pytest.mark.skipif(NATIVE, reason="today's SDK takes what is in the message, or the span around")
async def test_a_trace_in_the_headers_is_better_than_none(mcp_spans: Recorder):
    import httpx

    say = {"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": {}}
    trace, span = f"{7:032x}", f"{8:016x}"
    headers = {"accept": "application/json, text/event-stream", "traceparent": f"00-{trace}-{span}-01"}
    app = new_app()
    app.settings.stateless_http = app.settings.json_response = True
    async with serving(app.streamable_http_app()) as address, httpx.AsyncClient(headers=headers) as client:
        answer = await client.post(f"{address}/mcp", json=say, follow_redirects=True)
    assert answer.json()["result"]["tools"]
    assert one(mcp_spans, SERVER, "tools/list").parent.span_id == 8


async def test_each_http_request_is_for_somebody_else(mcp_spans: Recorder):
    """The session is served by a task that the first request has started: nothing of that leaks into the others."""
    users = itertools.count(1)
    everybody = True
    plain = http_app("streamable")
    identified = IdentityMiddleware(plain, user_id=lambda scope: str(next(users)))

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await (identified if everybody else plain)(scope, receive, send)

    async with serving(app) as address, over(http_client(f"{address}/mcp")) as session:
        await session.call_tool("who", {})
        await session.call_tool("who", {})
        everybody = False
        await session.call_tool("who", {})
    told = [span.attributes.get("user.id") for span in all_of(mcp_spans, SERVER, "tools/call")]
    found = [(span.attributes or {}).get("user.id") for span in mcp_spans.ended if span.name == "task look"]
    assert told == found
    first, second, third = found
    assert len({"1", first, second, None}) == 4
    assert third is None


async def test_an_answer_of_the_clients_model_is_in_the_same_trace(mcp_spans: Recorder):
    """A server may ask, too: then it is the client that serves."""
    from mcp.types import CreateMessageResult, TextContent

    async def sample(context: Any, params: Any) -> Any:
        with genscope.task("think"):
            return CreateMessageResult(role="assistant", content=TextContent(type="text", text="Hi"), model="m")

    async with connected(new_app(), sampling_callback=sample) as session:
        result = await session.call_tool("consult", {})
    assert result.content[0].text == "m"
    asked, served = one(mcp_spans, CLIENT, "sampling/createMessage"), one(mcp_spans, SERVER, "sampling/createMessage")
    tool = one(mcp_spans, SERVER, "tools/call")
    (inside,) = (span for span in mcp_spans.ended if span.name == "task think")
    assert asked.parent.span_id == tool.context.span_id
    assert served.parent.span_id == asked.context.span_id
    assert inside.parent is not None
    assert inside.parent.span_id == served.context.span_id


@pytest.mark.skipif(not NATIVE, reason="new in 2.0")
async def test_a_server_that_is_called_directly(mcp_spans: Recorder, simulator: Simulator):
    """Without messages the SDK has a span of the server only, and none is added; all the rest is the same."""
    async with mcp.Client(new_app()) as client:
        with genscope.agent("librarian"):
            await client.call_tool("ask", {"base_url": simulator.base_url()})
    (agent,) = (span for span in mcp_spans.ended if span.name == "invoke_agent librarian")
    server = one(mcp_spans, SERVER, "tools/call")
    assert server.parent.span_id == agent.context.span_id
    assert all_of(mcp_spans, CLIENT) == []
    assert server.attributes["mcp.protocol.version"] == "2026-07-28"
    assert agent.attributes["genscope.subtree.tool_calls"] == 1
    assert agent.attributes["genscope.subtree.llm_calls"] == 1
    measured = {point.attributes["mcp.method.name"] for point in mcp_spans.points("mcp.client.operation.duration")}
    assert "tools/call" in measured
