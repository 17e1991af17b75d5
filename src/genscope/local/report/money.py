"""What the same tokens would have cost: without a cache, with more of it, with another model.

Tokens are added up by model and by what decides the price of a request, its size and the time of day; so sums cost
exactly what their calls would cost. Only list prices are known here. What was paid is what the calls say.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from genscope.core.operation import Operation, Usage
from genscope.features.cost.arithmetic import billed, cost_of
from genscope.features.cost.prices import PER_DOLLAR, Price, Rates
from genscope.local.report.figures import Cached, Instead
from genscope.local.store.reporting import CallRow

USD: Final = "USD"
_HALF_HOUR: Final = 1800 * 10**9
_WEEK: Final = 7 * 48

PriceOf = Callable[[str | None, str | None, str | None], Price | None]
"""The list price of a model by provider, model and model as answered; None if nobody knows."""


class Model(NamedTuple):
    provider: str | None
    model: str | None
    response_model: str | None


class Bracket(NamedTuple):
    """Calls with the same price for a token."""

    model: Model
    size: int
    """Which of the limits of `Spent.above` the input is over."""
    time: int
    """The half hour of the week in which it ended, where a price goes by that."""


@dataclass(slots=True)
class Tokens:
    calls: int = 0
    input: int = 0
    output: int = 0
    read: int = 0
    write: int = 0
    reasoning: int = 0
    paid: float = 0.0
    """In the currency of the report."""
    paid_usd: float = 0.0
    size: int = 0
    ended_ns: int = 0
    """Size and end of one of these calls, which has the price of all."""


@dataclass(slots=True)
class Spent:
    """Tokens of calls that say what they cost."""

    above: tuple[int, ...] = ()
    """Numbers of input tokens above which a price is another, in order."""
    by_time: bool = False
    tokens: dict[Bracket, Tokens] = field(default_factory=dict[Bracket, Tokens])

    @classmethod
    def by(cls, prices: Iterable[Price | None]) -> Spent:
        known = [price for price in prices if price is not None]
        above = sorted({limit for price in known for limit, _ in price.steps})
        return cls(tuple(above), any(price.windows for price in known))

    def add(self, row: CallRow, rates: Mapping[str, float]) -> None:
        """Calls in other currencies than `rates` has are left out, and those of which no tokens are known."""
        rate = rates.get(row.currency or "")
        if row.cost is None or rate is None or (row.input_tokens is None and row.output_tokens is None):
            return
        size, ended = _tokens(row.input_tokens), row.start_ns + row.duration_ns
        bracket = Bracket(
            Model(row.provider, row.model, row.response_model),
            bisect_left(self.above, size) if self.above else 0,
            ended // _HALF_HOUR % _WEEK if self.by_time else 0,
        )
        found = self.tokens.get(bracket)
        if found is None:
            found = self.tokens[bracket] = Tokens(size=size, ended_ns=ended)
        found.calls += 1
        found.input += size
        read = min(_tokens(row.cache_read_tokens), size)
        found.output += _tokens(row.output_tokens)
        found.read += read
        found.write += min(_tokens(row.cache_write_tokens), size - read)
        found.reasoning += _tokens(row.reasoning_tokens)
        found.paid += row.cost * rate
        if row.currency == USD:
            found.paid_usd += row.cost


def _tokens(said: int | None) -> int:
    """Spans may come from anybody: fewer than none are none."""
    return max(said or 0, 0)


def cached(spent: Spent, price_of: PriceOf, rate: float) -> list[Cached]:
    """By model, the largest saving first. `rate` is what a US dollar is in the currency of the report."""
    found: list[Cached] = []
    for (provider, model), brackets in _by_model(spent).items():
        if not any(tokens.read or tokens.write for _, tokens in brackets):
            continue
        savings = [_saved(tokens, price_of(*bracket.model)) for bracket, tokens in brackets]
        known = [one for one in savings if one is not None]
        found.append(
            Cached(
                key=model,
                provider=provider,
                input_tokens=sum(tokens.input for _, tokens in brackets),
                read_tokens=sum(tokens.read for _, tokens in brackets),
                write_tokens=sum(tokens.write for _, tokens in brackets),
                saved=sum(known) * rate if known else None,
            )
        )
    return sorted(found, key=lambda one: (-(one.saved or 0), -one.read_tokens, one.key or ""))


def more_cached(spent: Spent, price_of: PriceOf, part: float, rate: float) -> float:
    """What it would save if this part of each model's input came from the cache, where it is less now."""
    saving = 0.0
    for brackets in _by_model(spent).values():
        whole = sum(tokens.input for _, tokens in brackets)
        read = sum(tokens.read for _, tokens in brackets)
        more = part - read / whole if whole else 0.0
        for bracket, tokens in brackets if more > 0 else ():
            price = price_of(*bracket.model)
            rates = None if price is None else _rates(tokens, price)
            if rates is not None and rates.input is not None and rates.cache_read is not None:
                fresh = max(tokens.input - tokens.read, 0)
                full = min(tokens.input * more, fresh)
                saving += full * max(rates.input - rates.cache_read, 0) * _discount(tokens, price)
    return saving / PER_DOLLAR * rate


def instead(spent: Spent, other: Model, price: Price, of: tuple[str | None, str | None], rate: float) -> Instead | None:
    """Another model for one that is in use; None where its price does not cover what was used, or nothing was."""
    brackets = _by_model(spent).get(of)
    if not brackets:
        return None
    amounts = [_amount(tokens, price, cached=False) for _, tokens in brackets]
    known = [one for one in amounts if one is not None]
    if len(known) < len(amounts) or other.provider is None or other.model is None:
        return None
    cost, there = sum(tokens.paid for _, tokens in brackets), sum(known) / PER_DOLLAR * rate
    calls = sum(tokens.calls for _, tokens in brackets)
    return Instead(*of, other.provider, other.model, calls, cost, there, cost - there, None, None, False)


def _by_model(spent: Spent) -> dict[tuple[str | None, str | None], list[tuple[Bracket, Tokens]]]:
    found: dict[tuple[str | None, str | None], list[tuple[Bracket, Tokens]]] = {}
    for bracket, tokens in spent.tokens.items():
        found.setdefault((bracket.model.provider, bracket.model.model), []).append((bracket, tokens))
    return found


def _rates(tokens: Tokens, price: Price) -> Rates:
    return price.rates(tokens.size, tokens.ended_ns)


def _saved(tokens: Tokens, price: Price | None) -> float | None:
    rates = None if price is None else _rates(tokens, price)
    if rates is None or rates.input is None or rates.cache_read is None or rates.cache_write is None:
        return None
    saved = tokens.read * (rates.input - rates.cache_read) - tokens.write * (rates.cache_write - rates.input)
    return saved / PER_DOLLAR * _discount(tokens, price)


def _discount(tokens: Tokens, price: Price | None) -> float:
    """What part of the list price was paid, where a service tier made it cheaper: savings are cheaper by as much."""
    listed = None if price is None else _amount(tokens, price, cached=True)
    if not listed or not tokens.paid_usd:
        return 1.0
    return min(1.0, tokens.paid_usd * PER_DOLLAR / listed)


def _amount(tokens: Tokens, price: Price, *, cached: bool) -> int | None:
    """At list price, in 10^-15 USD. Another model has nothing in its cache yet."""
    op = Operation("", "", None, None, False)
    usage = op.usage = Usage()
    usage.input_tokens, usage.output_tokens = tokens.input, tokens.output
    usage.reasoning_output_tokens = tokens.reasoning
    if cached:
        usage.cache_read_input_tokens, usage.cache_write_input_tokens = tokens.read, tokens.write
    rates = _rates(tokens, price)
    amounts = [cost_of(number, getattr(rates, kind)) for kind, number in billed(op, False)]
    known = [one for one in amounts if one is not None]
    return sum(known) if len(known) == len(amounts) else None
