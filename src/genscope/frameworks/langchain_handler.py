"""The callback handler: what LangChain tells of its runs becomes spans.

Calls to models are not listened to: these are traced where they are sent, beneath the spans made here.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from functools import partial
from importlib import import_module
from typing import Any, Final
from uuid import UUID

from genscope import semconv
from genscope.annotate.kinds import RETRIEVAL, TOOL
from genscope.core.pipeline import Faults
from genscope.frameworks import langchain_values as values
from genscope.frameworks.langchain_context import begun
from genscope.frameworks.langchain_sorts import Started, given_name, kind_of, name_of, running_graph
from genscope.frameworks.langchain_tree import Tree

_TOOL_ERROR: Final = "tool_error"
"""As the conventions for MCP call it when a tool answers with an error."""


class Listener:
    """What is done for one `instrument()`."""

    def __init__(self, faults: Faults) -> None:
        self.tree = Tree()
        self.faults = faults

    def chain_started(
        self,
        serialized: Any,
        inputs: Any,
        *,
        run_id: UUID,
        parent_run_id: UUID | None = None,
        tags: Any = None,
        metadata: Mapping[str, Any] | None = None,
        name: Any = None,
        run_type: str | None = None,
        **kwargs: Any,
    ) -> None:
        started = Started(name_of(name, serialized), run_type, tags or (), metadata or {})
        around = self.tree.place(parent_run_id)
        outermost = around is None or around.span is None
        node = None if around is None else around.node
        what = kind_of(started, outermost=outermost, node=node, graph=running_graph())
        streams = "defers_inputs" in kwargs
        self.tree.begin(
            run_id,
            parent_run_id,
            what,
            started.metadata,
            said=None if streams else partial(values.arguments, inputs),  # of a stream they are said at its end
            node=started.node_in(node),
            streams=streams,
        )
        begun(run_id, self.tree.beneath)

    def tool_started(
        self,
        serialized: Mapping[str, Any] | None,
        input_str: str,
        *,
        run_id: UUID,
        parent_run_id: UUID | None = None,
        metadata: Mapping[str, Any] | None = None,
        inputs: Any = None,
        name: Any = None,
        tool_call_id: Any = None,
        **kwargs: Any,
    ) -> None:
        known: dict[str, Any] = {semconv.TOOL_TYPE: "function"}
        description = (serialized or {}).get("description")
        if description:
            known[semconv.TOOL_DESCRIPTION] = str(description)
        self.tree.begin(
            run_id,
            parent_run_id,
            (TOOL, name_of(name, serialized)),
            metadata or {},
            attributes=known,
            said=partial(values.arguments, input_str if inputs is None else inputs),
            call_id=tool_call_id,
        )
        begun(run_id)

    def retriever_started(
        self,
        serialized: Any,
        query: str,
        *,
        run_id: UUID,
        parent_run_id: UUID | None = None,
        metadata: Mapping[str, Any] | None = None,
        name: Any = None,
        **kwargs: Any,
    ) -> None:
        source = given_name(name_of(name, serialized))
        known = {semconv.DATA_SOURCE_ID: source} if source else {}
        self.tree.begin(
            run_id,
            parent_run_id,
            (RETRIEVAL, source),
            metadata or {},
            attributes=known,
            said=partial(values.arguments, query),
        )
        begun(run_id, self.tree.beneath)

    def chain_ended(self, outputs: Any, *, run_id: UUID, **kwargs: Any) -> None:
        run = self.tree.spanned(run_id)
        if run is not None and run.is_written and "inputs" in kwargs:
            run.say_input(partial(values.arguments, kwargs["inputs"]))
        self.tree.end(run_id, outputs, values.result)

    def tool_ended(self, output: Any, *, run_id: UUID, **kwargs: Any) -> None:
        run = self.tree.spanned(run_id)
        if run is None:
            return
        call_id = getattr(output, "tool_call_id", None)
        if run.call_id is None and call_id:  # older releases do not say it before
            run.call_id = str(call_id)
            run.span.set_attribute(semconv.TOOL_CALL_ID, run.call_id)
        if values.is_error(output):
            run.say_output(values.tool_result(output))
            self.tree.fail_as(run_id, _TOOL_ERROR)
        else:
            self.tree.end(run_id, output, values.tool_result)

    def retriever_ended(self, documents: Any, *, run_id: UUID, **kwargs: Any) -> None:
        self.tree.end(run_id, documents, values.shown)

    def failed(self, error: BaseException, *, run_id: UUID, **kwargs: Any) -> None:
        if not _is_a(error, "GraphBubbleUp"):
            run, cause = self.tree.spanned(run_id), error.__cause__
            if run is not None and cause is not None and isinstance(error, type(cause)) and run.node.knows(cause):
                run.node.remember(error)  # the SDK's, which LangChain has given a class of its own
            self.tree.fail(run_id, error)
            return
        if _is_a(error, "GraphInterrupt"):
            for run in (self.tree.spanned(run_id), self.tree.above(run_id)):
                if run is not None:
                    run.span.set_attribute(semconv.INTERRUPTED, True)
        self.tree.end(run_id)


class Handler:
    """What LangChain calls, as long as there is a `listener`. Mixed into a handler of LangChain's own."""

    listener: Listener | None = None
    raise_error = False
    run_inline = True  # in the very thread or task that goes on to do the work
    ignore_llm = ignore_chat_model = ignore_retry = ignore_custom_event = True

    def on_chain_start(self, *args: Any, **kwargs: Any) -> None:
        self._tell(Listener.chain_started, args, kwargs)

    def on_tool_start(self, *args: Any, **kwargs: Any) -> None:
        self._tell(Listener.tool_started, args, kwargs)

    def on_retriever_start(self, *args: Any, **kwargs: Any) -> None:
        self._tell(Listener.retriever_started, args, kwargs)

    def on_chain_end(self, *args: Any, **kwargs: Any) -> None:
        self._tell(Listener.chain_ended, args, kwargs)

    def on_tool_end(self, *args: Any, **kwargs: Any) -> None:
        self._tell(Listener.tool_ended, args, kwargs)

    def on_retriever_end(self, *args: Any, **kwargs: Any) -> None:
        self._tell(Listener.retriever_ended, args, kwargs)

    def on_chain_error(self, *args: Any, **kwargs: Any) -> None:
        self._tell(Listener.failed, args, kwargs)

    def on_tool_error(self, *args: Any, **kwargs: Any) -> None:
        self._tell(Listener.failed, args, kwargs)

    def on_retriever_error(self, *args: Any, **kwargs: Any) -> None:
        self._tell(Listener.failed, args, kwargs)

    def _tell(self, told: Callable[..., None], args: Any, kwargs: Any) -> None:
        listener = self.listener
        if listener is not None:
            listener.faults.attempt("listening to LangChain", lambda: told(listener, *args, **kwargs))

    # LangChain hands handlers on with the configuration of a run, which applications copy and send away.

    def __copy__(self) -> Handler:
        return self

    def __deepcopy__(self, memo: Any) -> Handler:
        return self

    def __reduce__(self) -> Any:
        return _nobody, ()


def _nobody() -> Any:
    """In another process."""
    callbacks: Any = import_module("langchain_core.callbacks")
    return callbacks.BaseCallbackHandler()


def _is_a(error: BaseException, name: str) -> bool:
    """Whether it is how LangGraph leaves a node, and no error at all: an interrupt, a command for the graph around."""
    kind = getattr(sys.modules.get("langgraph.errors"), name, None)
    return isinstance(kind, type) and isinstance(error, kind)
