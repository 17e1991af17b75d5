"""What surrounds a call: the OpenTelemetry context, suppression, and which operation is in flight.

The span of a call is current only while the SDK runs, never across a `yield`: a stream is read in whatever task,
thread or context the caller likes.
"""

from __future__ import annotations

from contextvars import ContextVar, Token
from typing import Any

from opentelemetry.context import attach, get_current
from opentelemetry.instrumentation.utils import suppress_instrumentation

from genscope.core.operation import Operation

_in_flight: ContextVar[Operation | None] = ContextVar("genscope_operation", default=None)

Scope = tuple[Any, Token[Operation | None]]


def _suppression_keys() -> tuple[str, ...]:
    with suppress_instrumentation():
        return tuple(key for key, value in get_current().items() if value is True)


_SUPPRESSION_KEYS = _suppression_keys()
"""The keys are private; what the public function sets is not. The public test reads the context once for each key."""


def suppressed() -> bool:
    """Whether the application asked for no telemetry here (`opentelemetry.instrumentation.utils`)."""
    context = get_current()
    for key in _SUPPRESSION_KEYS:
        if context.get(key):
            return True
    return False


def enter(op: Operation) -> Scope:
    """Make the span of `op` current, and `op` the one that retries and nested calls belong to."""
    return (attach(op.context) if op.context is not None else None, _in_flight.set(op))


def leave(scope: Scope) -> None:
    """Undo `enter`.

    A coroutine that is closed instead of run to its end may be finalised in another context, where there is
    nothing to undo: `opentelemetry.context.detach` would log an error for it.
    """
    try:
        attached, marked = scope
        _in_flight.reset(marked)
        if attached is not None:
            attached.var.reset(attached)
    except ValueError:
        pass


def operation_in_flight() -> Operation | None:
    """The operation whose request the SDK is sending in this context."""
    return _in_flight.get()
