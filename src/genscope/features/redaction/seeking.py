"""Where a rule looks: to find the places that can hold anything is cheap, to run patterns over all of a text is not."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from typing import TypeAlias

from .folding import fold

Window: TypeAlias = tuple[int, int]
"""From where to where a pattern is run. It sees what stands before, and takes the end for the end of the text."""

# Digits with what people put between them. Not more than 62 characters: longer ones are several, put together again.
_NUMBER = re.compile(r"[0-9][0-9 .\-/()]{4,60}[0-9]")


class Text:
    """One text under examination, and what is worked out of it once for several rules."""

    __slots__ = ("_lower", "_numbers", "folded", "original")

    def __init__(self, original: str) -> None:
        self.original = original
        self.folded = fold(original)
        self._lower: str | None = None
        self._numbers: list[Window] | None = None

    @property
    def lower(self) -> str:
        """In lower case, every character still where it was."""
        if self._lower is None:
            self._lower = self.folded.lower()
            if len(self._lower) != len(self.folded):
                self._lower = "".join(lower if len(lower := char.lower()) == 1 else char for char in self.folded)
        return self._lower

    @property
    def numbers(self) -> list[Window]:
        """Where at least six digits may stand together."""
        if self._numbers is None:
            self._numbers = [match.span() for match in _NUMBER.finditer(self.folded)]
        return self._numbers


Where: TypeAlias = Callable[[Text], list[Window]]
"""The places in a text where a rule has to look, in order and apart from each other; rules share the answer."""


def everywhere(text: Text) -> list[Window]:
    return [(0, len(text.folded))]


def containing(literal: str) -> Where:
    """All of a text that contains the literal."""

    def where(text: Text) -> list[Window]:
        return [(0, len(text.folded))] if literal in text.folded else []

    return where


def at(*literals: str, any_case: bool = False) -> Where:
    """From each place on where one of these literals stands, for patterns that begin with them (`Rule.anchored`).

    With `any_case` the literals are given in lower case.
    """
    # Keys begin in dozens of ways, most of which end in `-` or `_`. It takes one search for these, and a look at what
    # stands before, to know of all of them; a search for each takes as long as all the rest on most texts.
    tails = [literal for literal in literals if literal[-1] in "-_"]
    heads = [literal for literal in literals if literal[-1] not in "-_"]
    tail = _ends(tails) if tails else None

    def where(text: Text) -> list[Window]:
        within = text.lower if any_case else text.folded
        places = [place for literal in heads if literal in within for place in _places(literal, within)]
        if tail is not None:
            places += [match.end() - int((match.lastgroup or "_0")[1:]) for match in tail.finditer(within)]
        if not places:
            return []
        places.sort()
        return [(place, len(within)) for place in places]

    return where


def among(before: str, literal: str, after: str, reach: tuple[int, int]) -> Where:
    """Where the literal stands, one character, with what is of these classes before and after it: so far at most."""
    back = re.compile(f"{before}{{0,{reach[0]}}}")
    on = re.compile(f"{after}{{0,{reach[1]}}}")

    def where(text: Text) -> list[Window]:
        within = text.folded
        place = within.find(literal)
        windows = list[Window]()
        while place >= 0:
            run = back.match(within[max(0, place - reach[0]) : place][::-1])
            end = on.match(within, place + 1)
            low, high = place - (run.end() if run else 0), (end.end() if end else place + 1)
            windows.append((low, high + 1))  # with one more, by which a pattern sees that it does not go on
            place = within.find(literal, high)
        return _apart(windows) if windows else []

    return where


def numbers(before: int, after: int) -> Where:
    """Around each place where at least six digits may stand together."""

    def where(text: Text) -> list[Window]:
        return _apart((start - before, end + after) for start, end in text.numbers) if text.numbers else []

    return where


def _ends(literals: list[str]) -> re.Pattern[str]:
    """Finds where one of them ends, in `-` or `_`; the group that matched is named for its length. Longest first."""
    lengths = sorted({len(literal) for literal in literals}, reverse=True)
    forms = (f"(?P<_{n}>(?<={'|'.join(re.escape(each) for each in literals if len(each) == n)}))" for n in lengths)
    return re.compile(f"[-_](?<=[0-9A-Za-z].)(?:{'|'.join(forms)})")


def _places(literal: str, text: str) -> Iterator[int]:
    place = text.find(literal)
    while place >= 0:
        yield place
        place = text.find(literal, place + len(literal))


def _apart(windows: Iterable[Window]) -> list[Window]:
    """Windows that touch become one, so that no part of a text is searched twice."""
    result = list[Window]()
    low, high = 0, -1
    for start, end in windows:
        if start > high:
            if high >= 0:
                result.append((low, high))
            low = max(start, 0)
        high = max(high, end)
    result.append((low, high))
    return result
