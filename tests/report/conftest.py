"""Tests that need a Prometheus are skipped, saying so, where it is not installed."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.ops.servers import NO_PROMETHEUS, PROMETHEUS, PROMTOOL


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if not (PROMETHEUS and PROMTOOL) and item.get_closest_marker("needs_prometheus"):
            item.add_marker(pytest.mark.skip(reason=NO_PROMETHEUS))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "store.db"
