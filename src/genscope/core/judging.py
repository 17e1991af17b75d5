"""Which traces are judged, and what was retrieved in them: answers are judged by it.

Kept is what redaction has let through, of few traces and only the last that was found.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import Any, Final

from genscope.core.subtree import OpenSpan

_MOST: Final = 4
"""Retrievals around a call that are remembered: a question may take some, and what they found may be put in order."""
_MOST_TRACES: Final = 64

Found = tuple[Any, ...]
"""What each of the retrievals returned, in plain values of JSON; the last one is the last."""

_of_traces: Final[OrderedDict[int, Found]] = OrderedDict()
"""What was found outside of any annotated span, by trace."""


def is_judged(trace_id: int, ratio: float) -> bool:
    """Whether a trace is among the part of all that is judged: the same for every span of it, in every process.

    By a hash, so that it has nothing to do with which traces a sampler keeps: that goes by the bits of the id.
    """
    if ratio <= 0 or not trace_id:
        return False
    from hashlib import blake2b  # here: it brings OpenSSL, which takes longer to load than all of ours

    digest = blake2b(trace_id.to_bytes(16, "big"), digest_size=8, person=b"judged").digest()
    return int.from_bytes(digest, "big") < ratio * 2**64


def remember(around: OpenSpan | None, trace_id: int, documents: Any) -> None:
    """A retrieval within the annotated span `around` has found something."""
    at = around
    if at is None:
        _of_traces[trace_id] = (*_of_traces.pop(trace_id, ()), documents)[-_MOST:]
        while len(_of_traces) > _MOST_TRACES:
            _of_traces.popitem(last=False)
    while at is not None:
        at.found = (*at.found, documents)[-_MOST:]
        at = at.parent


def recall(around: Any, trace_id: int) -> Found:
    """What was found last before a call within the annotated span `around`: nearest to it, else in its trace."""
    at = around if isinstance(around, OpenSpan) else None
    while at is not None:
        if at.found:
            return at.found
        at = at.parent
    return _of_traces.get(trace_id, ())
