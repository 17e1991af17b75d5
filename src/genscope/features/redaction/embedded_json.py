"""Texts that are JSON: attributes of telemetry are flat, so whoever writes a structure into one writes it as text."""

from __future__ import annotations

import json
from math import isfinite
from typing import Any, Final, NamedTuple

_LONGEST: Final = 4_000_000  # characters; a message of OTLP has at most 4 MiB
_BEGINNINGS: Final = frozenset('{["')


class Parsed(NamedTuple):
    """The value that a text is, and whether the text says more than the value does."""

    value: Any
    ambiguous: bool


def parse(text: str) -> Parsed | None:
    """None if the text is no JSON, has nothing in it to look at, is too large or too deep: it is plain text then."""
    if len(text) > _LONGEST or text.lstrip()[:1] not in _BEGINNINGS:
        return None
    ambiguous = False

    def members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        nonlocal ambiguous
        found = dict(pairs)
        ambiguous = ambiguous or len(found) < len(pairs)  # a name that is there twice: readers see only the last
        return found

    try:
        value = json.loads(text, object_pairs_hook=members, parse_float=_finite, parse_constant=_null)
    except (ValueError, RecursionError):
        return None
    return Parsed(value, ambiguous)


def write(value: Any, like: str) -> str:
    """`value` as JSON; with escapes for what is not ASCII if the text it comes from has none of that."""
    text = json.dumps(value, ensure_ascii=like.isascii(), allow_nan=False, separators=(",", ":"))
    try:
        text.encode()
    except UnicodeEncodeError:  # half of a surrogate pair, which was written as an escape
        text = json.dumps(value, allow_nan=False, separators=(",", ":"))
    return text


def _finite(digits: str) -> float | None:
    number = float(digits)
    return number if isfinite(number) else None


def _null(constant: str) -> None:
    """NaN and the infinities, which JSON does not have."""
