"""Alerts on the tools that agents execute."""

from __future__ import annotations

from collections.abc import Iterator

from genscope import semconv
from genscope.ops.queries import ERROR_TYPE, SERVICE, TOOL
from genscope.ops.rule import Alert
from genscope.ops.samples import Samples


def tool_alerts(samples: Samples) -> Iterator[Alert]:
    queries, t = samples.queries, samples.thresholds
    tools, by = semconv.TOOL_DURATION, [SERVICE, TOOL]
    ran = queries.runs(tools, t.window, by)
    failed = queries.runs(tools, t.window, by, f'{ERROR_TYPE}!=""')
    enough = ran.replace("rate(", "increase(")
    limit, of_tool = t.tool_error_ratio, {TOOL: "search", "gen_ai_operation_name": "execute_tool"}
    yield Alert(
        name="LLMToolFailing",
        layer="application",
        severity="medium",
        topic="tools",
        expr=f"{failed} / {ran} > {limit:.12g} and {enough} >= {t.minimum_calls:.12g}",
        hold="5m",
        summary="{{ $value | humanizePercentage }} of the executions of {{ $labels.gen_ai_tool_name }} in "
        "{{ $labels.job }} fail",
        meaning="An agent goes on without what the tool was to find, or tries again and again: answers get worse and "
        "dearer.",
        looks="The dashboard genscope agents: since when; the spans `execute_tool` with `error.type`.",
        action="Mend what the tool calls. If the model calls it wrongly: say in its description what it wants.",
        fires=samples.example("5m", samples.failed(tools, samples.enough, of_tool)),
        quiet=(
            samples.example(
                "5m",
                samples.histogram(tools, samples.enough * (1 - limit * 0.8), 0.5, of_tool),
                samples.failed(tools, samples.enough * limit * 0.8, of_tool),
            ),
            samples.example("5m", samples.failed(tools, samples.few, of_tool)),
        ),
        needs="tools that are annotated, or a framework (docs/agents.md)",
    )
