"""What all tests share."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from genscope.local.simulator import Simulator

pytest.register_assert_rewrite(*(f"contract.{module}" for module in ("expected", "play", "recorder")))


@pytest.fixture(scope="session")
def simulator() -> Iterator[Simulator]:
    """One provider for all tests; `reset()` it when you begin."""
    with Simulator() as simulator:
        yield simulator


@pytest.fixture(scope="session", autouse=True)
def no_store_of_the_user(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """What tests record is not kept among what the user records."""
    before = os.environ.get("XDG_STATE_HOME")
    os.environ["XDG_STATE_HOME"] = str(tmp_path_factory.mktemp("state"))
    yield
    del os.environ["XDG_STATE_HOME"]
    if before is not None:
        os.environ["XDG_STATE_HOME"] = before
