"""Windows of time by the calendar of a time zone: minutes, hours, days, months, and one that never ends.

Moments are seconds since the epoch. A window is known by its start, so that all processes with the same time zone mean
the same one.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta, timezone, tzinfo
from typing import Any, Final, NamedTuple
from zoneinfo import ZoneInfo


class Window(NamedTuple):
    """From `start` until before `end`, which is None for the window that never ends."""

    start: int
    end: int | None

    def holds(self, now: float) -> bool:
        return self.end is None or self.start <= now < self.end


Find = Callable[[float], Window]
"""The window in which a moment is."""

_SECONDS: Final = {"minute": 60, "hour": 3600}


def time_zone(name: Any) -> tzinfo:
    """By its IANA name; what is one already stays as it is. Raises `ValueError` for a name that is not known."""
    if isinstance(name, tzinfo):
        return name
    if str(name).strip().upper() in ("UTC", "Z", ""):  # without the data, which Windows lacks
        return timezone.utc
    try:
        return ZoneInfo(str(name).strip())
    except Exception:  # a directory, a path that leads out, no data at all: each has an exception of its own
        raise ValueError(
            f"{name!r} is no time zone that is known here; accepted: a name such as Europe/Berlin "
            "(on Windows these need the package tzdata)"
        ) from None


def windows(kind: str, zone: tzinfo) -> Find:
    """How to find the windows of a kind: minute, hour, day, month or total."""
    if kind == "total":
        for_ever = Window(0, None)
        return lambda now: for_ever
    if kind in _SECONDS:
        length = _SECONDS[kind]
        return lambda now: _clock_window(int(now // 1), length, zone)
    return lambda now: _calendar_window(int(now // 1), kind, zone)


def moment(epoch: float, zone: tzinfo) -> datetime:
    return datetime.fromtimestamp(epoch, zone)


def _clock_window(now: int, length: int, zone: tzinfo) -> Window:
    """A full minute or hour of the local clock: India's hours begin half an hour beside those of UTC."""
    offset = moment(now, zone).utcoffset()
    start = now - (now + (0 if offset is None else int(offset.total_seconds()))) % length
    return Window(start, start + length)


def _calendar_window(now: int, kind: str, zone: tzinfo) -> Window:
    """A day, whether it has 23, 24 or 25 hours, or a month: from the first moment of the one to that of the next."""
    today = moment(now, zone).replace(tzinfo=None, fold=0, hour=0, minute=0, second=0, microsecond=0)
    if kind == "day":
        first, following = today, today + timedelta(days=1)
    else:
        first = today.replace(day=1)
        following = (first + timedelta(days=32)).replace(day=1)
    return Window(_first_moment(first, zone), _first_moment(following, zone))


def _first_moment(day: datetime, zone: tzinfo) -> int:
    """Of a date. Where midnight does not exist, that is when the clocks were put forward; where twice, the earlier."""
    return int(day.replace(tzinfo=zone).timestamp())
