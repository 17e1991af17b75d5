"""LangChain and LangGraph: https://docs.langchain.com/oss/python/langchain/overview

Every callback manager of LangChain's gets a handler, by `register_configure_hook`. Calls to models are left alone:
these are traced where they are sent.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import partial
from types import ModuleType
from typing import Any, Final

from genscope.core.attachment import Attachment, Hook
from genscope.core.pipeline import Pipeline
from genscope.frameworks.framework import Framework, Together
from genscope.frameworks.langchain_context import carriers
from genscope.frameworks.langchain_handler import Handler, Listener
from genscope.settings import Settings


class _Listening:
    """Where LangChain looks for a handler whenever it makes a manager, as if it were a `ContextVar`.

    It has no way to stop looking: so it looks here for good, and finds none while nobody listens.
    """

    def __init__(self) -> None:
        self._handler: Any = None
        self._registered_in: ModuleType | None = None

    def get(self) -> Any:
        handler = self._handler
        return None if handler is None or handler.listener is None else handler

    def begin(self, listener: Listener, context: Any) -> Callable[[], None]:
        """`context` is the module of LangChain's in which hooks are registered; returns how to stop."""
        if self._registered_in is not context:
            callbacks: Any = sys.modules["langchain_core.callbacks.base"]
            cls = type("GenscopeHandler", (Handler, callbacks.BaseCallbackHandler), {})
            # With a class LangChain makes a handler by itself if the one that was there is gone when it looks again.
            context.register_configure_hook(self, True, cls)
            self._registered_in, self._handler = context, cls()
        self._handler.raise_error = listener.faults.raised
        self._handler.listener = listener
        return partial(self._end, listener)

    def _end(self, listener: Listener) -> None:
        if self._handler.listener is listener:
            self._handler.listener = None


_listening: Final = _Listening()


def _attach(pipeline: Pipeline, settings: Settings) -> Attachment:
    listener = Listener(pipeline.faults)
    hook = Hook("langchain_core.tracers.context", partial(_listening.begin, listener))
    parts = [hook, *carriers(listener.tree, pipeline.faults)]
    return Together(hook.module, parts, listener.tree.end_all)


LANGCHAIN: Final = Framework("langchain", "langchain_core", _attach)
