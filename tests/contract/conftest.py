"""Fixtures of the contract."""

from __future__ import annotations

import gc
import os
from collections.abc import Iterator

import pytest


@pytest.fixture(autouse=True)
def _only_what_a_test_makes_is_collected() -> None:
    """`gc.collect()` is then fast enough to be called by hundreds of tests."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session", autouse=True)
def _all_is_collected_at_the_end() -> Iterator[None]:
    yield
    gc.unfreeze()


@pytest.fixture(autouse=True)
def _no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.startswith(("OTEL_", "OPENAI_", "ANTHROPIC_", "GENSCOPE_", "AZURE_")):
            monkeypatch.delenv(name)
