"""A call that genscope fails to prepare is not traced at all: nothing is said of it, on no signal."""

from __future__ import annotations

from typing import Any

import pytest

from genscope.local.simulator import Simulator
from genscope.providers import stainless

from .cases import SDKS
from .recorder import instrumented
from .stand_ins import StandIn, answer, recorded
from .test_endings import streaming_api
from .vocabulary import Sdk


@pytest.mark.parametrize("sdk", SDKS, ids=repr)
def test_a_body_that_cannot_be_read(sdk: Sdk, simulator: Simulator, monkeypatch: pytest.MonkeyPatch) -> None:
    def body(*args: Any) -> Any:
        raise LookupError

    api = streaming_api(sdk)
    whole = recorded(sdk, api, simulator, stream=False)
    provider = StandIn(sdk, "sync", lambda request: answer(sdk, whole))
    monkeypatch.setattr(stainless, "body_reader", lambda module: body)
    with instrumented(sdk, raise_faults=False) as recorder:
        assert provider.ask(api).id
    provider.http.close()
    assert recorder.started == []
    assert recorder.points("gen_ai.client.operation.duration") == []
