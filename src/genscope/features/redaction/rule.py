"""What a rule is."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from .seeking import Where, everywhere

Valid: TypeAlias = Callable[[re.Match[str]], bool]


def as_is(text: str) -> str:
    return text


@dataclass(frozen=True, slots=True)
class Rule:
    """One kind of thing that must not be seen.

    name: lower snake case.
    pattern: runs over the folded text; time linear in the text, so every quantifier has a bound. If it has a group
        `value`, that is what is replaced, else all of the match.
    where: the places where the pattern is run at all.
    valid: the last word on a match, for instance a check digit. Its `string` is the folded text.
    label: what is put in its place in the style "label"; unless given, the name.
    canonical: what two spellings of the same thing have in common; from it the pseudonyms of the style "hash" are made.
    shown: how many characters at the end the style "mask" leaves.
    folded: whether it runs over the folded text or over the original.
    anchored: the pattern is tried where each window begins, and nowhere else.
    """

    name: str
    pattern: re.Pattern[str]
    where: Where = everywhere
    valid: Valid | None = None
    label: str = ""
    canonical: Callable[[str], str] = as_is
    shown: int = 0
    folded: bool = True
    anchored: bool = False

    def __post_init__(self) -> None:
        if not self.label:
            object.__setattr__(self, "label", f"[{self.name.upper()}]")

    @property
    def group(self) -> int:
        """The group that is replaced; 0 is the whole match."""
        return self.pattern.groupindex.get("value", 0)


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that a rule found: `text[start:end]`."""

    rule: str
    start: int
    end: int
