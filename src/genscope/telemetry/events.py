"""Log events: the stages that write the details of a call, and the exception of a failed one; other exceptions, too."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from importlib import import_module
from time import time_ns
from typing import Any, Protocol, TypeVar

from genscope import semconv
from genscope.core.operation import Operation
from genscope.core.pipeline import Stage
from genscope.telemetry.attributes import Attributes, request_attributes, response_attributes
from genscope.telemetry.content import ContentWriter
from genscope.telemetry.deltas import Deltas
from genscope.telemetry.exceptions import exception_attributes
from genscope.telemetry.neighbours import measures_itself
from genscope.telemetry.scope import SCOPE, is_placeholder


class Spanned(Protocol):
    """What an event belongs to: a call, or another thing with a span, in a context that holds it."""

    @property
    def span(self) -> Any: ...

    @property
    def context(self) -> Any: ...


S = TypeVar("S", bound=Spanned)


class EventLog:
    """Writes events to a logger provider, the global one if it is None. Only for it the logs API is imported."""

    def __init__(self, provider: Any) -> None:
        from opentelemetry import _logs

        self._provider = provider
        self._global: Any = _logs.get_logger_provider
        self._severity: Any = _logs.SeverityNumber
        self.structured = "event_name" in inspect.signature(_logs.Logger.emit).parameters
        """Whether attributes may have structure."""
        if self.structured:
            self._logger: Any = _logs.get_logger(*SCOPE, logger_provider=provider, schema_url=semconv.SCHEMA_URL)
            self._emit = self._emit_log
        else:
            self._logger = _event_logger(provider)
            self._emit = self._emit_event

    def idle(self) -> bool:
        return is_placeholder(self._provider or self._global())

    def write(
        self, op: S, name: str, severity: int, text: str, describe: Callable[[S], Mapping[str, Any]]
    ) -> Mapping[str, Any] | None:
        """Write one event that belongs to the span of `op`; what it says is only asked for if somebody listens.

        Returns what was written, if it was.
        """
        number = self._severity(severity)
        if not self._is_enabled(op, name, number):
            return None
        attributes = describe(op)
        self._emit(op, name, number, text, attributes)
        return attributes

    def write_exception(self, op: S, describe: Callable[[S], Mapping[str, Any]]) -> None:
        """`gen_ai.client.operation.exception`: one that has left the call, or what else it happened in."""
        self.write(op, semconv.EXCEPTION_EVENT, semconv.EXCEPTION_SEVERITY, semconv.EXCEPTION_SEVERITY_TEXT, describe)

    def _is_enabled(self, op: Spanned, name: str, severity: Any) -> bool:
        if self.idle():
            return False
        enabled = getattr(self._logger, "enabled", None)  # older releases of OpenTelemetry do not say
        return enabled is None or enabled(context=op.context, severity_number=severity, event_name=name)

    def _emit_log(self, op: Spanned, name: str, severity: Any, text: str, attributes: Mapping[str, Any]) -> None:
        self._logger.emit(
            timestamp=time_ns(),
            context=op.context,
            severity_number=severity,
            severity_text=text,
            attributes=attributes,
            event_name=name,
        )

    def _emit_event(self, op: Spanned, name: str, severity: Any, text: str, attributes: Mapping[str, Any]) -> None:
        """OpenTelemetry before 1.37: an API for events of its own."""
        Event = import_module("opentelemetry._events").Event
        span = op.span.get_span_context() if op.span is not None else None
        self._logger.emit(
            Event(
                name,
                timestamp=time_ns(),
                trace_id=span and span.trace_id,
                span_id=span and span.span_id,
                trace_flags=span and span.trace_flags,
                severity_number=severity,
                attributes=attributes,
            )
        )


class Details(Stage):
    """`gen_ai.client.inference.operation.details`: the span's attributes as an event, with content if asked for."""

    def __init__(self, log: EventLog, *, content: ContentWriter | None = None, deltas: Deltas | None = None) -> None:
        self.wants_content = content is not None
        self.wants_tool_schemas = content is not None and content.tool_schemas
        self.idle = log.idle
        self._log = log
        self._content = content
        self._deltas = deltas

    def end(self, op: Operation) -> None:
        if op.neighbour is not None and measures_itself(op.neighbour):
            return  # its instrumentation has an event of its own
        name, severity, text = semconv.DETAILS_EVENT, semconv.DETAILS_SEVERITY, semconv.DETAILS_SEVERITY_TEXT
        written = self._log.write(op, name, severity, text, self._details)
        if self._deltas is not None and written is not None:
            self._deltas.remember(op, written)

    def _details(self, op: Operation) -> Attributes:
        attributes = request_attributes(op) | response_attributes(op) | (op.event_attributes or {})
        if self._content is not None and op.content is not None:
            earlier = None if self._deltas is None else self._deltas.earlier(op)
            omitted = 0 if earlier is None else earlier.messages
            if self._log.structured:
                attributes |= self._content.as_values(op.content, omitted)
            else:
                attributes |= self._content.as_json(op.content, omitted=omitted)
            if earlier is not None:
                attributes |= earlier.as_attributes()
        return attributes


class Exceptions(Stage):
    """`gen_ai.client.operation.exception`: the exception that a call let out; its text only with content."""

    def __init__(self, log: EventLog, *, content: ContentWriter | None = None) -> None:
        self.wants_content = content is not None
        self.idle = log.idle
        self._log = log
        self._content = content

    def end(self, op: Operation) -> None:
        if op.failure is not None and op.failure.exception is not None:
            self._log.write_exception(op, self._exception)

    def _exception(self, op: Operation) -> Attributes:
        assert op.failure is not None
        assert op.failure.exception is not None
        message = None if self._content is None else self._content.message(op)
        return exception_attributes(op.failure.exception, message)


def _event_logger(provider: Any) -> Any:
    if provider is not None:
        provider = import_module("opentelemetry.sdk._events").EventLoggerProvider(provider)
    return import_module("opentelemetry._events").get_event_logger(
        *SCOPE, schema_url=semconv.SCHEMA_URL, event_logger_provider=provider
    )
