"""The user's prices: by model and provider, as a mapping, a text or a file; faults are said where they are."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from genscope.core.operation import Cost
from genscope.features.cost.own_table import read_own_prices
from genscope.features.cost.stage import Pricing
from tests.cost.records import call

PRICES = {
    "version": "2026-11",
    "gpt-4o": {"input": 2, "output": 8},
    "azure.ai.openai/gpt-4o": {"input": 3},
    "azure.ai.openai/our-deployment": "gpt-4o-mini",
    "Local/Model": {"input": 0.1},
    "the-same": "anthropic/claude-haiku-4-5",
    "nowhere": "nothing",
}


@pytest.mark.parametrize(
    "provider, model, response_model, amount, source",
    [
        ("openai", "gpt-4o", None, 2, "user"),
        ("openai", "gpt-4o", "gpt-4o-2024-08-06", 2, "user"),
        ("openai", "GPT-4O-2024-08-06", None, 2, "user"),
        ("openai", "gpt-4o-mini", None, 0.15, "embedded"),
        ("azure.ai.openai", "gpt-4o", None, 3, "user"),
        ("azure.ai.openai", "our-deployment", None, 0.15, "embedded"),
        # the deployment is named exactly, what answered is not
        ("azure.ai.openai", "our-deployment", "gpt-4o-2024-08-06", 0.15, "embedded"),
        ("_OTHER", "local/model", None, 0.1, "user"),
        ("vllm", "local/model", None, 0.1, "user"),
        ("_OTHER", "gpt-4o", None, 2, "user"),
        ("_OTHER", "the-same", None, 1, "embedded"),
        ("openai", "nowhere", None, None, None),
        ("_OTHER", "gpt-4o-mini", None, None, None),
    ],
)
def test_the_users_prices_come_first(
    provider: str, model: str, response_model: str | None, amount: float | None, source: str | None
) -> None:
    op = call(provider, model, response_model=response_model, input_tokens=1_000_000)
    Pricing(PRICES).end(op)
    assert (op.cost and (op.cost.amount, op.cost.source)) == (amount and (amount, source))
    assert op.cost is None or source != "user" or op.cost.table_version == "2026-11"


def test_prices_come_from_a_file_or_a_text(tmp_path: Path) -> None:
    path = tmp_path / "prices.json"
    path.write_text(json.dumps(PRICES), "utf-8")
    for said in (path, str(path), json.dumps(PRICES), PRICES, read_own_prices(PRICES)):
        op = call(input_tokens=1_000_000)
        Pricing(said).end(op)
        assert op.cost == Cost(2.0, "USD", "user", "2026-11")


def test_a_price_may_have_all_that_the_embedded_ones_have() -> None:
    said = {
        "m": {
            "input": 1,
            "above": {"1000": {"input": 2}},
            "tiers": {"flex": {"input": 0.5, "above": {"1000": {"input": 1.5}}}},
            "factors": {"fast": 2},
            "off_peak": {"input": 0.1, "windows": [{"hours": ["00:00-07:00"], "weekdays": [1]}]},
        }
    }
    op = call("_OTHER", "m", answer={"service_tier": "flex", "speed": "fast"}, input_tokens=2000)
    Pricing(said).end(op)
    assert op.cost is not None
    assert op.cost.amount == 0.006


@pytest.mark.parametrize(
    "said, complaint",
    [
        ([], "a JSON object, prices by model"),
        (7, "a JSON object, prices by model"),
        ("{", "the prices: no JSON: "),
        ("{}x", "the prices: no JSON: "),
        ("/nowhere/prices.json", "/nowhere/prices.json: No such file or directory"),
        ({"version": 7}, "version: a text"),
        ({"m": 7}, "m: a price, or the name of a model that has one"),
        ({"m": ""}, "m: a price, or the name of a model that has one"),
        ({"m": {"inptu": 7}}, "m: there is no 'inptu'; there are input, output, cache_read, "),
        ({"m": {"input": -1}}, "m.input: a number of USD, 0 or more"),
        ({"m": {"input": "1"}}, "m.input: a number of USD, 0 or more"),
        ({"m": {"input": True}}, "m.input: a number of USD, 0 or more"),
        ({"m": {"input": float("nan")}}, "m.input: a number of USD, 0 or more"),
        ({"m": {"input": 10**400}}, "m.input: a number of USD, 0 or more"),
        ({"m": {"tiers": 7}}, "m.tiers: a JSON object"),
        ({"m": {"tiers": {"flex": 7}}}, "m.tiers.flex: a JSON object"),
        ({"m": {"tiers": {"flex": {"per_image": 7}}}}, "m.tiers.flex: there is no 'per_image'; "),
        ({"m": {"above": {"200k": {}}}}, "m.above: '200k' is no number of tokens"),
        ({"m": {"above": {"1": {"inptu": 1}}}}, "m.above.1: there is no 'inptu'; "),
        ({"m": {"factors": {"us": "x"}}}, "m.factors.us: a number of USD, 0 or more"),
        ({"m": {"off_peak": {"windows": [{"hours": ["x"]}]}}}, "m: windows have hours like 00:30-08:30, "),
        ({"m": {"off_peak": {"windows": 7}}}, "m: windows have hours like 00:30-08:30, "),
    ],
)
def test_a_fault_is_said_where_it_is(said: Any, complaint: str) -> None:
    with pytest.raises(ValueError) as raised:
        Pricing(said)
    assert str(raised.value).startswith(complaint)


def test_many_faults_are_not_all_said() -> None:
    with pytest.raises(ValueError, match=r"; \.\.\.$"):
        read_own_prices({str(number): 7 for number in range(100)})
