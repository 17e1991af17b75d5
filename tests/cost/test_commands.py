"""What `genscope prices` answers."""

from __future__ import annotations

import json
from typing import Any

import pytest

from genscope.features.cost.prices import TOKENS
from genscope.local import prices
from genscope.local.prices import Checked, Seen

USAGE = {"input_tokens": 1000, "cache_read_input_tokens": 200, "output_tokens": 50}


def test_a_price_is_shown_with_where_it_comes_from() -> None:
    (shown,) = prices.show("gpt-4o", "openai")
    assert (shown.provider, shown.model, shown.source) == ("openai", "gpt-4o", "embedded")
    assert shown.said["input"] == 2.5
    assert "litellm" in (shown.origin or "")
    assert "MIT License" in (shown.origin or "")
    assert shown.table_version


def test_a_model_is_shown_at_all_that_have_it() -> None:
    assert {shown.provider for shown in prices.show("gpt-4o")} == {"openai", "azure.ai.openai"}
    assert not prices.show("nobody-knows")


def test_a_provider_has_short_names() -> None:
    for short, provider in (("azure", "azure.ai.openai"), ("Bedrock", "aws.bedrock"), ("xai", "x_ai")):
        model = {"azure": "gpt-4o", "Bedrock": "amazon.nova-pro-v1:0", "xai": "grok-4.3"}[short]
        assert [shown.provider for shown in prices.show(model, short)] == [provider]
    with pytest.raises(ValueError, match="no prices are known of a provider acme; there are those of ai21, "):
        prices.show("gpt-4o", "acme")


def test_the_users_price_is_shown_in_place_of_the_other() -> None:
    (shown,) = prices.show("gpt-4o", own={"version": "7", "gpt-4o": {"input": 1}})
    assert (shown.provider, shown.source, shown.table_version, shown.origin) == ("*", "user", "7", None)
    (local,) = prices.show("mine", "acme", {"mine": {"input": 1}})
    assert (local.provider, local.said) == ("acme", {"input": 1})


def test_a_usage_is_billed_line_by_line() -> None:
    bill = prices.cost("gpt-4o", USAGE, "openai")
    assert bill is not None
    assert [(line.kind, line.number, line.price, line.amount) for line in bill.lines] == [
        ("cache_read", 200, 1.25, 0.00025),
        ("input", 800, 2.5, 0.002),
        ("output", 50, 10.0, 0.0005),
    ]
    assert bill.cost.amount == 0.00275


@pytest.mark.parametrize(
    "provider, model, usage, amount",
    [
        ("openai", "gpt-5", USAGE | {"service_tier": "flex"}, 0.0007625),
        ("anthropic", "claude-opus-4-8", {"input_tokens": 1000, "speed": "fast"}, 0.01),
        ("anthropic", "claude-opus-4-8", {"input_tokens": 1000, "inference_geo": "us"}, 0.0055),
        ("openai", "whisper-1", {"audio_seconds": 1.5}, 0.00015),
        ("openai", "tts-1", {"input_characters": 1000}, 0.015),
        ("cohere", "rerank-v3.5", {"search_units": 2}, 0.004),
        ("gemini", "gemini-3-pro-image-preview", {"images": 2}, 0.268),
        ("anthropic", "claude-haiku-4-5", {"input_tokens": 1000, "web_search_requests": 2}, 0.021),
        ("openai", "nobody-knows", USAGE, None),
        ("openai", "gpt-4o", {}, None),
    ],
)
def test_what_a_usage_costs(provider: str, model: str, usage: dict[str, Any], amount: float | None) -> None:
    bill = prices.cost(model, usage, provider)
    assert (bill and bill.cost.amount) == amount
    assert bill is None or sum(line.amount for line in bill.lines) == pytest.approx(bill.cost.amount)
    assert bill is None or all(line.kind in TOKENS or line.kind.startswith("per_") for line in bill.lines)


def test_a_model_must_have_one_price_or_a_provider() -> None:
    bill = prices.cost("gpt-4o", USAGE)
    assert bill is not None
    assert bill.cost.amount == 0.00275
    with pytest.raises(ValueError, match=r"another price at each of these providers, say which one: .*groq"):
        prices.cost("openai/gpt-oss-120b", USAGE)


@pytest.mark.parametrize(
    "usage, complaint",
    [
        ({"prompt_tokens": 1}, "a usage has no prompt_tokens; it has input_tokens, output_tokens, "),
        ({"input_tokens": -1}, "input_tokens: a whole number, 0 or more"),
        ({"input_tokens": True}, "input_tokens: a whole number, 0 or more"),
        ({"input_tokens": "1"}, "input_tokens: a whole number, 0 or more"),
        ({"input_tokens": 1.5}, "input_tokens: a whole number, 0 or more"),
        ({"audio_seconds": float("nan")}, "audio_seconds: a whole number, 0 or more"),
        ({"service_tier": 1}, "service_tier: a text"),
    ],
)
def test_a_usage_that_is_none(usage: Any, complaint: str) -> None:
    with pytest.raises(ValueError) as raised:
        prices.cost("gpt-4o", usage, "openai")
    assert str(raised.value).startswith(complaint)


# --- check

ATTRIBUTES: dict[str, Any] = {
    "gen_ai.provider.name": "azure.ai.openai",
    "gen_ai.request.model": "our-deployment",
    "gen_ai.response.model": "gpt-4o-2024-08-06",
}


def otlp(attributes: dict[str, Any]) -> dict[str, Any]:
    pairs = [
        {"key": key, "value": {"stringValue" if isinstance(value, str) else "doubleValue": value}}
        for key, value in attributes.items()
    ]
    return {"resourceSpans": [{"scopeSpans": [{"spans": [{"name": "chat", "attributes": pairs}]}]}]}


@pytest.mark.parametrize(
    "text, expected",
    [
        ("", []),
        (
            "gpt-4o\n\n  groq openai/gpt-oss-120b \n",
            [Seen(None, None, "gpt-4o"), Seen("groq", None, "openai/gpt-oss-120b")],
        ),
        ("xai grok-4.3", [Seen("x_ai", None, "grok-4.3")]),
        (json.dumps({"attributes": ATTRIBUTES}), [Seen("azure.ai.openai", "gpt-4o-2024-08-06", "our-deployment")]),
        # as the console exporter prints them: one after the other, each over many lines
        (
            json.dumps({"name": "x", "attributes": {}}, indent=4)
            + "\n"
            + json.dumps({"attributes": ATTRIBUTES}, indent=4),
            [Seen("azure.ai.openai", "gpt-4o-2024-08-06", "our-deployment")],
        ),
        (json.dumps(otlp(ATTRIBUTES)), [Seen("azure.ai.openai", "gpt-4o-2024-08-06", "our-deployment")]),
        (
            json.dumps([otlp(ATTRIBUTES | {"genscope.cost.amount": 0.1})]),
            [Seen("azure.ai.openai", "gpt-4o-2024-08-06", "our-deployment", has_cost=True)],
        ),
    ],
)
def test_models_are_read_from_spans_and_lines(text: str, expected: list[Seen]) -> None:
    assert [*prices.read_seen(text)] == expected


@pytest.mark.parametrize("text, complaint", [("{", "no JSON from character 0 on"), ("a b c", "'a b c' is neither ")])
def test_a_text_that_tells_of_no_models(text: str, complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        list(prices.read_seen(text))


def test_models_without_a_price_come_first() -> None:
    seen = [
        Seen("openai", "gpt-4o-2024-08-06", "gpt-4o"),
        Seen("_OTHER", None, "gpt-4o"),
        Seen("_OTHER", None, "gpt-4o"),
        Seen("openrouter", "m", "m", has_cost=True),
        Seen(None, None, "claude-haiku-4-5"),
        Seen("openai", None, None),
    ]
    assert prices.check(seen) == [
        Checked("_OTHER", "gpt-4o", 2, None, None),
        Checked(None, "claude-haiku-4-5", 1, "anthropic/claude-haiku-4-5", "embedded"),
        Checked("openai", "gpt-4o-2024-08-06", 1, "openai/gpt-4o-2024-08-06", "embedded"),
        Checked("openrouter", "m", 1, "openrouter/m", "call"),
    ]
    (mine, *_) = prices.check([Seen("_OTHER", None, "gpt-4o")], own={"gpt-4o": {"input": 1}})
    assert (mine.price, mine.source) == ("_OTHER/gpt-4o", "user")
