"""Other instrumentations around a call: one inference is one span, whoever else is installed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, cast

from opentelemetry.context import Context
from opentelemetry.trace import get_current_span, get_tracer_provider

from genscope import semconv
from genscope.core.ambient import operation_in_flight

_INFERENCE_KEY: Final = "opentelemetry.genai.client.inference.context"
"""Set by opentelemetry-util-genai while one of its inference spans is current (semantic-conventions-genai #475)."""

_MARKS: Final[Mapping[str, frozenset[str]]] = {
    semconv.OPERATION_NAME: frozenset({"chat", "text_completion", "generate_content", "embeddings"}),
    "openinference.span.kind": frozenset({"LLM", "EMBEDDING"}),
    "llm.request.type": frozenset({"chat", "completion", "embedding"}),
}
"""How instrumentations mark a span as that of one model call: the conventions, OpenInference, OpenLLMetry."""


def describes_this_call(context: Context, provider: Any) -> tuple[Any, str] | None:
    """The current span and its instrumentation's name if that span is one of another's for the very call we begin.

    A span that genscope has completed once is an ordinary parent for the calls that follow. One that goes elsewhere
    than ours, to another provider, does not do instead of ours; `provider` is None for the global one.
    """
    span: Any = get_current_span(context)
    attributes = getattr(span, "attributes", None)
    if not attributes or not span.is_recording():
        return None
    attributes = cast("Mapping[str, Any]", attributes)
    marked = _INFERENCE_KEY in context or any(attributes.get(name) in values for name, values in _MARKS.items())
    if not marked or semconv.ENRICHED in attributes:
        return None
    resource = getattr(provider or get_tracer_provider(), "resource", None)
    if resource is not None and getattr(span, "resource", resource) is not resource:
        return None
    outer = operation_in_flight()
    if outer is not None and outer.span is span:  # our own: a call made while the SDK sends another one
        return None
    return span, getattr(getattr(span, "instrumentation_scope", None), "name", "")
