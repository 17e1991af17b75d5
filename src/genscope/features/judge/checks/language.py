"""Whether the answer is in the language of the question."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from genscope.features.judge.checks.outcome import failed, not_applicable, passed
from genscope.features.judge.checks.tongues import SCRIPT_OF, Tongue, tongue_of
from genscope.features.judge.verdict import Case, Verdict

_ROMANISED: Final = "latin"
"""The script in which a language that has another one may be written, too."""


@dataclass(frozen=True)
class Language:
    """An answer in another language than `expected`, or else the question's, fails. Label: `other_language`.

    `expected` is a code of ISO 639-1, one of `SCRIPT_OF`; ValueError for any other. Nothing is guessed: a text that is
    short, code, or in a language that is not known, has no verdict. A question that asks for a translation is no
    different from others: for these say what is expected.
    """

    expected: str | None = None
    name: str = "language"

    def __post_init__(self) -> None:
        if self.expected is not None and self.expected not in SCRIPT_OF:
            raise ValueError(f"language: {self.expected!r} is none of {', '.join(sorted(SCRIPT_OF))}")

    def judge(self, case: Case, /) -> Verdict:
        if case.answer is None or (self.expected is None and case.question is None):
            return not_applicable(self.name)
        if self.expected is None:
            wanted = tongue_of(case.question or "")
        else:
            wanted = Tongue(SCRIPT_OF[self.expected], self.expected)
        found = tongue_of(case.answer)
        same = _same(wanted, found)
        if same is None:
            return not_applicable(self.name)
        if same:
            return passed(self.name)
        return failed(self.name, "other_language", f"{_called(found)} instead of {_called(wanted)}")


def _same(one: Tongue, other: Tongue) -> bool | None:
    """None if that cannot be told."""
    if one.language is not None and other.language is not None:
        return one.language == other.language
    if one.script is None or other.script is None or one.script == other.script:
        return None
    if one.language is None and other.language is None:
        return None
    unknown = one if one.language is None else other
    return None if unknown.script == _ROMANISED else False


def _called(tongue: Tongue) -> str:
    return tongue.language or f"{tongue.script} script"
