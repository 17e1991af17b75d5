"""What a limit is: so much of a unit in a window of time, for each value of a scope.

Amounts are integers wherever they are kept or compared: money in nano-USD (10^-9 USD), tokens and requests as they are.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from fnmatch import fnmatchcase
from typing import Any, Final

USD: Final = "usd"
TOKENS: Final = "tokens"
REQUESTS: Final = "requests"
UNITS: Final = (USD, TOKENS, REQUESTS)
WINDOWS: Final = ("minute", "hour", "day", "month", "total")
DIMENSIONS: Final = ("provider", "model", "user", "conversation", "tenant")
"""What a limit may be per, besides tags (`tag:team`)."""
MODES: Final = ("warn", "deny")

NANO: Final = 1_000_000_000
"""Nano-USD in a US dollar: the price of one token of the cheapest models is some ten of them."""
LARGEST: Final = 2**53
"""Redis compares in doubles, which are exact up to here: nine million USD."""

_DIGITS: Final = 17
_SAME: Final = {"session": "conversation"}
_TAG: Final = re.compile(r"tag:[^\s,;=|]{1,64}")


def dimension(name: Any) -> str:
    """The name of a scope. Raises `ValueError` for one that there is not."""
    plain = str(name).strip()
    known = _SAME.get(plain.lower(), plain.lower())
    if known in DIMENSIONS:
        return known
    if _TAG.fullmatch(plain):
        return plain
    raise ValueError(f"{name!r} is no scope; accepted: {', '.join(DIMENSIONS)}, session, tag:NAME")


def in_units(amount: Any, unit: str) -> int:
    """An amount as it is declared, in what is counted. Raises `ValueError` where that is not possible."""
    try:
        exact = Decimal(str(amount)) * (NANO if unit == USD else 1)
        whole = int(exact) if exact.adjusted() < _DIGITS else LARGEST
    except (ArithmeticError, ValueError):
        raise ValueError(f"{amount!r} is no amount; accepted: a number such as 50, 0.5, 100_000, 100k, 2m") from None
    if whole != exact and whole != LARGEST:
        part = "of a billionth of a dollar" if unit == USD else f"of {unit}"
        raise ValueError(f"{amount} has a fraction {part}; accepted: a whole number")
    if not 0 <= whole < LARGEST:
        most = f"{LARGEST // NANO:,}" if unit == USD else f"{LARGEST:,}"
        raise ValueError(f"{amount} {unit} is out of range; accepted: 0 to {most}")
    return whole


def shown(units: int, unit: str) -> str:
    """An amount for a reader: dollars without needless zeros, the rest as they are."""
    if unit != USD:
        return str(units)
    text = f"{Decimal(units) / NANO:.9f}".rstrip("0")
    return text + "0" * max(0, 2 - len(text.partition(".")[2])) if "." in text[:-1] else text.rstrip(".")


def number(units: int, unit: str) -> float | int:
    """An amount for a program: USD as a float, the rest as integers."""
    return units / NANO if unit == USD else units


@dataclass(frozen=True)
class Limit:
    """`Limit(50, "usd", "day", per=["user"], where={"model": "gpt-4o"})`.

    `per` counts for each value of these scopes by itself; `where` says which calls it is for, `*` at the end of a value
    standing for anything. `mode` is `warn` or `deny`, and None takes that of all. Raises `ValueError` for what there is
    not.
    """

    amount: float | int | str
    unit: str
    window: str
    per: Sequence[str] = ()
    where: Mapping[str, str] = field(default_factory=dict[str, str])
    mode: str | None = None
    units: int = field(init=False, repr=False, compare=False)
    """The amount in nano-USD, tokens or requests."""

    def __post_init__(self) -> None:
        unit = _one_of(self.unit, UNITS, "unit")
        per = (self.per,) if isinstance(self.per, str) else self.per
        fields: dict[str, Any] = {
            "unit": unit,
            "window": _one_of(self.window, WINDOWS, "window"),
            "per": tuple(dict.fromkeys(map(dimension, per))),
            "where": {dimension(name): str(value) for name, value in self.where.items()},
            "mode": None if self.mode is None else _one_of(self.mode, MODES, "mode"),
        }
        fields["units"] = in_units(self.amount, unit)
        fields["amount"] = number(fields["units"], unit)
        for name, value in fields.items():
            object.__setattr__(self, name, value)

    @property
    def meaning(self) -> str:
        """What is counted, without how much of it: that may be changed without counting anew."""
        text = f"{self.unit} total" if self.window == "total" else f"{self.unit}/{self.window}"
        if self.per:
            text += f" per {', '.join(self.per)}"
        if self.where:
            text += f" for {', '.join(f'{name}={_quoted(value)}' for name, value in sorted(self.where.items()))}"
        return text

    def __str__(self) -> str:
        return f"{shown(self.units, self.unit)} {self.meaning}" + (f" {self.mode}" if self.mode else "")

    def __hash__(self) -> int:
        return hash((self.meaning, self.units, self.mode))


def matches(pattern: str, value: str | None) -> bool:
    """Whether a value is the one that a limit is for."""
    return value is not None and (value == pattern or ("*" in pattern and fnmatchcase(value, pattern)))


def _one_of(value: str, accepted: Sequence[str], what: str) -> str:
    plain = str(value).strip().lower()
    for name in accepted:
        if plain in (name, name.rstrip("s"), f"{name}s"):
            return name
    raise ValueError(f"{value!r} is no {what}; accepted: {', '.join(accepted)}")


def _quoted(value: str) -> str:
    if re.fullmatch(r"[^\s,;=\"']+", value):
        return value
    return '"' + value.replace('"', "'") + '"'
