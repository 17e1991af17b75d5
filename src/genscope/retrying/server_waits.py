"""How long a server asks to be left alone: what the headers of the answer say that an exception carries.

https://www.rfc-editor.org/rfc/rfc9110#field.retry-after, and the headers of the providers:
https://platform.openai.com/docs/guides/rate-limits#rate-limits-in-headers.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from typing import Any, Final

from genscope.retrying import clock

_LIMITS: Final = ("", "-requests", "-tokens")
_DURATION: Final = re.compile(r"(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+(?:\.\d+)?)s)?(?:(\d+(?:\.\d+)?)ms)?", re.ASCII)
_SECONDS: Final = (86_400, 3_600, 60, 1, 0.001)
_EPOCH: Final = 10**9
"""What is larger is no duration but a moment, in seconds since 1970; or, a thousand times that, in milliseconds."""


def asked_wait(error: BaseException, kind: str) -> float | None:
    """Seconds, more than 0; None if the server does not say. Never raises, whatever the exception is like."""
    try:
        headers = _headers(error)
        found = _retry_after(headers)
        if found is None and kind == "rate_limit":
            found = _reset(headers)
        return found
    except Exception:  # the headers are whatever the SDK reads with
        return None


def forbids_retry(error: BaseException) -> bool:
    """Whether the server says that the request is not to be repeated, by the header that the SDKs obey."""
    try:
        return _headers(error).get("x-should-retry") == "false"
    except Exception:
        return False


def _headers(error: BaseException) -> Mapping[str, str]:
    """By name in lower case."""
    found: Any = getattr(getattr(error, "response", None), "headers", None) or getattr(error, "headers", None) or {}
    return {str(name).lower(): str(value).strip() for name, value in found.items()}


def _retry_after(headers: Mapping[str, str]) -> float | None:
    for name, per_second in (("retry-after-ms", 1000), ("retry-after", 1)):
        number = _number(headers.get(name))
        if number is not None:
            return _positive(number / per_second)
    moment = _moment(headers.get("retry-after"))
    if moment is None:
        return None
    sent = _moment(headers.get("date"))  # by the same clock; ours may be off
    return _positive(moment - (clock.now() if sent is None else sent))


def _reset(headers: Mapping[str, str]) -> float | None:
    """When there is room again: of the limits that are used up, the one for which it takes longest."""
    waits = [
        _duration(headers.get(f"x-ratelimit-reset{limit}"))
        for limit in _LIMITS
        if not (_number(headers.get(f"x-ratelimit-remaining{limit}")) or 0) > 0
    ]
    return _positive(max((wait for wait in waits if wait is not None), default=0))


def _duration(text: str | None) -> float | None:
    """`6m0s`, `20ms`, `1.5`, or a moment as a number."""
    number = _number(text)
    if number is not None:
        if number < _EPOCH:
            return number
        return (number if number < _EPOCH * 1000 else number / 1000) - clock.now()
    parts = _DURATION.fullmatch(text or "")
    if parts is None:
        return None
    return sum(float(part) * unit for part, unit in zip(parts.groups(), _SECONDS, strict=True) if part)


def _number(text: str | None) -> float | None:
    try:
        return None if text is None else float(text)
    except ValueError:
        return None


def _moment(text: str | None) -> float | None:
    """Of a date as HTTP writes it, in seconds since the epoch."""
    try:
        return None if text is None else parsedate_to_datetime(text).timestamp()
    except (TypeError, ValueError, OverflowError):
        return None


def _positive(seconds: float) -> float | None:
    """0 and what is over already say nothing about when to come back."""
    return seconds if seconds > 0 else None
