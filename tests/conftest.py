"""What all tests share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from genscope.local.simulator import Simulator

# What other folders import of these two, too, and that before the conftest of its own is read.
pytest.register_assert_rewrite(*(f"contract.{module}" for module in ("expected", "play", "recorder")))
pytest.register_assert_rewrite(*(f"processes.{module}" for module in ("ledger", "running")))


@pytest.fixture(scope="session")
def simulator() -> Iterator[Simulator]:
    """One provider for all tests; `reset()` it when you begin."""
    with Simulator() as simulator:
        yield simulator
