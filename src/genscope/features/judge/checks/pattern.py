"""What an answer must contain, and what it must not, by regular expressions of the application."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

from genscope.features.judge.checks.outcome import (
    TIMEOUT,
    TOO_LONG,
    failed,
    is_whole,
    library,
    not_applicable,
    not_judged,
    passed,
)
from genscope.features.judge.verdict import Case, Verdict

_PATIENCE: Final = 0.1
"""Seconds for one search."""


@dataclass(frozen=True)
class Regex:
    """Labels: `missing` if `must` is found nowhere, `forbidden` if `must_not` is found.

    They are searched for, not matched from the beginning; flags stand in them (`(?i)`). ValueError if there is neither,
    or if one is no regular expression.

    By the package `regex`, whose expressions are Python's. That of the standard library takes years for some short
    texts, and keeps all threads of the process waiting meanwhile; this one lets the others run, and gives up in time:
    the verdict is then the error `timeout`.
    """

    must: str | None = None
    must_not: str | None = None
    name: str = "regex"
    _must: Expression | None = field(init=False, repr=False, compare=False)
    _must_not: Expression | None = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if self.must is None and self.must_not is None:
            raise ValueError("regex: say must, must_not or both")
        object.__setattr__(self, "_must", None if self.must is None else Expression(self.must))
        object.__setattr__(self, "_must_not", None if self.must_not is None else Expression(self.must_not))

    def judge(self, case: Case, /) -> Verdict:
        if case.answer is None:
            return not_applicable(self.name)
        if not is_whole(case):
            return not_judged(self.name, TOO_LONG)
        try:
            if self._must_not is not None and self._must_not.is_in(case.answer):
                return failed(self.name, "forbidden")
            if self._must is not None and not self._must.is_in(case.answer):
                return failed(self.name, "missing")
        except TimeoutError:
            return not_judged(self.name, TIMEOUT)
        return passed(self.name)


class Expression:
    """A regular expression whose search ends in time. ValueError if it is none, or if `regex` is not installed."""

    def __init__(self, text: str) -> None:
        regex = library("regex", "a check by regular expressions")
        try:
            self._compiled: Any = regex.compile(text)
        except (regex.error, TypeError) as reason:
            raise ValueError(f"no regular expression: {text!r}: {reason}") from None

    def is_in(self, text: str) -> bool:
        """TimeoutError if it cannot be said in time."""
        return self._compiled.search(text, timeout=_PATIENCE, concurrent=True) is not None
