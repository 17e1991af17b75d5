"""Costs that a LiteLLM proxy says in the headers of its answers, and in the usage of its streams."""

from __future__ import annotations

import asyncio
import json
import logging
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import anthropic
import openai
import pytest
from contract.cases import ANTHROPIC, OPENAI
from contract.recorder import instrumented

CHAT = {
    "id": "c1",
    "object": "chat.completion",
    "created": 1,
    "model": "house-model",
    "choices": [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": "Paris"}}],
    "usage": {"prompt_tokens": 10, "completion_tokens": 2, "total_tokens": 12},
}
CHUNKS = [
    {
        "id": "c1",
        "object": "chat.completion.chunk",
        "created": 1,
        "model": "house-model",
        "choices": [{"index": 0, "delta": {"role": "assistant", "content": "Paris"}, "finish_reason": "stop"}],
    },
    {
        "id": "c1",
        "object": "chat.completion.chunk",
        "created": 1,
        "model": "house-model",
        "choices": [],
        "usage": {"prompt_tokens": 10, "completion_tokens": 2, "total_tokens": 12, "cost": 0.00042},
    },
]
MESSAGE = {
    "id": "m1",
    "type": "message",
    "role": "assistant",
    "model": "house-model",
    "content": [{"type": "text", "text": "Paris"}],
    "stop_reason": "end_turn",
    "stop_sequence": None,
    "usage": {"input_tokens": 10, "output_tokens": 2},
}
MESSAGES: Any = [{"role": "user", "content": "?"}]


class Proxy(ThreadingHTTPServer):
    headers: dict[str, str]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class Handler(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        streamed = body.get("stream")
        if streamed:
            answer = b"".join(b"data: %s\n\n" % json.dumps(chunk).encode() for chunk in CHUNKS) + b"data: [DONE]\n\n"
        else:
            answer = json.dumps(MESSAGE if self.path.startswith("/v1/messages") else CHAT).encode()
        self.send_response(200)
        self.send_header("content-type", "text/event-stream" if streamed else "application/json")
        self.send_header("content-length", str(len(answer)))
        assert isinstance(self.server, Proxy)
        for name, value in self.server.headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, format: str, *args: Any) -> None:
        logging.getLogger(__name__).debug(format, *args)


@pytest.fixture
def proxy() -> Iterator[Proxy]:
    server = Proxy(("127.0.0.1", 0), Handler)
    server.headers = {"X-LiteLLM-Version": "1.91.0", "x-litellm-response-cost": "0.00031"}
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def plain(client: openai.OpenAI) -> None:
    client.chat.completions.create(model="house", messages=MESSAGES)


def raw(client: openai.OpenAI) -> None:
    client.chat.completions.with_raw_response.create(model="house", messages=MESSAGES).parse()


def stream(client: openai.OpenAI) -> None:
    for _ in client.chat.completions.create(model="house", messages=MESSAGES, stream=True):
        pass


def cost_of(proxy: Proxy, ask: Any, **options: Any) -> dict[str, Any]:
    with instrumented(OPENAI, cost=True, providers={}, **options) as recorder:
        with openai.OpenAI(api_key="k", base_url=f"{proxy.url}/v1") as client:
            ask(client)
        return _cost(recorder)


def _cost(recorder: Any) -> dict[str, Any]:
    return {key: value for key, value in (recorder.span().attributes or {}).items() if "cost" in key}


def said(amount: float) -> dict[str, Any]:
    return {"genscope.cost.amount": amount, "genscope.cost.currency": "USD", "genscope.cost.source": "provider"}


@pytest.mark.parametrize("ask, amount", [(plain, 0.00031), (raw, 0.00031), (stream, 0.00042)])
def test_the_proxys_word(proxy: Proxy, ask: Any, amount: float) -> None:
    assert cost_of(proxy, ask) == said(amount)


def test_asynchronous(proxy: Proxy) -> None:
    async def ask() -> None:
        async with openai.AsyncOpenAI(api_key="k", base_url=f"{proxy.url}/v1") as client:
            await client.chat.completions.create(model="house", messages=MESSAGES)

    with instrumented(OPENAI, cost=True, providers={}) as recorder:
        asyncio.run(ask())
    assert _cost(recorder) == said(0.00031)


def test_its_messages_api(proxy: Proxy) -> None:
    with instrumented(ANTHROPIC, cost=True, providers={}) as recorder:
        with anthropic.Anthropic(api_key="k", base_url=proxy.url) as client:
            client.messages.create(model="house", messages=MESSAGES, max_tokens=5)
    assert _cost(recorder) == said(0.00031)


@pytest.mark.parametrize("value", ["None", "", "0.0", "-1", "nan", "inf", "1e400"])
def test_what_is_no_cost(proxy: Proxy, value: str) -> None:
    """It says 0 of a model that it has no price of, too."""
    proxy.headers["x-litellm-response-cost"] = value
    assert cost_of(proxy, plain) == {}


def test_hosts_that_are_no_proxy(proxy: Proxy) -> None:
    proxy.headers = {}
    assert cost_of(proxy, stream) == {}


def test_known_hosts_are_not_looked_at(proxy: Proxy) -> None:
    with instrumented(OPENAI, cost=True, providers={"127.0.0.1": "groq"}) as recorder:
        before = vars(openai._base_client.SyncAPIClient)["_process_response"]
        with openai.OpenAI(api_key="k", base_url=f"{proxy.url}/v1") as client:
            plain(client)
        assert vars(openai._base_client.SyncAPIClient)["_process_response"] is before
    assert _cost(recorder) == {}


def test_it_is_taken_off_again(proxy: Proxy) -> None:
    before = vars(openai._base_client.SyncAPIClient)["_process_response"]
    cost_of(proxy, plain)
    assert vars(openai._base_client.SyncAPIClient)["_process_response"] is before
