"""Whether the model refused to do what it was asked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from genscope.features.judge.checks.outcome import failed, not_applicable, passed
from genscope.features.judge.checks.refusal_phrases import REFUSING
from genscope.features.judge.verdict import Case, Verdict

_REFUSED: Final = frozenset({"refusal", "refused"})
_FILTERED: Final = frozenset(
    ("content_filter", "content_filtered", "safety", "prohibited_content", "blocklist", "spii", "guardrail_intervened")
)
"""Finish reasons in lower case: the answer was withheld, whoever did it."""

_LOOKED_AT: Final = 300
"""Characters: a refusal begins with itself."""


@dataclass(frozen=True)
class Refusal:
    """Labels: `refused`, or `filtered` where the provider withheld the answer.

    What the API says comes first. Where it says nothing, a refusal is told by how the answer begins, in English,
    German, French, Spanish, Portuguese, Italian, Chinese and Japanese: not surely, docs/quality.md says how well. That
    something is not known, or not there, is no refusal.
    """

    name: str = "refusal"

    def judge(self, case: Case, /) -> Verdict:
        reason = (case.finish_reason or "").lower()
        if case.refused or reason in _REFUSED:
            return failed(self.name, "refused", "the API says so")
        if reason in _FILTERED:
            return failed(self.name, "filtered", "the API says so")
        if case.answer is None:
            return not_applicable(self.name)
        return failed(self.name, "refused", "by its words") if refuses(case.answer) else passed(self.name)


def refuses(text: str) -> bool:
    """Whether a text begins as refusals do."""
    beginning = " ".join(text[:_LOOKED_AT].lower().translate(_MARKUP).split())
    return any(language.match(beginning) for language in REFUSING)


_MARKUP: Final = {**dict.fromkeys(map(ord, "*_#>"), " "), ord("’"): "'"}
