"""All prices together: the user's, those of genai-prices where it was chosen, and the embedded table."""

from __future__ import annotations

from typing import Any, Final

from genscope.core.operation import Cost, Operation, Usage
from genscope.features.cost.arithmetic import amount, amount_of_tokens
from genscope.features.cost.models import REQUEST_FIRST, factors_of, region_of, tier_of
from genscope.features.cost.own_table import OwnTable
from genscope.features.cost.prices import PER_DOLLAR, Said, price
from genscope.features.cost.table import Entry, Table, embedded

_CURRENCY: Final = "USD"
_MAX_FOUND: Final = 1024
"""Models come from the caller, perhaps from users of his."""


class Found:
    """The price of a model as one of the tables has it."""

    __slots__ = ("by_user", "model", "price", "provider", "said", "source", "version")

    def __init__(self, said: Said, op: Operation, provider: str, model: str, source: str, version: str | None) -> None:
        self.said = said
        self.by_user = source == "user"
        """Whether the user said what this model costs, or which other one it is."""
        self.price = price(said, tier_of(op), factors_of(op))
        self.provider = provider
        self.model = model
        self.source = source
        self.version = version


class PriceBook:
    """What calls cost, by their records. The prices of models are remembered, for a limited number of them."""

    def __init__(self, own: OwnTable | None, genai: bool) -> None:
        self._own = own
        self._genai = None
        if genai:
            from genscope.features.cost.genai_prices import GenaiPrices

            self._genai = GenaiPrices()
        self._found: dict[Any, Found | None] = {}

    def cost(self, op: Operation) -> Cost | None:
        """What a call cost, from what its record says it used. None if that, or the price of it, is not known."""
        found = self.find(op)
        if self._genai is not None and (found is None or not found.by_user):
            answer = self._genai.cost(op, _models(op))
            if answer is not None:
                return Cost(answer.amount, _CURRENCY, "genai-prices", answer.version)
        if found is None:
            return None
        total = amount(op, found.price)
        return None if total is None else Cost(total / PER_DOLLAR, _CURRENCY, found.source, found.version)

    def amount_of_tokens(self, op: Operation, input_tokens: int, output_tokens: int) -> int | None:
        """What so many plain tokens of a call would cost, in 10^-15 USD. None if the price of them is not known."""
        found = self.find(op)
        if self._genai is not None and (found is None or not found.by_user):
            asked = Operation(op.name, op.provider, op.server_address, op.server_port, op.streaming)
            asked.started_at, asked.response, asked.usage = op.started_at, op.response, Usage()
            asked.usage.input_tokens, asked.usage.output_tokens = input_tokens, output_tokens
            answer = self._genai.cost(asked, _models(op))
            if answer is not None:
                return round(answer.amount * PER_DOLLAR)
        return None if found is None else amount_of_tokens(op, found.price, input_tokens, output_tokens)

    def wait(self, seconds: float) -> bool:
        """Until all prices are there, for who has the time: calls never wait. False if they are not in the end."""
        return self._genai is None or self._genai.wait(seconds)

    def find(self, op: Operation) -> Found | None:
        """The price of the model of a call, at the tier and in the region where it was served, as far as is known."""
        said = op.response
        key = (
            op.provider,
            op.response_model,
            op.model,
            op.server_address,
            said.get("service_tier"),
            said.get("tier"),
            said.get("speed"),
            said.get("inference_geo"),
        )
        try:
            return self._found[key]
        except KeyError:
            found = self._find(op)
        if len(self._found) >= _MAX_FOUND:
            self._found.clear()
        self._found[key] = found
        return found

    def _find(self, op: Operation) -> Found | None:
        models, region = _models(op), region_of(op)
        said: Any = None
        if self._own is not None:
            own = self._own.find(op.provider, models, region)
            if own is not None:
                name, said = own
                if not isinstance(said, str):
                    return Found(said, op, op.provider, name, "user", self._own.version)
                models = (said,)
        table = embedded()
        for model in models:
            entry = table.find(op.provider, model, region) or (_elsewhere(table, model) if said else None)
            if entry is not None:
                found = Found(entry.said, op, entry.provider, entry.model, "embedded", table.date)
                found.by_user = said is not None
                return found
        return None


def _models(op: Operation) -> tuple[str, ...]:
    named = (op.model, op.response_model) if op.provider in REQUEST_FIRST else (op.response_model, op.model)
    return tuple(model for model in named if model)


def _elsewhere(table: Table, model: str) -> Entry | None:
    """The model that a user's alias names together with its provider."""
    provider, slash, name = model.partition("/")
    return table.find(provider, name) if slash else None
