"""A call's model leads to a model of the table; where it does not for certain, to none."""

from __future__ import annotations

import pytest

from genscope.features.cost.models import factors_of, names, tier_of, undated
from genscope.features.cost.stage import Pricing
from genscope.features.cost.table import Table, embedded
from tests.cost.records import call

PRICING = Pricing()


def found(provider: str, model: str | None, response_model: str | None = None, host: str | None = None) -> str | None:
    price = PRICING.find(call(provider, model, response_model=response_model, host=host))
    return None if price is None else f"{price.provider} {price.model}"


@pytest.mark.parametrize(
    "provider, model, expected",
    [
        ("openai", "gpt-4o", "openai gpt-4o"),
        ("openai", " GPT-4o ", "openai gpt-4o"),
        ("openai", "gpt-4o-2024-05-13", "openai gpt-4o-2024-05-13"),  # which costs more than gpt-4o
        ("openai", "gpt-4o-2031-01-01", "openai gpt-4o"),
        ("openai", "openai/gpt-4o", "openai gpt-4o"),
        ("openai", "ft:gpt-4o-mini-2024-07-18:acme::abc", "openai ft:gpt-4o-mini-2024-07-18"),
        ("openai", "ft:gpt-4o-mini-2024-07-18:acme:for-mail:abc", "openai ft:gpt-4o-mini-2024-07-18"),
        ("openai", "ft:gpt-5-imagined:acme::abc", None),  # another price than that of the model itself
        ("openai", "gpt-4o-of-mine", None),
        ("openai", "claude-sonnet-4-5", None),
        ("openai", "", None),
        ("azure.ai.openai", "gpt-4o", "azure.ai.openai gpt-4o"),
        ("azure.ai.openai", "Phi-4", "azure.ai.inference phi-4"),
        ("azure.ai.inference", "gpt-4o", "azure.ai.openai gpt-4o"),
        ("anthropic", "claude-sonnet-4-5-20250929", "anthropic claude-sonnet-4-5-20250929"),
        ("anthropic", "claude-sonnet-4-6-20310101", "anthropic claude-sonnet-4-6"),
        ("anthropic", "claude-haiku-4-5-latest", "anthropic claude-haiku-4-5"),
        ("anthropic", "anthropic/claude-opus-4-6", "anthropic claude-opus-4-6"),
        (
            "aws.bedrock",
            "us.anthropic.claude-sonnet-4-5-20250929-v1:0",
            "aws.bedrock us.anthropic.claude-sonnet-4-5-20250929-v1:0",
        ),
        ("aws.bedrock", "us.amazon.titan-embed-text-v2:0", "aws.bedrock amazon.titan-embed-text-v2:0"),
        (
            "aws.bedrock",
            "arn:aws:bedrock:eu-west-1:123456789012:inference-profile/eu.anthropic.claude-sonnet-4-20250514-v1:0",
            "aws.bedrock eu.anthropic.claude-sonnet-4-20250514-v1:0",
        ),
        (
            "aws.bedrock",
            "arn:aws:bedrock:us-east-1::foundation-model/amazon.nova-pro-v1:0",
            "aws.bedrock amazon.nova-pro-v1:0",
        ),
        ("aws.bedrock", "arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/abc", None),
        ("aws.bedrock", "arn:aws:bedrock:us-east-1:123456789012:provisioned-model/abc", None),  # paid by the hour
        ("aws.bedrock", "amazon.nova-pro-v1:0:300k", "aws.bedrock amazon.nova-pro-v1:0"),
        ("gcp.gemini", "models/gemini-2.5-pro", "gcp.gemini gemini-2.5-pro"),
        ("gcp.gemini", "google/gemini-2.5-flash", "gcp.gemini gemini-2.5-flash"),
        ("gcp.vertex_ai", "publishers/google/models/gemini-2.5-flash", "gcp.vertex_ai gemini-2.5-flash"),
        (
            "gcp.vertex_ai",
            "projects/p/locations/us-east5/publishers/anthropic/models/claude-haiku-4-5@20251001",
            "gcp.vertex_ai claude-haiku-4-5@20251001",
        ),
        ("groq", "openai/gpt-oss-120b", "groq openai/gpt-oss-120b"),
        ("groq", "gpt-oss-120b", None),
        (
            "together_ai",
            "meta-llama/Llama-3.3-70B-Instruct-Turbo",
            "together_ai meta-llama/llama-3.3-70b-instruct-turbo",
        ),
        ("together_ai", "acme/Llama-3.3-70B-Instruct-Turbo", None),
        ("fireworks_ai", "accounts/fireworks/models/glm-5p3", "fireworks_ai accounts/fireworks/models/glm-5p3"),
        ("mistral_ai", "mistral-large-latest", "mistral_ai mistral-large-latest"),
        ("mistral_ai", "mistral-large-9912", None),  # a generation, not a snapshot
        ("x_ai", "x-ai/grok-4.3", "x_ai grok-4.3"),
        ("cohere", "command-r-08-2024", "cohere command-r-08-2024"),
        ("_OTHER", "gpt-4o", None),  # who knows what that is, and who sells it
        ("vllm", "openai/gpt-oss-120b", None),
        ("ollama", "llama3", None),
        ("openrouter", "openai/gpt-4o", None),
    ],
)
def test_a_name_leads_to_a_model_or_to_none(provider: str, model: str, expected: str | None) -> None:
    assert found(provider, model) == expected


@pytest.mark.parametrize(
    "provider, response_model, model, expected",
    [
        ("openai", "gpt-4o-2024-05-13", "gpt-4o", "openai gpt-4o-2024-05-13"),
        ("openai", "something-new", "gpt-4o", "openai gpt-4o"),
        ("openai", "gpt-4o", "something-old", "openai gpt-4o"),
        # a deployment may be called as it likes, even after another model
        ("azure.ai.openai", "gpt-4o-mini-2024-07-18", "gpt-4o", "azure.ai.openai gpt-4o-mini-2024-07-18"),
        ("azure.ai.openai", "gpt-4o-2031-01-01", "gpt-4o-mini", "azure.ai.openai gpt-4o"),
        ("azure.ai.openai", None, "our-deployment", None),
        # on Bedrock the request says where, and the answer does not
        (
            "aws.bedrock",
            "claude-haiku-4-5-20251001",
            "us.anthropic.claude-haiku-4-5-20251001-v1:0",
            "aws.bedrock us.anthropic.claude-haiku-4-5-20251001-v1:0",
        ),
        (
            "aws.bedrock",
            "claude-haiku-4-5-20251001",
            "arn:aws:bedrock:us-east-1:1:application-inference-profile/abc",
            "aws.bedrock anthropic.claude-haiku-4-5-20251001-v1:0",
        ),
    ],
)
def test_the_answer_says_more_than_the_request(
    provider: str, response_model: str | None, model: str, expected: str | None
) -> None:
    assert found(provider, model, response_model) == expected


def test_a_region_of_bedrock_has_its_price() -> None:
    host = "bedrock-runtime.ap-northeast-1.amazonaws.com"
    assert found("aws.bedrock", "deepseek.v3.2", host=host) == "aws.bedrock ap-northeast-1/deepseek.v3.2"
    assert found("aws.bedrock", "amazon.nova-pro-v1:0", host=host) == "aws.bedrock amazon.nova-pro-v1:0"


def table(models: dict[str, int]) -> Table:
    return Table(
        {
            "source": "s",
            "date": "d",
            "attribution": "a",
            "prices": [{"input": 1}, {"input": 2}],
            "models": {"p": models},
        }
    )


def test_a_model_that_only_snapshots_have_a_price_of() -> None:
    same = table({"m-2024-01-01": 0, "m-2025-01-01": 0}).find("p", "m")
    assert same is not None
    assert same.model == "m-2025-01-01"
    latest = table({"m-20250101": 1}).find("p", "m-latest")
    assert latest is not None
    assert latest.said == {"input": 2}
    assert table({"m-2024-01-01": 0, "m-2025-01-01": 1}).find("p", "m") is None  # which of them?


@pytest.mark.parametrize(
    "name, expected",
    [
        ("gpt-4o-2024-08-06", "gpt-4o"),
        ("claude-sonnet-4-5@20250929", "claude-sonnet-4-5"),
        ("anthropic.claude-3-haiku-20240307-v1:0", "anthropic.claude-3-haiku-v1:0"),
        ("mistral-large-2407", "mistral-large-2407"),
        ("gpt-4-0613", "gpt-4-0613"),
        ("text-embedding-004", "text-embedding-004"),
    ],
)
def test_a_date_is_a_whole_date(name: str, expected: str) -> None:
    assert undated(name) == expected


def test_a_hostile_name_takes_no_time() -> None:
    for name in ("a" * 500, "-20" * 160, "ft:" * 160, "us." * 160, "/" * 500, "-2024-01-01" * 40):
        for provider in ("openai", "aws.bedrock", "gcp.vertex_ai", "_OTHER"):
            assert len([*names(provider, name, "us-east-1")]) < 100


@pytest.mark.parametrize(
    "answer, expected",
    [
        ({}, None),
        ({"service_tier": "default"}, "default"),
        ({"service_tier": "Flex"}, "flex"),
        ({"tier": "batch"}, "batch"),
        ({"service_tier": "fast"}, "priority"),
    ],
)
def test_a_tier_is_the_one_that_served(answer: dict[str, str], expected: str | None) -> None:
    assert tier_of(call(answer=answer, request={"service_tier": "flex", "tier": "priority"})) == expected


@pytest.mark.parametrize(
    "provider, host, answer, expected",
    [
        ("openai", "api.openai.com", {}, ()),
        ("openai", "eu.api.openai.com", {}, ("eu",)),
        ("anthropic", "api.anthropic.com", {"inference_geo": "us", "speed": "fast"}, ("fast", "us")),
        ("anthropic", "api.anthropic.com", {"inference_geo": "global", "speed": "standard"}, ("global",)),
        ("gcp.vertex_ai", "aiplatform.googleapis.com", {}, ()),
        ("gcp.vertex_ai", "us-east5-aiplatform.googleapis.com", {}, ("regional",)),
        ("gcp.vertex_ai", "proxy.internal", {}, ()),
        ("gcp.vertex_ai", None, {}, ()),
    ],
)
def test_a_factor_applies_where_it_is_known_to(
    provider: str, host: str | None, answer: dict[str, str], expected: tuple[str, ...]
) -> None:
    assert factors_of(call(provider, host=host, answer=answer)) == expected


def test_the_table_is_whole() -> None:
    entries = [*embedded().entries()]
    assert len(entries) > 2000
    assert {entry.provider for entry in entries} >= {"openai", "anthropic", "aws.bedrock", "gcp.gemini", "groq"}
    assert all(entry.model == entry.model.lower() for entry in entries)
    for entry in entries:
        assert PRICING.find(call(entry.provider, entry.model)) is not None
    assert "MIT License" in embedded().attribution
    assert embedded().source.startswith("litellm ")
