"""How the name of a model in a call leads to its name in a table."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Final

from genscope.core.operation import Operation

SECTIONS: Final[Mapping[str, tuple[str, ...]]] = {
    "azure.ai.openai": ("azure.ai.openai", "azure.ai.inference"),
    "azure.ai.inference": ("azure.ai.inference", "azure.ai.openai"),
}
"""Providers whose prices stand in more than one part of a table: either host of Azure serves all that Azure has."""

REQUEST_FIRST: Final = frozenset({"aws.bedrock"})
"""Where the request says more about the price than the answer: `us.anthropic.claude-...`, and then `claude-...`."""

_PREFIXES: Final[Mapping[str, tuple[str, ...]]] = {
    "anthropic": ("anthropic/",),
    "aws.bedrock": ("bedrock/", "bedrock/converse/", "bedrock/invoke/"),
    "azure.ai.inference": ("azure_ai/", "azure/"),
    "azure.ai.openai": ("azure/", "openai/"),
    "cohere": ("cohere/",),
    "dashscope": ("dashscope/", "qwen/"),
    "deepseek": ("deepseek/",),
    "fireworks_ai": ("fireworks_ai/", "fireworks/"),
    "gcp.gemini": ("models/", "gemini/", "google/"),
    "gcp.vertex_ai": ("vertex_ai/", "google/", "models/"),
    "mistral_ai": ("mistral/", "mistralai/"),
    "moonshot_ai": ("moonshot/", "moonshotai/"),
    "openai": ("openai/",),
    "together_ai": ("together_ai/", "together/"),
    "voyageai": ("voyage/", "voyageai/"),
    "x_ai": ("xai/", "x-ai/"),
    "z_ai": ("zai/", "z-ai/"),
}
"""What gateways and frameworks put before a provider's own name for a model. Only what says nothing but the provider:
`meta-llama/` is a part of the name, and so is `openai/` where another one serves it."""

_PUBLISHED: Final = re.compile(r"^(?:projects/[^/]+/locations/[^/]+/)?publishers/[^/]+/models/([^/]+)$")
_ARN: Final = re.compile(r"^arn:aws[^:]*:bedrock:[^:]*:[^:]*:(?:foundation-model|inference-profile)/(.+)$")
_GEOGRAPHY: Final = re.compile(r"^(?:us|us-gov|eu|apac|jp|au|ca|in|sa|uk|global)\.(?=[a-z0-9]+\.)")
"""Of an inference profile: https://docs.aws.amazon.com/bedrock/latest/userguide/cross-region-inference.html"""
_CONTEXT: Final = re.compile(r"(?<=:\d):\d+k$")
_FINE_TUNED: Final = re.compile(r"^(ft:[^:]+):.*$")
_DATE: Final = re.compile(r"[-@]20\d\d(?:-\d\d-\d\d|\d{4})(?=-v\d|$)")
"""A snapshot. Other digits say more than a date: mistral-large-2407 does not cost what mistral-large-2411 does."""


def undated(name: str) -> str:
    """The model without the date of its snapshot, or the word that stands for the latest one."""
    return _DATE.sub("", name).removesuffix("-latest")


def names(provider: str, name: str, region: str | None = None) -> Iterator[str]:
    """The names under which a table may have a model, the most exact first; all in lower case.

    `region` is the provider's own name for where the call was served, as far as that is known.
    """
    regional = () if region is None else (f"{region}/",)
    forms = [f"{prefix}{form}" for form in _forms(provider, name.strip().lower()) for prefix in (*regional, "")]
    yield from forms
    bare = [undated(form) for form in forms]
    yield from bare
    yield from (f"{form}-latest" for form in bare)


def _forms(provider: str, name: str) -> Iterator[str]:
    yield name
    for pattern in (_PUBLISHED, _ARN):
        found = pattern.match(name)
        if found is not None:
            name = found[1]
            yield name
    for prefix in _PREFIXES.get(provider, (f"{provider}/",)):
        if name.startswith(prefix):
            name = name.removeprefix(prefix)
            yield name
    found = _FINE_TUNED.match(name)
    if found is not None:
        yield found[1]  # the price of any model that was made of this one, which is not that of the model itself
    if provider == "aws.bedrock":
        yield from _bedrock(name)
    elif provider == "fireworks_ai" and "/" not in name:
        yield f"accounts/fireworks/models/{name}"


def _bedrock(name: str) -> Iterator[str]:
    for form in (name, _GEOGRAPHY.sub("", name)):
        form = _CONTEXT.sub("", form)
        yield form
        yield f"{form}-v1:0"
        if form.startswith("claude-"):  # what Claude calls itself in its answer
            yield f"anthropic.{form}"
            yield f"anthropic.{form}-v1:0"


_BEDROCK_HOST: Final = re.compile(r"^bedrock[a-z-]*\.([a-z]+-[a-z-]+-\d)\.")
_GLOBAL_VERTEX: Final = "aiplatform.googleapis.com"
_REGIONAL_OPENAI: Final = re.compile(r"^(us|eu)\.api\.openai\.com$")


def region_of(op: Operation) -> str | None:
    """Where a call was served, as far as its host says so, in the words that names of models begin with."""
    if op.provider != "aws.bedrock" or op.server_address is None:
        return None
    found = _BEDROCK_HOST.match(op.server_address)
    return found[1] if found is not None else None


def factors_of(op: Operation) -> tuple[str, ...]:
    """Which factors of a price apply, if it has them."""
    found: list[str] = []
    if op.response.get("speed") == "fast":
        found.append("fast")
    geography = op.response.get("inference_geo")
    if isinstance(geography, str):
        found.append(geography.lower())
    host = op.server_address or ""
    regional = _REGIONAL_OPENAI.match(host)
    if regional is not None:
        found.append(regional[1])
    # Any endpoint but the global one: https://cloud.google.com/vertex-ai/generative-ai/pricing
    if op.provider == "gcp.vertex_ai" and host.endswith(".googleapis.com") and host != _GLOBAL_VERTEX:
        found.append("regional")
    return tuple(found)


_TIERS: Final = {"fast": "priority"}
"""OpenAI's other word for it: https://developers.openai.com/api/docs/pricing"""


def tier_of(op: Operation) -> str | None:
    """The service tier as it was served, never as it was asked for. Where a price has no such tier it is the standard.

    That goes for OpenAI's `scale` and Anthropic's `priority` too, which are paid in advance.
    """
    said = op.response.get("service_tier") or op.response.get("tier")
    if not isinstance(said, str):
        return None
    said = said.lower()
    return _TIERS.get(said, said)
