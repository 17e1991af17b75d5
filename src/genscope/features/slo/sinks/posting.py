"""Sending JSON to a URL, again if that may help, and for no longer than it is of use."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from email.utils import parsedate_to_datetime
from http.client import HTTPException
from math import isfinite
from random import random
from time import monotonic, sleep, time
from typing import Final, NamedTuple
from urllib.parse import urlsplit

from genscope.features.slo.sinks.sending import send

logger = logging.getLogger("genscope.slo")

_FIRST_WAIT: Final = 1.0
_LONGEST_WAIT: Final = 30.0
_NO_ANSWER: Final = 0


class Patience(NamedTuple):
    """Seconds."""

    attempt: float = 10.0
    """For an answer."""
    whole: float = 120.0
    """For all attempts together."""


class Clock(NamedTuple):
    """What time is taken from."""

    now: Callable[[], float] = monotonic
    wall: Callable[[], float] = time
    sleep: Callable[[float], object] = sleep


USUAL: Final = Patience()
CLOCK: Final = Clock()


class Answer(NamedTuple):
    status: int
    """0 where there was none."""
    retry_after: float | None = None


def post(
    url: str,
    body: bytes,
    headers: Callable[[], Mapping[str, str]],
    patience: Patience = USUAL,
    clock: Clock = CLOCK,
) -> bool:
    """Whether it was taken. Other instrumentations do not trace it. `headers` are made for each attempt."""
    deadline = clock.now() + patience.whole
    wait = _FIRST_WAIT
    host = host_of(url)
    if host is None:
        return False
    while True:
        left = deadline - clock.now()
        answer = _attempt(url, body, headers(), max(0.1, min(patience.attempt, left)), clock)
        if 200 <= answer.status < 300:
            return True
        pause = answer.retry_after if answer.retry_after is not None else wait * (0.5 + random() / 2)
        if not _may_help(answer.status) or clock.now() + pause >= deadline:
            why = f"HTTP {answer.status}" if answer.status else "no answer"
            logger.warning("genscope: an alert could not be delivered to %s (%s)", host, why)
            return False
        clock.sleep(pause)
        wait = min(wait * 2, _LONGEST_WAIT)


def _may_help(status: int) -> bool:
    return status in (_NO_ANSWER, 408, 429) or status >= 500


def _attempt(url: str, body: bytes, headers: Mapping[str, str], timeout: float, clock: Clock) -> Answer:
    try:
        status, said = send(url, body, headers, timeout)
    except (OSError, HTTPException, ValueError):  # no connection, no answer in time, no HTTP
        return Answer(_NO_ANSWER)
    return Answer(status, _retry_after(said, clock))


def _retry_after(value: str | None, clock: Clock) -> float | None:
    """Seconds, said as such or as a date."""
    if value is None:
        return None
    try:
        seconds = float(value)
    except ValueError:
        try:
            seconds = parsedate_to_datetime(value).timestamp() - clock.wall()
        except (TypeError, ValueError, OverflowError):
            return None
    return max(0.0, seconds) if isfinite(seconds) else None


def host_of(url: str) -> str | None:
    """What may be said of an address, for the rest may be a secret. None if nothing can be sent there."""
    try:
        parts = urlsplit(url)
        usable = parts.scheme in ("http", "https") and parts.port != 0 and parts.username is None
        return parts.hostname if usable else None
    except ValueError:  # no port, no host
        return None
