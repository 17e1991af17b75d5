"""Law 5: what the provider did not say is absent, and nobody is taken for somebody else."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest

from genscope.local.simulator import USAGE, USAGE_REASONING, Simulator

from .cases import MAIN, SDKS, cases
from .outcomes import CALLS, read_all
from .play import new_client, play
from .recorder import Recorder, instrumented
from .stand_ins import StandIn, answer, recorded, stream
from .vocabulary import MODES, Case, Mode, Outcome, Sdk

HOSTS = {
    "https://api.openai.com/v1": "openai",
    "https://eu.api.openai.com/v1": "openai",
    "https://my-resource.openai.azure.com/openai": "azure.ai.openai",
    "https://my-resource.cognitiveservices.azure.com/openai": "azure.ai.openai",
    "https://my-resource.services.ai.azure.com/models": "azure.ai.inference",
    "https://api.deepseek.com": "deepseek",
    "https://api.groq.com/openai/v1": "groq",
    "https://api.x.ai/v1": "x_ai",
    "https://api.mistral.ai/v1": "mistral_ai",
    "https://api.perplexity.ai": "perplexity",
    "https://api.moonshot.ai/v1": "moonshot_ai",
    "https://api.together.xyz/v1": "together_ai",
    "https://api.fireworks.ai/inference/v1": "fireworks_ai",
    "https://openrouter.ai/api/v1": "openrouter",
    "https://api.cerebras.ai/v1": "cerebras",
    "https://dashscope-intl.aliyuncs.com/compatible-mode/v1": "dashscope",
    "https://generativelanguage.googleapis.com/v1beta/openai": "gcp.gemini",
    "https://us-central1-aiplatform.googleapis.com/v1": "gcp.vertex_ai",
    "https://bedrock-runtime.us-east-1.amazonaws.com/openai/v1": "aws.bedrock",
    "https://api.anthropic.com/v1": "anthropic",
    "https://api.cohere.ai/compatibility/v1": "cohere",
    "https://integrate.api.nvidia.com/v1": "nvidia",
    "https://router.huggingface.co/v1": "huggingface",
    "https://models.github.ai/inference": "github_models",
    "http://localhost:11434/v1": "ollama",
    "http://127.0.0.1:1234/v1": "lm_studio",
    "http://ollama:11434/v1": "ollama",
    "http://vllm:8000/v1": "vllm",
    "http://vllm.internal:8000/v1": "vllm",
    # nobody we know
    "http://localhost:8000/v1": "_OTHER",
    "http://127.0.0.1:11435/v1": "_OTHER",
    "https://llm.example.com:8443/v1": "_OTHER",
    "https://api.openai.com.example.com/v1": "_OTHER",
    "https://notapi.openai.com.evil/v1": "_OTHER",
    "https://fakeapi.groq.com.example/v1": "_OTHER",
    "https://myapi.openai.com/v1": "_OTHER",
    "http://[::1]:9/v1": "_OTHER",
}


def _provider(sdk: Sdk, mode: Mode, base_url: str, body: bytes, **options: Any) -> tuple[str, str, int]:
    """The provider and the server that the span names for a client of this address."""
    api = sdk.apis[0]
    stand_in = StandIn(sdk, "sync", lambda request: answer(sdk, body), base_url=base_url)
    with instrumented(sdk, Recorder(), **options) as recorder:
        stand_in.ask(api)
    stand_in.http.close()
    attributes: Any = recorder.span().attributes
    return attributes["gen_ai.provider.name"], attributes["server.address"], attributes["server.port"]


@pytest.fixture(scope="module", params=SDKS, ids=repr)
def known(request: pytest.FixtureRequest, simulator: Simulator) -> tuple[Sdk, bytes]:
    sdk: Sdk = request.param
    return sdk, recorded(sdk, sdk.apis[0], simulator, stream=False)


@pytest.mark.parametrize("url", HOSTS)
def test_the_provider_is_told_by_the_host(known: tuple[Sdk, bytes], url: str) -> None:
    parts = urlsplit(url)
    port = parts.port or {"http": 80, "https": 443}[parts.scheme]
    assert _provider(known[0], "sync", url, known[1], providers={}) == (HOSTS[url], parts.hostname, port)


def test_at_least_twenty_providers_are_known() -> None:
    assert len(set(HOSTS.values()) - {"_OTHER"}) >= 20


def test_users_name_their_own_hosts(known: tuple[Sdk, bytes], monkeypatch: pytest.MonkeyPatch) -> None:
    sdk, body = known

    def named(url: str, **options: Any) -> str:
        return _provider(sdk, "sync", url, body, **options)[0]

    assert named("https://llm.example.com/v1", providers={"llm.example.com": "acme"}) == "acme"
    assert named("https://api.openai.com/v1", providers={"api.openai.com": "our_proxy"}) == "our_proxy"
    monkeypatch.setenv("GENSCOPE_PROVIDERS", "llm.example.com=acme, 10.0.0.5:8000=vllm")
    assert named("https://llm.example.com/v1", providers=None) == "acme"
    assert named("http://10.0.0.5:8000/v1", providers=None) == "vllm"
    assert named("http://10.0.0.5:8001/v1", providers=None) == "_OTHER"
    assert named("https://llm.example.com/v1", providers={}) == "_OTHER"  # an argument wins


def test_several_clients_keep_their_own_provider(known: tuple[Sdk, bytes]) -> None:
    sdk, body = known
    urls = ["https://api.openai.com/v1", "https://api.groq.com/openai/v1", "https://llm.example.com/v1"]
    clients = [StandIn(sdk, "sync", lambda request: answer(sdk, body), base_url=url) for url in urls]
    with instrumented(sdk, providers={}) as recorder:
        for client in [*clients, *reversed(clients)]:
            client.ask(sdk.apis[0])
    for client in clients:
        client.http.close()
    named = [(span.attributes or {})["gen_ai.provider.name"] for span in recorder.spans()]
    assert named == ["openai", "groq", "_OTHER", "_OTHER", "groq", "openai"]


def test_a_client_may_have_its_own_idea_of_its_url(known: tuple[Sdk, bytes]) -> None:
    sdk, body = known
    stand_in = StandIn(sdk, "sync", lambda request: answer(sdk, body), base_url="https://api.openai.com/v1")
    plain = type(stand_in.client)
    elsewhere = property(lambda client: type(client._base_url)("https://api.groq.com/openai/v1/"))
    with instrumented(sdk, providers={}) as recorder:
        stand_in.ask(sdk.apis[0])
        stand_in.client.__class__ = type("Moving", (plain,), {"base_url": elsewhere})
        stand_in.ask(sdk.apis[0])
    stand_in.http.close()
    named = [(span.attributes or {})["gen_ai.provider.name"] for span in recorder.spans()]
    assert named == ["openai", "groq"]


def test_refinements_are_for_those_they_refine(known: tuple[Sdk, bytes]) -> None:
    """`openai.*` attributes belong to OpenAI and Azure, not to whoever speaks the format."""
    sdk, body = known
    for url, refined in (("https://api.openai.com/v1", True), ("https://api.groq.com/openai/v1", False)):
        stand_in = StandIn(sdk, "sync", lambda request: answer(sdk, body), base_url=url)
        with instrumented(sdk, Recorder(), providers={}) as recorder:
            stand_in.ask(sdk.apis[0])
        stand_in.http.close()
        attributes = recorder.span().attributes or {}
        refines = any(name.startswith("openai.") for name in sdk.apis[0].asked)
        assert any(name.startswith("openai.") for name in attributes) is (refined and refines)


# --- usage

OK = CALLS[0]
UNTOLD = Outcome("no_usage", read_all, modes=MODES, scenario="no_usage")
NO_DETAILS = Outcome("null_details", read_all, modes=("sync",), scenario="null_details")
EVERYWHERE = Outcome("usage_everywhere", read_all, modes=("sync",), scenario="usage_everywhere")
REASONING = Outcome("reasoning", read_all, modes=("sync",), scenario="reasoning")
MANY = Outcome("many", read_all, modes=("sync",), scenario="ok", options={"n": 3})
EMPTY = Outcome("empty", read_all, modes=("sync",), scenario="empty")
READ = ("plain", "stream", "raw_stream_bytes", "streaming_response_read")


def _tokens(recorder: Recorder) -> dict[str, Any]:
    attributes = recorder.span().attributes or {}
    return {name: value for name, value in attributes.items() if name.startswith("gen_ai.usage.")}


def _measured(recorder: Recorder) -> dict[str, Any]:
    points = recorder.points("gen_ai.client.token.usage")
    return {point.attributes["gen_ai.token.type"]: point.sum for point in points}


@pytest.mark.parametrize("case", cases([UNTOLD], shapes=READ))
def test_no_usage_is_no_tokens(case: Case, simulator: Simulator) -> None:
    """Not zero: nothing, on the span and in the metric."""
    with instrumented(case.sdk) as recorder:
        play(case, simulator)
    assert _tokens(recorder) == {}
    assert _measured(recorder) == {}


@pytest.mark.parametrize("case", cases([NO_DETAILS], apis=(*MAIN, "responses", "completions"), shapes=("plain",)))
def test_no_details_are_no_parts(case: Case, simulator: Simulator) -> None:
    with instrumented(case.sdk) as recorder:
        play(case, simulator)
    assert _tokens(recorder) == {
        "gen_ai.usage.input_tokens": USAGE.prompt,
        "gen_ai.usage.output_tokens": USAGE.completion,
    }


@pytest.mark.parametrize(
    "case", cases([EVERYWHERE], apis=(*MAIN, "completions"), shapes=("stream", "raw_stream_bytes"))
)
def test_usage_so_far_is_not_added_up(case: Case, simulator: Simulator) -> None:
    with instrumented(case.sdk) as recorder:
        play(case, simulator)
    assert _measured(recorder) == {"input": USAGE.prompt, "output": USAGE.completion}


@pytest.mark.parametrize("case", cases([REASONING], apis=(*MAIN, "responses"), shapes=("plain", "stream")))
def test_reasoning_is_a_part_of_the_output(case: Case, simulator: Simulator) -> None:
    with instrumented(case.sdk) as recorder:
        play(case, simulator)
    if case.api.streams_usage or not case.shape.streams:
        assert _tokens(recorder)["gen_ai.usage.reasoning.output_tokens"] == USAGE_REASONING.reasoning
        assert _measured(recorder)["output"] == USAGE_REASONING.completion
    if case.shape.streams:
        attributes: Any = recorder.span().attributes
        assert attributes["genscope.time_to_first_reasoning_token"] < attributes["genscope.time_to_first_token"]


@pytest.mark.parametrize("case", cases([MANY], apis=("chat", "completions"), shapes=("plain", "stream")))
def test_every_choice_has_its_reason(case: Case, simulator: Simulator) -> None:
    with instrumented(case.sdk) as recorder:
        play(case, simulator)
    assert (recorder.span().attributes or {})["gen_ai.response.finish_reasons"] == ("stop",) * 3


@pytest.mark.parametrize("case", cases([EMPTY], apis=("chat", "completions"), shapes=("plain", "stream")))
def test_no_choice_has_no_reason(case: Case, simulator: Simulator) -> None:
    with instrumented(case.sdk) as recorder:
        play(case, simulator)
    assert "gen_ai.response.finish_reasons" not in (recorder.span().attributes or {})


PAUSE = 0.02


@pytest.mark.parametrize("case", cases([OK], shapes=("stream", "raw_stream_bytes")))
def test_a_frame_without_content_is_no_token(case: Case, simulator: Simulator) -> None:
    """The model thinks after its frames without content: the first chunk comes before that, the first token after."""
    events = recorded(case.sdk, case.api, simulator, stream=True).split(b"\n\n")[:-1]
    empty = case.api.held - 2  # the simulator holds after two tokens

    def pieces() -> Iterator[bytes]:
        for number, event in enumerate(events):
            if number == empty:
                time.sleep(PAUSE)  # here the reader waits for the provider
            yield event + b"\n\n"

    http = case.sdk.stand_in(case.mode, lambda request: stream(case.sdk, case.mode, pieces))
    with instrumented(case.sdk) as recorder:
        play(case, simulator, new_client(case, simulator, http), http)
    attributes: Any = recorder.span().attributes
    first, token = attributes["gen_ai.response.time_to_first_chunk"], attributes["genscope.time_to_first_token"]
    assert token >= PAUSE
    if empty:
        assert token - first >= PAUSE
    else:
        assert token == first
