"""Asking a Prometheus, or what speaks as one (Thanos, Mimir, VictoriaMetrics), over HTTP."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http.client import HTTPException
from pathlib import Path
from typing import Any, Final, cast
from urllib.error import HTTPError
from urllib.parse import urlencode, urlsplit
from urllib.request import Request, urlopen

_TIMEOUT: Final = 60.0
_LARGEST: Final = 64 * 2**20
"""Bytes of an answer."""
_SECOND: Final = 10**9

Labels = tuple[str, ...]


class PrometheusError(Exception):
    """Why there is no answer, with where it was looked for."""


@dataclass(frozen=True, slots=True)
class Series:
    """Values by time, seconds since the epoch."""

    labels: Mapping[str, str]
    values: Mapping[float, float]


class Prometheus:
    def __init__(self, url: str, headers: Sequence[str] = ()) -> None:
        """`headers` as `NAME=VALUE`. Raises `ValueError` for what is no address, or no header."""
        try:
            parts = urlsplit(url.strip())
            known = parts.scheme in ("http", "https") and parts.hostname is not None and parts.port != 0
        except ValueError:  # a port that is no number
            parts, known = None, False
        if parts is None or not known or any(ord(character) <= 32 for character in url.strip()):
            raise ValueError(f"--prometheus {url!r}; accepted: an address, http://localhost:9090")
        if parts.username is not None:
            raise ValueError("--prometheus: no name and password in the address; --header Authorization=... has room")
        self.url = f"{parts.scheme}://{parts.netloc}{parts.path.rstrip('/')}"
        self._headers = dict(_header(one) for one in headers)

    def now(self, expr: str, at_ns: int) -> list[tuple[Mapping[str, str], float]]:
        """The vector that an expression comes to at a time; what is no number is left out."""
        found = self._ask("query", {"query": expr, "time": _time(at_ns)})
        return [(one["metric"], value) for one in found if math.isfinite(value := float(one["value"][1]))]

    def along(self, expr: str, since_ns: int, until_ns: int, step_ns: int) -> list[Series]:
        """The same at every step, both ends included."""
        asked = {"query": expr, "start": _time(since_ns), "end": _time(until_ns), "step": str(step_ns // _SECOND)}
        return [
            Series(
                one["metric"],
                {float(at): number for at, value in one["values"] if math.isfinite(number := float(value))},
            )
            for one in self._ask("query_range", asked)
        ]

    def _ask(self, what: str, form: Mapping[str, str]) -> list[Any]:
        asked = Request(f"{self.url}/api/v1/{what}", urlencode(form).encode(), self._headers)
        try:
            with urlopen(asked, timeout=_TIMEOUT) as answer:
                text = answer.read(_LARGEST + 1)
        except HTTPError as refused:
            with refused:
                raise PrometheusError(f"{self.url} answers {refused.code}: {_reason(refused)}") from refused
        except (OSError, HTTPException) as fault:
            raise PrometheusError(f"{self.url} cannot be asked: {fault}") from fault
        if len(text) > _LARGEST:
            raise PrometheusError(f"{self.url} answers more than {_LARGEST // 2**20} MB")
        return _result(self.url, text)


def _result(url: str, text: bytes) -> list[Any]:
    """Nothing of it is believed that has not the shape of https://prometheus.io/docs/prometheus/latest/querying/api/."""
    try:
        found: Any = json.loads(text)["data"]["result"]
        for one in cast("list[Any]", found):
            labels, numbers = one["metric"], one["values"] if "values" in one else [one["value"]]
            if not all(isinstance(value, str) for value in labels.values()):
                raise TypeError
            for at, number in numbers:
                _ = float(at), float(number)
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        raise PrometheusError(f"{url} is no Prometheus, or answers as none") from None
    return cast("list[Any]", found)


def _header(said: str) -> tuple[str, str]:
    name, equals, value = said.partition("=")
    if not (equals and name.strip() and value.strip()) or any(ord(character) < 32 for character in said):
        raise ValueError("--header; accepted: NAME=VALUE, Authorization=Bearer ..., or NAME=@FILE")
    if value.startswith("@"):
        try:
            value = Path(value[1:]).read_text("utf-8")
        except (OSError, UnicodeError) as fault:
            raise ValueError(f"--header {name}=@FILE cannot be read: {fault}") from None
        if any(ord(character) < 32 for character in value.strip()):
            raise ValueError(f"--header {name}=@FILE; accepted: a file with one line")
    return name.strip(), value.strip()


def _reason(refused: HTTPError) -> str:
    try:
        return str(json.loads(refused.read(100_000))["error"])[:500]
    except (OSError, HTTPException, ValueError, TypeError, KeyError):
        return refused.reason


def _time(time_ns: int) -> str:
    return f"{time_ns / _SECOND:.3f}"
