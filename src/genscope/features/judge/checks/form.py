"""Whether there is an answer, all of it, and how long it is."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import islice
from typing import Final

from genscope.features.judge.checks.outcome import TOO_LONG, failed, not_applicable, not_judged, passed
from genscope.features.judge.verdict import Case, Verdict

_ANYTHING: Final = re.compile(r"[^\s\u00ad\u180e\u200b-\u200f\u2060-\u2064\ufe00-\ufe0f\ufeff]")
"""What is to be seen of a text: no blank, no mark without a width."""
_WORD: Final = re.compile(r"\S+")

_TOOLS: Final = frozenset({"tool_call", "tool_calls", "tool_use", "function_call"})
_CUT_SHORT: Final = frozenset(
    ("length", "max_tokens", "max_output_tokens", "model_length", "model_context_window_exceeded")
)
"""Finish reasons, as the providers and as the conventions say them, in lower case."""


@dataclass(frozen=True)
class Empty:
    """An answer in which there is nothing to see fails, unless the model called a tool instead. Label: `empty`."""

    name: str = "empty"

    def judge(self, case: Case, /) -> Verdict:
        if case.answer is None:
            return not_applicable(self.name)
        if _ANYTHING.search(case.answer):
            return passed(self.name)
        if case.finish_reason is not None and case.finish_reason.lower() in _TOOLS:
            return not_applicable(self.name)
        return failed(self.name, "empty")


@dataclass(frozen=True)
class Truncated:
    """An answer that the provider cut short fails: its finish reason says so. Label: `truncated`."""

    name: str = "truncated"

    def judge(self, case: Case, /) -> Verdict:
        if case.finish_reason is None:
            return not_applicable(self.name)
        if case.finish_reason.lower() in _CUT_SHORT:
            return failed(self.name, "truncated")
        return passed(self.name)


@dataclass(frozen=True)
class Length:
    """Holds an answer to limits, each included. Labels: `too_short`, `too_long`.

    A word is what stands between blanks: for scripts that have none, count characters. ValueError if there is no limit,
    or none that an answer can keep.
    """

    min_characters: int | None = None
    max_characters: int | None = None
    min_words: int | None = None
    max_words: int | None = None
    name: str = "length"

    def __post_init__(self) -> None:
        limits = (self.min_characters, self.max_characters, self.min_words, self.max_words)
        if all(limit is None for limit in limits):
            raise ValueError("length: say at least one of min_characters, max_characters, min_words, max_words")
        for least, most in (limits[:2], limits[2:]):
            if (least or 0) < 0 or (most is not None and most < (least or 0)):
                raise ValueError(f"length: nothing is at least {least or 0} and at most {most} long")

    def judge(self, case: Case, /) -> Verdict:
        if case.answer is None:
            return not_applicable(self.name)
        if case.shortened:
            return not_judged(self.name, TOO_LONG)
        characters = len(case.answer)
        words = self._words(case.answer)
        if characters < (self.min_characters or 0) or words < (self.min_words or 0):
            return failed(self.name, "too_short", _measured(characters))
        if _exceeds(characters, self.max_characters) or _exceeds(words, self.max_words):
            return failed(self.name, "too_long", _measured(characters))
        return passed(self.name)

    def _words(self, text: str) -> int:
        """As far as anybody has to know."""
        enough = max(self.min_words or 0, 0 if self.max_words is None else self.max_words + 1)
        return sum(1 for _ in islice(_WORD.finditer(text), enough))


def _exceeds(found: int, limit: int | None) -> bool:
    return limit is not None and found > limit


def _measured(characters: int) -> str:
    return f"{characters} characters"
