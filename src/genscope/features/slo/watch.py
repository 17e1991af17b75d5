"""Objectives over what has happened in this process: fed by calls, evaluated apart from them, told to sinks."""

from __future__ import annotations

import atexit
import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import datetime, timezone
from itertools import count
from math import isfinite
from threading import Lock
from time import monotonic, time
from typing import Any, Final, NamedTuple
from weakref import WeakValueDictionary

from genscope.core.operation import Operation
from genscope.core.pipeline import Faults
from genscope.features.slo.alerts import Alert, Sink
from genscope.features.slo.burn import Measured
from genscope.features.slo.measures import READING
from genscope.features.slo.objective import Objective
from genscope.features.slo.pulse import Pulse
from genscope.features.slo.samples import Sample, call_sample, score_sample
from genscope.features.slo.states import FIRING, State
from genscope.features.slo.tracking import Series, Tracker
from genscope.features.slo.windows import SLICES

MOST_SERIES: Final = 200
_MOST_WAITING: Final = 10_000
"""Samples between two evaluations: more are dropped, and counted."""
_ENOUGH: Final = 5_000
"""So many are evaluated before it is time."""

_PATIENCE: Final = 5.0
"""Seconds that an exit may take for it."""

WITHHELD: Final = "[WITHHELD]"
"""In place of what nobody can say of whether it may be seen."""

Readings = Callable[[], Iterable[tuple[str, float]]]
"""The limits of the budget, and which part of each is spent."""
Clean = Callable[[str], str]


class Standing(NamedTuple):
    """An objective for one scope; without any calls for none."""

    objective: Objective
    scope: Mapping[str, str | None]
    state: State
    measured: Measured
    value: float | None


class Watch:
    """Calls only leave a sample here. `evaluate` is for one thread of its own, which begins with the first sample."""

    def __init__(
        self,
        objectives: Sequence[Objective],
        sinks: Sequence[Sink] = (),
        *,
        most_series: int = MOST_SERIES,
        readings: Readings | None = None,
        clean: Clean = str,
        service: str | None = None,
        faults: Faults | None = None,
        clock: Callable[[], float] = monotonic,
        wall: Callable[[], float] = time,
        threaded: bool = True,
    ) -> None:
        """`clock` is what windows go by, in seconds; `wall` is for people. `clean` says what may be seen of a value."""
        self.objectives = tuple(objectives)
        self.sinks = tuple(sinks)
        self.clock = clock
        self._most_series = most_series
        self._readings = readings
        self._clean = clean
        self._service = service
        self._faults = faults or Faults()
        self._quiet = Faults()
        self._wall = wall
        self._threaded = threaded
        self._pulse = Pulse(self._beat, interval(self.objectives))
        self._begin()
        live[next(_numbers)] = self

    def _begin(self) -> None:
        self.told: dict[tuple[str, str], int] = {}
        """Alerts, by objective and severity."""
        self.dropped = 0
        """Samples that found no room."""
        self._waiting: deque[Sample] = deque()
        self._lock = Lock()
        self.trackers = [Tracker(objective, self._most_series) for objective in self.objectives]
        self._by_sort = {
            sort: [one for one in self.trackers if one.reads is sort and one.objective.row.form != READING]
            for sort in {one.reads for one in self.trackers}
        }
        self._read = [one for one in self.trackers if one.objective.row.form == READING]

    # --- on the path of calls

    def add(self, op: Operation) -> None:
        """A call has ended."""
        self._keep(call_sample(op, self.clock))

    def observe_score(self, judge: str, score: float, attributes: Any, trace_id: int = 0) -> None:
        """A judge has found what an answer is worth, from 0 to 1. `attributes` say of which call it was."""
        if isfinite(score):
            self._keep(score_sample(judge, min(max(float(score), 0.0), 1.0), attributes, trace_id, self.clock()))

    def _keep(self, sample: Sample) -> None:
        waiting = self._waiting
        if len(waiting) >= _ENOUGH:
            self._pulse.hurry()
            if len(waiting) >= _MOST_WAITING:
                self.dropped += 1
                return
        waiting.append(sample)
        if not self._pulse.running and self._threaded:
            self._start()

    def _start(self) -> None:
        for sink in self.sinks:
            sink.prepare()
        self._pulse.start()
        atexit.unregister(_finish)  # now, when there are providers: exit handlers run last in, first out
        atexit.register(_finish)

    # --- beside it

    def evaluate(self) -> Sequence[Alert]:
        """Take in what has come, hold it against the objectives, and tell. Returns what was told."""
        with self._lock:
            alerts = list(self._evaluated())
        for alert in alerts:
            key = (alert.name, alert.severity)
            self.told[key] = self.told.get(key, 0) + (alert.state == FIRING)
            for sink in self.sinks:
                try:
                    sink.tell(alert)
                except Exception as fault:
                    self._faults.report(f"{type(sink).__name__}.tell", fault)
        return alerts

    def _evaluated(self) -> Iterator[Alert]:
        for _ in range(len(self._waiting)):
            sample = self._waiting.popleft()
            for tracker in self._by_sort.get(type(sample), ()):
                try:
                    tracker.observe(sample)
                except Exception as fault:
                    self._faults.report("holding a call against an objective", fault)
        now = self.clock()
        self._look_up(now)
        for tracker in self.trackers:
            try:
                for series, before, said in tracker.evaluate(now):
                    yield self._alert(tracker.objective, series, before, said, now)
            except Exception as fault:
                self._faults.report(f"evaluating {tracker.objective.measure}", fault)

    def _look_up(self, now: float) -> None:
        if self._read and self._readings is not None:
            try:
                readings = list(self._readings())
            except Exception as fault:
                self._faults.report("looking up budgets", fault)
                return
            for tracker in self._read:
                tracker.read(readings, now)

    def _alert(self, objective: Objective, series: Series, before: State, said: str, now: float) -> Alert:
        since = series.state.since if said == FIRING else before.since
        return Alert(
            objective,
            said,
            {name: value and self._cleaned(value) for name, value in zip(objective.per, series.scope, strict=True)},
            series.track.value(),
            series.measured.burn_rate,
            series.measured.samples,
            datetime.fromtimestamp(self.moment(since), timezone.utc),
            datetime.fromtimestamp(self.moment(now), timezone.utc),
            series.cause,
            f"{series.trace_id:032x}" if series.trace_id else None,
            self._service,
        )

    def _cleaned(self, value: str) -> str:
        try:
            return self._clean(value)
        except Exception as fault:  # rules of the application's, or settings that cannot be followed
            self._faults.report("cleaning a name", fault)
            return WITHHELD

    def moment(self, at: float) -> float:
        """A reading of the clock, in seconds since the epoch."""
        return self._wall() - (self.clock() - at)

    def _beat(self) -> bool:
        """Whether there is anything left to watch."""
        try:
            self.evaluate()
        except BaseException as fault:  # a handler of the log may call `sys.exit`: this thread is nobody's to end
            with suppress(Exception):
                self._quiet.report("evaluating objectives", fault if isinstance(fault, Exception) else SystemError())
        return bool(self._waiting) or any(tracker.moves() for tracker in self.trackers)

    def standings(self, *, anew: bool = True) -> list[Standing]:
        """How everything stands: now, and then it is told as well, or when it was evaluated last."""
        if anew:
            self.evaluate()
        with self._lock:
            return [one for tracker in self.trackers for one in _standings(tracker, values=anew)]

    def flush(self, timeout: float) -> bool:
        """Have told what is to be told, in at most `timeout` seconds; True if done."""
        deadline = monotonic() + timeout
        self.evaluate()
        flushed = [sink.flush(max(0.0, deadline - monotonic())) for sink in self.sinks]  # each, whatever the others do
        return all(flushed)

    def retire(self) -> None:
        """It is used no more."""
        self._pulse.stop()
        for sink in self.sinks:
            sink.close()
        for number, watch in list(live.items()):
            if watch is self:
                del live[number]

    def begin_in_child(self) -> None:
        """What happened in the parent is the parent's to tell."""
        self._pulse.begin()
        self._begin()
        for sink in self.sinks:
            sink.begin()


def _standings(tracker: Tracker, values: bool) -> Iterator[Standing]:
    objective = tracker.objective
    if not tracker.series:
        yield Standing(objective, {}, State(), Measured(0, None, False), None)
    for series in tracker.series.values():
        scope = dict(zip(objective.per, series.scope, strict=True))
        yield Standing(objective, scope, series.state, series.measured, series.track.value() if values else None)


def interval(objectives: Iterable[Objective]) -> float:
    """Seconds between two evaluations: fine enough for the shortest window and wait, from 1 to 10."""
    lengths = [
        length.size / SLICES
        for objective in objectives
        for trigger in objective.triggers
        for length in (trigger.long, trigger.short)
        if length is not None and not length.calls
    ]
    waits = [objective.pace.after / 4 for objective in objectives if objective.pace.after]
    return max(1.0, min([*lengths, *waits, 10.0]))


_numbers = count()
live: WeakValueDictionary[int, Watch] = WeakValueDictionary()
"""Those there are, in the order in which they were made."""


def _finish() -> None:
    """The process ends: what is breached is told."""
    deadline = monotonic() + _PATIENCE
    for watch in list(live.values()):
        watch.flush(max(0.0, deadline - monotonic()))


def _in_child() -> None:
    for watch in list(live.values()):
        watch.begin_in_child()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_in_child)
