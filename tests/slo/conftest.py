"""Each test has watches of its own, and none of them is left at work."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

import genscope
from genscope.features.slo import installing, watch
from genscope.features.slo.sinks import courier
from genscope.settings import complained

from .receiver import Receiver


@pytest.fixture(autouse=True)
def _fresh(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.setenv(name, "127.0.0.1")
    yield
    genscope.uninstrument()
    for one in list(watch.live.values()):
        one.retire()
    installing._installed.clear()
    courier.undelivered.clear()
    complained.clear()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as receiver:
        yield receiver
