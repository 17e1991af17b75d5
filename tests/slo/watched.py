"""A watch whose clock stands still until a test moves it, and records of calls."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from genscope.core.operation import Cost, Failure, Operation, Usage
from genscope.features.slo.alerts import Alert
from genscope.features.slo.declaring import declared
from genscope.features.slo.objective import Objective
from genscope.features.slo.watch import Watch

DAWN = 1_700_000_000.0
"""The wall clock at 0 of the other one."""


class Ears:
    """A sink that remembers."""

    def __init__(self) -> None:
        self.alerts: list[Alert] = []

    def tell(self, alert: Alert) -> None:
        self.alerts.append(alert)

    def prepare(self) -> None:
        return

    def flush(self, timeout: float) -> bool:
        return True

    def begin(self) -> None:
        self.alerts.clear()

    def close(self) -> None:
        return


class Watched:
    """`calls`, then `at` a later moment: what was told by then."""

    def __init__(self, objectives: Any, **options: Any) -> None:
        found = declared(objectives)
        assert found.problems == ()
        self.now = 0.0
        self.ears = Ears()
        usual = {"clock": lambda: self.now, "wall": lambda: DAWN + self.now, "threaded": False, "sinks": [self.ears]}
        self.watch = Watch(found.objectives, **{**usual, **options})

    @property
    def objective(self) -> Objective:
        return self.watch.objectives[0]

    def calls(self, count: int = 1, **what: Any) -> None:
        for _ in range(count):
            self.watch.add(call(**what))

    def scores(self, *scores: float, judge: str = "faithfulness", **attributes: Any) -> None:
        for score in scores:
            self.watch.observe_score(judge, score, attributes)

    def evaluate(self) -> Sequence[Alert]:
        return self.watch.evaluate()

    def after(self, seconds: float, each: float = 10.0, **what: Any) -> list[str]:
        """Evaluate every so many seconds, with a call each time if one is described: the states that are told."""
        told: list[str] = []
        end = self.now + seconds
        while self.now < end:
            self.now += each
            if what:
                self.calls(**what)
            told += [alert.state for alert in self.evaluate()]
        return told

    def state(self, number: int = 0) -> str:
        self.evaluate()
        (series,) = self.watch.trackers[number].series.values()
        return series.state.phase


class Around:
    def workflow_name(self) -> str:
        return "answer questions"


def call(
    seconds: float = 0.5,
    *,
    kind: str | None = None,
    defects: tuple[str, ...] = (),
    model: str | None = "gpt-4o",
    provider: str = "openai",
    name: str = "chat",
    first_token: float | None = None,
    outcome: str | None = None,
    dollars: float | None = None,
    currency: str = "USD",
    tokens: int | None = None,
    workflow: bool = False,
) -> Operation:
    op = Operation(name, provider, None, None, outcome is not None)
    op.model, op.outcome, op.defects = model, outcome, defects
    op.duration = seconds
    if kind is not None:
        op.failure = Failure(kind, kind, False)
    if first_token is not None:
        op.first_token = op.started + first_token
    if dollars is not None:
        op.cost = Cost(dollars, currency, "table")
    if tokens is not None:
        op.usage = Usage()
        op.usage.input_tokens, op.usage.output_tokens = tokens, 0
    if workflow:
        around: Any = Around()
        op.surroundings = around
    return op
