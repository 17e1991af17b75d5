"""Figures of the local store."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import islice
from sqlite3 import Connection
from typing import Final

from genscope.features.cost.prices import Price
from genscope.local.report import money, saying
from genscope.local.report.asked import Asked
from genscope.local.report.figures import (
    ErrorKind,
    Figures,
    Instead,
    Judge,
    MoreCached,
    RepeatedPrompt,
    Repeats,
    Retries,
    SlowTrace,
    Span,
)
from genscope.local.report.period import SECOND, Period, iso
from genscope.local.report.projecting import project
from genscope.local.report.spent import bars, extent, spent
from genscope.local.report.summing import STOPPED, Sums, largest
from genscope.local.store import reporting
from genscope.local.store.columns import CALLS, JUDGING
from genscope.local.store.reading import Reader
from genscope.local.store.reporting import Scope

_TRACES: Final = 5
_BARS: Final = 24
_LARGEST_TRACE: Final = 5000
"""Spans; a larger one is left out, for its picture would tell nothing."""
_PAIRS: Final = 10
DAY: Final = 86_400


def read(reader: Reader, asked: Asked, price_of: money.PriceOf) -> Figures:
    """Raises `StoreError`."""
    with reader.moment() as db:
        return _read(reader, db, asked, price_of)


def _read(reader: Reader, db: Connection, asked: Asked, price_of: money.PriceOf) -> Figures:
    rates, usd = asked.money(), asked.money().get(money.USD)
    scope = _scope(asked, asked.period)
    tokens = money.Spent.by(price_of(*model) for model in _models(db, scope))
    sums = Sums(asked.period, rates).add(reporting.call_rows(db, scope), tokens)
    before = None
    if asked.compared is not None:
        before = Sums(asked.compared, rates).add(reporting.call_rows(db, _scope(asked, asked.compared)))
    first = db.execute("SELECT min(start_ns) FROM spans").fetchone()[0]
    now = sums.whole.total()
    repeats, judges = _repeats(db, asked, scope), _judges(db, asked)
    figures = Figures(
        title=asked.title,
        source=reader.path.name,
        service=asked.service,
        currency=asked.currency,
        made=iso(asked.made_ns),
        period=_span(asked.period),
        compared=_span(asked.compared) if asked.compared else None,
        step=asked.period.step_ns / SECOND,
        now=now,
        before=before.whole.total() if before is not None and before.whole.calls else None,
        whole=first is not None and first <= (asked.compared or asked.period).since_ns,
        trend=sums.trend(),
        models=largest(sums.models, asked.top),
        models_before={name: one.cost for (_, name), one in before.models.items() if name and one.priced}
        if before is not None
        else {},
        users=largest(sums.users, asked.top),
        workflows=largest(sums.workflows, asked.top),
        services=largest(sums.services, asked.top),
        errors=_errors(sums, before),
        retries=Retries(
            sums.whole.retried,
            sums.whole.retries,
            reporting.waited(db, scope) if sums.whole.retries else 0.0,
            sums.whole.failed_cost if sums.whole.priced else None,
        ),
        repeats=repeats,
        judges=judges,
        slowest=[*islice(_slowest(reader, db, scope, rates), _TRACES)],
        judging=sums.judging.total() if sums.judging.calls else None,
        notices=saying.notices(asked, sums, before, first),
        missing=saying.missing(asked, sums, repeats, judges),
    )
    return _with_savings(figures, asked, tokens, price_of, usd, first, reporting.judged_models(db, scope))


def _with_savings(
    figures: Figures,
    asked: Asked,
    tokens: money.Spent,
    price_of: money.PriceOf,
    usd: float | None,
    first: int | None,
    scores: Mapping[tuple[str | None, str | None], tuple[int, float]],
) -> Figures:
    """What depends on prices; where a dollar's worth in the report's currency is not known nothing is made up."""
    cached, instead, more = None, None, None
    if usd is not None:
        cached = money.cached(tokens, price_of, usd)
        instead = [*_instead(asked, tokens, price_of, usd, scores)]
        if asked.cache_rate is not None:
            more = MoreCached(asked.cache_rate, money.more_cached(tokens, price_of, asked.cache_rate, usd))
    savings: list[tuple[str, float]] = []
    if figures.repeats is not None and figures.repeats.avoidable > 0:
        savings.append(("answers to repeated prompts kept and used again", figures.repeats.avoidable))
    if more is not None:
        savings.append((f"{more.rate:.0%} of the input from the provider's cache", more.saving))
    wanted = [one for one in instead or () if one.asked_for]
    savings += [(f"{one.other_model} instead of {one.model}", one.saving) for one in wanted]
    begin = asked.period.since_ns if first is None else max(asked.period.since_ns, first)
    days = (min(asked.period.until_ns, max(asked.made_ns, begin)) - begin) / SECOND / DAY
    projection = project(
        figures.now,
        days,
        savings,
        investment=asked.investment,
        spend=asked.spend,
        assumed=saying.assumed(asked),
    )
    missing = dict(figures.missing)
    if projection is None:
        missing["projection"] = saying.no_projection(figures.now, days)
    if usd is None:
        reason = f"prices are in US dollars: say what one is worth, --currency {asked.currency}=RATE"
        missing |= dict.fromkeys(("cached", "instead", "more_cached"), reason)
    return replace(figures, cached=cached, instead=instead, more_cached=more, projection=projection, missing=missing)


def _scope(asked: Asked, period: Period) -> Scope:
    return Scope(period.since_ns, period.until_ns, asked.service)


def _span(period: Period) -> Span:
    return Span(iso(period.since_ns), iso(period.until_ns))


def _models(db: Connection, scope: Scope) -> Iterator[money.Model]:
    for row in reporting.models(db, scope):
        yield money.Model(*row)


def _errors(sums: Sums, before: Sums | None) -> list[ErrorKind]:
    """Those first that occurred most; also what does not occur any more."""
    kinds = {*sums.kinds, *(before.kinds if before is not None else ())}
    known = before is not None and before.whole.calls > 0
    found = [
        ErrorKind(kind, sums.kinds[kind], before.kinds[kind] if known and before else None, kind in STOPPED)
        for kind in kinds
    ]
    return sorted(found, key=lambda one: (-one.calls, -(one.before or 0), one.kind))


def _judges(db: Connection, asked: Asked) -> list[Judge]:
    period = asked.period
    pieces: dict[str, dict[int, reporting.Judged]] = {}
    for one in reporting.judged(db, _scope(asked, period), period.step_ns):
        pieces.setdefault(one.evaluation, {})[one.piece] = one
    earlier: dict[str, float | None] = {}
    if asked.compared is not None:
        length = asked.compared.until_ns - asked.compared.since_ns
        for one in reporting.judged(db, _scope(asked, asked.compared), length):
            earlier[one.evaluation] = _mean([one])
    return [
        Judge(
            name=name,
            verdicts=sum(one.verdicts for one in found.values()),
            mean=_mean(found.values()),
            before=earlier.get(name),
            trend=[_mean([found[number]]) if number in found else None for number in range(period.pieces)],
        )
        for name, found in pieces.items()
    ]


def _mean(judged: Iterable[reporting.Judged]) -> float | None:
    found = [*judged]
    scored = sum(one.scored for one in found)
    return sum(one.total for one in found) / scored if scored else None


def _repeats(db: Connection, asked: Asked, scope: Scope) -> Repeats | None:
    known = reporting.hashed(db, scope)
    if not known:
        return None
    rates = asked.money()
    sums = reporting.repeated_sums(db, scope)
    worst = [
        RepeatedPrompt(
            content_hash=one.content_hash,
            provider=one.provider,
            model=one.model,
            calls=one.calls,
            cost=one.cost * rates.get(one.currency or "", 0.0),
            avoidable=one.avoidable * rates.get(one.currency or "", 0.0),
            first=iso(one.first_ns),
            last=iso(one.last_ns),
            trace_id=one.trace_id,
        )
        for one in reporting.repeated(db, scope, asked.top)
    ]
    return Repeats(
        known=known,
        prompts=sum(one.prompts for one in sums),
        calls=sum(one.calls for one in sums),
        avoidable=sum(one.avoidable * rates.get(one.currency or "", 0.0) for one in sums),
        worst=worst,
    )


def _slowest(reader: Reader, db: Connection, scope: Scope, rates: Mapping[str, float]) -> Iterator[SlowTrace]:
    for trace_id in reporting.slowest(db, scope):
        whole = reader.trace(trace_id)
        spans = [one.span for one in whole.spans] if whole is not None else []
        if not 0 < len(spans) <= _LARGEST_TRACE:
            continue
        calls = [one for one in spans if one.operation in CALLS and one.purpose != JUDGING]
        costs = [one.cost * rates[one.currency or ""] for one in calls if one.cost and (one.currency or "") in rates]
        start, end = extent(spans)
        root = next((one for one in spans if one.parent_id is None), spans[0])
        drawn = bars(spans, _BARS)
        yield SlowTrace(
            trace_id=trace_id,
            name=root.name,
            service=root.service,
            start=iso(start),
            duration=(end - start) / SECOND,
            calls=len(calls),
            errors=sum(one.error_kind is not None or one.status == "error" for one in calls),
            cost=sum(costs) if costs else None,
            spent=spent(spans),
            bars=drawn,
            left_out=len(spans) - len(drawn),
        )


def _instead(
    asked: Asked,
    tokens: money.Spent,
    price_of: money.PriceOf,
    usd: float,
    scores: Mapping[tuple[str | None, str | None], tuple[int, float]],
) -> Iterator[Instead]:
    """The pairs that options name; then what is in use already and would be cheaper, the largest saving first."""
    used = {(one.model.provider, one.model.model): one.model for one in tokens.tokens}

    def pair(of: tuple[str | None, str | None], other: money.Model, price: Price | None) -> Instead | None:
        found = None if price is None else money.instead(tokens, other, price, of, usd)
        if found is None:
            return None
        score, other_score = (scores.get(key, (0, None))[1] for key in (of, (other.provider, other.model)))
        return replace(found, score=score, other_score=other_score)

    named: list[Instead] = []
    for swap in asked.swaps:
        for of in used:
            if of[1] == swap.model:
                other, price = _other(of[0], swap.other_provider, swap.other, price_of)
                found = pair(of, other, price)
                if found is not None:
                    named.append(replace(found, asked_for=True))
    yield from named
    known = {(one.provider, one.model) for one in named}
    pairs: Sequence[Instead | None] = [
        pair(of, other, price_of(*other)) for of in used if of not in known for key, other in used.items() if key != of
    ]
    cheaper = [one for one in pairs if one is not None and one.saving > 0]
    yield from sorted(cheaper, key=lambda one: -one.saving)[:_PAIRS]


def _other(
    own: str | None, provider: str | None, name: str, price_of: money.PriceOf
) -> tuple[money.Model, Price | None]:
    """A name may have a slash itself, as those of some providers do."""
    if provider is not None:
        found = price_of(provider, name, None)
        if found is not None:
            return money.Model(provider, name, None), found
        name = f"{provider}/{name}"
    return money.Model(own, name, None), price_of(own, name, None)
