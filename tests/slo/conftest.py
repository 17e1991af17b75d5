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
def _fresh() -> Iterator[None]:
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
