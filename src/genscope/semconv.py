"""Every attribute and metric name, bucket list and convention flavour. The only place that spells them.

Source: OpenTelemetry GenAI semantic conventions (https://github.com/open-telemetry/semantic-conventions-genai).
What these do not name lives under `genscope.*`.
"""

from __future__ import annotations

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
SERVER_ADDRESS: Final = "server.address"
SERVER_PORT: Final = "server.port"
ERROR_TYPE: Final = "error.type"
HTTP_STATUS: Final = "http.response.status_code"
EXCEPTION_TYPE: Final = "exception.type"
EXCEPTION_STACKTRACE: Final = "exception.stacktrace"

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
}
"""`Operation.request` by meaning."""

RESPONSE: Final = {
    "status": "gen_ai.response.status",
    "conversation_id": "gen_ai.conversation.id",
    "compacted": "gen_ai.conversation.compacted",
    "dimension_count": "gen_ai.embeddings.dimension.count",
    "service_tier": "openai.response.service_tier",
    "system_fingerprint": "openai.response.system_fingerprint",
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


@dataclass(frozen=True, slots=True)
class Metric:
    """A metric of one flavour. `buckets` are the boundaries that the conventions advise (none for a counter)."""

    name: str
    unit: str
    description: str
    buckets: tuple[float, ...] | None = None


@dataclass(frozen=True, slots=True)
class Flavour:
    """The metric names of one reading of the conventions, by meaning."""

    duration: Metric
    tokens: Metric
    time_to_first_chunk: Metric
    time_per_output_chunk: Metric


DEFAULT: Final = Flavour(
    duration=Metric("gen_ai.client.operation.duration", "s", "Duration of a GenAI operation.", DURATION_BUCKETS),
    tokens=Metric("gen_ai.client.token.usage", "{token}", "Input and output tokens used.", TOKEN_BUCKETS),
    time_to_first_chunk=Metric(
        "gen_ai.client.operation.time_to_first_chunk",
        "s",
        "Time from the request to the first chunk of a streamed answer.",
        DURATION_BUCKETS,
    ),
    time_per_output_chunk=Metric(
        "gen_ai.client.operation.time_per_output_chunk",
        "s",
        "Time between two chunks of a streamed answer.",
        DURATION_BUCKETS,
    ),
)
"""What the field emits and dashboards read today."""

ATTEMPTS: Final = Metric("genscope.client.attempts", "{attempt}", "HTTP attempts, retries included, by how they ended.")
"""Counter; an attempt that failed carries `genscope.error.kind`."""
