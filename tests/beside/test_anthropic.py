"""Beside the instrumentations of anthropic: one call is one span, theirs, also where they do not make it current."""

from __future__ import annotations

import asyncio
import importlib
import json
from collections.abc import Callable
from contextlib import ExitStack
from typing import Any

import anthropic
import httpx2
import pytest
from contract.anthropic_bodies import ASK, EVENTS, MESSAGE
from contract.recorder import Recorder

from genscope.instrumentors import AnthropicInstrumentor

MODULES = (
    "opentelemetry.instrumentation.genai.anthropic",
    "opentelemetry.instrumentation.anthropic",
    "openinference.instrumentation.anthropic",
)


def answer(request: Any) -> Any:
    if json.loads(request.content).get("stream"):
        events = "".join(f"event: {event['type']}\ndata: {json.dumps(event)}\n\n" for event in EVENTS)
        return httpx2.Response(200, headers={"content-type": "text/event-stream"}, content=events.encode())
    return httpx2.Response(200, json=MESSAGE)


async def answer_later(request: Any) -> Any:
    return answer(request)


def helped(client: Any) -> None:
    with client.messages.stream(**ASK) as stream:
        stream.get_final_message()


async def asynchronously(client: Any) -> None:
    await client.messages.create(**ASK)
    async for _ in await client.messages.create(**ASK, stream=True):
        pass
    async with client.messages.stream(**ASK) as stream:
        await stream.get_final_message()


CALLS: dict[str, Callable[[Any], Any]] = {
    "create": lambda client: client.messages.create(**ASK),
    "stream": lambda client: list(client.messages.create(**ASK, stream=True)),
    "helper": helped,
    "beta": lambda client: client.beta.messages.create(**ASK),
}


@pytest.fixture(params=MODULES)
def module(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture(params=["ours first", "theirs first"])
def recorder(request: pytest.FixtureRequest, module: str) -> Any:
    recorder = Recorder()
    ours, theirs = AnthropicInstrumentor(), importlib.import_module(module).AnthropicInstrumentor()
    with ExitStack() as stack:
        for one in (ours, theirs) if request.param == "ours first" else (theirs, ours):
            more = {"raise_faults": True} if one is ours else {}
            one.instrument(skip_dep_check=True, **recorder.providers, **more)
            stack.callback(one.uninstrument)
        yield recorder


def told(recorder: Recorder) -> list[tuple[bool, Any]]:
    """Of each span whether it is one that we have completed, and the input tokens on it."""
    attributes = [span.attributes or {} for span in recorder.ended]
    return [(bool(one.get("genscope.enriched")), one.get("gen_ai.usage.input_tokens")) for one in attributes]


@pytest.mark.parametrize("call", CALLS)
def test_one_span(call: str, recorder: Recorder) -> None:
    http = httpx2.Client(transport=httpx2.MockTransport(answer))
    native = {"tracer_provider": recorder.tracer_provider}
    CALLS[call](anthropic.Anthropic(api_key="k", http_client=http, open_telemetry=native))
    assert told(recorder) == [(True, 19)]


def test_one_span_asynchronously(recorder: Recorder) -> None:
    http = httpx2.AsyncClient(transport=httpx2.MockTransport(answer_later))
    native = {"tracer_provider": recorder.tracer_provider}
    asyncio.run(asynchronously(anthropic.AsyncAnthropic(api_key="k", http_client=http, open_telemetry=native)))
    assert told(recorder) == [(True, 19)] * 3
