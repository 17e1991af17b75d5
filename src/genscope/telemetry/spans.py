"""The stage that makes one span of one call."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from opentelemetry.context import get_current
from opentelemetry.trace import (
    SpanKind,
    Status,
    StatusCode,
    TracerProvider,
    get_tracer,
    get_tracer_provider,
    set_span_in_context,
)

from genscope import semconv
from genscope.core.operation import Attempt, Failure, Operation
from genscope.core.pipeline import Stage
from genscope.telemetry.exceptions import describe, exception_attributes
from genscope.telemetry.neighbours import describes_this_call
from genscope.telemetry.scope import SCOPE, is_placeholder

_CLIENT = SpanKind.CLIENT
_USAGE = semconv.USAGE

Attributes = dict[str, Any]


class _ByProvider(dict[str, dict[str, str]]):
    """The part of a table of names that applies to a provider, made when it is first met."""

    def __init__(self, table: dict[str, str]) -> None:
        super().__init__()
        self._table = table

    def __missing__(self, provider: str) -> dict[str, str]:
        names = self[provider] = semconv.names(self._table, provider)
        return names


class Spans(Stage):
    """Starts and ends the span, or completes that of another instrumentation which already describes the call."""

    def __init__(self, provider: TracerProvider | None) -> None:
        self._provider = provider
        self._tracer = get_tracer(*SCOPE, tracer_provider=provider, schema_url=semconv.SCHEMA_URL)
        self._request_names = _ByProvider(semconv.REQUEST)
        self._response_names = _ByProvider(semconv.RESPONSE)

    def idle(self) -> bool:
        return is_placeholder(self._provider or get_tracer_provider())

    def start(self, op: Operation) -> None:
        parent = get_current()
        neighbour = describes_this_call(parent, self._provider) if parent else None
        if neighbour is not None:
            op.span, op.neighbour = neighbour
            op.context = parent
            op.span.set_attribute(semconv.ENRICHED, True)
            return
        op.span = self._tracer.start_span(
            f"{op.name} {op.model}" if op.model else op.name,
            parent,
            _CLIENT,
            self._request_attributes(op),
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
        try:
            if span.is_recording():
                span.set_attributes(self._response_attributes(op))
                if op.failure is not None:
                    _record_failure(span, op.failure)
        finally:
            span.end(op.started_at + int(op.duration * 1e9))

    def _complete(self, op: Operation) -> None:
        """Add what the other instrumentation did not say; its own words, its status and its end are left to it."""
        if op.span.is_recording():
            known: Attributes = op.span.attributes or {}
            ours = self._request_attributes(op) | self._response_attributes(op)
            op.span.set_attributes({name: value for name, value in ours.items() if name not in known})

    def _request_attributes(self, op: Operation) -> Attributes:
        attributes: Attributes = {semconv.OPERATION_NAME: op.name, semconv.PROVIDER_NAME: op.provider}
        if op.model is not None:
            attributes[semconv.REQUEST_MODEL] = op.model
        if op.server_address is not None:
            attributes[semconv.SERVER_ADDRESS] = op.server_address
            attributes[semconv.SERVER_PORT] = op.server_port
        if op.streaming:
            attributes[semconv.REQUEST_STREAM] = True
        names = self._request_names[op.provider]
        for meaning, value in op.request.items():
            if meaning in names:
                attributes[names[meaning]] = value
        return attributes

    def _response_attributes(self, op: Operation) -> Attributes:
        attributes: Attributes = {}
        if op.response_id is not None:
            attributes[semconv.RESPONSE_ID] = op.response_id
        if op.response_model is not None:
            attributes[semconv.RESPONSE_MODEL] = op.response_model
        if op.finish_reasons is not None:
            attributes[semconv.RESPONSE_FINISH_REASONS] = op.finish_reasons
        if op.usage is not None:
            for field, tokens in vars(op.usage).items():
                if tokens is not None:
                    attributes[_USAGE[field]] = tokens
        if op.response:
            names = self._response_names[op.provider]
            for meaning, value in op.response.items():
                if meaning in names:
                    attributes[names[meaning]] = value
        if op.streaming:
            _add_stream(attributes, op)
        if op.attempts:
            _add_retries(attributes, op.attempts)
        if op.failure is not None:
            _add_failure(attributes, op.failure)
        return attributes


def _add_stream(attributes: Attributes, op: Operation) -> None:
    attributes[semconv.STREAM_CHUNKS] = op.chunks
    if op.outcome is not None:
        attributes[semconv.STREAM_OUTCOME] = op.outcome
    for name, moment in (
        (semconv.RESPONSE_TIME_TO_FIRST_CHUNK, op.first_chunk),
        (semconv.TIME_TO_FIRST_TOKEN, op.first_token),
        (semconv.TIME_TO_FIRST_REASONING_TOKEN, op.first_reasoning_token),
        (semconv.TIME_TO_LAST_CHUNK, op.last_chunk),
    ):
        if moment is not None:
            attributes[name] = moment - op.started


def _add_retries(attributes: Attributes, attempts: Sequence[Attempt]) -> None:
    attributes[semconv.RETRY_ATTEMPTS] = len(attempts) + 1
    attributes[semconv.RETRY_KINDS] = [attempt.kind for attempt in attempts]
    attributes[semconv.RETRY_STATUSES] = [attempt.status or 0 for attempt in attempts]  # 0: there was no HTTP answer
    attributes[semconv.RETRY_DELAYS] = [attempt.backoff for attempt in attempts]
    attributes[semconv.RETRY_BACKOFF] = sum(attempt.backoff for attempt in attempts)


def _add_failure(attributes: Attributes, failure: Failure) -> None:
    attributes[semconv.ERROR_TYPE] = failure.type
    attributes[semconv.ERROR_KIND] = failure.kind
    attributes[semconv.ERROR_RETRYABLE] = failure.retryable
    if failure.status is not None:
        attributes[semconv.HTTP_STATUS] = failure.status
    if failure.request_id is not None:
        attributes[semconv.REQUEST_ID] = failure.request_id


def _record_failure(span: Any, failure: Failure) -> None:
    span.set_status(Status(StatusCode.ERROR, describe(failure)))
    if failure.exception is not None:
        span.add_event("exception", exception_attributes(failure.exception))
