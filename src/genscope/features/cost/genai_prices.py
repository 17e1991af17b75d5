"""Prices of the package genai-prices, where it is installed and asked for: https://github.com/pydantic/genai-prices

It knows prices by the day and the hour, and takes 0.3 seconds and 70 MB to load. So it is loaded in a thread of its own
when the first call is priced, and until then it has no answer. It uses the network only if its `UpdatePrices` is
started, which we never do; where the application does so itself, its newer prices count here too.
"""

from __future__ import annotations

import os
from datetime import datetime, timezone
from threading import Thread
from typing import Any, Final, NamedTuple

from genscope.core.operation import Operation, Usage
from genscope.features.cost.models import tier_of

_PROVIDERS: Final = {
    "anthropic": "anthropic",
    "aws.bedrock": "aws",
    "azure.ai.inference": "azure",
    "azure.ai.openai": "azure",
    "baseten": "baseten",
    "cerebras": "cerebras",
    "cohere": "cohere",
    "deepseek": "deepseek",
    "fireworks_ai": "fireworks",
    "gcp.gemini": "google",
    "gcp.vertex_ai": "google",
    "groq": "groq",
    "minimax": "minimax",
    "mistral_ai": "mistral",
    "moonshot_ai": "moonshotai",
    "novita": "novita",
    "openai": "openai",
    "openrouter": "openrouter",
    "perplexity": "perplexity",
    "together_ai": "together",
    "voyageai": "voyageai",
    "x_ai": "x-ai",
    "z_ai": "zai",
}

_USAGE: Final = {
    "input_tokens": "input_tokens",
    "output_tokens": "output_tokens",
    "cache_read_input_tokens": "cache_read_tokens",
    "cache_write_input_tokens": "cache_write_tokens",
    "reasoning_output_tokens": "output_reasoning_tokens",
    "audio_input_tokens": "input_audio_tokens",
    "audio_output_tokens": "output_audio_tokens",
    "image_input_tokens": "input_image_tokens",
    "image_output_tokens": "output_image_tokens",
}
"""Its totals include their parts, as ours do."""


class Answer(NamedTuple):
    """An amount in USD, and the version of the package or the time of its update."""

    amount: float
    version: str


class GenaiPrices:
    """Asks the package. An answer takes some 0.1 ms."""

    def __init__(self) -> None:
        self._package: Any = None
        self._version = ""
        self._loading: tuple[int, Thread] | None = None

    def cost(self, op: Operation, models: tuple[str, ...]) -> Answer | None:
        """What it says of a call; None if it does not know, or is still being loaded."""
        package, provider = self._package, _PROVIDERS.get(op.provider)
        if package is None:
            self._load()
            return None
        if provider is None or op.usage is None:
            return None
        usage = package.Usage(**_usage(op.usage, op.response))
        ended = datetime.fromtimestamp(op.started_at / 1e9 + op.duration, timezone.utc)
        for model in models:
            try:
                found = package.calc_price(
                    usage, model, provider_id=provider, genai_request_timestamp=ended, price_context=_context(op)
                )
            except (LookupError, ValueError):  # an unknown model; parts that are more than the whole
                continue
            # It says 0 of a transcription that it has only prices by the hour for
            if found.total_price or not (op.usage.input_tokens or op.usage.output_tokens):
                updated = found.auto_update_timestamp
                return Answer(float(found.total_price), self._version if updated is None else updated.isoformat())
        return None

    def _load(self) -> None:
        if self._loading is None or self._loading[0] != os.getpid():  # a fork leaves its parent's threads behind
            thread = Thread(target=self._import, name="genscope-prices", daemon=True)
            self._loading = os.getpid(), thread
            thread.start()

    def _import(self) -> None:
        from importlib import import_module

        try:
            package = import_module("genai_prices")
            package.calc_price(package.Usage(input_tokens=1), "gpt-4o", provider_id="openai")  # reads its prices
        except Exception:  # it is not there, or another than we know: the embedded table goes on answering
            return
        self._version = str(getattr(package, "__version__", ""))
        self._package = package

    def wait(self, seconds: float) -> bool:
        """Until it is loaded, or cannot be. For commands, which have the time."""
        self._load()
        if self._loading is not None:
            self._loading[1].join(seconds)
        return self._package is not None


def _usage(usage: Usage, answer: dict[str, Any]) -> dict[str, int]:
    found = {name: tokens for field, name in _USAGE.items() if (tokens := getattr(usage, field)) is not None}
    written = found.get("cache_write_tokens", 0)
    hour = min(answer.get("cache_write_1h_input_tokens") or 0, written)
    if hour:
        found["cache_write_1h_tokens"] = hour
    searches = answer.get("web_search_requests")
    if searches:
        found["web_searches"] = searches
    return found


def _context(op: Operation) -> dict[str, str]:
    """`service_tier` is not the word for a batch: with it the package silently returns the full price."""
    tier = tier_of(op)
    context = {} if tier is None else {"processing": "batch"} if tier == "batch" else {"service_tier": tier}
    if op.response.get("speed") == "fast":
        context["speed"] = "fast"
    return context
