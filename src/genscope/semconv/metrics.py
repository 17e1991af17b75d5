"""Names of metrics, their buckets, and the flavours of the conventions."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Final

DURATION_BUCKETS: Final = (0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92)
TOKEN_BUCKETS: Final = tuple(4**n for n in range(14))

INFERENCE: Final = frozenset({"chat", "generate_content", "text_completion"})
"""Operations that the conventions call inference; the others have names of their own for some metrics."""

TOKEN_MODALITIES: Final = ("text", "image", "audio")
UNKNOWN_MODALITY: Final = "unknown"


@dataclass(frozen=True, slots=True)
class Metric:
    """A metric of one flavour: a histogram with the boundaries that the conventions advise, or without any a counter.

    `inference` limits it to the operations in `INFERENCE` (true) or to all others (false). `gauge`: it is none of both.
    """

    name: str
    unit: str
    description: str
    buckets: tuple[float, ...] | None = None
    inference: bool | None = None
    gauge: bool = False

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

# The unit differs from limit to limit, and an attribute says it. To Prometheus braces are no unit, and 1 is a ratio.
BUDGETS_REMAINING: Final = Metric(
    "genscope.budget.remaining", "{budget}", "What a limit has left in its window.", gauge=True
)
BUDGETS_USED: Final = Metric("genscope.budget.used", "1", "Part of a limit that is spent in its window.", gauge=True)
BUDGET_REFUSALS: Final = Metric("genscope.budget.refusals", "{call}", "Calls that were refused by a limit.")
BUDGET_CROSSINGS: Final = Metric("genscope.budget.thresholds", "{threshold}", "Thresholds that were reached.")
BUDGET_UNPRICED: Final = Metric("genscope.budget.unpriced", "{call}", "Calls without a price under a limit of money.")
BUDGET_UNSHARED: Final = Metric("genscope.budget.unshared", "{call}", "Calls decided while the shared store was away.")
BUDGET_STORE_FAILURES: Final = Metric("genscope.budget.store.failures", "{failure}", "How often the store went away.")

SLO_STATES: Final = Metric(
    "genscope.slo.state", "1", "Whether an objective holds: 0 ok, 1 pending, 2 firing.", gauge=True
)
SLO_BURN_RATES: Final = Metric(
    "genscope.slo.burn_rate", "1", "How many times what an objective allows is used up.", gauge=True
)
SLO_ALERTS: Final = Metric("genscope.slo.alerts", "{alert}", "How often it was told that an objective is breached.")
SLO_OVERFLOWS: Final = Metric("genscope.slo.overflows", "{call}", "Calls whose scope is one of too many: `_other`.")
SLO_DROPS: Final = Metric("genscope.slo.dropped", "{drop}", "Calls not counted and alerts not delivered, by reason.")

WORKFLOW_DURATION: Final = Metric(
    "gen_ai.invoke_workflow.duration",
    "s",
    "Duration of a workflow.",
    (1, 5, 10, 30, 60, 120, 300, 600, 1800, 3600, 7200),
)
AGENT_DURATION: Final = Metric(
    "gen_ai.invoke_agent.duration", "s", "Duration of an agent's invocation.", tuple(0.1 * 2**n for n in range(13))
)
AGENT_INFERENCE_CALLS: Final = Metric(
    "gen_ai.invoke_agent.inference_calls",
    "{inference_call}",
    "Inference calls that an agent made in one invocation.",
    tuple(2**n for n in range(8)),
)
AGENT_TOOL_CALLS: Final = Metric(
    "gen_ai.invoke_agent.tool_calls",
    "{tool_call}",
    "Tools that an agent executed in one invocation.",
    tuple(2**n for n in range(8)),
)
TOOL_DURATION: Final = Metric("gen_ai.execute_tool.duration", "s", "Duration of a tool's execution.", DURATION_BUCKETS)

_MCP_BUCKETS: Final = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 60, 120, 300)
MCP_CLIENT_DURATION: Final = Metric(
    "mcp.client.operation.duration", "s", "Duration of an MCP request, as its sender sees it.", _MCP_BUCKETS
)
MCP_SERVER_DURATION: Final = Metric(
    "mcp.server.operation.duration", "s", "Duration of an MCP request, as its receiver sees it.", _MCP_BUCKETS
)

EVALUATION_SCORES: Final = Metric(
    "genscope.evaluation.score", "1", "Scores of answers, from 0 to 1.", tuple(n / 10 for n in range(11))
)
EVALUATION_RESULTS: Final = Metric("genscope.evaluation.results", "{verdict}", "Verdicts, by label or error.")
"""Counter."""
EVALUATION_DROPS: Final = Metric("genscope.evaluation.dropped", "{answer}", "Answers left unjudged, by reason.")
"""Counter."""

EVALUATION_DRIFTS: Final = Metric("genscope.evaluation.drifts", "{drift}", "How often scores have fallen.")
"""Counter."""
EVALUATION_BASELINE: Final = Metric(
    "genscope.evaluation.baseline", "1", "Mean of the scores that is usual.", gauge=True
)

ATTEMPTS: Final = Metric("genscope.client.attempts", "{attempt}", "HTTP attempts, retries included, by how they ended.")
"""Counter; an attempt that failed carries `genscope.error.kind`."""
ERRORS: Final = Metric("genscope.client.errors", "{error}", "Calls that failed, by kind.")
"""Counter."""
DEFECTS: Final = Metric("genscope.client.defects", "{defect}", "What was wrong with answers of calls that succeeded.")
"""Counter."""
# The unit in braces is none to Prometheus: genscope_client_cost_total.
COST: Final = Metric("genscope.client.cost", "{USD}", "Cost of calls in US dollars.")
"""Counter, no histogram: costs are added up, and that of a single call is on its span."""
UNPRICED: Final = Metric("genscope.client.unpriced", "{call}", "Calls that used what no price is known for.")
"""Counter."""


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
