"""The stage that hands answers to the judges: of a part of all traces, when a call has ended, and waits for nobody."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from time import monotonic, time_ns
from typing import Any, Final

from opentelemetry.trace import INVALID_SPAN_CONTEXT, SpanContext, get_current_span

from genscope import semconv
from genscope.core.background import Background
from genscope.core.operation import Operation
from genscope.core.pipeline import Faults, Stage
from genscope.features.judge.cases import case_of, schema_of
from genscope.features.judge.panel import Around, Panel
from genscope.features.judge.results import Judged, Results
from genscope.features.judge.verdict import BUDGET_EXCEEDED, Case

_WORKERS: Final = 4
"""Answers that are judged at once."""
_PAUSE: Final = 60.0
"""Seconds until the budget is asked again, once it has refused."""
_UNIT: Final = 2**128

Chooses = Callable[[int], bool]
"""Whether the trace with this id is judged."""
Recalls = Callable[[Any, int], Sequence[Any]]
"""What retrievals around a call have found, by its surroundings and the id of its trace."""


class Judging(Stage):
    """Calls of judges are marked (`op.purpose`), and so is all that they call: nobody judges those."""

    wants_content = True
    wants_raw = True

    def __init__(
        self,
        panel: Panel,
        results: Results,
        *,
        chooses: Chooses,
        recalls: Recalls,
        around: Callable[[Judged], Around],
        idle: Callable[[], bool],
        faults: Faults,
        queue_size: int = 100,
    ) -> None:
        """`idle` tells whether nobody would see what they find; `around` what is around a judge of such a call."""
        self.idle = idle
        self._panel = panel
        self._results = results
        self._chooses = chooses
        self._recalls = recalls
        self._around = around
        self._faults = faults
        self._refused_until = 0.0
        self._schemas: dict[int, Mapping[str, Any]] = {}
        """By the identity of their records: of the calls in flight."""
        self._work = Background("genscope-judge", waiting=queue_size, workers=_WORKERS, left=self._leave)

    def start(self, op: Operation) -> None:
        if op.purpose is None and op.name in semconv.INFERENCE and self._is_chosen(op):
            schema = schema_of(op.raw)
            if schema is not None:
                self._schemas[id(op)] = schema

    def end(self, op: Operation) -> None:
        schema = self._schemas.pop(id(op), None)
        if op.purpose is not None or op.name not in semconv.INFERENCE or not self._is_chosen(op):
            return
        if op.failure is not None or op.outcome not in (None, "completed"):
            return
        if monotonic() < self._refused_until:
            self._results.drop("budget")
        elif not self._work.has_room():
            self._results.drop("queue_full")
        else:
            span = _span_of(op)
            case = case_of(op, self._recalls(op.surroundings, span.trace_id), schema)
            if case is not None and not self._work.submit(partial(self._judge, case, Judged(span, op.response_id))):
                self._results.drop("queue_full")

    def flush(self, timeout: float) -> bool:
        return self._work.flush(timeout)

    def retire(self) -> None:
        """Another one has taken its place. What waits is still judged."""
        self._work.retire()

    def is_to_tell(self) -> bool:
        return self._work.is_at_work()

    def _is_chosen(self, op: Operation) -> bool:
        """By its trace; a call outside of any by itself, and no two are of one."""
        return self._chooses(_span_of(op).trace_id or op.started_at % _UNIT or time_ns())

    # --- in the background

    def _judge(self, case: Case, judged: Judged) -> None:
        try:
            self._tell(case, judged)
        except Exception as fault:
            self._faults.report("judging an answer", fault)

    def _tell(self, case: Case, judged: Judged) -> None:
        verdicts = self._panel.judge(case, self._around(judged))
        if any(verdict.error == BUDGET_EXCEEDED for verdict in verdicts):
            self._refused_until = monotonic() + _PAUSE
            self._results.drop("budget")
        for verdict in verdicts:
            if verdict.error != BUDGET_EXCEEDED:
                try:
                    self._results.tell(judged, case, verdict)
                except Exception as fault:
                    self._faults.report("telling a verdict", fault)

    def _leave(self, count: int) -> None:
        self._results.drop("exit", count)


def _span_of(op: Operation) -> SpanContext:
    """Of the call, or where another instrumentation has it, of what is around."""
    span: SpanContext = INVALID_SPAN_CONTEXT if op.span is None else op.span.get_span_context()
    if not span.is_valid and op.context is not None:
        span = get_current_span(op.context).get_span_context()
    return span
