"""The provider simulator, held against the real openai SDK and against recorded answers of the real service."""

from __future__ import annotations

import asyncio
import http.client
import json
import os
import socket
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from genscope.local.simulator import REASONING, REFUSAL, REPLY, REPLY_TOKENS, USAGE, USAGE_REASONING, Simulator

openai = pytest.importorskip("openai")
pydantic = pytest.importorskip("pydantic")

needs_helpers = pytest.mark.skipif(
    not hasattr(openai, "responses"), reason="this openai has no typed usage details, stream helpers or parallel calls"
)
needs_responses = pytest.mark.skipif(not hasattr(openai, "responses"), reason="this openai has no Responses API")

MESSAGES = [{"role": "user", "content": "What is the capital of France?"}]
CHAT = {"model": "gpt-4o", "messages": MESSAGES}
ASK = {"model": "gpt-4o", "input": "What is the capital of France?"}
WEATHER = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
CHAT_TOOLS = [{"type": "function", "function": {"name": "get_weather", "parameters": WEATHER}}]
TOOLS = [{"type": "function", "name": "get_weather", "parameters": WEATHER}]


class City(pydantic.BaseModel):
    name: str
    inhabitants: int
    capital: bool
    rivers: list[str]


@pytest.fixture(scope="module")
def running() -> Iterator[Simulator]:
    with Simulator() as simulator:
        yield simulator


@pytest.fixture
def sim(running: Simulator) -> Simulator:
    running.reset()
    return running


@pytest.fixture(scope="module")
def shared_client() -> Iterator[Any]:
    with openai.OpenAI(base_url="http://127.0.0.1:9", api_key="sk-test-0123456789abcdef", max_retries=0) as client:
        yield client


Connect = Callable[..., Any]


@pytest.fixture
def connect(sim: Simulator, shared_client: Any) -> Connect:
    """connect(scenario, **options) -> a sync client that meets the scenario."""

    def connect(scenario: str = "ok", **options: float) -> Any:
        return shared_client.with_options(base_url=sim.base_url(scenario, **options))

    return connect


def in_async(sim: Simulator, scenario: str, use: Callable[[Any], Any], **settings: Any) -> Any:
    """Run `await use(client)` with an async client."""

    async def run() -> Any:
        settings.setdefault("max_retries", 0)
        async with openai.AsyncOpenAI(base_url=sim.base_url(scenario), api_key="sk-test", **settings) as client:
            return await use(client)

    return asyncio.run(run())


class Raw:
    """The simulator without an SDK: what is really on the wire."""

    def __init__(self, sim: Simulator) -> None:
        self._sim = sim
        self._connection = http.client.HTTPConnection(sim.url.removeprefix("http://"), timeout=5)

    def __call__(self, method: str, path: str, body: object = None, scenario: str = "ok", **options: float) -> Any:
        url = self._sim.base_url(scenario, **options).removeprefix(self._sim.url) + path
        sent = body if isinstance(body, bytes) else None if body is None else json.dumps(body)
        try:
            self._connection.request(method, url, sent, {"authorization": "Bearer sk-test"})
            answer = self._connection.getresponse()
            answer.content = answer.read()  # type: ignore[attr-defined]
        except Exception:
            self._connection.close()
            raise
        return answer

    def close(self) -> None:
        self._connection.close()

    def json(self, path: str, body: object = None, scenario: str = "ok", **options: float) -> Any:
        return json.loads(self("GET" if body is None else "POST", path, body, scenario, **options).content)

    def events(self, path: str, body: dict[str, Any], scenario: str = "ok", **options: float) -> list[Any]:
        """The data of every event, parsed; checks that the name of an event is the type in its data."""
        method, sent = ("POST", {**body, "stream": True}) if body else ("GET", None)
        text = self(method, path, sent, scenario, **options).content.decode()
        assert text.endswith("\n\n")
        events: list[Any] = []
        for block in text[:-2].split("\n\n"):
            *name, data = block.split("\n")
            data = data.removeprefix("data: ")
            events.append(data if data == "[DONE]" else json.loads(data))
            assert name == ([f"event: {events[-1]['type']}"] if "type" in events[-1] else [])
        return events


@pytest.fixture
def raw(sim: Simulator) -> Iterator[Raw]:
    raw = Raw(sim)
    yield raw
    raw.close()


# ---------------------------------------------------------------------------------------------------- chat completions


@needs_helpers
def test_chat(sim: Simulator, connect: Connect) -> None:
    answer = connect().chat.completions.create(**CHAT)
    assert answer.choices[0].message.content == REPLY == "Paris is the capital of France."
    assert answer.choices[0].finish_reason == "stop"
    assert answer.model == "gpt-4o-2024-08-06"
    assert answer.usage.prompt_tokens == USAGE.prompt == 23
    assert answer.usage.completion_tokens == USAGE.completion == len(REPLY_TOKENS) == 7
    assert answer.usage.total_tokens == USAGE.total == 30
    assert answer.usage.prompt_tokens_details.cached_tokens == USAGE.cached == 5
    [request] = sim.requests
    assert answer._request_id == request.request_id
    assert (request.method, request.path, request.query) == ("POST", "/s/ok/v1/chat/completions", "")
    assert request.json == json.loads(request.body) == CHAT
    assert request.headers["authorization"] == "Bearer sk-test-0123456789abcdef"
    assert request.scenario == "ok"


def test_chat_stream_frames(raw: Raw) -> None:
    *frames, done = raw.events("/chat/completions", CHAT)
    assert done == "[DONE]"
    assert [frame["choices"][0]["delta"] for frame in frames] == [
        {"role": "assistant", "content": "", "refusal": None},
        *({"content": token} for token in REPLY_TOKENS),
        {},
    ]
    assert [frame["choices"][0]["finish_reason"] for frame in frames] == [None] * 8 + ["stop"]
    assert not any("usage" in frame for frame in frames)

    *frames, last, done = raw.events("/chat/completions", {**CHAT, "stream_options": {"include_usage": True}})
    assert [frame["usage"] for frame in frames] == [None] * 9
    assert last["choices"] == []
    assert last["usage"]["total_tokens"] == USAGE.total


def test_streams_are_chunked_and_connections_kept(sim: Simulator, raw: Raw) -> None:
    answer = raw("POST", "/chat/completions", {**CHAT, "stream": True})
    assert answer.headers["transfer-encoding"] == "chunked"
    assert answer.headers["content-type"].startswith("text/event-stream")
    first = answer.headers["x-request-id"]
    answer = raw("POST", "/chat/completions", CHAT)
    assert answer.headers["content-length"] == str(len(answer.content))
    assert {"openai-processing-ms", "x-ratelimit-remaining-tokens"} <= {name.lower() for name in answer.headers}
    assert answer.headers["x-request-id"] != first
    assert sim.connections >= 1


def text_of(chunks: list[Any], index: int = 0) -> str:
    deltas = [choice.delta for chunk in chunks for choice in chunk.choices if choice.index == index]
    return "".join(delta.content or "" for delta in deltas)


def test_chat_streams(sim: Simulator, connect: Connect) -> None:
    assert text_of(list(connect().chat.completions.create(**CHAT, stream=True))) == REPLY

    async def use(client: Any) -> list[Any]:
        return [chunk async for chunk in await client.chat.completions.create(**CHAT, stream=True)]

    assert text_of(in_async(sim, "ok", use)) == REPLY


def test_chunks_and_choices(connect: Connect) -> None:
    answer = connect("ok", chunks=100).chat.completions.create(**CHAT)
    assert answer.usage.completion_tokens == 100
    assert len(list(connect("ok", chunks=100).chat.completions.create(**CHAT, stream=True))) == 102
    assert len(connect("ok", n=3).chat.completions.create(**CHAT).choices) == 3
    answer = connect().chat.completions.create(**CHAT, n=2)
    assert [choice.index for choice in answer.choices] == [0, 1]
    assert answer.usage.completion_tokens == 2 * USAGE.completion
    chunks = list(connect().chat.completions.create(**CHAT, n=2, stream=True))
    assert text_of(chunks, 0) == text_of(chunks, 1) == REPLY
    assert [chunk.choices[0].index for chunk in chunks] == [0, 1] * 9


@needs_helpers
@pytest.mark.parametrize("scenario", ["ok", "tools", "reasoning", "refusal", "azure_filter", "usage_everywhere"])
def test_chat_stream_helper(connect: Connect, scenario: str) -> None:
    with connect(scenario).chat.completions.stream(**CHAT, tools=CHAT_TOOLS) as stream:
        final = stream.get_final_completion()
    whole = connect(scenario).chat.completions.create(**CHAT, tools=CHAT_TOOLS)
    streamed, answered = final.choices[0], whole.choices[0]
    assert streamed.message.content == answered.message.content or not answered.message.content
    assert streamed.message.refusal == answered.message.refusal
    assert streamed.finish_reason == answered.finish_reason
    calls = [(call.function.name, call.function.arguments) for call in answered.message.tool_calls or []]
    assert [(call.function.name, call.function.arguments) for call in streamed.message.tool_calls or []] == calls


@needs_helpers
def test_chat_tools(connect: Connect, raw: Raw) -> None:
    client = connect("tools")
    answer = client.chat.completions.create(**CHAT, tools=CHAT_TOOLS)
    assert answer.choices[0].finish_reason == "tool_calls"
    calls = answer.choices[0].message.tool_calls
    assert [call.function.name for call in calls] == ["get_weather"] * 2
    assert [json.loads(call.function.arguments) for call in calls] == [{"city": "Paris"}, {"city": "London"}]
    history = [*MESSAGES, answer.choices[0].message.model_dump(exclude_none=True)]
    history += [{"role": "tool", "tool_call_id": call.id, "content": "sunny"} for call in calls]
    final = client.chat.completions.create(model="gpt-4o", messages=history, tools=CHAT_TOOLS)
    assert final.choices[0].message.content == REPLY
    assert client.chat.completions.create(**CHAT).choices[0].message.content == REPLY
    frames = raw.events("/chat/completions", {**CHAT, "tools": CHAT_TOOLS}, "tools")
    parts = [call for frame in frames[1:-2] for call in frame["choices"][0]["delta"]["tool_calls"]]
    assert [(part["index"], part["type"]) for part in parts if "id" in part] == [(0, "function"), (1, "function")]
    assert len(parts) > 6
    one = client.chat.completions.create(**CHAT, tools=CHAT_TOOLS, parallel_tool_calls=False)
    assert len(one.choices[0].message.tool_calls) == 1


@needs_helpers
def test_chat_reasoning(connect: Connect) -> None:
    answer = connect("reasoning").chat.completions.create(**CHAT)
    assert answer.choices[0].message.reasoning_content == REASONING
    assert answer.usage.completion_tokens_details.reasoning_tokens == USAGE_REASONING.reasoning
    deltas = [chunk.choices[0].delta for chunk in connect("reasoning").chat.completions.create(**CHAT, stream=True)]
    said = ["reasoning" if hasattr(delta, "reasoning_content") else "text" for delta in deltas[1:-1]]
    assert said == ["reasoning"] * 6 + ["text"] * 7


def test_chat_usage_variants(connect: Connect, raw: Raw) -> None:
    assert connect("no_usage").chat.completions.create(**CHAT).usage is None
    bare = connect("null_details").chat.completions.create(**CHAT).usage
    assert bare.prompt_tokens == USAGE.prompt
    assert bare.prompt_tokens_details is bare.completion_tokens_details is None
    asked = {**CHAT, "stream_options": {"include_usage": True}}
    assert [frame["usage"] for frame in raw.events("/chat/completions", asked, "no_usage")[:-1]] == [None] * 9
    everywhere = raw.events("/chat/completions", CHAT, "usage_everywhere")[:-1]
    assert [frame["usage"]["completion_tokens"] for frame in everywhere] == [0, 1, 2, 3, 4, 5, 6, 7, 7]
    finish, extra, usage = raw.events("/chat/completions", CHAT, "late_usage")[-4:-1]
    assert finish["choices"][0]["finish_reason"] == "stop"
    assert (extra["choices"], extra["usage"]) == ([], None)
    assert (usage["choices"], usage["usage"]["total_tokens"]) == ([], USAGE.total)


def test_chat_defects(connect: Connect, raw: Raw) -> None:
    def choice(scenario: str) -> Any:
        return connect(scenario).chat.completions.create(**CHAT).choices[0]

    assert connect("empty").chat.completions.create(**CHAT).choices == []
    assert not any(chunk.choices for chunk in connect("empty").chat.completions.create(**CHAT, stream=True))
    assert choice("length").finish_reason == choice("incomplete").finish_reason == "length"
    assert choice("length").message.content == "Paris is the capital"
    assert choice("content_filter_finish").finish_reason == "content_filter"
    assert (choice("refusal").message.content, choice("refusal").message.refusal) == (None, REFUSAL)
    first, second, third, *_ = raw.events("/chat/completions", CHAT, "azure_filter")
    assert first["choices"] == []
    assert first["prompt_filter_results"]
    assert second["choices"][0]["content_filter_results"] == {}
    assert third["choices"][0]["content_filter_results"]["hate"] == {"filtered": False, "severity": "safe"}


def test_structured_output(connect: Connect) -> None:
    parse = connect().chat.completions.parse if hasattr(connect().chat.completions, "parse") else None
    if parse is None:
        pytest.skip("this openai has no parse")
    city = parse(**CHAT, response_format=City).choices[0].message.parsed
    assert city == City(name="Paris", inhabitants=1, capital=True, rivers=["Paris"])
    with connect().chat.completions.stream(**CHAT, response_format=City) as stream:
        assert stream.get_final_completion().choices[0].message.parsed == city


# -------------------------------------------------------------------------------------------------------- Responses API


@needs_responses
def test_responses(sim: Simulator, connect: Connect) -> None:
    answer = connect().responses.create(**ASK, temperature=0.3, metadata={"a": "b"})
    assert (answer.status, answer.output_text, answer.model) == ("completed", REPLY, "gpt-4o-2024-08-06")
    assert (answer.temperature, answer.metadata) == (0.3, {"a": "b"})
    usage = answer.usage
    assert (usage.input_tokens, usage.output_tokens, usage.total_tokens) == (23, 7, 30)
    assert (usage.input_tokens_details.cached_tokens, usage.output_tokens_details.reasoning_tokens) == (5, 0)

    async def use(client: Any) -> list[str]:
        return [event.type async for event in await client.responses.create(**ASK, stream=True)]

    kinds = in_async(sim, "ok", use)
    assert kinds == [event.type for event in connect().responses.create(**ASK, stream=True)]
    assert kinds == [
        "response.created",
        "response.in_progress",
        "response.output_item.added",
        "response.content_part.added",
        *["response.output_text.delta"] * 7,
        "response.output_text.done",
        "response.content_part.done",
        "response.output_item.done",
        "response.completed",
    ]


@needs_responses
@pytest.mark.parametrize("scenario", ["ok", "tools", "reasoning", "refusal"])
def test_responses_stream_helper(connect: Connect, scenario: str) -> None:
    with connect(scenario).responses.stream(**ASK, tools=TOOLS) as stream:
        events = list(stream)
        final = stream.get_final_response()
    whole = connect(scenario).responses.create(**ASK, tools=TOOLS)
    assert [event.sequence_number for event in events] == list(range(len(events)))
    assert final.output_text == whole.output_text
    assert [item.type for item in final.output] == [item.type for item in whole.output]
    assert final.usage == whole.usage


@needs_responses
def test_responses_tools(connect: Connect) -> None:
    client = connect("tools")
    calls = client.responses.create(**ASK, tools=TOOLS).output
    assert [(call.type, call.name, json.loads(call.arguments)) for call in calls] == [
        ("function_call", "get_weather", {"city": "Paris"}),
        ("function_call", "get_weather", {"city": "London"}),
    ]
    results = [{"type": "function_call_output", "call_id": call.call_id, "output": "sunny"} for call in calls]
    assert client.responses.create(model="gpt-4o", input=results, tools=TOOLS).output_text == REPLY


@needs_responses
def test_responses_defects(connect: Connect) -> None:
    def last_event(scenario: str) -> Any:
        return list(connect(scenario).responses.create(**ASK, stream=True))[-1]

    reasoning, message = connect("reasoning").responses.create(**ASK).output
    assert (reasoning.type, reasoning.summary[0].text, message.content[0].text) == ("reasoning", REASONING, REPLY)
    assert connect("refusal").responses.create(**ASK).output[0].content[0].refusal == REFUSAL
    assert connect("empty").responses.create(**ASK).output == []
    assert connect("no_usage").responses.create(**ASK).usage is None
    assert connect("null_details").responses.create(**ASK).usage.input_tokens_details is None
    for scenario, reason in [("length", "max_output_tokens"), ("content_filter_finish", "content_filter")]:
        answer = connect(scenario).responses.create(**ASK)
        assert (answer.status, answer.incomplete_details.reason) == ("incomplete", reason)
        assert last_event(scenario).type == "response.incomplete"
    assert connect("failed").responses.create(**ASK).status == "failed"
    failed = last_event("failed")
    assert (failed.type, failed.response.error.code) == ("response.failed", "server_error")
    error = last_event("stream_error")
    assert (error.type, error.code, error.sequence_number) == ("error", "server_error", 6)


@needs_responses
def test_responses_parse(connect: Connect) -> None:
    city = connect().responses.parse(**ASK, text_format=City).output_parsed
    assert city == City(name="Paris", inhabitants=1, capital=True, rivers=["Paris"])
    with connect().responses.stream(**ASK, text_format=City) as stream:
        assert stream.get_final_response().output_parsed == city


@needs_responses
def test_stored_responses(connect: Connect, raw: Raw) -> None:
    client = connect()
    created = client.responses.create(**ASK, background=True)
    assert (created.status, created.usage) == ("queued", None)
    fetched = client.responses.retrieve(created.id)
    assert (fetched.status, fetched.id, fetched.output_text) == ("completed", created.id, REPLY)
    events = raw.events(f"/responses/{created.id}?stream=true", {})
    assert [event["type"] for event in events[:3]] == ["response.created", "response.queued", "response.in_progress"]
    assert raw.events(f"/responses/{created.id}?stream=true&starting_after=7", {}) == events[8:]
    later = list(client.responses.retrieve(created.id, stream=True, starting_after=7))
    assert [event.sequence_number for event in later] == [event["sequence_number"] for event in events[8:]]
    assert client.responses.cancel(created.id).status == "cancelled"
    assert client.responses.retrieve("resp_unknown").id == "resp_unknown"


# ---------------------------------------------------------------------------------------------------- the smaller APIs


def test_embeddings(connect: Connect, raw: Raw) -> None:
    ask = {"model": "text-embedding-3-small", "input": ["a", "b"]}
    packed = connect().embeddings.create(**ask)
    plain = connect().embeddings.create(**ask, encoding_format="float")
    assert [item.embedding for item in packed.data] == [item.embedding for item in plain.data]
    assert len(plain.data[0].embedding) == 1536
    assert plain.data[0].embedding != plain.data[1].embedding
    assert sum(number * number for number in plain.data[0].embedding) == pytest.approx(1)
    assert plain.usage.prompt_tokens == plain.usage.total_tokens == USAGE.prompt
    tokens = connect().embeddings.create(model="text-embedding-3-large", input=[1, 2, 3], dimensions=8)
    assert [len(item.embedding) for item in tokens.data] == [8]
    assert isinstance(raw.json("/embeddings", {**ask, "encoding_format": "base64"})["data"][0]["embedding"], str)


def test_completions(connect: Connect, raw: Raw) -> None:
    ask = {"model": "gpt-3.5-turbo-instruct", "prompt": "The capital of France"}
    answer = connect().completions.create(**ask)
    assert (answer.choices[0].text, answer.choices[0].finish_reason, answer.model) == (REPLY, "stop", ask["model"])
    assert answer.usage.completion_tokens == USAGE.completion
    chunks = list(connect().completions.create(**ask, stream=True))
    assert "".join(chunk.choices[0].text for chunk in chunks) == REPLY
    assert len(connect().completions.create(**{**ask, "prompt": ["a", "b"]}, n=2).choices) == 4
    *_, usage, done = raw.events("/completions", {**ask, "stream_options": {"include_usage": True}})
    assert (usage["choices"], usage["usage"]["total_tokens"], done) == ([], USAGE.total, "[DONE]")


def test_models(connect: Connect) -> None:
    assert "gpt-4o" in [model.id for model in connect().models.list()]


def test_unknown_urls(sim: Simulator, raw: Raw, connect: Connect) -> None:
    assert raw("GET", "/chat/completions").status == 404
    assert raw.json("/nothing", {})["error"]["message"] == "Invalid URL (POST /s/ok/v1/nothing)"
    with pytest.raises(openai.NotFoundError):
        connect().with_options(base_url=f"{sim.url}/s/no_such_scenario/v1").chat.completions.create(**CHAT)
    with pytest.raises(ValueError, match="no scenario 'no_such_scenario'"):
        sim.base_url("no_such_scenario")
    with pytest.raises(ValueError, match="no option speed"):
        sim.base_url("ok", speed=3)
    plain = connect().with_options(base_url=f"{sim.url}/v1")
    assert plain.chat.completions.create(**CHAT, extra_query={"beta": "true"}).choices[0].message.content == REPLY
    assert sim.requests[-1].query == "beta=true"


def test_azure(sim: Simulator) -> None:
    with openai.AzureOpenAI(
        base_url=f"{sim.url}/s/ok/openai/deployments/gpt-4o", api_key="k", api_version="2024-10-21"
    ) as client:
        assert client.chat.completions.create(**CHAT).model == "gpt-4o-2024-08-06"
    with openai.AzureOpenAI(azure_endpoint=f"{sim.url}/s/ok", api_key="k", api_version="2024-10-21") as client:
        assert client.chat.completions.create(**CHAT).choices[0].message.content == REPLY
    assert sim.requests[-1].path == "/s/ok/openai/deployments/gpt-4o/chat/completions"
    assert sim.requests[-1].query == "api-version=2024-10-21"
    assert sim.requests[-1].headers["api-key"] == "k"


def test_echo(sim: Simulator, connect: Connect) -> None:
    sent = {**CHAT, "temperature": 0.5, "user": "ü"}
    received = json.loads(connect("echo").chat.completions.create(**sent).choices[0].message.content)
    assert received["body"] == sent
    assert received["headers"] == sim.requests[-1].headers
    streamed = json.loads(text_of(list(connect("echo").chat.completions.create(**sent, stream=True))))
    assert streamed["body"] == {**sent, "stream": True}


# -------------------------------------------------------------------------------------------------------------- faults

ERRORS = {
    "rate_limit": ("RateLimitError", "rate_limit_exceeded"),
    "quota": ("RateLimitError", "insufficient_quota"),
    "unauthorized": ("AuthenticationError", "invalid_api_key"),
    "forbidden": ("PermissionDeniedError", "unsupported_country_region_territory"),
    "not_found": ("NotFoundError", "model_not_found"),
    "conflict": ("ConflictError", "conflict"),
    "unprocessable": ("UnprocessableEntityError", "unprocessable_entity"),
    "context_length": ("BadRequestError", "context_length_exceeded"),
    "content_filter": ("BadRequestError", "content_filter"),
    "bad_request": ("BadRequestError", "invalid_value"),
    "server_error": ("InternalServerError", None),
    "overloaded": ("InternalServerError", "server_is_overloaded"),
    "html_error": ("InternalServerError", None),
    "failed": ("InternalServerError", None),
    "stream_error": ("InternalServerError", None),
    "retry": ("RateLimitError", "rate_limit_exceeded"),
    "retry_500": ("InternalServerError", "server_is_overloaded"),
}


@pytest.mark.parametrize(("scenario", "expected"), ERRORS.items(), ids=ERRORS)
def test_errors(connect: Connect, scenario: str, expected: tuple[str, str | None]) -> None:
    with pytest.raises(getattr(openai, expected[0])) as caught:
        connect(scenario).chat.completions.create(**CHAT)
    assert caught.value.code == expected[1]
    with pytest.raises(getattr(openai, expected[0])):
        connect(scenario, retries=9).embeddings.create(model="text-embedding-3-small", input="a")


def test_errors_of_async_clients(sim: Simulator) -> None:
    async def use(client: Any) -> None:
        for scenario, (name, _) in ERRORS.items():
            there = client.with_options(base_url=sim.base_url(scenario, retries=9))
            with pytest.raises(getattr(openai, name)):
                await there.chat.completions.create(**CHAT)

    in_async(sim, "ok", use)


def test_error_bodies(raw: Raw, connect: Connect) -> None:
    with pytest.raises(openai.AuthenticationError, match=r"provided: sk-test-\*+cdef\. You can find"):
        connect("unauthorized").models.list()
    error = raw.json("/chat/completions", CHAT, "content_filter")["error"]
    assert error["innererror"]["content_filter_result"]["violence"] == {"filtered": True, "severity": "high"}
    assert "`gpt-4o` does not exist" in raw.json("/chat/completions", CHAT, "not_found")["error"]["message"]
    assert raw("POST", "/chat/completions", b"{broken").status == 400


def test_retries(sim: Simulator, connect: Connect, raw: Raw) -> None:
    client = connect("retry").with_options(max_retries=2)
    assert client.chat.completions.create(**CHAT).choices[0].message.content == REPLY
    assert len(sim.requests) == 2
    client.chat.completions.create(**CHAT)
    assert len(sim.requests) == 3
    sim.reset()
    client.chat.completions.create(**CHAT)
    assert len(sim.requests) == 2
    connect("retry", retries=2, after=1).with_options(max_retries=2).chat.completions.create(**CHAT)
    assert len(sim.requests) == 5
    headers = raw("POST", "/chat/completions", CHAT, "rate_limit").headers
    assert (headers["retry-after-ms"], headers["retry-after"]) == ("10", "1")
    assert "retry-after" not in raw("POST", "/chat/completions", CHAT, "rate_limit", after=0).headers

    async def use(client: Any) -> str:
        return (await client.chat.completions.create(**CHAT)).choices[0].message.content

    assert in_async(sim, "retry_500", use, max_retries=1) == REPLY


def test_hang_and_release(sim: Simulator, connect: Connect) -> None:
    answers: list[str] = []
    client = connect("hang")
    asking = threading.Thread(
        target=lambda: answers.append(client.chat.completions.create(**CHAT).choices[0].message.content)
    )
    asking.start()
    assert sim.wait_until(lambda sim: sim.held == 1)
    assert not answers
    sim.release()
    asking.join(5)
    assert answers == [REPLY]
    assert client.chat.completions.create(**CHAT).choices[0].message.content == REPLY
    sim.reset()
    with pytest.raises(openai.APITimeoutError):
        client.with_options(timeout=0.05).chat.completions.create(**CHAT)
    assert sim.wait_until(lambda sim: sim.held == 0)


def test_midhang(sim: Simulator, connect: Connect) -> None:
    stream = connect("midhang").chat.completions.create(**CHAT, stream=True)
    seen = [next(stream).choices[0].delta.content for _ in range(3)]
    assert seen == ["", *REPLY_TOKENS[:2]]
    assert sim.wait_until(lambda sim: sim.held == 1)
    sim.release()
    assert "".join(seen) + text_of(list(stream)) == REPLY


@pytest.mark.parametrize("scenario", ["cut", "stream_error", "bad_json_chunk"])
def test_streams_that_break(connect: Connect, scenario: str) -> None:
    chunks: list[Any] = []
    with pytest.raises(Exception) as caught:
        for chunk in connect(scenario).chat.completions.create(**CHAT, stream=True):
            chunks.append(chunk)  # noqa: PERF402 (what came before the exception matters)
    assert text_of(chunks) == "Paris is"
    if scenario == "stream_error":
        assert type(caught.value) is openai.APIError
        assert caught.value.type == "server_error"
    elif scenario == "bad_json_chunk":
        assert isinstance(caught.value, json.JSONDecodeError)
    else:
        assert "incomplete" in str(caught.value.__cause__ or caught.value).lower() or isinstance(
            caught.value, openai.APIConnectionError
        )


def test_bodies_nobody_expects(connect: Connect, raw: Raw) -> None:
    with pytest.raises(openai.APIConnectionError):
        connect("cut").chat.completions.create(**CHAT)
    for scenario in ("garbage", "bad_json_chunk"):
        with pytest.raises(json.JSONDecodeError):
            connect(scenario).chat.completions.create(**CHAT)
    assert raw("POST", "/chat/completions", CHAT, "html").headers["content-type"] == "text/html"
    assert raw.json("/chat/completions", CHAT, "wrong_shape") == {"foo": 1}
    assert raw.json("/chat/completions", CHAT, "json_list") == [1, 2]
    assert raw.events("/chat/completions", CHAT, "wrong_shape") == [{"foo": 1}, "[DONE]"]
    assert raw.events("/responses", ASK, "json_list") == [[1, 2]]


def test_connections_go_back_to_zero() -> None:
    with Simulator() as sim:
        client = openai.OpenAI(base_url=sim.base_url("midhang"), api_key="k")
        for chunk in client.chat.completions.create(**CHAT, stream=True):
            if chunk.choices[0].delta.content == " is":
                break
        assert sim.wait_until(lambda sim: sim.connections == 1)
        client.close()
        assert sim.wait_until(lambda sim: sim.connections == 0)

        async def cancelled() -> None:
            async with openai.AsyncOpenAI(base_url=sim.base_url("hang"), api_key="k") as client:
                asking = asyncio.ensure_future(client.chat.completions.create(**CHAT))
                await asyncio.to_thread(sim.wait_until, lambda sim: sim.held == 1)
                asking.cancel()
                with pytest.raises(asyncio.CancelledError):
                    await asking
                assert await asyncio.to_thread(sim.wait_until, lambda sim: sim.connections == 0)

        asyncio.run(cancelled())
        assert sim.held == 0


def test_pause_comes_after_the_first_frame(connect: Connect) -> None:
    client = connect("ok", pause=0.1)
    start = time.monotonic()
    seen = [time.monotonic() - start for _ in client.chat.completions.create(**CHAT, stream=True)]
    assert seen[1] >= 0.1
    assert seen[0] < seen[1] - 0.05
    start = time.monotonic()
    client.embeddings.create(model="text-embedding-3-small", input="a")
    assert time.monotonic() - start >= 0.1


def test_close_releases_what_hangs() -> None:
    sim = Simulator(pause=60).start()
    client = openai.OpenAI(base_url=sim.base_url("hang"), api_key="k", max_retries=0)
    outcome: list[BaseException] = []

    def ask() -> None:
        try:
            client.chat.completions.create(**CHAT)
        except openai.APIConnectionError as error:
            outcome.append(error)

    asking = threading.Thread(target=ask)
    asking.start()
    assert sim.wait_until(lambda sim: sim.held == 1)
    start = time.monotonic()
    sim.close()
    assert time.monotonic() - start < 1
    asking.join(5)
    assert len(outcome) == 1
    sim.close()
    client.close()
    with pytest.raises(RuntimeError, match="closed"):
        sim.start()
    with pytest.raises(RuntimeError, match="not started"):
        _ = Simulator().url
    assert sim.connections == 0


# -------------------------------------------------------------------------------------------- every scenario, every API

APIS: dict[str, tuple[str, str, dict[str, Any] | None]] = {
    "chat": ("POST", "/chat/completions", {**CHAT, "tools": CHAT_TOOLS}),
    "chat stream": ("POST", "/chat/completions", {**CHAT, "tools": CHAT_TOOLS, "stream": True, "n": 2}),
    "responses": ("POST", "/responses", {**ASK, "tools": TOOLS}),
    "responses stream": ("POST", "/responses", {**ASK, "tools": TOOLS, "stream": True}),
    "compact": ("POST", "/responses/compact", ASK),
    "retrieve": ("GET", "/responses/resp_1", None),
    "retrieve stream": ("GET", "/responses/resp_1?stream=true", None),
    "cancel": ("POST", "/responses/resp_1/cancel", {}),
    "embeddings": ("POST", "/embeddings", {"model": "m", "input": "a", "dimensions": 4}),
    "completions": ("POST", "/completions", {"model": "m", "prompt": "a"}),
    "completions stream": ("POST", "/completions", {"model": "m", "prompt": "a", "stream": True}),
    "models": ("GET", "/models", None),
}


def test_every_scenario_on_every_api(sim: Simulator, raw: Raw, capfd: pytest.CaptureFixture[str]) -> None:
    sim.release()
    for scenario in Simulator.scenarios:
        for api, (method, path, body) in APIS.items():
            if scenario == "cut":
                with pytest.raises((http.client.IncompleteRead, ConnectionError)):
                    raw(method, path, body, scenario)
                continue
            answer = raw(method, path, body, scenario)
            if scenario.startswith("retry"):
                assert answer.status >= 400 if api == "chat" else answer.status == 200
            elif scenario == "failed":
                assert (answer.status == 500) == (not api.startswith(("responses", "retrieve")))
            elif scenario == "stream_error":
                assert (answer.status == 500) == (not api.endswith("stream"))
            else:
                assert (answer.status >= 400) == (scenario in ERRORS)
            assert answer.content
    assert capfd.readouterr() == ("", "")


def test_odd_requests_do_not_hurt(sim: Simulator, raw: Raw, capfd: pytest.CaptureFixture[str]) -> None:
    odd: list[object] = [[], "text", 7, {"messages": 3, "tools": [1, {"function": 2}], "n": "2", "response_format": []}]
    odd += [{"model": 5, "input": {"a": 1}, "text": {"format": {"type": "json_schema"}}, "stream_options": 1}]
    odd += [{"prompt": [], "dimensions": "x", "response_format": {"type": "json_schema", "json_schema": {"schema": 1}}}]
    for method, path, _ in APIS.values():
        for body in odd:
            assert raw(method, path, body, "tools").status == 200
    for junk in (b"\x16\x03\x01\x02\x00\x01\x00\r\n\r\n", b"POST /v1/models HTTP/1.1\r\ncontent-length: x\r\n\r\n"):
        connection = http.client.HTTPConnection(sim.url.removeprefix("http://"))
        connection.connect()
        connection.sock.sendall(junk)
        connection.sock.recv(1000)
        connection.close()
    assert capfd.readouterr() == ("", "")


def test_clients_that_vanish_leave_no_trace(capfd: pytest.CaptureFixture[str]) -> None:
    head = b"POST /s/ok,chunks=5000/v1/chat/completions HTTP/1.1\r\nhost: x\r\ncontent-length: %d\r\n\r\n"
    reset = struct.pack("ii", 1, 0)
    with Simulator() as sim:
        for length in (15, 15, 15, 150):  # 150: gone before the body was sent
            connection = socket.create_connection(("127.0.0.1", int(sim.url.rpartition(":")[2])))
            connection.sendall(head % length + b'{"stream":true}')
            if length == 15:
                connection.recv(100)
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, reset)
            connection.close()
        assert sim.wait_until(lambda sim: sim.connections == 0)
    assert capfd.readouterr() == ("", "")


def test_chunked_request_bodies(sim: Simulator) -> None:
    connection = http.client.HTTPConnection(sim.url.removeprefix("http://"))
    body = iter([b'{"model": "gpt-4o",', b' "messages": []}'])
    connection.request("POST", "/v1/chat/completions", body, encode_chunked=True)
    assert json.loads(connection.getresponse().read())["model"] == "gpt-4o-2024-08-06"
    connection.close()
    assert sim.requests[-1].json == {"model": "gpt-4o", "messages": []}


def test_served_by_a_subprocess() -> None:
    server = subprocess.Popen(
        [sys.executable, "-m", "genscope.local.simulator", "--pause", "0"],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parent.parent / "src")},
    )
    try:
        assert server.stdout is not None
        url = server.stdout.readline().strip()
        connection = http.client.HTTPConnection(url.removeprefix("http://"))
        connection.request("GET", "/v1/models")
        assert connection.getresponse().status == 200
        connection.close()
    finally:
        server.kill()
        server.communicate()


# ------------------------------------------------------------------------------------------------------------ fidelity


def test_the_sdk_types_accept_every_answer(raw: Raw) -> None:
    """The SDK constructs its models without validation; here they are validated."""
    from openai import types
    from openai.types import chat

    for scenario in ("ok", "tools", "reasoning", "refusal", "length", "content_filter_finish", "empty", "azure_filter"):
        body = {**CHAT, "tools": CHAT_TOOLS, "n": 2}
        chat.ChatCompletion.model_validate(raw.json("/chat/completions", body, scenario))
        for frame in raw.events("/chat/completions", body, scenario)[:-1]:
            if frame["object"]:  # Azure's first frame is not valid
                chat.ChatCompletionChunk.model_validate(frame)
        ask = {"model": "m", "prompt": "a"}
        types.Completion.model_validate(raw.json("/completions", ask, scenario))
        types.CreateEmbeddingResponse.model_validate(raw.json("/embeddings", {"input": ["a", "b"]}, scenario))
    for model in raw.json("/models")["data"]:
        types.Model.model_validate(model)


@needs_responses
def test_the_sdk_types_accept_every_response(raw: Raw) -> None:
    from openai.types import responses

    event_type: Any = pydantic.TypeAdapter(responses.ResponseStreamEvent)
    kinds: set[str] = set()
    for scenario in ("ok", "tools", "reasoning", "refusal", "length", "empty", "failed", "stream_error"):
        body = {**ASK, "tools": [{**TOOLS[0], "strict": True}], "background": True}
        if scenario != "stream_error":
            responses.Response.model_validate(raw.json("/responses", body, scenario))
        for event in raw.events("/responses", body, scenario):
            event_type.validate_python(event)
            kinds.add(event["type"])
    assert len(kinds) == 21  # every kind of event the simulator knows
    compacted = raw.json("/responses/compact", ASK)
    assert [item["type"] for item in compacted["output"]] == ["message", "compaction"]
    responses.CompactedResponse.model_validate({**compacted, "output": compacted["output"][1:]})


def shape(value: Any) -> set[str]:
    """The paths of all names in a JSON document; items of an array are not told apart."""
    if isinstance(value, dict):
        return {f"{name}{path}" for name, part in value.items() for path in ("", *(f".{p}" for p in shape(part)))}
    if isinstance(value, list):
        return {f"[].{path}" for part in value for path in shape(part)}
    return set()


RECORDINGS = Path(os.environ.get("GENSCOPE_RECORDINGS") or Path(__file__).parents[2] / "shared" / "recordings")


@pytest.mark.needs_recordings
@pytest.mark.skipif(not RECORDINGS.exists(), reason="no recordings here")
@pytest.mark.parametrize(
    "name",
    ["chat-01", "chat-02", "chat-stream-01", "responses-01", "responses-stream-01", "completion-01", "embeddings-04"],
)
def test_answers_have_what_recorded_answers_have(raw: Raw, name: str) -> None:
    recording = json.loads((RECORDINGS / "openai" / f"{name}.json").read_text())
    body, path = recording["request"]["body"], recording["request"]["path"].removeprefix("/v1")
    told = recording["response"]["body"]
    if body.get("stream"):
        ours: Any = raw.events(path, body)
        blocks = [block.split("data: ")[1] for block in told.strip().split("\n\n")]
        theirs: Any = [block if block == "[DONE]" else json.loads(block) for block in blocks]
        assert ours[-1] == "[DONE]" if theirs[-1] == "[DONE]" else ours[-1]["type"] == theirs[-1]["type"]
    else:
        ours, theirs = raw.json(path, body), json.loads(told)
    assert shape(theirs) - shape(ours) == set()
    assert set(recording["response"]["headers"]) <= {name.lower() for name in raw("POST", path, body).headers}
