"""Streams that an SDK drops to read their response by others: the helper of anthropic before 0.43 does."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from typing import Any
from weakref import WeakKeyDictionary

from genscope.core.call import Call
from genscope.core.patching import Patch


class Reopened:
    """Hands the call on to the stream that really reads the response of the first one."""

    def __init__(self, helper: str, patch: Patch, streams: Sequence[type], follow: Callable[[Call, Any], None]) -> None:
        """`helper` is the class that opens them, `module:Class`: releases that do have an argument `cast_to` there."""
        self._follow = follow
        self._calls: WeakKeyDictionary[Any, Call] = WeakKeyDictionary()
        module, _, name = helper.partition(":")
        code = getattr(getattr(getattr(sys.modules.get(module), name, None), "__init__", None), "__code__", None)
        self._happens = code is not None and "cast_to" in code.co_varnames
        for cls in streams if self._happens else ():
            patch.wrap(cls, "__init__", self._made)

    def expect(self, call: Call, stream: Any) -> None:
        """Another one may read the response of this stream."""
        if self._happens:
            self._calls[stream.response] = call

    def _made(self, wrapped: Any, stream: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        wrapped(*args, **kwargs)
        call = self._calls.pop(stream.response, None) if self._calls else None
        if call is not None and not call.finished:
            try:
                self._follow(call, stream)
            except Exception as fault:
                call.faults.report("following a stream that was opened again", fault)
