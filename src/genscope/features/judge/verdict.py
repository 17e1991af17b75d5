"""What is judged, and what a judge finds: the words that judges of every kind share."""

from __future__ import annotations

from collections.abc import Awaitable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol

PASS: Final = "pass"
FAIL: Final = "fail"
NOT_APPLICABLE: Final = "not_applicable"
"""The label of a verdict without a score: there was nothing to judge by, as faithfulness without a context."""

BUDGET_EXCEEDED: Final = "budget_exceeded"
"""The `error` of a verdict that would have cost more than judges may."""


@dataclass(frozen=True)
class Case:
    """One answer of a model, as text. Of a call that was traced it is what redaction has let through.

    None is what is not known.
    """

    answer: str | None = None
    question: str | None = None
    """What the model was asked: the last words of the user."""
    context: str | Sequence[str] | None = None
    """What the model was given to answer from: documents of a retrieval, else what tools returned."""
    model: str | None = None
    """The one that was asked for: what calls itself so may be another one tomorrow."""
    provider: str | None = None
    prompt_name: str | None = None
    """Of a stored prompt."""
    schema: Mapping[str, Any] | None = None
    """The JSON schema that the answer was to have."""
    finish_reason: str | None = None
    refused: bool | None = None
    """Whether the API says that the model refused (OpenAI's field `refusal`, Anthropic's stop reason)."""
    shortened: bool = False
    """Whether the answer was longer, and something is missing in its middle."""

    @property
    def documents(self) -> tuple[str, ...]:
        """The context as a list."""
        if self.context is None:
            return ()
        return (self.context,) if isinstance(self.context, str) else tuple(self.context)


@dataclass(frozen=True)
class Verdict:
    """What one judge found of one case: a score, a label, both, or an error."""

    name: str
    """Of the judge: low-cardinality."""
    score: float | None = None
    """From 0, as bad as can be, to 1."""
    label: str | None = None
    """In a word of few: `pass`, `fail`, `not_applicable`."""
    explanation: str | None = None
    """Content: it may quote what was judged."""
    error: str | None = None
    """Where the judge failed, how: `error.type`."""


class Judge(Protocol):
    """Anything with a name that finds a verdict. What it raises is an error of the judge, and goes no further."""

    @property
    def name(self) -> str: ...

    def judge(self, case: Case, /) -> Verdict | Awaitable[Verdict]: ...
