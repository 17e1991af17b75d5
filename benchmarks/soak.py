"""One process that makes very many calls, and what stays in memory: `python -m benchmarks.soak CALLS [everything]`.

Of each kind some are made first, to fill whatever may be filled once; then the same again, many times over. Memory is
counted in blocks of Python's allocator and in objects that the collector knows: neither has noise worth speaking of.
"""

from __future__ import annotations

import asyncio
import gc
import json
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from typing import Any

from opentelemetry._logs import set_logger_provider
from opentelemetry.sdk._logs import LoggerProvider

from .startup import resident_kb
from .telemetry import Telemetry

MODEL = "gpt-4o-mini"
MESSAGES: Any = [{"role": "user", "content": "Say a city."}]
ROUND = 500
"""Calls between two exports: the queue of the batch processor holds 2,048 spans."""


EVERYTHING: dict[str, Any] = {
    "capture_message_content": "SPAN_AND_EVENT",
    "exception_signal": "logs/dup",
    "legacy_names": True,
    "semconv_stability_opt_in": "gen_ai_latest_experimental/dup",
    "time_per_output_chunk": True,
}


@dataclass(frozen=True)
class Kind:
    """One kind of call. `share` of the number asked for are made of it, and `first` of them before it counts.

    `period`: calls after which caches are just as full as before; of those it is a whole number.
    """

    name: str
    share: float
    make: Callable[[Provider, int], object]
    first: int = 500
    period: int = 10


class Provider:
    """Clients whose requests are answered in this process: `fail...` models with 429, streams without end."""

    def __init__(self) -> None:
        import openai
        from openai import _base_client
        from openai.types.chat import ChatCompletion

        self._http: Any = vars(_base_client).get("httpx2") or vars(_base_client)["httpx"]
        self.answer_type: Any = ChatCompletion
        self.errors = openai.APIStatusError
        options: dict[str, Any] = {"api_key": "none", "max_retries": 0}
        transport = self._http.MockTransport(self._answer)

        async def answer(request: Any) -> Any:
            return self._answer(request)

        self._frames = self._body()
        self.sync = openai.OpenAI(**options, http_client=self._http.Client(transport=transport, trust_env=False))
        asynchronous = self._http.AsyncClient(transport=self._http.MockTransport(answer), trust_env=False)
        self.asynchronous = openai.AsyncOpenAI(**options, http_client=asynchronous)
        self.loop = asyncio.new_event_loop()

    def _answer(self, request: Any) -> Any:
        asked = json.loads(request.content)
        if asked["model"].startswith("fail"):
            error = {"message": "too much", "type": "requests", "code": "rate_limit_exceeded"}
            return self._http.Response(429, json={"error": error})
        if asked.get("stream"):
            headers = {"content-type": "text/event-stream"}
            return self._http.Response(200, headers=headers, stream=self._frames())
        message = {"role": "assistant", "content": "Paris."}
        choice = {"index": 0, "finish_reason": "stop", "message": message}
        usage = {"prompt_tokens": 7, "completion_tokens": 3, "total_tokens": 10}
        answer = {"id": "chatcmpl-1", "object": "chat.completion", "created": 1, "choices": [choice], "usage": usage}
        return self._http.Response(200, json={**answer, "model": f"{asked['model']}-2024-07-18"})

    def _body(self) -> Any:
        choice = {"index": 0, "delta": {"content": "Paris"}, "finish_reason": None}
        chunk = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": MODEL}
        frame = f"data: {json.dumps({**chunk, 'choices': [choice]})}\n\n".encode()

        class Body(self._http.SyncByteStream, self._http.AsyncByteStream):  # type: ignore[misc]
            def __iter__(self) -> Iterator[bytes]:
                while True:
                    yield frame

            async def __aiter__(self) -> AsyncIterator[bytes]:
                while True:
                    yield frame

        return Body


def _call(provider: Provider, number: int) -> None:
    provider.sync.chat.completions.create(model=MODEL, messages=MESSAGES)


def _strange_call(provider: Provider, number: int) -> None:
    """To a model, a host and a path that nobody has ever called before."""
    body = {"model": f"model-{number}", "messages": MESSAGES}
    if number % 2:
        url = f"http://host-{number}.example/{number}/v1/chat/completions"
        provider.sync.post(url, cast_to=provider.answer_type, body=body)
    else:
        client = provider.sync.with_options(base_url=f"http://host-{number}.example/v1")
        client.post(f"/{number}/chat/completions", cast_to=provider.answer_type, body=body)


def _failing_call(provider: Provider, number: int) -> None:
    try:
        provider.sync.chat.completions.create(model="fail", messages=MESSAGES)
    except provider.errors:
        pass


def _raw_response(provider: Provider, number: int) -> None:
    """Its body is never read."""
    provider.sync.chat.completions.with_raw_response.create(model=MODEL, messages=MESSAGES, stream=True)


def _left_stream(provider: Provider, number: int) -> None:
    """Dropped unread, dropped half way, left in a cycle, closed: in turn."""
    stream = provider.sync.chat.completions.create(model=MODEL, messages=MESSAGES, stream=True)
    if number % 4:
        next(iter(stream))
    if number % 4 == 2:
        cycle: list[Any] = [stream]
        cycle.append(cycle)
    elif number % 4 == 3:
        stream.close()


def _left_async_stream(provider: Provider, number: int) -> None:
    async def leave() -> None:
        stream = await provider.asynchronous.chat.completions.create(model=MODEL, messages=MESSAGES, stream=True)
        await anext(aiter(stream))

    async def leave_many() -> None:
        await asyncio.gather(*[leave() for _ in range(10)])

    if number % 10 == 0:
        provider.loop.run_until_complete(leave_many())


KINDS = (
    Kind("calls", 0.8, _call),
    Kind("calls, each to another model, host and path", 0.1, _strange_call, first=1024, period=512),
    Kind("calls that fail", 0.1, _failing_call),
    Kind("raw responses that nobody reads", 0.1, _raw_response),
    Kind("streams that are left", 0.1, _left_stream),
    Kind("asynchronous streams that are left", 0.1, _left_async_stream),
)
"""Of 100,000: as many calls, and 10,000 streams and raw responses beside them that are left."""


class Soak:
    """The process that is soaked."""

    def __init__(self, everything: bool) -> None:
        """With `everything` that genscope can be asked for: content on both signals, all names, all measurements."""
        from genscope.instrumentors import OpenAIInstrumentor

        self._telemetry = Telemetry()
        set_logger_provider(LoggerProvider())
        OpenAIInstrumentor().instrument(skip_dep_check=True, **(EVERYTHING if everything else {}))
        self._provider = Provider()
        self._made = 0

    def growth(self, kind: Kind, number: int) -> dict[str, Any]:
        """Make that many calls of a kind; what there is more afterwards, and whether all were seen to their end."""
        self._make(kind, kind.first)
        self._settled()  # what is looked at for the first time makes notes of it
        self._make(kind, kind.period)
        ended, blocks, objects, resident = self._settled()
        self._make(kind, number)
        after = self._settled()
        return {
            "calls": number,
            "ended": after[0] - ended,
            "blocks": after[1] - blocks,
            "objects": after[2] - objects,
            "rss_kb": after[3] - resident,
        }

    def _make(self, kind: Kind, number: int) -> None:
        for start in range(0, number, ROUND):
            for _ in range(min(ROUND, number - start)):
                kind.make(self._provider, self._made)
                self._made += 1
            self._telemetry.flush()

    def _settled(self) -> tuple[int, int, int, int]:
        """Calls that have ended, blocks, objects and KB resident, when all that can be collected is."""
        from genscope.core import aside

        for _ in range(2):
            self._provider.loop.run_until_complete(self._provider.loop.shutdown_asyncgens())
            gc.collect()
            aside.finish()
            self._telemetry.flush()
        gc.collect()
        return self._telemetry.calls(), sys.getallocatedblocks(), len(gc.get_objects()), int(resident_kb())


def main(number: int, everything: bool) -> None:
    soak = Soak(everything)
    print(json.dumps({kind.name: soak.growth(kind, _of(kind, number)) for kind in KINDS}))


def _of(kind: Kind, number: int) -> int:
    return -(-int(number * kind.share) // kind.period) * kind.period


if __name__ == "__main__":
    main(int(sys.argv[1]), "everything" in sys.argv)
