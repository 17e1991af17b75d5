"""Limits as they are declared: a text, a file, a list of texts, mappings and `Limit`s.

    50 usd/day; 2 usd/day per user; 100k tokens/hour per model; 60 requests/minute
    $10 total for tag:team=search, model=gpt-4o* warn

What cannot be read is said, and does not take the rest with it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, cast

from genscope.features.budget.limits import UNITS, WINDOWS, Limit
from genscope.settings.values import shortened

_EXAMPLE: Final = "50 usd/day per user for model=gpt-4o"
_WORD: Final = re.compile(r"""\s*([,/=]|(?:"[^"]*"|'[^']*'|[^\s,/="'])+)""")
_VALUE: Final = re.compile(r"""\s*("[^"]*"|'[^']*'|[^\s,;"']+)""")
_AMOUNT: Final = re.compile(r"(\$?)((?:\d[\d_]*)?\.?\d[\d_]*|\d[\d_]*\.)([km]?)", re.IGNORECASE)
_TIMES: Final = {"": 0, "k": 3, "m": 6}
_FIELDS: Final = ("amount", "unit", "window", "per", "for", "mode")
_LARGEST_FILE: Final = 1_000_000


@dataclass(frozen=True)
class Declaration:
    """The limits that were understood, and of each that was not what is wrong with it."""

    limits: tuple[Limit, ...]
    problems: tuple[str, ...]


def declared(value: Any) -> Declaration:
    """Read limits from a text, `@path` of a file, or an iterable. Never raises."""
    limits: list[Limit] = []
    problems: list[str] = []
    try:
        items = list(_items(value))
    except Exception as fault:
        return Declaration((), (f"{shortened(value)}: {fault}",))
    for item in items:
        try:
            limits.append(_limit(item))
        except Exception as fault:  # ours say what would be accepted; the value may have some of its own
            problems.append(f"{shortened(item)}: {fault}")
    return Declaration(tuple(limits), tuple(problems))


def _items(value: Any) -> Iterator[Any]:
    if value is None:
        return
    if isinstance(value, str):
        if value.strip().startswith("@"):
            yield from _file(Path(value.strip()[1:]).expanduser())
        else:
            yield from _parts(value)
    elif isinstance(value, (Limit, Mapping)):
        yield value
    elif isinstance(value, Iterable) and not isinstance(value, (bytes, bytearray)):
        for item in cast("Iterable[Any]", value):
            if isinstance(item, str):
                yield from _parts(item)
            else:
                yield item
    else:
        raise TypeError(f"is no limit; accepted: {_EXAMPLE}, several separated by ;, or @ and the path of a file")


def _file(path: Path) -> Iterator[Any]:
    """JSON, a list of texts and mappings or that under `limits`; else texts, and what follows a # is a comment."""
    with path.open("rb") as file:
        content = file.read(_LARGEST_FILE + 1)
    if len(content) > _LARGEST_FILE:
        raise ValueError(f"the file has more than {_LARGEST_FILE} bytes")
    text = content.decode("utf-8-sig")
    if not text.lstrip().startswith(("[", "{")):
        for line in text.splitlines():
            yield from _parts(re.sub(r"(^|\s)#.*", "", line))
        return
    found = json.loads(text, parse_float=str)
    if isinstance(found, dict) and "limits" in found:
        found = cast("dict[str, Any]", found)["limits"]
    yield from _items(found if isinstance(found, (list, dict)) else [found])


def _parts(text: str) -> Iterator[str]:
    for part in re.findall(r"""(?:"[^"]*"|'[^']*'|[^;\n])+""", text):
        if part.strip():
            yield part.strip()


def _limit(item: Any) -> Limit:
    if isinstance(item, Limit):
        return item
    if isinstance(item, str):
        return _Reading(item).limit()
    if not isinstance(item, Mapping):
        raise TypeError(f"is no limit; accepted: {_EXAMPLE}, or a mapping with {', '.join(_FIELDS)}")
    said: dict[str, Any] = {str(name): value for name, value in cast("Mapping[Any, Any]", item).items()}
    if isinstance(said.get("limit"), str):
        base = _Reading(said.pop("limit")).limit()
        said = {**_said(base), **said}
    unknown = sorted(said.keys() - set(_FIELDS))
    if unknown:
        raise ValueError(f"{', '.join(unknown)} is not understood; accepted: limit, {', '.join(_FIELDS)}")
    missing = [name for name in _FIELDS[:3] if said.get(name) is None]
    if missing:
        raise ValueError(f"says no {missing[0]}; accepted: {_accepted(missing[0])}")
    where: Any = said.get("for") or {}
    if not isinstance(where, Mapping):
        raise ValueError(f"for is {where!r}; accepted: a mapping such as {{'model': 'gpt-4o'}}")
    per: Any = said.get("per") or ()
    per = [part for part in per.split(",") if part.strip()] if isinstance(per, str) else per
    if not isinstance(per, Iterable):
        raise ValueError(f"per is {per!r}; accepted: a list of scopes such as ['user']")
    names = tuple(cast("Iterable[str]", per))
    amount = said["amount"]
    if isinstance(amount, bool):
        raise ValueError(f"{amount!r} is no amount; accepted: a number")
    amount = _amount(amount) if isinstance(amount, str) else amount
    return Limit(amount, said["unit"], said["window"], names, cast("Mapping[str, str]", where), said.get("mode"))


def _said(limit: Limit) -> dict[str, Any]:
    found = (limit.amount, limit.unit, limit.window, limit.per, limit.where, limit.mode)
    return dict(zip(_FIELDS, found, strict=True))


def _amount(text: str) -> str:
    found = _AMOUNT.fullmatch(text.strip())
    if found is None:
        raise ValueError(f"{text!r} is no amount; accepted: a number such as 50, 0.5, 100_000, 100k, 2m")
    return f"{found[2].replace('_', '')}e{_TIMES[found[3].lower()]}"


def _accepted(what: str) -> str:
    return {"amount": "a number such as 50", "unit": ", ".join(UNITS), "window": ", ".join(WINDOWS)}[what]


class _Reading:
    """One limit as a text, word by word."""

    def __init__(self, text: str) -> None:
        self._text = text.strip()
        self._at = 0

    def limit(self) -> Limit:
        amount, unit = self._amount_and_unit()
        window = self._window()
        per: list[str] = []
        where: dict[str, str] = {}
        mode = None
        while self._at < len(self._text):
            word = self._next("").lower()
            if word == "per":
                per += self._names()
            elif word == "for":
                where |= dict(self._pairs())
            elif word in ("warn", "deny") and mode is None:
                mode = word
            else:
                raise ValueError(f"{word!r} is not understood; accepted after the window: per, for, warn, deny")
        return Limit(amount, unit, window, per, where, mode)

    def _amount_and_unit(self) -> tuple[str, str]:
        word = self._next(f"an amount, as in {_EXAMPLE}")
        found = _AMOUNT.fullmatch(word) or re.fullmatch(rf"{_AMOUNT.pattern}(?=[a-z])[a-z]+", word, re.IGNORECASE)
        if found is None:
            raise ValueError(f"{word!r} is no amount; accepted: a number such as 50, $50, 0.5, 100_000, 100k, 2m")
        amount = _amount(found[2] + found[3])
        rest = word[found.end(3) :]
        if found[1] and not rest:
            self._skip("usd")
            return amount, "usd"
        return amount, rest or self._next(f"a unit: {', '.join(UNITS)}")

    def _window(self) -> str:
        accepted = f"a window: /{', /'.join(WINDOWS[:-1])} or total"
        word = self._next(accepted).lower()
        if word == "in":
            word = self._next(accepted).lower()
        if word == "/":
            return self._next(accepted)
        if word == "total":
            return word
        raise ValueError(f"{word!r} stands where {accepted} is expected")

    def _names(self) -> Iterator[str]:
        yield self._next("a scope, as in per user")
        while self._skip(","):
            yield self._next("a scope")

    def _pairs(self) -> Iterator[tuple[str, str]]:
        while True:
            name = self._next("a scope and its value, as in for model=gpt-4o")
            if self._next(f"= and a value after {name}") != "=":
                raise ValueError(f"{name!r} has no value; accepted: {name}=VALUE")
            value = self._next(f"a value after {name}=", _VALUE)
            yield name, value[1:-1] if value[0] in "\"'" else value
            if not self._skip(","):
                return

    def _skip(self, word: str) -> bool:
        """Whether this comes next; then it is passed."""
        found = _WORD.match(self._text, self._at)
        if found is None or found[1].lower() != word:
            return False
        self._at = found.end()
        return True

    def _next(self, expected: str, form: re.Pattern[str] = _WORD) -> str:
        if self._at >= len(self._text):
            raise ValueError(f"ends where {expected} is expected")
        found = form.match(self._text, self._at)
        if found is None:
            raise ValueError(f"{self._text[self._at :].strip()!r} has a quote that does not end")
        self._at = found.end()
        return found[1]
