"""What happens under an annotated span, in sum: the calls, tokens and costs of a workflow or of an agent.

A call counts where it was made, for every workflow and agent around it, when it ends: one that ends later than
they do does not.
"""

from __future__ import annotations

from threading import RLock
from typing import Any, Final

from opentelemetry.context import create_key

from genscope.core.operation import Operation
from genscope.core.tool_calls import AskedFor, remember
from genscope.semconv import INFERENCE

OPEN_SPAN: Final = create_key("genscope_span")
"""The `OpenSpan` that is innermost in a context."""

_MOST_SEEN: Final = 8
"""Exceptions of what runs at once: where one fails, the others are cancelled."""
_PER_UNIT: Final = 10**12
"""Costs are added up in whole numbers: these do not drift."""


class Sums:
    """What a workflow or an agent amounts to; None is what no call has said."""

    __slots__ = (
        *("_lock", "costs", "failed", "inferences", "input_tokens", "output_tokens", "own_inferences", "own_tools"),
        *("tools", "unpriced"),
    )

    def __init__(self) -> None:
        self._lock = RLock()  # a call may be counted by a destructor, in any thread
        self.inferences = self.own_inferences = self.tools = self.own_tools = self.failed = self.unpriced = 0
        self.input_tokens: int | None = None
        self.output_tokens: int | None = None
        self.costs: dict[str, int] = {}

    def add_call(self, op: Operation, own: bool) -> None:
        with self._lock:
            if op.name in INFERENCE:
                self.inferences += 1
                self.own_inferences += own
            self.failed += op.failure is not None
            self.unpriced += op.unpriced
            usage = op.usage
            if usage is not None and usage.input_tokens is not None:
                self.input_tokens = (self.input_tokens or 0) + usage.input_tokens
            if usage is not None and usage.output_tokens is not None:
                self.output_tokens = (self.output_tokens or 0) + usage.output_tokens
            if op.cost is not None:
                amount = round(op.cost.amount * _PER_UNIT)
                self.costs[op.cost.currency] = self.costs.get(op.cost.currency, 0) + amount

    def add_tool(self, own: bool) -> None:
        with self._lock:
            self.tools += 1
            self.own_tools += own

    @property
    def cost(self) -> tuple[float, str] | None:
        """Amount and currency; None also of several currencies: nobody can add these up."""
        if len(self.costs) != 1:
            return None
        ((currency, amount),) = self.costs.items()
        return amount / _PER_UNIT, currency


class OpenSpan:
    """An annotated span that has not ended, as what happens beneath it sees it."""

    __slots__ = ("_asked_for", "_seen", "agent", "found", "open", "parent", "sums", "workflow")

    def __init__(
        self,
        parent: OpenSpan | None,
        *,
        agent: str | None = None,
        workflow: str | None = None,
        sums: Sums | None = None,
    ) -> None:
        """`agent` is the name of the agent that this is (empty for one without a name), else None; so is `workflow`."""
        self.parent = parent
        self.agent = agent
        self.workflow = workflow
        self.sums = sums
        self.open = True
        self.found: tuple[Any, ...] = ()
        """What was retrieved beneath: see `core.judging`."""
        self._seen: tuple[Any, ...] = ()
        self._asked_for: AskedFor | None = None

    def agent_name(self) -> str | None:
        """Of the agent in whose name something is done here."""
        at: OpenSpan | None = self
        while at is not None and at.agent is None:
            at = at.parent
        return None if at is None else at.agent or None

    def workflow_name(self) -> str | None:
        """Of the innermost workflow as part of which something is done here."""
        at: OpenSpan | None = self
        while at is not None and not at.workflow:
            at = at.parent
        return None if at is None else at.workflow

    def asked_for(self) -> AskedFor:
        """The tools that models have asked for in the same agent; where there is none, in all that is annotated."""
        at = self
        while at.agent is None and at.parent is not None:
            at = at.parent
        if at._asked_for is None:
            at._asked_for = AskedFor()
        return at._asked_for

    def count(self, op: Operation) -> None:
        """A call to a model has ended beneath."""
        if op.offers_tools:
            remember(op)
        if op.failure is not None and op.failure.exception is not None:
            self.remember(op.failure.exception)
        at, own = self, True
        while at is not None:
            if at.sums is not None and at.open:
                at.sums.add_call(op, own)
            own = own and at.agent is None
            at = at.parent

    def count_tool(self) -> None:
        """A tool was executed beneath."""
        at, own = self, True
        while at is not None:
            if at.sums is not None and at.open:
                at.sums.add_tool(own)
            own = own and at.agent is None
            at = at.parent

    def remember(self, error: BaseException) -> None:
        """A span beneath tells of this exception. It is not kept itself, for it holds the frames of the application."""
        self._seen = (*self._seen[1 - _MOST_SEEN :], _mark(error))

    def knows(self, error: BaseException) -> bool:
        """Whether a span beneath tells of it already."""
        return bool(self._seen) and _mark(error) in self._seen


def _mark(error: BaseException) -> Any:
    """The exception, told apart from a later one at the same address by where it was raised first."""
    traceback = error.__traceback__
    while traceback is not None and traceback.tb_next is not None:
        traceback = traceback.tb_next
    place = None if traceback is None else (traceback.tb_frame.f_code, traceback.tb_lasti)
    return id(error), type(error), place
