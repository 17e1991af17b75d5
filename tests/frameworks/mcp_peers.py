"""Peers that are none of the SDK: a server that is a program, and a client that sends messages as they are."""

from __future__ import annotations

import sys
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from typing import Any

import anyio

from .mcp_client import NATIVE


def program(source: str, *arguments: str) -> Any:
    """The transport to a server that is written in Python."""
    from mcp.client.stdio import StdioServerParameters, stdio_client

    return stdio_client(StdioServerParameters(command=sys.executable, args=["-c", source, *arguments]))


STRANGE = r"""
import json, sys
log = open(sys.argv[1], "w")
last = {"jsonrpc": "2.0", "method": "notifications/strange"}
for line in sys.stdin:
    asked = json.loads(line)
    print(line, end="", file=log, flush=True)
    if "id" not in asked:
        continue
    if set(asked) - {"jsonrpc", "id", "method", "params"} or asked.get("params", 1) is None:
        sys.exit(1)  # a strict server
    result = {"content": [{"type": "text", "text": "ok"}], "isError": False}
    if asked["method"] == "initialize":
        info = {"name": "strange", "version": "1"}
        result = {"protocolVersion": asked["params"]["protocolVersion"], "capabilities": {}, "serverInfo": info}
    if asked["method"] == "tools/list":
        result = {"tools": []}
    answer = {"jsonrpc": "2.0", "id": asked["id"], "result": result}
    if asked["params"].get("name") == "refuse":
        answer = {"jsonrpc": "2.0", "id": asked["id"], "error": {"code": 42, "message": "canary-31f0"}}
    # What nobody has asked for, the last answer once more, then that which is waited for.
    for said in ({**answer, "id": 4711}, last, answer):
        print(json.dumps(said), flush=True)
    last = answer
"""
"""It notes what it is sent, is strict about it, and answers more than it is asked."""


class Peer:
    """A client that is none of the SDK: it sends messages as they are."""

    def __init__(self, streams: Any, message: Callable[[dict[str, Any]], Any]) -> None:
        self._read, self._write = streams
        self._message = message
        self._ids = iter(range(1, 1000))

    async def tell(self, said: dict[str, Any]) -> None:
        from mcp.shared.message import SessionMessage

        await self._write.send(SessionMessage(self._message({"jsonrpc": "2.0", **said})))

    async def ask(self, method: str, params: dict[str, Any]) -> dict[str, Any]:
        await self.tell({"id": next(self._ids), "method": method, "params": params})
        answer: Any = (await self._read.receive()).message
        return getattr(answer, "root", answer).model_dump(by_alias=True, mode="json", exclude_none=True)


@asynccontextmanager
async def talking(app: Any) -> AsyncGenerator[Peer]:
    from mcp.shared.memory import create_client_server_memory_streams
    from mcp.types import JSONRPCMessage

    if NATIVE:
        from mcp.types import JSONRPCNotification, JSONRPCRequest

        server: Any = app._lowlevel_server

        def message(said: dict[str, Any]) -> Any:
            return (JSONRPCRequest if "id" in said else JSONRPCNotification).model_validate(said)
    else:
        server = app._mcp_server
        message = JSONRPCMessage.model_validate

    async with create_client_server_memory_streams() as (client, (read, write)), anyio.create_task_group() as group:
        group.start_soon(server.run, read, write, server.create_initialization_options())
        peer = Peer(client, message)
        info = {"name": "x", "version": "1"}
        await peer.ask("initialize", {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": info})
        await peer.tell({"method": "notifications/initialized"})
        yield peer
        await client[1].aclose()
        group.cancel_scope.cancel()
