"""The stage that makes one span of one call."""

from __future__ import annotations

from collections.abc import Sequence
from sys import modules
from typing import Any, Final

from opentelemetry.context import Context, get_current
from opentelemetry.trace import (
    INVALID_SPAN,
    Link,
    Span,
    SpanKind,
    Status,
    StatusCode,
    TracerProvider,
    get_tracer,
    get_tracer_provider,
    set_span_in_context,
)

from genscope import semconv
from genscope.core.identity import surround
from genscope.core.operation import Failure, Operation
from genscope.core.pipeline import Stage
from genscope.telemetry.attributes import Attributes, identity_attributes, request_attributes, response_attributes
from genscope.telemetry.content import ContentWriter
from genscope.telemetry.deltas import Deltas
from genscope.telemetry.exceptions import describe, exception_attributes
from genscope.telemetry.neighbours import (
    LATECOMER,
    OPENINFERENCE_ANTHROPIC,
    OPENLLMETRY_ANTHROPIC,
    Awaited,
    find_neighbour,
)
from genscope.telemetry.scope import SCOPE, is_placeholder
from genscope.telemetry.unsampled_parent import link_to_unsampled

_CLIENT: Final = SpanKind.CLIENT
_STRANGERS: Final = frozenset({LATECOMER, OPENLLMETRY_ANTHROPIC, OPENINFERENCE_ANTHROPIC})
_are_absent = modules.keys().isdisjoint


class NoSpans(Stage):
    """Where OpenTelemetry is disabled: the application's stages find a span all the same, and it takes no notice."""

    def idle(self) -> bool:
        return True

    def start(self, op: Operation) -> None:
        op.span = INVALID_SPAN
        surround(op, get_current())


class Spans(Stage):
    """Starts and ends the span, or completes that of another instrumentation which already describes the call.

    `content` writes what was said, None for not at all; `deltas` knows what need not be repeated; `exceptions` tells
    whether they are written here.
    """

    def __init__(
        self,
        provider: TracerProvider | None,
        *,
        content: ContentWriter | None = None,
        deltas: Deltas | None = None,
        exceptions: bool = True,
    ) -> None:
        self.wants_content = content is not None
        self.wants_tool_schemas = content is not None and content.tool_schemas
        self._provider = provider
        self._content = content
        self._deltas = deltas
        self._exceptions = exceptions
        self._tracer = get_tracer(*SCOPE, tracer_provider=provider, schema_url=semconv.SCHEMA_URL)

    def idle(self) -> bool:
        return is_placeholder(self._provider or get_tracer_provider())

    def start(self, op: Operation) -> None:
        parent = get_current()
        if op.neighbour is not None:  # the SDK's own span is to stay, and only the SDK knows it
            surround(op, parent)
            op.span, op.context = INVALID_SPAN, parent
            return
        if parent or not _are_absent(_STRANGERS):
            surround(op, parent)
            neighbour = find_neighbour(op, parent, self._provider)
            if neighbour is not None:
                op.span, op.neighbour = neighbour
                op.context = parent
                op.span.set_attribute(semconv.ENRICHED, True)
                return
            links = link_to_unsampled(parent)
            if links:
                op.span = self._start_rarely(op, parent, links)
                op.context = set_span_in_context(op.span, parent)
                return
        op.span = self._tracer.start_span(
            f"{op.name} {op.model}" if op.model else op.name,
            parent,
            _CLIENT,
            request_attributes(op),
            start_time=op.started_at,
        )
        op.context = set_span_in_context(op.span, parent)

    def end(self, op: Operation) -> None:
        span = op.span
        if span is None:
            return
        if op.neighbour is not None:
            self._complete(op)
            return
        if not span.is_recording():
            span.end()
            return
        try:
            attributes = response_attributes(op)
            if op.content is None:
                span.set_attributes(attributes)
            else:
                self._tell(op, attributes)
            if op.failure is not None:
                self._record_failure(span, op, op.failure)
        finally:
            span.end(op.started_at + int(op.duration * 1e9))

    def _tell(self, op: Operation, attributes: Attributes) -> None:
        """What was said, too: up to five more attributes, before those that have to stay."""
        op.span.set_attributes(self._said(op) | identity_attributes(op) | attributes)
        if self._deltas is not None:
            self._deltas.remember(op, getattr(op.span, "attributes", None) or {})

    def _complete(self, op: Operation) -> None:
        """Add what the other instrumentation did not say; its own words, its status and its end are left to it."""
        if op.span.is_recording():
            known: Attributes = op.span.attributes or {}
            ours = self._said(op) | request_attributes(op) | response_attributes(op)
            op.span.set_attributes({name: value for name, value in ours.items() if name not in known})
        elif isinstance(op.span, Awaited) and not op.span.will_come(op):
            op.neighbour = None
            op.span = self._start_rarely(op, op.context, link_to_unsampled(op.context))
            self.end(op)

    def _start_rarely(self, op: Operation, parent: Context | None, links: Sequence[Link]) -> Span:
        """As in `start`, where no call is spent on it."""
        name = f"{op.name} {op.model}" if op.model else op.name
        return self._tracer.start_span(name, parent, _CLIENT, request_attributes(op), links, op.started_at)

    def _said(self, op: Operation) -> Attributes:
        if self._content is None or op.content is None:
            return {}
        limits = getattr(op.span, "_limits", None)  # cut by the SDK, JSON would be none any more
        longest = getattr(limits, "max_span_attribute_length", None)
        earlier = None if self._deltas is None else self._deltas.earlier(op)
        if earlier is None or not earlier.is_linked_from(op.span):
            return self._content.as_json(op.content, longest)
        said = self._content.as_json(op.content, longest, earlier.messages)
        return said | {semconv.OMITTED_MESSAGES: earlier.messages}

    def _record_failure(self, span: Any, op: Operation, failure: Failure) -> None:
        if getattr(span, "dropped_attributes", 0):  # a failed stream that was retried may push its own name out
            span.set_attributes(identity_attributes(op))
        span.set_status(Status(StatusCode.ERROR, describe(failure)))
        if self._exceptions and failure.exception is not None:
            message = None if self._content is None else self._content.message(op)
            span.add_event("exception", exception_attributes(failure.exception, message))
