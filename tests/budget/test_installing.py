"""One budget whichever SDK a call goes through, and its metrics where the others go."""

from __future__ import annotations

from typing import Any

import pytest
from contract.cases import ANTHROPIC, OPENAI
from contract.recorder import Recorder

import genscope
from genscope.budget import status
from genscope.local.simulator import Simulator


def test_two_sdks_share_a_budget_and_its_metrics(simulator: Simulator) -> None:
    recorder = Recorder()
    prices = {"gpt-4o": {"input": 1, "output": 1}, "claude-haiku-4-5": {"input": 1, "output": 1}}
    genscope.instrument(
        only=["openai", "anthropic"],
        budget="2 requests/day; 5 usd/day",
        budget_mode="deny",
        prices=prices,
        raise_faults=True,
        **recorder.providers,
    )
    messages: Any = [{"role": "user", "content": "Hello"}]
    try:
        with OPENAI.http_client("sync") as http, ANTHROPIC.http_client("sync") as others:
            openai = OPENAI.client("sync", simulator.base_url(), http)
            claude = ANTHROPIC.client("sync", simulator.base_url(), others)
            openai.chat.completions.create(model="gpt-4o", messages=messages)
            claude.messages.create(model="claude-haiku-4-5", messages=messages, max_tokens=10)
            with pytest.raises(genscope.BudgetExceeded, match="2 requests/day"):
                openai.chat.completions.create(model="gpt-4o", messages=messages)
        requests, money = status()
        assert (requests.spent, requests.remaining) == (2, 0)
        assert money.spent == pytest.approx(60e-6)
        used = {
            point.attributes["genscope.budget.unit"]: point.value for point in recorder.points("genscope.budget.used")
        }
        assert used == {"requests": 1.0, "usd": pytest.approx(12e-6)}
        assert sum(point.value for point in recorder.points("genscope.budget.refusals")) == 1
    finally:
        genscope.uninstrument()
