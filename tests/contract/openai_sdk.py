"""The openai SDK under the contract: the bodies of its APIs, and what the simulator answers to them."""

from __future__ import annotations

from typing import Any

import openai
from pydantic import BaseModel

from genscope.instrumentors import OpenAIInstrumentor
from genscope.local.simulator import USAGE

from . import openai_secrets
from .openai_media import MEDIA
from .stainless import DOOR, SHAPES, Http, clients
from .vocabulary import Api, Mode, Sdk


class City(BaseModel):
    """What a parsed answer holds."""

    city: str


MODEL = "gpt-4o"
_CHAT = {"model": MODEL, "messages": [{"role": "user", "content": "Which city?"}], "temperature": 0.5}
_RESPONSES = {"model": MODEL, "input": "Which city?", "max_output_tokens": 99}
_DATED = {"gen_ai.response.model": "gpt-4o-2024-08-06"}
_SERVED = {**_DATED, "openai.response.service_tier": "default", "openai.response.system_fingerprint": "fp_51mu1a7ed0"}
_ANSWERED = {**_DATED, "openai.response.service_tier": "default", "gen_ai.response.finish_reasons": ("stop",)}
_IN_PROGRESS = {**_DATED, "openai.response.service_tier": "auto", "gen_ai.response.status": "in_progress"}
_TOTALS = {"gen_ai.usage.input_tokens": USAGE.prompt, "gen_ai.usage.output_tokens": USAGE.completion}
_USAGE = {**_TOTALS, "gen_ai.usage.cache_read.input_tokens": USAGE.cached}
_STOPPED = {"gen_ai.response.finish_reasons": ("stop",)}

APIS = (
    Api(
        "chat",
        "chat.completions",
        "create",
        _CHAT,
        url="/chat/completions",
        answer="openai.types.chat:ChatCompletion",
        chunk="openai.types.chat:ChatCompletionChunk",
        operation="chat",
        model=MODEL,
        asked={"openai.api.type": "chat_completions", "gen_ai.request.temperature": 0.5},
        told={**_SERVED, **_STOPPED, "gen_ai.response.id": "chatcmpl-N"},
        begun={**_SERVED, "gen_ai.response.id": "chatcmpl-N"},
        usage=_USAGE,
        frames=9,
        held=3,
        extra={"parse": {"response_format": City}, "helper": {}},
        secrets=openai_secrets.CHAT,
    ),
    Api(
        "responses",
        "responses",
        "create",
        _RESPONSES,
        url="/responses",
        answer="openai.types.responses:Response",
        chunk="openai.types.responses:ResponseStreamEvent",
        operation="chat",
        model=MODEL,
        asked={"openai.api.type": "responses", "gen_ai.request.max_tokens": 99},
        told={**_ANSWERED, "gen_ai.response.id": "resp_N"},
        begun={**_IN_PROGRESS, "gen_ai.response.id": "resp_N"},
        usage=_USAGE,
        streams_usage=True,
        frames=15,
        error_events=True,
        held=6,
        extra={"parse": {"text_format": City}, "helper": {}},
        secrets=openai_secrets.RESPONSES,
    ),
    Api(
        "compact",
        "responses",
        "compact",
        {"model": MODEL, "input": "Which city?"},
        url="/responses/compact",
        answer="openai.types.responses:CompactedResponse",
        operation="chat",
        model=MODEL,
        asked={"openai.api.type": "responses"},
        told={"gen_ai.response.id": "resp_N", "gen_ai.conversation.compacted": True},
        usage=_USAGE,
        brief=True,
    ),
    Api(
        "fetch_response",
        "responses",
        "retrieve",
        {"response_id": "resp_abc"},
        url="/responses/resp_abc",
        verb="get",
        answer="openai.types.responses:Response",
        chunk="openai.types.responses:ResponseStreamEvent",
        operation="fetch_response",
        asked={"openai.api.type": "responses"},
        known={"gen_ai.response.id": "resp_abc"},
        told={**_ANSWERED, "gen_ai.response.status": "completed"},
        begun=_IN_PROGRESS,
        frames=15,
        error_events=True,
        held=6,
        brief=True,
    ),
    Api(
        "embeddings",
        "embeddings",
        "create",
        {"model": "text-embedding-3-small", "input": ["a", "b"], "dimensions": 8, "encoding_format": "float"},
        url="/embeddings",
        answer="openai.types:CreateEmbeddingResponse",
        operation="embeddings",
        model="text-embedding-3-small",
        asked={"gen_ai.embeddings.dimension.count": 8, "gen_ai.request.encoding_formats": ("float",)},
        told={"gen_ai.response.model": "text-embedding-3-small"},
        usage={"gen_ai.usage.input_tokens": USAGE.prompt},
        brief=True,
    ),
    Api(
        "completions",
        "completions",
        "create",
        {"model": "gpt-3.5-turbo-instruct", "prompt": "Which city?", "seed": 7},
        url="/completions",
        answer="openai.types:Completion",
        chunk="openai.types:Completion",
        operation="text_completion",
        model="gpt-3.5-turbo-instruct",
        asked={"gen_ai.request.seed": 7},
        told={**_STOPPED, "gen_ai.response.model": "gpt-3.5-turbo-instruct", "gen_ai.response.id": "cmpl-N"},
        begun={"gen_ai.response.model": "gpt-3.5-turbo-instruct", "gen_ai.response.id": "cmpl-N"},
        usage=_TOTALS,
        frames=8,
        held=2,
        brief=True,
    ),
)


HTTP = Http("openai")
KEY = {"api_key": "sk-contract"}
http_client = HTTP.client


class Subclass(openai.OpenAI):
    """A client of the application's own, which has a door of its own before the SDK's."""

    def request(self, *args: Any, **kwargs: Any) -> Any:
        return super().request(*args, **kwargs)


class AsyncSubclass(openai.AsyncOpenAI):
    """The same, asynchronous."""

    async def request(self, *args: Any, **kwargs: Any) -> Any:
        return await super().request(*args, **kwargs)


def _copy(mode: Mode, base_url: str, http: Any, **options: Any) -> Any:
    return own(mode, base_url, http).with_options(timeout=30.0, **options)


def _module(mode: Mode, base_url: str, http: Any, **options: Any) -> Any:
    """`openai.chat.completions.create(...)`"""
    assert mode == "sync"
    openai._reset_client()
    openai.api_key, openai.base_url, openai.http_client = "sk-contract", f"{base_url}/", http
    openai.max_retries = 0
    return openai


def _reset() -> None:
    openai._reset_client()
    openai.api_key = openai.base_url = openai.http_client = None
    openai.max_retries = 2


own = clients(openai.OpenAI, openai.AsyncOpenAI, **KEY)

OPENAI = Sdk(
    name="openai",
    instrumentor=OpenAIInstrumentor,
    door=(
        "openai._base_client",
        DOOR,
    ),
    apis=(*APIS, *MEDIA),
    shapes=SHAPES,
    provider="openai",
    client=own,
    clients={
        "copy": _copy,
        "subclass": clients(Subclass, AsyncSubclass, **KEY),
        "azure": clients(openai.AzureOpenAI, openai.AsyncAzureOpenAI, api_version="2024-10-21", **KEY),
        "module": _module,
    },
    owners={"azure": "azure.ai.openai"},
    http_library=HTTP.library,
    http_client=HTTP.client,
    stand_in=HTTP.stand_in,
    reset=_reset,
)
