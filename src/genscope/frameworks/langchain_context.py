"""The span of a run is the current one where its work is done, and nowhere else.

LangChain runs the work in a copy of the current context variables, in which it notes the run: each step of a stream and
each task is run in the copy. There the span is made current, so it cannot be left behind with the caller. Models and
retrievers do their work in the caller's context: there it is current for as long as their method runs.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Hashable
from contextvars import ContextVar
from dataclasses import dataclass
from functools import partial, wraps
from types import ModuleType
from typing import Any, Final

from opentelemetry.context import Context

from genscope.core.ambient import Token, here, hold, release
from genscope.core.attachment import Attachment, Hook
from genscope.core.bodies import SilentBody, follow_body
from genscope.core.patching import Patch, Wrapper
from genscope.core.pipeline import Faults
from genscope.frameworks.langchain_tree import Tree

_CONFIGS: Final = ("langchain_core.runnables.config", "langgraph._internal._runnable")
"""Modules with the function that notes the run. LangGraph has one of its own."""
_NOTING: Final = "_set_config_context"

_MODELS: Final = (
    ("langchain_core.language_models.chat_models", "BaseChatModel"),
    ("langchain_core.language_models.llms", "BaseLLM"),
)
_ERRANDS: Final = (
    ("langchain_core.retrievers", "BaseRetriever", ("invoke", "ainvoke")),
    ("langchain_core.tools.base", "BaseTool", ("run", "arun")),
)
"""Whose end LangChain does not tell when they are cancelled."""
_NODES: Final = (("langgraph._internal._runnable", "RunnableSeq", ("invoke", "ainvoke")),)
"""Until Python 3.11 a task cannot be given a context: LangGraph does the work of asynchronous nodes in the caller's."""


def carriers(tree: Tree, faults: Faults) -> list[Attachment]:
    """What makes the spans of `tree` current."""
    carrier = _Carrier(tree, faults)
    calls = [_patch(*where, ("generate", "agenerate"), carrier.model, carrier.amodel) for where in _MODELS]
    streams = [_patch(*where, ("stream", "astream"), carrier.stream, carrier.stream) for where in _MODELS]
    nodes = _NODES if sys.version_info < (3, 11) else ()
    errands = [_patch(*where, carrier.errand, carrier.aerrand) for where in (*_ERRANDS, *nodes)]
    return [*(Hook(module, carrier.note) for module in _CONFIGS), *calls, *streams, *errands]


def begun(id: Hashable, beneath: Callable[[Hashable], Context | None] | None = None) -> None:
    """A callback says that the method that is called here has begun its run, and what is to be current during it."""
    errand = _errand.get()
    if errand is not None and errand.id is None:
        errand.id = id
        context = None if beneath is None else beneath(id)
        if context is not None:
            errand.token = hold(context)


def _patch(module: str, owner: str, methods: tuple[str, str], wrapper: Wrapper, awrapper: Wrapper) -> Patch:
    def targets(found: ModuleType) -> list[tuple[Any, str, Wrapper]]:
        cls = getattr(found, owner, None)
        return [(cls, methods[0], wrapper), (cls, methods[1], awrapper)]

    return Patch(module, targets)


@dataclass(slots=True)
class _Errand:
    """A tool, a retriever or a node whose method is being called."""

    id: Hashable | None = None
    token: Token | None = None


_errand: ContextVar[_Errand | None] = ContextVar("genscope_langchain_errand", default=None)


class _Carrier:
    def __init__(self, tree: Tree, faults: Faults) -> None:
        self._tree = tree
        self._faults = faults

    # --- in the copy that LangChain makes

    def note(self, module: Any) -> Callable[[], None]:
        noting = getattr(module, _NOTING)

        @wraps(noting)
        def carrying(*args: Any, **kwargs: Any) -> Any:
            noted = noting(*args, **kwargs)
            context = self._beneath(_noted, args, kwargs)
            if context is not None:
                hold(context)  # for good: the copy is thrown away
            return noted

        setattr(module, _NOTING, carrying)
        return partial(_put_back, module, carrying, noting)

    # --- in the caller's context

    def model(self, wrapped: Callable[..., Any], instance: Any, args: Any, kwargs: Any) -> Any:
        context = self._beneath(_generated, args, kwargs)
        if context is None:
            return wrapped(*args, **kwargs)
        token = hold(context)
        try:
            return wrapped(*args, **kwargs)
        finally:
            release(token)

    async def amodel(self, wrapped: Callable[..., Any], instance: Any, args: Any, kwargs: Any) -> Any:
        context = self._beneath(_generated, args, kwargs)
        if context is None:
            return await wrapped(*args, **kwargs)
        token = hold(context)
        try:
            return await wrapped(*args, **kwargs)
        finally:
            release(token)

    def stream(self, wrapped: Callable[..., Any], instance: Any, args: Any, kwargs: Any) -> Any:
        """Of either kind: its steps are run in the context, and its reader is left alone."""
        context = self._beneath(_streamed, args, kwargs)
        if context is None or context is here():
            return wrapped(*args, **kwargs)
        return follow_body(wrapped, lambda args, kwargs: SilentBody(context))(*args, **kwargs)

    def errand(self, wrapped: Callable[..., Any], instance: Any, args: Any, kwargs: Any) -> Any:
        errand = _Errand()
        set_out = _errand.set(errand)
        try:
            return wrapped(*args, **kwargs)
        except BaseException as error:
            self._tell(errand, error)
            raise
        finally:
            _return(errand, set_out)

    async def aerrand(self, wrapped: Callable[..., Any], instance: Any, args: Any, kwargs: Any) -> Any:
        errand = _Errand()
        set_out = _errand.set(errand)
        try:
            return await wrapped(*args, **kwargs)
        except BaseException as error:
            self._tell(errand, error)
            raise
        finally:
            _return(errand, set_out)

    def _beneath(self, callbacks_of: Callable[..., Any], args: Any, kwargs: Any) -> Context | None:
        """The context beneath the run whose callbacks are among the arguments, where it is to be made current."""
        return self._faults.attempt(
            "looking for a run of LangChain's",
            lambda: self._tree.beneath(getattr(callbacks_of(*args, **kwargs), "parent_run_id", None)),
        )

    def _tell(self, errand: _Errand, error: BaseException) -> None:
        """Of most errors a callback has told already."""
        id = errand.id
        if id is not None:
            self._faults.attempt("ending a run of LangChain's", lambda: self._tree.fail(id, error))


# --- the callbacks among the arguments


def _noted(config: Any, *_: Any, **__: Any) -> Any:
    """Of the function that notes a run."""
    return config.get("callbacks")


def _streamed(input: Any = None, config: Any = None, *_: Any, **__: Any) -> Any:
    """Of `stream`."""
    return None if config is None else config.get("callbacks")


def _generated(messages: Any = None, stop: Any = None, callbacks: Any = None, *_: Any, **__: Any) -> Any:
    """Of `generate`."""
    return callbacks


# --- coming and going


def _return(errand: _Errand, set_out: Token) -> None:
    release(set_out)
    if errand.token is not None:
        release(errand.token)


def _put_back(module: Any, ours: Any, original: Any) -> None:
    if getattr(module, _NOTING, None) is ours:  # else somebody has wrapped it since, and ours only passes calls on
        setattr(module, _NOTING, original)
