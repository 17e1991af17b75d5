"""The anthropic SDK under the contract: the bodies of its APIs, and what the simulator answers to them."""

from __future__ import annotations

from collections.abc import Callable
from importlib.util import find_spec
from typing import Any

import anthropic
from pydantic import BaseModel

from genscope.instrumentors import AnthropicInstrumentor
from genscope.local.simulator import CACHE_WRITTEN, USAGE

from . import anthropic_secrets
from .stainless import DOOR, SHAPES, Http, clients
from .vocabulary import Api, Mode, Problem, Sdk, Shape


class City(BaseModel):
    """What a parsed answer holds."""

    city: str


MODEL = "claude-haiku-4-5"
_MESSAGES = [{"role": "user", "content": "Which city?"}]
_SERVED = {
    "gen_ai.response.id": "msg_N",
    "gen_ai.response.model": "claude-haiku-4-5-20251001",
    "genscope.response.service_tier": "standard",
    "genscope.response.inference_geo": "not_available",
    "genscope.usage.cache_write_5m.input_tokens": CACHE_WRITTEN,
}
_USAGE = {
    "gen_ai.usage.input_tokens": USAGE.prompt,
    "gen_ai.usage.output_tokens": USAGE.completion,
    "gen_ai.usage.cache_read.input_tokens": USAGE.cached,
    "gen_ai.usage.cache_write.input_tokens": CACHE_WRITTEN,
}
_INPUT = {name: tokens for name, tokens in _USAGE.items() if "input" in name}
_TALK: dict[str, Any] = {
    "answer": "anthropic.types:Message",
    "chunk": "anthropic.types:RawMessageStreamEvent",
    "operation": "chat",
    "model": MODEL,
    "told": {**_SERVED, "gen_ai.response.finish_reasons": ("end_turn",)},
    "begun": {**_SERVED, **_INPUT},  # what the first event says of the output, nobody has written yet
    "usage": _USAGE,
    "streams_usage": True,
    "frames": 12,
    "held": 4,
    "extra": {"parse": {"output_format": City}, "helper": {}},
}
_OLD = {"gen_ai.response.id": "compl_N", "gen_ai.response.model": "claude-2.1"}

APIS = (
    Api(
        "messages",
        "messages",
        "create",
        {"model": MODEL, "max_tokens": 99, "messages": _MESSAGES, "stop_sequences": ["END"]},
        url="/v1/messages",
        asked={"gen_ai.request.max_tokens": 99, "gen_ai.request.stop_sequences": ("END",)},
        secrets=anthropic_secrets.MESSAGES,
        **_TALK,
    ),
    Api(
        "beta_messages",
        "beta.messages",
        "create",
        {"model": MODEL, "max_tokens": 99, "messages": _MESSAGES, "betas": ["files-api-2025-04-14"]},
        url="/v1/messages?beta=true",
        asked={"gen_ai.request.max_tokens": 99},
        brief=True,
        **_TALK,
    ),
    Api(
        "count_tokens",
        "messages",
        "count_tokens",
        {"model": MODEL, "messages": _MESSAGES},
        url="/v1/messages/count_tokens",
        answer="anthropic.types:MessageTokensCount",
        operation="count_tokens",
        model=MODEL,
        told={"genscope.counted_tokens": USAGE.prompt},
        brief=True,
    ),
    Api(
        "complete",
        "completions",
        "create",
        {"model": "claude-2.1", "max_tokens_to_sample": 99, "prompt": "\n\nHuman: Which city?\n\nAssistant:"},
        url="/v1/complete",
        answer="anthropic.types:Completion",
        chunk="anthropic.types:Completion",
        operation="text_completion",
        model="claude-2.1",
        asked={"gen_ai.request.max_tokens": 99},
        told={**_OLD, "gen_ai.response.finish_reasons": ("stop_sequence",)},
        begun=_OLD,
        frames=8,
        held=2,
        brief=True,
    ),
)


def _midway(api: Api, shape: Shape) -> Problem:
    """The SDK tells an error of a stream as it tells one of an answer; in lines and bytes it has no status."""
    reads = shape.chunks or shape.finish is not None
    return Problem("overloaded_error", "overloaded", True, 200 if reads else None)


def _always(*problem: Any) -> Callable[[Api, Shape], Problem]:
    return lambda api, shape: Problem(*problem)


HTTP = Http("anthropic")
KEY = {"api_key": "sk-ant-contract"}


class Subclass(anthropic.Anthropic):
    """A client of the application's own, which has a door of its own before the SDK's."""

    def request(self, *args: Any, **kwargs: Any) -> Any:
        return super().request(*args, **kwargs)


class AsyncSubclass(anthropic.AsyncAnthropic):
    """The same, asynchronous."""

    async def request(self, *args: Any, **kwargs: Any) -> Any:
        return await super().request(*args, **kwargs)


def _copy(mode: Mode, base_url: str, http: Any, **options: Any) -> Any:
    return own(mode, base_url, http).with_options(timeout=30.0, **options)


def _platforms() -> dict[str, Callable[..., Any]]:
    """The clients for other platforms, as far as this release has them and what they need is there."""
    arguments: dict[str, dict[str, Any]] = {
        "Vertex": {"access_token": "t", "project_id": "p", "region": "us-east5"},
        "Foundry": {"api_key": "k"},
    }
    if find_spec("boto3"):
        arguments["Bedrock"] = {"aws_access_key": "a", "aws_secret_key": "s", "aws_region": "us-east-1"}
    found = {}
    for platform, usual in arguments.items():
        classes = [getattr(anthropic, f"{kind}Anthropic{platform}", None) for kind in ("", "Async")]
        if None not in classes:
            found[platform.lower()] = clients(*classes, **usual)
    return found


own = clients(anthropic.Anthropic, anthropic.AsyncAnthropic, **KEY)

ANTHROPIC = Sdk(
    name="anthropic",
    instrumentor=AnthropicInstrumentor,
    door=(
        "anthropic._base_client",
        DOOR,
    ),
    apis=APIS,
    shapes=SHAPES,
    provider="anthropic",
    client=own,
    clients={
        "copy": _copy,
        "subclass": clients(Subclass, AsyncSubclass, **KEY),
        **_platforms(),
    },
    owners={"vertex": "gcp.vertex_ai", "foundry": "azure.ai.inference", "bedrock": "aws.bedrock"},
    lacking={"vertex": ["complete"], "foundry": ["complete"], "bedrock": ["complete", "count_tokens"]},
    http_library=HTTP.library,
    http_client=HTTP.client,
    stand_in=HTTP.stand_in,
    problems={
        "bad_request": _always("invalid_request_error", "invalid_request", False, 400),
        "server_error": _always("api_error", "server_error", True, 500),
        "retries_exhausted": _always("overloaded_error", "overloaded", True, 529),
        "error_midway": _midway,
    },
    statuses={503: 529},
    event="message_start",
)
