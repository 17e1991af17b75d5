"""Real answers, replayed through the real openai SDK: the telemetry says what the provider said, no more and no less.

What is expected is computed here, from the raw bytes of a recording and with tables of our own: nothing of genscope is
asked. The attributes of a span are compared as a whole, so that one too many fails as well.

Left out on purpose, as genscope documents it: a part of the usage (cached, reasoning, audio tokens ...) that is zero.
"""

from __future__ import annotations

import asyncio
import inspect
import json
import os
import re
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import AbstractAsyncContextManager, AbstractContextManager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import openai
import pytest
from openai.types import Completion, CreateEmbeddingResponse
from openai.types.chat import ChatCompletion, ChatCompletionChunk
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import StatusCode

from genscope.instrumentors import OpenAIInstrumentor

try:
    from openai.types.responses import Response, ResponseStreamEvent
except ImportError:  # before openai 1.66
    Response = ResponseStreamEvent = object

http: Any = getattr(openai._base_client, "httpx2", None) or openai._base_client.httpx

Attributes = dict[str, Any]

FOLDER = (
    Path(os.environ.get("GENSCOPE_RECORDINGS") or Path(__file__).resolve().parents[2] / "shared" / "recordings")
    / "openai"
)

PIECE = 13
"""Bytes: small enough to cut through lines, names and characters of several bytes."""

# --- what a recording says, by tables that know nothing of genscope


@dataclass(frozen=True)
class Api:
    """One API of the provider: where it is in the SDK, and what its JSON calls the things that telemetry names."""

    operation: str
    resource: str
    answer: Any
    chunk: Any
    request: Mapping[str, str]
    tokens: Mapping[str, str]
    api_type: str | None = None


_SAMPLING = {
    "max_tokens": "gen_ai.request.max_tokens",
    "temperature": "gen_ai.request.temperature",
    "top_p": "gen_ai.request.top_p",
    "n": "gen_ai.request.choice.count",
    "seed": "gen_ai.request.seed",
    "stop": "gen_ai.request.stop_sequences",
    "frequency_penalty": "gen_ai.request.frequency_penalty",
    "presence_penalty": "gen_ai.request.presence_penalty",
}
_CHAT_TOKENS = {
    "prompt_tokens": "input_tokens",
    "prompt_tokens_details.cached_tokens": "cache_read.input_tokens",
    "prompt_tokens_details.audio_tokens": "audio.input_tokens",
    "completion_tokens": "output_tokens",
    "completion_tokens_details.reasoning_tokens": "reasoning.output_tokens",
    "completion_tokens_details.audio_tokens": "audio.output_tokens",
}
APIS = {
    "chat/completions": Api(
        "chat",
        "chat.completions",
        ChatCompletion,
        ChatCompletionChunk,
        _SAMPLING
        | {
            "max_completion_tokens": "gen_ai.request.max_tokens",
            "reasoning_effort": "gen_ai.request.reasoning.level",
            "response_format.type": "gen_ai.output.type",
            "service_tier": "openai.request.service_tier",
        },
        _CHAT_TOKENS,
        "chat_completions",
    ),
    "completions": Api("text_completion", "completions", Completion, Completion, _SAMPLING, _CHAT_TOKENS),
    "responses": Api(
        "chat",
        "responses",
        Response,
        ResponseStreamEvent,
        {
            "max_output_tokens": "gen_ai.request.max_tokens",
            "temperature": "gen_ai.request.temperature",
            "top_p": "gen_ai.request.top_p",
            "reasoning.effort": "gen_ai.request.reasoning.level",
            "text.format.type": "gen_ai.output.type",
            "service_tier": "openai.request.service_tier",
        },
        {
            "input_tokens": "input_tokens",
            "input_tokens_details.cached_tokens": "cache_read.input_tokens",
            "output_tokens": "output_tokens",
            "output_tokens_details.reasoning_tokens": "reasoning.output_tokens",
        },
        "responses",
    ),
    "embeddings": Api(
        "embeddings",
        "embeddings",
        CreateEmbeddingResponse,
        None,
        {
            "dimensions": "gen_ai.embeddings.dimension.count",
            "encoding_format": "gen_ai.request.encoding_formats",
        },
        {"prompt_tokens": "input_tokens"},
    ),
}
SPELLED = {
    "gen_ai.output.type": {"text": "text", "json_object": "json", "json_schema": "json"},
    "gen_ai.request.choice.count": {1: None},
    "openai.request.service_tier": {"auto": None},
}
"""Values that telemetry spells otherwise; None is left out."""
LISTS = {"gen_ai.request.stop_sequences", "gen_ai.request.encoding_formats"}

PROVIDERS = {
    "api.openai.com": "openai",
    "traceloop-stg.openai.azure.com": "azure.ai.openai",
    "test-resource.openai.azure.com": "azure.ai.openai",
    "localhost": "_OTHER",
}
ERRORS = {
    "model_not_found": "model_not_found",
    "invalid_image_url": "invalid_request",
    "401": "authentication",
}
"""Code of an error -> its kind. None of them goes away when the request is sent again."""


def at(said: Any, path: str) -> Any:
    """The value at `a.b.c` in JSON, None where there is none."""
    for name in path.split("."):
        said = said.get(name) if isinstance(said, dict) else None
    return said


@dataclass(frozen=True)
class Recording:
    name: str
    host: str
    path: str
    request: Mapping[str, Any]
    status: int
    headers: Mapping[str, str]
    body: str

    @classmethod
    def load(cls, file: Path) -> Recording:
        said = json.loads(file.read_text("utf-8"))
        request, response = said["request"], said["response"]
        return cls(
            file.stem,
            said["host"],
            request["path"],
            request["body"],
            response["status"],
            response["headers"],
            response["body"],
        )

    def __str__(self) -> str:
        return self.name

    @property
    def api(self) -> Api:
        path = urlsplit(self.path).path
        return next(api for suffix, api in APIS.items() if path.endswith("/" + suffix))

    @property
    def url(self) -> str:
        return ("http://" if self.host.startswith("localhost") else "https://") + self.host

    @property
    def provider(self) -> str:
        return PROVIDERS[self.host.partition(":")[0]]

    @property
    def is_azure(self) -> bool:
        return self.provider == "azure.ai.openai"

    @property
    def streams(self) -> bool:
        return bool(self.request.get("stream"))

    @cached_property
    def events(self) -> list[dict[str, Any]]:
        """The server-sent events of a stream, its terminator apart."""
        blocks = re.split(r"\n\n", self.body)
        data = ["".join(line[5:] for line in block.splitlines() if line.startswith("data:")) for block in blocks]
        return [json.loads(one) for one in data if one.strip() not in ("", "[DONE]")]

    @cached_property
    def whole(self) -> dict[str, Any]:
        """The answer as one JSON document: put together from the events if it was streamed."""
        if not self.streams:
            return json.loads(self.body)
        if self.api.operation == "chat" and self.api.api_type == "responses":
            return next(event["response"] for event in reversed(self.events) if event["type"] == "response.completed")
        return assembled(self.events, chat=self.api.operation == "chat")

    # --- as attributes

    @property
    def asked(self) -> Attributes:
        """What the request says."""
        server = urlsplit(self.url)
        attributes: Attributes = {
            "gen_ai.operation.name": self.api.operation,
            "gen_ai.provider.name": self.provider,
            "gen_ai.request.model": self.request["model"],
            "server.address": server.hostname,
            "server.port": server.port or 443,
        }
        if self.streams:
            attributes["gen_ai.request.stream"] = True
        for path, name in self.api.request.items():
            value = at(self.request, path)
            value = SPELLED.get(name, {}).get(value, value)
            if value is not None:
                attributes[name] = (value,) if name in LISTS and isinstance(value, str) else value
        if self.api.api_type is not None:
            attributes["openai.api.type"] = self.api.api_type
        return self.refined(attributes)

    @property
    def answered(self) -> Attributes:
        """What the answer says."""
        whole, api = self.whole, self.api
        attributes: Attributes = {"gen_ai.response.model": whole["model"]}
        for path, part in api.tokens.items():
            tokens = at(whole.get("usage"), path)
            if tokens is not None and (tokens > 0 or "." not in path):  # a part that is zero is left out
                attributes[f"gen_ai.usage.{part}"] = tokens
        if api.operation == "embeddings":
            vector = whole["data"][0]["embedding"]
            if isinstance(vector, list):
                attributes["gen_ai.embeddings.dimension.count"] = len(vector)
            return attributes
        attributes["gen_ai.response.id"] = whole["id"]
        attributes["gen_ai.response.finish_reasons"] = finish_reasons(whole)
        attributes["genscope.response.tool_call_ids"] = tool_call_ids(whole) or None
        attributes["genscope.response.defect"] = ("truncated",) if "length" in finish_reasons(whole) else None
        attributes["openai.response.service_tier"] = whole.get("service_tier")
        attributes["openai.response.system_fingerprint"] = whole.get("system_fingerprint")
        return self.refined({name: value for name, value in attributes.items() if value is not None})

    @property
    def failed(self) -> Attributes:
        """What an error says."""
        code = self.whole["error"]["code"]
        attributes = {
            "error.type": code,
            "genscope.error.kind": ERRORS[code],
            "genscope.error.retryable": False,
            "http.response.status_code": self.status,
        }
        request_id = self.headers.get("x-request-id")
        return attributes | ({} if request_id is None else {"genscope.request_id": request_id})

    def refined(self, attributes: Attributes) -> Attributes:
        """`openai.*` attributes are for those two providers that they are conventions of."""
        ours = self.provider in ("openai", "azure.ai.openai")
        return {name: value for name, value in attributes.items() if ours or not name.startswith("openai.")}


def finish_reasons(whole: dict[str, Any]) -> tuple[str, ...]:
    if "choices" in whole:
        return tuple(choice["finish_reason"] for choice in sorted(whole["choices"], key=lambda choice: choice["index"]))
    assert whole["status"] == "completed"  # all recorded ones are; the others are in tests/wire
    return ("tool_call" if any(item["type"] == "function_call" for item in whole["output"]) else "stop",)


def tool_call_ids(whole: dict[str, Any]) -> tuple[str, ...]:
    if "choices" in whole:
        messages = (choice.get("message", {}) for choice in whole["choices"])
        return tuple(call["id"] for message in messages for call in message.get("tool_calls") or ())
    return tuple(item["call_id"] for item in whole["output"] if item["type"] == "function_call")


def assembled(events: list[dict[str, Any]], chat: bool) -> dict[str, Any]:
    """The whole answer that a stream of choices stands for."""
    whole: dict[str, Any] = {"object": "chat.completion" if chat else "text_completion", "created": 1, "choices": []}
    for name in ("id", "model", "service_tier", "system_fingerprint", "usage"):
        said = [event[name] for event in events if event.get(name)]
        if said:
            whole[name] = said[-1]
    choices: dict[int, dict[str, Any]] = {}
    for event in events:
        for part in event["choices"]:
            choice = choices.setdefault(part["index"], {"index": part["index"], "text": "", "finish_reason": None})
            choice["text"] += part["delta"].get("content") or "" if chat else part["text"]
            choice["finish_reason"] = part["finish_reason"] or choice["finish_reason"]
            for piece in part["delta"].get("tool_calls") or () if chat else ():
                calls = choice.setdefault("calls", {})
                call = calls.setdefault(piece["index"], {"type": "function", "function": {"name": "", "arguments": ""}})
                call["id"] = piece.get("id") or call["id"]
                for name, text in piece["function"].items():
                    call["function"][name] += text
    for index in sorted(choices):
        choice = choices[index]
        if chat:
            choice["message"] = {"role": "assistant", "content": choice.pop("text")}
            choice["message"]["tool_calls"] = list(choice.pop("calls", {}).values()) or None
        whole["choices"].append(choice)
    return whole


def recordings(*, streams: bool | None = None, errors: bool = False) -> list[Any]:
    """Parameters of pytest; one skipped case without the folder."""
    if not FOLDER.is_dir():
        reason = f"no recordings at {FOLDER}; set GENSCOPE_RECORDINGS"
        return [pytest.param(None, marks=[pytest.mark.skip(reason=reason), pytest.mark.needs_recordings])]
    found = [Recording.load(file) for file in sorted(FOLDER.glob("*.json"))]
    return [
        pytest.param(recording, id=recording.name, marks=pytest.mark.needs_recordings)
        for recording in found
        if streams in (None, recording.streams) and errors == (recording.status >= 400)
    ]


# --- how it is replayed


class Replay:
    """The provider of one recording, in this process: answers every request with the recorded bytes."""

    def __init__(self, recording: Recording, body: str | None = None, *, piece: int | None) -> None:
        self.recording = recording
        self.requests: list[Any] = []
        self._data = (recording.body if body is None else body).encode()
        self._piece = piece
        self._kind = "text/event-stream" if recording.streams and recording.status == 200 else "application/json"

    def _answer(self, request: Any, content: Any) -> Any:
        self.requests.append(request)
        recording = self.recording
        headers = {**recording.headers, "content-type": self._kind}
        return http.Response(recording.status, headers=headers, content=content)

    def _pieces(self) -> Iterator[bytes]:
        size = self._piece or len(self._data)
        for start in range(0, len(self._data), size):
            yield self._data[start : start + size]

    async def _apieces(self) -> AsyncIterator[bytes]:
        for piece in self._pieces():
            yield piece

    def sync(self, request: Any) -> Any:
        return self._answer(request, self._pieces() if self._piece else self._data)

    async def asynchronous(self, request: Any) -> Any:
        return self._answer(request, self._apieces() if self._piece else self._data)

    def client(self, mode: str) -> Any:
        """The client that an application would make for this host."""
        recording = self.recording
        prefix = "" if mode == "sync" else "Async"
        cls = getattr(http, f"{prefix}Client")
        transport = http.MockTransport(self.sync if mode == "sync" else self.asynchronous)
        options: dict[str, Any] = {
            "api_key": "sk-recorded",
            "max_retries": 0,
            "http_client": cls(transport=transport, trust_env=False),
        }
        url = urlsplit(recording.path)
        if recording.is_azure:
            deployment = re.search("/deployments/([^/]+)/", url.path)
            assert deployment is not None
            return getattr(openai, f"{prefix}AzureOpenAI")(
                azure_endpoint=recording.url,
                azure_deployment=deployment[1],
                api_version=url.query.removeprefix("api-version="),
                **options,
            )
        return getattr(openai, f"{prefix}OpenAI")(base_url=f"{recording.url}/v1", **options)


def resource_of(client: Any, recording: Recording) -> Any:
    for name in recording.api.resource.split("."):
        if not hasattr(client, name):
            pytest.skip(f"openai {openai.__version__} has no client.{recording.api.resource}")
        client = getattr(client, name)
    return client


def arguments(method: Callable[..., Any], request: Mapping[str, Any]) -> dict[str, Any]:
    """A request body as arguments of an SDK's method; what this release does not know goes by `extra_body`."""
    known = inspect.signature(method).parameters
    extra = {name: value for name, value in request.items() if name not in known}
    return {name: value for name, value in request.items() if name in known} | ({"extra_body": extra} if extra else {})


def send_by_resource(client: Any, recording: Recording, request: Mapping[str, Any]) -> Any:
    create = resource_of(client, recording).create
    return create(**arguments(create, request))


def send_by_extra_body(client: Any, recording: Recording, request: Mapping[str, Any]) -> Any:
    """What the SDK does not look at itself goes by `extra_body`."""
    create = resource_of(client, recording).create
    needed = ("model", "messages", "input", "prompt", "stream", "encoding_format")
    extra = {name: value for name, value in request.items() if name not in needed}
    return create(**{name: value for name, value in request.items() if name in needed}, extra_body=extra)


def send_by_post(client: Any, recording: Recording, request: Mapping[str, Any]) -> Any:
    resource_of(client, recording)  # without it there is no type to cast to
    return _post(client, recording, request, recording.api.answer, recording.api.chunk)


def send_by_post_for_json(client: Any, recording: Recording, request: Mapping[str, Any]) -> Any:
    """The caller wants plain JSON, which the SDK gives as dicts."""
    if recording.streams:
        resource_of(client, recording)  # without it the SDK takes the events for those of another API, and wraps them
    return _post(client, recording, request, object, object)


def _post(client: Any, recording: Recording, request: Mapping[str, Any], answer: Any, chunk: Any) -> Any:
    path = next("/" + suffix for suffix, api in APIS.items() if api is recording.api)
    options: dict[str, Any] = {"cast_to": answer}
    if recording.streams:
        cls = openai.AsyncStream if type(client).__name__.startswith("Async") else openai.Stream
        options = {"cast_to": chunk, "stream": True, "stream_cls": cls[chunk]}
    return client.post(path, body=dict(request), **options)


def send_raw(client: Any, recording: Recording, request: Mapping[str, Any]) -> Any:
    create = resource_of(client, recording).with_raw_response.create
    return create(**arguments(resource_of(client, recording).create, request))


def send_streaming(client: Any, recording: Recording, request: Mapping[str, Any]) -> Any:
    create = resource_of(client, recording).with_streaming_response.create
    return create(**arguments(resource_of(client, recording).create, request))


def read_parsed(raw: Any) -> Any:
    return raw.parse()


def read_bytes(response: Any) -> Any:
    return response.iter_bytes()


def read_lines(response: Any) -> Any:
    return response.iter_lines()


@dataclass(frozen=True)
class Way:
    """A way to send a request, and to read what comes."""

    send: Callable[[Any, Recording, Mapping[str, Any]], Any]
    read: Callable[[Any], Any] | None = None

    def run(self, mode: str, replay: Replay) -> list[Any]:
        """What an application received, as a list."""
        return self._run(replay) if mode == "sync" else asyncio.run(self._arun(replay))

    def _run(self, replay: Replay) -> list[Any]:
        with replay.client("sync") as client:
            answer = self.send(client, replay.recording, replay.recording.request)
            if isinstance(answer, AbstractContextManager) and not hasattr(answer, "__next__"):
                with answer as response:
                    return self._take(response)
            return self._take(answer)

    def _take(self, answer: Any) -> list[Any]:
        answer = answer if self.read is None else self.read(answer)
        return list(answer) if hasattr(answer, "__next__") else [answer]

    async def _arun(self, replay: Replay) -> list[Any]:
        async with replay.client("async") as client:
            answer = self.send(client, replay.recording, replay.recording.request)
            if isinstance(answer, AbstractAsyncContextManager):
                async with answer as response:
                    return await self._atake(response)
            return await self._atake(await answer)

    async def _atake(self, answer: Any) -> list[Any]:
        answer = answer if self.read is None else self.read(answer)
        if inspect.isawaitable(answer):
            answer = await answer
        return [item async for item in answer] if hasattr(answer, "__anext__") else [answer]


WAYS = {
    "resource": Way(send_by_resource),
    "extra-body": Way(send_by_extra_body),
    "post": Way(send_by_post),
    "json": Way(send_by_post_for_json),
    "raw": Way(send_raw, read_parsed),
    "streaming-parse": Way(send_streaming, read_parsed),
    "streaming-bytes": Way(send_streaming, read_bytes),
    "streaming-lines": Way(send_streaming, read_lines),
}
each_way = pytest.mark.parametrize("way", WAYS)
both_modes = pytest.mark.parametrize("mode", ["sync", "async"])


@pytest.fixture(scope="module")
def exporter() -> Iterator[InMemorySpanExporter]:
    """genscope on the SDK; a fault of it is raised here, not hidden."""
    exporter = InMemorySpanExporter()
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    instrumentor = OpenAIInstrumentor()
    instrumentor.instrument(skip_dep_check=True, tracer_provider=provider, raise_faults=True, cost=False)
    yield exporter
    instrumentor.uninstrument()


@pytest.fixture
def spans(exporter: InMemorySpanExporter, monkeypatch: pytest.MonkeyPatch) -> InMemorySpanExporter:
    for name in list(os.environ):
        if name.startswith(("OPENAI_", "AZURE_OPENAI_")):
            monkeypatch.delenv(name)
    exporter.clear()
    return exporter


TIMES = ("gen_ai.response.time_to_first_chunk", "genscope.time_to_first_token", "genscope.time_to_last_chunk")


def one(spans: InMemorySpanExporter) -> ReadableSpan:
    (span,) = spans.get_finished_spans()
    return span


def told(span: ReadableSpan) -> Attributes:
    """What a span says, the times apart."""
    return {name: value for name, value in (span.attributes or {}).items() if name not in TIMES}


# --- the tests


@each_way
@both_modes
@pytest.mark.parametrize("recording", recordings(streams=False))
def test_an_answer_is_told_as_it_came(spans: InMemorySpanExporter, recording: Recording, mode: str, way: str) -> None:
    replay = Replay(recording, piece=PIECE if way.startswith("streaming") else None)
    assert WAYS[way].run(mode, replay)  # the application gets something

    sent = json.loads(replay.requests[0].content)
    assert replay.requests[0].url.raw_path.decode() == recording.path  # it is the recorded call
    expected = recording.asked | recording.answered
    if way != "post" and way != "json" and "encoding_format" not in recording.request and "encoding_format" in sent:
        expected["gen_ai.request.encoding_formats"] = (sent["encoding_format"],)  # the SDK's own choice
    span = one(spans)
    assert told(span) == expected
    assert span.name == f"{recording.api.operation} {recording.request['model']}"
    assert span.status.status_code is StatusCode.UNSET


@pytest.mark.parametrize(
    "way, piece",
    [pytest.param(way, PIECE, id=way) for way in WAYS]
    + [pytest.param(way, None, id=f"{way}-in-one-piece") for way in ("resource", "raw", "streaming-bytes")],
)
@both_modes
@pytest.mark.parametrize("recording", recordings(streams=True))
def test_a_stream_is_told_as_it_came(
    spans: InMemorySpanExporter, recording: Recording, mode: str, way: str, piece: int | None
) -> None:
    replay = Replay(recording, piece=piece)
    received = WAYS[way].run(mode, replay)

    assert replay.requests[0].url.raw_path.decode() == recording.path
    if way not in ("streaming-bytes", "streaming-lines"):
        assert len(received) == len(recording.events)  # no chunk is kept from the application, and none is added
    span = one(spans)
    expected = recording.asked | recording.answered
    expected |= {"genscope.stream.chunks": len(recording.events), "genscope.stream.outcome": "completed"}
    assert told(span) == expected
    assert span.attributes is not None
    first_chunk, first_token, last_chunk = (span.attributes[name] for name in TIMES)
    assert 0 < first_chunk <= first_token <= last_chunk


@pytest.mark.parametrize("way", [way for way in WAYS if way != "streaming-lines"])
@both_modes
@pytest.mark.parametrize("recording", recordings(errors=True))
def test_an_error_is_told_as_it_came(spans: InMemorySpanExporter, recording: Recording, mode: str, way: str) -> None:
    with pytest.raises(openai.APIStatusError) as raised:
        WAYS[way].run(mode, Replay(recording, piece=PIECE))

    assert raised.value.status_code == recording.status
    span = one(spans)
    asked = recording.asked
    if "gen_ai.request.encoding_formats" in told(span):  # the SDK's own choice where the application made none
        asked.setdefault("gen_ai.request.encoding_formats", ("base64",))
    assert told(span) == asked | recording.failed
    assert span.status.status_code is StatusCode.ERROR


@both_modes
@pytest.mark.parametrize("recording", recordings(streams=True))
def test_folding_a_stream_says_what_the_whole_answer_says(
    spans: InMemorySpanExporter, recording: Recording, mode: str
) -> None:
    """The fold law: the chunks of a stream, and the same answer in one piece, leave the same record."""
    way = WAYS["resource"]
    way.run(mode, Replay(recording, piece=PIECE))
    unstreamed = Recording(**{**vars_of(recording), "request": {**recording.request, "stream": False}})
    way.run(mode, Replay(unstreamed, json.dumps(recording.whole), piece=None))

    stream, whole = map(told, spans.get_finished_spans())
    extra = {"gen_ai.request.stream", "genscope.stream.chunks", "genscope.stream.outcome"}
    assert stream.keys() - whole.keys() == extra
    assert {name: value for name, value in stream.items() if name not in extra} == whole


@both_modes
@pytest.mark.parametrize(
    "cut",
    [
        pytest.param(lambda body: body[: len(body) // 3], id="in a line"),
        pytest.param(lambda body: body[: body.rindex("data: {") - 1], id="before the last event"),
        pytest.param(lambda body: body[: body.rindex("}") + 1] + "\n", id="before the end of the last event"),
        pytest.param(lambda body: "", id="at the start"),
    ],
)
@pytest.mark.parametrize("recording", recordings(streams=True))
def test_a_stream_that_is_cut_off_says_the_same_to_those_who_read_bytes(
    spans: InMemorySpanExporter, recording: Recording, cut: Callable[[str], str], mode: str
) -> None:
    for way in ("resource", "streaming-bytes"):
        WAYS[way].run(mode, Replay(recording, cut(recording.body), piece=PIECE))
    parsed, read = map(told, spans.get_finished_spans())
    assert parsed == read
    assert parsed["genscope.stream.chunks"] < len(recording.events)


BROKEN = """data: {"error": {"message": "The server had an error", "type": "server_error", "param": null, "code": null}}

"""


@pytest.mark.parametrize("way", ["resource", "raw", "streaming-parse", "streaming-bytes"])
@both_modes
@pytest.mark.parametrize("recording", recordings(streams=True))
def test_a_stream_that_ends_with_an_error(
    spans: InMemorySpanExporter, recording: Recording, mode: str, way: str
) -> None:
    head = "\n\n".join(recording.body.split("\n\n")[:3])
    replay = Replay(recording, head + "\n\n" + BROKEN, piece=PIECE)
    if way == "streaming-bytes":
        WAYS[way].run(mode, replay)
    else:
        with pytest.raises(openai.APIError, match="had an error"):
            WAYS[way].run(mode, replay)
    span = one(spans)
    expected = {
        "genscope.stream.chunks": 3,
        "genscope.stream.outcome": "failed",
        "error.type": "server_error",
        "genscope.error.kind": "server_error",
        "genscope.error.retryable": True,
    }
    assert told(span).items() >= expected.items()
    assert span.status.status_code is StatusCode.ERROR


def vars_of(recording: Recording) -> dict[str, Any]:
    return {name: getattr(recording, name) for name in Recording.__dataclass_fields__}


FRAMINGS: dict[str, Callable[[str], str]] = {
    "crlf": lambda body: body.replace("\n", "\r\n"),
    "cr": lambda body: body.replace("\n", "\r"),
    "no-space": lambda body: body.replace("data: ", "data:"),
    "comments": lambda body: ": ping\n\n" + body.replace("\n\n", "\n\n: keep-alive\n\n"),
    "more-fields": lambda body: re.sub("^data: ", "id: 7\nretry: 10\ndata: ", body, flags=re.MULTILINE),
    "split-data": lambda body: re.sub(r'^(data: \{)"', r'\1\ndata: "', body, flags=re.MULTILINE),
    "split-data-crlf": lambda body: FRAMINGS["crlf"](FRAMINGS["split-data"](body)),
    "no-terminator": lambda body: body.replace("data: [DONE]\n\n", ""),
    "cr-no-terminator": lambda body: FRAMINGS["cr"](FRAMINGS["no-terminator"](body)),
}
"""Other ways to write the same events: https://html.spec.whatwg.org/multipage/server-sent-events.html"""


@pytest.mark.parametrize("way", ["resource", "streaming-bytes"])
@both_modes
@pytest.mark.parametrize("piece", [1, None], ids=["bytes", "whole"])
@pytest.mark.parametrize("framing", FRAMINGS)
@pytest.mark.parametrize(
    "recording", [case for case in recordings(streams=True) if case.id in (None, "chat-stream-04")]
)
def test_the_framing_of_the_events_does_not_matter(
    spans: InMemorySpanExporter, recording: Recording, framing: str, piece: int | None, mode: str, way: str
) -> None:
    WAYS[way].run(mode, Replay(recording, FRAMINGS[framing](recording.body), piece=piece))
    expected = recording.asked | recording.answered
    expected |= {"genscope.stream.chunks": len(recording.events), "genscope.stream.outcome": "completed"}
    assert told(one(spans)) == expected
