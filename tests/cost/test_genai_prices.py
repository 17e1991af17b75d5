"""Prices of the package genai-prices, here played by a stand-in that notes how it is asked."""

from __future__ import annotations

import sys
import threading
import warnings
from datetime import datetime, timezone
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest

from genscope.core.operation import Cost
from genscope.features.cost import genai_prices
from genscope.features.cost.stage import Pricing
from tests.cost.records import call

VERSION = "0.2.3"


class Package:
    """Knows gpt-4o at 1 USD per million tokens of any kind, and nothing of whisper but that it is there."""

    __version__ = VERSION

    def __init__(self) -> None:
        self.asked: list[Any] = []
        self.updated: datetime | None = None
        self.threads: set[str] = set()

    def Usage(self, **tokens: int) -> Any:
        return tokens

    def calc_price(self, usage: Any, model: str, **context: Any) -> Any:
        self.asked.append((usage, model, context))
        self.threads.add(threading.current_thread().name)
        if model not in ("gpt-4o", "whisper-1"):
            raise LookupError(model)
        if usage.get("cache_read_tokens", 0) > usage.get("input_tokens", 0):
            raise ValueError("parts exceed the whole")
        total = Decimal(usage.get("input_tokens", 0)) / 10**6 if model == "gpt-4o" else Decimal(0)
        return SimpleNamespace(total_price=total, auto_update_timestamp=self.updated)


@pytest.fixture
def package(monkeypatch: pytest.MonkeyPatch) -> Package:
    package = Package()
    monkeypatch.setitem(sys.modules, "genai_prices", package)  # type: ignore[arg-type]
    return package


@pytest.fixture
def pricing(package: Package) -> Pricing:
    pricing = Pricing({"mine": {"input": 7}, "ours": "gpt-4.1"}, source="genai-prices")
    assert pricing.wait(10)
    package.asked.clear()
    return pricing


def priced(pricing: Pricing, *args: Any, **kwargs: Any) -> Cost | None:
    op = call(*args, **kwargs)
    pricing.end(op)
    return op.cost


def test_it_answers_where_it_was_chosen(pricing: Pricing) -> None:
    assert priced(pricing, input_tokens=1_000_000) == Cost(1.0, "USD", "genai-prices", VERSION)
    assert getattr(priced(Pricing(), input_tokens=1_000_000), "source", None) == "embedded"


def test_the_user_comes_before_it_and_the_table_after_it(pricing: Pricing) -> None:
    sources = {
        model: getattr(priced(pricing, "openai", model, input_tokens=1_000_000), "source", None)
        for model in ("mine", "gpt-4o", "gpt-4.1", "nobody-knows")
    }
    assert sources == {"mine": "user", "gpt-4o": "genai-prices", "gpt-4.1": "embedded", "nobody-knows": None}
    ours = priced(pricing, "openai", "ours", response_model="gpt-4o", input_tokens=1_000_000)
    assert (ours and (ours.amount, ours.source)) == (2.0, "embedded")  # the user says which model it is
    assert getattr(priced(pricing, "dashscope", "qwen3-max", input_tokens=1), "source", None) == "embedded"
    assert priced(pricing, "_OTHER", "gpt-4o", input_tokens=1) is None


def test_a_price_of_zero_for_tokens_is_none(pricing: Pricing) -> None:
    assert priced(pricing, "openai", "whisper-1", input_tokens=1000) is None
    assert getattr(priced(pricing, "openai", "whisper-1", answer={"audio_seconds": 3.0}), "source", None) == "embedded"


def test_parts_that_exceed_the_whole_are_left_to_the_table(pricing: Pricing) -> None:
    cost = priced(pricing, input_tokens=10, cache_read_input_tokens=20)
    assert cost is not None
    assert (cost.source, cost.amount) == ("embedded", 0.0000125)


def test_no_call_waits_for_it(package: Package, monkeypatch: pytest.MonkeyPatch) -> None:
    """Until it is loaded, by another thread, the embedded table answers."""
    may_go_on = threading.Event()
    real = genai_prices.GenaiPrices._import

    def slow(self: Any) -> None:
        may_go_on.wait(10)
        real(self)

    monkeypatch.setattr(genai_prices.GenaiPrices, "_import", slow)
    pricing = Pricing(source="genai-prices")
    threads = threading.active_count()
    first = [priced(pricing, input_tokens=1_000_000) for _ in range(3)]
    assert threading.active_count() == threads + 1
    may_go_on.set()
    assert pricing.wait(10)
    assert [getattr(cost, "source", None) for cost in first] == ["embedded"] * 3
    assert getattr(priced(pricing, input_tokens=1_000_000), "source", None) == "genai-prices"
    assert "genscope-prices" in package.threads


def test_it_need_not_be_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "genai_prices", None)
    pricing = Pricing(source="genai-prices")
    assert not pricing.wait(10)
    assert getattr(priced(pricing, input_tokens=1_000_000), "source", None) == "embedded"


def test_a_fork_loads_it_anew(package: Package, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = genai_prices.GenaiPrices()
    monkeypatch.setattr(genai_prices.GenaiPrices, "_import", lambda self: None)
    asked._load()
    first = asked._loading
    asked._load()
    assert asked._loading is first
    monkeypatch.setattr(genai_prices.os, "getpid", lambda: -1)
    asked._load()
    assert asked._loading is not first


def test_it_never_updates_itself(pricing: Pricing, package: Package) -> None:
    assert not hasattr(package, "UpdatePrices")  # and nobody asked for it
    package.updated = datetime(2026, 11, 21, tzinfo=timezone.utc)
    cost = priced(pricing, input_tokens=1)
    assert cost is not None
    assert cost.table_version == "2026-11-21T00:00:00+00:00"


@pytest.mark.parametrize(
    "answer, context",
    [
        ({}, {}),
        ({"service_tier": "default"}, {"service_tier": "default"}),
        ({"service_tier": "flex"}, {"service_tier": "flex"}),
        ({"tier": "batch"}, {"processing": "batch"}),  # as a tier it would be the full price, silently
        ({"tier": "standard", "speed": "fast"}, {"service_tier": "standard", "speed": "fast"}),
    ],
)
def test_the_context_is_in_its_own_words(
    pricing: Pricing, package: Package, answer: dict[str, str], context: dict[str, str]
) -> None:
    priced(pricing, "azure.ai.openai", "our", response_model="gpt-4o", answer=answer, input_tokens=1)
    ((_, model, asked),) = package.asked
    assert (model, asked["provider_id"], asked["price_context"]) == ("gpt-4o", "azure", context)
    assert asked["genai_request_timestamp"] == datetime(2026, 11, 23, 8, tzinfo=timezone.utc)


def test_the_usage_is_in_its_own_words(pricing: Pricing, package: Package) -> None:
    priced(
        pricing,
        input_tokens=100,
        cache_read_input_tokens=10,
        cache_write_input_tokens=20,
        audio_input_tokens=5,
        output_tokens=50,
        reasoning_output_tokens=40,
        answer={"cache_write_1h_input_tokens": 8, "web_search_requests": 2},
    )
    ((usage, _, _),) = package.asked
    assert usage == {
        "input_tokens": 100,
        "cache_read_tokens": 10,
        "cache_write_tokens": 20,
        "cache_write_1h_tokens": 8,
        "input_audio_tokens": 5,
        "output_tokens": 50,
        "output_reasoning_tokens": 40,
        "web_searches": 2,
    }


def test_the_package_itself_if_it_is_here() -> None:
    pytest.importorskip("genai_prices")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        pricing = Pricing(source="genai-prices")
        assert pricing.wait(60)
        for answer, amount in (({}, 11.25), ({"tier": "batch"}, 5.625), ({"service_tier": "flex"}, 5.625)):
            cost = priced(pricing, "openai", "gpt-5.1", answer=answer, input_tokens=10**6, output_tokens=10**6)
            assert cost is not None
            assert (cost.amount, cost.source) == (amount, "genai-prices")
