"""The stage that marks a call with the hash of its prompt: repeated ones are found, and none is stored."""

from __future__ import annotations

from genscope import semconv
from genscope.core.fingerprint import fingerprint, prompt_of
from genscope.core.operation import Operation
from genscope.core.pipeline import Stage


class ContentHash(Stage):
    """Whether content is captured or not. `key` makes the hash an HMAC; `events` tells whether calls have an event."""

    wants_content = True

    def __init__(self, key: str | None, *, events: bool) -> None:
        self._key = key
        self._events = events

    def idle(self) -> bool:
        """It works for the spans and events of other stages."""
        return True

    def end(self, op: Operation) -> None:
        span = op.span if op.span is not None and op.span.is_recording() else None
        if op.content is None or (span is None and not self._events):
            return
        found = fingerprint(prompt_of(op.content), self._key)
        if found is None:
            return
        attributes = {semconv.CONTENT_HASH: found[0]}
        if span is not None:
            span.set_attributes(attributes)
        if self._events:
            op.event_attributes = (op.event_attributes or {}) | attributes
