"""Calls whose cost two other sources agree on: golden.json says how it was made."""

from __future__ import annotations

import json
from collections import Counter
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from genscope.core.operation import Usage
from genscope.features.cost.arithmetic import billed, rates_for
from genscope.features.cost.prices import PER_DOLLAR, UNITS
from genscope.features.cost.stage import Pricing
from tests.cost.records import call

CASES: list[dict[str, Any]] = json.loads(Path(__file__).with_name("golden.json").read_text("utf-8"))["cases"]
PRICING = Pricing()


def name(case: dict[str, Any]) -> str:
    return f"{case['provider']} {case['model']} {','.join(map(str, case['usage'].values()))} {case.get('served', '')}"


def lines(case: dict[str, Any]) -> list[tuple[Decimal, str, Decimal, Decimal]]:
    """Number, kind, price, and the product of them, in millionths of a USD."""
    found: list[tuple[Decimal, str, Decimal, Decimal]] = []
    for line in case["arithmetic"]:
        number, kind, _, price, _, product = line.split()
        found.append((Decimal(number), kind, Decimal(price), Decimal(product)))
    return found


def test_there_are_enough_of_them() -> None:
    assert len(CASES) >= 60
    assert len({case["provider"] for case in CASES}) >= 15
    kinds = Counter(kind for case in CASES for _, kind, _, _ in lines(case))
    assert {"cache_read", "cache_write", "cache_write_1h", "input_audio", "output_audio", "reasoning"} <= kinds.keys()
    assert {"per_second", "per_character", "per_web_search", "input_image", "output_image"} <= kinds.keys()
    tiers = Counter(case.get("served", {}).get("service_tier") for case in CASES)
    assert {"flex", "priority", "batch"} <= tiers.keys()
    assert len({name(case) for case in CASES}) == len(CASES)


@pytest.mark.parametrize("case", CASES, ids=name)
def test_the_arithmetic_is_right(case: dict[str, Any]) -> None:
    for number, kind, price, product in lines(case):
        assert number * price * (10**6 if kind in UNITS else 1) == product
    assert sum(product for *_, product in lines(case)) == Decimal(case["usd"]) * 10**6


@pytest.mark.parametrize("case", CASES, ids=name)
def test_a_call_costs_what_both_say(case: dict[str, Any]) -> None:
    tokens = {key: number for key, number in case["usage"].items() if key in vars(Usage)}
    counted = {key: number for key, number in case["usage"].items() if key not in tokens}
    op = call(case["provider"], case["model"], answer=counted | case.get("served", {}), **tokens)
    PRICING.end(op)
    assert op.cost is not None
    assert op.cost.amount == float(case["usd"])
    assert (op.cost.currency, op.cost.source) == ("USD", "embedded")
    found = PRICING.find(op)
    assert found is not None
    rates = rates_for(op, found.price)
    used = {kind: (number, getattr(rates, kind)) for kind, number in billed(op, rates.per_image is not None) if number}
    scale = {kind: Decimal(PER_DOLLAR) / (1 if kind in UNITS else 10**6) for kind in used}
    said = {kind: (number, int(price * scale[kind])) for number, kind, price, _ in lines(case)}
    assert used == said
