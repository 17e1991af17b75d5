"""What is asked for: the parameters of a question, looked at before anybody answers."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, Final

from starlette.datastructures import QueryParams

from genscope.local.store.filters import Filters

_LONGEST: Final = 1000
"""Characters of a parameter."""
_AGES: Final = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}
_AGE: Final = re.compile(r"(\d{1,6})([smhdw])")

_TIMES: Final = {"since": "since_ns", "until": "until_ns"}
_SWITCHES: Final = ("failed",)
_TEXTS: Final = tuple(
    field.name for field in fields(Filters) if field.name not in (*_TIMES.values(), *_SWITCHES, "trace_id", "span_id")
)
FILTERS: Final = (*_TIMES, *_SWITCHES, *_TEXTS)


@dataclass(frozen=True)
class Asked:
    """The parameters of a question, and the variable parts of its path. What they cannot be is a `ValueError`."""

    said: Mapping[str, str]
    path: Mapping[str, Any]

    def number(self, name: str, allowed: range, otherwise: int) -> int:
        said = self.said.get(name)
        if said is None:
            return otherwise
        if not (said.isascii() and said.isdigit() and len(said) < 10 and int(said) in allowed):
            raise ValueError(f"{name}={said}: accepted is a whole number from {allowed[0]} to {allowed[-1]}")
        return int(said)

    def required(self, name: str) -> str:
        if not self.said.get(name):
            raise ValueError(f"{name} is missing")
        return self.said[name]

    def filters(self) -> Filters:
        texts: dict[str, Any] = {name: self.said[name] for name in _TEXTS if self.said.get(name)}
        switches: dict[str, Any] = {name: _switch(name, self.said.get(name, "false")) for name in _SWITCHES}
        times: dict[str, Any] = {
            field: _time(name, self.said[name]) for name, field in _TIMES.items() if self.said.get(name)
        }
        return Filters(**texts, **times, **switches)


def parameters(query: QueryParams, known: Sequence[str]) -> dict[str, str]:
    """Each once. Raises `ValueError` for one that is not known: a filter that is not heard would show too much."""
    for name in query:
        if name not in known:
            raise ValueError(f"{name[:40]!r} is no parameter here; accepted: {', '.join(known) or 'none'}")
        if len(query.getlist(name)) > 1:
            raise ValueError(f"{name} is there twice")
        if len(query[name]) > _LONGEST or "\0" in query[name]:
            raise ValueError(f"{name} is no text of at most {_LONGEST} characters")
    return dict(query)


def _time(name: str, said: str) -> int:
    """Nanoseconds since the epoch; an age is counted back from now."""
    if said.isascii() and said.isdigit() and len(said) < 20 and int(said) < 2**63:
        return int(said)
    if age := _AGE.fullmatch(said):
        return time.time_ns() - int(age[1]) * _AGES[age[2]] * 10**9
    raise ValueError(f"{name}={said}: accepted are nanoseconds since 1970, and ages such as 15m, 24h or 7d")


def _switch(name: str, said: str) -> bool:
    if said not in ("true", "false"):
        raise ValueError(f"{name}={said}: accepted are true and false")
    return said == "true"
