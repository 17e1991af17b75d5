"""The Model Context Protocol: what a client asks of a server, tools above all, and what a server does for it."""

from __future__ import annotations

from typing import Final

from genscope.core.attachment import Attachment
from genscope.core.pipeline import Pipeline
from genscope.frameworks import mcp_http, mcp_native
from genscope.frameworks.framework import Framework, Together
from genscope.frameworks.mcp_sessions import SessionPatch
from genscope.settings import Settings


def _attach(pipeline: Pipeline, settings: Settings) -> Attachment:
    faults = pipeline.faults
    parts = (
        mcp_http.patch(faults),
        SessionPatch(faults),
        mcp_native.tracer(faults),
        mcp_native.json_rpc(faults),
        mcp_native.direct(faults),
        mcp_native.middleware(faults),
        mcp_native.callbacks(faults),
    )
    return Together("mcp", parts)


MCP: Final = Framework("mcp", "mcp", _attach)
