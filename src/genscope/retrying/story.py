"""What is told of several tries: one span around them, with an event or a span for each."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Final

from opentelemetry.context import get_current, set_value
from opentelemetry.trace import set_span_in_context

from genscope import semconv
from genscope.annotate.kinds import Kind
from genscope.annotate.run import Run, begin
from genscope.core import aside
from genscope.core.installed import installation
from genscope.core.operation import Failure, Operation
from genscope.core.pipeline import Faults
from genscope.core.subtree import OPEN_SPAN, Sums

logger = logging.getLogger("genscope")

RETRY: Final = Kind((semconv.OUR_OPERATION_NAME, "retry"))
FALLBACK: Final = Kind((semconv.OUR_OPERATION_NAME, "fallback"))
_ATTEMPT: Final = Kind((semconv.OUR_OPERATION_NAME, "attempt"))

_FAULTS: Final = Faults()
_MOST_SAID: Final = 256
_said: Final[set[str]] = set()


class RepeatedBySdk(Sums):
    """Counts what SDKs repeat by themselves beneath a span, and says it in the log, once for each name."""

    __slots__ = ("_name", "times")

    def __init__(self, name: str) -> None:
        super().__init__()
        self._name = name
        self.times = 0

    def add_call(self, op: Operation, own: bool) -> None:
        if not op.attempts:
            return
        with self._lock:
            self.times += len(op.attempts)
        if self._name not in _said and len(_said) < _MOST_SAID:
            _said.add(self._name)
            logger.warning(
                "genscope: %s is retried over the retries of the SDK for %s: each attempt may send several requests; "
                "max_retries=0 on its client leaves them to genscope",
                self._name or "a loop",
                op.provider,
            )

    def add_tool(self, own: bool) -> None:
        return


class Story:
    """Told once, to the end. Where nobody listens there is no span, and nothing is told. Its methods raise nothing."""

    def __init__(
        self, kind: Kind, name: str, *, events: bool = False, spans: bool = False, sums: Sums | None = None
    ) -> None:
        """Each try becomes an event, or a span, or neither; `sums` are told of the calls beneath."""
        self._name = name
        self._events = events
        self._spans = spans
        self._run: Run | None = None
        self._try: Run | None = None
        try:
            self._run = begin(kind, name, {})
        except Exception as fault:
            report("starting a span", fault)
        if self._run is not None:
            self._run.node.sums = sums

    def enter(self, number: int) -> Any:
        """The context of a try, None for the one that is current."""
        if self._run is None:
            return None
        # What is current now, not when the loop began: what its body has put around the `with` block stays.
        context = set_value(OPEN_SPAN, self._run.node, set_span_in_context(self._run.span, get_current()))
        if self._spans and self._try is None:
            try:
                self._try = begin(_ATTEMPT, self._name, {semconv.RETRY_ATTEMPT: number}, parent=context)
            except Exception as fault:
                report("starting a span", fault)
        return context if self._try is None else self._try.context

    def tried(
        self, number: int, error: BaseException | None = None, failure: Failure | None = None, wait: float | None = None
    ) -> None:
        """A try has ended; `wait` seconds are waited before the next one."""
        known: dict[str, Any] = {semconv.RETRY_ATTEMPT: number}
        if failure is not None:
            known |= {semconv.ERROR_TYPE: failure.type, semconv.ERROR_KIND: failure.kind}
            if failure.status is not None:
                known[semconv.HTTP_STATUS] = failure.status
        if wait is not None:
            known[semconv.RETRY_BACKOFF] = wait
        one, self._try = self._try, None
        try:
            if one is not None:
                one.span.set_attributes(known)
            elif self._run is not None and self._events:
                self._run.span.add_event(semconv.RETRY_ATTEMPT, known)
        except Exception as fault:
            report("telling of an attempt", fault)
        if one is not None:
            if error is None:
                one.succeed(None)
            else:
                one.fail(error)

    def end(self, attributes: Mapping[str, Any], error: BaseException | None = None) -> None:
        run, self._run = self._run, None
        one, self._try = self._try, None
        if run is None:
            return
        _say(run, attributes)
        for ended in (run,) if one is None else (one, run):
            if error is None:
                ended.succeed(None)
            else:
                ended.fail(error)

    def leave(self, attributes: Callable[[], Mapping[str, Any]]) -> None:
        """It is not told to the end. A destructor may call this, with any lock held by its thread."""
        run, self._run = self._run, None
        one, self._try = self._try, None
        if one is not None:
            aside.run(partial(one.succeed, None))
        if run is not None:
            aside.run(partial(_finish, run, attributes()))


def _finish(run: Run, attributes: Mapping[str, Any]) -> None:
    _say(run, attributes)
    run.succeed(None)


def _say(run: Run, attributes: Mapping[str, Any]) -> None:
    try:
        run.span.set_attributes(attributes)
    except Exception as fault:
        report("telling of what was tried", fault)


def report(where: str, fault: Exception) -> None:
    """A fault of ours: it is logged, and goes no further."""
    installed = installation()
    faults = _FAULTS if installed.pipeline is None else installed.pipeline.faults
    faults.report(where, fault)
