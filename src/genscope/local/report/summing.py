"""Calls added up: by model, by user, by piece of time. Rows in, sums out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final, TypeVar

from genscope import semconv
from genscope.local.report.figures import Piece, Times, Total
from genscope.local.report.money import Spent
from genscope.local.report.period import SECOND, Period, iso
from genscope.local.store.columns import JUDGING
from genscope.local.store.reporting import CallRow
from genscope.local.store.totals import percentiles

STOPPED: Final = ("budget_exceeded", "cancelled")
"""Kinds of errors that the application wanted: no success, and nothing that anybody could mend."""

Key = tuple[str | None, str | None]
"""Provider and name; the provider is None where it does not tell anything apart."""

GroupKey = TypeVar("GroupKey")


class Sum:
    """Grows by one call at a time. `rates` are units of the report's currency by currency of a cost."""

    __slots__ = (
        *("calls", "cost", "durations", "failed", "failed_cost", "foreign", "input_tokens", "output_tokens"),
        *("priced", "rates", "retried", "retries", "stopped", "ttfts", "unpriced"),
    )

    def __init__(self, rates: Mapping[str, float]) -> None:
        self.rates = rates
        self.calls = self.failed = self.stopped = 0
        self.input_tokens = self.output_tokens = 0
        self.retried = self.retries = 0
        self.cost = self.failed_cost = 0.0
        self.priced = self.unpriced = 0
        self.foreign: Counter[str] = Counter()
        self.durations: list[int] = []
        self.ttfts: list[int] = []

    def add(self, row: CallRow, timed: bool = True) -> None:
        """`timed` is false for a call whose duration is no measure for the others."""
        self.calls += 1
        stopped = row.error_kind in STOPPED
        if row.failed:
            if stopped:
                self.stopped += 1
            else:
                self.failed += 1
        if row.cost is not None:
            self._spend(row.cost, row.currency or "", row.failed)
        elif not row.failed:
            self.unpriced += 1
        if row.input_tokens is not None and row.input_tokens > 0:
            self.input_tokens += row.input_tokens
        if row.output_tokens is not None and row.output_tokens > 0:
            self.output_tokens += row.output_tokens
        if row.retries:
            self.retried += 1
            self.retries += row.retries
        if timed and not stopped:
            self.durations.append(row.duration_ns)
            if row.ttft_ns is not None:
                self.ttfts.append(row.ttft_ns)

    def _spend(self, cost: float, currency: str, failed: int) -> None:
        rate = self.rates.get(currency)
        if rate is None:
            self.foreign[currency] += 1
            return
        self.priced += 1
        self.cost += cost * rate
        if failed:
            self.failed_cost += cost * rate

    def total(self, key: str | None = None, provider: str | None = None) -> Total:
        return Total(
            key=key,
            provider=provider,
            calls=self.calls,
            failed=self.failed,
            stopped=self.stopped,
            success_rate=success_rate(self.calls - self.stopped, self.failed),
            cost=self.cost if self.priced else None,
            unpriced=self.unpriced,
            input_tokens=self.input_tokens,
            output_tokens=self.output_tokens,
            duration=times(self.durations),
            first_token=times(self.ttfts),
        )


@dataclass(slots=True)
class Sums:
    """All that one pass over the calls of a period adds up."""

    period: Period
    rates: Mapping[str, float]
    whole: Sum = field(init=False)
    judging: Sum = field(init=False)
    pieces: dict[int, Sum] = field(default_factory=dict[int, Sum])
    models: dict[Key, Sum] = field(default_factory=dict[Key, Sum])
    users: dict[Key, Sum] = field(default_factory=dict[Key, Sum])
    workflows: dict[Key, Sum] = field(default_factory=dict[Key, Sum])
    services: dict[Key, Sum] = field(default_factory=dict[Key, Sum])
    kinds: Counter[str] = field(default_factory=Counter[str])

    def __post_init__(self) -> None:
        self.whole, self.judging = Sum(self.rates), Sum(self.rates)

    def add(self, rows: Iterable[CallRow], spent: Spent | None = None) -> Sums:
        """`spent` takes the tokens of each, for who wants to price them otherwise."""
        since, step = self.period.since_ns, self.period.step_ns
        for row in rows:
            if row.purpose == JUDGING:
                self.judging.add(row)
                continue
            timed = row.operation in semconv.INFERENCE
            self.whole.add(row, timed)
            self._of(self.pieces, (row.start_ns - since) // step).add(row, timed)
            self._of(self.models, (row.provider, row.model)).add(row)
            self._of(self.users, (None, row.user)).add(row, timed)
            self._of(self.workflows, (None, row.workflow)).add(row, timed)
            self._of(self.services, (None, row.service)).add(row, timed)
            if row.failed:
                self.kinds[row.error_kind or "unknown"] += 1
            if spent is not None:
                spent.add(row, self.rates)
        return self

    def _of(self, sums: dict[GroupKey, Sum], key: GroupKey) -> Sum:
        found = sums.get(key)
        if found is None:
            found = sums[key] = Sum(self.rates)
        return found

    def trend(self) -> list[Piece]:
        """Every piece, those without a call too."""
        empty = Sum(self.rates)
        found: list[Piece] = []
        for number in range(self.period.pieces):
            total = self.pieces.get(number, empty).total()
            p50, p95 = (total.duration.p50, total.duration.p95) if total.duration else (None, None)
            start = iso(self.period.since_ns + number * self.period.step_ns)
            found.append(Piece(start, total.calls, total.failed, total.cost, p50, p95))
        return found


def success_rate(calls: float, failed: float) -> float | None:
    """Of calls that were not stopped; None where there was none."""
    return max(0.0, 1 - failed / calls) if calls > 0 else None


def times(durations_ns: list[int]) -> Times | None:
    """Percentiles by nearest rank: each is a duration that has been measured."""
    found = percentiles(durations_ns)
    if found is None:
        return None
    mean = sum(durations_ns) / len(durations_ns)
    return Times(len(durations_ns), *(one / SECOND for one in (mean, found.p50, found.p95, found.p99)))


REST: Final = "..."
"""Key of what is left beside the largest."""


def largest(sums: Mapping[Key, Sum], most: int) -> list[Total]:
    """Those first that cost most, or were called most; the rest together under the key `...`."""
    ordered = sorted(sums.items(), key=lambda item: (-item[1].cost, -item[1].calls, item[0][1] or "", item[0][0] or ""))
    found = [one.total(name, provider) for (provider, name), one in ordered[:most]]
    if len(ordered) > most:
        rest = merged(one for _, one in ordered[most:])
        found.append(rest.total(REST))
    return found


def merged(sums: Iterable[Sum]) -> Sum:
    """All of them as one."""
    found = Sum({})
    for one in sums:
        for name in _ADDED:
            total = getattr(found, name)
            total += getattr(one, name)
            setattr(found, name, total)
    return found


_ADDED: Final = tuple(name for name in Sum.__slots__ if name != "rates")
