"""What a judge of the application's returns or raises, as a verdict."""

from __future__ import annotations

import re
from typing import Any, Final

from genscope.core.pipeline import BudgetExceeded
from genscope.features.judge.replies import LONGEST_EXPLANATION, JudgeFailed, score_of
from genscope.features.judge.verdict import BUDGET_EXCEEDED, FAIL, NOT_APPLICABLE, PASS, Verdict

_LONGEST: Final = 64
"""Characters of a label or a type of error, for they are attributes of metrics."""
_GAPS: Final = re.compile(r"\s+")


def verdict_of(name: str, returned: Any) -> Verdict:
    """The verdict in what a judge has returned: one, a score, whether the answer is good, or a label; None for none.

    Raises `JudgeFailed` for anything else, and for a score beyond 0 to 1.
    """
    if isinstance(returned, Verdict):
        return _checked(name, returned)
    if returned is None:
        return Verdict(name, label=NOT_APPLICABLE)
    if isinstance(returned, bool):
        return Verdict(name, float(returned), PASS if returned else FAIL)
    if isinstance(returned, str):
        return _checked(name, Verdict(name, label=returned))
    score = score_of(returned)
    return Verdict(name, score, PASS if score >= 0.5 else FAIL)


def failed(name: str, error: BaseException) -> Verdict:
    """The verdict of a judge that has raised."""
    return Verdict(name, error=error_type(error))


def error_type(error: BaseException) -> str:
    """One word, and nothing of its text: that may quote what was judged."""
    if isinstance(error, JudgeFailed):
        return error.type
    if isinstance(error, BudgetExceeded):
        return BUDGET_EXCEEDED
    name = type(error).__name__
    return "timeout" if name.endswith("TimeoutError") else _word(name)  # that of asyncio, and those of the SDKs


def _checked(name: str, verdict: Verdict) -> Verdict:
    """What gets onto metrics is what the names say."""
    explanation = None if verdict.explanation is None else str(verdict.explanation)[:LONGEST_EXPLANATION]
    if verdict.error is not None:
        return Verdict(name, explanation=explanation, error=_word(str(verdict.error)) or "_OTHER")
    score = None if verdict.score is None else score_of(verdict.score)
    label = None if verdict.label is None else _word(str(verdict.label))
    if score is None and not label:
        label = NOT_APPLICABLE
    return Verdict(name, score, label, explanation)


def _word(text: str) -> str:
    return _GAPS.sub(" ", text).strip()[:_LONGEST]
