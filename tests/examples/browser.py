"""A browser in memory, for an ASGI application: it reads an answer as it comes, and may leave."""

from __future__ import annotations

import asyncio
import json
from typing import Any


class Browser:
    """One request. `leave_after` is the number of events after which the page is closed; None: it is read to the end.

    `opened` is set with the first event, `events` are what was read, `status` is what came before them.
    """

    def __init__(self, app: Any, leave_after: int | None = None) -> None:
        self._app = app
        self._leave_after = leave_after
        self._sent = False
        self._left = asyncio.Event()
        self._noticed = asyncio.Event()
        self.opened = asyncio.Event()
        self.events: list[bytes] = []
        self.status: int | None = None

    def leave(self) -> None:
        """Close the page."""
        self._left.set()

    async def ask(self, question: str, **headers: str) -> bytes:
        """The whole answer, as far as it was read. Headers: `x_user_id="u1"`."""
        self._body = json.dumps({"question": question}).encode()
        named = {"content-type": "application/json", **{k.replace("_", "-"): v for k, v in headers.items()}}
        scope = {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.3"},
            "http_version": "1.1",
            "method": "POST",
            "scheme": "http",
            "path": "/ask",
            "raw_path": b"/ask",
            "query_string": b"",
            "root_path": "",
            "headers": [(name.encode(), value.encode()) for name, value in named.items()],
            "client": ("127.0.0.1", 1),
            "server": ("127.0.0.1", 2),
        }
        await self._app(scope, self._receive, self._send)
        return b"".join(self.events)

    async def _receive(self) -> dict[str, Any]:
        if not self._sent:
            self._sent = True
            return {"type": "http.request", "body": self._body, "more_body": False}
        await self._left.wait()
        self._noticed.set()
        return {"type": "http.disconnect"}

    async def _send(self, message: dict[str, Any]) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
        elif message["body"]:
            assert not self._left.is_set(), "nobody reads this any more"
            self.events.append(message["body"])
            self.opened.set()
            if len(self.events) == self._leave_after:
                self.leave()
                await self._noticed.wait()
