"""The tables of README.md and docs/*.md, made from the code. `python docs/tables.py` writes them where they belong.

A table stands between `<!-- table: NAME -->` and `<!-- end -->`. What the code does not say, the meaning of a name, is
said here; a name without a meaning is an error, and so is a meaning without a name that is really emitted.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import fields
from pathlib import Path

from genscope import semconv, settings, wire
from genscope.core.defects import DEFECTS
from genscope.core.errors import KINDS, RETRYABLE
from genscope.core.operation import Usage
from genscope.features.redaction.rules import PRESETS, RULES
from genscope.features.slo.measures import MEASURES, QUANTILE, READING, SPIKE
from genscope.features.slo.quantities import said_length
from genscope.features.slo.windows import Length
from genscope.instrumentors import Instrumentor, chosen
from genscope.local.store.columns import LOG_COLUMNS, SPAN_COLUMNS, Column
from genscope.ops.grafana import boards
from genscope.ops.prometheus_names import VIAS
from genscope.ops.queries import Queries
from genscope.ops.rule import LAYERS
from genscope.ops.rule_file import Rules
from genscope.ops.thresholds import Thresholds
from genscope.providers import hosts
from genscope.providers.coverage import coverage_of
from genscope.providers.stainless import Stainless

ROOT = Path(__file__).parents[1]
PAGES = (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")))
SDKS = [one for one in chosen(None) if isinstance(one.target, Stainless)]

_MARKED = re.compile(r"(<!-- table: (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)

Row = tuple[str, str, str]
"""Names separated by spaces, type (and unit), meaning."""

ATTRIBUTES: dict[str, tuple[Row, ...]] = {
    "Identity": (
        (
            "gen_ai.operation.name",
            "string",
            "`chat`, `text_completion`, `embeddings`, `generate_content` (images, audio, decisions), `moderation`, "
            "`fetch_response`, `cancel_response` or `count_tokens`",
        ),
        ("gen_ai.provider.name", "string", "who answers, told by the host; `_OTHER` for a host that is not known"),
        ("gen_ai.request.model", "string", "model as requested"),
        ("gen_ai.request.stream", "boolean", "`true` for a streamed answer, else absent"),
        ("server.address server.port", "string, int", "host and port that the client sends to"),
        ("openai.api.type", "string", "`chat_completions` or `responses`; OpenAI and Azure only"),
    ),
    "Request": (
        ("gen_ai.request.max_tokens", "int, tokens", "limit for the answer, whatever the API calls it"),
        ("gen_ai.request.temperature gen_ai.request.top_p", "double", "sampling parameters"),
        ("gen_ai.request.top_k gen_ai.request.seed", "int", "sampling parameters"),
        ("gen_ai.request.frequency_penalty gen_ai.request.presence_penalty", "double", "sampling parameters"),
        ("gen_ai.request.stop_sequences", "string[]", "strings that end the answer"),
        ("gen_ai.request.choice.count", "int", "choices asked for, if not 1"),
        ("gen_ai.request.reasoning.level", "string", "reasoning effort"),
        ("gen_ai.output.type", "string", "`text` or `json`, if the request says so; `image` or `speech`"),
        ("gen_ai.conversation.id", "string", "conversation of the Responses API, else that of `genscope.context`"),
        ("gen_ai.request.previous_response.id", "string", "response that this one continues"),
        ("gen_ai.request.stream_cursor", "string", "event after which a fetched response is resumed"),
        ("gen_ai.prompt.name gen_ai.prompt.version", "string", "id and version of a stored prompt"),
        ("gen_ai.request.encoding_formats", "string[]", "format of embeddings"),
        ("gen_ai.embeddings.dimension.count", "int", "length of a vector: as requested, then as received"),
        ("openai.request.service_tier", "string", "tier asked for, if not `auto`; OpenAI and Azure only"),
        ("genscope.request.service_tier", "string", "the same for Anthropic"),
        ("genscope.request.speed", "string", "speed asked for (`fast`); Anthropic"),
        ("genscope.request.cache_ttl", "string", "how long the prompt is to stay in the cache: `5m`, `1h`; Anthropic"),
        ("genscope.request.thinking.type", "string", "`enabled`, `adaptive`, `between_tools` or `disabled`; Anthropic"),
        ("genscope.request.thinking.budget_tokens", "int, tokens", "limit for thinking; Anthropic"),
        ("genscope.request.tool_call_ids", "string[]", "calls of tools whose results this request brings"),
    ),
    "Response": (
        ("gen_ai.response.id", "string", "id of the answer"),
        ("gen_ai.response.model", "string", "model that answered"),
        ("gen_ai.response.finish_reasons", "string[]", "one for each choice; `error` for a choice left unfinished"),
        ("gen_ai.response.status", "string", "status of a response, if not `completed`"),
        ("gen_ai.conversation.compacted", "boolean", "`true` when the answer holds a compaction, else absent"),
        ("openai.response.service_tier", "string", "tier that served the call; OpenAI and Azure only"),
        ("openai.response.system_fingerprint", "string", "backend configuration; OpenAI and Azure only"),
        ("genscope.response.service_tier", "string", "tier that served the call; Anthropic"),
        ("genscope.response.speed", "string", "speed at which it was served; Anthropic"),
        ("genscope.response.inference_geo", "string", "where it was computed; Anthropic"),
        ("genscope.response.container.id", "string", "container in which the model ran code; Anthropic"),
        ("genscope.response.refusal.category", "string", "why the model refused (`stop_reason` `refusal`); Anthropic"),
        ("genscope.response.tool_call_ids", "string[]", "calls of tools that the model asks for"),
        ("genscope.counted_tokens", "int, tokens", "size of an input that was only counted: nothing was used"),
    ),
    "Usage": (
        ("gen_ai.usage.input_tokens gen_ai.usage.output_tokens", "int, tokens", "totals, parts included"),
        ("gen_ai.usage.cache_read.input_tokens", "int, tokens", "part of the input that came from a cache"),
        ("gen_ai.usage.cache_write.input_tokens", "int, tokens", "part of the input that was written to a cache"),
        ("gen_ai.usage.reasoning.output_tokens", "int, tokens", "part of the output that was reasoning"),
        (
            "gen_ai.usage.text.input_tokens gen_ai.usage.image.input_tokens gen_ai.usage.audio.input_tokens",
            "int, tokens",
            "parts of the input by modality",
        ),
        (
            "gen_ai.usage.text.output_tokens gen_ai.usage.image.output_tokens gen_ai.usage.audio.output_tokens",
            "int, tokens",
            "parts of the output by modality",
        ),
        (
            "genscope.usage.cache_write_5m.input_tokens genscope.usage.cache_write_1h.input_tokens",
            "int, tokens",
            "parts of what was written to the cache, by how long it stays there; Anthropic",
        ),
        (
            "genscope.usage.web_search_requests genscope.usage.web_fetch_requests",
            "int",
            "uses of the provider's own tools, which are billed besides tokens; Anthropic",
        ),
        ("genscope.usage.audio_seconds", "double, s", "length of the audio, if it is this that is billed"),
    ),
    "Stream": (
        ("gen_ai.response.time_to_first_chunk", "double, s", "from the request to the first chunk of any kind"),
        ("genscope.time_to_first_token", "double, s", "to the first content: text, refusal or tool call"),
        ("genscope.time_to_first_reasoning_token", "double, s", "to the first reasoning, if it came before content"),
        ("genscope.time_to_last_chunk", "double, s", "to the last chunk that was read"),
        ("genscope.stream.chunks", "int", "chunks read"),
        ("genscope.stream.outcome", "string", "how the stream ended, see below"),
    ),
    "Error": (
        ("error.type", "string", "the provider's error code or type, else the name of the exception's class"),
        ("genscope.error.kind", "string", "one word for every SDK and provider, see below"),
        ("genscope.response.defect", "string[]", "what is wrong with an answer though the call succeeded"),
        ("genscope.error.retryable", "boolean", "whether the same request may succeed later"),
        ("http.response.status_code", "int", "HTTP status of the failure, if there was an HTTP answer"),
        ("genscope.request_id", "string", "the provider's id of the failed request, for its support"),
    ),
    "Retries": (
        ("genscope.retry.attempts", "int", "attempts in all; absent when the first one was the last"),
        ("genscope.retry.kinds", "string[]", "error kind of each attempt that was retried"),
        ("genscope.retry.statuses", "int[]", "HTTP status of each; 0 where there was no HTTP answer"),
        ("genscope.retry.delays", "double[], s", "wait after each"),
        ("genscope.retry.backoff", "double, s", "sum of the waits"),
    ),
    "Retries and fallbacks of genscope, if the application has them": (
        (
            "genscope.retry.attempt",
            "int",
            "number of an attempt of `genscope.retry`, on its event or, with `spans`, on its span",
        ),
        ("genscope.retry.gave_up", "string", "why it gave up: `not_retryable`, `attempts`, `max_wait` or `deadline`"),
        ("genscope.retry.nested", "int", "attempts beneath it that the SDK repeated by itself"),
        ("genscope.fallback.model", "string", "model that answered; absent if none did"),
        ("genscope.fallback.models", "string[]", "models that were tried, in this order"),
        ("genscope.fallback.errors", "string[]", "error kind of each that did not answer"),
    ),
    "Cost": (
        ("genscope.cost.amount", "double", "what the call cost; absent if that is not known"),
        ("genscope.cost.currency", "string", "`USD`"),
        ("genscope.cost.source", "string", "`provider`, `user`, `embedded` or `genai-prices`: who says so"),
        ("genscope.cost.table_version", "string", "version of the table"),
    ),
    "Budget, if there is one": (
        ("genscope.budget.remaining", "double", "what the tightest limit of the call has left, in the unit"),
        ("genscope.budget.unit", "string", "`usd`, `tokens` or `requests`"),
        ("genscope.budget.limit", "string", "that limit, as it was declared"),
        ("genscope.budget.threshold", "int, %", "50, 80 or 100: how much of it is spent at least"),
    ),
    "Who it is for, if the application says so": (
        ("user.id genscope.tenant", "string", "as `genscope.context` says, or baggage that is let in"),
        ("genscope.tag.*", "string", "each of its tags, under its name"),
    ),
    "Workflows, agents and tools, if the application annotates them": (
        (
            "genscope.operation.name",
            "string",
            "`task`, `rerank`, `embedding`, `retry`, `attempt` or `fallback`: what the conventions do not name; "
            "`judge` or `evaluate`: of a judge, and on the calls that it makes",
        ),
        ("gen_ai.workflow.name gen_ai.agent.name gen_ai.tool.name", "string", "names, of a tool also its agent's"),
        ("gen_ai.agent.description gen_ai.tool.description gen_ai.tool.type", "string", "as the annotation says"),
        ("gen_ai.tool.call.id", "string", "id under which the model asked for the tool"),
        ("gen_ai.data_source.id gen_ai.retrieval.top_k", "string, int", "what a retrieval searches, and for how many"),
        ("genscope.documents", "int", "documents that a retrieval or a rerank returned"),
        ("genscope.agent.turns", "int", "inference calls of the agent itself, without those of agents that it calls"),
        (
            "genscope.subtree.llm_calls genscope.subtree.tool_calls genscope.subtree.failed_calls",
            "int",
            "calls under a workflow or an agent; absent if none has failed",
        ),
        ("genscope.subtree.input_tokens genscope.subtree.output_tokens", "int, tokens", "what these have used"),
        ("genscope.subtree.cost.amount genscope.subtree.cost.currency", "double, string", "what these have cost"),
        ("genscope.subtree.unpriced_calls", "int", "those among them whose cost is not known"),
    ),
    "Frameworks": (
        ("genscope.handoff.from genscope.handoff.to", "string", "agents: one has left the conversation to the other"),
        ("genscope.guardrail.triggered", "boolean", "whether a guardrail has found what it looks for"),
        ("genscope.interrupted", "boolean", "`true` where a graph waits for somebody's answer"),
        ("mcp.method.name", "string", "what a client asks an MCP server for, `tools/call`"),
        ("mcp.resource.uri", "string", "resource that it asks for"),
        ("mcp.session.id mcp.protocol.version", "string", "session of a client, and the protocol it speaks"),
        ("jsonrpc.request.id", "string", "id of the request"),
        ("rpc.response.status_code", "string", "code of a JSON-RPC error"),
        ("network.transport network.protocol.name", "string", "`pipe`, or `tcp` and `http`"),
    ),
    "Judges, on spans of their own": (
        ("gen_ai.evaluation.name", "string", "of the judge"),
        ("gen_ai.evaluation.score.value", "double", "from 0 to 1; absent if it came to none"),
        ("gen_ai.evaluation.score.label", "string", "`pass`, `fail`, `not_applicable`, or the judge's own"),
    ),
    "Content, if it is asked for": (
        ("gen_ai.tool.call.arguments gen_ai.tool.call.result", "string, JSON", "of an annotated tool"),
        ("gen_ai.retrieval.query.text", "string", "what an annotated retrieval was asked"),
        ("gen_ai.retrieval.documents", "string, JSON", "what it returned"),
        ("genscope.call.arguments genscope.call.result", "string, JSON", "of other annotated functions"),
        ("gen_ai.input.messages", "string, JSON", "messages of the request, oldest first"),
        ("gen_ai.output.messages", "string, JSON", "messages of the answer, one for each choice"),
        ("gen_ai.system_instructions", "string, JSON", "instructions that stand apart from the messages"),
        ("gen_ai.tool.definitions", "string, JSON", "tools that the model may call"),
        ("gen_ai.evaluation.explanation", "string", "why a judge came to its score, on its span"),
        ("genscope.content.hash", "string", "hash of instructions and input, if `content_hash` is set"),
        ("genscope.content.omitted_messages", "int", "messages that the linked span has, with `content_delta`"),
        (
            "gen_ai.input.messages_ref gen_ai.output.messages_ref gen_ai.system_instructions_ref "
            "gen_ai.tool.definitions_ref",
            "string",
            "where these are stored, with a completion hook",
        ),
    ),
    "Sampling": (
        (
            "genscope.sampling",
            "string",
            "why the sampler `genscope_keep_llm` kept it whatever the ratio: `route`, `baggage`, `llm`, or `late` for "
            "a span in a trace that is not kept",
        ),
    ),
    "Other instrumentations": (
        ("genscope.enriched", "boolean", "`true` on a span of another instrumentation that genscope completed"),
    ),
}

ELSEWHERE = {
    "gen_ai.token.type": "attribute of a metric",
    "gen_ai.token.modality": "attribute of a metric",
    "exception.type": "attribute of the span event `exception`",
    "exception.message": "attribute of the span event `exception`, with content",
    "exception.stacktrace": "attribute of the span event `exception`",
    "gen_ai.client.inference.operation.details": "log event",
    "gen_ai.client.operation.exception": "log event",
    "gen_ai.evaluation.result": "log event",
    "genscope.evaluation.drift": "log event",
    "genscope.evaluation.drift.before": "attribute of that",
    "genscope.evaluation.drift.now": "attribute of that",
    "genscope.evaluation.drift.samples": "attribute of that",
    "genscope.evaluation.drop_reason": "attribute of a metric",
    "genscope.budget.mode": "attribute of a metric",
    "genscope.budget.scope": "attribute of a metric",
    "genscope.budget.store": "attribute of a metric",
    "genscope.slo.objective": "attribute of a metric and of the log event of an alert",
    "genscope.slo.severity": "attribute of a metric and of the log event of an alert",
    "genscope.slo.drop_reason": "attribute of a metric",
    **{
        f"genscope.slo.{name}": "attribute of the log event of an alert"
        for name in ("state", "measure", "target", "value", "burn_rate", "samples", "cause")
    },
    "genscope.slo.alert": "log event",
    "llm.alert": "span, among names of old",
    "genscope.calls": "logger",
    "genscope.client.call": "log event",
    "genscope.duration": "field of the call log",
    "genscope.input.hash": "field of the call log",
    "genscope.input.length": "field of the call log",
    "genscope.input.excerpt": "field of the call log",
    "genscope.output.hash": "field of the call log",
    "genscope.output.length": "field of the call log",
    "genscope.output.excerpt": "field of the call log",
    "genscope.link.kind": "attribute of a link",
    "genscope.link.trace_id": "attribute of an event, or of another's span",
    "genscope.link.span_id": "attribute of an event, or of another's span",
    "genscope.keep": "name in the baggage",
}
"""Names that telemetry uses, though not as attributes of a span."""

MOMENTS = {
    "duration": "every call",
    "tokens": "every call whose answer says its usage; `gen_ai.token.type` is `input` or `output`",
    "time_to_first_chunk": "every stream",
    "time_per_output_chunk": "every chunk of a stream but the first, if `time_per_output_chunk` is set",
    "cost": "every call whose cost is known",
    "unpriced": "every call that used something whose price is not known",
    "attempts": "every HTTP attempt; `genscope.error.kind` on those that failed",
    "errors": "every call that failed, by `genscope.error.kind` and `genscope.error.retryable`",
    "defects": "every defect of an answer, by `genscope.response.defect`",
}

KIND_MEANINGS = {
    "rate_limit": "too many requests or tokens in a time; HTTP 429",
    "quota": "credit used up or a spend limit reached at the provider; HTTP 402, `insufficient_quota`",
    "timeout": "no answer in time; HTTP 408 and 504, timeouts of the client",
    "connection": "no connection, or it broke",
    "authentication": "key missing, wrong or expired; HTTP 401",
    "permission": "key valid, but not for this; HTTP 403",
    "model_not_found": "no such model or deployment, or no access to it",
    "context_length": "request too long for the model; HTTP 413, `context_length_exceeded`",
    "content_filter": "refused by the provider's content policy",
    "invalid_request": "the request itself is wrong; other HTTP 4xx; unlike the rest, 409 (a conflict) is retryable",
    "overloaded": "provider has no capacity now; HTTP 498, 503 and 529",
    "server_error": "provider failed; other HTTP 5xx",
    "cancelled": "task cancelled, `KeyboardInterrupt`, `SystemExit`; HTTP 499",
    "invalid_response": "the answer could not be decoded, parsed or validated",
    "budget_exceeded": "a stage refused the call with `BudgetExceeded`: it was not sent",
    "unknown": "an exception that says nothing we understand",
}

DEFECT_MEANINGS = {
    "empty": "no text, no call of a tool, no file",
    "truncated": "it ends where the limit of tokens was",
    "filtered": "the provider left it out, or part of it",
    "refused": "the model says that it will not answer",
    "invalid_json": "JSON was asked for, and it is none",
    "unknown_tool": "it calls a tool that it was not offered",
}

OUTCOMES = {
    "completed": "read to its end",
    "abandoned": "left by the caller: broken out of, closed, dropped, or never read; no error",
    "failed": "the connection broke, or the provider reported an error inside the stream; an error",
    "cancelled": "the task was cancelled or the program interrupted while it waited; an error",
}

METRIC_ATTRIBUTES = (
    "gen_ai.operation.name",
    "gen_ai.provider.name",
    "gen_ai.request.model",
    "gen_ai.response.model",
    "server.address",
    "server.port",
    "error.type",
    "gen_ai.token.type",
    "genscope.error.kind",
    "genscope.error.retryable",
    "genscope.response.defect",
)
"""No measurement has others."""


def emitted() -> set[str]:
    """Every name that telemetry or a feature puts on a span, an event or a measurement, read from its sources."""
    rooms = (ROOT / "src/genscope" / room for room in ("telemetry", "features", "annotate", "frameworks", "retrying"))
    sources = "".join(path.read_text(encoding="utf-8") for room in rooms for path in room.rglob("*.py"))
    constants = (getattr(semconv, name) for name in re.findall(r"\bsemconv\.([A-Z_]+)\b", sources))
    names = {value for value in constants if isinstance(value, str) and "." in value and "://" not in value}
    names |= {semconv.USER_ID, semconv.TENANT, f"{semconv.TAG}*", semconv.CONVERSATION_ID}
    return names | {*semconv.REQUEST.values(), *semconv.RESPONSE.values()} | {semconv.USAGE[f] for f in _read_usage()}


def _read_usage() -> set[str]:
    """The fields of `Usage` that some reader fills."""
    readers = "".join(path.read_text(encoding="utf-8") for path in Path(inspect.getfile(wire)).parent.glob("*.py"))
    return {f.name for f in fields(Usage) if re.search(rf"\b{f.name}\b", readers)}


def documented() -> set[str]:
    """Every attribute of a span that the table names."""
    return {name for rows in ATTRIBUTES.values() for names, _, _ in rows for name in names.split()}


def attributes() -> str:
    """Attributes of spans, by group."""
    _same("attributes", documented() | ELSEWHERE.keys(), emitted())
    rows: list[Sequence[str]] = []
    for group, members in ATTRIBUTES.items():
        rows.append((f"**{group}**", "", ""))
        rows += [(_codes(names.split()), type, meaning) for names, type, meaning in members]
    return _table(("Attribute", "Type, unit", "Meaning"), rows)


def metrics() -> str:
    """Instruments of the default flavour, then the counters."""
    counters = {
        "attempts": semconv.ATTEMPTS,
        "errors": semconv.ERRORS,
        "defects": semconv.DEFECTS,
        "cost": semconv.COST,
        "unpriced": semconv.UNPRICED,
    }
    return _instruments({**semconv.DEFAULT.metrics, **counters}, MOMENTS)


def _instruments(found: Mapping[str, semconv.Metric], moments: Mapping[str, str]) -> str:
    _same("metrics", moments.keys(), found.keys())
    rows: list[Sequence[str]] = []
    for meaning, metric in found.items():
        kind = "counter" if metric.buckets is None else f"histogram, {_buckets(metric.buckets)}"
        rows.append((f"`{metric.name}`", f"`{metric.unit}`", kind, moments[meaning]))
    return _table(("Metric", "Unit", "Instrument, buckets", "Measured for"), rows)


def _buckets(bounds: Sequence[float]) -> str:
    """`0.01, 0.02 ... 81.92`: conventions' buckets grow by a factor, which two and the last tell."""
    first, second, *_, last = (f"{bound:,g}" if bound < 1e5 else f"{bound:,.0f}" for bound in bounds)
    return f"{len(bounds)} bounds: {first}, {second} ... {last}"


def error_kinds() -> str:
    """Values of `genscope.error.kind`."""
    _same("error kinds", KIND_MEANINGS.keys(), KINDS)
    rows = [(f"`{kind}`", "yes" if kind in RETRYABLE else "no", KIND_MEANINGS[kind]) for kind in KINDS]
    return _table(("Kind", "Retryable", "Meaning"), rows)


def defects() -> str:
    """Values of `genscope.response.defect`."""
    _same("defects", DEFECT_MEANINGS.keys(), DEFECTS)
    return _table(("Defect", "Meaning"), [(f"`{defect}`", meaning) for defect, meaning in DEFECT_MEANINGS.items()])


def stream_outcomes() -> str:
    """Values of `genscope.stream.outcome`."""
    return _table(("Outcome", "Meaning"), [(f"`{outcome}`", meaning) for outcome, meaning in OUTCOMES.items()])


def options() -> str:
    """Settings: keyword, environment variable, default."""
    rows: list[Sequence[str]] = []
    for topic in settings.TOPICS:
        rows.append((f"**{topic.__doc__}**", "", "", ""))
        for option in fields(topic):
            default = _default(option.default_factory())
            rows.append((f"`{option.name}`", f"`{option.metadata['env']}`", default, option.metadata["help"]))
    return _table(("Keyword", "Environment variable", "Default", "Meaning"), rows)


def _default(value: object) -> str:
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    return "none" if not value else f"`{value}`"


def by_provider() -> dict[str, list[str]]:
    """Domains by provider, in the order of the source."""
    found: dict[str, list[str]] = {}
    for domain, provider in hosts.DOMAINS.items():
        found.setdefault(provider, []).append(domain)
    return found


def provider_hosts() -> str:
    """Domains, host names and ports by provider."""
    where = {provider: [f"`{domain}`" for domain in domains] for provider, domains in by_provider().items()}
    where["aws.bedrock"] = ["`bedrock*.amazonaws.com`", "`bedrock*.api.aws`"]
    where.setdefault("gcp.vertex_ai", []).append("`*-aiplatform.googleapis.com`")
    for label, provider in hosts.LABELS.items():
        where.setdefault(provider, []).append(f"host `{label}`")
    for port, provider in hosts.PORTS.items():
        where.setdefault(provider, []).append(f"port {port} of this machine")
    return _table(("Provider", "Where"), [(f"`{provider}`", ", ".join(found)) for provider, found in where.items()])


def provider_names() -> str:
    """All providers in one paragraph."""
    names = dict.fromkeys([*by_provider(), "aws.bedrock", *hosts.LABELS.values(), *hosts.PORTS.values()])
    return ", ".join(f"`{name}`" for name in names)


def coverage() -> str:
    """What is traced of each SDK, in which ways of calling."""
    ways = ("sync", "async", "stream", "raw")
    rows: list[Sequence[str]] = []
    for sdk in SDKS:
        found = {f"{route.method} {route.path}": route.reader.OPERATION for route in sdk.target.routes}
        said = {row.request: row for row in coverage_of(sdk.target.name).traced}
        _same(f"routes of {sdk.target.name}", said.keys(), found.keys())
        rows.append((f"**{_required(sdk)}**", *("",) * 6))
        for request, operation in found.items():
            row = said[request]
            names = _codes(row.methods.split()) + (f" ({row.former})" if row.former else "")
            streams = "yes" if row.streams else "\N{EN DASH}"
            rows.append((names, f"`{request}`", "yes", "yes", streams, "yes", f"`{operation}`"))
    return _table(("API", "Request", *ways, "Operation"), rows)


def not_traced() -> str:
    """What is not traced of each SDK, and why."""
    rows: list[Sequence[str]] = []
    for sdk in SDKS:
        rows.append((f"**{_required(sdk)}**", "", ""))
        for kind in coverage_of(sdk.target.name).untraced:
            where = _codes((*kind.requests, *kind.former)) or "no request"
            rows.append((kind.what, where, kind.why))
    return _table(("What", "Requests", "Why not"), rows)


def _required(sdk: Instrumentor) -> str:
    """`cerebras-cloud-sdk >= 1.0`: without the zeros that a requirement may end with."""
    return re.sub(r"(\.\d+?)(\.0)+$", r"\1", sdk.requires)


TABLES: dict[str, Callable[[], str]] = {
    "attributes": attributes,
    "coverage": coverage,
    "defects": defects,
    "error_kinds": error_kinds,
    "metrics": metrics,
    "not_traced": not_traced,
    "provider_hosts": provider_hosts,
    "provider_names": provider_names,
    "settings": options,
    "stream_outcomes": stream_outcomes,
}


def filled(page: str) -> str:
    """The page with its tables as the code has them now."""
    return _MARKED.sub(lambda found: f"{found[1]}{TABLES[found[2]]()}\n{found[3]}", page)


def _same(what: str, said: Iterable[str], real: Iterable[str]) -> None:
    said, real = set(said), set(real)
    if said != real:
        raise LookupError(f"{what}: said and not so {sorted(said - real)}, so and not said {sorted(real - said)}")


def _codes(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


# --- convention flavours

LATEST_MOMENTS = {
    "duration": "every call of `chat`, `generate_content` and `text_completion`",
    "other_duration": "every other call",
    "time_to_first_chunk": "every stream of these three operations",
    "time_per_output_chunk": "every chunk of such a stream but the first, if `time_per_output_chunk` is set",
    "input_tokens": "every call whose answer says it; by `gen_ai.token.modality`",
    "output_tokens": "the same",
    "cache_read_input_tokens": "the same; a part of the input",
    "cache_write_input_tokens": "the same; a part of the input",
    "reasoning_output_tokens": "the same; a part of the output",
    "input_tokens_of_call": "every call whose answer says it",
    "output_tokens_of_call": "the same",
}

LEGACY_MOMENTS = {
    "cost": "every call with a price in US dollars",
    "errors": "every call that failed; `error.type` and `genscope.error.kind` say how",
    "milliseconds": "every call",
    "time_to_first_token": "every stream, at its first content",
}

ANNOTATED_METRICS = {
    "workflow": semconv.WORKFLOW_DURATION,
    "agent": semconv.AGENT_DURATION,
    "inference_calls": semconv.AGENT_INFERENCE_CALLS,
    "agent_tool_calls": semconv.AGENT_TOOL_CALLS,
    "tool": semconv.TOOL_DURATION,
    "retrieval": semconv.LATEST.metrics["other_duration"],
}

ANNOTATED_MOMENTS = {
    "workflow": "every workflow",
    "agent": "every agent",
    "inference_calls": "every agent; its own calls, without those of agents that it calls",
    "agent_tool_calls": "the same",
    "tool": "every tool",
    "retrieval": "every retrieval",
}

QUALITY_METRICS = {
    "score": semconv.EVALUATION_SCORES,
    "result": semconv.EVALUATION_RESULTS,
    "drop": semconv.EVALUATION_DROPS,
    "drift": semconv.EVALUATION_DRIFTS,
}

QUALITY_MOMENTS = {
    "score": "every verdict with a score",
    "result": "every verdict; `gen_ai.evaluation.score.label`, or `error.type` of a judge that failed",
    "drop": "every answer that was to be judged and is not; `genscope.evaluation.drop_reason`",
    "drift": "every fall of the scores of a model and prompt",
}

LEGACY_MEANINGS = {
    "provider": "`gen_ai.provider.name`, where they differ with the older name: {providers}",
    "first_token_ms": "`genscope.time_to_first_token` in milliseconds",
    "duration_ms": "duration of the span in milliseconds",
    "cost": "cost of the call, if it has a price in US dollars",
    "input_tokens": "`gen_ai.usage.input_tokens`",
    "output_tokens": "`gen_ai.usage.output_tokens`",
    "cache_write_input_tokens": "`gen_ai.usage.cache_write.input_tokens`",
}


def legacy_attributes() -> str:
    """Attributes of spans under names of old."""
    _same("names of old", LEGACY_MEANINGS.keys(), semconv.LEGACY_ATTRIBUTES.keys())
    providers = _codes(semconv.LEGACY_PROVIDERS.values())
    rows = [
        (f"`{name}`", LEGACY_MEANINGS[meaning].format(providers=providers))
        for meaning, name in semconv.LEGACY_ATTRIBUTES.items()
    ]
    return _table(("Attribute", "The same as"), rows)


TABLES |= {
    "annotated_metrics": lambda: _instruments(ANNOTATED_METRICS, ANNOTATED_MOMENTS),
    "quality_metrics": lambda: _instruments(QUALITY_METRICS, QUALITY_MOMENTS),
    "latest_metrics": lambda: _instruments(semconv.LATEST.metrics, LATEST_MOMENTS),
    "legacy_attributes": legacy_attributes,
    "legacy_metrics": lambda: _instruments(semconv.LEGACY.metrics, LEGACY_MOMENTS),
}


# --- redaction

RULE_MEANINGS = {
    "private_key": "blocks of PEM, OpenSSH and PGP private keys, also without an end",
    "jwt": "JSON Web Tokens whose header decodes",
    "api_key": "keys known by how they begin: OpenAI (`sk-`), Anthropic, AWS, Google, GitHub, GitLab, Slack, "
    "Hugging Face, Groq, Stripe, npm, PyPI and some thirty more",
    "aws_secret": "40 characters of Base64 after a name with `secret`",
    "bearer": "what follows `Bearer` and `Basic`, unless it is a word",
    "url_password": "the password in a URL or DSN, also a long token in its place",
    "password": "the value of `password`, `passwd`, `pwd`, Passwort, パスワード, 密码 ...: in assignments, JSON, XML, "
    "command lines",
    "secret": "the value of `api_key`, `access_token`, `client_secret` and their like, if it looks random",
    "email": "e-mail addresses, internationalised ones too",
    "iban": "IBAN: the length of the country, and modulo 97",
    "card": "payment cards: ranges of the issuers, and the Luhn digit",
    "cn_id": "Chinese resident identity numbers: place, date, and check digit",
    "my_number": "Japanese My Number: check digit, and 4-4-4 or beside its name",
    "ssn": "US social security numbers: with dashes and in a valid range, or beside their name",
    "ipv4": "public IPv4 addresses; not versions",
    "ipv6": "public IPv6 addresses",
    "phone": "phone numbers: international, national ones of US, CN, JP, UK, DE, and what follows a word for a phone",
    "url_query": "query strings of URLs",
    "any_ipv4": "private and loopback addresses too",
    "any_ipv6": "the same",
    "long_number": "6 digits and more, also in groups; not ISO dates",
    "account": "`user@host` without a domain",
    "handle": "`@handles`",
    "random": "20 characters and more that look random",
}


def redaction_rules() -> str:
    """The embedded rules, those of `default` first."""
    _same("rules", RULE_MEANINGS.keys(), RULES.keys())
    default = {rule.name for rule in PRESETS["default"]}
    rows = [
        (f"`{name}`", "default" if name in default else "strict", meaning, f"`{RULES[name].label}`")
        for name, meaning in RULE_MEANINGS.items()
    ]
    return _table(("Rule", "Preset", "Finds", "Label"), rows)


def measures() -> str:
    """What objectives may be about."""
    targets = {"s": "`< 5s`, `< 800ms`", "1": "`< 1%`", "usd": "`< $200`", "x": "`< 2x`"}
    rows: list[Sequence[str]] = []
    for name, row in MEASURES.items():
        looked_at = row.form not in (SPIKE, READING)
        rows.append(
            (
                f"`{name}_p95`" if row.form == QUANTILE else f"`{name}`",
                row.help,
                "`> 99%`" if row.low else targets[row.unit],
                said_length(Length(row.window)) if looked_at else "",
                said_length(Length(row.after)),
            )
        )
    return _table(("Measure", "What it is", "Target, as an example", "Window", "After"), rows)


TABLES |= {"redaction_rules": redaction_rules, "measures": measures}


# --- the store


def _store_columns(columns: Sequence[Column]) -> str:
    rows = [(f"`{one.name}`", one.kind.sql, _codes(one.attributes), one.means) for one in columns]
    return _table(("Column", "Type", "Of the attribute", "Meaning"), rows)


TABLES |= {
    "store_spans": lambda: _store_columns(SPAN_COLUMNS),
    "store_logs": lambda: _store_columns(LOG_COLUMNS),
}


# --- alerts and dashboards


def alerts() -> str:
    """Alerts of both ways to Prometheus, with the thresholds that hold by default."""
    found = {alert.name: alert for via in VIAS for alert in Rules(Queries(via=via), Thresholds()).alerts()}
    rows: list[Sequence[str]] = []
    for layer in LAYERS:
        rows.append((f"**{layer.capitalize()}**", "", "", "", ""))
        rows += [
            (f"`{alert.name}`", alert.severity, alert.hold, alert.meaning, alert.needs)
            for alert in found.values()
            if alert.layer == layer
        ]
    return _table(("Alert", "Severity", "For", "Meaning", "Needs"), rows)


def shown() -> str:
    """The dashboards, and the titles of their rows."""
    rows = [
        (
            board.title.removeprefix("genscope: "),
            f"`{board.uid}`",
            board.description,
            ", ".join(r.title for r in board.rows),
        )
        for board in boards("default", "otlp", Thresholds())
    ]
    return _table(("Dashboard", "Address", "What it shows", "Rows"), rows)


TABLES |= {"alerts": alerts, "boards": shown}


if __name__ == "__main__":
    for path in PAGES:
        text = path.read_text(encoding="utf-8")
        if filled(text) != text:
            path.write_text(filled(text), encoding="utf-8")
            print(f"{path.relative_to(ROOT)} written")
