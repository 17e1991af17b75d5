"""Other instrumentations around a call: one inference is one span, whoever else is installed."""

from __future__ import annotations

import sys
from collections.abc import Collection, Mapping
from inspect import currentframe
from types import FrameType
from typing import Any, Final, cast

from opentelemetry.context import Context
from opentelemetry.trace import INVALID_SPAN_CONTEXT, NonRecordingSpan, Span, get_current_span, get_tracer_provider

from genscope import semconv
from genscope.core.ambient import operation_in_flight
from genscope.core.operation import Operation

_INFERENCE_KEY: Final = "opentelemetry.genai.client.inference.context"
"""Set by opentelemetry-util-genai while one of its inference spans is current (semantic-conventions-genai #475)."""

_RAW_RESPONSE: Final = "x-stainless-raw-response"

_MARKS: Final[Mapping[str, frozenset[str]]] = {
    semconv.OPERATION_NAME: frozenset({"chat", "text_completion", "generate_content", "embeddings", "fetch_response"}),
    "openinference.span.kind": frozenset({"LLM", "EMBEDDING"}),
    "llm.request.type": frozenset({"chat", "completion", "embedding"}),
}
"""How instrumentations mark a span as that of one model call: the conventions, OpenInference, OpenLLMetry."""

_OPENLLMETRY: Final = "openllmetry"
_UNMEASURED: Final = frozenset({("opentelemetry.instrumentation.openai.v1", "text_completion")})
"""What it makes spans of and does not measure: there it does not go by the name of one that `measures_itself`."""

LATECOMER: Final = "opentelemetry.instrumentation.openai.v1.responses_wrappers"
"""OpenLLMetry's wrappers of the Responses API. They make their span when the call is over: none is current before."""

OPENLLMETRY_ANTHROPIC: Final = "opentelemetry.instrumentation.anthropic"
OPENINFERENCE_ANTHROPIC: Final = "openinference.instrumentation.anthropic"
"""Instrumentations that do not always make their span current: OpenLLMetry never, OpenInference not for streams ..."""

_HELD: Final[Mapping[str, tuple[str, ...]]] = {
    OPENLLMETRY_ANTHROPIC: ("span",),
    f"{OPENLLMETRY_ANTHROPIC}.streaming": ("self", "_span"),
    f"{OPENINFERENCE_ANTHROPIC}._wrappers": ("self", "_self_with_span", "_span"),
}
"""... by the module that a call comes through, where it keeps it: a local variable, and attributes of that."""

_DEEP: Final = 50
"""Frames to look through: from the SDK's method to here are some ten, with what others have put in between."""


def find_neighbour(op: Operation, context: Context, provider: Any) -> tuple[Any, str] | None:
    """The span that another instrumentation has made or will make of the call we begin, and that one's name.

    A span that is still to come is not there to be completed: we just do without ours, unless it turns out not to come.
    `provider` is ours, None for the global one; a span that goes elsewhere does not do instead of ours.
    """
    resource = getattr(provider or get_tracer_provider(), "resource", None)
    current = _describing(context, resource)
    if current is not None:
        scope = getattr(getattr(current, "instrumentation_scope", None), "name", "")
        return current, _OPENLLMETRY if (scope, op.name) in _UNMEASURED else scope
    if LATECOMER in sys.modules and resource is not None:
        awaited = _awaited(op, resource)
        if awaited is not None:
            return awaited, _OPENLLMETRY
    if OPENLLMETRY_ANTHROPIC in sys.modules or OPENINFERENCE_ANTHROPIC in sys.modules:
        return _held(resource)
    return None


class Awaited(NonRecordingSpan):
    """Stands for a span that OpenLLMetry will make; `of_failures`: only if the call fails."""

    def __init__(self, of_failures: bool) -> None:
        super().__init__(INVALID_SPAN_CONTEXT)
        self._of_failures = of_failures

    def will_come(self, op: Operation) -> bool:
        """Whether it does, as the call has ended: not if that was cancelled, nor of an incomplete answer."""
        error = None if op.failure is None else op.failure.exception
        if self._of_failures or (error is not None and not op.chunks):
            return isinstance(error, Exception) and not op.chunks
        return op.streaming or "status" not in op.response


def _describing(context: Context, resource: Any) -> Any:
    """The current span, if it is one of another's for this very call.

    A span that genscope has completed once is an ordinary parent for the calls that follow.
    """
    span: Any = get_current_span(context)
    attributes = getattr(span, "attributes", None)
    if not attributes or not _is_open(span, resource):
        return None
    attributes = cast("Mapping[str, Any]", attributes)
    marked = _INFERENCE_KEY in context or any(attributes.get(name) in values for name, values in _MARKS.items())
    if not marked or semconv.ENRICHED in attributes:
        return None
    outer = operation_in_flight()
    if outer is not None and outer.span is span:  # our own: a call made while the SDK sends another one
        return None
    return span


def _awaited(op: Operation, resource: Any) -> Awaited | None:
    """What comes of this call if it goes through a wrapper of OpenLLMetry that speaks later: only the stack tells."""
    if op.name != "chat" or op.request.get("api_type") != "responses":
        return None
    frame = _frame_of({LATECOMER})
    if frame is None:
        return None
    tracer: Any = frame.f_locals.get("tracer")
    if getattr(getattr(tracer, "_tracer", tracer), "resource", None) is not resource:
        return None
    headers: Any = frame.f_locals.get("kwargs", {}).get("extra_headers") or ()
    raw = any(str(name).lower() == _RAW_RESPONSE for name in headers)
    return Awaited(of_failures=raw and op.streaming)


def _held(resource: Any) -> tuple[Any, str] | None:
    """The span that a wrapper around this call has, though it is not current."""
    frame = _frame_of(_HELD.keys())
    if frame is None:
        return None
    variable, *attributes = _HELD[frame.f_globals["__name__"]]
    span: Any = frame.f_locals.get(variable)
    for name in attributes:
        span = getattr(span, name, None)
    if not _is_open(span, resource) or semconv.ENRICHED in (getattr(span, "attributes", None) or ()):
        return None
    return span, getattr(getattr(span, "instrumentation_scope", None), "name", "")


def _frame_of(modules: Collection[str]) -> FrameType | None:
    """The nearest function of one of these modules that this call comes through."""
    frame, left = currentframe(), _DEEP
    while frame is not None and left:
        if frame.f_globals.get("__name__") in modules:
            return frame
        frame, left = frame.f_back, left - 1
    return None


def _is_open(span: Any, resource: Any) -> bool:
    """Whether a span is still written, to where ours would go."""
    if not isinstance(span, Span) or not span.is_recording():
        return False
    return resource is None or getattr(span, "resource", resource) is resource


def measures_itself(neighbour: str) -> bool:
    """Whether an instrumentation has metrics and events of its own for a call, under the names of the conventions."""
    return neighbour.startswith("opentelemetry.")
