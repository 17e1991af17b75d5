"""The provider simulator as Anthropic's API, held against the real anthropic SDK and against recorded answers."""

from __future__ import annotations

import asyncio
import http.client
import json
import os
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from genscope.local.simulator import (
    CACHE_WRITTEN,
    REASONING,
    REFUSAL,
    REPLY,
    REPLY_TOKENS,
    USAGE,
    USAGE_REASONING,
    Simulator,
)

anthropic = pytest.importorskip("anthropic")
pydantic = pytest.importorskip("pydantic")

needs_tools = pytest.mark.skipif(
    not hasattr(anthropic.types, "ToolUseBlock"), reason="this anthropic knows no tools and no counting"
)

MESSAGES = [{"role": "user", "content": "What is the capital of France?"}]
ASK: dict[str, Any] = {"model": "claude-haiku-4-5", "max_tokens": 2048, "messages": MESSAGES}
WEATHER = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
TOOLS = [{"name": "get_weather", "input_schema": WEATHER}]
THINKING = {"type": "enabled", "budget_tokens": 1024}
PARTS = {"text_delta": "text", "thinking_delta": "thinking", "input_json_delta": "partial_json"}


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


Connect = Callable[..., Any]


@pytest.fixture(scope="module")
def shared_client() -> Iterator[Any]:
    with anthropic.Anthropic(base_url="http://127.0.0.1:9", api_key="sk-ant-test", max_retries=0) as client:
        yield client


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
        async with anthropic.AsyncAnthropic(base_url=sim.base_url(scenario), api_key="k", **settings) as client:
            return await use(client)

    return asyncio.run(run())


def sent(sim: Simulator, body: object, scenario: str = "ok", path: str = "/v1/messages", **options: float) -> Any:
    """The HTTP answer without an SDK, its body read into `content`."""
    connection = http.client.HTTPConnection(sim.url.removeprefix("http://"), timeout=5)
    url = sim.base_url(scenario, **options).removeprefix(sim.url) + path
    try:
        data = body if isinstance(body, bytes) else json.dumps(body)
        connection.request("POST", url, data, {"anthropic-version": "2023-06-01"})
        answer: Any = connection.getresponse()
        answer.content = answer.read()
    finally:
        connection.close()
    return answer


def body_of(sim: Simulator, body: object, scenario: str = "ok", **options: float) -> Any:
    return json.loads(sent(sim, body, scenario, **options).content)


def events_of(sim: Simulator, body: dict[str, Any], scenario: str = "ok", **options: float) -> list[Any]:
    """The data of every event, parsed; checks that the name of an event is the type in its data."""
    events = _events(sent(sim, {**body, "stream": True}, scenario, **options).content.decode())
    for name, data in events:
        assert name == data["type"]
    return [data for _, data in events]


def _events(text: str) -> list[tuple[str, Any]]:
    assert text.endswith("\n\n")
    lines = [block.split("\n") for block in text[:-2].split("\n\n")]
    return [(name.removeprefix("event: "), json.loads(data.removeprefix("data: "))) for name, data in lines]


def text_of(events: list[Any]) -> str:
    deltas = [event.delta for event in events if event.type == "content_block_delta"]
    return "".join(delta.text for delta in deltas if delta.type == "text_delta")


# ------------------------------------------------------------------------------------------------------------- answers


def test_messages(sim: Simulator, connect: Connect) -> None:
    answer = connect().messages.create(**ASK)
    assert [block.text for block in answer.content] == [REPLY]
    assert (answer.stop_reason, answer.model, answer.role) == ("end_turn", "claude-haiku-4-5-20251001", "assistant")
    usage = answer.usage
    assert usage.output_tokens == USAGE.completion
    assert (usage.cache_read_input_tokens, usage.cache_creation_input_tokens) == (USAGE.cached, CACHE_WRITTEN)
    assert usage.input_tokens + USAGE.cached + CACHE_WRITTEN == USAGE.prompt
    (request,) = sim.requests
    assert (request.path, request.json, request.scenario) == ("/s/ok/v1/v1/messages", ASK, "ok")
    assert getattr(answer, "_request_id", request.request_id) == request.request_id

    async def use(client: Any) -> Any:
        return await client.messages.create(**ASK)

    assert in_async(sim, "ok", use).content[0].text == REPLY


def test_the_events_of_a_stream(sim: Simulator, connect: Connect) -> None:
    events = events_of(sim, ASK)
    kinds = ["message_start", "content_block_start", "ping", *["content_block_delta"] * len(REPLY_TOKENS)]
    kinds += ["content_block_stop", "message_delta", "message_stop"]
    assert [event["type"] for event in events] == kinds
    assert events[0]["message"]["usage"]["output_tokens"] == 1
    assert events[-2]["usage"]["output_tokens"] == USAGE.completion
    kinds.remove("ping")  # the SDK keeps it to itself
    streamed = list(connect().messages.create(**ASK, stream=True))
    assert [event.type for event in streamed] == kinds
    assert text_of(streamed) == REPLY

    async def use(client: Any) -> list[Any]:
        return [event async for event in await client.messages.create(**ASK, stream=True)]

    assert text_of(in_async(sim, "ok", use)) == REPLY


GOOD = ("ok", "tools", "reasoning", "refusal", "length", "content_filter_finish", "empty", "echo", "azure_filter")
USAGES = ("no_usage", "null_details", "usage_everywhere", "late_usage")


@pytest.mark.parametrize("scenario", [*GOOD, *USAGES])
@pytest.mark.parametrize("more", [{}, {"tools": TOOLS}, {"tools": TOOLS, "thinking": THINKING}], ids=str)
def test_a_stream_adds_up_to_the_plain_answer(sim: Simulator, scenario: str, more: dict[str, Any]) -> None:
    start, *events = events_of(sim, {**ASK, **more}, scenario)
    message = start["message"]
    usage = message.pop("usage")
    for event in events:
        if event["type"] == "content_block_start":
            assert event["index"] == len(message["content"])
            message["content"].append(dict(event["content_block"]))
        elif event["type"] == "content_block_delta":
            block, delta = message["content"][event["index"]], event["delta"]
            name = PARTS.get(delta["type"], "signature")
            block[name] = block.get(name, "") + delta[name]
        elif event["type"] == "content_block_stop":
            block = message["content"][event["index"]]
            if "partial_json" in block:
                block["input"] = json.loads(block.pop("partial_json"))
        elif event["type"] == "message_delta":
            message |= event["delta"]
            usage = {**(usage or {}), **event["usage"]} if "usage" in event else usage
    whole = body_of(sim, {**ASK, **more}, scenario)
    told = whole.pop("usage")
    if scenario == "late_usage":  # what is not about tokens is missing there
        assert {name: told[name] for name in usage} == usage
        assert usage["input_tokens"] == 16
    else:
        assert usage == told
    asked = json.dumps(whole).replace(sim.requests[-1].request_id.removeprefix("req_"), "N")
    streamed = json.dumps(message).replace(sim.requests[-2].request_id.removeprefix("req_"), "N")
    if scenario == "echo":
        assert json.loads(whole["content"][-1]["text"])["body"] == {**ASK, **more}
    else:
        assert json.loads(streamed) == json.loads(asked)


@needs_tools
def test_tools(connect: Connect) -> None:
    client = connect("tools")
    answer = client.messages.create(**ASK, tools=TOOLS)
    assert answer.stop_reason == "tool_use"
    assert [(block.type, block.name, block.input) for block in answer.content] == [
        ("tool_use", "get_weather", {"city": "Paris"}),
        ("tool_use", "get_weather", {"city": "London"}),
    ]
    results = [{"type": "tool_result", "tool_use_id": block.id, "content": "sunny"} for block in answer.content]
    said = [block.model_dump(exclude_none=True) for block in answer.content]
    history = [*MESSAGES, {"role": "assistant", "content": said}, {"role": "user", "content": results}]
    assert client.messages.create(**{**ASK, "messages": history}, tools=TOOLS).content[0].text == REPLY
    assert client.messages.create(**ASK).content[0].text == REPLY
    choice = {"type": "auto", "disable_parallel_tool_use": True}
    assert len(client.messages.create(**ASK, tools=TOOLS, tool_choice=choice).content) == 1
    assert client.messages.create(**ASK, tools=TOOLS, tool_choice={"type": "none"}).stop_reason == "end_turn"
    deltas = [event.delta for event in client.messages.create(**ASK, tools=TOOLS, stream=True) if "delta" in event.type]
    pieces = [delta.partial_json for delta in deltas if getattr(delta, "type", "") == "input_json_delta"]
    assert len(pieces) > 6
    assert "".join(pieces) == '{"city": "Paris"}{"city": "London"}'
    server = [{"type": "web_search_20250305", "name": "web_search"}]
    assert client.messages.create(**ASK, tools=server).stop_reason == "end_turn"


def test_thinking(sim: Simulator) -> None:
    for scenario, more in (
        ("reasoning", {}),
        ("ok", {"thinking": THINKING}),
        ("ok", {"thinking": {"type": "adaptive"}}),
    ):
        answer = body_of(sim, {**ASK, **more}, scenario)
        thought, said = answer["content"]
        assert (thought["type"], thought["thinking"], said["text"]) == ("thinking", REASONING, REPLY)
        assert thought["signature"]
        assert answer["usage"]["output_tokens"] == USAGE_REASONING.completion
        assert answer["usage"]["output_tokens_details"] == {"thinking_tokens": USAGE_REASONING.reasoning}
        events = events_of(sim, {**ASK, **more}, scenario)
        deltas = [event["delta"]["type"] for event in events if event["type"] == "content_block_delta"]
        assert deltas == ["thinking_delta"] * 6 + ["signature_delta"] + ["text_delta"] * 7
    kinds = [block["type"] for block in body_of(sim, {**ASK, "tools": TOOLS, "thinking": THINKING}, "tools")["content"]]
    assert kinds == ["thinking", "tool_use", "tool_use"]
    assert len(body_of(sim, {**ASK, "thinking": {"type": "disabled"}})["content"]) == 1


def test_answers_that_are_none(sim: Simulator) -> None:
    refusal = body_of(sim, ASK, "refusal")
    assert (refusal["stop_reason"], refusal["stop_details"]["type"]) == ("refusal", "refusal")
    assert refusal["content"] == [{"type": "text", "text": REFUSAL}]
    assert body_of(sim, ASK, "content_filter_finish")["stop_details"]["category"] == "cyber"
    length = body_of(sim, ASK, "length")
    assert (length["stop_reason"], length["content"][0]["text"]) == ("max_tokens", "Paris is the capital")
    empty = body_of(sim, ASK, "empty")
    assert (empty["content"], empty["stop_reason"], empty["usage"]["output_tokens"]) == ([], "end_turn", 0)


def test_usage(sim: Simulator) -> None:
    assert body_of(sim, ASK, "no_usage")["usage"] is None
    assert [event.get("usage") for event in events_of(sim, ASK, "no_usage")] == [None] * 13
    bare = body_of(sim, ASK, "null_details")["usage"]
    assert (bare["input_tokens"], bare["cache_read_input_tokens"], bare["cache_creation"]) == (USAGE.prompt, None, None)
    everywhere = [event["usage"] for event in events_of(sim, ASK, "usage_everywhere") if "usage" in event]
    assert [usage["output_tokens"] for usage in everywhere] == [1, 2, 3, 4, 5, 6, 7, 7]
    start, *_, empty, late, _ = events_of(sim, ASK, "late_usage")
    assert (start["message"]["usage"], empty["usage"]["output_tokens"]) == ({"input_tokens": 0, "output_tokens": 0}, 0)
    assert late["usage"]["cache_read_input_tokens"] == USAGE.cached


def test_chunks(sim: Simulator) -> None:
    assert body_of(sim, ASK, chunks=100)["usage"]["output_tokens"] == 100
    assert len(events_of(sim, ASK, chunks=100)) == 106


@pytest.mark.parametrize("path", ["messages", "beta.messages"])
def test_the_stream_helper(connect: Connect, path: str) -> None:
    client = connect("reasoning")
    resource = client.messages if path == "messages" else client.beta.messages
    if not hasattr(resource, "stream"):
        pytest.skip("this anthropic has no such helper")
    with resource.stream(**ASK) as stream:
        final = stream.get_final_message()
    assert final.content[-1].text == REPLY
    assert final.usage.output_tokens == USAGE_REASONING.completion


def test_structured_output(connect: Connect) -> None:
    if not hasattr(connect().messages, "parse"):
        pytest.skip("this anthropic has no parse")
    city = City(name="Paris", inhabitants=1, capital=True, rivers=["Paris"])
    assert connect().messages.parse(**ASK, output_format=City).parsed_output == city
    with connect().messages.stream(**ASK, output_format=City) as stream:
        assert stream.get_final_message().parsed_output == city


@needs_tools
def test_counting(sim: Simulator, connect: Connect) -> None:
    ask = {"model": "claude-haiku-4-5", "messages": MESSAGES}
    resource = connect().messages if hasattr(connect().messages, "count_tokens") else connect().beta.messages
    assert resource.count_tokens(**ask).input_tokens == USAGE.prompt
    assert connect().beta.messages.count_tokens(**ask).input_tokens == USAGE.prompt
    assert sim.requests[-1].path == "/s/ok/v1/v1/messages/count_tokens"
    assert sent(sim, ask, path="/v1/messages/count_tokens?beta=true").status == 200


PLATFORMS: dict[str, dict[str, Any]] = {
    "AnthropicVertex": {"access_token": "t", "project_id": "p", "region": "us-east5"},
    "AnthropicFoundry": {"api_key": "k"},
    "AnthropicBedrock": {"aws_access_key": "a", "aws_secret_key": "s", "aws_region": "us-east-1"},
}


@pytest.mark.parametrize("name", PLATFORMS)
def test_other_platforms(sim: Simulator, name: str) -> None:
    if name == "AnthropicBedrock":
        pytest.importorskip("boto3")
    if not hasattr(anthropic, name):
        pytest.skip("this anthropic has no such client")

    def client(scenario: str) -> Any:
        return getattr(anthropic, name)(base_url=sim.base_url(scenario), max_retries=0, **PLATFORMS[name])

    answer = client("ok").messages.create(**ASK)
    assert (answer.content[0].text, answer.model) == (REPLY, "claude-haiku-4-5-20251001")
    assert text_of(list(client("ok").messages.create(**ASK, stream=True))) == REPLY
    with pytest.raises(anthropic.APIStatusError) as caught:
        client("overloaded").messages.create(**ASK)
    assert caught.value.status_code == 529
    for scenario in ("cut", "stream_error", "bad_json_chunk"):
        seen: list[Any] = []
        with pytest.raises(Exception) as caught:
            for event in client(scenario).messages.create(**ASK, stream=True):
                seen.append(event)  # noqa: PERF402
        assert text_of(seen) == "Paris is"
        if scenario == "stream_error" and type(caught.value) is not ValueError:  # so says Bedrock's client before 0.43
            kind = "modelStreamErrorException" if name == "AnthropicBedrock" else "overloaded_error"
            assert (type(caught.value), caught.value.body["error"]["type"]) == (anthropic.APIStatusError, kind)
    if name == "AnthropicVertex" and hasattr(client("ok").beta.messages, "count_tokens"):
        ask = {"model": "claude-haiku-4-5", "messages": MESSAGES}
        assert client("ok").beta.messages.count_tokens(**ask).input_tokens == USAGE.prompt


def test_completions(sim: Simulator, connect: Connect) -> None:
    ask = {"model": "claude-2.1", "max_tokens_to_sample": 99, "prompt": "\n\nHuman: Which city?\n\nAssistant:"}
    whole = json.loads(sent(sim, ask, path="/v1/complete").content)
    assert (whole["completion"], whole["stop_reason"], whole["stop"]) == (REPLY, "stop_sequence", "\n\nHuman:")
    events = _events(sent(sim, {**ask, "stream": True}, path="/v1/complete").content.decode())
    assert [name for name, _ in events] == ["completion"] * 2 + ["ping"] + ["completion"] * 6
    assert "".join(data.get("completion", "") for _, data in events) == REPLY
    assert json.loads(sent(sim, ask, "length", path="/v1/complete").content)["stop_reason"] == "max_tokens"
    if hasattr(connect(), "completions"):  # until 1.0
        assert connect().completions.create(**ask).completion == REPLY
        assert len(list(connect().completions.create(**ask, stream=True))) == 8


def test_unknown_urls(sim: Simulator, connect: Connect) -> None:
    with pytest.raises(anthropic.NotFoundError):
        connect().post("/v1/nothing", cast_to=object)
    answer = sent(sim, ASK, path="/v1/messages/other")
    assert (answer.status, json.loads(answer.content)["error"]) == (
        404,
        {"type": "not_found_error", "message": "Not found"},
    )
    with pytest.raises(anthropic.NotFoundError):
        connect().with_options(base_url=f"{sim.url}/s/no_such_scenario").messages.create(**ASK)
    for prefix in ("", "/s/ok", "/s/ok/v1"):
        plain = connect().with_options(base_url=f"{sim.url}{prefix}")
        assert plain.messages.create(**ASK).content[0].text == REPLY


# -------------------------------------------------------------------------------------------------------------- faults

ERRORS = {
    "rate_limit": (429, "RateLimitError", "rate_limit_error"),
    "quota": (402, "APIStatusError", "billing_error"),
    "unauthorized": (401, "AuthenticationError", "authentication_error"),
    "forbidden": (403, "PermissionDeniedError", "permission_error"),
    "not_found": (404, "NotFoundError", "not_found_error"),
    "conflict": (409, "ConflictError", "conflict_error"),
    "unprocessable": (422, "UnprocessableEntityError", "invalid_request_error"),
    "context_length": (400, "BadRequestError", "invalid_request_error"),
    "content_filter": (400, "BadRequestError", "invalid_request_error"),
    "bad_request": (400, "BadRequestError", "invalid_request_error"),
    "server_error": (500, "InternalServerError", "api_error"),
    "overloaded": (529, "InternalServerError", "overloaded_error"),
    "failed": (500, "InternalServerError", "api_error"),
    "stream_error": (500, "InternalServerError", "api_error"),
    "retry": (429, "RateLimitError", "rate_limit_error"),
    "retry_500": (529, "InternalServerError", "overloaded_error"),
}


@pytest.mark.parametrize(("scenario", "expected"), ERRORS.items(), ids=ERRORS)
def test_errors(sim: Simulator, connect: Connect, scenario: str, expected: tuple[int, str, str]) -> None:
    status, name, kind = expected
    with pytest.raises(anthropic.APIStatusError) as caught:
        connect(scenario, retries=9).messages.create(**ASK)
    # what is 529 or 402 has a class of its own in some releases only
    assert isinstance(caught.value, getattr(anthropic, name)) or status == 529
    request_id = sim.requests[-1].request_id
    assert (caught.value.status_code, caught.value.body["type"]) == (status, "error")
    assert (caught.value.body["error"]["type"], caught.value.body["request_id"]) == (kind, request_id)
    assert caught.value.response.headers["request-id"] == request_id
    assert caught.value.response.headers["x-should-retry"] == str(status in (409, 429) or status >= 500).lower()

    async def use(client: Any) -> Any:
        with pytest.raises(anthropic.APIStatusError) as caught:
            await client.messages.create(**ASK)
        return caught.value.status_code

    sim.reset()
    assert in_async(sim, scenario, use) == status


def test_other_bodies(sim: Simulator) -> None:
    assert body_of(sim, b"{broken")["error"]["type"] == "invalid_request_error"
    assert "model: claude-haiku-4-5" in body_of(sim, ASK, "not_found")["error"]["message"]
    assert sent(sim, ASK, "html_error").status == 502
    assert body_of(sim, ASK, "wrong_shape") == {"foo": 1}
    assert sent(sim, {**ASK, "stream": True}, "json_list").content == b"event: message_start\ndata: [1, 2]\n\n"


def test_retries(sim: Simulator, connect: Connect) -> None:
    client = connect("retry", retries=2, after=1).with_options(max_retries=2)
    assert client.messages.create(**ASK).content[0].text == REPLY
    assert len(sim.requests) == 3
    headers = sent(sim, ASK, "rate_limit").headers
    assert (headers["retry-after-ms"], headers["retry-after"]) == ("10", "1")
    assert headers["anthropic-ratelimit-requests-remaining"] == "0"
    assert "retry-after" not in sent(sim, ASK, "rate_limit", after=0).headers

    async def use(client: Any) -> str:
        return (await client.messages.create(**ASK)).content[0].text

    assert in_async(sim, "retry_500", use, max_retries=1) == REPLY


def test_hang_and_midhang(sim: Simulator, connect: Connect) -> None:
    with pytest.raises(anthropic.APITimeoutError):
        connect("hang").with_options(timeout=0.05).messages.create(**ASK)
    stream = connect("midhang").messages.create(**ASK, stream=True)
    seen = [next(stream) for _ in range(4)]
    assert text_of(seen) == "Paris is"
    assert sim.wait_until(lambda sim: sim.held == 1)
    releasing = threading.Timer(0.01, sim.release)
    releasing.start()
    assert text_of([*seen, *stream]) == REPLY
    releasing.join()


@pytest.mark.parametrize("scenario", ["cut", "stream_error", "bad_json_chunk"])
def test_streams_that_break(sim: Simulator, connect: Connect, scenario: str) -> None:
    def check(seen: list[Any], error: BaseException) -> None:
        assert text_of(seen) == "Paris is"
        if scenario == "stream_error":
            assert isinstance(error, anthropic.APIStatusError)
            assert error.body["error"]["type"] == "overloaded_error"
        elif scenario == "bad_json_chunk":
            assert isinstance(error, json.JSONDecodeError)
        else:
            assert "incomplete" in str(error.__cause__ or error).lower()

    seen: list[Any] = []
    with pytest.raises(Exception) as caught:
        for event in connect(scenario).messages.create(**ASK, stream=True):
            seen.append(event)  # noqa: PERF402 (what came before the exception matters)
    check(seen, caught.value)

    async def use(client: Any) -> None:
        seen: list[Any] = []
        with pytest.raises(Exception) as caught:
            async for event in await client.messages.create(**ASK, stream=True):
                seen.append(event)  # noqa: PERF401
        check(seen, caught.value)

    in_async(sim, scenario, use)


def test_odd_requests_do_not_hurt(sim: Simulator, capfd: pytest.CaptureFixture[str]) -> None:
    odd: list[Any] = [[], "text", 7, {"messages": 3, "tools": [1, {"name": 2}], "tool_choice": 3, "thinking": []}]
    odd += [{"model": 5, "messages": [{"content": ["a"]}], "output_config": [1], "tools": [{"name": "a", "type": [1]}]}]
    for body in odd:
        assert sent(sim, body, "tools").status == 200
        assert sent(sim, body, path="/v1/messages/count_tokens").status == 200
    for body in odd[3:]:
        assert sent(sim, {**body, "stream": True}, "tools").status == 200
    assert capfd.readouterr() == ("", "")


# ------------------------------------------------------------------------------------------------------------ fidelity


@pytest.mark.skipif(
    not hasattr(anthropic.types, "ThinkingBlock"), reason="this anthropic knows no refusal, no thinking"
)
def test_the_sdk_types_accept_every_answer(sim: Simulator) -> None:
    """The SDK constructs its models without validation; here they are validated."""
    event_type: Any = pydantic.TypeAdapter(anthropic.types.RawMessageStreamEvent)
    kinds: set[str] = set()
    for scenario in (*GOOD, "null_details"):
        body = {**ASK, "tools": TOOLS}
        anthropic.types.Message.model_validate(body_of(sim, body, scenario))
        for event in events_of(sim, body, scenario):
            kinds.add(event["type"])
            if event["type"] != "ping":
                event_type.validate_python(event)
    assert len(kinds) == 7


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
    ("name", "scenario"),
    [
        *((f"messages-{number:02}", "tools") for number in (1, 5, 7, 9, 10)),
        *((f"messages-stream-{number:02}", "tools") for number in (1, 3, 4, 7, 8)),
        *((name, "ok") for name in ("complete-01", "complete-stream-01")),
        ("messages-error-01", "rate_limit"),
    ],
)
def test_answers_have_what_recorded_answers_have(sim: Simulator, name: str, scenario: str) -> None:
    recording = json.loads((RECORDINGS / "anthropic" / f"{name}.json").read_text())
    body, told = recording["request"]["body"], recording["response"]["body"].replace("\r\n", "\n")
    answer = sent(sim, body, scenario, path=recording["request"]["path"])
    if body.get("stream"):
        ours, theirs = [[data for _, data in _events(text)] for text in (answer.content.decode(), told)]
        if "tools" not in body:
            kinds = [dict.fromkeys(event["type"] for event in events) for events in (theirs, ours)]
            assert list(kinds[0]) == [kind for kind in kinds[1] if kind in kinds[0]]
    else:
        ours, theirs = json.loads(answer.content), json.loads(told)
    of_tools = {"[].content_block.text", "[].delta.text"} if "tools" in body else set()  # some say something before
    assert shape(theirs) - shape(ours) == of_tools
    assert answer.status == recording["response"]["status"]
    headers = set(recording["response"]["headers"]) - {"retry-after"}  # a real one says when limits end
    assert headers <= {header.lower() for header in answer.headers}
