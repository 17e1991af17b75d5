"""Costs that a provider says itself, in the usage of its answer."""

from __future__ import annotations

from typing import Any

import pytest

from genscope.core.operation import Cost
from genscope.features.cost.stage import Pricing
from genscope.wire import chat_completions, responses
from genscope.wire.fields import objects
from tests.cost.records import call

TOKENS = {"prompt_tokens": 1000, "completion_tokens": 100}


@pytest.mark.parametrize(
    "provider, said, amount",
    [
        ("openrouter", {"cost": 0.0123}, 0.0123),
        ("openrouter", {"cost": 0}, 0.0),  # a free model
        ("openrouter", {"cost": 0.001, "is_byok": True, "cost_details": {"upstream_inference_cost": 0.02}}, 0.021),
        ("openrouter", {"cost": 0.001, "is_byok": False, "cost_details": {"upstream_inference_cost": 0.02}}, 0.001),
        ("openrouter", {"cost": 0.001, "is_byok": True, "cost_details": None}, 0.001),
        ("perplexity", {"cost": {"input_tokens_cost": 0.001, "total_cost": 0.006}}, 0.006),
        ("x_ai", {"cost_in_usd_ticks": 37_500_000}, 0.00375),
        ("openrouter", {}, None),
        ("openrouter", {"cost": None}, None),
        ("openrouter", {"cost": "0.1"}, None),
        ("openrouter", {"cost": -1}, None),
        ("openrouter", {"cost": float("nan")}, None),
        ("openrouter", {"cost": float("inf")}, None),
        ("openrouter", {"cost": True}, None),
        ("perplexity", {"cost": {"total_cost": None}}, None),
        ("perplexity", {"cost": []}, None),
        ("x_ai", {"cost_in_usd_ticks": -1}, None),
        ("x_ai", {"cost": 5}, None),
        ("openai", {"cost": 0.5}, None),  # it says nothing of the kind
        ("_OTHER", {"cost": 0.5}, None),
    ],
)
@pytest.mark.parametrize("streamed", [False, True])
def test_what_a_provider_says_it_cost(provider: str, said: Any, amount: float | None, streamed: bool) -> None:
    op = call(provider, "m")
    answer: Any = {"model": "m", "usage": TOKENS | said}
    if streamed:
        folded = chat_completions.Answer()
        folded.fold(objects({"model": "m", "choices": [{"delta": {"content": "hi"}, "finish_reason": "stop"}]}))
        folded.fold(objects({"model": "m", "choices": [], "usage": TOKENS | said}))
        answer = folded
    chat_completions.read_response(op, objects(answer))
    assert op.usage is not None
    assert op.cost == (None if amount is None else Cost(amount, "USD", "provider"))


def test_it_is_left_as_it_is() -> None:
    op = call("perplexity", "sonar")
    usage = TOKENS | {"cost": {"total_cost": 0.006}}
    chat_completions.read_response(op, objects({"model": "sonar", "usage": usage}))
    Pricing({"sonar": {"input": 1, "output": 1}}).end(op)
    assert op.cost == Cost(0.006, "USD", "provider")


def test_an_answer_without_usage() -> None:
    op = call("openrouter", "m")
    chat_completions.read_response(op, objects({"model": "m"}))
    assert op.cost is None


@pytest.mark.parametrize(
    "provider, said, amount",
    [("openrouter", {"cost": 0.0123}, 0.0123), ("x_ai", {"cost_in_usd_ticks": 37_500_000}, 0.00375)],
)
def test_the_responses_api_says_it_too(provider: str, said: Any, amount: float) -> None:
    op = call(provider, "m")
    usage = {"input_tokens": 1000, "output_tokens": 100} | said
    responses.read_response(op, objects({"model": "m", "status": "completed", "usage": usage}))
    assert op.cost == Cost(amount, "USD", "provider")
