"""Alerts on calls that fail: in all, by kind, and against an objective."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from genscope.ops.queries import DEFECT, KIND, PROVIDER, SERVICE
from genscope.ops.records import Records
from genscope.ops.rule import Alert, Severity
from genscope.ops.samples import Samples

_LOOKS = (
    "The dashboard genscope errors: which kinds, which model, since when; the spans with this `genscope.error.kind`."
)


@dataclass(frozen=True)
class _Kinds:
    """Errors that have one cause and one remedy. `limit` names the threshold, `of` what it is a part of."""

    alert: str
    kinds: tuple[str, ...]
    severity: Severity
    limit: str
    of: str
    what: str
    meaning: str
    action: str


BY_KIND = (
    _Kinds(
        "LLMRateLimited", ("rate_limit",), "high", "rate_limited_ratio", "attempts",
        "refuses {{ $value | humanizePercentage }} of the requests for their number",
        "The provider's limit of requests or tokens a minute is reached. Retries hide it for a while, and make calls "
        "slow.",
        "Ask the provider for a higher limit, spread the load over keys or regions, send fewer or smaller requests, "
        "put what is not urgent into batches. Let SDKs wait as long as the provider says (`genscope.retry` does).",
    ),
    _Kinds(
        "LLMProviderUnavailable", ("overloaded", "server_error", "connection", "timeout"), "high", "unavailable_ratio",
        "attempts",
        "does not answer {{ $value | humanizePercentage }} of the requests",
        "The provider is overloaded or broken, or the way to it is.",
        "The provider's status page. Another model or provider until it is over (`genscope.fallback`). If no other "
        "service sees it: proxy, DNS and firewall of this one, and its timeouts.",
    ),
    _Kinds(
        "LLMCredentialsRefused", ("authentication", "permission"), "critical", "error_ratio", "calls",
        "refuses the credentials of {{ $value | humanizePercentage }} of the calls",
        "A key is missing, wrong, expired or may not do this. It does not heal by itself.",
        "Renew the key where the service gets it from, and restart what read it at its start. Was one rotated or a "
        "project closed?",
    ),
    _Kinds(
        "LLMQuotaExhausted", ("quota",), "critical", "error_ratio", "calls",
        "has no credit left for {{ $value | humanizePercentage }} of the calls",
        "The account's credit or its monthly limit at the provider is used up.",
        "Pay, or raise the limit. Then find who spent it: the dashboard genscope cost.",
    ),
    _Kinds(
        "LLMModelNotFound", ("model_not_found",), "high", "error_ratio", "calls",
        "does not know the model of {{ $value | humanizePercentage }} of the calls",
        "A model or deployment was retired or renamed, or the account has no access to it.",
        "Put another model into the configuration; the provider's page of deprecations says which.",
    ),
    _Kinds(
        "LLMContextTooLong", ("context_length",), "medium", "error_ratio", "calls",
        "refuses {{ $value | humanizePercentage }} of the calls as too long",
        "Prompts are longer than the model takes: a conversation that only grows, or documents without a limit.",
        "Cut or sum up what is old, retrieve fewer documents, or use a model with a larger window.",
    ),
    _Kinds(
        "LLMContentFiltered", ("content_filter",), "medium", "error_ratio", "calls",
        "refuses {{ $value | humanizePercentage }} of the calls for their content",
        "The provider's content policy refuses requests: users try something, or the prompt reads as if they did.",
        "Look at who sends them. Reword the prompt, or ask the provider for another filter.",
    ),
    _Kinds(
        "LLMRequestsInvalid", ("invalid_request", "invalid_response", "unknown"), "high", "error_ratio", "calls",
        "and the service do not understand each other in {{ $value | humanizePercentage }} of the calls",
        "Requests are wrong, or answers are not what the SDK expects: most likely since a release, of the service, "
        "the SDK or the API.",
        "What was deployed when it began? The provider's message is on the span. Roll back or mend.",
    ),
)  # fmt: skip


def error_alerts(records: Records, samples: Samples) -> Iterator[Alert]:
    queries, thresholds = samples.queries, samples.thresholds
    window, limit = thresholds.window, thresholds.error_ratio
    enough = f"sum by ({SERVICE}) ({records.calls.name}) >= {thresholds.minimum_calls:.12g}"
    yield Alert(
        name="LLMErrorRatioHigh",
        layer="application",
        severity="critical",
        topic="errors",
        expr=f"{records.error_ratio(window).name} > {limit:.12g} and {enough}",
        hold="2m",
        summary="{{ $value | humanizePercentage }} of the LLM calls of {{ $labels.job }} fail",
        meaning=f"More than {limit * 100:.4g} % of all calls end in an error, after all retries. Cancelled calls and "
        "those that a budget refused are not among them.",
        looks=_LOOKS,
        action="By the kind that dominates: the alert on that kind says what to do.",
        fires=samples.example("2m", samples.failed_calls(samples.enough, _over(limit))),
        quiet=(
            samples.example("2m", samples.failed_calls(samples.enough, limit * 0.8)),
            samples.example("2m", samples.failed_calls(samples.few, 1)),
            samples.example("2m", samples.failed_calls(samples.enough, 1, "cancelled")),
        ),
    )
    for row in BY_KIND:
        limit, kinds = getattr(thresholds, row.limit), "|".join(row.kinds)
        by = (SERVICE, PROVIDER)
        of = queries.attempts if row.of == "attempts" else queries.calls
        matcher = f'{KIND}=~"{kinds}"'
        failed = (queries.attempts if row.of == "attempts" else queries.failures)(window, by, matcher)
        made = samples.failed_attempts if row.of == "attempts" else samples.failed_calls
        kind = row.kinds[0]
        yield Alert(
            name=row.alert,
            layer="application",
            severity=row.severity,
            topic="errors",
            expr=f"{failed} / {of(window, by)} > {limit:.12g} and {of(window, by, function='increase')} >= "
            f"{thresholds.minimum_calls:.12g}",
            hold="3m",
            summary=f"{{{{ $labels.gen_ai_provider_name }}}} {row.what} ({{{{ $labels.job }}}})",
            meaning=row.meaning,
            looks=_LOOKS,
            action=row.action,
            fires=samples.example("3m", made(samples.enough, _over(limit), kind)),
            quiet=(
                samples.example("3m", made(samples.enough, limit * 0.8, kind)),
                samples.example("3m", made(samples.few, 1, kind)),
            ),
        )
    limit = thresholds.retry_ratio
    yield Alert(
        name="LLMRetriesHigh",
        layer="application",
        severity="medium",
        topic="errors",
        expr=f"{queries.attempt_ratio(window, [SERVICE])} > {limit:.12g} and "
        f"{queries.attempts(window, [SERVICE], function='increase')} >= {thresholds.minimum_calls:.12g}",
        hold="5m",
        summary="{{ $value | humanizePercentage }} of the HTTP attempts of {{ $labels.job }} fail",
        meaning="Calls may still succeed, by their retries: what you see is slower calls, and soon errors.",
        looks=_LOOKS + " `genscope.retry.*` on the spans: how often, why, how long was waited.",
        action="By the kind: as the alert on that kind says. More retries make an overload worse.",
        fires=samples.example("5m", samples.failed_attempts(samples.enough, _over(limit), "server_error")),
        quiet=(
            samples.example("5m", samples.failed_attempts(samples.enough, limit * 0.8, "server_error")),
            samples.example("5m", samples.failed_attempts(samples.few, 1, "server_error")),
            samples.example("5m", samples.failed_attempts(samples.enough, 1, "budget_exceeded")),
        ),
    )
    limit, unusable = thresholds.defect_ratio, f'{DEFECT}!="refused"'
    yield Alert(
        name="LLMAnswersDefective",
        layer="application",
        severity="medium",
        topic="answers",
        expr=f"{queries.defects(window, [SERVICE], unusable)} / {queries.calls(window, [SERVICE])} > {limit:.12g} and "
        f"{enough}",
        hold="5m",
        summary="{{ $value | humanizePercentage }} of the answers to {{ $labels.job }} cannot be used",
        meaning="Calls succeed with HTTP 200 and their answers are empty, cut off, filtered, no JSON though JSON was "
        "asked for, or call a tool that was not offered.",
        looks="The dashboard genscope errors: which defect, which model; the spans with `genscope.response.defect`.",
        action="Cut off: raise max_tokens, or ask for less. No JSON: ask for a schema. Unknown tool: fewer tools, "
        "plainer names. All at once and after no release of yours: the model was changed; pin its version.",
        fires=samples.example(
            "5m", samples.calls(samples.enough), samples.defects(samples.enough * _over(limit), "empty")
        ),
        quiet=(
            samples.example(
                "5m", samples.calls(samples.enough), samples.defects(samples.enough * limit * 0.8, "truncated")
            ),
            samples.example("5m", samples.calls(samples.few), samples.defects(samples.few, "empty")),
        ),
    )


def _over(limit: float) -> float:
    """A part of 1 that is over a limit which is one."""
    return (1 + limit) / 2
