"""Every attribute and metric name, bucket list and convention flavour. The only place that spells them.

Source: OpenTelemetry GenAI semantic conventions (https://github.com/open-telemetry/semantic-conventions-genai).
What these do not name lives under `genscope.*`.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, fields
from typing import Final

from genscope.core.operation import Usage

SCHEMA_URL: Final = "https://opentelemetry.io/schemas/1.42.0"

# --- attributes of spans and metrics

OPERATION_NAME: Final = "gen_ai.operation.name"
PROVIDER_NAME: Final = "gen_ai.provider.name"
REQUEST_MODEL: Final = "gen_ai.request.model"
REQUEST_STREAM: Final = "gen_ai.request.stream"
RESPONSE_ID: Final = "gen_ai.response.id"
RESPONSE_MODEL: Final = "gen_ai.response.model"
RESPONSE_FINISH_REASONS: Final = "gen_ai.response.finish_reasons"
RESPONSE_TIME_TO_FIRST_CHUNK: Final = "gen_ai.response.time_to_first_chunk"
TOKEN_TYPE: Final = "gen_ai.token.type"
TOKEN_MODALITY: Final = "gen_ai.token.modality"
SERVER_ADDRESS: Final = "server.address"
SERVER_PORT: Final = "server.port"
ERROR_TYPE: Final = "error.type"
HTTP_STATUS: Final = "http.response.status_code"
EXCEPTION_TYPE: Final = "exception.type"
EXCEPTION_MESSAGE: Final = "exception.message"
EXCEPTION_STACKTRACE: Final = "exception.stacktrace"

INPUT_MESSAGES: Final = "gen_ai.input.messages"
OUTPUT_MESSAGES: Final = "gen_ai.output.messages"
SYSTEM_INSTRUCTIONS: Final = "gen_ai.system_instructions"
TOOL_DEFINITIONS: Final = "gen_ai.tool.definitions"

REQUEST: Final = {
    "choice_count": "gen_ai.request.choice.count",
    "max_tokens": "gen_ai.request.max_tokens",
    "temperature": "gen_ai.request.temperature",
    "top_p": "gen_ai.request.top_p",
    "top_k": "gen_ai.request.top_k",
    "seed": "gen_ai.request.seed",
    "stop_sequences": "gen_ai.request.stop_sequences",
    "frequency_penalty": "gen_ai.request.frequency_penalty",
    "presence_penalty": "gen_ai.request.presence_penalty",
    "reasoning_level": "gen_ai.request.reasoning.level",
    "previous_response_id": "gen_ai.request.previous_response.id",
    "stream_cursor": "gen_ai.request.stream_cursor",
    "encoding_formats": "gen_ai.request.encoding_formats",
    "dimension_count": "gen_ai.embeddings.dimension.count",
    "output_type": "gen_ai.output.type",
    "conversation_id": "gen_ai.conversation.id",
    "prompt_name": "gen_ai.prompt.name",
    "prompt_version": "gen_ai.prompt.version",
    "api_type": "openai.api.type",
    "service_tier": "openai.request.service_tier",
    "tier": "genscope.request.service_tier",
    "speed": "genscope.request.speed",
    "cache_ttl": "genscope.request.cache_ttl",
    "thinking_type": "genscope.request.thinking.type",
    "thinking_budget": "genscope.request.thinking.budget_tokens",
}
"""`Operation.request` by meaning."""

RESPONSE: Final = {
    "status": "gen_ai.response.status",
    "conversation_id": "gen_ai.conversation.id",
    "compacted": "gen_ai.conversation.compacted",
    "dimension_count": "gen_ai.embeddings.dimension.count",
    "service_tier": "openai.response.service_tier",
    "system_fingerprint": "openai.response.system_fingerprint",
    "tier": "genscope.response.service_tier",
    "speed": "genscope.response.speed",
    "inference_geo": "genscope.response.inference_geo",
    "container_id": "genscope.response.container.id",
    "refusal_category": "genscope.response.refusal.category",
    "counted_tokens": "genscope.counted_tokens",
    "audio_seconds": "genscope.usage.audio_seconds",
    "cache_write_5m_input_tokens": "genscope.usage.cache_write_5m.input_tokens",
    "cache_write_1h_input_tokens": "genscope.usage.cache_write_1h.input_tokens",
    "web_search_requests": "genscope.usage.web_search_requests",
    "web_fetch_requests": "genscope.usage.web_fetch_requests",
}
"""`Operation.response` by meaning."""


def _usage_attribute(name: str) -> str:
    for part in ("text_", "image_", "audio_", "cache_read_", "cache_write_", "reasoning_"):
        if name.startswith(part):
            return f"{part[:-1]}.{_usage_attribute(name.removeprefix(part))}"
    return name


USAGE: Final = {f.name: f"gen_ai.usage.{_usage_attribute(f.name)}" for f in fields(Usage)}
"""`Usage` by field: cache_read_input_tokens is gen_ai.usage.cache_read.input_tokens, and so on."""

_REFINED_BY: Final = {"openai.": ("openai", "azure.ai.openai")}
"""Attributes with this prefix refine the conventions for these providers only."""


def names(table: dict[str, str], provider: str) -> dict[str, str]:
    """The part of `REQUEST` or `RESPONSE` that applies to a provider."""
    return {
        meaning: name
        for meaning, name in table.items()
        if all(provider in providers for prefix, providers in _REFINED_BY.items() if name.startswith(prefix))
    }


# --- events: names of log records, and their severity as number and text

DETAILS_EVENT: Final = "gen_ai.client.inference.operation.details"
DETAILS_SEVERITY: Final = 5
DETAILS_SEVERITY_TEXT: Final = "DEBUG"
EXCEPTION_EVENT: Final = "gen_ai.client.operation.exception"
EXCEPTION_SEVERITY: Final = 13
EXCEPTION_SEVERITY_TEXT: Final = "WARN"

# --- ours, where the conventions are silent

TIME_TO_FIRST_TOKEN: Final = "genscope.time_to_first_token"
TIME_TO_FIRST_REASONING_TOKEN: Final = "genscope.time_to_first_reasoning_token"
TIME_TO_LAST_CHUNK: Final = "genscope.time_to_last_chunk"
STREAM_OUTCOME: Final = "genscope.stream.outcome"
STREAM_CHUNKS: Final = "genscope.stream.chunks"
REQUEST_ID: Final = "genscope.request_id"
ERROR_KIND: Final = "genscope.error.kind"
ERROR_RETRYABLE: Final = "genscope.error.retryable"
RETRY_ATTEMPTS: Final = "genscope.retry.attempts"
RETRY_KINDS: Final = "genscope.retry.kinds"
RETRY_STATUSES: Final = "genscope.retry.statuses"
RETRY_DELAYS: Final = "genscope.retry.delays"
RETRY_BACKOFF: Final = "genscope.retry.backoff"
COST_AMOUNT: Final = "genscope.cost.amount"
ENRICHED: Final = "genscope.enriched"
"""Marks a span of another instrumentation that genscope completed instead of making a second one."""

# --- metrics

DURATION_BUCKETS: Final = (0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92)
TOKEN_BUCKETS: Final = tuple(4**n for n in range(14))

INFERENCE: Final = frozenset({"chat", "generate_content", "text_completion"})
"""Operations that the conventions call inference; the others have names of their own for some metrics."""

TOKEN_MODALITIES: Final = ("text", "image", "audio")
UNKNOWN_MODALITY: Final = "unknown"


@dataclass(frozen=True, slots=True)
class Metric:
    """A metric of one flavour: a histogram with the boundaries that the conventions advise, or without any a counter.

    `inference` limits it to the operations in `INFERENCE` (true) or to all others (false).
    """

    name: str
    unit: str
    description: str
    buckets: tuple[float, ...] | None = None
    inference: bool | None = None

    def covers(self, operation: str) -> bool:
        """Whether calls of an operation are measured."""
        return self.inference is None or self.inference == (operation in INFERENCE)


@dataclass(frozen=True, slots=True)
class Flavour:
    """One reading of the conventions: what `telemetry.metrics` can measure, by meaning, and the name it gets."""

    metrics: Mapping[str, Metric]
    shared: bool = True
    """Whether OpenTelemetry's own instrumentations measure under these names too."""


def _duration(name: str, inference: bool | None = None) -> Metric:
    return Metric(name, "s", "Duration of a GenAI operation.", DURATION_BUCKETS, inference)


def _first_chunk(name: str, inference: bool | None = None) -> Metric:
    what = "Time from the request to the first chunk of a streamed answer."
    return Metric(name, "s", what, DURATION_BUCKETS, inference)


def _output_chunk(name: str, inference: bool | None = None) -> Metric:
    return Metric(name, "s", "Time between two chunks of a streamed answer.", DURATION_BUCKETS, inference)


DEFAULT: Final = Flavour(
    {
        "duration": _duration("gen_ai.client.operation.duration"),
        "tokens": Metric("gen_ai.client.token.usage", "{token}", "Input and output tokens used.", TOKEN_BUCKETS),
        "time_to_first_chunk": _first_chunk("gen_ai.client.operation.time_to_first_chunk"),
        "time_per_output_chunk": _output_chunk("gen_ai.client.operation.time_per_output_chunk"),
    }
)
"""What the field emits and dashboards read today."""

LATEST: Final = Flavour(
    {
        "duration": _duration("gen_ai.client.inference.duration", inference=True),
        "other_duration": _duration("gen_ai.client.operation.duration", inference=False),
        "time_to_first_chunk": _first_chunk("gen_ai.client.inference.time_to_first_chunk", inference=True),
        "time_per_output_chunk": _output_chunk("gen_ai.client.inference.time_per_output_chunk", inference=True),
        "input_tokens": Metric(
            "gen_ai.client.inference.usage.input_tokens", "{token}", "Input tokens used, those from a cache included."
        ),
        "output_tokens": Metric(
            "gen_ai.client.inference.usage.output_tokens", "{token}", "Output tokens used, those of reasoning included."
        ),
        "cache_read_input_tokens": Metric(
            "gen_ai.client.inference.usage.cache_read.input_tokens", "{token}", "Input tokens that came from a cache."
        ),
        "cache_write_input_tokens": Metric(
            "gen_ai.client.inference.usage.cache_write.input_tokens",
            "{token}",
            "Input tokens that were written to a cache.",
        ),
        "reasoning_output_tokens": Metric(
            "gen_ai.client.inference.usage.reasoning.output_tokens", "{token}", "Output tokens that were reasoning."
        ),
        "input_tokens_of_call": Metric(
            "gen_ai.client.inference.operation.input_tokens", "{token}", "Input tokens of one operation.", TOKEN_BUCKETS
        ),
        "output_tokens_of_call": Metric(
            "gen_ai.client.inference.operation.output_tokens",
            "{token}",
            "Output tokens of one operation.",
            TOKEN_BUCKETS,
        ),
    }
)
"""The main branch of the conventions.

Tokens of other operations than inference are counted under its names too: the conventions took away the metric they
had before (#374), and have no other. `gen_ai.operation.name` tells them apart.
"""

# The units in braces are none to Prometheus, which would make them part of the names that boards read.
LEGACY: Final = Flavour(
    {
        "cost": Metric("llm.cost.usd", "{USD}", "Cost of calls in US dollars."),
        "errors": Metric("llm.errors", "{error}", "Calls that failed."),
        "milliseconds": Metric(
            "llm.request.latency",
            "{ms}",
            "Duration of a call in milliseconds.",
            tuple(round(bound * 1000) for bound in DURATION_BUCKETS),
        ),
        "time_to_first_token": Metric(
            "gen_ai.server.time_to_first_token",
            "s",
            "Time from the request to the first content of a streamed answer, as the client sees it.",
            (0.001, 0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0),
        ),
    },
    shared=False,
)
"""Names of articles and boards from before the conventions settled; always beside another flavour."""

LEGACY_ATTRIBUTES: Final = {
    "provider": "gen_ai.system",
    "first_token_ms": "llm.time_to_first_token_ms",
    "duration_ms": "llm.total_duration_ms",
    "cost": "llm.cost.usd",
    "input_tokens": "gen_ai.usage.prompt_tokens",
    "output_tokens": "gen_ai.usage.completion_tokens",
    "cache_write_input_tokens": "gen_ai.usage.cache_creation.input_tokens",
}
"""Attributes that a span has in addition, by meaning; the provider also on the metrics of `LEGACY`."""

LEGACY_PROVIDERS: Final = {
    "azure.ai.inference": "az.ai.inference",
    "azure.ai.openai": "az.ai.openai",
    "gcp.vertex_ai": "vertex_ai",
    "gcp.gemini": "gemini",
    "x_ai": "xai",
}
"""Values that `gen_ai.system` had for providers that are called otherwise now."""

ATTEMPTS: Final = Metric("genscope.client.attempts", "{attempt}", "HTTP attempts, retries included, by how they ended.")
"""Counter; an attempt that failed carries `genscope.error.kind`."""


def flavours(stability_opt_in: Collection[str] = (), *, legacy: bool = False) -> tuple[Flavour, ...]:
    """The flavours of metrics to write, from the items of `OTEL_SEMCONV_STABILITY_OPT_IN`; no name is in two of them.

    Attributes of spans are the same in `DEFAULT` and `LATEST`.
    """
    if "gen_ai_latest_experimental/dup" in stability_opt_in:
        known = {metric.name for metric in DEFAULT.metrics.values()}
        rest = {meaning: metric for meaning, metric in LATEST.metrics.items() if metric.name not in known}
        found = (DEFAULT, Flavour(rest, LATEST.shared))
    else:
        found = (LATEST,) if "gen_ai_latest_experimental" in stability_opt_in else (DEFAULT,)
    return (*found, LEGACY) if legacy else found
