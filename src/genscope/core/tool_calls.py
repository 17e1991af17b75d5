"""Tools that models ask for: on the two calls of a round trip, and which of them is the one that is being executed.

A model asks for a tool by an id, the application executes a function that knows no ids. It is the one with the
function's name that was asked for in the same agent (or workflow, or else in the same context); where that can be
several, the one with the same arguments, and none where that does not tell them apart.
"""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping
from contextvars import ContextVar
from itertools import islice
from threading import RLock
from typing import Any, Final

from genscope.core.operation import Operation, ToolCall
from genscope.core.pipeline import Faults
from genscope.core.reader import Reader, ToolReader

_MAX_IDS: Final = 64
"""No model asks for so many tools at once."""
_MAX_ASKED: Final = 256
_is_id: Final = re.compile(r"[\w.:=+/|-]{1,128}", re.ASCII).fullmatch
"""Providers make them; what an application may have put in their place is content."""


class AskedFor:
    """What models have asked for in one agent, and nobody has executed yet."""

    __slots__ = ("_calls", "_lock")

    def __init__(self) -> None:
        self._calls: OrderedDict[str, ToolCall] = OrderedDict()
        self._lock = RLock()  # a call may end in a destructor, in any thread

    def add(self, calls: Iterable[ToolCall]) -> None:
        with self._lock:
            for call in calls:
                self._calls[call.id] = call
            while len(self._calls) > _MAX_ASKED:
                self._calls.popitem(last=False)

    def forget(self, ids: Iterable[str]) -> None:
        """They have been answered, or somebody knows by himself that he executes them."""
        with self._lock:
            for id in ids:
                self._calls.pop(id, None)

    def take(self, name: str, arguments: Callable[[], Any] | None) -> str | None:
        """The id of the call that is executed by a function of this name; None if nobody can tell."""
        with self._lock:
            id = _id_of(self._calls.values(), name, arguments)
            if id is not None:
                del self._calls[id]
            return id


_asked_here: ContextVar[tuple[ToolCall, ...]] = ContextVar("genscope_asked_here", default=())
"""What the last answer asked for, where no agent is annotated. Never changed in place: tasks inherit it."""


def take_here(name: str, arguments: Callable[[], Any] | None) -> str | None:
    """`AskedFor.take` without an agent."""
    asked = _asked_here.get()
    id = _id_of(asked, name, arguments) if asked else None
    if id is not None:
        _asked_here.set(tuple(call for call in asked if call.id != id))
    return id


def _id_of(asked: Iterable[ToolCall], name: str, arguments: Callable[[], Any] | None) -> str | None:
    same = [call for call in asked if call.name == name]
    if len(same) > 1 and arguments is not None:
        given = arguments()
        same = [call for call in same if call.arguments == given][:1]
    return same[0].id if len(same) == 1 else None


def tool_reader(reader: Reader) -> ToolReader | None:
    return getattr(reader, "TOOLS", None)


def note_results(op: Operation, reader: Reader, body: Mapping[str, Any]) -> None:
    """A request that offers tools: which of those that were asked for before does it answer?"""
    op.offers_tools = True
    tools = tool_reader(reader)
    if tools is None:
        return
    op.offered_tools = tools.offered(body["tools"])
    ids = list(islice(filter(_is_id, tools.read_results(body)), _MAX_IDS))
    if ids:
        op.request["tool_call_ids"] = ids


def note_calls(op: Operation, reader: Reader, answer: Any, faults: Faults) -> None:
    """Its answer: which does the model ask for?"""
    tools = tool_reader(reader)
    if tools is None:
        return
    try:
        op.tool_calls = [call for call in islice(tools.read_calls(op, answer), _MAX_IDS) if _is_id(call.id)]
    except Exception as fault:
        faults.report(f"looking for the calls of tools in a {op.name} answer", fault)
        return
    if op.tool_calls:
        op.response["tool_call_ids"] = [call.id for call in op.tool_calls]


def remember(op: Operation) -> None:
    """A call has ended in which tools could be asked for: who executes one now may learn its id."""
    surroundings = op.surroundings
    if surroundings is None:
        _asked_here.set(tuple(op.tool_calls))
        return
    asked: AskedFor = surroundings.asked_for()
    answered: Any = op.request.get("tool_call_ids")
    if answered:
        asked.forget(answered)
    asked.add(op.tool_calls)
