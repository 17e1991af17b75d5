"""The runs of LangChain's that are open, those without a span among them, and the context of what is beneath each."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Any, Final
from uuid import UUID

from opentelemetry.context import Context, create_key, get_current, set_value

from genscope.annotate.kinds import Kind
from genscope.annotate.run import Run
from genscope.core import aside
from genscope.core.identity import context as on_behalf_of
from genscope.core.identity import identity_in
from genscope.frameworks.runs import Runs

_MOST: Final = 10_000
"""LangChain may forget to end what it began."""
_CONVERSATIONS: Final = ("thread_id", "session_id", "conversation_id")
"""Metadata that says which conversation a run belongs to: https://docs.langchain.com/langsmith/threads"""

_INNERMOST: Final = create_key("genscope_langchain_run")
"""In a context: the id of the innermost run with a span."""


@dataclass(frozen=True, slots=True)
class Place:
    """A run that is open."""

    span: Hashable | None
    """The run whose span it stands for: itself, or one above it."""
    above: Hashable | None
    """The same of its parent."""
    node: str | None
    """The node of a graph that it is the run of."""
    streams: bool


class Tree:
    """Its methods may be called in any thread or task, and inside of a destructor."""

    def __init__(self) -> None:
        self.runs = Runs()
        self._places: dict[Hashable, Place] = {}  # without a lock: none can be left locked in a forked child

    def place(self, id: Hashable | None) -> Place | None:
        return self._places.get(id)

    def begin(
        self,
        id: Hashable,
        parent: Hashable | None,
        what: tuple[Kind, str] | None,
        metadata: Mapping[str, Any],
        *,
        attributes: Mapping[str, Any] | None = None,
        said: Callable[[], Any] | None = None,
        call_id: str | None = None,
        node: str | None = None,
        streams: bool = False,
    ) -> None:
        """`what` is kind and name of its span; None for one without: what is beneath that is beneath its parent."""
        around = self.place(parent)
        above = None if around is None else around.span
        run: Run | None = None
        if what is not None:
            kind, name = what
            context = set_value(_INNERMOST, id, _on_behalf(metadata, self.beneath(parent) or get_current()))
            run = self.runs.begin(
                id, kind, name, context=context, attributes=attributes, said=said, call_id=call_id, current=False
            )
        self._places[id] = Place(above if run is None else id, above, node, streams)
        if len(self._places) > _MOST:
            with suppress(RuntimeError):  # another thread adds one, and gives one up itself
                self._places.pop(next(iter(self._places)), None)

    def beneath(self, id: Hashable | None) -> Context | None:
        """The context for what happens beneath a run, None where nothing is known of it.

        It is the current one where the run is innermost in that: the application may have made a span of its own there.
        """
        place = self.place(id)
        run = None if place is None else self.runs.get(place.span)
        if place is None or run is None:
            return None
        here = get_current()
        return here if here.get(_INNERMOST) == place.span else run.context

    def spanned(self, id: Hashable) -> Run | None:
        """The run, if it has a span of its own."""
        return self.runs.get(id)

    def above(self, id: Hashable) -> Run | None:
        """The next one with a span around it."""
        place = self.place(id)
        return None if place is None else self.runs.get(place.above)

    def end(self, id: Hashable, result: Any = None, show: Callable[[Any], Any] | None = None) -> None:
        """`show` makes of the result what is written of it."""
        place, run = self._places.pop(id, None), self.spanned(id)
        if run is None:
            return
        finish = partial(self.runs.end, id, show(result) if show is not None and run.is_written else result)
        if place is not None and place.streams:
            aside.run(finish)  # of a stream that was dropped LangChain says the same, inside of a destructor
        else:
            finish()

    def fail(self, id: Hashable, error: BaseException) -> None:
        self._places.pop(id, None)
        if isinstance(error, GeneratorExit):
            self.runs.abandon(id)
        else:
            self.runs.fail(id, error)

    def fail_as(self, id: Hashable, type_: str) -> None:
        self._places.pop(id, None)
        self.runs.fail_as(id, type_)

    def end_all(self) -> None:
        """Nobody listens any more."""
        self._places.clear()
        self.runs.abandon_all()


def _on_behalf(metadata: Mapping[str, Any], context: Context) -> Context:
    """The conversation is that of the metadata, unless the application has told genscope of one."""
    who = identity_in(context)
    if who is None or who.conversation_id is None:
        for name in _CONVERSATIONS:
            said = metadata.get(name)
            if said != "" and isinstance(said, (str, int, UUID)):
                return on_behalf_of(conversation_id=str(said)).within(context)
    return context
