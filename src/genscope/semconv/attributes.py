"""Names of attributes, and the schema that they belong to."""

from __future__ import annotations

from dataclasses import fields
from typing import Final

from genscope.core.operation import Usage

SCHEMA_URL: Final = "https://opentelemetry.io/schemas/1.42.0"

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

INPUT_MESSAGES_REF: Final = "gen_ai.input.messages_ref"
OUTPUT_MESSAGES_REF: Final = "gen_ai.output.messages_ref"
SYSTEM_INSTRUCTIONS_REF: Final = "gen_ai.system_instructions_ref"
TOOL_DEFINITIONS_REF: Final = "gen_ai.tool.definitions_ref"
"""References to content that is stored elsewhere: what OpenTelemetry's own upload writes; not in the registry."""

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
    "tool_call_ids": "genscope.request.tool_call_ids",
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
    "tool_call_ids": "genscope.response.tool_call_ids",
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
RESPONSE_DEFECT: Final = "genscope.response.defect"
"""Of `core.defects`: what is wrong with an answer though the call succeeded."""
ERROR_RETRYABLE: Final = "genscope.error.retryable"
RETRY_ATTEMPTS: Final = "genscope.retry.attempts"
RETRY_KINDS: Final = "genscope.retry.kinds"
RETRY_STATUSES: Final = "genscope.retry.statuses"
RETRY_DELAYS: Final = "genscope.retry.delays"
RETRY_BACKOFF: Final = "genscope.retry.backoff"
# What `genscope.retry` and `genscope.fallback` add: theirs is a span around those of the calls.
RETRY_ATTEMPT: Final = "genscope.retry.attempt"
"""The number of an attempt, and the name of the event that tells of it."""
RETRY_GAVE_UP: Final = "genscope.retry.gave_up"
"""Why there was no other attempt: `not_retryable`, `attempts`, `max_wait` or `deadline`."""
RETRY_NESTED: Final = "genscope.retry.nested"
"""How many attempts the SDK repeated by itself beneath."""
FALLBACK_MODEL: Final = "genscope.fallback.model"
"""The one that answered."""
FALLBACK_MODELS: Final = "genscope.fallback.models"
FALLBACK_ERRORS: Final = "genscope.fallback.errors"
"""Why the others of those that were tried did not."""
COST_AMOUNT: Final = "genscope.cost.amount"
COST_CURRENCY: Final = "genscope.cost.currency"
COST_SOURCE: Final = "genscope.cost.source"
COST_TABLE_VERSION: Final = "genscope.cost.table_version"
BUDGET_LIMIT: Final = "genscope.budget.limit"
"""As it was declared: `50 usd/day per user`."""
BUDGET_REMAINING: Final = "genscope.budget.remaining"
"""What the tightest limit of the call has left, in its unit; below 0 what was overspent."""
BUDGET_UNIT: Final = "genscope.budget.unit"
"""`usd`, `tokens` or `requests`."""
BUDGET_THRESHOLD: Final = "genscope.budget.threshold"
"""Percent of a limit that are spent: 50, 80 or 100."""
BUDGET_SCOPE: Final = "genscope.budget.scope"
BUDGET_MODE: Final = "genscope.budget.mode"
BUDGET_STORE: Final = "genscope.budget.store"
SLO_OBJECTIVE: Final = "genscope.slo.objective"
"""Its name."""
SLO_STATE: Final = "genscope.slo.state"
"""`firing` or `resolved`; the metric of that name says 0 ok, 1 pending, 2 firing."""
SLO_SEVERITY: Final = "genscope.slo.severity"
SLO_MEASURE: Final = "genscope.slo.measure"
SLO_TARGET: Final = "genscope.slo.target"
SLO_VALUE: Final = "genscope.slo.value"
"""Both in seconds, USD, as a part of 1 or a factor."""
SLO_BURN_RATE: Final = "genscope.slo.burn_rate"
"""How many times what is allowed."""
SLO_SAMPLES: Final = "genscope.slo.samples"
SLO_CAUSE: Final = "genscope.slo.cause"
"""Kind of failure, or defect, of the last bad call."""
SLO_DROPPED: Final = "genscope.slo.drop_reason"
"""Of what was not counted or not told: `queue_full`, or the sink that did not take it."""
CONTENT_HASH: Final = "genscope.content.hash"
OMITTED_MESSAGES: Final = "genscope.content.omitted_messages"
"""How many messages, the oldest, are not repeated here: the span that a link leads to has them."""
LINK_KIND: Final = "genscope.link.kind"
LINK_TRACE_ID: Final = "genscope.link.trace_id"
LINK_SPAN_ID: Final = "genscope.link.span_id"
ENRICHED: Final = "genscope.enriched"
"""Marks a span of another instrumentation that genscope completed instead of making a second one."""
SAMPLING: Final = "genscope.sampling"
"""Why the sampler `genscope_keep_llm` kept a span that its ratio, or its parent, would not have kept."""
KEEP: Final = "genscope.keep"
"""Not an attribute: the name in the baggage by which the sampler is asked to keep a trace."""

# --- workflows, agents and tools: what an application annotates

CONVERSATION_ID: Final = "gen_ai.conversation.id"
USER_ID: Final = "user.id"
TENANT: Final = "genscope.tenant"
TAG: Final = "genscope.tag."
"""Prefix of the names that the application gives to its tags."""
WORKFLOW_NAME: Final = "gen_ai.workflow.name"
AGENT_NAME: Final = "gen_ai.agent.name"
AGENT_DESCRIPTION: Final = "gen_ai.agent.description"
TOOL_NAME: Final = "gen_ai.tool.name"
TOOL_TYPE: Final = "gen_ai.tool.type"
TOOL_DESCRIPTION: Final = "gen_ai.tool.description"
TOOL_CALL_ID: Final = "gen_ai.tool.call.id"
TOOL_CALL_ARGUMENTS: Final = "gen_ai.tool.call.arguments"
TOOL_CALL_RESULT: Final = "gen_ai.tool.call.result"
DATA_SOURCE_ID: Final = "gen_ai.data_source.id"
RETRIEVAL_TOP_K: Final = "gen_ai.retrieval.top_k"
RETRIEVAL_QUERY: Final = "gen_ai.retrieval.query.text"
RETRIEVAL_DOCUMENTS: Final = "gen_ai.retrieval.documents"

OUR_OPERATION_NAME: Final = "genscope.operation.name"
"""`task`, `rerank`, `embedding`: what an application does itself and the conventions have no operation for.

`retry`, `attempt`, `fallback`: what it tries again.
`judge`, `evaluate`: what is done to judge what a model has answered, and of a call, what it is for.
"""
CALL_ARGUMENTS: Final = "genscope.call.arguments"
CALL_RESULT: Final = "genscope.call.result"
DOCUMENTS: Final = "genscope.documents"
"""How many a retrieval or a rerank returned."""
AGENT_TURNS: Final = "genscope.agent.turns"
"""Inference calls of the agent itself; those of agents that it called are theirs."""
HANDOFF_FROM: Final = "genscope.handoff.from"
HANDOFF_TO: Final = "genscope.handoff.to"
"""Names of the agents: one has left the conversation to the other."""
GUARDRAIL_TRIGGERED: Final = "genscope.guardrail.triggered"
"""Whether a guardrail has found what it looks for."""
INTERRUPTED: Final = "genscope.interrupted"
"""True where it waits for somebody's answer: what it does then is another run."""
# What happened under a span, in sum. Never gen_ai.usage.* nor genscope.cost.*: these are the bill if they are added up.
SUBTREE_LLM_CALLS: Final = "genscope.subtree.llm_calls"
SUBTREE_TOOL_CALLS: Final = "genscope.subtree.tool_calls"
SUBTREE_FAILED_CALLS: Final = "genscope.subtree.failed_calls"
SUBTREE_INPUT_TOKENS: Final = "genscope.subtree.input_tokens"
SUBTREE_OUTPUT_TOKENS: Final = "genscope.subtree.output_tokens"
SUBTREE_COST: Final = "genscope.subtree.cost.amount"
SUBTREE_CURRENCY: Final = "genscope.subtree.cost.currency"
SUBTREE_UNPRICED_CALLS: Final = "genscope.subtree.unpriced_calls"

# --- MCP: what a client asks a server for, and its tools among it

MCP_METHOD: Final = "mcp.method.name"
MCP_SESSION_ID: Final = "mcp.session.id"
MCP_PROTOCOL_VERSION: Final = "mcp.protocol.version"
MCP_RESOURCE_URI: Final = "mcp.resource.uri"
JSONRPC_REQUEST_ID: Final = "jsonrpc.request.id"
RPC_STATUS: Final = "rpc.response.status_code"
"""The code of a JSON-RPC error, as a text."""
NETWORK_TRANSPORT: Final = "network.transport"
NETWORK_PROTOCOL_NAME: Final = "network.protocol.name"

# --- what answers are worth

EVALUATION_NAME: Final = "gen_ai.evaluation.name"
"""Of the judge."""
EVALUATION_SCORE: Final = "gen_ai.evaluation.score.value"
EVALUATION_LABEL: Final = "gen_ai.evaluation.score.label"
EVALUATION_EXPLANATION: Final = "gen_ai.evaluation.explanation"
EVALUATION_DROPPED: Final = "genscope.evaluation.drop_reason"
"""Why an answer that was to be judged is not: `queue_full`, `budget`, `busy`, `exit`."""

DRIFT_BEFORE: Final = "genscope.evaluation.drift.before"
"""The mean of the scores of a judge that was usual."""
DRIFT_NOW: Final = "genscope.evaluation.drift.now"
DRIFT_SAMPLES: Final = "genscope.evaluation.drift.samples"

# --- the call log

INPUT_HASH: Final = "genscope.input.hash"
INPUT_LENGTH: Final = "genscope.input.length"
INPUT_EXCERPT: Final = "genscope.input.excerpt"
OUTPUT_HASH: Final = "genscope.output.hash"
OUTPUT_LENGTH: Final = "genscope.output.length"
OUTPUT_EXCERPT: Final = "genscope.output.excerpt"
CALL_DURATION: Final = "genscope.duration"

# --- from before the conventions settled

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
