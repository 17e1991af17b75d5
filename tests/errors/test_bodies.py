"""What providers have really answered, and what it means: status and body as users have reported them, in `bodies/`.

Each goes through the SDK that its users have, over a transport in memory, and the span is what is looked at. Of the
bodies only the identifiers of organizations, requests and keys are taken out.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import anthropic
import groq
import openai
import pytest
from contract.recorder import Recorder
from contract.stainless import Http
from contract.vocabulary import MODES, Mode

import genscope
from genscope.core.errors import classify, classify_reported
from genscope.wire.fields import objects, provider_error

BODIES = Path(__file__).parent / "bodies"
REQUEST: Any = {"model": "m-1", "messages": [{"role": "user", "content": "Which city?"}], "max_tokens": 20}


@dataclass(frozen=True)
class Way:
    """How a provider is asked: the SDK, its clients and their arguments, the path, and how its streams begin."""

    sdk: Any
    clients: tuple[Any, Any]
    path: str
    begins: str
    options: tuple[tuple[str, str], ...] = ()

    def client(self, mode: Mode, http: Any) -> Any:
        return self.clients[mode == "async"](api_key="k", http_client=http, max_retries=0, **dict(self.options))

    def ask(self, client: Any, streams: bool) -> Any:
        """By `post`, which the oldest releases have for every API, too."""
        more: dict[str, Any] = {}
        if streams:
            stream = self.sdk.AsyncStream if type(client).__name__.startswith("Async") else self.sdk.Stream
            more = {"stream": True, "stream_cls": stream[object]}
        return client.post(self.path, cast_to=object, body={**REQUEST, **({"stream": True} if streams else {})}, **more)


CHUNK = 'data: {"id": "c-1", "model": "m-1", "choices": [{"index": 0, "delta": {"content": "Paris"}}]}\n\n'
CREATED = 'event: response.created\ndata: {"type": "response.created", "response": {"id": "r-1", "output": []}}\n\n'
STARTED = (
    "event: message_start\n"
    'data: {"type": "message_start", "message": {"id": "m-1", "model": "m-1", "content": [], "usage": {}}}\n\n'
)
OPENAI = (openai.OpenAI, openai.AsyncOpenAI)
AZURE = (("azure_endpoint", "https://x.openai.azure.com"), ("api_version", "2024-10-21"))

WAYS = {
    "openai": Way(openai, OPENAI, "/responses", CREATED),
    "azure": Way(openai, (openai.AzureOpenAI, openai.AsyncAzureOpenAI), "/chat/completions", CHUNK, AZURE),
    "deepseek": Way(openai, OPENAI, "/chat/completions", CHUNK, (("base_url", "https://api.deepseek.com"),)),
    "groq": Way(groq, (groq.Groq, groq.AsyncGroq), "/openai/v1/chat/completions", CHUNK),
    "anthropic": Way(anthropic, (anthropic.Anthropic, anthropic.AsyncAnthropic), "/v1/messages", STARTED),
}


def rows() -> list[Any]:
    return [
        pytest.param(WAYS[file.stem], row, id=f"{file.stem} {row['status']} {row['kind']} {number}")
        for file in sorted(BODIES.glob("*.json"))
        for number, row in enumerate(json.loads(file.read_text("utf-8")))
    ]


def answered(row: dict[str, Any], way: Way) -> Callable[[Any], Any]:
    """The provider."""

    def answer(request: Any) -> Any:
        library = Http(way.sdk.__name__).library()
        if row.get("in_a_stream"):
            content = f"{way.begins}event: error\ndata: {row['body']}\n\n"
            return library.Response(200, headers={"content-type": "text/event-stream"}, content=content)
        return library.Response(row["status"], headers={"content-type": "application/json"}, content=row["body"])

    return answer


def raised(way: Way, row: dict[str, Any], mode: Mode) -> BaseException:
    """What the application catches."""
    http = Http(way.sdk.__name__).stand_in(mode, answered(row, way))
    streams = bool(row.get("in_a_stream"))

    async def afail() -> None:
        async with way.client(mode, http) as client:
            came = await way.ask(client, streams)
            async for _ in came:
                pass

    with pytest.raises(way.sdk.APIError) as found:
        if mode == "async":
            asyncio.run(afail())
        else:
            with way.client(mode, http) as client:
                list(way.ask(client, streams))
    return found.value


@pytest.fixture
def recorder() -> Iterator[Recorder]:
    recorder = Recorder()
    genscope.instrument(only=["openai", "anthropic", "groq"], raise_faults=True, threads=False, **recorder.providers)
    yield recorder
    genscope.uninstrument()


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("way, row", rows())
def test_what_a_provider_answered_means(way: Way, row: dict[str, Any], mode: Mode, recorder: Recorder) -> None:
    error = raised(way, row, mode)
    found = recorder.span().attributes or {}
    assert found["genscope.error.kind"] == row["kind"]
    assert found["error.type"] == row["type"]
    assert found["genscope.error.retryable"] is row["retryable"]
    failure = classify(error)
    assert (failure.kind, failure.type, failure.retryable) == (row["kind"], row["type"], row["retryable"])
    message = json.loads(row["body"])["error"]["message"]
    assert message not in repr(dict(found))


@pytest.mark.parametrize("way, row", [row for row in rows() if row.values[1].get("in_a_stream")])
def test_the_same_where_the_application_reads_the_bytes(way: Way, row: dict[str, Any]) -> None:
    """Nobody raises anything there: the event is all there is."""
    failure = classify_reported(provider_error(objects(json.loads(row["body"])).error))
    assert (failure.kind, failure.type, failure.retryable) == (row["kind"], row["type"], row["retryable"])
    assert failure.exception is None


@pytest.mark.parametrize("provider", WAYS)
def test_every_provider_has_bodies(provider: str) -> None:
    found = json.loads((BODIES / f"{provider}.json").read_text("utf-8"))
    assert len(found) >= 5
    for row in found:
        assert row["source"].startswith(("https://", "$GENSCOPE_RECORDINGS/")), "where was it observed?"
        json.loads(row["body"])
