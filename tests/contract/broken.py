"""Span processors of an application that raise."""

from __future__ import annotations

from opentelemetry.context import Context
from opentelemetry.sdk.trace import ReadableSpan, Span, SpanProcessor


class Broken(RuntimeError):
    """What they raise."""


class BreaksAtStart(SpanProcessor):
    def on_start(self, span: Span, parent_context: Context | None = None) -> None:
        raise Broken


class BreaksAtEnd(SpanProcessor):
    def on_end(self, span: ReadableSpan) -> None:
        raise Broken
