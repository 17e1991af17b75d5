"""Fixtures of the process models."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from genscope.local.simulator import Simulator

from .running import Venue


@pytest.fixture
def venue(tmp_path: Path, simulator: Simulator) -> Iterator[Venue]:
    simulator.reset()
    yield Venue(tmp_path, simulator)
    simulator.release()
    simulator.wait_until(lambda simulator: simulator.connections == 0, timeout=1.0)
    simulator.reset()
