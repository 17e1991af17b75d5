"""What is measured: the modes, the cases, and the client calls that a case makes over an in-process transport.

The tables need no SDK; ``build`` imports it, so that the command line and the start-up probe stay free of it.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

MODEL = "gpt-4o-mini"
INPUT_TOKENS, OUTPUT_TOKENS = 4321, 1234  # no default of anything: a span that holds them has read the answer
PROMPT_BYTES = 100_000


@dataclass(frozen=True)
class Mode:
    """How telemetry is set up around the calls; ``environment`` is in force from the start of the process."""

    providers: bool = True
    sampled: bool = True
    content: bool = False
    environment: Mapping[str, str] = field(default_factory=dict[str, str])


MODES = {
    "sdk": Mode(),
    "off": Mode(providers=False),
    "unsampled": Mode(sampled=False),
    "content": Mode(content=True, environment={"OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT": "SPAN_ONLY"}),
    "dup": Mode(environment={"OTEL_SEMCONV_STABILITY_OPT_IN": "gen_ai_latest_experimental/dup"}),
}


@dataclass(frozen=True)
class Case:
    """One kind of work. ``thin`` streams hand out ready-made chunk objects.

    Building the chunk objects is most of what an SDK does per chunk and drowns the difference between two
    instrumentations in its noise; the thin streams run the same instrumentation without it.
    """

    name: str
    api: str = "chat"
    chunks: int = 0
    thin: bool = False
    asynchronous: bool = False
    calls: int = 1
    """Calls that one run makes; those of an asynchronous case are concurrent."""
    prompt_bytes: int = 0
    repeat: int = 1
    """Runs in a timed round, for a round of some 30 ms."""

    @property
    def text(self) -> str:
        """What the model answers."""
        return "".join(words(self.chunks)) if self.chunks else "Paris."

    @property
    def counted(self) -> bool:
        """Whether bytecodes are counted: a real stream adds the SDK's own work to both sides, and nothing else."""
        return self.thin or not self.chunks


CASES = (
    Case("chat", repeat=40),
    Case("chat-100k", prompt_bytes=PROMPT_BYTES, repeat=20),
    Case("chat-stream", chunks=1000),
    Case("chat-stream-thin", chunks=1000, thin=True, repeat=10),
    Case("responses", api="responses", repeat=40),
    Case("responses-stream-thin", api="responses", chunks=1000, thin=True, repeat=10),
    Case("async-chat", asynchronous=True, calls=50),
    Case("async-stream-thin", chunks=1000, thin=True, asynchronous=True, calls=10),
)


@dataclass(frozen=True)
class Work:
    """A case made ready: ``run`` makes its calls, ``open`` starts one stream and leaves it to the caller."""

    case: Case
    prompt: str
    run: Callable[[], object]
    open: Callable[[], Any]


# What the provider answers


def words(chunks: int) -> list[str]:
    """What each chunk of a stream brings."""
    return [f" word{number}" for number in range(chunks)]


def _usage(prompt: str, completion: str) -> dict[str, Any]:
    return {
        f"{prompt}_tokens": INPUT_TOKENS,
        f"{prompt}_tokens_details": {"cached_tokens": 0},
        f"{completion}_tokens": OUTPUT_TOKENS,
        f"{completion}_tokens_details": {"reasoning_tokens": 0},
        "total_tokens": INPUT_TOKENS + OUTPUT_TOKENS,
    }


def _chat_answer() -> dict[str, Any]:
    message = {"role": "assistant", "content": "Paris.", "refusal": None}
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1_760_000_000,
        "model": MODEL,
        "choices": [{"index": 0, "message": message, "finish_reason": "stop", "logprobs": None}],
        "usage": _usage("prompt", "completion"),
        "service_tier": "default",
        "system_fingerprint": "fp_1",
    }


def _chat_events(chunks: int) -> Iterator[dict[str, Any]]:
    frame = {**_chat_answer(), "object": "chat.completion.chunk", "usage": None}
    deltas: list[dict[str, Any]] = [{"role": "assistant", "content": ""}]
    deltas += [{"content": word} for word in words(chunks)]
    for delta in deltas:
        yield {**frame, "choices": [{"index": 0, "delta": delta, "finish_reason": None, "logprobs": None}]}
    yield {**frame, "choices": [{"index": 0, "delta": {}, "finish_reason": "stop", "logprobs": None}]}
    yield {**frame, "choices": [], "usage": _usage("prompt", "completion")}


def _responses_answer(text: str) -> dict[str, Any]:
    content = {"type": "output_text", "text": text, "annotations": [], "logprobs": []}
    return {
        "id": "resp_1",
        "object": "response",
        "created_at": 1_760_000_000,
        "status": "completed",
        "error": None,
        "incomplete_details": None,
        "instructions": None,
        "metadata": {},
        "model": MODEL,
        "output": [
            {"id": "msg_1", "type": "message", "role": "assistant", "status": "completed", "content": [content]}
        ],
        "parallel_tool_calls": True,
        "temperature": 0.5,
        "tool_choice": "auto",
        "tools": [],
        "top_p": 1.0,
        "usage": _usage("input", "output"),
    }


def _responses_events(chunks: int) -> Iterator[dict[str, Any]]:
    place = {"item_id": "msg_1", "output_index": 0, "content_index": 0}
    answer = _responses_answer("".join(words(chunks)))
    begun = {**answer, "status": "in_progress", "output": [], "usage": None}
    deltas = [{"type": "response.output_text.delta", **place, "delta": word, "logprobs": []} for word in words(chunks)]
    events: list[dict[str, Any]] = [
        {"type": "response.created", "response": begun},
        *deltas,
        {"type": "response.output_text.done", **place, "text": "".join(words(chunks)), "logprobs": []},
        {"type": "response.completed", "response": answer},
    ]
    for number, event in enumerate(events):
        yield {**event, "sequence_number": number}


def _frames(case: Case) -> list[bytes]:
    """The stream as server-sent events, one network read each, as a provider that streams would send them."""
    if case.api == "responses":
        return [
            f"event: {event['type']}\ndata: {json.dumps(event)}\n\n".encode()
            for event in _responses_events(case.chunks)
        ]
    return [f"data: {json.dumps(event)}\n\n".encode() for event in _chat_events(case.chunks)] + [b"data: [DONE]\n\n"]


# The client


def _client(case: Case) -> Any:
    """An OpenAI client whose transport answers in-process, on whichever HTTP library this SDK is built."""
    import openai
    from openai import _base_client

    http: Any = vars(_base_client).get("httpx2") or vars(_base_client)["httpx"]
    if case.chunks:
        frames = _frames(case)

        class Body(http.SyncByteStream, http.AsyncByteStream):  # type: ignore[misc]
            def __iter__(self) -> Iterator[bytes]:
                return iter(frames)

            async def __aiter__(self) -> AsyncIterator[bytes]:
                for frame in frames:
                    yield frame

        headers = {"content-type": "text/event-stream", "x-request-id": "req_1"}
        answer: Callable[[Any], Any] = lambda request: http.Response(200, headers=headers, stream=Body())  # noqa: E731
    else:
        whole = json.dumps(_responses_answer("Paris.") if case.api == "responses" else _chat_answer()).encode()
        headers = {"content-type": "application/json", "x-request-id": "req_1"}
        answer = lambda request: http.Response(200, headers=headers, content=whole)  # noqa: E731

    transport = http.MockTransport(answer)
    if case.asynchronous:
        return openai.AsyncOpenAI(
            api_key="none", max_retries=0, http_client=http.AsyncClient(transport=transport, trust_env=False)
        )
    return openai.OpenAI(api_key="none", max_retries=0, http_client=http.Client(transport=transport, trust_env=False))


class _ReadyEvent:
    """Stands in for a decoded server-sent event whose chunk object exists already."""

    data = ""

    def __init__(self, chunk: Any) -> None:
        self.event = getattr(chunk, "type", None)
        self.chunk = chunk

    def json(self) -> Any:
        return self.chunk


class _ReadyDecoder:
    def __init__(self, events: list[_ReadyEvent]) -> None:
        self.events = events

    def iter_bytes(self, source: object) -> Iterator[_ReadyEvent]:
        return iter(self.events)

    async def aiter_bytes(self, source: object) -> AsyncIterator[_ReadyEvent]:
        for event in self.events:
            yield event


def _make_thin(client: Any, chunks: list[Any]) -> None:
    """Swap what lies *below* the SDK's stream object, which itself stays as it is and so does all that follows it."""
    decoder = _ReadyDecoder([_ReadyEvent(chunk) for chunk in chunks])
    client._make_sse_decoder = lambda: decoder
    client._process_response_data = lambda *, data, cast_to, response: data


def build(case: Case) -> Work:
    """Client, request and answer of a case; imports the SDK."""
    client = _client(case)
    sentence = 'The quick brown fox jumps over the "lazy" dog; naïve café.\n'
    prompt = (sentence * (case.prompt_bytes // len(sentence.encode()) + 1)) if case.prompt_bytes else "Say a city."
    messages = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": prompt}]
    request: dict[str, Any] = {"model": MODEL, "temperature": 0.5}
    if case.api == "responses":
        create: Callable[..., Any] = client.responses.create
        request |= {"input": messages, "max_output_tokens": 256}
    else:
        create = client.chat.completions.create
        request |= {"messages": messages, "max_tokens": 256}
    if case.chunks:
        request["stream"] = True
        if case.api == "chat":
            request["stream_options"] = {"include_usage": True}

    def call() -> Any:
        return create(**request)

    def read() -> None:
        for _ in create(**request):  # a caller's loop, as opposed to list(), pays for every step in bytecodes
            pass

    if not case.asynchronous:
        if case.thin:
            _make_thin(client, list(call()))
        return Work(case, prompt, read if case.chunks else call, call)

    loop = asyncio.new_event_loop()

    async def read_async() -> None:
        stream = await create(**request)
        async for _ in stream:
            pass

    async def collect() -> list[Any]:
        return [chunk async for chunk in await create(**request)]

    async def together() -> None:
        await asyncio.gather(*[read_async() if case.chunks else create(**request) for _ in range(case.calls)])

    if case.thin:
        _make_thin(client, loop.run_until_complete(collect()))
    return Work(case, prompt, lambda: loop.run_until_complete(together()), call)
