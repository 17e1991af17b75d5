"""`opentelemetry-instrument` with all of them installed: each is switched off by its own name, and only by that."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from genscope.local.simulator import USAGE, Simulator

from .conftest import FOREIGN

PROGRAM = """
import json, sys

import openai
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import get_tracer_provider

memory = InMemorySpanExporter()
get_tracer_provider().add_span_processor(SimpleSpanProcessor(memory))
client = openai.OpenAI(api_key="sk-any", base_url=sys.argv[1])
ask = client.chat.completions.create if sys.argv[2] == "chat" else client.responses.create
said = {"messages": [{"role": "user", "content": "Which city?"}]} if sys.argv[2] == "chat" else {"input": "Which city?"}
ask(model="gpt-4o", **said)
for chunk in ask(model="gpt-4o", stream=True, **said):
    pass
for span in memory.get_finished_spans():
    parent = None if span.parent is None else span.parent.span_id
    tokens = span.attributes.get("gen_ai.usage.input_tokens")
    print(json.dumps([span.instrumentation_scope.name, span.context.span_id, parent, tokens]))
"""
HTTP = "opentelemetry.instrumentation.httpx"
SPEC = [("chat", 1), ("responses", 2)]
"""An API, and how many of the two calls tell their usage: streams of the one do without being asked."""


def run(api: str, simulator: Simulator, *, without: str = "") -> list[tuple[str, int, int | None, int | None]]:
    """The spans of a plain call and a stream: scope, identifier, parent, input tokens."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(FOREIGN)}
    environ = {
        **kept,
        **{f"OTEL_{signal}_EXPORTER": "none" for signal in ("TRACES", "METRICS", "LOGS")},
        "OTEL_PYTHON_DISABLED_INSTRUMENTATIONS": without,
        "GENSCOPE_RAISE_FAULTS": "true",
    }
    launcher = str(Path(sys.executable).with_name("opentelemetry-instrument"))
    done = subprocess.run(
        [launcher, sys.executable, "-c", PROGRAM, simulator.base_url("ok"), api],
        env=environ,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    for complaint in ("detach context", "Invalid type", "genscope"):
        assert complaint not in done.stderr
    return [tuple(json.loads(line)) for line in done.stdout.splitlines()]


def scopes(found: Sequence[tuple[str, int, int | None, int | None]]) -> list[str]:
    return sorted(scope for scope, *_ in found if scope != HTTP)


@pytest.mark.parametrize("api, telling", SPEC)
def test_all_of_them(api: str, telling: int, simulator: Simulator) -> None:
    """None is ours, and theirs are what they are without us."""
    found = run(api, simulator)
    assert scopes(found)
    assert "genscope" not in scopes(found)
    assert scopes(run(api, simulator, without="genscope_openai")) == scopes(found)


@pytest.mark.parametrize("api, telling", SPEC)
def test_without_the_others(api: str, telling: int, simulator: Simulator) -> None:
    """All the others have the name `openai`, the HTTP library's instrumentation has its own."""
    found = run(api, simulator, without="openai")
    assert scopes(found) == ["genscope", "genscope"]
    assert [tokens for scope, *_, tokens in found if tokens] == [USAGE.prompt] * telling
    ours = {number for scope, number, *_ in found if scope == "genscope"}
    requests = [parent for scope, _, parent, _ in found if scope == HTTP]
    assert sorted(ours) == sorted(parent for parent in requests if parent is not None)


def test_without_any(simulator: Simulator) -> None:
    assert run("chat", simulator, without="openai,genscope_openai,httpx,httpx2,urllib3,requests") == []
