"""What surrounds a call: the OpenTelemetry context, suppression, and which operation is in flight.

The span of a call is current only while the SDK runs, never across a `yield`: a stream is read in whatever task,
thread or context the caller likes.
"""

from __future__ import annotations

from contextvars import Context, ContextVar
from typing import Any, cast

from opentelemetry.context import attach, detach, get_current
from opentelemetry.instrumentation.utils import suppress_instrumentation

from genscope.core.operation import Operation

_in_flight: ContextVar[Operation | None] = ContextVar("genscope_operation", default=None)


def _suppression_keys() -> tuple[str, ...]:
    with suppress_instrumentation():
        return tuple(key for key, value in get_current().items() if value is True)


_SUPPRESSION_KEYS = Context().run(_suppression_keys)
"""The keys are private; what the public function sets is not. The public test reads the context once for each key."""


def suppressed() -> bool:
    """Whether the application asked for no telemetry here (`opentelemetry.instrumentation.utils`)."""
    context = get_current()
    if context:
        for key in _SUPPRESSION_KEYS:
            if context.get(key):
                return True
    return False


Token = Any
"""Of `contextvars`; OpenTelemetry types its own as such only since 1.34."""


def enter(op: Operation) -> tuple[Token, Token | None]:
    """Make `op` the one that retries and nested calls belong to, and its span the current one."""
    return _in_flight.set(op), None if op.context is None else attach(op.context)


def leave(tokens: tuple[Token, Token | None]) -> None:
    """Undo `enter`.

    A coroutine that is closed instead of run to its end may be finalised in another context, where there is
    nothing to undo: `opentelemetry.context.detach` would log an error for it.
    """
    in_flight, attached = tokens
    try:
        _in_flight.reset(in_flight)
        if attached is not None:
            attached.var.reset(attached)
    except ValueError:
        pass
    except AttributeError:  # a runtime context of the application's own (OTEL_PYTHON_CONTEXT) has tokens of its own
        detach(cast("Any", attached))


def operation_in_flight() -> Operation | None:
    """The operation whose request the SDK is sending in this context."""
    return _in_flight.get()
