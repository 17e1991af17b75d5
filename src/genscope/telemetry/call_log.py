"""One record for each call: on the logger `genscope.calls`, and with that as a log record of OpenTelemetry.

Its fields are named like the attributes of spans. What was said is in it as a hash and a length; a piece of its text
only where content is captured. All three are of what redaction lets through.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from copy import copy
from typing import Any, Final, cast

from opentelemetry.context import Context, create_key, get_current, get_value, set_value
from opentelemetry.trace import format_span_id, format_trace_id, get_current_span, set_span_in_context

from genscope import semconv
from genscope.core.ambient import enter, leave
from genscope.core.fingerprint import fingerprint, prompt_of
from genscope.core.messages import Content
from genscope.core.operation import Operation
from genscope.core.pipeline import Stage
from genscope.settings import Settings
from genscope.telemetry.attributes import Attributes, request_attributes, response_attributes
from genscope.telemetry.events import EventLog
from genscope.telemetry.excerpts import answer_excerpt, excerpt, question_excerpt

_LOGGER: Final = semconv.CALL_LOGGER
_TRACE_ID: Final = "trace_id"
_SPAN_ID: Final = "span_id"
_EVENT_NAME: Final = "event.name"
_OF_THE_RECORD: Final = frozenset((_TRACE_ID, _SPAN_ID, _EVENT_NAME))
"""What OpenTelemetry calls so in the logs of others; its own log records have it beside their attributes."""

_WRITING: Final = create_key("genscope_call_log")
"""Marks the context of a handler: if that calls a model, there is no record of it, or there would be no end of them."""

_LONGEST_WORD: Final = 120


def call_log(provider: Any, settings: Settings) -> CallLog:
    """The stage that the settings ask for; `provider` is that of loggers, None for the global one."""
    events = None
    try:
        events = EventLog(provider)
    except Exception:  # a logger provider, or a release of OpenTelemetry, that we do not know
        logging.getLogger("genscope").warning("genscope: the call log is for `logging` only", exc_info=True)
    quoted = settings.capture_message_content != "NO_CONTENT"
    return CallLog(events, excerpt=settings.call_log_excerpt if quoted else 0, key=settings.hash_key)


class CallLog(Stage):
    """Writes the record when a call ends: at level INFO, at WARNING if it failed.

    `events` is where it goes unless a handler of OpenTelemetry's gets it anyway; `excerpt` is how many characters are
    quoted, 0 for none; `key` is that of the hashes.
    """

    wants_content = True

    def __init__(self, events: EventLog | None, *, excerpt: int = 0, key: str | None = None) -> None:
        self._events = events
        self._excerpt = excerpt
        self._key = key

    def idle(self) -> bool:
        try:
            return not self._audience(logging.WARNING)
        except Exception:  # a handler of the application's that is none
            return False

    def end(self, op: Operation) -> None:
        level = logging.INFO if op.failure is None else logging.WARNING
        audience = self._audience(level)
        context = get_current() if op.context is None else cast("Context", op.context)
        if not audience or get_value(_WRITING, context):
            return
        op = copy(op)
        op.context = set_value(_WRITING, True, _around(op, context))
        tokens = enter(op)  # the span is current, for what correlates by it, and a call that a handler makes is another
        try:
            self._write(op, level, audience)
        finally:
            leave(tokens)

    def _audience(self, level: int) -> list[Any]:
        """Who would see a record of this level: handlers, and what writes OpenTelemetry's if none of these does."""
        logger = _logger()
        if not logger.isEnabledFor(level):
            return []
        found: list[Any] = list(_handlers(logger, level))
        if self._events is not None and not self._events.idle() and not any(map(_is_opentelemetry, found)):
            found.append(self._events)
        return found

    def _write(self, op: Operation, level: int, audience: Sequence[Any]) -> None:
        logger = _logger()
        fields = self._fields(op)
        record = logger.makeRecord(_LOGGER, level, __file__, 0, _sentence(op), (), None, "end")
        vars(record).update(fields)  # as `extra` would, but for the names that a factory of records has taken
        # What `Logger.handle` does, in two steps: what a filter drops or changes is dropped or changed everywhere.
        passed: Any = logger.filter(record)
        if not passed:
            return
        if isinstance(passed, logging.LogRecord):
            record = passed
        try:
            if self._events is not None and audience[-1] is self._events:
                self._emit(self._events, op, fields, record)
        finally:
            if audience[0] is not self._events:  # else there is no handler, and Python's last resort would print it
                logger.callHandlers(record)

    def _emit(self, events: EventLog, op: Operation, fields: Attributes, record: logging.LogRecord) -> None:
        def describe(_: Operation) -> Attributes:
            said = vars(record)
            return {name: said[name] for name in fields if name in said and name not in _OF_THE_RECORD}

        severity = semconv.CALL_SEVERITY if op.failure is None else semconv.CALL_SEVERITY_FAILED
        events.write(op, semconv.CALL_EVENT, *severity, describe)

    def _fields(self, op: Operation) -> Attributes:
        fields: Attributes = {_EVENT_NAME: semconv.CALL_EVENT}
        span = get_current_span().get_span_context()
        if span.is_valid:
            fields[_TRACE_ID] = format_trace_id(span.trace_id)
            fields[_SPAN_ID] = format_span_id(span.span_id)
        attributes = request_attributes(op) | response_attributes(op)  # who asks, conversation and user, is among them
        attributes[semconv.CALL_DURATION] = op.duration
        if op.content is not None:
            attributes |= self._said(op.content)
        fields.update((name, value) for name, value in attributes.items() if _is_flat(value))
        return fields

    def _said(self, content: Content) -> Attributes:
        said: Attributes = {}
        for value, hash_name, length_name in (
            (prompt_of(content), semconv.INPUT_HASH, semconv.INPUT_LENGTH),
            (content.output, semconv.OUTPUT_HASH, semconv.OUTPUT_LENGTH),
        ):
            found = fingerprint(value, self._key)
            if found is not None:
                said[hash_name], said[length_name] = found
        if self._excerpt:
            for name, text in (
                (semconv.INPUT_EXCERPT, question_excerpt(content.input, self._excerpt)),
                (semconv.OUTPUT_EXCERPT, answer_excerpt(content.output, self._excerpt)),
                (semconv.EXCEPTION_MESSAGE, excerpt(content.error or "", self._excerpt)),
            ):
                if text:
                    said[name] = text
        return said


# --- who listens


def _logger() -> logging.Logger:
    """Asked for when it is used first: `dictConfig` disables the loggers that it finds and does not name.

    The level of the root is about the application's lines; this log was asked for, and is shown in spite of it.
    """
    logger = at = logging.getLogger(_LOGGER)
    while at.parent is not None:
        if at.level:
            return logger
        at = at.parent
    logger.setLevel(logging.INFO)
    return logger


def _handlers(logger: logging.Logger, level: int) -> Iterator[logging.Handler]:
    """Those that a record of this level reaches."""
    at: logging.Logger | None = logger
    while at is not None:
        for handler in list(at.handlers):
            if level >= handler.level and not isinstance(handler, logging.NullHandler):
                yield handler
        at = at.parent if at.propagate else None


def _is_opentelemetry(handler: Any) -> bool:
    """Whether it writes log records of OpenTelemetry, or something in front of one that does: a buffer, a queue."""
    behind: Any = getattr(getattr(handler, "listener", None), "handlers", ())  # of a queue, by `dictConfig`
    writers: list[object] = [handler, getattr(handler, "target", None)]
    if isinstance(behind, tuple):
        writers.extend(cast("tuple[object, ...]", behind))
    return any(
        kind.__name__ == "LoggingHandler" and kind.__module__.startswith("opentelemetry.")
        for writer in writers
        for kind in type(writer).__mro__
    )


def _around(op: Operation, context: Context) -> Context:
    """The context with the span of the call as the current one; that of another instrumentation need not be it."""
    if op.span is not None and op.span.get_span_context().is_valid and get_current_span(context) is not op.span:
        return set_span_in_context(op.span, context)
    return context


# --- what it says


def _is_flat(value: Any) -> bool:
    """Whether OpenTelemetry takes it as an attribute; what is not known is left out."""
    if isinstance(value, (list, tuple)):
        return all(isinstance(item, (str, bool, int, float)) for item in cast("Sequence[Any]", value))
    return isinstance(value, (str, bool, int, float))


def _sentence(op: Operation) -> str:
    """`chat gpt-4o-mini 480 ms, 23 -> 7 tokens, stop`: ASCII but for names, for some log files know no more."""
    said = [" ".join(_short(word) for word in _call(op))]
    if op.first_token is not None:
        said.append(f"first token after {_seconds(op.first_token - op.started)}")
    if op.outcome == "abandoned":
        said.append(f"abandoned after {op.chunks} chunk{'' if op.chunks == 1 else 's'}")
    if op.attempts:
        said.append(f"{len(op.attempts)} retr{'y' if len(op.attempts) == 1 else 'ies'}")
    said.extend(_tokens(op))
    said.extend(map(_short, dict.fromkeys(op.finish_reasons or ())))
    return ", ".join(said)


def _short(word: str) -> str:
    return excerpt(word, _LONGEST_WORD)


def _call(op: Operation) -> Iterator[str]:
    yield op.name
    model = op.model or op.response_model
    if model:
        yield model
    if op.failure is None:
        yield _seconds(op.duration)
        return
    cancelled = op.failure.kind == "cancelled"
    yield f"{'cancelled' if cancelled else 'failed'} after {_seconds(op.duration)}:"
    known = (None if cancelled else op.failure.kind, op.failure.status, op.failure.type)
    yield from dict.fromkeys(str(fact) for fact in known if fact is not None)


def _tokens(op: Operation) -> Iterator[str]:
    read = None if op.usage is None else op.usage.input_tokens
    written = None if op.usage is None else op.usage.output_tokens
    if read is not None and written is not None:
        yield f"{read} -> {written} tokens"
    elif read is not None:
        yield f"{read} tokens in"
    elif written is not None:
        yield f"{written} tokens out"


def _seconds(duration: float) -> str:
    return f"{duration * 1000:.0f} ms" if duration < 0.9995 else f"{duration:.2f} s"
