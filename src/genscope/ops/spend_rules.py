"""Alerts on tokens, money and budgets."""

from __future__ import annotations

from collections.abc import Iterator

from genscope import semconv
from genscope.ops.queries import LIMIT, PROVIDER, SCOPE, SERVICE, events, summed
from genscope.ops.records import Records
from genscope.ops.rule import Alert, Severity
from genscope.ops.samples import CALL, Samples, grows, named
from genscope.semconv import Metric

_LOOKS = "The dashboard genscope cost: which model, since when, more calls or longer ones."
_ACTION = (
    "Find the caller: spans by `user.id`, `genscope.tenant` or workflow. An agent that goes round in circles: limit "
    "its turns. A limit that holds by itself is a budget (GENSCOPE_BUDGET)."
)
_OF_BUDGET = {SERVICE: "shop", LIMIT: "50 usd/day"}


def spend_alerts(records: Records, samples: Samples) -> Iterator[Alert]:
    yield from _tokens_and_cost(records, samples)
    yield from _daily_spend(records, samples)
    yield from _budgets(samples)


def _tokens_and_cost(records: Records, samples: Samples) -> Iterator[Alert]:
    t = samples.thresholds
    hour = samples.steps("1h")
    a_day = samples.after_a_day()
    for name, record, by_day, factor, least, what in (
        ("LLMTokensUnusual", records.tokens, samples.tokens_by_day, t.tokens_factor, t.tokens_minimum, "tokens"),
        ("LLMCostUnusual", records.cost, samples.cost_by_day, t.cost_factor, t.cost_minimum, "dollars"),
    ):
        usual = least * 2 / hour
        value = f"{{{{ $value | humanize }}}} {what}"
        yield Alert(
            name=name,
            layer="application",
            severity="medium",
            topic="spend",
            expr=f"{record.name} > {factor:.12g} * ({record.name} offset 1d > 0) and {record.name} >= {least:.12g}",
            hold="10m",
            summary=f"{{{{ $labels.job }}}} used {value} in an hour: over {factor:.12g} times as many as yesterday",
            meaning=f"The last hour used more than {factor:.12g} times the {what} of the same hour yesterday.",
            looks=_LOOKS,
            action=_ACTION + " More users, or the first working day of a week: nothing.",
            fires=samples.example("10m", by_day(usual, usual * factor * 1.5), after=a_day),
            quiet=(
                samples.example("10m", by_day(usual, usual * factor * 0.9), after=a_day),
                samples.example("10m", by_day(usual / 100 / factor, usual / 5), after=a_day),
            ),
        )
    usual = t.cost_minimum * 2 / hour
    yield Alert(
        name="LLMCostSpike",
        layer="application",
        severity="high",
        topic="spend",
        expr=f"{records.cost.name} > {t.cost_spike_factor:.12g} * avg_over_time({records.cost.name}[1d] offset 1h) and "
        f"{records.cost.name} >= {t.cost_minimum:.12g}",
        hold="5m",
        summary="{{ $labels.job }} has spent ${{ $value | humanize }} in an hour",
        meaning=f"The last hour cost more than {t.cost_spike_factor:.12g} times an average hour of the last day.",
        looks=_LOOKS,
        action=_ACTION,
        fires=samples.example(
            "5m", samples.cost_jump(usual, usual * t.cost_spike_factor * 3), after=samples.soon_today()
        ),
        quiet=(
            samples.example(
                "5m", samples.cost_jump(usual, usual * t.cost_spike_factor * 0.5), after=samples.soon_today()
            ),
        ),
    )


def _daily_spend(records: Records, samples: Samples) -> Iterator[Alert]:
    t = samples.thresholds
    cost = named(samples.queries.name(samples.queries.metric("cost")), CALL)
    steps = samples.steps("1h")
    parts: tuple[tuple[str, Severity, float, str], ...] = (
        ("LLMDailySpendNear", "medium", t.budget_warning, "has nearly spent"),
        ("LLMDailySpendOver", "high", 1.0, "has spent"),
    )
    for name, severity, part, verb in parts:
        limit = t.daily_spend * part
        dollars = grows(cost, limit * 1.1 / steps)
        yield Alert(
            name=name,
            layer="application",
            severity=severity,
            topic="spend",
            expr=f"{records.daily_cost.name} > {limit:.12g}",
            hold="5m",
            summary=f"{{{{ $labels.job }}}} {verb} what it may in a day: ${{{{ $value | humanize }}}}",
            meaning=f"In the last 24 hours the calls of the service cost over ${limit:.12g} of ${t.daily_spend:.12g} "
            "(--daily-spend).",
            looks=_LOOKS,
            action=_ACTION,
            fires=samples.example("5m", (dollars,), after=steps),
            quiet=(samples.example("5m", (grows(cost, limit * 0.5 / (steps * 2)),), after=steps),),
        )
    yield Alert(
        name="LLMCallsUnpriced",
        layer="application",
        severity="medium",
        topic="unpriced",
        expr=f"{samples.queries.unpriced('1h', [SERVICE, PROVIDER])} >= {t.minimum_calls:.12g}",
        hold="5m",
        summary="{{ $value | humanize }} calls of {{ $labels.job }} to {{ $labels.gen_ai_provider_name }} have no "
        "price",
        meaning="They cost something, and no metric, alert or budget of money counts it: the model has no price here.",
        looks="The log of the service names the models; `genscope prices check` finds them among spans.",
        action="Give them a price (GENSCOPE_PRICES), 0 for your own machines; or update genscope, which brings newer "
        "prices.",
        fires=samples.example("5m", samples.counter(semconv.UNPRICED, samples.enough)),
        quiet=(samples.example("5m", samples.counter(semconv.UNPRICED, t.minimum_calls / samples.steps("1h") / 2)),),
    )


def _budgets(samples: Samples) -> Iterator[Alert]:
    queries, t = samples.queries, samples.thresholds
    by = [SERVICE, LIMIT, SCOPE]
    used = queries.budget(semconv.BUDGETS_USED, by)
    of_limit = (
        "the limit {{ $labels.genscope_budget_limit }}{{ with $labels.genscope_budget_scope }} ({{ . }}){{ end }}"
    )
    parts: tuple[tuple[str, Severity, float, str], ...] = (
        ("LLMBudgetNearlySpent", "medium", t.budget_warning, "is nearly used up"),
        ("LLMBudgetSpent", "high", 1.0, "is used up"),
    )
    for name, severity, part, what in parts:
        yield Alert(
            name=name,
            layer="application",
            severity=severity,
            topic="budget",
            expr=f"{used} >= {part:.12g}",
            hold="2m",
            summary=f"{{{{ $labels.job }}}}: {of_limit} {what}",
            meaning=f"At least {part * 100:.12g} % of it are spent in its window. A limit that denies refuses calls "
            "from 100 % on, until the window ends.",
            looks=_LOOKS + " `genscope.budget.status()` in the service.",
            action="Raise the limit if the use is right. " + _ACTION,
            fires=samples.example("2m", samples.gauge(semconv.BUDGETS_USED, part * 1.02, _OF_BUDGET)),
            quiet=(samples.example("2m", samples.gauge(semconv.BUDGETS_USED, part * 0.98, _OF_BUDGET)),),
            needs="a budget (`GENSCOPE_BUDGET`)",
        )
    counted: tuple[tuple[str, Metric, Severity, str, str, str, str], ...] = (
        (
            "LLMCallsRefusedByBudget", semconv.BUDGET_REFUSALS, "high",
            "a budget has refused {{ $value | humanize }} calls",
            "A limit is used up, or what is left is less than a call may cost. The application got BudgetExceeded.",
            "LLMBudgetSpent; " + _LOOKS, "As for LLMBudgetSpent.",
        ),
        (
            "LLMBudgetUnpriced", semconv.BUDGET_UNPRICED, "medium",
            "{{ $value | humanize }} calls under a limit of money had no price",
            "The limit does not hold them: they count as nothing.",
            "As for LLMCallsUnpriced.", "As for LLMCallsUnpriced.",
        ),
        (
            "LLMBudgetStoreAway", semconv.BUDGET_UNSHARED, "high",
            "{{ $value | humanize }} calls were decided without the shared store of budgets",
            "The store is away: each process counts for itself until it is back, so that limits hold for each and "
            "not for all.",
            "The store (GENSCOPE_BUDGET_STORE): Redis, its host, its memory; the log of the service.",
            "Bring it back. What was counted meanwhile is then told to it.",
        ),
    )  # fmt: skip
    for name, metric, severity, summary, meaning, looks, action in counted:
        labels = {SERVICE: "shop"}
        counter = named(queries.name(metric), labels)
        yield Alert(
            name=name,
            layer="application",
            severity=severity,
            topic=name,
            expr=f"{summed(events(queries.series(metric, scoped=False), t.window), [SERVICE])} >= 1",
            hold="2m",
            summary=f"{{{{ $labels.job }}}}: {summary}",
            meaning=meaning,
            looks=looks,
            action=action,
            fires=samples.example("2m", (grows(counter, 3),)),
            quiet=(samples.example("2m", (grows(counter, 0),)),),
            needs="a budget (`GENSCOPE_BUDGET`)",
        )
