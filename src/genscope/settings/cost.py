"""The options of cost: which prices are taken."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from genscope.settings.option import option
from genscope.settings.values import boolean, one_of, prices


@dataclass(frozen=True)
class CostOptions:
    """Cost"""

    cost: bool = option(
        "GENSCOPE_COST",
        boolean,
        True,
        "Say what each call cost, by the provider's own word, your prices or a table that comes with genscope.",
    )
    prices: Any = option(
        "GENSCOPE_PRICES",
        prices,
        None,
        'Prices of your own, a JSON file or JSON: `{"gpt-4o": {"input": 2.5, "output": 10}}` in USD for a million '
        "tokens; they go before the table.",
    )
    price_source: str = option(
        "GENSCOPE_PRICE_SOURCE",
        one_of("embedded", "genai-prices"),
        "embedded",
        "The table: the one that comes with genscope, or that of the package `genai-prices`, if it is installed.",
    )
