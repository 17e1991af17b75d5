"""A server of MCP, in whichever major release of the SDK is installed. As a program it serves its standard streams.

python mcp_app.py FILE writes its spans to the file, a line of JSON for each.
"""

# Annotations are no strings here: the oldest releases would not see that a tool takes a Context.

import json
import os
import sys
from collections.abc import Sequence
from importlib.metadata import version
from typing import Any

import anyio
import openai
from opentelemetry import trace
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SimpleSpanProcessor, SpanExporter, SpanExportResult

import genscope

NATIVE = not version("mcp").startswith("1.")
"""Whether the SDK has spans of its own."""

if NATIVE:
    from mcp.server.mcpserver import Context, MCPServer
else:
    from mcp.server.fastmcp import Context
    from mcp.server.fastmcp import FastMCP as MCPServer


def new_app() -> Any:
    app: Any = MCPServer("library", log_level="CRITICAL")

    @app.tool()
    def add(a: int, b: int) -> int:
        return a + b

    @app.tool()
    def fail(text: str) -> str:
        raise ValueError(text)

    @app.tool()
    def ask(base_url: str) -> str:
        """A model is called in here."""
        with openai.OpenAI(base_url=base_url, api_key="sk-none", max_retries=0) as client:
            answer = client.chat.completions.create(model="gpt-4o-mini", messages=[{"role": "user", "content": "Hi"}])
        return answer.choices[0].message.content or ""

    @app.tool()
    async def wait() -> str:
        """Nobody ever answers."""
        await anyio.Event().wait()
        return ""

    @app.tool()
    async def report(ctx: Context) -> str:  # pyright: ignore[reportMissingTypeArgument]
        await ctx.report_progress(1, 2)
        return "done"

    @app.tool()
    async def consult(ctx: Context) -> str:  # pyright: ignore[reportMissingTypeArgument]
        """Asks the client for an answer of its model."""
        from mcp.types import SamplingMessage, TextContent

        said = SamplingMessage(role="user", content=TextContent(type="text", text="Hi"))
        answer: Any = await ctx.session.create_message([said], max_tokens=9)
        return str(answer.model)

    @app.tool()
    def who() -> dict[str, str]:
        """For whom this runs."""
        with genscope.task("look"):
            return {}

    @app.tool()
    def die() -> str:
        os._exit(3)

    @app.prompt()
    def greeting(name: str) -> str:
        return f"Hello {name}"

    @app.resource("shelf://books/{name}")
    def book(name: str) -> str:
        return f"the book {name}"

    return app


class LinesInFile(SpanExporter):
    def __init__(self, path: str) -> None:
        self._path = path

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        with open(self._path, "a") as file:
            for span in spans:
                assert span.context is not None
                assert span.instrumentation_scope is not None
                line = {
                    "name": span.name,
                    "scope": span.instrumentation_scope.name,
                    "kind": span.kind.name,
                    "trace": span.context.trace_id,
                    "id": span.context.span_id,
                    "parent": span.parent and span.parent.span_id,
                    "attributes": dict(span.attributes or {}),
                }
                file.write(f"{json.dumps(line)}\n")
        return SpanExportResult.SUCCESS


if __name__ == "__main__":
    provider: Any = trace.get_tracer_provider()
    if sys.argv[1:]:
        provider.add_span_processor(SimpleSpanProcessor(LinesInFile(sys.argv[1])))
    new_app().run("stdio")
