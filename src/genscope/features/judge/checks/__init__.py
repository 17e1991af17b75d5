"""Judges that cost nothing: without a model, the same for the same answer, in bounded time."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from genscope.features.judge.checks.form import Empty, Length, Truncated
from genscope.features.judge.checks.json_text import Json
from genscope.features.judge.checks.language import Language
from genscope.features.judge.checks.pattern import Regex
from genscope.features.judge.checks.personal_data import PersonalData
from genscope.features.judge.checks.refusal import Refusal
from genscope.features.judge.verdict import Judge

__all__ = ["Empty", "Json", "Language", "Length", "PersonalData", "Refusal", "Regex", "Truncated", "check"]

_BY_NAME: Final[Mapping[str, Callable[[], Judge]]] = {
    "empty": Empty,
    "json": Json,
    "language": Language,
    "refusal": Refusal,
    "truncated": Truncated,
}
_TO_BE_MADE: Final = {"length": "Length(max_words=...)", "pii": "PersonalData(find=...)", "regex": "Regex(must=...)"}
"""Checks that need to be told something, and how that is said."""


def check(name: str, personal_data: PersonalData | None = None) -> Judge:
    """The check of a name as it is without options; `pii` is `personal_data`. ValueError if there is none."""
    if name == "pii" and personal_data is not None:
        return personal_data
    if name in _TO_BE_MADE:
        raise ValueError(f"the check {name!r} is made in Python: {_TO_BE_MADE[name]}")
    made = _BY_NAME.get(name)
    if made is None:
        raise ValueError(f"{name!r} is no judge; there are the checks {', '.join(sorted(_BY_NAME | _TO_BE_MADE))}")
    return made()
