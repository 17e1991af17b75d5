"""A client of MCP in whichever major release of the SDK is installed, and what both have in common."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import anyio
import pytest
from contract.recorder import Recorder
from opentelemetry.trace import SpanKind

import genscope

WHY = "mcp is not installed"
mcp: Any = pytest.importorskip("mcp", reason=WHY)

from .mcp_app import NATIVE, new_app  # noqa: E402 - the SDK may not be there

__all__ = ["NATIVE", "new_app"]
DEPRECATIONS = pytest.mark.filterwarnings("ignore:.*(removed|deprecated) as of")
"""Of what the protocol will not have any more some day."""
SCOPES = ("genscope", "mcp-python-sdk")
LATEST: str = "2025-11-25" if NATIVE else mcp.types.LATEST_PROTOCOL_VERSION
"""The version of the protocol that begins with a handshake."""
McpError: type[Any] = mcp.MCPError if NATIVE else mcp.McpError


@pytest.fixture(params=("the SDK's", "ours") if NATIVE else ("ours",))
def whose(request: pytest.FixtureRequest) -> str:
    """Whose spans they are: the SDK has some of its own, if there is a provider for them."""
    return request.param


@pytest.fixture
def mcp_spans(request: pytest.FixtureRequest, whose: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Recorder]:
    """`param` are settings; `sampler` is for the provider."""
    options: dict[str, Any] = dict(getattr(request, "param", {}))
    provider = {name: options.pop(name) for name in ("sampler",) if name in options}
    recorder = Recorder(**provider)
    if whose == "the SDK's":
        from mcp.shared import _otel  # pyright: ignore

        monkeypatch.setattr(_otel, "_tracer", recorder.tracer_provider.get_tracer("mcp-python-sdk"))
    usual = {"raise_faults": True, "threads": False, "cost": False}
    genscope.instrument(only=["openai", "mcp"], **{**usual, **options}, **recorder.providers)
    yield recorder
    genscope.uninstrument()


@asynccontextmanager
async def connected(app: Any, *, timeout: float | None = None, **options: Any) -> AsyncGenerator[Any]:
    """In the same process, by streams; `timeout` in seconds."""
    if NATIVE:
        async with mcp.Client(app, mode="legacy", read_timeout_seconds=timeout, **options) as client:
            yield client
    else:
        from mcp.shared.memory import (  # pyright: ignore[reportAttributeAccessIssue]
            create_connected_server_and_client_session,
        )

        limit = None if timeout is None else timedelta(seconds=timeout)
        async with create_connected_server_and_client_session(
            app._mcp_server, read_timeout_seconds=limit, **options
        ) as session:
            yield session


@asynccontextmanager
async def over(streams: Any) -> AsyncGenerator[Any]:
    """A session on what a transport of the SDK gives."""
    async with streams as (read, write, *_), mcp.ClientSession(read, write) as session:
        await session.initialize()
        yield session


def http_client(url: str) -> Any:
    """The transport for an address, in the words of this release."""
    if url.endswith("/sse"):
        from mcp.client.sse import sse_client

        return sse_client(url)
    from mcp.client import streamable_http

    name = "streamable_http_client" if hasattr(streamable_http, "streamable_http_client") else "streamablehttp_client"
    return getattr(streamable_http, name)(url)


def failed(result: Any) -> bool:
    return result.is_error if NATIVE else result.isError


def one(recorder: Recorder, kind: SpanKind, method: str, target: str | None = None) -> Any:
    """The one span of a side of a request."""
    (found,) = all_of(recorder, kind, method, target)
    return found


def all_of(recorder: Recorder, kind: SpanKind, method: str | None = None, target: str | None = None) -> list[Any]:
    found = []
    for span in recorder.ended:
        said = span.attributes or {}
        assert span.instrumentation_scope is not None
        ours = span.instrumentation_scope.name in SCOPES and span.kind is kind and "mcp.method.name" in said
        named = said.get("gen_ai.tool.name", said.get("gen_ai.prompt.name"))
        if ours and method in (None, said.get("mcp.method.name")) and target in (None, named):
            found.append(span)
    return found


def points(recorder: Recorder, name: str) -> list[dict[str, Any]]:
    return [dict(point.attributes) for point in recorder.points(name)]


async def until(true: Any) -> None:
    """Let others work until something holds."""
    with anyio.fail_after(20):
        while not true():
            await anyio.lowlevel.checkpoint()
