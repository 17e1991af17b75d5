"""What an application says of its own: workflows, agents, tools and the steps of a retrieval become spans.

Each is a decorator, bare or with arguments, of functions, coroutine functions, generators and methods of any kind, and
a context manager:

    @genscope.tool
    def search(query: str) -> list[str]: ...

    with genscope.tool("search", call_id=call.id) as span: ...
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, overload

from genscope import semconv
from genscope.annotate import kinds
from genscope.annotate.annotation import AnnotatedSpan, Annotation, Attributes, annotate

__all__ = ["AnnotatedSpan", "Annotation", "agent", "embedding", "rerank", "retrieval", "task", "tool", "workflow"]

F = TypeVar("F", bound="Callable[..., Any] | classmethod[Any, Any, Any] | staticmethod[Any, Any]")


@overload
def workflow(name: F, /) -> F: ...
@overload
def workflow(name: str | None = None, *, attributes: Attributes | None = None) -> Annotation: ...
def workflow(name: Any = None, *, attributes: Attributes | None = None) -> Any:
    """All that serves one request: `invoke_workflow {name}`, with the sums of what happens beneath."""
    return annotate(kinds.WORKFLOW, name, attributes)


@overload
def agent(name: F, /) -> F: ...
@overload
def agent(
    name: str | None = None, *, description: str | None = None, attributes: Attributes | None = None
) -> Annotation: ...
def agent(name: Any = None, *, description: str | None = None, attributes: Attributes | None = None) -> Any:
    """A model in a loop with tools: `invoke_agent {name}`, with its turns and the sums of what happens beneath."""
    return annotate(kinds.AGENT, name, attributes, {semconv.AGENT_DESCRIPTION: description})


@overload
def task(name: F, /) -> F: ...
@overload
def task(name: str | None = None, *, attributes: Attributes | None = None) -> Annotation: ...
def task(name: Any = None, *, attributes: Attributes | None = None) -> Any:
    """Any other step: `task {name}`."""
    return annotate(kinds.TASK, name, attributes)


@overload
def tool(name: F, /) -> F: ...
@overload
def tool(
    name: str | None = None,
    *,
    description: str | None = None,
    type: str = "function",
    call_id: str | None = None,
    attributes: Attributes | None = None,
) -> Annotation: ...
def tool(
    name: Any = None,
    *,
    description: str | None = None,
    type: str = "function",
    call_id: str | None = None,
    attributes: Attributes | None = None,
) -> Any:
    """What a model may ask for: `execute_tool {name}`.

    `type` is `function`, `extension` or `datastore`; `call_id` the id under which the model asked for it.
    """
    known = {semconv.TOOL_DESCRIPTION: description, semconv.TOOL_TYPE: type}
    return annotate(kinds.TOOL, name, attributes, known, call_id)


@overload
def retrieval(name: F, /) -> F: ...
@overload
def retrieval(
    name: str | None = None, *, top_k: int | None = None, attributes: Attributes | None = None
) -> Annotation: ...
def retrieval(name: Any = None, *, top_k: int | None = None, attributes: Attributes | None = None) -> Any:
    """A search for what the model shall know: `retrieval {name}`; `name` is that of the data source."""
    source = name if isinstance(name, str) else None
    known = {semconv.DATA_SOURCE_ID: source, semconv.RETRIEVAL_TOP_K: top_k}
    return annotate(kinds.RETRIEVAL, name, attributes, known)


@overload
def rerank(name: F, /) -> F: ...
@overload
def rerank(
    name: str | None = None, *, model: str | None = None, attributes: Attributes | None = None
) -> Annotation: ...
def rerank(name: Any = None, *, model: str | None = None, attributes: Attributes | None = None) -> Any:
    """Documents put in order by the application itself: `rerank {name}`."""
    return annotate(kinds.RERANK, name, attributes, {semconv.REQUEST_MODEL: model})


@overload
def embedding(name: F, /) -> F: ...
@overload
def embedding(
    name: str | None = None, *, model: str | None = None, attributes: Attributes | None = None
) -> Annotation: ...
def embedding(name: Any = None, *, model: str | None = None, attributes: Attributes | None = None) -> Any:
    """Vectors computed by the application itself: `embedding {name}`. Calls of an SDK have spans without this."""
    return annotate(kinds.EMBEDDING, name, attributes, {semconv.REQUEST_MODEL: model})
