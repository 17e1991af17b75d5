"""The board of tokens and cost."""

from __future__ import annotations

from genscope import semconv
from genscope.ops.boards.board import RANGE, RATE, Board, Panel, Query, Row, of
from genscope.ops.queries import LIMIT, MODEL, PROVIDER, SCOPE, SERVICE, TOKEN_TYPE, Queries, events, summed
from genscope.ops.thresholds import Thresholds


def spend(queries: Queries, t: Thresholds) -> Board:
    by_model = [PROVIDER, MODEL]
    used = queries.budget(semconv.BUDGETS_USED, [SERVICE, LIMIT, SCOPE])
    left = queries.budget(semconv.BUDGETS_REMAINING, [SERVICE, LIMIT, SCOPE])
    refusals = queries.series(semconv.BUDGET_REFUSALS, scoped=False)
    calls = f"({queries.calls(RATE, by_model)} > 0)"
    parts: tuple[Panel, ...] = ()
    if "cache_read_input_tokens" in semconv.LATEST.metrics and queries.flavour == "gen_ai_latest_experimental":
        cached, asked, reasoning = (
            summed(f"rate({queries.of_calls(queries.metric(meaning))}[{RATE}])", [MODEL])
            for meaning in ("cache_read_input_tokens", "input_tokens", "reasoning_output_tokens")
        )
        parts = (
            Panel(
                "Input from a cache", "Part of the input tokens that the provider had in its cache, which is cheaper.",
                "percentunit", (Query(f"{cached} / ({asked} > 0)", of(MODEL)),),
            ),
            Panel(
                "Reasoning", "Output tokens a second that nobody reads.", "short", (Query(reasoning, of(MODEL)),),
                stacked=True
            ),
        )  # fmt: skip
    return Board(
        "genscope-cost",
        "genscope: tokens and cost",
        "What calls use and what that costs, and how much of the budgets is left.",
        (
            Row(
                "Money",
                (
                    Panel(
                        "Cost", "US dollars in the time that is shown.", "currencyUSD",
                        (Query(queries.cost(RANGE, [])),), "stat", width=6,
                    ),
                    Panel(
                        "Cost in 24 hours", "US dollars, against what is meant to be spent in a day.", "currencyUSD",
                        (Query(queries.cost("1d", [])),), "stat", (t.daily_spend * t.budget_warning, t.daily_spend),
                        width=6,
                    ),
                    Panel(
                        "Cost by model", "US dollars in the time that is shown.", "currencyUSD",
                        (Query(f"sort_desc({queries.cost(RANGE, by_model)})", of(MODEL)),), "bargauge",
                    ),
                    Panel(
                        "Cost by service", "US dollars an hour.", "currencyUSD",
                        (Query(f"{queries.cost(RATE, [SERVICE], 'rate')} * 3600", of(SERVICE)),), stacked=True,
                    ),
                    Panel(
                        "Cost of a call", "US dollars, on average.", "currencyUSD",
                        (Query(f"{queries.cost(RATE, by_model, 'rate')} / {calls}", of(MODEL)),),
                    ),
                    Panel(
                        "Calls without a price", "In an hour: their cost is in no other panel.", "short",
                        (Query(queries.unpriced("1h", by_model), of(MODEL)),), steps=(1,), width=24,
                    ),
                ),
            ),
            Row(
                "Tokens",
                (
                    Panel(
                        "Tokens", "A second.", "short", (Query(queries.tokens(RATE, [TOKEN_TYPE], "rate"),
                        of(TOKEN_TYPE)),),
                        stacked=True,
                    ),
                    Panel(
                        "Tokens by model", "In an hour.", "short", (Query(queries.tokens("1h", by_model), of(MODEL)),),
                        stacked=True,
                    ),
                    Panel(
                        "Tokens of a call", "On average.", "short",
                        (Query(f"{queries.tokens(RATE, by_model, 'rate')} / {calls}", of(MODEL)),),
                    ),
                    Panel(
                        "Against yesterday", "Tokens in an hour, and in the same hour a day before.", "short",
                        (
                            Query(queries.tokens("1h", []), "today"),
                            Query(queries.tokens("1h", []).replace("[1h]", "[1h] offset 1d"), "yesterday"),
                        ),
                    ),
                    *parts,
                ),
            ),
            Row(
                "Budgets",
                (
                    Panel(
                        "Used", "Part of each limit that is spent in its window.", "percentunit",
                        (Query(used, of(LIMIT, SCOPE)),), "bargauge", (t.budget_warning, 1.0),
                    ),
                    Panel(
                        "Left", "In the unit of the limit: US dollars, tokens or requests.", "short",
                        (Query(left, of(LIMIT, SCOPE)),),
                    ),
                    Panel(
                        "Refused calls", "In an hour, by limit.", "short",
                        (Query(summed(events(refusals, "1h"), [SERVICE, LIMIT]), of(LIMIT)),), steps=(1,), width=24,
                    ),
                ),
            ),
        ),
    )  # fmt: skip
