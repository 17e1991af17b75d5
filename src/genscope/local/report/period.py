"""Which time a report is about, and the pieces in which its trends are drawn."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Final

SECOND: Final = 10**9
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=timezone.utc)
_UNITS: Final = {"m": 60, "h": 3600, "d": 86_400, "w": 604_800}
_AGE: Final = re.compile(r"(\d{1,6})\s*([mhdw])")
_STEPS: Final = (60, 300, 900, 3600, 3 * 3600, 6 * 3600, 12 * 3600, 86_400, 7 * 86_400, 30 * 86_400, 365 * 86_400)
_PIECES: Final = 48
"""Of a trend, at most."""
_YEARS: Final = 100

AGE_ACCEPTED: Final = "a length of time: 30m, 12h, 7d, 4w"
TIME_ACCEPTED: Final = "a day or a time, 2026-11-01, 2026-11-01T09:30 (UTC), 2026-11-01T09:30+01:00, or now"
COMPARE_ACCEPTED: Final = "previous, none, how long before (7d, 4w), or FROM/TO"


@dataclass(frozen=True, slots=True)
class Period:
    """Nanoseconds since the epoch; the end is not included."""

    since_ns: int
    until_ns: int

    @property
    def seconds(self) -> float:
        return (self.until_ns - self.since_ns) / SECOND

    @property
    def step_ns(self) -> int:
        """The length of the pieces of a trend. The first begins with the period, the last one may be shorter."""
        return next((step for step in _STEPS if self.seconds <= step * _PIECES), _STEPS[-1]) * SECOND

    @property
    def pieces(self) -> int:
        return -(-(self.until_ns - self.since_ns) // self.step_ns)

    def earlier(self, ns: int) -> Period:
        return Period(self.since_ns - ns, self.until_ns - ns)


def chosen(since: str | None, until: str | None, last: str | None, now_ns: int) -> Period:
    """The period that options ask for. Raises `ValueError` for what cannot be, naming the option and what can."""
    if since is not None and last is not None:
        raise ValueError("--last and --from: one of the two says where the period begins")
    end = _read("--to", until, now_ns) if until is not None else now_ns
    begin = _read("--from", since, now_ns) if since is not None else end - _age("--last", last or "7d")
    return _checked(begin, end, "--from must be before --to")


def compared(said: str, period: Period) -> Period | None:
    """What it is compared with; None for nothing. Raises `ValueError`."""
    word = said.strip().lower()
    if word == "none":
        return None
    if word == "previous":
        return _checked(2 * period.since_ns - period.until_ns, period.since_ns, "--compare")
    if "/" in word:
        since, until = said.split("/", 1)
        begin = _read("--compare", since, period.until_ns, COMPARE_ACCEPTED)
        end = _read("--compare", until, period.until_ns, COMPARE_ACCEPTED)
        return _checked(begin, end, "--compare FROM/TO: the first must be before the second")
    return period.earlier(_age("--compare", word, COMPARE_ACCEPTED))


def iso(time_ns: int) -> str:
    """`2026-11-01T09:30:00Z`."""
    return moment(time_ns).strftime("%Y-%m-%dT%H:%M:%SZ")


def moment(time_ns: int) -> datetime:
    """In UTC, as all of a report."""
    return _EPOCH + timedelta(seconds=time_ns // SECOND)


def _age(option: str, said: str, accepted: str = AGE_ACCEPTED) -> int:
    found = _AGE.fullmatch(said.strip().lower())
    seconds = int(found[1]) * _UNITS[found[2]] if found else 0
    if not 0 < seconds <= _YEARS * 365 * 86_400:
        raise ValueError(f"{option} {said!r}; accepted: {accepted}")
    return seconds * SECOND


def _read(option: str, said: str, now_ns: int, accepted: str = TIME_ACCEPTED) -> int:
    text = said.strip()
    if text.lower() == "now":
        return now_ns
    try:
        found = datetime.fromisoformat(text[:-1] + "+00:00" if text[-1:] in "zZ" else text)
        at = found if found.tzinfo is not None else found.replace(tzinfo=timezone.utc)
        return int((at - _EPOCH).total_seconds()) * SECOND
    except (ValueError, OverflowError):
        raise ValueError(f"{option} {said!r}; accepted: {accepted}") from None


def _checked(begin: int, end: int, otherwise: str) -> Period:
    if begin >= end:
        raise ValueError(otherwise)
    if begin < 0:
        raise ValueError(f"{otherwise}: it begins before 1970")
    return Period(begin, end)
