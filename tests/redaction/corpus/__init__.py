"""Texts in which every personal datum and secret is marked, and texts in which there is none.

All of it is ours and invented, valid by checksum where a format has one, from documentation ranges where there are any.
`first.py` was written before there was a single rule; the rest along with the rules. So it tells that the rules do what
they are meant to do and keep doing it. It is no estimate of how much they find in somebody else's texts.

`⟦rule|value⟧` marks a planted item. `‖` falls out: it keeps tokens from looking like tokens in our repository.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from . import asia, chores, english, first, german, machine, secrets

_MARK = re.compile(r"⟦([a-z0-9_]+)\|(.*?)⟧", re.DOTALL)


@dataclass(frozen=True)
class Item:
    rule: str
    start: int
    end: int


@dataclass(frozen=True)
class Sample:
    """A text and what is planted in it; nothing in a hard negative."""

    text: str
    items: tuple[Item, ...]


def parse(marked: str) -> Sample:
    """The text without the marks, and where they were."""
    marked = marked.replace("‖", "")
    text, items, done = "", list[Item](), 0
    for mark in _MARK.finditer(marked):
        text += marked[done : mark.start()]
        items.append(Item(mark[1], len(text), len(text) + len(mark[2])))
        text += mark[2]
        done = mark.end()
    return Sample(text + marked[done:], tuple(items))


PLANTED = [parse(text) for module in (first, english, asia, german, machine, secrets) for text in module.PLANTED]
NEGATIVES = [
    parse(text) for module in (first, english, asia, german, machine, secrets, chores) for text in module.NEGATIVES
]
SAMPLES = PLANTED + NEGATIVES
