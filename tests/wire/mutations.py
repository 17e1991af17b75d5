"""JSON that was right once: what a provider or an application sends on a bad day."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

from hypothesis import strategies as st

from .test_fuzz import values

ODD = ("\ud800", "é\udc00", "\U0001f600", "x" * 600, 2**63, -(2**63) - 1, 10**400, float("inf"), "\x00", {"": {"": ""}})
"""What JSON can say and hypothesis seldom does."""

whatever = values | st.sampled_from(ODD).map(copy.deepcopy)  # what is drawn may be changed

MANY = 40
"""Items of a list that are looked into: a vector has thousands."""


@st.composite
def mutated(draw: st.DrawFn, said: Any) -> Any:
    """A copy of `said` in which a few things are missing, twice there, elsewhere, or any other JSON.

    Unlike `test_fuzz.odd` it decides per change, not per value: so it can take a whole recording.
    """
    whole = [copy.deepcopy(said)]
    for _ in range(draw(st.integers(0, 4))):
        places = list(_places(whole))
        container, key = places[draw(st.integers(0, len(places) - 1))]
        change = draw(st.sampled_from(("drop", "replace", "replace", "move", "double", "nest")))
        if change == "drop":
            del container[key]
        elif change == "double" and isinstance(container, list):
            container.insert(key, copy.deepcopy(container[key]))
        elif change == "move":
            there, other = places[draw(st.integers(0, len(places) - 1))]
            container[key] = copy.deepcopy(there[other])
        elif change == "nest":
            container[key] = draw(st.sampled_from(([container[key]], {"type": container[key]})))
        else:
            container[key] = draw(whatever)
        if not whole:
            return draw(whatever)
    return whole[0]


def _places(whole: Any) -> Iterator[tuple[Any, Any]]:
    """Each container and key of JSON."""
    keys = list(whole) if isinstance(whole, dict) else range(min(len(whole), MANY))
    for key in keys:
        yield whole, key
        if isinstance(whole[key], (dict, list)):
            yield from _places(whole[key])
