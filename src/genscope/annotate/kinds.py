"""The kinds of things that an application annotates, in the words of the conventions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from opentelemetry.trace import SpanKind

from genscope import semconv
from genscope.semconv import Metric


@dataclass(frozen=True)
class Kind:
    """`operation` is attribute and value that say what it is; the value begins the name of the span."""

    operation: tuple[str, str]
    name: str | None = None
    """The attribute with the name; None where the name only stands in that of the span."""
    span_kind: SpanKind = SpanKind.INTERNAL
    sums: bool = False
    """Whether its span says what happened beneath."""
    duration: Metric | None = None
    measured: tuple[str, ...] = ()
    """Attributes of the span that its duration has, too."""
    documents: bool = False
    """Whether it returns documents, which are counted."""

    @property
    def word(self) -> str:
        return self.operation[1]


WORKFLOW: Final = Kind(
    (semconv.OPERATION_NAME, "invoke_workflow"),
    semconv.WORKFLOW_NAME,
    sums=True,
    duration=semconv.WORKFLOW_DURATION,
    measured=(semconv.WORKFLOW_NAME,),
)
AGENT: Final = Kind(
    (semconv.OPERATION_NAME, "invoke_agent"),
    semconv.AGENT_NAME,
    sums=True,
    duration=semconv.AGENT_DURATION,
    measured=(semconv.AGENT_NAME,),
)
TOOL: Final = Kind(
    (semconv.OPERATION_NAME, "execute_tool"),
    semconv.TOOL_NAME,
    duration=semconv.TOOL_DURATION,
    measured=(semconv.TOOL_NAME, semconv.TOOL_TYPE, semconv.AGENT_NAME),
)
RETRIEVAL: Final = Kind(
    (semconv.OPERATION_NAME, "retrieval"),
    span_kind=SpanKind.CLIENT,
    duration=semconv.LATEST.metrics["other_duration"],
    measured=(semconv.OPERATION_NAME,),
    documents=True,
)
TASK: Final = Kind((semconv.OUR_OPERATION_NAME, "task"))
RERANK: Final = Kind((semconv.OUR_OPERATION_NAME, "rerank"), documents=True)
EMBEDDING: Final = Kind((semconv.OUR_OPERATION_NAME, "embedding"))
