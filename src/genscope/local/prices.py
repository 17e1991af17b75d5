"""`genscope prices`: what a model costs, what a usage would cost, and which models have no price."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, fields
from typing import Any, Final, cast

from genscope import semconv
from genscope.core.operation import Cost, Operation, Usage
from genscope.features.cost.arithmetic import billed, cost_of, rates_for
from genscope.features.cost.prices import PER_DOLLAR, TOKENS, Price, Said
from genscope.features.cost.stage import Pricing, Source
from genscope.features.cost.table import embedded

_SHORT: Final = {
    "azure": "azure.ai.openai",
    "azure_ai": "azure.ai.inference",
    "bedrock": "aws.bedrock",
    "fireworks": "fireworks_ai",
    "gemini": "gcp.gemini",
    "google": "gcp.gemini",
    "mistral": "mistral_ai",
    "moonshot": "moonshot_ai",
    "together": "together_ai",
    "vertex": "gcp.vertex_ai",
    "vertex_ai": "gcp.vertex_ai",
    "voyage": "voyageai",
    "watsonx": "ibm.watsonx.ai",
    "xai": "x_ai",
    "zai": "z_ai",
}
"""What people call a provider."""

_SERVED: Final = ("service_tier", "speed", "inference_geo")
_COUNTED: Final = (
    *("cache_write_1h_input_tokens", "web_search_requests", "audio_seconds", "input_characters", "search_units"),
    "images",
)
USAGE_KEYS: Final = (*(field.name for field in fields(Usage)), *_COUNTED, *_SERVED)
"""What `cost` takes as usage. The totals `input_tokens` and `output_tokens` include the rest."""


@dataclass(frozen=True, slots=True)
class Shown:
    """A price. `said` has USD for a million tokens and, as `per_...`, for one of something else."""

    provider: str
    model: str
    source: str
    table_version: str | None
    origin: str | None
    """Of the embedded table: whose data these are."""
    said: Said


@dataclass(frozen=True, slots=True)
class BillLine:
    """A kind of tokens or units, how many there were, USD for a million tokens or one unit, USD for all of them."""

    kind: str
    number: float
    price: float
    amount: float


@dataclass(frozen=True, slots=True)
class Bill:
    """What a usage costs: `amount` in USD, and how it comes about; another source than tables has no lines."""

    provider: str
    model: str
    cost: Cost
    lines: tuple[BillLine, ...]


@dataclass(frozen=True, slots=True)
class Seen:
    """A model as calls name it."""

    provider: str | None
    response_model: str | None
    model: str | None
    has_cost: bool = False
    """Whether the call says what it cost."""


@dataclass(frozen=True, slots=True)
class Checked:
    """A model that was seen, how often, and whose price it has: `provider/model` in a table, or None."""

    provider: str | None
    model: str
    calls: int
    price: str | None
    source: str | None


def show(model: str, provider: str | None = None, own: Any = None) -> list[Shown]:
    """The prices of a model: at one provider, or at all that have it. `own` are the user's prices.

    Raises `ValueError` for a provider that nobody has prices of, and for prices of the user's that cannot be read.
    """
    pricing, table = Pricing(own), embedded()
    found: dict[tuple[str, str, str], Shown] = {}
    for name in _providers(provider, own):
        priced = pricing.find(_operation(name, model))
        if priced is not None:
            origin = f"{table.source}; {table.attribution}" if priced.source == "embedded" else None
            where = _ANY if priced.source == "user" and provider is None else priced.provider
            shown = Shown(where, priced.model, priced.source, priced.version, origin, priced.said)
            found.setdefault((where, priced.model, priced.source), shown)
    return list(found.values())


def cost(
    model: str, usage: Mapping[str, Any], provider: str | None = None, own: Any = None, source: Source = "embedded"
) -> Bill | None:
    """What a usage (`USAGE_KEYS`) costs now; None if no price is known.

    Without a provider the model must have one price, wherever it is; else `ValueError`, as for a usage that cannot be
    read.
    """
    pricing = Pricing(own, source)
    pricing.wait(30.0)
    providers = dict.fromkeys(shown.provider for shown in show(model, None, own)) if provider is None else [provider]
    used = [_used(_provider(name, own), model, usage) for name in providers]
    bills = [bill for op in used if (bill := _bill(pricing, op)) is not None]
    if len({bill.cost.amount for bill in bills}) > 1:
        names = ", ".join(bill.provider for bill in bills)
        raise ValueError(f"{model} has another price at each of these providers, say which one: {names}")
    return bills[0] if bills else None


def list_prices(own: Any = None) -> Callable[[str | None, str | None, str | None], Price | None]:
    """What finds the list price by provider, model and model as answered; None for what nobody knows.

    Raises `ValueError` for prices of the user's that cannot be read.
    """
    pricing = Pricing(own)

    def price_of(provider: str | None, model: str | None, response_model: str | None) -> Price | None:
        if provider is None:
            return None
        op = _operation(provider, model)
        op.response_model = response_model
        found = pricing.find(op)
        return None if found is None else found.price

    return price_of


def check(seen: Iterable[Seen], own: Any = None) -> list[Checked]:
    """Which models have a price, those without one first. A model without a provider is looked for at all of them."""
    pricing = Pricing(own)
    calls: Counter[tuple[str | None, str]] = Counter()
    prices: dict[tuple[str | None, str], tuple[str, str] | None] = {}
    for one in seen:
        key = one.provider, one.response_model or one.model or ""
        if not key[1]:
            continue
        calls[key] += 1
        if one.has_cost:
            prices[key] = prices.get(key) or (f"{one.provider}/{key[1]}", "call")
        elif prices.get(key) is None:
            prices[key] = _price_of(pricing, one)
    checked = [Checked(*key, number, *(prices[key] or (None, None))) for key, number in calls.items()]
    return sorted(checked, key=lambda one: (one.price is not None, -one.calls, one.provider or "", one.model))


def read_seen(text: str) -> Iterator[Seen]:
    """The models that a text tells of: spans as OTLP JSON or as the console exporter prints them, one or many.

    Else lines with a model, or with a provider and a model.
    """
    decoder, at = json.JSONDecoder(), 0
    while at < len(text):
        line = text[at:].split("\n", 1)[0]
        if line.strip()[:1] in ("{", "["):
            start = at + len(line) - len(line.lstrip())
            try:
                value, at = decoder.raw_decode(text, start)
            except ValueError:
                raise ValueError(f"no JSON from character {start} on") from None
            yield from _spans(value)
            continue
        at += len(line) + 1
        words = line.strip(", \t\r").split()
        if len(words) == 1:
            yield Seen(None, None, words[0])
        elif len(words) == 2:
            yield Seen(_SHORT.get(words[0], words[0]), None, words[1])
        elif words:
            raise ValueError(f"{line.strip()!r} is neither a model nor a provider and a model")


def _spans(value: Any) -> Iterator[Seen]:
    """Whatever has attributes that name a model."""
    inside = [value]
    while inside:
        one = inside.pop()
        if isinstance(one, list):
            inside.extend(reversed(cast("list[Any]", one)))
        elif isinstance(one, dict):
            members = cast("dict[str, Any]", one)
            attributes = _attributes(members.get("attributes"))
            names = [attributes.get(name) for name in (semconv.RESPONSE_MODEL, semconv.REQUEST_MODEL)]
            if any(names):
                provider = attributes.get(semconv.PROVIDER_NAME)
                yield Seen(provider, names[0], names[1], semconv.COST_AMOUNT in attributes)
            else:
                inside.extend(reversed(members.values()))


def _attributes(value: Any) -> Mapping[str, Any]:
    if isinstance(value, list):  # OTLP
        pairs = [cast("Any", pair) for pair in cast("list[Any]", value) if isinstance(pair, dict)]
        return {pair.get("key"): next(iter((pair.get("value") or {"": None}).values())) for pair in pairs}
    return cast("Mapping[str, Any]", value) if isinstance(value, dict) else {}


def _price_of(pricing: Pricing, seen: Seen) -> tuple[str, str] | None:
    for provider in _providers(None) if seen.provider is None else (seen.provider,):
        op = _operation(provider, seen.model)
        op.response_model = seen.response_model
        found = pricing.find(op)
        if found is not None:
            return f"{found.provider}/{found.model}", found.source
    return None


def _bill(pricing: Pricing, op: Operation) -> Bill | None:
    cost = pricing.cost(op)
    if cost is None:
        return None
    found = pricing.find(op)
    if found is None or found.source != cost.source:
        return Bill(op.provider, op.model or "", cost, ())
    rates = rates_for(op, found.price)
    lines = [
        BillLine(kind, number, rate * (10**6 if kind in TOKENS else 1) / PER_DOLLAR, total / PER_DOLLAR)
        for kind, number in billed(op, rates.per_image is not None)
        if number and (rate := getattr(rates, kind)) is not None and (total := cost_of(number, rate)) is not None
    ]
    return Bill(found.provider, found.model, cost, tuple(lines))


def _used(provider: str, model: str, usage: Mapping[str, Any]) -> Operation:
    unknown = [key for key in usage if key not in USAGE_KEYS]
    if unknown:
        raise ValueError(f"a usage has no {', '.join(unknown)}; it has {', '.join(USAGE_KEYS)}")
    op = _operation(provider, model)
    for key, value in usage.items():
        if key in _SERVED:
            if not isinstance(value, str):
                raise ValueError(f"{key}: a text")
            op.response[key] = value
            continue
        whole = isinstance(value, int) and not isinstance(value, bool)
        if not (whole or (isinstance(value, float) and key == "audio_seconds")) or not 0 <= value < 2**63:
            raise ValueError(f"{key}: a whole number, 0 or more")
        if key == "images":
            op.request |= {"output_type": "image", "choice_count": value}
        elif key in _COUNTED:
            op.response[key] = value
        else:
            op.usage = op.usage or Usage()
            setattr(op.usage, key, value)
    return op


def _operation(provider: str, model: str | None) -> Operation:
    op = Operation("", provider, None, None, False)
    op.model = model
    op.started_at = time.time_ns()
    return op


_ANY: Final = "*"
"""Stands for a provider in prices of the user's that say none."""


def _providers(provider: str | None, own: Any = None) -> Iterable[str]:
    return (_ANY, *embedded().models) if provider is None else (_provider(provider, own),)


def _provider(name: str, own: Any) -> str:
    found = _SHORT.get(name.lower(), name)
    known = embedded().models
    if own is None and found not in (_ANY, *known):
        raise ValueError(f"no prices are known of a provider {name}; there are those of {', '.join(known)}")
    return found
