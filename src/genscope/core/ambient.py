"""What surrounds a call: the OpenTelemetry context, suppression, and which operation is in flight.

The span of a call is current only while the SDK runs, never across a `yield`: a stream is read in whatever task,
thread or context the caller likes.
"""

from __future__ import annotations

from contextvars import ContextVar, Token
from typing import Any

from opentelemetry.context import attach
from opentelemetry.instrumentation.utils import is_instrumentation_enabled

from genscope.core.operation import Operation

_in_flight: ContextVar[Operation | None] = ContextVar("genscope_operation", default=None)

Scope = tuple[Any, Token[Operation | None]]


def suppressed() -> bool:
    """Whether the application asked for no telemetry here (`opentelemetry.instrumentation.utils`)."""
    return not is_instrumentation_enabled()


def enter(op: Operation) -> Scope:
    """Make the span of `op` current, and `op` the one that retries and nested calls belong to."""
    return (attach(op.context) if op.context is not None else None, _in_flight.set(op))


def leave(scope: Scope) -> None:
    """Undo `enter`.

    A coroutine that is closed instead of run to its end may be finalised in another context, where there is
    nothing to undo: `opentelemetry.context.detach` would log an error for it.
    """
    for token in scope:
        if token is not None:
            try:
                token.var.reset(token)
            except ValueError:
                pass


def operation_in_flight() -> Operation | None:
    """The operation whose request the SDK is sending in this context."""
    return _in_flight.get()
