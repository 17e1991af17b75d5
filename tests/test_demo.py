"""The whole thing, as a newcomer sees it first: `genscope demo`."""

from __future__ import annotations

import os
import re
import subprocess
import sys

import pytest

from genscope.local import demo
from genscope.local.store.filters import Filters
from genscope.local.store.place import path_of
from genscope.local.store.reading import Reader


@pytest.fixture(scope="module")
def shown() -> subprocess.CompletedProcess[str]:
    """What the demo prints. Settings that would spoil it are there on purpose."""
    if demo._openai() < demo._OPENAI:
        pytest.skip("the sample application needs a newer openai SDK")
    environ = {name: value for name, value in os.environ.items() if name not in ("COLUMNS", "FORCE_COLOR")}
    environ |= {"OTEL_SDK_DISABLED": "true", "OTEL_TRACES_EXPORTER": "none", "HTTP_PROXY": "http://127.0.0.1:9"}
    environ["GENSCOPE_RAISE_FAULTS"] = "true"
    return subprocess.run(
        [sys.executable, "-m", "genscope.cli", "demo", "--pause", "0.02"],
        env=environ,
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=120,
    )


@pytest.fixture(scope="module")
def traces(shown: subprocess.CompletedProcess[str]) -> dict[str, list[str]]:
    """Lines by the name of the trace's root."""
    blocks = [block.splitlines() for block in shown.stderr.strip("\n").split("\n\n")]
    return {block[0].split("   ")[0]: block[1:] for block in blocks}


def test_the_sample_runs_as_without_us(shown: subprocess.CompletedProcess[str]) -> None:
    assert shown.returncode == 0, shown.stderr
    said = [line.split()[0] for line in shown.stdout.splitlines()]
    assert said[:3] == ["A", "Kept", "$"]  # the provider, the store, the command
    assert said[3:] == [
        *("embedding", "chat", "streamed", "streamed", "responses"),
        *("tool", "tool", "with", "stopped", "agent", "agent", "thought", "retried", "too", "refused"),
        *("guide", "guide", "guide"),
    ]


def test_what_it_leaves_is_marked(shown: subprocess.CompletedProcess[str]) -> None:
    with Reader(path_of(None)) as reader:
        of_the_demo = Filters(service=demo.SERVICE)
        assert {one.name for one in reader.traces(of_the_demo).items} >= {"answer a question", "meet trouble"}
        assert any("capital of France" in str(one.content) for one in reader.all_spans(of_the_demo))
    assert f"Kept in {path_of(None)}, as the service genscope-demo" in shown.stdout


def test_six_traces_and_no_noise(shown: subprocess.CompletedProcess[str], traces: dict[str, list[str]]) -> None:
    assert list(traces) == [
        *("answer a question", "compare answers", "plan a trip", "run an agent", "meet trouble"),
        "invoke_workflow answer a traveller",  # three of them
    ]
    assert "Traceback" not in shown.stderr
    assert not re.search("warning|error:|failed to", shown.stderr, re.IGNORECASE)


def test_a_plain_answer(traces: dict[str, list[str]]) -> None:
    embedding, chat, footer = traces["answer a question"]
    assert re.search(r"├── embeddings text-embedding-3-small .* \d+ tokens in", embedding)
    assert re.search(r"└── chat gpt-4o-mini .* [\d,]+ → \d+ tokens( \(.*\))? · stop · \$0\.0000\d+", chat)
    assert footer.startswith("2 calls · ")
    assert re.search(r" · 127\.0\.0\.1:\d+$", footer)


def test_streams_and_reasoning(traces: dict[str, list[str]]) -> None:
    first, second, responses, footer = traces["compare answers"]
    for line in (first, second):
        assert re.search(r"chat gpt-4o-mini .* TTFT [\d.]+ ms · [\d,]+ → \d+ tokens( \(.*\))? · stop", line)
    assert re.search(r"reasoning after [\d.]+ ms, TTFT [\d.]+ ms · .*reasoning \d+\)", responses)
    assert footer.startswith("3 calls · ")


def test_tools_and_a_stream_that_is_left(traces: dict[str, list[str]]) -> None:
    asked, answered, left, _ = traces["plan a trip"]
    assert "· tool_calls" in asked
    assert "· stop" in answered
    assert re.search(r"abandoned after \d+ chunks · TTFT [\d.]+ ms", left)


def test_an_agent_of_another_provider(traces: dict[str, list[str]]) -> None:
    asked, answered, thought, footer = traces["run an agent"]
    assert re.search(r"├── chat claude-haiku-4-5 .* \d+ → \d+ tokens \(cached \d+\) · tool_use · \$0\.0000\d+$", asked)
    assert " · end_turn · $" in answered
    assert re.search(
        r"reasoning after [\d.]+ ms, TTFT [\d.]+ ms · .*reasoning \d+\) · end_turn · \$0\.000\d+$", thought
    )
    assert footer.startswith("3 calls · ")


def test_trouble(traces: dict[str, list[str]]) -> None:
    retried, too_long, refused, footer = traces["meet trouble"]
    assert re.search(r"2 retries, [\d.]+ m?s backoff: 429 rate_limit ×2 · .* tokens.* · stop", retried)
    assert "✗ context_length: 400 context_length_exceeded" in too_long
    assert refused.endswith("✗ budget_exceeded: BudgetExceeded")
    assert "3 calls · " in footer
    assert "· 2 errors · 2 retries" in footer


def test_what_the_calls_alone_do_not_tell(shown: subprocess.CompletedProcess[str]) -> None:
    """So that every view of the page has something to show."""
    with Reader(path_of(None)) as reader:
        (talk,) = (one for one in reader.totals("conversation") if one.key == "paris-trip")
        assert talk.calls == 3
        kinds = {one.operation for one in reader.spans(limit=500).items}
        assert kinds >= {"chat", "embeddings", "invoke_workflow", "invoke_agent", "execute_tool", "retrieval"}
        calls = reader.calls(limit=500).items
        assert any(one.defects for one in calls)
        assert any(one.ttft_ns for one in calls)
        assert any(one.retries for one in calls)
        assert any(one.cache_read_tokens for one in calls)
        assert [one.verdicts for one in reader.scores() if one.evaluation == "conciseness"] == [3]
