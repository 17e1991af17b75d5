"""The board of agents and tools: workflows, what agents do in a run, tools, MCP."""

from __future__ import annotations

from genscope import semconv
from genscope.ops.boards.board import RATE, Board, Panel, Query, Row, of
from genscope.ops.prometheus_names import label_name
from genscope.ops.queries import AGENT, ERROR_TYPE, TOOL, WORKFLOW, Queries
from genscope.ops.thresholds import Thresholds

_METHOD = label_name(semconv.MCP_METHOD)


def agents(queries: Queries, t: Thresholds) -> Board:
    failing = f'{ERROR_TYPE}!=""'

    def p95(metric: semconv.Metric, label: str) -> tuple[Query, ...]:
        return (Query(queries.seconds(metric, 0.95, RATE, [label]), of(label)),)

    def runs(metric: semconv.Metric, label: str) -> tuple[Query, ...]:
        return (Query(queries.runs(metric, RATE, [label]), of(label)),)

    tools = semconv.TOOL_DURATION
    failed = f"{queries.runs(tools, RATE, [TOOL], failing)} / ({queries.runs(tools, RATE, [TOOL])} > 0)"
    return Board(
        "genscope-agents",
        "genscope: agents and tools",
        "What is annotated, or comes from a framework. Model and provider are not chosen here: these have none.",
        (
            Row(
                "Workflows and agents",
                (
                    Panel("Workflows", "95 % end within.", "s", p95(semconv.WORKFLOW_DURATION, WORKFLOW)),
                    Panel("Runs of workflows", "A second.", "reqps", runs(semconv.WORKFLOW_DURATION, WORKFLOW)),
                    Panel("Agents", "95 % of their runs end within.", "s", p95(semconv.AGENT_DURATION, AGENT)),
                    Panel("Runs of agents", "A second.", "reqps", runs(semconv.AGENT_DURATION, AGENT)),
                    Panel(
                        "Model calls in a run", "On average. What rises goes round in circles.", "short",
                        (Query(queries.average(semconv.AGENT_INFERENCE_CALLS, RATE, [AGENT]), of(AGENT)),),
                    ),
                    Panel(
                        "Tools in a run", "On average.", "short",
                        (Query(queries.average(semconv.AGENT_TOOL_CALLS, RATE, [AGENT]), of(AGENT)),),
                    ),
                ),
            ),
            Row(
                "Tools",
                (
                    Panel("Tools", "95 % of their executions end within.", "s", p95(tools, TOOL)),
                    Panel("Executions", "A second.", "reqps", runs(tools, TOOL)),
                    Panel(
                        "Failing tools", "Part of the executions.", "percentunit", (Query(failed, of(TOOL)),),
                        steps=(t.tool_error_ratio,), width=24,
                    ),
                ),
            ),
            Row(
                "MCP",
                (
                    Panel("Requests to servers", "95 % are answered within.", "s", p95(semconv.MCP_CLIENT_DURATION,
                        _METHOD)),
                    Panel("Requests of clients", "95 % are answered within.", "s", p95(semconv.MCP_SERVER_DURATION,
                        _METHOD)),
                ),
            ),
        ),
    )  # fmt: skip
