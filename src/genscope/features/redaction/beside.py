"""What the words before a match say about it."""

from __future__ import annotations

import re

from .rule import Valid

_REACH = 32
_LINK = r"[\s:：=.#\"'()*\[\]「」『はをが是为為]"


def after(words: str, between: str = "") -> Valid:
    """Does one of the words stand right before the match, with a few signs and words of `between` in between?

    Words are separated by spaces; a `_` in one stands for a space, `-`, `_` or nothing. A letter before it would make
    another word of it.
    """
    # Backwards, from the match on: so there is but one place where it can begin.
    links = f"(?:(?:{_backwards(between)}){_LINK}{{0,3}}){{0,3}}" if between else ""
    pattern = re.compile(f"{_LINK}{{0,6}}{links}(?:{_backwards(words)})(?![a-zäöü])", re.IGNORECASE)

    def check(match: re.Match[str]) -> bool:
        start = match.start()
        return pattern.match(match.string[max(0, start - _REACH) : start][::-1]) is not None

    return check


def _backwards(words: str) -> str:
    return "|".join(re.escape(word[::-1]).replace("_", r"[\s_-]?") for word in words.split())
