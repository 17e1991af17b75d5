"""One annotated span, from its beginning to its one end."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from time import perf_counter, time_ns
from typing import Any, Final, cast

from opentelemetry.context import Context, create_key, get_current, set_value
from opentelemetry.trace import Span, Status, StatusCode, set_span_in_context

from genscope import semconv
from genscope.annotate.exceptions import exceptions, idle
from genscope.annotate.kinds import AGENT, TOOL, WORKFLOW, Kind
from genscope.annotate.output import Output, output
from genscope.annotate.said import UNSEEN, seen_result, written_arguments, written_result
from genscope.core import aside, judging
from genscope.core.ambient import suppressed
from genscope.core.identity import identity_in
from genscope.core.installed import installation
from genscope.core.payload import to_plain
from genscope.core.subtree import OPEN_SPAN, OpenSpan, Sums
from genscope.core.tool_calls import take_here
from genscope.telemetry.unsampled_parent import link_to_unsampled

_ENDS_AN_ITERATION: Final = (StopIteration, StopAsyncIteration, GeneratorExit)
"""How `__next__` says that there is no more; no error."""
_INTERRUPTS: Final = frozenset({"CancelledError", "Cancelled", "KeyboardInterrupt", "SystemExit"})
"""Classes by name: asyncio and trio need not be loaded."""
_MOST_ITEMS: Final = 10_000
_OPEN_TOOL: Final = create_key("genscope_tool")
"""In a context: the innermost tool, as its `OpenSpan` and its name."""
_DOCUMENTS: Final = 65_536
"""Bytes of the documents of a retrieval that are remembered for judges."""


def begin(
    kind: Kind,
    name: str,
    attributes: dict[str, Any],
    arguments: Callable[[], Any] | None = None,
    call_id: str | None = None,
    parent: Context | None = None,
) -> Run | None:
    """A span that starts now, in the context `parent`, else in the current one; None where nobody would see it.

    Never raises.
    """
    try:
        out = output()
        if idle(out) or suppressed():
            return None
        parent = get_current() if parent is None else parent
        if kind is TOOL:
            call_id = asked_for(parent, name, arguments, call_id)
        run = Run(out, kind, name, attributes, call_id, parent)
    except Exception as fault:  # also one of the application's: its span processor's, or its provider's
        installation().faults.report("beginning an annotated span", fault)
        return None
    if arguments is not None:
        run.say_input(arguments)
    return run


def asked_for(
    context: Context, name: str, arguments: Callable[[], Any] | None, call_id: str | None = None
) -> str | None:
    """The id under which a model has asked for a tool that is executed here, if that is said or can be told."""
    around = cast("OpenSpan | None", context.get(OPEN_SPAN))
    if around is None:
        return call_id or take_here(name, arguments)
    asked = around.asked_for()
    if call_id is None:
        return asked.take(name, arguments)
    asked.forget((call_id,))
    return call_id


def executes(context: Context, tool: str) -> bool:
    """Whether what is innermost in a context is the execution of this tool."""
    return cast("Any", context.get(_OPEN_TOOL)) == (context.get(OPEN_SPAN), tool)


class Run:
    """What is annotated, while it runs. Its methods raise nothing."""

    def __init__(
        self, out: Output, kind: Kind, name: str, attributes: dict[str, Any], call_id: str | None, parent: Context
    ) -> None:
        around = cast("OpenSpan | None", parent.get(OPEN_SPAN))
        self.sums = Sums() if kind.sums else None
        self.node = OpenSpan(
            around,
            agent=name if kind is AGENT else None,
            workflow=name if kind is WORKFLOW else None,
            sums=self.sums,
        )
        self.call_id = call_id
        who = identity_in(parent)
        known: dict[str, Any] = {} if who is None else dict(who.attributes)
        agent = self.node.agent_name()
        if agent and kind is TOOL:
            known[semconv.AGENT_NAME] = agent
        if call_id is not None:
            known[semconv.TOOL_CALL_ID] = call_id
        known |= attributes
        if kind.name is not None and name:
            known[kind.name] = name
        known[kind.operation[0]] = kind.operation[1]
        self._known = known
        self._out, self._kind, self._name = out, kind, name
        self.faults = out.faults
        self._unfinished = [True]  # list.pop is atomic: two threads cannot both end it
        self._items: list[Any] | None = None
        self._room = 0
        self.outcome: str | None = None
        self._started_at, self._started = time_ns(), perf_counter()
        self.span: Span = out.tracer.start_span(
            f"{kind.word} {name}" if name else kind.word,
            parent,
            kind.span_kind,
            known,
            link_to_unsampled(parent),
            self._started_at,
        )
        self.context: Any = set_value(OPEN_SPAN, self.node, set_span_in_context(self.span, parent))
        if kind is TOOL:
            self.context = set_value(_OPEN_TOOL, (self.node, name), self.context)
        self._records = self.span.is_recording()
        self._trace_id = self.span.get_span_context().trace_id if kind.documents else 0
        self._judged = judging.is_judged(self._trace_id, out.judged)
        self._opened_in: Any = self.context

    @property
    def is_written(self) -> bool:
        """Whether anybody wants to know what goes in and comes out."""
        return self._out.writer is not None and self._records

    def say_input(self, value: Callable[[], Any]) -> None:
        """Write what goes in, if anybody wants to know."""
        if self.is_written:
            try:
                said = written_arguments(self._out, self.span, self._kind, self._name, self.call_id, value())
                self.span.set_attributes(said)
            except Exception as fault:
                self.faults.report("writing what goes in", fault)

    def say_output(self, value: Any) -> None:
        """Write what comes out; how many documents it is even where nobody wants to know more."""
        try:
            if self._judged:
                self._remember_documents(value)
            if not self._records:
                return
            if self._kind.documents and isinstance(value, (list, tuple)):
                self.span.set_attribute(semconv.DOCUMENTS, len(cast("list[Any]", value)))
            if self._out.writer is not None:
                self.span.set_attributes(written_result(self._out, self.span, self._kind, self.call_id, value))
        except Exception as fault:
            self.faults.report("writing what comes out", fault)

    def _remember_documents(self, value: Any) -> None:
        """For those who judge the answers that are given by them."""
        documents = seen_result(self._out, None, value)
        if documents is not UNSEEN:
            judging.remember(self.node.parent, self._trace_id, to_plain(documents, _DOCUMENTS))

    # --- how it goes on

    def item(self, item: Any) -> None:
        """A generator has yielded: what it said is kept only if it is to be written, and no more than there is room."""
        self.outcome = "completed"
        written = self._out.writer is not None and self._records
        if written or self._judged:
            self.faults.attempt("keeping what a generator yields", lambda: self._keep(item))

    def _keep(self, item: Any) -> None:
        if self._items is None:
            self._items = []
            self._room = _DOCUMENTS if self._out.writer is None else self._out.writer.max_bytes
        if self._room > 0 and len(self._items) < _MOST_ITEMS:
            self._items.append(item)
            self._room -= len(item) if isinstance(item, str) else 1

    def succeed(self, result: Any) -> None:
        self._end(partial(self._succeeded, result))

    def fail(self, error: BaseException) -> None:
        if isinstance(error, _ENDS_AN_ITERATION):
            self._end(self._left)
        else:
            self._end(partial(self._failed, error))

    def fail_as(self, type_: str, text: str | None = None) -> None:
        """It failed, as somebody says who does not have the exception. `type_` is low-cardinality, `text` content."""
        self._end(partial(self._failed_as, type_, text))

    def abandon(self) -> None:
        """A destructor may call this, with any lock held by its thread."""
        self.outcome = "abandoned"
        aside.run(partial(self._end, self._left))

    # --- how it ends

    def _end(self, finish: Callable[[], str | None]) -> None:
        try:
            self._unfinished.pop()
        except IndexError:
            return
        duration = perf_counter() - self._started
        error_type: str | None = None
        try:
            if self._kind is TOOL:
                self.node.count_tool()
            self.node.open = False
            error_type = finish()
            if self._records:
                self._sum_up()
        except Exception as fault:
            self.faults.report("ending an annotated span", fault)
        finally:
            self.faults.attempt(
                "ending an annotated span", lambda: self.span.end(self._started_at + int(duration * 1e9))
            )
        self.faults.attempt("measuring an annotated span", lambda: self._measure(duration, error_type))

    def _succeeded(self, result: Any) -> None:
        if self._items is not None:
            items = self._items
            result = "".join(items) if all(isinstance(item, str) for item in items) else items
        self._say_outcome()
        if result is not None:
            self.say_output(result)

    def _left(self) -> None:
        if self._items:
            self._succeeded(None)
        else:
            self._say_outcome()

    def _failed(self, error: BaseException) -> str:
        interrupted = any(cls.__name__ in _INTERRUPTS for cls in type(error).__mro__)
        if self.outcome is not None:
            self.outcome = "cancelled" if interrupted else "failed"
        self._say_outcome()
        type_ = type(error).__name__
        told = self.node.knows(error)
        if self.node.parent is not None:
            self.node.parent.remember(error)
        if self._records:
            if interrupted:
                self.span.set_attribute(semconv.ERROR_KIND, "cancelled")
            self._say_failure(type_)
        if not told:
            exceptions(self._out).tell(self.span, self._opened_in, error, error)
        return type_

    def _failed_as(self, type_: str, text: str | None) -> str:
        if self.outcome is not None:
            self.outcome = "failed"
        self._say_outcome()
        if self._records:
            self._say_failure(type_)
        exceptions(self._out).tell(self.span, self._opened_in, None, text)
        return type_

    def _say_failure(self, type_: str) -> None:
        self.span.set_attribute(semconv.ERROR_TYPE, type_)
        self.span.set_status(Status(StatusCode.ERROR, type_))

    def _say_outcome(self) -> None:
        if self.outcome is not None:
            self.span.set_attribute(semconv.STREAM_OUTCOME, self.outcome)

    def _sum_up(self) -> None:
        sums = self.sums
        if sums is None:
            return
        found: dict[str, Any] = {
            semconv.SUBTREE_LLM_CALLS: sums.inferences,
            semconv.SUBTREE_TOOL_CALLS: sums.tools,
            semconv.SUBTREE_INPUT_TOKENS: sums.input_tokens,
            semconv.SUBTREE_OUTPUT_TOKENS: sums.output_tokens,
            semconv.SUBTREE_FAILED_CALLS: sums.failed or None,
            semconv.SUBTREE_UNPRICED_CALLS: sums.unpriced or None,
        }
        if sums.cost is not None:
            found[semconv.SUBTREE_COST], found[semconv.SUBTREE_CURRENCY] = sums.cost
        if self._kind is AGENT:
            found[semconv.AGENT_TURNS] = sums.own_inferences
        self.span.set_attributes({name: value for name, value in found.items() if value is not None})

    def _measure(self, duration: float, error_type: str | None) -> None:
        if self._kind.duration is None:
            return
        base = {name: self._known[name] for name in self._kind.measured if name in self._known}
        failed = base if error_type is None else base | {semconv.ERROR_TYPE: error_type}
        self._out.measure(self._kind.duration, duration, failed, self._opened_in)
        if self._kind is AGENT and self.sums is not None:
            self._out.measure(semconv.AGENT_INFERENCE_CALLS, self.sums.own_inferences, base, self._opened_in)
            self._out.measure(semconv.AGENT_TOOL_CALLS, self.sums.own_tools, base, self._opened_in)
