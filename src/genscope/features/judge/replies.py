"""What a model has replied that judges: a score and a reason, or else no verdict."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final, NamedTuple, NoReturn, cast

_LONGEST: Final = 65_536
LONGEST_EXPLANATION: Final = 2_000
_FENCE: Final = "```"
_MEMBERS: Final = frozenset({"explanation", "score"})


class JudgeFailed(Exception):
    """Of a judge that came to no verdict; `type` is its `error.type`."""

    def __init__(self, type: str) -> None:
        super().__init__(type)
        self.type = type


class Reply(NamedTuple):
    score: float
    explanation: str


def read_reply(said: Any) -> Reply:
    """The verdict in a text, or in JSON that the SDK has read. Raises `JudgeFailed` for anything but exactly that."""
    found = _parsed(said) if isinstance(said, str) else said
    if not isinstance(found, Mapping):
        _refuse()
    members = dict(cast("Mapping[Any, Any]", found))
    explanation = members.get("explanation")
    if members.keys() != _MEMBERS or not isinstance(explanation, str):
        _refuse()
    return Reply(score_of(members["score"]), explanation[:LONGEST_EXPLANATION])


def score_of(value: Any) -> float:
    """Raises `JudgeFailed` for what is no number from 0 to 1."""
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value <= 1:  # nor NaN
        _refuse()
    return float(value)


def _parsed(text: str) -> Any:
    text = text.strip()
    if text.startswith(_FENCE) and text.endswith(_FENCE) and "\n" in text:  # all of it, as models like to write JSON
        text = text[text.index("\n") : -len(_FENCE)]
    if len(text) > _LONGEST:
        _refuse()
    try:
        return json.loads(text, object_pairs_hook=_once, parse_constant=_refuse)
    except (ValueError, RecursionError):
        _refuse()


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """A member that is there twice has two values, and nobody knows which is meant."""
    found = dict(pairs)
    if len(found) != len(pairs):
        _refuse()
    return found


def _refuse(_: Any = None) -> NoReturn:
    raise JudgeFailed("invalid_verdict") from None
