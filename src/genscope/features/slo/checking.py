"""What an objective says, as it may be written, and what that means. `ValueError` says what would be accepted."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from math import ceil
from typing import Any, Final, cast

from genscope.features.slo import quantities
from genscope.features.slo.measures import MEAN, MEASURES, QUANTILE, READING, SHARE, SPIKE, Measure
from genscope.features.slo.samples import LIMIT, SCOPES, ScoreSample
from genscope.features.slo.windows import SLICES, Length

Where = Mapping[str, tuple[str, ...]]
"""Patterns by scope."""
Rows = tuple[tuple[float, Length, Length], ...]
"""Of burn rates: how many times what is allowed, over a long window and a short one."""

SRE: Final = ((14.4, "1h", "5m"), (6, "6h", "30m"))
"""Two and five percent of what a month allows. https://sre.google/workbook/alerting-on-slos/"""

_QUANTILE: Final = re.compile(r"(\w+?)_p(\d{1,2}(?:\.\d+)?)", re.ASCII)
NAMES: Final = ", ".join(f"{name}_p95" if one.form == QUANTILE else name for name, one in MEASURES.items())


def measure(name: Any) -> tuple[Measure, float]:
    """The row of the table, and the quantile that is meant, 0 for what is none."""
    text = str(name).strip().lower()
    found = _QUANTILE.fullmatch(text)
    row = MEASURES.get(text if found is None else found[1])
    if row is None or (row.form == QUANTILE) != (found is not None):
        raise ValueError(f"measure is {name!r}; accepted: {NAMES}, quantiles from p1 to p99.9")
    part = 0.0 if found is None else float(found[2]) / 100
    if found is not None and not 0 < part < 1:
        raise ValueError(f"measure is {name!r}; accepted: a quantile from p1 to p99.9")
    return row, part


def target(value: Any, row: Measure) -> float:
    try:
        found = quantities.target(value, row.unit)
    except ValueError as accepted:
        raise ValueError(f"target is {value!r}; accepted: {accepted}") from None
    if found <= 0 or (row.form == SHARE and found >= 1) or (row.low and found >= 1):
        raise ValueError(f"target is {value!r}; accepted: more than 0{'' if row.unit != '1' else ' and less than 1'}")
    if row.form == SPIKE and found <= 1:
        raise ValueError(f"target is {value!r}; accepted: a factor of more than 1")
    return found


def names(value: Any, what: str, accepted: Sequence[str]) -> tuple[str, ...]:
    """A list of words; any at all where `accepted` names none."""
    items: Any = [part for part in value.split(",") if part.strip()] if isinstance(value, str) else value
    if not isinstance(items, Iterable) or isinstance(items, (bytes, Mapping)):
        raise ValueError(
            f"{what} is {value!r}; accepted: a list such as [{accepted[0] if accepted else 'faithfulness'}]"
        )
    found = tuple(dict.fromkeys(str(item).strip() for item in cast("Iterable[Any]", items)))
    wrong = [one for one in found if accepted and one not in accepted]
    if wrong:
        raise ValueError(f"{what} is {', '.join(wrong)}; accepted: {', '.join(accepted)}")
    return found


def words_that_count(value: Any, row: Measure) -> tuple[str, ...]:
    if not row.of and row.reads is not ScoreSample and names(value, "of", ()):
        raise ValueError("of says nothing here; accepted: for rates of errors, defects, successes, and for scores")
    return names(value, "of", row.of)


def scopes(value: Any, row: Measure) -> tuple[str, ...]:
    return names(value, "per", (LIMIT,) if row.form == READING else tuple(SCOPES))


def where(value: Any, row: Measure) -> Where:
    accepted = (LIMIT,) if row.form == READING else tuple(SCOPES)
    if not isinstance(value, Mapping):
        raise ValueError(f"for is {value!r}; accepted: a mapping of {', '.join(accepted)} to patterns")
    said = cast("Mapping[Any, Any]", value)
    names([str(name) for name in said], "for", accepted)
    found: dict[str, tuple[str, ...]] = {}
    for name, patterns in said.items():
        listed = [patterns] if isinstance(patterns, str) else patterns
        if not isinstance(listed, Collection) or not listed or isinstance(listed, (bytes, Mapping)):
            raise ValueError(f"for {name} is {patterns!r}; accepted: a pattern such as gpt-4o*, or a list of them")
        found[str(name)] = tuple(str(one) for one in cast("Collection[Any]", listed))
    return found


def duration(value: Any, what: str) -> float:
    try:
        return quantities.seconds(value)
    except ValueError as accepted:
        raise ValueError(f"{what} is {value!r}; accepted: {accepted}") from None


def window(value: Any, row: Measure) -> Length:
    if value is None:
        return Length(row.window)
    if row.form in (SPIKE, READING):
        raise ValueError("has no window: accepted: none")
    return _length(value, "window")


def _length(value: Any, what: str) -> Length:
    try:
        return quantities.length(value)
    except ValueError as accepted:
        raise ValueError(f"{what} is {value!r}; accepted: {accepted}") from None


def burn_rates(value: Any, row: Measure, allowed: float) -> Rows:
    """Empty for the target itself."""
    if value is None:
        return ()
    accepted = "sre, or rows of a factor, a long and a short window: [[14.4, 1h, 5m], [6, 6h, 30m]]"
    if row.form not in (QUANTILE, SHARE):
        raise ValueError("burn says nothing here; accepted: for quantiles and rates")
    said: Any = SRE if isinstance(value, str) and value.strip().lower() == "sre" else value
    found: list[tuple[float, Length, Length]] = []
    try:
        for factor, long, short in said:
            found.append((float(factor), quantities.length(long), quantities.length(short)))
    except (TypeError, ValueError):
        raise ValueError(f"burn is {value!r}; accepted: {accepted}") from None
    for factor, long, short in found:
        if long.calls or short.calls or short.size >= long.size or not factor > 0:
            raise ValueError(f"burn is {value!r}; accepted: {accepted}, the second one shorter")
        if factor * allowed >= 1:
            raise ValueError(
                f"a burn rate of {factor:g} can never be reached: it would take more than all calls; "
                f"accepted: less than {1 / allowed:g}"
            )
    return tuple(found)


def fewest(value: Any, length: Length, row: Measure, allowed: float) -> int:
    """Samples that say something: by default so many that a single bad one is no more than what is allowed."""
    if value is None:
        found = (
            max(_FEWEST, int(-(-1 // allowed))) if row.form in (QUANTILE, SHARE) else _FEWEST if row.form == MEAN else 1
        )
    elif isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= 1_000_000:
        raise ValueError(f"min_samples is {value!r}; accepted: a whole number from 1 to 1000000")
    else:
        found = value
    room = int(length.size) - ceil(length.size / SLICES)
    if length.calls and found > room:
        raise ValueError(
            f"needs {found} samples, and a window of {length.size:.0f} calls has {room}; "
            "accepted: a longer one, or fewer min_samples"
        )
    return found


def one_of(value: Any, what: str, accepted: Sequence[str]) -> str:
    text = str(value).strip().lower()
    if text not in accepted:
        raise ValueError(f"{what} is {value!r}; accepted: {', '.join(accepted)}")
    return text


def part_of_one(value: Any, what: str) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 < value <= 1:
        raise ValueError(f"{what} is {value!r}; accepted: a number, more than 0 and at most 1")
    return float(value)


_FEWEST: Final = 20
