"""What all tests share."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from genscope import settings
from genscope.local.simulator import Simulator

# What other folders import of these two, too, and that before the conftest of its own is read.
pytest.register_assert_rewrite(*(f"contract.{module}" for module in ("expected", "play", "recorder")))
pytest.register_assert_rewrite(*(f"processes.{module}" for module in ("ledger", "running")))


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


@pytest.fixture
def no_environment(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Nothing is set by the environment but that faults of ours are raised, and nothing has been complained of yet."""
    for name in list(os.environ):
        if name.startswith(("OTEL_", "GENSCOPE_")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("GENSCOPE_RAISE_FAULTS", "true")
    settings.complained.clear()
    yield
    settings.complained.clear()
