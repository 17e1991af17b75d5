"""Make genscope's price table from LiteLLM's price data, which are MIT-licensed and inside its PyPI package.

    pip download litellm --no-deps -d /tmp/litellm
    python scripts/make_prices.py /tmp/litellm/litellm-*.whl

A wheel, or the JSON file in it. Without either, the wheel is downloaded into a folder that is removed afterwards.
litellm is never installed or imported. The shape of the table is told in `genscope.features.cost.prices`.
"""

from __future__ import annotations

import argparse
import datetime
import gzip
import json
import re
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

TABLE = Path(__file__).parents[1] / "src/genscope/features/cost/prices.json.gz"
JSON_IN_WHEEL = "litellm/model_prices_and_context_window_backup.json"
ATTRIBUTION = "Prices from LiteLLM (https://github.com/BerriAI/litellm). MIT License, Copyright (c) 2023 Berri AI"

_SAME = (
    "ai21 anthropic baseten cerebras cohere dashscope deepinfra deepseek fireworks_ai groq hyperbolic minimax nebius "
    "novita openai perplexity sambanova together_ai volcengine"
)
PROVIDERS = {name: name for name in _SAME.split()} | {
    "azure": "azure.ai.openai",
    "azure_text": "azure.ai.openai",
    "azure_ai": "azure.ai.inference",
    "bedrock": "aws.bedrock",
    "bedrock_converse": "aws.bedrock",
    "bedrock_mantle": "aws.bedrock",
    "codestral": "mistral_ai",
    "cohere_chat": "cohere",
    "fireworks_ai-embedding-models": "fireworks_ai",
    "friendliai": "friendli",
    "gemini": "gcp.gemini",
    "lambda_ai": "lambda",
    "mistral": "mistral_ai",
    "moonshot": "moonshot_ai",
    "nvidia_nim": "nvidia",
    "text-completion-codestral": "mistral_ai",
    "text-completion-openai": "openai",
    "vertex_ai": "gcp.vertex_ai",
    "voyage": "voyageai",
    "watsonx": "ibm.watsonx.ai",
    "xai": "x_ai",
    "zai": "z_ai",
}
"""LiteLLM's name of a provider -> `gen_ai.provider.name`. Those that serve models under their own host, as
`genscope.providers.hosts` knows them: no gateways, no resellers, no price lists of others."""

MODES = {
    None, "chat", "completion", "responses", "embedding", "image_generation", "image_edit", "audio_transcription",
    "audio_speech", "rerank", "moderation",
}  # fmt: skip
"""What genscope can see the usage of."""

NO_MODELS = re.compile(r"^(fireworks-ai-|together-ai-)|-commitment/|-x-|/invoke/|\*")
"""Prices by the size of a model, which would have to be guessed, of reserved capacity, which no call has, and by the
pixels of an image."""

FREE = {"omni-moderation-latest", "omni-moderation-2024-09-26", "zai/glm-4.5-flash", "zai/glm-4.7-flash"}
"""A zero elsewhere means that LiteLLM has no price: https://platform.openai.com/docs/models/omni-moderation-latest,
https://docs.z.ai/guides/overview/pricing"""

TOKEN_KINDS = {
    "input_cost_per_token": "input",
    "output_cost_per_token": "output",
    "cache_read_input_token_cost": "cache_read",
    "cache_creation_input_token_cost": "cache_write",
    "cache_creation_input_token_cost_above_1hr": "cache_write_1h",
    "input_cost_per_audio_token": "input_audio",
    "output_cost_per_audio_token": "output_audio",
    "input_cost_per_image_token": "input_image",
    "output_cost_per_image_token": "output_image",
    "output_cost_per_reasoning_token": "reasoning",
}
TIERS = {f"_{tier}": tier for tier in ("flex", "priority", "balanced", "ultrafast")} | {"_batches": "batch"}
_KEY = re.compile(
    rf"^({'|'.join(sorted(TOKEN_KINDS, key=len, reverse=True))})(?:_above_(\d+)(k?)_tokens)?({'|'.join(TIERS)})?$"
)
INCLUSIVE = {"xai"}
"""Whose long context begins at the threshold, not above it: https://docs.x.ai/developers/models"""

Price = dict[str, Any]


def number(value: Any) -> Decimal | None:
    """A price in USD without the noise of floats: 2.0000000000000002e-7 is 2e-7."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    return round(Decimal(str(value)), 15)


def plain(value: Decimal) -> int | float:
    """As JSON: the shortest number that says the same."""
    return int(value) if value == int(value) else float(value)


def price_of(provider: str, entry: Mapping[str, Any]) -> Price:
    """An entry of LiteLLM's as a price of ours: tokens in USD per million, `per_...` in USD for one."""
    price: Price = {}
    for key, value in entry.items():
        found = _KEY.match(key)
        usd = number(value)
        if found is None or usd is None:
            continue
        kind, threshold, thousands, tier = found.groups()
        place = price if tier is None else price.setdefault("tiers", {}).setdefault(TIERS[tier], {})
        if threshold is not None:
            tokens = int(threshold) * (1000 if thousands else 1) - (provider in INCLUSIVE)
            place = place.setdefault("above", {}).setdefault(str(tokens), {})
        place[TOKEN_KINDS[kind]] = plain(usd * 1_000_000)
    price |= {kind: plain(usd) for kind, usd in units_of(provider, entry) if usd}
    for tier in entry.get("tiered_pricing") or ():
        lay_step(price, tier)
    factors = dict(factors_of(entry))
    if factors:
        price["factors"] = factors
    off_peak = entry.get("off_peak_pricing")
    if off_peak:
        price["off_peak"] = off_peak_of(off_peak)
    return corrected(provider, price, entry)


def units_of(provider: str, entry: Mapping[str, Any]) -> Iterator[tuple[str, Decimal | None]]:
    """What is not counted in tokens."""
    mode = entry.get("mode")
    if mode == "audio_transcription":
        # Both may be there and mean the same second: https://platform.openai.com/docs/pricing#transcription-and-speech
        yield "per_second", number(entry.get("output_cost_per_second")) or number(entry.get("input_cost_per_second"))
    if mode == "audio_speech":
        yield "per_character", number(entry.get("input_cost_per_character"))
    if mode in ("image_generation", "image_edit"):
        yield "per_image", number(entry.get("output_cost_per_image")) or number(entry.get("input_cost_per_image"))
    if mode == "rerank":
        yield "per_query", number(entry.get("input_cost_per_query"))
    # Google bills some models for each prompt that was searched for, however many searches it took
    if provider not in ("gemini", "vertex_ai") or entry.get("web_search_billing_unit") == "per_query":
        searches = entry.get("search_context_cost_per_query") or {}
        yield "per_web_search", number(searches.get("search_context_size_medium"))


def kinds_of(said: Mapping[str, Any]) -> Price:
    named = {TOKEN_KINDS[key]: number(value) for key, value in said.items() if key in TOKEN_KINDS}
    return {kind: plain(usd * 1_000_000) for kind, usd in named.items() if usd is not None}


def lay_step(price: Price, tier: Mapping[str, Any]) -> None:
    """Alibaba's tiers: by the input of a request, all of it at one tier's prices, cached tokens at its input price
    unless it has one for them (https://www.alibabacloud.com/help/en/model-studio/models)."""
    said = kinds_of(tier)
    for kind in ("cache_read", "cache_write"):
        said.setdefault(kind, said["input"])
    start = int(tier.get("range", [0])[0])
    if start:
        price.setdefault("above", {})[str(start)] = said
    else:
        price |= said


def factors_of(entry: Mapping[str, Any]) -> Iterator[tuple[str, int | float]]:
    """By what everything is multiplied that is served in a region, or fast."""
    named = {
        "eu": entry.get("regional_processing_uplift_multiplier_eu"),
        "us": entry.get("regional_processing_uplift_multiplier_us"),
        "regional": entry.get("regional_endpoint_uplift_multiplier"),
    }
    for name, factor in (named | (entry.get("provider_specific_entry") or {})).items():
        if name in (*named, "fast") and isinstance(factor, (int, float)):
            yield name, plain(Decimal(str(factor)))


def off_peak_of(said: Mapping[str, Any]) -> Price:
    windows = [
        {"hours": [hours] if isinstance(hours := window["hours_utc"], str) else hours, "weekdays": window["weekdays"]}
        for window in said.get("windows", ())
    ]
    if said.get("hours_utc"):
        flat = said["hours_utc"]
        windows.append({"hours": [flat] if isinstance(flat, str) else flat})
    return {"windows": windows} | kinds_of(said)


def corrected(provider: str, price: Price, entry: Mapping[str, Any]) -> Price:
    """What LiteLLM's code knows and its data do not say."""
    mode = entry.get("mode")
    if mode in ("embedding", "rerank", "moderation") and not price.get("output"):
        price.pop("output", None)
    if not {"per_second", "per_query", "per_character", "per_image"}.isdisjoint(price):
        for kind in ("input", "output"):  # a placeholder
            if price.get(kind) == 0:
                del price[kind]
    if mode == "audio_speech" and "output_audio" in price:
        price["output"] = price["output_audio"]  # it answers with nothing else
    if mode in ("image_generation", "image_edit") and "output_image" in price:
        price.setdefault("output", price["output_image"])
    if provider.startswith("fireworks_ai") and price.get("input"):
        # https://docs.fireworks.ai/guides/prompt-caching: cached tokens cost half where nothing else is said
        price.setdefault("cache_read", plain(Decimal(str(price["input"])) / 2))
    if provider == "anthropic" and price:
        # For every model: https://platform.claude.com/docs/en/about-claude/pricing#web-search-tool
        price.setdefault("per_web_search", 0.01)
    batch = price.get("tiers", {}).get("batch", {})
    if provider == "anthropic" and batch.get("input") and 2 * batch["input"] == price["input"]:
        # All of it at half: https://platform.claude.com/docs/en/build-with-claude/batch-processing#pricing
        for kind in ("cache_read", "cache_write", "cache_write_1h"):
            if kind in price:
                batch.setdefault(kind, plain(Decimal(str(price[kind])) / 2))
    return price


def is_priced(price: Price) -> bool:
    """Searches alone do not make a price."""
    return any(isinstance(value, (int, float)) and value > 0 for kind, value in price.items() if "search" not in kind)


def name_of(key: str, provider: str) -> str:
    """The model's name without the prefix by which LiteLLM routes it; lower case, as it is looked up."""
    first, slash, rest = key.partition("/")
    return (rest if slash and (first in PROVIDERS or first == provider) else key).lower()


def make(entries: Mapping[str, Any], source: str, date: str) -> dict[str, Any]:
    """The table: models by provider, and their prices, each once."""
    prices: list[Price] = []
    places: dict[str, int] = {}
    models: dict[str, dict[str, int]] = {}
    # Names without a prefix last: where two mean the same model, the plain name says its price.
    for key, entry in sorted(entries.items(), key=lambda item: ("/" not in item[0], item[0])):
        provider = str(entry.get("litellm_provider")).partition("-")[0]
        provider = provider if provider in PROVIDERS else str(entry.get("litellm_provider"))
        if provider not in PROVIDERS or entry.get("mode") not in MODES or NO_MODELS.search(key):
            continue
        price = price_of(provider, entry)
        if not is_priced(price) and key not in FREE:
            continue
        spelled = json.dumps(price, sort_keys=True)
        if spelled not in places:
            places[spelled] = len(prices)
            prices.append(price)
        models.setdefault(PROVIDERS[provider], {})[name_of(key, provider)] = places[spelled]
    return {
        "attribution": ATTRIBUTION,
        "source": source,
        "date": date,
        "prices": prices,
        "models": {provider: dict(sorted(models[provider].items())) for provider in sorted(models)},
    }


def write(table: Mapping[str, Any], path: Path) -> None:
    """Compressed, and the same bytes for the same table."""
    text = json.dumps(table, separators=(",", ":"), sort_keys=True)
    path.write_bytes(gzip.compress(text.encode(), 9, mtime=0))


def read(path: Path) -> tuple[dict[str, Any], str]:
    """LiteLLM's entries and what they are: from its wheel, or the JSON file in it."""
    if path.suffix == ".whl":
        with zipfile.ZipFile(path) as wheel:
            return json.loads(wheel.read(JSON_IN_WHEEL)), f"litellm {path.name.split('-')[1]}"
    return json.loads(path.read_text(encoding="utf-8")), "litellm"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("path", nargs="?", type=Path, help="litellm's wheel, or the JSON file in it")
    parser.add_argument("--source", help="name and version of the package, where the file does not say it")
    parser.add_argument("--date", default=datetime.date.today().isoformat(), help="of the data; default: today")
    parser.add_argument("--output", type=Path, default=TABLE)
    said = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        if said.path is None:
            pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "-d", folder, "litellm"]
            subprocess.run(pip, check=True)
            (said.path,) = Path(folder).glob("litellm-*.whl")
        entries, source = read(said.path)
    table = make(entries, said.source or source, said.date)
    write(table, said.output)
    models = sum(map(len, table["models"].values()))
    sys.stdout.write(
        f"{table['source']}, {table['date']}: {models} models of {len(table['models'])} providers, "
        f"{len(table['prices'])} prices, {said.output.stat().st_size} bytes\n"
    )


if __name__ == "__main__":
    main()
