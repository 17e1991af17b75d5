"""`GET /api/live`: server-sent events that tell what has come (https://html.spec.whatwg.org/#server-sent-events).

The file is looked at, because others write to it as well. While nothing has come that costs some microseconds.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from genscope.local.store.database import Identity, identity
from genscope.local.store.following import News
from genscope.local.store.reading import Reader
from genscope.local.store.troubles import StoreError
from genscope.local.ui.api import encoded
from genscope.local.ui.asked import parameters
from genscope.local.ui.refusals import Refusal

PATH: Final = "/api/live"
_EVERY: Final = 0.25
"""Seconds between two looks."""
_ALIVE: Final = 15.0
"""Seconds after which a comment says that the connection is still there."""
_LISTENERS: Final = 32
_AGAIN: Final = 1000
"""Milliseconds after which a page connects again."""


class Live:
    def __init__(self, store: Path) -> None:
        self._store = store
        self._listeners = 0
        self._ended = asyncio.Event()

    def route(self) -> Route:
        return Route(PATH, self._listen, methods=["GET"])

    def end(self) -> None:
        """All streams end. From the loop."""
        self._ended.set()

    async def _listen(self, request: Request) -> Response:
        if self._listeners >= _LISTENERS:
            raise Refusal(503, f"{_LISTENERS} pages listen already", 5)
        try:
            said = request.headers.get("last-event-id") or parameters(request.query_params, ("after",)).get("after")
            follower = _Follower(self._store, said)
            first = await run_in_threadpool(follower.look)
        except ValueError as reason:
            raise Refusal(400, str(reason)) from None
        return StreamingResponse(self._events(follower, first), media_type="text/event-stream")

    async def _events(self, follower: _Follower, found: News | None) -> AsyncIterator[bytes]:
        self._listeners += 1  # here: what is never begun would never end
        try:
            yield b"retry: %d\n\n" % _AGAIN
            said_at = time.monotonic()
            if found is not None and not found:
                yield _event(found)  # so that a page knows where it is
            while not self._ended.is_set():
                if found:
                    yield _event(found)
                    said_at = time.monotonic()
                elif time.monotonic() - said_at >= _ALIVE:
                    yield b": still here\n\n"
                    said_at = time.monotonic()
                try:
                    await asyncio.wait_for(self._ended.wait(), _EVERY)
                except asyncio.TimeoutError:
                    pass
                found = await run_in_threadpool(follower.look)
        finally:
            self._listeners -= 1
            follower.close()


def _event(news: News) -> bytes:
    return b"id: %s\nevent: news\ndata: %s\n\n" % (news.position.encode(), encoded(news))


@dataclass
class _Follower:
    """Looks at the file for one page."""

    store: Path
    position: str | None
    _reader: Reader | None = None
    _file: Identity | None = None

    def look(self) -> News | None:
        """What has come; None while the file cannot be read, which may be another one afterwards."""
        try:
            if self._reader is None or identity(self.store) != self._file:
                self.close()
                self._file = identity(self.store)
                self._reader = Reader(self.store)
            if self.position is None:
                self.position = self._reader.position()
            news = self._reader.news(self.position)
        except StoreError:
            self.close()
            return None
        self.position = news.position
        return news

    def close(self) -> None:
        if self._reader is not None:
            self._reader.close()
            self._reader = None
