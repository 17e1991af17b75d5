"""Durations, windows and targets as people write them: `5m`, `1000 calls`, `1%`, `800ms`, `$200`."""

from __future__ import annotations

import re
from math import isfinite
from typing import Any, Final

from genscope.features.slo.windows import Length

_SECONDS: Final = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_DURATION: Final = re.compile(r"(\d+(?:\.\d+)?)\s*(ms|s|m|h|d)", re.IGNORECASE)
_CALLS: Final = re.compile(r"(\d[\d_]*)\s*calls?", re.IGNORECASE)
_TARGET: Final = re.compile(r"\$?(\d+(?:\.\d*)?|\.\d+)\s*(%|ms|s|m|h|usd|x)?", re.IGNORECASE)
_LONGEST: Final = 31 * 86400.0

A_DURATION: Final = "a duration such as 30s, 5m, 1h, 1d, at most 31d"


def seconds(value: Any) -> float:
    """A duration; a number is seconds. Raises `ValueError` with what would be accepted."""
    found = _DURATION.fullmatch(value.strip()) if isinstance(value, str) else None
    if found is not None:
        return _bounded(float(found[1]) * _SECONDS[found[2].lower()])
    try:
        if isinstance(value, bool):
            raise ValueError
        return _bounded(float(value))
    except (TypeError, ValueError, OverflowError):
        raise ValueError(A_DURATION) from None


def _bounded(found: float) -> float:
    if not 0 <= found <= _LONGEST:
        raise ValueError(A_DURATION)
    return found


def length(value: Any) -> Length:
    """Of a window. Raises `ValueError` with what would be accepted."""
    if isinstance(value, Length):
        return value
    calls = _CALLS.fullmatch(value.strip()) if isinstance(value, str) else None
    try:
        found = Length(float(int(calls[1])), calls=True) if calls is not None else Length(seconds(value))
    except ValueError:
        found = Length(0.0)
    if not (10 if found.calls else 1) <= found.size <= (1_000_000 if found.calls else _LONGEST):
        raise ValueError("a duration such as 5m or 1h, from 1s to 31d, or so many calls: 1000 calls, from 10")
    return found


def target(value: Any, unit: str) -> float:
    """In seconds, USD, or as a part of 1 or a factor. Raises `ValueError` with what would be accepted."""
    found = _TARGET.fullmatch(value.strip()) if isinstance(value, str) else None
    if found is not None:
        mark = (found[2] or ("usd" if value.strip().startswith("$") else "")).lower()
        if mark and mark not in _MARKS[unit]:
            raise ValueError(_TARGETS[unit])
        return round(float(found[1]) * _MARKS[unit].get(mark, 1.0), 12)  # 99.9 % is 0.999
    try:
        number = float("nan") if isinstance(value, (bool, str)) else float(value)
    except (TypeError, ValueError, OverflowError):
        number = float("nan")
    if not isfinite(number):
        raise ValueError(_TARGETS[unit])
    return number


_MARKS: Final = {
    "s": {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0},
    "1": {"%": 0.01},
    "usd": {"usd": 1.0},
    "x": {"x": 1.0},
}
_TARGETS: Final = {
    "s": "a time such as 800ms, 5s or 5",
    "1": "a part such as 1% or 0.01",
    "usd": "USD, such as $200 or 200",
    "x": "a factor such as 2x or 2",
}


def said(number: float, unit: str) -> str:
    """A value as people read it: `5.2 s`, `1.5 %`."""
    if unit == "s":
        return f"{number * 1000:.4g} ms" if number < 1 else f"{number:.4g} s"
    if unit == "1":
        return f"{number * 100:.4g} %"
    return f"${number:.4g}" if unit == "usd" else f"{number:.4g}x"


def said_length(found: Length) -> str:
    """`15m`, `1000 calls`."""
    if found.calls:
        return f"{found.size:.0f} calls"
    for unit in ("d", "h", "m"):
        if found.size >= _SECONDS[unit] and not found.size % _SECONDS[unit]:
            return f"{found.size / _SECONDS[unit]:.0f}{unit}"
    return f"{found.size:g}s"
