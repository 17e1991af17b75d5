"""The stage that hands what was said to a completion hook."""

from __future__ import annotations

from time import time_ns
from typing import Any, Final

from genscope import semconv
from genscope.core.operation import Operation
from genscope.core.pipeline import Stage
from genscope.features.completion_hooks.guard import Guarded, flush
from genscope.features.completion_hooks.shapes import CONTENT, Completion, completion_of, values_of

_HAVE_HOOKS: Final = ("opentelemetry.instrumentation.genai.", "opentelemetry.util.genai.")
"""Instrumentations, by the beginning of their name, that call the hook of the environment themselves."""


class CompletionHook(Stage):
    """Calls the hook once at the end of each call in which something was said: sampled or not, failed or left.

    `quick` hooks only put away what they get and come back; others are called in a thread of their own. `events` tells
    whether there is an event for the attributes that the hook sets on its log record; `shared`, whether OpenTelemetry's
    own instrumentations call the same hook for their calls, which is then left to them.
    """

    wants_content = True
    wants_tool_schemas = True

    def __init__(self, hook: Any, *, quick: bool, events: bool, shared: bool) -> None:
        self._hook: Any = hook if quick else Guarded(hook)
        self._quick = quick
        self._events = events
        self._shared = shared

    def end(self, op: Operation) -> None:
        if op.content is None or (self._shared and op.neighbour is not None and op.neighbour.startswith(_HAVE_HOOKS)):
            return
        said = completion_of(op.content)
        if not said:
            return
        record = _log_record(op) if self._events else None
        before = None if self._quick else completion_of(op.content)
        returned = self._hook.on_completion(
            inputs=said.inputs,
            outputs=said.outputs,
            system_instruction=said.system_instruction,
            tool_definitions=said.tool_definitions or None,
            span=op.span,
            log_record=record,
        )
        if record is not None and record.attributes:
            op.event_attributes = dict(record.attributes)
        if before is not None and returned:
            _take_over(op, before, said)

    def flush(self, timeout: float) -> bool:
        return flush(self._hook, timeout)


def _take_over(op: Operation, before: Completion, after: Completion) -> None:
    """What the hook has changed: the conventions let it, and want the other signals to say the same."""
    for name, field in CONTENT.items():
        changed = getattr(after, name)
        if changed != getattr(before, name):
            setattr(op.content, field, values_of(changed) or None)


def _log_record(op: Operation) -> Any:
    """Stands for the event of the call: with its identity, for a hook that asks; None if it cannot be made."""
    from opentelemetry import _logs

    named = {
        semconv.OPERATION_NAME: op.name,
        semconv.PROVIDER_NAME: op.provider,
        semconv.REQUEST_MODEL: op.model,
        semconv.RESPONSE_MODEL: op.response_model,
    }
    attributes: dict[str, Any] = {name: value for name, value in named.items() if value is not None}
    LogRecord: Any = _logs.LogRecord
    try:
        return LogRecord(
            timestamp=time_ns(),
            context=op.context,
            severity_number=_logs.SeverityNumber(semconv.DETAILS_SEVERITY),
            severity_text=semconv.DETAILS_SEVERITY_TEXT,
            attributes=attributes,
            event_name=semconv.DETAILS_EVENT,
        )
    except TypeError:  # OpenTelemetry before 1.37: a record knows neither its context nor the name of its event
        pass
    try:
        return LogRecord(timestamp=time_ns(), attributes=attributes)
    except TypeError:
        return None
