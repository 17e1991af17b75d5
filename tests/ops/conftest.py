"""Tests that need a server are skipped, saying so, where it is not installed."""

from __future__ import annotations

import pytest

from .servers import ALERTMANAGER, AMTOOL, NO_ALERTMANAGER, NO_PROMETHEUS, PROMETHEUS, PROMTOOL


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for mark, there, reason in (
        ("needs_prometheus", PROMETHEUS and PROMTOOL, NO_PROMETHEUS),
        ("needs_alertmanager", ALERTMANAGER and AMTOOL, NO_ALERTMANAGER),
    ):
        for item in items:
            if not there and item.get_closest_marker(mark):
                item.add_marker(pytest.mark.skip(reason=reason))
