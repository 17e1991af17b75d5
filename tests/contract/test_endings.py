"""Law 3: exactly one span, ended exactly once, when nobody ends the call properly."""

from __future__ import annotations

import asyncio
import gc
import sys
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.metrics.view import DefaultAggregation, View
from opentelemetry.sdk.trace import ReadableSpan, SpanProcessor

from genscope.local.simulator import Simulator

from .cases import SDKS, case
from .outcomes import CALLS
from .play import new_client, play
from .processes import python
from .recorder import Recorder, instrumented
from .vocabulary import MODES, Mode, Sdk

OK = CALLS[0]
ABANDONED = {"sync": 2000, "async": 300}


class Source:
    """A client whose provider is in memory: streams are cheap, and open until somebody closes them."""

    def __init__(self, sdk: Sdk, mode: Mode, simulator: Simulator) -> None:
        self.api = next(api for api in sdk.apis if api.frames)
        body = _stream_of(sdk, simulator)
        self._kind = _Open if mode == "sync" else _OpenAsync
        response: Any = type(sdk.stand_in("sync", lambda request: None).build_request("GET", "http://x"))
        assert response
        self.http = sdk.stand_in(mode, lambda request: _response(request, self._kind(body)))
        self.client = sdk.client(mode, "http://provider.example/v1", self.http)

    def ask(self) -> Any:
        return getattr(self.api.of(self.client), self.api.method)(**self.api.arguments, stream=True)


class _Open:
    """A body that comes in pieces and has no end."""

    def __init__(self, body: bytes) -> None:
        self._body = body

    def __iter__(self) -> Iterator[bytes]:
        while True:
            yield self._body
