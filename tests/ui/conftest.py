from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from .served import Served


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    """On this machine, without a token, with an empty store."""
    with Served(tmp_path / "store.db") as served:
        yield served


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """One for the tests of a module, which begin where the others have ended."""
    with Served(tmp_path_factory.mktemp("ui") / "store.db") as served:
        yield served
