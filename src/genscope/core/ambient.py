"""What surrounds a call: the OpenTelemetry context, suppression, and which operation is in flight.

The span of a call is current only while the SDK runs, never across a `yield`: a stream is read in whatever task,
thread or context the caller likes.
"""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from contextvars import Context as Variables
from contextvars import ContextVar
from typing import Any, Final, cast

from opentelemetry.context import Context, attach, create_key, detach, get_current, set_value
from opentelemetry.instrumentation.utils import suppress_instrumentation
from opentelemetry.trace import NoOpTracer, ProxyTracer, ProxyTracerProvider, get_current_span, get_tracer_provider

from genscope.core.operation import Operation

_in_flight: ContextVar[Operation | None] = ContextVar("genscope_operation", default=None)


def _suppression_keys() -> tuple[str, ...]:
    with suppress_instrumentation():
        return tuple(key for key, value in get_current().items() if value is True)


_OUR_SUPPRESSION_KEY: Final = create_key("genscope_suppress")
_SUPPRESSION_KEYS = (*Variables().run(_suppression_keys), _OUR_SUPPRESSION_KEY)
"""OpenTelemetry's are private; what its public function sets is not. Its public test reads the context for each key."""


def suppressed() -> bool:
    """Whether the application asked for no telemetry here: by `suppress`, or by that of OpenTelemetry."""
    context = get_current()
    if context:
        for key in _SUPPRESSION_KEYS:
            if context.get(key):
                return True
    return False


@contextmanager
def suppress() -> Generator[None]:
    """No telemetry from genscope inside, in this thread or task and in the tasks that are started there."""
    token = attach(set_value(_OUR_SUPPRESSION_KEY, True))
    try:
        yield
    finally:
        release(token)


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


def here() -> Context:
    """The OpenTelemetry context that is current."""
    return get_current()


def hold(context: Any) -> Token:
    """Make an OpenTelemetry context the current one, until `release`."""
    return attach(context)


def release(token: Token) -> None:
    """Undo `hold`."""
    try:
        token.var.reset(token)
    except ValueError:  # a generator that was left open is finalised in another context
        pass
    except AttributeError:
        detach(token)


_PURPOSE: Final = create_key("genscope_purpose")


def apart(purpose: str) -> Context:
    """A context of its own, with nothing of this one: what is called in it is for this purpose."""
    return set_value(_PURPOSE, purpose, Context())


def purpose_in(context: Context) -> str | None:
    """What calls in a context are for, if not for the application."""
    return cast("str | None", context.get(_PURPOSE))


def operation_in_flight() -> Operation | None:
    """The operation whose request the SDK is sending in this context."""
    return _in_flight.get()


def trace_headers(context: Any) -> dict[str, str]:
    """What carries a trace with a request, by the propagators that the application has chosen."""
    from opentelemetry.propagate import inject  # here: it loads what OTEL_PROPAGATORS names, and raises if it cannot

    headers: dict[str, str] = {}
    inject(headers, context)
    return headers


def is_silent(tracer: Any) -> bool:
    """Whether nobody would see the spans of a tracer: no provider has been set."""
    if isinstance(tracer, ProxyTracer):
        return isinstance(get_tracer_provider(), ProxyTracerProvider)
    return isinstance(tracer, NoOpTracer)


def in_trace() -> bool:
    """Whether a span is current here."""
    return get_current_span().get_span_context().is_valid
