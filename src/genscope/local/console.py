"""The exporter `genscope_console`: every finished trace as a tree on stderr, while the program runs.

opentelemetry-instrument --traces_exporter genscope_console python app.py
"""

from __future__ import annotations

import logging
import os
import sys
import threading
import weakref
from collections import deque
from collections.abc import Sequence
from importlib.util import find_spec
from io import StringIO
from typing import TextIO

from opentelemetry.environment_variables import OTEL_TRACES_EXPORTER
from opentelemetry.sdk.environment_variables import OTEL_BSP_SCHEDULE_DELAY
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult
from opentelemetry.trace import SpanContext

from genscope.core.pipeline import Faults
from genscope.local.launch import BATCH_DELAY, CONSOLE_EXPORTER

_logger = logging.getLogger(__name__)
_UNBOUNDED = 10_000  # columns where there is no terminal to fit into: a line of a log file is not wrapped

_Key = tuple[int, int]
"""Trace id and span id."""


class ConsoleTreeExporter(SpanExporter):
    """Print each trace as a tree as soon as its root has ended.

    A root is a span without a parent in this process, or whose parent will never be exported. Spans that end before
    their root wait for it; those that end after it are printed on their own. What still waits at shutdown, or exceeds
    `max_traces` or `max_spans`, is printed without its root. `stream` is stderr as it is now: stdout is the program's.

    Nothing is ever raised: without a usable stream, or without `rich`, spans are dropped.
    """

    def __init__(
        self,
        stream: TextIO | None = None,
        *,
        max_traces: int = 1_000,
        max_spans: int = 10_000,
        faults: Faults | None = None,
    ) -> None:
        self._stream: TextIO | None = stream if stream is not None else sys.stderr
        self._max_traces = max_traces
        self._max_spans = max_spans
        self._faults = faults or Faults()
        self._block = False  # whether the last print was of several lines
        self._reset()
        if find_spec("rich") is None:
            self._stream = None
            _logger.warning("genscope_console prints nothing without rich: pip install 'genscope[cli]'")
        # The SDK reads the delay right after it has made the exporter. Five seconds is no live tree; where we are the
        # only exporter, nobody else notices.
        if os.environ.get(OTEL_TRACES_EXPORTER, "").strip() == CONSOLE_EXPORTER:
            os.environ.setdefault(OTEL_BSP_SCHEDULE_DELAY, BATCH_DELAY)
        if hasattr(os, "register_at_fork"):
            forget = weakref.WeakMethod(self._reset)

            def after_in_child() -> None:
                if reset := forget():
                    reset()

            os.register_at_fork(after_in_child=after_in_child)

    def _reset(self) -> None:
        """Forget all spans; in a forked child those are the parent's to print, and its lock may be held for ever."""
        self._printing = threading.Lock()
        self._arrived: deque[ReadableSpan] = deque(maxlen=self._max_spans)
        self._waiting: dict[int, dict[int, ReadableSpan]] = {}
        self._printed: dict[_Key, None] = {}  # in the order of printing

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Take spans that ended; print what is complete by now."""
        self._arrived.extend(spans)
        while self._arrived:
            # Whoever prints also takes what arrives meanwhile. Nobody waits for a slow terminal, nor for itself: the
            # garbage collector may end a span, and so call us, while we print.
            if not self._printing.acquire(blocking=False):
                break
            try:
                self._print_complete()
            finally:
                self._printing.release()
        return SpanExportResult.SUCCESS

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        """Print everything, complete or not."""
        if not self._printing.acquire(timeout=timeout_millis / 1000):
            return False
        try:
            self._print_complete()
            for trace in list(self._waiting):
                self._print_incomplete(trace)
        finally:
            self._printing.release()
        self.export(())  # what arrived meanwhile
        return True

    def shutdown(self) -> None:
        """Print everything, complete or not."""
        self.force_flush(5_000)

    def _print_complete(self) -> None:
        new: dict[int, list[ReadableSpan]] = {}
        while self._arrived:
            span = self._arrived.popleft()
            if span.context is not None:
                self._waiting.setdefault(span.context.trace_id, {})[span.context.span_id] = span
                new.setdefault(span.context.trace_id, []).append(span)
        for trace, spans in new.items():
            waiting = self._waiting[trace]
            for root in [span for span in spans if not self._waits(span)]:
                late = root.parent is not None and _key(root.parent) in self._printed
                self._print(_take_tree(root, waiting), title="ended after its parent" if late else None)
            if not waiting:
                del self._waiting[trace]
        while len(self._waiting) > self._max_traces or sum(map(len, self._waiting.values())) > self._max_spans:
            self._print_incomplete(next(iter(self._waiting)))

    def _print_incomplete(self, trace: int) -> None:
        self._print(list(self._waiting.pop(trace).values()), title="trace whose root has not ended")

    def _waits(self, span: ReadableSpan) -> bool:
        """Whether the parent is still to come. A remote one or one that is not sampled is not."""
        parent = span.parent
        return (
            parent is not None
            and not parent.is_remote
            and parent.trace_flags.sampled
            and _key(parent) not in self._printed
        )

    def _print(self, spans: Sequence[ReadableSpan], *, title: str | None) -> None:
        for span in spans:
            if span.context is not None:
                self._printed[_key(span.context)] = None
        while len(self._printed) > self._max_spans:
            del self._printed[next(iter(self._printed))]
        if self._stream is None or getattr(self._stream, "closed", False):
            return
        try:
            text = self._draw(self._stream, spans, title)
        except Exception as fault:
            self._faults.report("the console tree", fault)
            return
        try:
            self._stream.write(text)  # at once, so that processes which share a terminal do not mix their lines
            self._stream.flush()
        except Exception:  # closed, or nobody reads it any more
            self._stream = None

    def _draw(self, stream: TextIO, spans: Sequence[ReadableSpan], title: str | None) -> str:
        from rich.console import Console

        from genscope.local.tree import render

        # rich must not write to the stream itself: on a broken pipe it would close the program's stdout and exit.
        paper = _Paper(stream)
        bounded = paper.isatty() or "COLUMNS" in os.environ
        console = Console(file=paper, width=None if bounded else _UNBOUNDED, force_jupyter=False)
        tree = render(spans, width=console.width, ascii_only=console.options.ascii_only, title=title)
        console.print(tree, highlight=False)
        text = paper.getvalue().encode(paper.encoding, "backslashreplace").decode(paper.encoding)
        block = len(spans) > 1 or title is not None
        apart, self._block = block or self._block, block
        return f"\n{text}" if apart else text  # the empty line also ends one that the program has begun


class _Paper(StringIO):
    """A buffer that is as good a terminal as the stream for which it is written."""

    def __init__(self, stream: TextIO) -> None:
        super().__init__()
        self._encoding: str = getattr(stream, "encoding", None) or "utf-8"
        self._terminal = stream.isatty()

    @property
    def encoding(self) -> str:  # pyright: ignore[reportIncompatibleVariableOverride]
        return self._encoding

    def isatty(self) -> bool:
        return self._terminal


def _key(context: SpanContext) -> _Key:
    return context.trace_id, context.span_id


def _take_tree(root: ReadableSpan, waiting: dict[int, ReadableSpan]) -> list[ReadableSpan]:
    """Remove `root` and all below it from `waiting`."""
    below: dict[int, list[ReadableSpan]] = {}
    for span in waiting.values():
        if span.parent is not None:
            below.setdefault(span.parent.span_id, []).append(span)
    taken: list[ReadableSpan] = []
    todo = [root]
    while todo:
        span = todo.pop()
        if span.context is not None and waiting.pop(span.context.span_id, None) is not None:
            taken.append(span)
            todo += below.get(span.context.span_id, ())
    return taken
