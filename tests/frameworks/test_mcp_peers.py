"""Peers that do not know us, or do not mean well: what they are sent, and what they may send."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest
from contract.recorder import Recorder
from opentelemetry.trace import SpanKind, StatusCode

from .mcp_client import DEPRECATIONS, NATIVE, McpError, all_of, mcp, new_app, one, over, points
from .mcp_client import mcp_spans as mcp_spans
from .mcp_client import whose as whose
from .mcp_peers import STRANGE, program, talking

pytestmark = DEPRECATIONS
CLIENT, SERVER = SpanKind.CLIENT, SpanKind.SERVER
CANARY = "canary-31f0"  # as the strange server says it


async def test_a_server_that_knows_nothing_of_traces(mcp_spans: Recorder, tmp_path: Path):
    """What it is sent is plain JSON-RPC; and it may answer what it likes."""
    log = tmp_path / "log"
    async with over(program(STRANGE, str(log))) as session:
        await session.list_tools()
        await session.call_tool("fine", {"a": [1, None], "meta": {"traceparent": "mine"}})
        with pytest.raises(McpError):
            await session.call_tool("refuse", {})
    refused = one(mcp_spans, CLIENT, "tools/call", "refuse")
    assert refused.status.status_code is StatusCode.ERROR
    assert refused.attributes["error.type"] == "42"
    assert refused.attributes["rpc.response.status_code"] == "42"
    if refused.instrumentation_scope.name == "genscope":
        assert CANARY not in refused.to_json()
    sent = [json.loads(line) for line in log.read_text().splitlines()]
    for asked in sent:
        assert asked["jsonrpc"] == "2.0"
        if "id" in asked:
            assert len(asked["params"]["_meta"]["traceparent"]) == 55
        else:
            assert "traceparent" not in str(asked)
    (fine,) = (asked for asked in sent if asked.get("params", {}).get("name") == "fine")
    assert fine["params"]["arguments"] == {"a": [1, None], "meta": {"traceparent": "mine"}}
    span = one(mcp_spans, CLIENT, "tools/call", "fine")
    assert fine["params"]["_meta"]["traceparent"].split("-")[2] == f"{span.context.span_id:016x}"


async def test_the_applications_objects_are_not_touched(mcp_spans: Recorder, tmp_path: Path):
    from mcp.types import CallToolRequest, CallToolRequestParams, CallToolResult

    log = tmp_path / "log"
    own = {"progressToken": "mine", "colour": "blue"}
    params = CallToolRequestParams.model_validate({"name": "fine", "arguments": {"a": 1}, "_meta": own})
    request: Any = CallToolRequest(method="tools/call", params=params)
    before = copy.deepcopy(request)
    async with over(program(STRANGE, str(log))) as session:
        result = await session.send_request(request if NATIVE else mcp.types.ClientRequest(request), CallToolResult)
    assert type(result) is CallToolResult
    assert request == before
    (sent,) = (json.loads(line) for line in log.read_text().splitlines() if "colour" in line)
    assert sent["params"]["_meta"].items() > own.items()


@pytest.mark.skipif(NATIVE, reason="since 2.0 the SDK puts its own there")
async def test_a_trace_that_the_application_sends_itself_stays(mcp_spans: Recorder, tmp_path: Path):
    from mcp.types import CallToolRequest, CallToolRequestParams, CallToolResult

    log = tmp_path / "log"
    own = {"traceparent": f"00-{7:032x}-{7:016x}-01"}
    params = CallToolRequestParams.model_validate({"name": "fine", "arguments": {}, "_meta": own})
    async with over(program(STRANGE, str(log))) as session:
        request = mcp.types.ClientRequest(CallToolRequest(method="tools/call", params=params))
        await session.send_request(request, CallToolResult)
    (sent,) = (json.loads(line) for line in log.read_text().splitlines() if "tools/call" in line)
    assert sent["params"]["_meta"] == own


META = [
    None,
    {},
    {"traceparent": None},
    {"traceparent": 7, "tracestate": ["a"], "baggage": {"user.id": "u1"}},
    {"traceparent": "00-zz-zz-zz", "baggage": "%%%=;;,"},
    {"traceparent": "00-" + "0" * 32 + "-" + "0" * 16 + "-01"},
    {"baggage": "a=" + "x" * 100_000},
]


@pytest.mark.parametrize("meta", META, ids=range(len(META)))
async def test_a_client_that_sends_nonsense(mcp_spans: Recorder, meta: Any):
    async with talking(new_app()) as peer:
        params: dict[str, Any] = {"name": "add", "arguments": {"a": 1, "b": 2}, "_meta": meta}
        answer = await peer.ask("tools/call", params)
    served = answer["result"]["content"][0]["text"] == "3" if "result" in answer else answer["error"]["code"] == -32602
    assert served
    assert all(span.parent is None for span in all_of(mcp_spans, SERVER))
    mcp_spans.settle()


async def test_what_a_client_says_is_measured_within_bounds(mcp_spans: Recorder):
    async with talking(new_app()) as peer:
        for number in range(400):
            await peer.ask("tools/call", {"name": f"nothing-{number}", "arguments": {}})
    names = {point.get("gen_ai.tool.name") for point in points(mcp_spans, "mcp.server.operation.duration")}
    assert "_OTHER" in names
    assert len(names) <= 257
