"""How every objective stands, for endpoints that say how a service is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Final

from genscope.features.slo.objective import Objective
from genscope.features.slo.states import OK
from genscope.features.slo.watch import Standing, Watch, live

UNKNOWN: Final = "unknown"


@dataclass(frozen=True)
class Status:
    """An objective now, for one value of its scope."""

    objective: Objective
    state: str
    """`ok`, `pending`, `firing`; `unknown` while there are too few samples."""
    scope: Mapping[str, str | None]
    value: float | None
    """In seconds, USD, as a part of 1 or a factor."""
    burn_rate: float | None
    """How many times what is allowed; above 1 it is breached, or above the factor of its burn rate."""
    samples: int
    """In the window."""
    since: datetime | None
    """When the breach began that is pending or firing."""

    @property
    def name(self) -> str:
        return self.objective.name


def status() -> list[Status]:
    """All objectives in the order they are declared, and of each the scopes that this process has had calls of."""
    return [_status(watch, one) for watch in list(live.values()) for one in watch.standings()]


def state_of(one: Standing) -> str:
    known = one.measured.burn_rate is not None or one.state.phase != OK
    return one.state.phase if known else UNKNOWN


def _status(watch: Watch, one: Standing) -> Status:
    return Status(
        one.objective,
        state_of(one),
        one.scope,
        one.value,
        one.measured.burn_rate,
        one.measured.samples,
        None if one.state.phase == OK else datetime.fromtimestamp(watch.moment(one.state.since), timezone.utc),
    )
