"""What all tests share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from genscope.local.simulator import Simulator

pytest.register_assert_rewrite(*(f"contract.{module}" for module in ("expected", "play", "recorder")))


@pytest.fixture(scope="session")
def simulator() -> Iterator[Simulator]:
    """One provider for all tests; `reset()` it when you begin."""
    with Simulator() as simulator:
        yield simulator
