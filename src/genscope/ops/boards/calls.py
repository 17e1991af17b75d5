"""Boards of calls: the overview, latency, errors."""

from __future__ import annotations

from genscope import semconv
from genscope.ops.boards.board import RANGE, RATE, Board, Panel, Query, Row, of
from genscope.ops.queries import DEFECT, KIND, LIMIT, MODEL, OPERATION, PROVIDER, SCOPE, SERVICE, Queries, summed
from genscope.ops.thresholds import Thresholds


def overview(queries: Queries, t: Thresholds) -> Board:
    used = queries.budget(semconv.BUDGETS_USED, [SERVICE, LIMIT, SCOPE])
    by_model = [PROVIDER, MODEL]
    return Board(
        "genscope-overview",
        "genscope: overview",
        "Calls to language models: how many, how well, how fast, how dear.",
        (
            Row(
                "Now",
                (
                    Panel(
                        "Calls", "Calls to models a second, all operations.", "reqps",
                        (Query(queries.calls(RATE, [])),), "stat", width=4, height=5,
                    ),
                    Panel(
                        "Errors", "Part of the calls that fail, without those that were cancelled or refused by a "
                        "budget.",
                        "percentunit", (Query(queries.error_ratio(RATE, [])),), "stat",
                        (t.error_ratio / 2, t.error_ratio), width=4, height=5,
                    ),
                    Panel(
                        "95 % of calls within", "Duration of inference calls, retries included.", "s",
                        (Query(queries.duration(0.95, RATE, [])),), "stat", (t.latency_p50, t.latency_p95), width=4,
                        height=5,
                    ),
                    Panel(
                        "Cost", "US dollars in the time that is shown, of calls whose price is known.", "currencyUSD",
                        (Query(queries.cost(RANGE, [])),), "stat", width=4, height=5,
                    ),
                    Panel(
                        "Tokens", "Input and output tokens in the time that is shown.", "short",
                        (Query(queries.tokens(RANGE, [])),), "stat", width=4, height=5,
                    ),
                    Panel(
                        "Fullest budget", "How much of the budget that is nearest to its end is spent.", "percentunit",
                        (Query(f"max({used})"),), "stat", (t.budget_warning, 1.0), width=4, height=5,
                    ),
                ),
            ),
            Row(
                "Over time",
                (
                    Panel(
                        "Calls by model", "A second.", "reqps", (Query(queries.calls(RATE, by_model), of(MODEL)),),
                        stacked=True
                    ),
                    Panel(
                        "Errors by service", "Part of the calls that fail.", "percentunit",
                        (Query(queries.error_ratio(RATE, [SERVICE]), of(SERVICE)),), steps=(t.error_ratio,),
                    ),
                    Panel(
                        "Duration by model", "95 % of the calls end within.", "s",
                        (Query(queries.duration(0.95, RATE, by_model), of(MODEL)),), steps=(t.latency_p95,),
                    ),
                    Panel(
                        "Cost by model", "US dollars an hour.", "currencyUSD",
                        (Query(f"{queries.cost(RATE, by_model, 'rate')} * 3600", of(MODEL)),), stacked=True,
                    ),
                    Panel(
                        "Calls by operation", "A second: chat, embeddings ...", "reqps",
                        (Query(queries.calls(RATE, [OPERATION]), of(OPERATION)),), stacked=True,
                    ),
                    Panel(
                        "Processes", "That send metrics, by service.", "short",
                        (
                            Query(
                                f"count by ({SERVICE}) (count by ({SERVICE}, instance) "
                                f"({queries.series(semconv.ATTEMPTS, scoped=False)}))",
                                of(SERVICE),
                            ),
                        ),
                    ),
                ),
            ),
        ),
    )  # fmt: skip


def latency(queries: Queries, t: Thresholds) -> Board:
    by_model = [PROVIDER, MODEL]
    quantiles = tuple(Query(queries.duration(q, RATE, []), f"{q:.0%}") for q in (0.5, 0.95, 0.99))
    first = tuple(Query(queries.first_chunk(q, RATE, []), f"{q:.0%}") for q in (0.5, 0.95))
    chunk = "first content" if queries.flavour == "legacy" else "first chunk"
    return Board(
        "genscope-latency",
        "genscope: latency",
        "How long calls take, and how long a reader waits for the first words.",
        (
            Row(
                "Whole calls",
                (
                    Panel("Duration", "So many of the calls end within.", "s", quantiles, steps=(t.latency_p95,)),
                    Panel(
                        "Duration by model", "95 % of the calls end within.", "s",
                        (Query(queries.duration(0.95, RATE, by_model), of(MODEL)),), steps=(t.latency_p95,),
                    ),
                    Panel(
                        "Distribution", "Calls by duration.", "s", (Query(queries.durations(RATE), "{{le}}"),),
                        "heatmap",
                        width=24,
                    ),
                ),
            ),
            Row(
                "Streams",
                (
                    Panel(
                        f"To the {chunk}", "So many of the streams begin within.", "s", first,
                        steps=(t.first_chunk_p95,)
                    ),
                    Panel(
                        f"To the {chunk}, by model", "95 % of the streams begin within.", "s",
                        (Query(queries.first_chunk(0.95, RATE, by_model), of(MODEL)),), steps=(t.first_chunk_p95,),
                    ),
                    Panel(
                        "Streams by model", "In an hour.", "short",
                        (Query(queries.streams("1h", by_model), of(MODEL)),), stacked=True, width=24,
                    ),
                ),
            ),
        ),
    )  # fmt: skip


def errors(queries: Queries, t: Thresholds) -> Board:
    by_model = [PROVIDER, MODEL]
    attempts = summed(f"rate({queries.of_calls(semconv.ATTEMPTS)}[{RATE}])", [KIND])
    return Board(
        "genscope-errors",
        "genscope: errors and retries",
        "Calls that fail, attempts that were tried again, and answers that are none.",
        (
            Row(
                "Calls",
                (
                    Panel(
                        "Errors", "Part of the calls that fail after all retries.", "percentunit",
                        (Query(queries.error_ratio(RATE, [SERVICE]), of(SERVICE)),), steps=(t.error_ratio,),
                    ),
                    Panel(
                        "Errors by kind", "A second; README.md says what each kind means.", "reqps",
                        (Query(queries.failures(RATE, [KIND]), of(KIND)),), stacked=True,
                    ),
                    Panel(
                        "Errors by model", "A second.", "reqps", (Query(queries.failures(RATE, by_model), of(MODEL)),),
                        stacked=True,
                    ),
                    Panel(
                        "Errors in this time", "Calls that failed, by kind.", "short",
                        (Query(queries.failures(RANGE, [KIND], function="increase"), of(KIND)),), "bargauge",
                    ),
                ),
            ),
            Row(
                "Attempts",
                (
                    Panel(
                        "Attempts by how they end", "HTTP attempts a second; without a kind are those that succeed.",
                        "reqps",
                        (Query(attempts, of(KIND)),), stacked=True,
                    ),
                    Panel(
                        "Attempts that fail", "Part of the attempts, whatever became of the call.", "percentunit",
                        (
                            Query(queries.attempt_ratio(RATE, []), "all"),
                            Query(queries.attempt_ratio(RATE, [], f'{KIND}="rate_limit"'), "rate limit"),
                        ),
                        steps=(t.retry_ratio,),
                    ),
                ),
            ),
            Row(
                "Answers",
                (
                    Panel(
                        "Defects", "Answers a second that succeed with HTTP 200 and cannot be used.", "reqps",
                        (Query(queries.defects(RATE, [DEFECT]), of(DEFECT)),), stacked=True,
                    ),
                    Panel(
                        "Defective answers", "Part of the calls, by service.", "percentunit",
                        (
                            Query(
                                f"{queries.defects(RATE, [SERVICE])} / ({queries.calls(RATE, [SERVICE])} > 0)",
                                of(SERVICE)
                            ),
                        ),
                        steps=(t.defect_ratio,),
                    ),
                ),
            ),
        ),
    )  # fmt: skip
