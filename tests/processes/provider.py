"""A provider in memory whose answers depend on the request: number `n` asks for it, and only it is told about it."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterator
from typing import Any

import openai

HTTP: Any = getattr(openai._base_client, "httpx2", None) or vars(openai._base_client)["httpx"]
"""The HTTP library of the SDK."""


def arguments(number: int, **more: Any) -> dict[str, Any]:
    """Of the call `number`."""
    return {
        "model": f"model-{number}",
        "messages": [{"role": "user", "content": f"{number}"}],
        "seed": number,
        **more,
    }


def expected(number: int) -> dict[str, Any]:
    """What the span of that call says."""
    return {
        "gen_ai.request.model": f"model-{number}",
        "gen_ai.request.seed": number,
        "gen_ai.response.model": f"answering-{number}",
        "gen_ai.response.id": f"id-{number}",
        "gen_ai.usage.input_tokens": number,
        "gen_ai.usage.output_tokens": 2 * number,
        "server.address": f"tenant-{number % 50}.example",
    }


def client(number: int, asynchronous: bool = False) -> Any:
    """A client of a tenant's own, in memory."""
    options: dict[str, Any] = {"api_key": "sk", "base_url": f"http://tenant-{number % 50}.example/v1", "max_retries": 0}
    if asynchronous:
        return openai.AsyncOpenAI(**options, http_client=HTTP.AsyncClient(transport=HTTP.MockTransport(_areply)))
    return openai.OpenAI(**options, http_client=HTTP.Client(transport=HTTP.MockTransport(_reply)))


async def _areply(request: Any) -> Any:
    return _reply(request, _AsyncBody)


def _reply(request: Any, body: Any = None) -> Any:
    asked = json.loads(request.content)
    number = asked["seed"]
    answer = {"id": f"id-{number}", "created": 1, "model": f"answering-{number}"}
    usage = {"prompt_tokens": number, "completion_tokens": 2 * number, "total_tokens": 3 * number}
    if not asked.get("stream"):
        choice = {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": f"{number}"}}
        return HTTP.Response(200, json={**answer, "object": "chat.completion", "choices": [choice], "usage": usage})
    chunk = {**answer, "object": "chat.completion.chunk", "choices": []}
    said, end = {"delta": {"content": f"{number}"}}, {"delta": {}, "finish_reason": "stop"}
    frames = [{**chunk, "choices": [{"index": 0, **piece}]} for piece in (said, said, said, end)]
    frames.append({**chunk, "usage": usage})
    events = [f"data: {json.dumps(frame)}\n\n".encode() for frame in frames] + [b"data: [DONE]\n\n"]
    headers = {"content-type": "text/event-stream"}
    return HTTP.Response(200, headers=headers, content=(body or _Body)(events))


class _Body:
    def __init__(self, events: list[bytes]) -> None:
        self.events = events

    def __iter__(self) -> Iterator[bytes]:
        return iter(self.events)


class _AsyncBody(_Body):
    __iter__ = None  # type: ignore[assignment]

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for event in self.events:
            yield event
