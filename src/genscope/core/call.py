"""One call in flight, from the request to its one end.

    begin -> [the SDK runs] -> succeed | fail | a stream is followed -> complete | fail | abandon

A call ends exactly once, whoever comes first: the answer, an exception, the caller closing or dropping the stream,
or the end of the process.
"""

from __future__ import annotations

import gc
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from functools import partial
from time import perf_counter, time_ns
from typing import Any
from weakref import ref

from genscope.core import aside
from genscope.core.defects import WELL, asks_for_json, defects_of
from genscope.core.errors import classify, classify_reported, rejected_answer
from genscope.core.operation import Failure, Operation
from genscope.core.pipeline import ChunkWatcher, Faults, Pipeline
from genscope.core.reader import Answer, ContentReader, Reader
from genscope.core.tool_calls import note_calls, note_results, remember, tool_reader
from genscope.semconv import INFERENCE


class Call:
    """Use `begin`; then hand it to `core.sending`."""

    __slots__ = ("__weakref__", "_pipeline", "_release", "_unfinished", "answer", "op", "reader")

    def __init__(self, op: Operation, reader: Reader, pipeline: Pipeline) -> None:
        self.op = op
        self.reader = reader
        self.answer: Answer | None = None
        self._pipeline = pipeline
        self._release: Callable[[], None] | None = None
        self._unfinished = [True]  # list.pop is atomic: two threads cannot both end the call

    @property
    def faults(self) -> Faults:
        return self._pipeline.faults

    @property
    def chunk_watchers(self) -> tuple[ChunkWatcher, ...]:
        return self._pipeline.chunk_watchers

    @property
    def finished(self) -> bool:
        return not self._unfinished

    def begin(self, body: Mapping[str, Any]) -> None:
        """Read the request and start the stages. Raises `BudgetExceeded` when one refuses; the call has then ended."""
        op = self.op
        op.started_at = time_ns()
        op.started = perf_counter()
        try:
            self.reader.read_request(op, body)
            if "tools" in body:
                note_results(op, self.reader, body)
        except Exception as fault:  # the body may be a mapping of the application's own
            self.faults.report(f"reading a {op.name} request", fault)
        if self._pipeline.curious:
            self._look_into_request(body)
        try:
            self._pipeline.start(op)
        except BaseException as refusal:
            self.fail(refusal)
            raise

    def admit(self) -> None:
        """Ask the stages that want to be asked before the request is sent. Raises `BudgetExceeded` like `begin`."""
        try:
            self._pipeline.admit(self.op)
        except BaseException as refusal:
            self.fail(refusal)
            raise

    async def aadmit(self) -> None:
        try:
            await self._pipeline.aadmit(self.op)
        except BaseException as refusal:  # or cancelled while it waited
            self.fail(refusal)
            raise

    def succeed(self, answer: Any) -> None:
        """The whole answer has arrived."""
        self.answer = answer
        self._end("completed")

    def stay_open(self, release: Callable[[], None]) -> None:
        """The answer comes later, if the caller reads it. `release` is called at the end."""
        self.__class__ = _OpenCall  # pyright: ignore[reportAttributeAccessIssue]
        self._release = release
        _open[id(self)] = ref(self)

    def expect_chunks(self) -> Answer:
        """The answer comes in chunks; returns what folds them."""
        self.op.streaming = True
        content = None if self.op.content is None and not asks_for_json(self.op) else _content_reader(self.reader)
        if content is not None:
            self.answer = content.Transcript()
        else:
            tools = tool_reader(self.reader) if self.op.offers_tools else None
            self.answer = (tools or self.reader).Answer()
        return self.answer

    def complete(self) -> None:
        """The stream was read to its end."""
        self._end("completed")

    def fail(self, error: BaseException) -> None:
        """`error` is on its way to the caller."""
        if self._unfinished and self.op.started >= _born:
            try:
                failure = classify(error)
            except Exception as fault:
                self.faults.report("classifying an exception", fault)
                failure = Failure("unknown", type(error).__name__, False, exception=error)
            self.op.failure = failure
            if self.answer is None:
                self.answer = rejected_answer(error)
            outcome = "cancelled" if failure.kind == "cancelled" else "failed"
            if isinstance(error, GeneratorExit):  # a coroutine that was dropped
                aside.run(partial(self._end, outcome))
            else:
                self._end(outcome)

    def abandon(self) -> None:
        """The caller closed or dropped the stream before its end. No error; may run inside a garbage collection."""
        if self._unfinished and self.op.started >= _born:
            if self.op.ended is None:
                self.op.ended = perf_counter()
            aside.run(partial(self._end, "abandoned"))

    def _end(self, outcome: str) -> None:
        try:
            self._unfinished.pop()
        except IndexError:
            return
        op = self.op
        if op.ended is None:
            op.ended = perf_counter()
        op.duration = op.ended - op.started
        if self._release is not None:
            _open.pop(id(self), None)
            self._release()
        if self.answer is not None:
            try:
                self.reader.read_response(op, self.answer)
            except Exception as fault:
                self.faults.report(f"reading a {op.name} answer", fault)
        if op.error is not None and op.failure is None:
            op.failure = classify_reported(op.error)
            outcome = "failed"  # the provider said so in its answer
        if op.offers_tools and self.answer is not None:
            note_calls(op, self.reader, self.answer, self.faults)
        if op.streaming:
            op.outcome = outcome
            if outcome == "completed" and op.first_token is None and op.name in INFERENCE:
                op.lack = op.lack or "empty"
        if op.failure is None and (op.finish_reasons not in WELL or op.lack is not None or "output_type" in op.request):
            if outcome == "completed":  # what the caller left early may be anything
                self._look_for_defects()
        if self._pipeline.curious:
            self._look_into_answer()
        self._pipeline.end(op)
        if op.surroundings is not None or op.offers_tools:
            self._count()
        if op.failure is not None:
            op.failure.exception = op.raw = None  # it holds the frames of the application

    def _count(self) -> None:
        """For the workflow and the agents around the call, and for the tools that run next."""
        op = self.op
        try:
            if op.surroundings is not None:
                op.surroundings.count(op)
            else:
                remember(op)
        except Exception as fault:
            self.faults.report(f"counting a {op.name} call", fault)

    def _look_for_defects(self) -> None:
        op = self.op
        try:
            op.defects = defects_of(op, _content_reader(self.reader), self.answer)
        except Exception as fault:
            self.faults.report(f"looking for defects of a {op.name} answer", fault)

    def _look_into_request(self, body: Mapping[str, Any]) -> None:
        """Now: the caller's lists may change while a stream is read."""
        op = self.op
        if self._pipeline.wants_raw:
            op.raw = body
        if not self._pipeline.wants_content:
            return
        op.content = self._pipeline.new_content()
        content = _content_reader(self.reader)
        if content is not None:
            try:
                content.read_input(op.content, body)
            except Exception as fault:
                self.faults.report(f"reading the content of a {op.name} request", fault)

    def _look_into_answer(self) -> None:
        op = self.op
        if self._pipeline.wants_raw:
            exception = None if op.failure is None else op.failure.exception
            op.raw = exception if exception is not None or op.streaming else self.answer
        if op.content is None:
            return
        content = _content_reader(self.reader)
        if content is not None and self.answer is not None:
            try:
                content.read_output(op.content, self.answer)
            except Exception as fault:
                self.faults.report(f"reading the content of a {op.name} answer", fault)
        if op.failure is not None and op.failure.exception is not None:
            with suppress(Exception):  # its `__str__` is the application's
                op.content.error = str(op.failure.exception)


class _OpenCall(Call):
    """A call that outlasts the SDK's own. Only these have a finalizer, for it costs each call 4 us."""

    __slots__ = ()

    def __del__(self) -> None:
        # Never iterated, or dropped with the object that would have told us: nobody else will end it.
        if self._unfinished:
            self.abandon()


def _content_reader(reader: Reader) -> ContentReader | None:
    return getattr(reader, "CONTENT", None)


# --- calls that nobody ends

_open: dict[int, ref[Call]] = {}
"""Those that outlast the SDK's own call: streams, and raw responses not read yet."""


_born = 0.0
"""When this process was forked off, a `perf_counter` reading. Calls that began before are its parent's to end."""


def end_open_calls() -> None:
    """End every call that has not ended: the process is about to exit."""
    aside.finish()
    for call in list(_in_flight()):  # in a daemon thread, or in a loop that nobody runs any more
        call.fail(SystemExit())
    for entry in list(_open.values()):  # last: one in a daemon thread may just have become one of these
        call = entry()
        if call is not None:
            call._end("abandoned")  # pyright: ignore[reportPrivateUsage]


def _in_flight() -> Iterator[Call]:
    """Looked for when they are wanted, at exit: to keep a list of the calls in flight would cost each of them."""
    for found in gc.get_referrers(Call):
        # one that another thread is just making has no fields yet
        if type(found) is Call and getattr(found, "_unfinished", None) and found.op.started > _born:
            yield found


def _forget_calls_of_the_parent() -> None:
    """They are the parent process's to end; a second end here would export their spans twice."""
    global _born
    _born = perf_counter()
    for entry in list(_open.values()):
        call = entry()
        if call is not None:
            call._unfinished.clear()  # pyright: ignore[reportPrivateUsage]
    _open.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_calls_of_the_parent)
