"""The verdicts of a check: 1 or 0, with a word of few that says why."""

from __future__ import annotations

from importlib import import_module
from typing import Any, Final

from genscope.features.judge.verdict import NOT_APPLICABLE, PASS, Case, Verdict

LONGEST: Final = 1_000_000
"""Characters of an answer that is looked through."""

TOO_LONG: Final = "answer_too_long"
"""The `error` of a check that would have had to look through more, or through what is not there."""
TIMEOUT: Final = "timeout"
TOO_COMPLEX: Final = "too_complex"


def passed(name: str, label: str = PASS) -> Verdict:
    return Verdict(name, 1.0, label)


def failed(name: str, label: str, explanation: str | None = None) -> Verdict:
    """`explanation` quotes nothing of what was judged."""
    return Verdict(name, 0.0, label, explanation)


def not_applicable(name: str) -> Verdict:
    """There was nothing to judge by."""
    return Verdict(name, label=NOT_APPLICABLE)


def not_judged(name: str, error: str) -> Verdict:
    return Verdict(name, error=error)


def is_whole(case: Case) -> bool:
    """Whether all of the answer can be looked through."""
    return not case.shortened and len(case.answer or "") <= LONGEST


def library(package: str, wanted_by: str) -> Any:
    """A package of the extra `judge`, imported now. ValueError says what to install."""
    try:
        return import_module(package)
    except ImportError:
        raise ValueError(f"{wanted_by} needs the package {package}: pip install 'genscope[judge]'") from None
