"""Server-Sent Events, and readers who leave before the end."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any

from starlette.responses import StreamingResponse
from starlette.types import Receive, Scope, Send


def event(name: str, **data: Any) -> bytes:
    return f"event: {name}\ndata: {json.dumps(data)}\n\n".encode()


class EventStream(StreamingResponse):
    """Events as they come. When the browser goes away they are closed with the next one.

    Starlette would cancel them, wherever they are: to whatever produces them that is an error, and nothing went wrong.
    """

    media_type = "text/event-stream"

    def __init__(self, events: AsyncGenerator[bytes]) -> None:
        super().__init__(events, headers={"cache-control": "no-cache", "x-accel-buffering": "no"})
        self._events = events

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        gone = asyncio.ensure_future(self.listen_for_disconnect(receive))
        try:
            async with aclosing(self._events) as events:
                await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
                async for said in events:
                    if gone.done():
                        return
                    await send({"type": "http.response.body", "body": said, "more_body": True})
        finally:
            gone.cancel()
            await asyncio.wait([gone])
        await send({"type": "http.response.body", "body": b"", "more_body": False})
