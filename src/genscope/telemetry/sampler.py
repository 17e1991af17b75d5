"""The sampler `genscope_keep_llm`: a ratio of all traces, and of the rest what has to do with LLMs.

A sampler decides about each span when it starts, and cannot know what will come of it. So there are two ways to be
kept. A trace is kept whole if its first span tells that it should be: by its route, by baggage, or because it is
that of an LLM call. An LLM span inside of a trace that is not kept is kept all the same, marked as `late`; what
surrounds it is lost, what is below it is sampled as below any other span.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Sequence
from typing import Any, Final

from opentelemetry.baggage import get_baggage
from opentelemetry.context import Context
from opentelemetry.sdk.trace.sampling import Decision, ParentBased, Sampler, SamplingResult, TraceIdRatioBased
from opentelemetry.trace import (
    Link,
    SpanContext,
    SpanKind,
    TraceState,
    format_span_id,
    format_trace_id,
    get_current_span,
)
from opentelemetry.util.types import Attributes

from genscope import semconv
from genscope.core.pipeline import Faults
from genscope.settings import complain, resolve
from genscope.telemetry.kept_routes import KeptRoutes
from genscope.telemetry.unsampled_parent import UNSAMPLED_PARENT

logger = logging.getLogger("genscope")

LATE: Final = "late"
"""`genscope.sampling` of a span whose parent is not exported."""

_LLM: Final = frozenset(
    {
        semconv.OPERATION_NAME,  # the conventions: inference, and agents, workflows, tools, retrieval
        semconv.OUR_OPERATION_NAME,  # what is annotated and has no name there: tasks, reranking
        semconv.PROVIDER_NAME,
        semconv.LEGACY_ATTRIBUTES["provider"],
        "llm.request.type",  # OpenLLMetry
        "traceloop.span.kind",  # its annotations
        "openinference.span.kind",  # OpenInference
    }
)
"""Attributes that only LLM spans have, whoever makes them."""

_LLM_NAMES: Final = frozenset({"openai.response"})
"""Spans that have none of them when they start: OpenLLMetry makes that of the Responses API when the call is over."""


class KeepLLM(Sampler):
    """Keeps `ratio` of the traces, by trace id as `TraceIdRatioBased` does, and what has to do with LLMs.

    `routes` are patterns of requests whose traces are kept whole; without them GENSCOPE_KEEP_ROUTES says it. The
    decision of a parent stands, but for what has to do with LLMs. What is not understood is a warning, never an
    exception, and then more is kept rather than less.
    """

    def __init__(self, ratio: float = 1.0, routes: Collection[str] | None = None) -> None:
        found = resolve({"keep_routes": routes})
        complain(found)
        self._ratio = read_ratio(ratio, "ratio (argument)")
        self._patterns = tuple(found.settings.keep_routes)
        self._routes = KeptRoutes(self._patterns) if self._patterns else None
        self._rest = ParentBased(TraceIdRatioBased(self._ratio))
        self._faults = Faults(found.settings.raise_faults)

    def should_sample(
        self,
        parent_context: Context | None,
        trace_id: int,
        name: str,
        kind: SpanKind | None = None,
        attributes: Attributes = None,
        links: Sequence[Link] | None = None,
        trace_state: TraceState | None = None,
    ) -> SamplingResult:
        """Called for every span of the application, so whatever goes wrong here must not reach it."""
        try:
            parent = get_current_span(parent_context).get_span_context()
            if not parent.trace_flags.sampled:
                why = self._why(parent_context, parent, name, attributes)
                if why is not None:
                    return _kept(why, parent, attributes, links)
        except Exception as fault:
            self._faults.report("sampling", fault)
        return self._rest.should_sample(parent_context, trace_id, name, kind, attributes, links, trace_state)

    def get_description(self) -> str:
        return f"KeepLLM{{{self._ratio:g},routes:{','.join(self._patterns)}}}"

    def _why(self, context: Context | None, parent: SpanContext, name: str, attributes: Attributes) -> str | None:
        """Why a span is kept whatever the ratio, or the parent, says."""
        if (attributes and not _LLM.isdisjoint(attributes)) or name in _LLM_NAMES:
            return "llm"
        if self._routes is not None and (parent.is_remote or not parent.is_valid):  # the first of this process
            if self._routes.have(name, attributes):
                return "route"
        hint = get_baggage(semconv.KEEP, context)
        return "baggage" if hint is not None and str(hint).strip().lower() in ("true", "1") else None


def _kept(why: str, parent: SpanContext, attributes: Attributes, links: Sequence[Link] | None) -> SamplingResult:
    marks: dict[str, Any] = {semconv.SAMPLING: why}
    if parent.is_valid:
        marks[semconv.SAMPLING] = LATE
        # Our own spans link to the parent. A sampler cannot add links to those of others.
        if not any(link.context.span_id == parent.span_id for link in links or ()):
            marks[semconv.LINK_KIND] = UNSAMPLED_PARENT
            marks[semconv.LINK_TRACE_ID] = format_trace_id(parent.trace_id)
            marks[semconv.LINK_SPAN_ID] = format_span_id(parent.span_id)
    # Ours come first: where a span has room for fewer, the first are dropped.
    return SamplingResult(
        Decision.RECORD_AND_SAMPLE, {**marks, **(attributes or {})}, parent.trace_state if parent.is_valid else None
    )


def read_ratio(value: Any, where: str) -> float:
    """A number from 0 to 1; 1 for what is none, so that nothing is lost of what somebody may be looking for."""
    try:
        ratio = -1.0 if isinstance(value, bool) else float(value)
    except (TypeError, ValueError, OverflowError):
        ratio = -1.0
    if 0.0 <= ratio <= 1.0:
        return ratio
    logger.warning("genscope: %s=%r is ignored and every trace kept; accepted: a number from 0 to 1", where, value)
    return 1.0
