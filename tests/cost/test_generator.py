"""The script that makes the table, on a few entries as LiteLLM writes them."""

from __future__ import annotations

import gzip
import json
import subprocess
import sys
import zipfile
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

import pytest

from genscope.features.cost.own_table import _faults_of_price
from genscope.features.cost.table import Table, embedded

SCRIPT = Path(__file__).parents[2] / "scripts" / "make_prices.py"
SAMPLE = Path(__file__).with_name("litellm_sample.json")


@pytest.fixture(scope="module")
def script() -> Any:
    spec = spec_from_file_location("make_prices", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def table(script: Any) -> Table:
    return Table(script.make(json.loads(SAMPLE.read_text("utf-8")), "litellm 1.2.3", "2026-11-21"))


def said(table: Table, provider: str, model: str) -> Any:
    return {entry.model: entry.said for entry in table.entries() if entry.provider == provider}[model]


def test_only_what_a_provider_sells_itself_and_can_be_seen_is_in_it(table: Table) -> None:
    assert {provider: sorted(models) for provider, models in table.models.items()} == {
        "anthropic": ["claude-a"],
        "aws.bedrock": ["us.anthropic.claude-a-v1:0"],
        "azure.ai.openai": ["eu/gpt-a", "gpt-a"],
        "cohere": ["rerank-a"],
        "dashscope": ["qwen-a"],
        "deepseek": ["deepseek-a"],
        "fireworks_ai": ["accounts/fireworks/models/a"],
        "gcp.gemini": ["gemini-a"],
        "gcp.vertex_ai": ["claude-a@20260101"],
        "openai": ["gpt-a", "gpt-a-2026-01-01", "gpt-image-a", "omni-moderation-latest", "tts-a", "tts-b", "whisper-a"],
        "x_ai": ["grok-a"],
    }


@pytest.mark.parametrize(
    "provider, model, expected",
    [
        (
            "openai",
            "gpt-a",
            {
                "input": 2.5,
                "output": 10,
                "cache_read": 0.2,  # without the noise: 2.0000000000000002e-07
                "per_web_search": 0.01,
                "above": {"272000": {"input": 5}},
                "tiers": {"flex": {"input": 1.25, "above": {"272000": {"input": 2.5}}}, "batch": {"output": 5}},
                "factors": {"eu": 1.1},
            },
        ),
        (
            "anthropic",
            "claude-a",
            {
                "input": 3,
                "output": 15,
                "cache_read": 0.3,
                "cache_write": 3.75,
                "cache_write_1h": 6,
                "per_web_search": 0.01,
                "above": {"200000": {"cache_write_1h": 12}},
                "factors": {"us": 1.1, "fast": 2},
                # all of a batch at half price, also what LiteLLM does not list
                "tiers": {"batch": {"input": 1.5, "cache_read": 0.15, "cache_write": 1.875, "cache_write_1h": 3}},
            },
        ),
        ("x_ai", "grok-a", {"input": 2, "above": {"127999": {"input": 4}}}),  # from 128,000 on, not above
        (
            "dashscope",
            "qwen-a",
            {
                "input": 1,
                "output": 5,
                "cache_read": 1,
                "cache_write": 1,
                "above": {"32000": {"input": 2, "output": 9, "cache_read": 0.5, "cache_write": 2}},
            },
        ),
        (
            "deepseek",
            "deepseek-a",
            {
                "input": 0.3,
                "cache_write": 0,  # free is a price
                "off_peak": {
                    "input": 0.15,
                    "windows": [{"hours": ["00:00-00:00"], "weekdays": [6, 7]}, {"hours": ["10:00-12:00"]}],
                },
            },
        ),
        ("fireworks_ai", "accounts/fireworks/models/a", {"input": 0.9, "output": 0.9, "cache_read": 0.45}),
        ("openai", "whisper-a", {"per_second": 0.0001}),
        ("openai", "tts-a", {"per_character": 0.000015}),
        ("openai", "tts-b", {"input": 0.6, "output": 12, "output_audio": 12}),
        ("openai", "gpt-image-a", {"input": 5, "input_image": 10, "output": 40, "output_image": 40}),
        ("openai", "omni-moderation-latest", {"input": 0}),
        ("cohere", "rerank-a", {"per_query": 0.002}),
        ("gcp.gemini", "gemini-a", {"input": 1.25, "input_audio": 2}),  # a search is billed by the prompt there
        ("gcp.vertex_ai", "claude-a@20260101", {"input": 3, "factors": {"regional": 1.1}}),
    ],
)
def test_a_price_is_what_the_entry_says(table: Table, provider: str, model: str, expected: Any) -> None:
    assert said(table, provider, model) == expected


def test_each_price_stands_there_once(table: Table) -> None:
    assert table.models["openai"]["gpt-a"] == table.models["openai"]["gpt-a-2026-01-01"]


def test_the_same_data_make_the_same_file(script: Any, tmp_path: Path) -> None:
    wheel = tmp_path / "litellm-1.2.3-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr(script.JSON_IN_WHEEL, SAMPLE.read_text("utf-8"))
    made = [tmp_path / "first.json.gz", tmp_path / "second.json.gz"]
    for path in made:
        command = [sys.executable, str(SCRIPT), str(wheel), "--date", "2026-11-21", "--output", str(path)]
        said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        assert said.startswith("litellm 1.2.3, 2026-11-21: 18 models of 11 providers, 17 prices, ")
    assert made[0].read_bytes() == made[1].read_bytes()
    found = json.loads(gzip.decompress(made[0].read_bytes()))
    assert (found["source"], found["date"]) == ("litellm 1.2.3", "2026-11-21")
    assert "MIT License, Copyright (c) 2023 Berri AI" in found["attribution"]


def test_the_embedded_table_is_what_users_may_write() -> None:
    faults = [fault for entry in embedded().entries() for fault in _faults_of_price(entry.model, entry.said)]
    assert not faults


def test_the_licence_of_the_data_comes_with_them() -> None:
    notice = (SCRIPT.parents[1] / "src/genscope/features/cost/NOTICE").read_text("utf-8")
    assert "Copyright (c) 2023 Berri AI" in notice
    assert "Permission is hereby granted, free of charge" in notice
