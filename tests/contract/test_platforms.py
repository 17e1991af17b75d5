"""The clients that the anthropic SDK has for platforms: whose they are, and what they sign."""

from __future__ import annotations

import json
from typing import Any

import pytest

from genscope.instrumentors import AnthropicInstrumentor

from .anthropic_bodies import ASK, MESSAGE
from .recorder import Recorder

anthropic = pytest.importorskip("anthropic")

KEYS = {"aws_access_key": "a", "aws_secret_key": "s", "aws_region": "us-east-1"}
PLATFORMS: dict[str, tuple[dict[str, Any], str, str]] = {
    "Anthropic": ({"api_key": "k"}, "anthropic", "api.anthropic.com"),
    "AnthropicBedrock": (KEYS, "aws.bedrock", "bedrock-runtime.us-east-1.amazonaws.com"),
    "AnthropicBedrockMantle": (
        {"api_key": "k", "aws_region": "us-east-1"},
        "aws.bedrock",
        "bedrock-mantle.us-east-1.api.aws",
    ),
    "AnthropicVertex": (
        {"access_token": "t", "project_id": "p", "region": "us-east5"},
        "gcp.vertex_ai",
        "us-east5-aiplatform.googleapis.com",
    ),
    "AnthropicFoundry": ({"api_key": "k", "resource": "r"}, "azure.ai.inference", "r.services.ai.azure.com"),
    "AnthropicAWS": (
        {"api_key": "k", "aws_region": "us-east-1", "workspace_id": "w"},
        "anthropic",
        "aws-external-anthropic.us-east-1.api.aws",
    ),
    "AnthropicGoogleCloud": (
        {"skip_auth": True, "project": "p", "location": "global", "workspace_id": "w"},
        "anthropic",
        "claude.googleapis.com",
    ),
}
"""Arguments of a client, and what its span says: provider and server."""


def http_library() -> Any:
    base: Any = anthropic._base_client
    return getattr(base, "httpx2", None) or base.httpx


def client(name: str, requests: list[Any], **options: Any) -> Any:
    cls = getattr(anthropic, name, None)
    if cls is None:
        pytest.skip(f"this release of anthropic has no {name}")
    if name.endswith("Bedrock"):
        pytest.importorskip("boto3")
    library = http_library()

    def answer(request: Any) -> Any:
        request.read()
        requests.append(request)
        return library.Response(200, json=MESSAGE)

    async def answer_later(request: Any) -> Any:
        return answer(request)

    asynchronous = name.startswith("Async")
    http = (
        library.AsyncClient(transport=library.MockTransport(answer_later))
        if asynchronous
        else library.Client(transport=library.MockTransport(answer))
    )
    return cls(**PLATFORMS[name.removeprefix("Async")][0], http_client=http, **options)


@pytest.fixture
def recorder() -> Any:
    recorder = Recorder()
    AnthropicInstrumentor().instrument(skip_dep_check=True, raise_faults=True, **recorder.providers)
    yield recorder
    AnthropicInstrumentor().uninstrument()


@pytest.mark.parametrize("name", PLATFORMS)
def test_whose_it_is(name: str, recorder: Recorder) -> None:
    requests: list[Any] = []
    client(name, requests).messages.create(**ASK)
    (request,) = requests
    attributes = recorder.span().attributes or {}
    _, provider, host = PLATFORMS[name]
    assert attributes["gen_ai.provider.name"] == provider
    assert attributes["server.address"] == host == request.url.host
    assert attributes["gen_ai.request.model"] == "claude-opus-5"
    assert attributes["gen_ai.usage.input_tokens"] == 19


@pytest.mark.parametrize("name", PLATFORMS)
async def test_whose_it_is_asynchronously(name: str, recorder: Recorder) -> None:
    requests: list[Any] = []
    await client(f"Async{name}", requests).messages.create(**ASK)
    assert (recorder.span().attributes or {})["gen_ai.provider.name"] == PLATFORMS[name][1]


@pytest.mark.parametrize("name", ["AnthropicBedrock", "AnthropicVertex", "AnthropicFoundry", "AnthropicAWS"])
def test_behind_a_gateway(name: str, recorder: Recorder, monkeypatch: pytest.MonkeyPatch) -> None:
    requests: list[Any] = []
    if name == "AnthropicFoundry":
        monkeypatch.setitem(PLATFORMS, name, ({"api_key": "k"}, *PLATFORMS[name][1:]))
    client(name, requests, base_url="https://gateway.example/a").messages.create(**ASK)
    attributes = recorder.span().attributes or {}
    assert attributes["gen_ai.provider.name"] == PLATFORMS[name][1]
    assert attributes["server.address"] == "gateway.example"


@pytest.mark.parametrize("name", ["AnthropicBedrock", "AsyncAnthropicBedrock"])
async def test_the_trace_is_covered_by_no_signature(name: str, recorder: Recorder) -> None:
    """An instrumentation of the HTTP client may replace the header afterwards; the signature has to hold."""
    if not hasattr(anthropic.Anthropic, "open_telemetry"):
        pytest.skip("this release of anthropic sends no trace")
    requests: list[Any] = []
    bedrock = client(name, requests, open_telemetry={"tracer_provider": recorder.tracer_provider})
    answer = bedrock.messages.create(**ASK)
    if name.startswith("Async"):
        await answer
    (request,) = requests
    context: Any = recorder.span().context
    assert f"{context.trace_id:032x}-{context.span_id:016x}" in request.headers["traceparent"]
    assert "SignedHeaders=" in request.headers["authorization"]
    assert "traceparent" not in request.headers["authorization"]


def test_the_body_that_is_sent_is_the_platforms(recorder: Recorder) -> None:
    requests: list[Any] = []
    client("AnthropicBedrock", requests).messages.create(**ASK)
    assert "model" not in json.loads(requests[0].content)
    assert recorder.span().name == "chat claude-opus-5"
