"""The HTTP library's own instrumentation: its spans are children of ours, and the trace goes on to the provider."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import openai
import pytest
from contract.openai_sdk import OPENAI
from contract.recorder import Recorder, instrumented
from opentelemetry.instrumentation.httpx import HTTPX2ClientInstrumentor, HTTPXClientInstrumentor
from opentelemetry.sdk.trace import ReadableSpan

from genscope.local.simulator import Simulator

from .neighbours import ORDERS, OURS

HTTP = "opentelemetry.instrumentation.httpx"
MESSAGES: Any = [{"role": "user", "content": "Which city?"}]


def _instrumentor() -> Any:
    return HTTPX2ClientInstrumentor() if OPENAI.http_library().__name__ == "httpx2" else HTTPXClientInstrumentor()


@pytest.fixture(params=ORDERS)
def recorder(request: pytest.FixtureRequest) -> Iterator[Recorder]:
    """Both are on."""
    recorder = Recorder()
    first = request.param == ORDERS[1]
    if first:
        _instrumentor().instrument(**recorder.providers)
    with instrumented(OPENAI, recorder):
        if not first:
            _instrumentor().instrument(**recorder.providers)
        yield recorder
    _instrumentor().uninstrument()


def _ask(mode: str, simulator: Simulator, scenario: str = "ok", **options: Any) -> None:
    stream = options.pop("stream", False)
    simulator.reset()
    made: dict[str, Any] = {"api_key": "sk-any", "base_url": simulator.base_url(scenario, **options), "max_retries": 2}

    async def ask() -> None:
        async with openai.AsyncOpenAI(**made) as client:
            answer: Any = await client.chat.completions.create(model="gpt-4o", messages=MESSAGES, stream=stream)
            if stream:
                assert [chunk async for chunk in answer]

    if mode == "async":
        asyncio.run(ask())
        return
    with openai.OpenAI(**made) as client:
        answer: Any = client.chat.completions.create(model="gpt-4o", messages=MESSAGES, stream=stream)
        if stream:
            assert list(answer)


def _number(span: ReadableSpan) -> int:
    assert span.context is not None
    return span.context.span_id


@pytest.mark.parametrize("stream", [False, True], ids=["plain", "stream"])
@pytest.mark.parametrize("mode", ["sync", "async"])
def test_the_request_is_a_child(mode: str, stream: bool, recorder: Recorder, simulator: Simulator) -> None:
    _ask(mode, simulator, stream=stream)
    (ours,), (http,) = recorder.spans(OURS), recorder.spans(HTTP)
    assert http.parent is not None
    assert http.parent.span_id == _number(ours)
    assert ours.parent is None
    (request,) = simulator.requests
    assert request.headers["traceparent"].split("-")[1:3] == [f"{http.context.trace_id:032x}", f"{_number(http):016x}"]


@pytest.mark.parametrize("mode", ["sync", "async"])
def test_every_attempt_is_a_child(mode: str, recorder: Recorder, simulator: Simulator) -> None:
    _ask(mode, simulator, "retry", retries=2, after=1)
    (ours,) = recorder.spans(OURS)
    requests = recorder.spans(HTTP)
    assert [(span.attributes or {})["http.status_code"] for span in requests] == [429, 429, 200]
    assert {span.parent and span.parent.span_id for span in requests} == {_number(ours)}
    assert (ours.attributes or {})["genscope.retry.attempts"] == 3


@pytest.mark.parametrize("mode", ["sync", "async"])
def test_their_coming_and_going_is_nothing_to_us(mode: str, recorder: Recorder, simulator: Simulator) -> None:
    _instrumentor().uninstrument()
    _ask(mode, simulator)
    assert (len(recorder.spans(OURS)), len(recorder.spans(HTTP))) == (1, 0)
    _instrumentor().instrument(**recorder.providers)
    OPENAI.instrumentor().uninstrument()
    _ask(mode, simulator)
    assert (len(recorder.spans(OURS)), len(recorder.spans(HTTP))) == (1, 1)
