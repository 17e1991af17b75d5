"""One objective at work: its series, a limited number of them, fed with samples and held against the target."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from math import isfinite
from typing import Final, Protocol

from genscope.features.slo.anomalies import Spike
from genscope.features.slo.burn import Measured, Windows
from genscope.features.slo.measures import MEAN, QUANTILE, READING, SHARE, SPIKE
from genscope.features.slo.objective import Objective
from genscope.features.slo.samples import CallSample, Sample, ScoreSample
from genscope.features.slo.states import OK, State, step
from genscope.features.slo.windows import PER_UNIT, Taken

OTHER: Final = "_other"
"""The value of every scope of the one series that all that come too late share."""

Scope = tuple["str | None", ...]


class Track(Protocol):
    """What is remembered of the samples of a series.

    It is `empty` when nothing is; it `moves` while time alone may change how it stands. `value` is that of the moment
    it was measured last, in the unit of the target, and None while too little is known.
    """

    def add(self, at: float, taken: Taken) -> None: ...
    def empty(self) -> bool: ...
    def moves(self) -> bool: ...
    def measured(self, at: float) -> Measured: ...
    def value(self) -> float | None: ...


class Series:
    """An objective for one scope."""

    __slots__ = ("cause", "measured", "scope", "seen", "state", "trace_id", "track")

    def __init__(self, scope: Scope, track: Track) -> None:
        self.scope = scope
        self.track = track
        self.measured = Measured(0, None, False)
        """When it was looked at last."""
        self.state = State()
        self.seen = 0.0
        """When it had its last sample."""
        self.cause: str | None = None
        """Kind of failure, or defect, of the last bad sample."""
        self.trace_id = 0
        """Of that sample."""


Change = tuple[Series, State, str]
"""A series, the state in which it was, and what is to be told: firing or resolved."""


class Tracker:
    """Not for many threads at once."""

    def __init__(self, objective: Objective, most: int) -> None:
        self.objective = objective
        self.series: dict[Scope, Series] = {}
        self.others = 0
        """Samples that had to share a series."""
        self.reads = objective.row.reads
        self._most = most
        self._take = taking(objective)

    def observe(self, sample: Sample) -> None:
        objective = self.objective
        if objective.where and not objective.fits(sample._asdict()):
            return
        taken = self._take(sample)
        if taken is not None:
            series = self._of(tuple(getattr(sample, name) for name in objective.per))
            series.track.add(sample.at, taken)
            series.seen = sample.at
            if taken.bad:
                series.trace_id = sample.trace_id or series.trace_id
                if isinstance(sample, CallSample):
                    series.cause = sample.kind or next(iter(sample.defects), None)

    def read(self, readings: Iterable[tuple[str, float]], at: float) -> None:
        """Of a measure that is looked up: the part of each limit that is spent. Without a scope the highest counts."""
        found = [(limit, used) for limit, used in readings if self.objective.fits({"limit": limit})]
        if found and not self.objective.per:
            found = [("", max(used for _, used in found))]
        for limit, used in found:
            series = self._of((limit,) if self.objective.per else ())
            series.track.add(at, Taken(False, round(used * PER_UNIT)))
            series.seen = at

    def evaluate(self, at: float) -> Iterator[Change]:
        """What is to be told now. A series with nothing left to tell of is let go."""
        for scope, series in list(self.series.items()):
            series.measured = series.track.measured(at)
            before = series.state
            series.state, said = step(before, series.measured.breached, at, self.objective.pace)
            if said is not None:
                yield series, before, said
            if series.state.phase == OK and self._is_over(series, at):
                del self.series[scope]

    def moves(self) -> bool:
        """Whether it must be looked at again though there may be no more calls."""
        return any(series.state.phase != OK or series.track.moves() for series in self.series.values())

    def _is_over(self, series: Series, at: float) -> bool:
        """Of a window of calls nothing ever falls out by itself. Who is in a cooldown is remembered until it ends."""
        told_at = series.state.told_at
        if told_at is not None and at - told_at < self.objective.pace.cooldown:
            return False
        return series.track.empty() or at - series.seen > _FORGOTTEN

    def _of(self, scope: Scope) -> Series:
        series = self.series.get(scope)
        if series is None:
            if len(self.series) >= self._most:
                scope = (OTHER,) * len(scope)
                self.others += 1
            series = self.series.get(scope) or self.series.setdefault(scope, Series(scope, self._new_track()))
        return series

    def _new_track(self) -> Track:
        of = {SPIKE: Spike, READING: Reading}.get(self.objective.row.form, Windows)
        return of(self.objective)


_FORGOTTEN: Final = 31 * 86400.0


class Reading:
    """The last value that was looked up."""

    def __init__(self, objective: Objective) -> None:
        self._objective = objective
        self._value: float | None = None
        self._at = 0.0

    def add(self, at: float, taken: Taken) -> None:
        self._value = taken.amount / PER_UNIT
        self._at = at

    def empty(self) -> bool:
        return self._value is None

    def moves(self) -> bool:
        return False

    def measured(self, at: float) -> Measured:
        if at > self._at:  # the limit is gone: its window has ended, or the budget is another one
            self._value = None
        if self._value is None:
            return Measured(0, None, False)
        rate = self._value / self._objective.target
        return Measured(1, rate, rate > 1)

    def value(self) -> float | None:
        return self._value


def taking(objective: Objective) -> Callable[[Sample], Taken | None]:
    """What an objective takes from a sample; None where that does not count."""
    row, target, of = objective.row, objective.target, frozenset(objective.of or objective.row.usual)
    number, bad = row.number, row.bad

    def take(sample: Sample) -> Taken | None:
        if isinstance(sample, ScoreSample) and of and sample.judge not in of:
            return None
        if bad is not None:
            found = bad(sample, of)
            return None if found is None else Taken(found)
        value = None if number is None else number(sample)
        if value is None or not isfinite(value):
            return None
        if row.form == QUANTILE:
            return Taken(value > target, 0, value)
        if row.form == SHARE:
            return Taken(value < objective.below)
        late = (value < target) == row.low if row.form == MEAN else False
        return Taken(late, round(value * PER_UNIT))

    return take
