"""What answers are worth, on its way from who judges them to who watches: neither knows the other."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any
from weakref import WeakMethod

from genscope.core.pipeline import Faults

Listener = Callable[[str, float, Mapping[str, Any], int], None]
"""Is told the judge, the score from 0 to 1, of what call (by the attributes of the conventions), and its trace."""

_listeners: list[Callable[[], Listener | None]] = []
_faults = Faults()


def listen(listener: Listener) -> None:
    """Have a method told of scores, as long as somebody has the object that it is of."""
    _listeners[:] = [*(one for one in _listeners if one() not in (None, listener)), WeakMethod(listener)]


def observe_score(judge: str, score: float, attributes: Mapping[str, Any] | None = None, trace_id: int = 0) -> None:
    """A judge has found what an answer is worth, from 0 to 1. Raises nothing, and takes next to no time.

    `attributes` say of which call, under the names of the conventions: provider, requested model, operation, workflow.
    """
    for one in _listeners:
        listener = one()
        if listener is not None:
            try:
                listener(judge, score, attributes or {}, trace_id)
            except Exception as fault:
                _faults.report("watching a score", fault)
