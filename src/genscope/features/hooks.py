"""The application's own functions as stages: they may set attributes on `op.span`, or change what `op` says."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from genscope.core.operation import Operation
from genscope.core.pipeline import Stage
from genscope.settings import Hook, Settings


class RequestHook(Stage):
    """Called before the request is sent."""

    wants_raw = True

    def __init__(self, hook: Hook) -> None:
        self._hook = hook

    def start(self, op: Operation) -> None:
        self._hook(op, op.raw)


class ResponseHook(Stage):
    """Called once at the end of every call, also of one that failed or was abandoned."""

    wants_raw = True

    def __init__(self, hook: Hook) -> None:
        self._hook = hook

    def end(self, op: Operation) -> None:
        self._hook(op, op.raw)


class ChunkHook(Stage):
    """Called for every chunk of a stream before the application gets it."""

    def __init__(self, hook: Hook) -> None:
        self._hook = hook

    def chunk(self, op: Operation, chunk: Any, gap: float | None) -> None:
        self._hook(op, chunk)


def hooks(settings: Settings) -> Iterator[Stage]:
    """A stage for each hook that is set."""
    if settings.request_hook is not None:
        yield RequestHook(settings.request_hook)
    if settings.response_hook is not None:
        yield ResponseHook(settings.response_hook)
    if settings.chunk_hook is not None:
        yield ChunkHook(settings.chunk_hook)
