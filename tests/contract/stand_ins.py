"""A provider in memory, for tests that need very many calls or a say in what the HTTP library does."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

from genscope.local.simulator import Simulator

from .vocabulary import Api, Mode, Sdk

BASE_URL = "http://provider.example/v1"


class StandIn:
    """A client of an SDK whose requests `handler` answers; to be closed by `http`."""

    def __init__(self, sdk: Sdk, mode: Mode, handler: Callable[[Any], Any], **options: Any) -> None:
        self.sdk = sdk
        self.mode = mode
        self.http = sdk.stand_in(mode, handler)
        self.client = sdk.client(mode, options.pop("base_url", BASE_URL), self.http, **options)

    def ask(self, api: Api, **more: Any) -> Any:
        """Make the call: the answer, or its coroutine."""
        return getattr(api.of(self.client), api.method)(**{**api.arguments, **more})


def recorded(sdk: Sdk, api: Api, simulator: Simulator, *, stream: bool) -> bytes:
    """The body with which the simulator answers."""
    http = sdk.http_client("sync")
    client = sdk.client("sync", simulator.base_url("ok"), http)
    more = {"stream": True} if stream else {}
    raw = getattr(api.of(client).with_raw_response, api.method)(**api.arguments, **more)
    body: bytes = raw.http_response.read()
    http.close()
    return body


def answer(sdk: Sdk, body: bytes, *, status: int = 200) -> Any:
    """An HTTP response with JSON."""
    return sdk.http_library().Response(status, headers={"content-type": "application/json"}, content=body)


def stream(sdk: Sdk, mode: Mode, pieces: Callable[[], Iterator[bytes]]) -> Any:
    """An HTTP response with server-sent events, which come as they are read."""
    content = _Body(pieces) if mode == "sync" else _AsyncBody(pieces)
    return sdk.http_library().Response(200, headers={"content-type": "text/event-stream"}, content=content)


class _Body:
    def __init__(self, pieces: Callable[[], Iterator[bytes]]) -> None:
        self._pieces = pieces

    def __iter__(self) -> Iterator[bytes]:
        return self._pieces()


class _AsyncBody(_Body):
    __iter__ = None  # type: ignore[assignment]

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for piece in self._pieces():
            yield piece
