"""Figures of a Prometheus that has the metrics of genscope. What only traces tell is said to be missing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from genscope import semconv
from genscope.local.report import saying
from genscope.local.report.asked import Asked
from genscope.local.report.asking import JUDGE, USER, Asking, Key
from genscope.local.report.figures import ErrorKind, Figures, Judge, Piece, Retries, Span, Total
from genscope.local.report.money import USD
from genscope.local.report.numerals import of
from genscope.local.report.period import SECOND, iso
from genscope.local.report.projecting import project
from genscope.local.report.prometheus import Prometheus
from genscope.local.report.summing import STOPPED
from genscope.ops.queries import A_FAULT, MODEL, PROVIDER, SERVICE, Queries, summed

_LOOKED_BACK: Final = "10m"
_SOON: Final = 600 * SECOND
"""After a period has begun there is something of it, if it is whole."""
_DAY: Final = 86_400

_PER_CALL: Final = "Prometheus has sums and no calls; the local store does, --store"
_MISSING: Final = {
    "workflows": "metrics of calls do not say in which workflow; the local store does, --store",
    "cached": "metrics do not say what came from a cache; the local store does, --store",
    **dict.fromkeys(("more_cached", "instead", "repeats", "slowest"), _PER_CALL),
}
_NOUSER: Final = "metrics do not say for whom; GENSCOPE_METRIC_TAGS=user_id has them say it"
_NO_VERDICT: Final = "no answer was judged; GENSCOPE_JUDGE_SAMPLE_RATIO has some of them judged"
_APPROXIMATE: Final = (
    "From Prometheus: counts are worked out between what was fetched, what a process did before it was first fetched "
    "is not in them, and percentiles lie somewhere in the bucket of a histogram."
)
_FIRST: Final = "First chunk, half within"


def read(server: Prometheus, asked: Asked, flavour: str) -> Figures:
    """Raises `PrometheusError`."""
    where = () if asked.service is None else (f'{SERVICE}="{_quoted(asked.service)}"',)
    queries, rate = Queries(flavour, where=where), asked.money().get(USD)
    now = Asking(server, queries, asked.period, rate)
    earlier = None if asked.compared is None else Asking(server, queries, asked.compared, rate)
    total, before = now.total(), earlier.total() if earlier is not None else None
    if before is not None and before.calls < 0.5:
        before = None
    kinds, kinds_before = now.kinds(), earlier.kinds() if earlier is not None and before is not None else None
    models = now.totals(MODEL, PROVIDER)
    users = now.totals(USER)
    judges = _judges(now, earlier)
    attempts = now.one(queries.attempts(now.window, [], function="increase"))
    begins = asked.compared if asked.compared is not None else asked.period
    soon = begins.since_ns + min(_SOON, (begins.until_ns - begins.since_ns) // 10)
    there = bool(server.now(queries.calls(_LOOKED_BACK, []), soon))
    days = asked.period.seconds / _DAY
    projection = project(total, days, (), investment=asked.investment, spend=asked.spend, assumed=saying.assumed(asked))
    missing = dict(_MISSING) | ({"first_token": _FIRST} if flavour != "legacy" else {})
    if {one.key for one in users} <= {None}:
        missing["users"] = _NOUSER
    if not judges:
        missing["judges"] = _NO_VERDICT
    if projection is None:
        missing["projection"] = saying.no_projection(total, days)
    return Figures(
        title=asked.title,
        source=server.url,
        service=asked.service,
        currency=asked.currency,
        made=iso(asked.made_ns),
        period=Span(iso(asked.period.since_ns), iso(asked.period.until_ns)),
        compared=Span(iso(asked.compared.since_ns), iso(asked.compared.until_ns)) if asked.compared else None,
        step=asked.period.step_ns / SECOND,
        now=total,
        before=before,
        whole=there,
        trend=_trend(now),
        models=models[: asked.top],
        models_before=_costs_before(earlier) if before is not None and earlier is not None else {},
        users=users[: asked.top] if "users" not in missing else None,
        services=now.totals(SERVICE)[: asked.top],
        errors=_errors(kinds, kinds_before),
        retries=None if attempts is None else Retries(None, max(attempts - total.calls, 0.0), None, None),
        judges=judges,
        projection=projection,
        notices=_notices(asked, total, before, there),
        missing=missing,
    )


def _notices(asked: Asked, total: Total, before: Total | None, there: bool) -> list[str]:
    if total.calls < 0.5:
        where = f" of the service {asked.service}" if asked.service else ""
        return [
            f"There is no call{where} in this period in Prometheus. Is it the right one, and the right --flavour? "
            "Names of metrics depend on OTEL_SEMCONV_STABILITY_OPT_IN."
        ]
    found = [_APPROXIMATE]
    if asked.compared is not None and before is None:
        found.append("There is no call in the period before, so nothing is compared.")
    elif asked.compared is not None and not there:
        found.append("Prometheus has nothing of when the period before begins: sums are not compared.")
    if asked.period.until_ns > asked.made_ns:
        found.append("The period has not ended yet.")
    if total.unpriced is not None and total.unpriced >= 0.5:
        found.append(f"The cost of {of(total.unpriced, 'call')} is not known and in no sum of costs.")
    if asked.money().get(USD) is None:
        found.append(f"Costs are in US dollars: say what one is worth, --currency {asked.currency}=RATE.")
    return found


def _trend(now: Asking) -> list[Piece]:
    queries, period = now.queries, now.period
    calls = now.along(queries.calls("WINDOW", [], "increase")).get(())
    failed = now.along(queries.failures("WINDOW", [], A_FAULT, function="increase")).get(())
    cost = now.along(queries.cost("WINDOW", [])).get(()) if now.rate is not None else None
    p50, p95 = (now.along(queries.duration(part, "WINDOW", [])).get(()) for part in (0.5, 0.95))
    nothing: list[float | None] = [None] * period.pieces
    return [
        Piece(
            start=iso(period.since_ns + at * period.step_ns),
            calls=(calls or nothing)[at] or 0.0,
            failed=(failed or nothing)[at] or 0.0,
            cost=None if (spent := (cost or nothing)[at]) is None or now.rate is None else spent * now.rate,
            p50=(p50 or nothing)[at],
            p95=(p95 or nothing)[at],
        )
        for at in range(period.pieces)
    ]


def _judges(now: Asking, earlier: Asking | None) -> list[Judge]:
    counts = now.queries.series(semconv.EVALUATION_SCORES, suffix="_count", scoped=False)
    verdicts = now.by(summed(f"increase({counts}[{now.window}])", [JUDGE]), [JUDGE])
    means = now.by(now.mean_scores(now.window), [JUDGE])
    before: Mapping[Key, float] = {} if earlier is None else earlier.by(earlier.mean_scores(earlier.window), [JUDGE])
    trends = now.along(now.mean_scores("WINDOW"), [JUDGE])
    nothing: list[float | None] = [None] * now.period.pieces
    return [
        Judge(key[0], number, means.get(key), before.get(key), trends.get(key, nothing))
        for key, number in sorted(verdicts.items())
        if number >= 0.5
    ]


def _errors(kinds: Mapping[str, float], before: Mapping[str, float] | None) -> list[ErrorKind]:
    names = {*kinds, *(before or ())}
    found = [
        ErrorKind(kind, kinds.get(kind, 0.0), None if before is None else before.get(kind, 0.0), kind in STOPPED)
        for kind in names
    ]
    return sorted(found, key=lambda one: (-one.calls, -(one.before or 0), one.kind))


def _costs_before(earlier: Asking) -> dict[str, float]:
    return {model: cost for (model,), cost in earlier.cost(MODEL).items() if model}


def _quoted(label: str) -> str:
    return label.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
