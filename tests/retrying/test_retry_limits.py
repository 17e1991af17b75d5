"""Beside others that have a say: the SDK's own retries, and budgets."""

from __future__ import annotations

from typing import Any

import pytest
from contract.recorder import Recorder

import genscope
from genscope.local.simulator import Simulator

from .conftest import MODELS, Ask, Clock, logical

pytest.importorskip("tenacity", reason="genscope.retry needs tenacity")


# --- over the SDK's own retries


def test_double_retrying_is_said_once(
    sdk: str, ask: Ask, recorder: Recorder, simulator: Simulator, caplog: pytest.LogCaptureFixture
) -> None:
    @genscope.retry
    def answer() -> Any:
        return ask("retry", retries=4, after=1, max_retries=2)

    answer()
    root = logical(recorder)
    assert root.attributes["genscope.retry.nested"] == 3
    assert root.attributes["genscope.retry.attempts"] == 2
    assert len(simulator.requests) == 5
    simulator.reset()
    answer()
    (said,) = [record.getMessage() for record in caplog.records if record.name == "genscope" and record.levelno >= 30]
    assert "answer is retried over the retries of the SDK" in said
    assert "max_retries=0" in said


def test_no_double_retrying_is_not_said(ask: Ask, recorder: Recorder, caplog: pytest.LogCaptureFixture) -> None:
    genscope.retry(lambda: ask("retry", retries=2, after=1))()
    assert "genscope.retry.nested" not in logical(recorder).attributes
    assert not [record for record in caplog.records if record.levelno >= 30]


# --- budgets


def test_what_a_budget_refuses_is_not_tried_again(sdk: str, ask: Ask, waits: Clock, simulator: Simulator) -> None:
    recorder = Recorder()
    limit = f"2 requests/total for model={MODELS[sdk]}"
    options: dict[str, Any] = {"budget": limit, "budget_mode": "deny", "threads": False}
    genscope.instrument(only=["openai", "anthropic"], **options, **recorder.providers)
    try:
        assert ask("ok")
        assert ask("ok")
        with pytest.raises(genscope.BudgetExceeded):
            genscope.retry(lambda: ask("ok"))()
    finally:
        genscope.uninstrument()
    assert waits.slept == []
    assert len(simulator.requests) == 2
    (root,) = [span for span in recorder.spans() if span.name.startswith("retry ")]
    assert root.attributes["genscope.error.kind"] == "budget_exceeded"
    assert root.attributes["genscope.retry.gave_up"] == "not_retryable"
