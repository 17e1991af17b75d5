"""A test of judging has a stage, accounts and instruments of its own."""

from __future__ import annotations

from collections.abc import Iterator

import openai
import pytest

from genscope import judging
from genscope.features.budget import ledgers
from genscope.features.budget.stage import live
from genscope.features.judge import models
from genscope.local.simulator import Simulator


@pytest.fixture
def fresh() -> Iterator[None]:
    forget()
    yield
    forget()


def forget() -> None:
    models._of_sdk.cache_clear()
    models._wordy.clear()
    judging._made.clear()
    ledgers._ledgers.clear()
    for budgets in list(live.values()):
        budgets.retire()


@pytest.fixture
def client(simulator: Simulator) -> Iterator[openai.OpenAI]:
    """Of the application."""
    with openai.OpenAI(base_url=simulator.base_url(), api_key="sk-none", max_retries=0) as client:
        yield client
