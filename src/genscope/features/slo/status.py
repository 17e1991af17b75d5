"""How every objective stands, for endpoints that say how a service is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Final

from genscope.features.slo.objective import Objective
from genscope.features.slo.states import OK
from genscope.features.slo.tracking import Series
from genscope.features.slo.watch import Watch, live

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
    return [_status(watch, *one) for watch in list(live.values()) for one in watch.series()]


def _status(watch: Watch, objective: Objective, series: Series | None) -> Status:
    if series is None:
        return Status(objective, UNKNOWN, {}, None, None, 0, None)
    state, measured = series.state, series.measured
    known = measured.burn_rate is not None or state.phase != OK
    return Status(
        objective,
        state.phase if known else UNKNOWN,
        dict(zip(objective.per, series.scope, strict=True)),
        measured.value,
        measured.burn_rate,
        measured.samples,
        None if state.phase == OK else datetime.fromtimestamp(watch.moment(state.since), timezone.utc),
    )
