"""Made-up series for the examples of rules, under the names that the rules ask for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from genscope.ops.queries import DEFECT, ERROR_TYPE, KIND, MODEL, OPERATION, PROVIDER, SERVICE, TOKEN_TYPE, Queries
from genscope.ops.rule import Example, Series
from genscope.ops.thresholds import Thresholds, seconds
from genscope.semconv import ATTEMPTS, DEFECTS, Metric

_NONE: Final[Mapping[str, str]] = {}
_STEPS_OF_WINDOW = 5
_LONGEST_STEP = 60
"""Seconds. Prometheus takes a series that says nothing for five minutes for gone."""
CALL = {SERVICE: "shop", OPERATION: "chat", PROVIDER: "openai", MODEL: "gpt-4o-mini"}
SERVER = {SERVICE: "shop", "instance": "shop:9464"}


@dataclass(frozen=True)
class Samples:
    """Amounts are for one step, a fifth of the window or less."""

    queries: Queries
    thresholds: Thresholds

    @property
    def enough(self) -> float:
        """Of calls, twice over: even in one step."""
        return 2 * self.thresholds.minimum_calls

    @property
    def few(self) -> float:
        """Of calls: half of what is needed in a window."""
        return self.few_in(self.thresholds.window)

    def few_in(self, duration: str) -> float:
        """The same for another window."""
        return self.thresholds.minimum_calls / self.steps(duration) / 2

    @property
    def step(self) -> float:
        """Seconds."""
        return min(seconds(self.thresholds.window) / _STEPS_OF_WINDOW, _LONGEST_STEP)

    def steps(self, duration: str) -> int:
        return max(1, round(seconds(duration) / self.step))

    def example(self, hold: str, *series: tuple[Series, ...], after: int = 0) -> Example:
        """Looked at when the condition has had time to hold, after two windows; `after` is when the trouble begins."""
        held = self.steps(self.thresholds.hold or hold)
        return Example(
            tuple(one for some in series for one in some), after + 2 * self.steps(self.thresholds.window) + held + 2
        )

    # --- series

    def counter(self, metric: Metric, step: float, labels: Mapping[str, str] = _NONE) -> tuple[Series, ...]:
        return (grows(named(self.queries.name(metric), {**CALL, **labels}), step),)

    def gauge(self, metric: Metric, value: float, labels: Mapping[str, str] = _NONE) -> tuple[Series, ...]:
        return (Series(named(self.queries.name(metric), labels), value),)

    def histogram(
        self, metric: Metric, step: float, value: float, labels: Mapping[str, str] = _NONE
    ) -> tuple[Series, ...]:
        """So many measurements of one value in each step."""
        name, own = self.queries.name(metric), {**CALL, **labels}
        bounds = [*((f"{bound:.12g}", value <= bound) for bound in metric.buckets or ()), ("+Inf", True)]
        return (
            *(grows(named(f"{name}_bucket", {**own, "le": le}), step * within) for le, within in bounds),
            grows(named(f"{name}_count", own), step),
            grows(named(f"{name}_sum", own), step * value),
        )

    def calls(self, step: float, took: float = 0.5, labels: Mapping[str, str] = _NONE) -> tuple[Series, ...]:
        """Calls that took so many seconds."""
        legacy = self.queries.flavour == "legacy"
        metric = self.queries.metric("milliseconds" if legacy else "duration")
        return self.histogram(metric, step, took * 1000 if legacy else took, labels)

    def streams(self, step: float, waited: float) -> tuple[Series, ...]:
        legacy = self.queries.flavour == "legacy"
        metric = self.queries.metric("time_to_first_token" if legacy else "time_to_first_chunk")
        return self.histogram(metric, step, waited)

    def failed_calls(self, step: float, part: float, kind: str = "server_error") -> tuple[Series, ...]:
        """Calls, of which this part fails."""
        failed = self.counter(self.queries.metric("errors"), step * part, {KIND: kind})
        return (*self.calls(step), *failed)

    def failed_attempts(self, step: float, part: float, kind: str) -> tuple[Series, ...]:
        """The same for HTTP attempts."""
        return (*self.counter(ATTEMPTS, step * (1 - part)), *self.counter(ATTEMPTS, step * part, {KIND: kind}))

    def defects(self, step: float, defect: str) -> tuple[Series, ...]:
        return self.counter(DEFECTS, step, {DEFECT: defect})

    def failed(self, metric: Metric, step: float, labels: Mapping[str, str]) -> tuple[Series, ...]:
        """Measurements of what ended in an error."""
        return self.histogram(metric, step, 0.5, {ERROR_TYPE: "TimeoutError", **labels})

    def tokens_by_day(self, yesterday: float, today: float) -> tuple[Series, ...]:
        """Tokens in a step, a day ago and now."""
        if self.queries.flavour == "gen_ai_latest_experimental":
            name, labels = self.queries.name(self.queries.metric("input_tokens")), CALL
        else:
            name, labels = f"{self.queries.name(self.queries.metric('tokens'))}_sum", {**CALL, TOKEN_TYPE: "input"}
        return (self._by_day(named(name, labels), yesterday, today),)

    def cost_by_day(self, yesterday: float, today: float) -> tuple[Series, ...]:
        """The same of US dollars."""
        return (self._by_day(named(self.queries.name(self.queries.metric("cost")), CALL), yesterday, today),)

    def _by_day(self, series: str, yesterday: float, today: float) -> Series:
        """For three hours each, with the time between them left out: nothing asks for it."""
        day, hours = self.steps("1d"), self.steps("3h")
        before = f"0+{yesterday:.12g}x{hours} _x{day - 2 * hours}"
        return Series(series, values=f"{before} {yesterday * hours + today:.12g}+{today:.12g}x{2 * hours}")

    def cost_jump(self, usual: float, now: float) -> tuple[Series, ...]:
        """US dollars in a step, all day until `today` begins, and then."""
        until, hours = self.steps("1d") - self.steps("3h"), self.steps("6h")
        values = f"0+{usual:.12g}x{until} {usual * until + now:.12g}+{now:.12g}x{hours}"
        return (Series(named(self.queries.name(self.queries.metric("cost")), CALL), values=values),)

    def after_a_day(self) -> int:
        """Steps until a day after the first hour: `today` has begun three hours ago."""
        return self.steps("1d") + self.steps("1h")

    def soon_today(self) -> int:
        """Steps until `today` has lasted the better part of an hour."""
        return self.steps("1d") - self.steps("3h") + self.steps("50m") - 2 * self.steps(self.thresholds.window)


def named(name: str, labels: Mapping[str, str]) -> str:
    matchers = ",".join(f'{label}="{value}"' for label, value in labels.items())
    return f"{name}{{{matchers}}}"


def grows(series: str, step: float) -> Series:
    return Series(series, growth=step)
