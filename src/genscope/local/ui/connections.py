"""A connection that does not wait for ever for what its client does not send."""

from __future__ import annotations

import asyncio
from typing import Any, Final

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

_HEAD_IN: Final = 10.0
"""Seconds in which the head of a request must be there, and the rest of one that is answered already."""
_TAKEN_IN: Final = 60.0
"""Seconds in which what is sent must be taken."""


class Connection(H11Protocol):
    """uvicorn's, which gives up only on a client that sends nothing at all between two requests."""

    _giving_up: asyncio.TimerHandle | None = None
    _not_taken: asyncio.TimerHandle | None = None

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        self._watch()

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        self._watch()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_watching()
        self.resume_writing()
        super().connection_lost(exc)

    def on_response_complete(self) -> None:
        self._stop_watching()
        super().on_response_complete()
        if self.conn.their_state is not h11.IDLE or self.conn.trailing_data[0]:  # the next head has begun already
            self._watch()

    def pause_writing(self) -> None:
        super().pause_writing()
        self._not_taken = self.loop.call_later(_TAKEN_IN, self.transport.abort)

    def resume_writing(self) -> None:
        if self._not_taken is not None:
            self._not_taken.cancel()
            self._not_taken = None
        super().resume_writing()

    def _watch(self) -> None:
        """While a request is being answered, its body's time and the answer's are limited elsewhere."""
        answering = self.conn.our_state in (h11.SEND_RESPONSE, h11.SEND_BODY)
        if answering and self.conn.their_state is not h11.IDLE:
            self._stop_watching()
        elif self._giving_up is None:
            self._giving_up = self.loop.call_later(_HEAD_IN, self.transport.abort)

    def _stop_watching(self) -> None:
        if self._giving_up is not None:
            self._giving_up.cancel()
            self._giving_up = None
