"""What is asked of Prometheus about the calls of one period, by the names that `genscope.ops` knows."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from genscope import semconv
from genscope.local.report.figures import Times, Total
from genscope.local.report.period import SECOND, Period
from genscope.local.report.prometheus import Prometheus
from genscope.local.report.summing import STOPPED, success_rate
from genscope.ops.prometheus_names import label_name
from genscope.ops.queries import A_FAULT, KIND, OF_INFERENCE, TOKEN_TYPE, Queries, summed

USER: Final = label_name(semconv.USER_ID)
JUDGE: Final = label_name(semconv.EVALUATION_NAME)
_PERCENTS: Final = (50, 95, 99)
_LEAST: Final = 0.5
"""Of a count that is worked out: less is none."""

Key = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Asking:
    """The questions of one period."""

    server: Prometheus
    queries: Queries
    period: Period
    rate: float | None
    """Units of the report's currency for a US dollar."""

    @property
    def window(self) -> str:
        return f"{max(round(self.period.seconds), 1)}s"

    def by(self, expr: str, labels: Iterable[str] = ()) -> dict[Key, float]:
        return {
            tuple(found.get(label, "") for label in labels): value
            for found, value in self.server.now(expr, self.period.until_ns)
        }

    def one(self, expr: str) -> float | None:
        return self.by(expr).get(())

    # --- by labels

    def calls(self, *by: str) -> dict[Key, float]:
        return self.by(self.queries.calls(self.window, by, "increase"), by)

    def faults(self, *by: str) -> dict[Key, float]:
        return self.by(self.queries.failures(self.window, by, A_FAULT, function="increase"), by)

    def kinds(self) -> dict[str, float]:
        found = self.by(self.queries.failures(self.window, [KIND], function="increase"), [KIND])
        return {kind: calls for (kind,), calls in found.items() if calls > _LEAST}

    def cost(self, *by: str) -> dict[Key, float]:
        if self.rate is None:
            return {}
        rate = self.rate
        return {key: cost * rate for key, cost in self.by(self.queries.cost(self.window, by), by).items()}

    def percentile(self, percent: int, *by: str) -> dict[Key, float]:
        return self.by(self.queries.duration(percent / 100, self.window, by), by)

    def duration(self) -> Times | None:
        metric, units = self.queries.metric("duration"), 1.0
        if self.queries.flavour == "legacy":
            metric, units = self.queries.metric("milliseconds"), 1000.0
        found = [self.percentile(percent).get(()) for percent in _PERCENTS]
        return self._times(metric, units, found)

    def first_chunk(self) -> Times | None:
        meaning = "time_to_first_token" if self.queries.flavour == "legacy" else "time_to_first_chunk"
        found = [self.one(self.queries.first_chunk(percent / 100, self.window, [])) for percent in _PERCENTS]
        return self._times(self.queries.metric(meaning), 1.0, found)

    def _times(self, metric: semconv.Metric, units: float, found: list[float | None]) -> Times | None:
        total, count = (
            self.one(summed(f"increase({self.queries.of_calls(metric, OF_INFERENCE, suffix=part)}[{self.window}])", []))
            for part in ("_sum", "_count")
        )
        return Times(count, total / count / units, *found) if total is not None and count else None

    def tokens(self) -> dict[Key, float]:
        return self.by(self.queries.tokens(self.window, [TOKEN_TYPE]), [TOKEN_TYPE])

    def total(self) -> Total:
        calls, kinds = self.calls().get((), 0.0), self.kinds()
        stopped = sum(kinds.get(kind, 0.0) for kind in STOPPED)
        failed = sum(kinds.values()) - stopped
        tokens = self.tokens()
        return Total(
            calls=calls,
            failed=failed,
            stopped=stopped,
            success_rate=success_rate(calls - stopped, failed),
            cost=self.cost().get(()),
            unpriced=self.one(self.queries.unpriced(self.window, [])) or 0.0,
            input_tokens=tokens.get(("input",)),
            output_tokens=tokens.get(("output",)),
            duration=self.duration(),
            first_token=self.first_chunk(),
        )

    def totals(self, name: str, *more: str) -> list[Total]:
        """By the label `name`, and by the provider if it is among `more`."""
        by = (name, *more)
        calls, faults, cost = self.calls(*by), self.faults(*by), self.cost(*by)
        p50, p95 = self.percentile(50, *by), self.percentile(95, *by)
        found: list[Total] = []
        for key, number in calls.items():
            if number < _LEAST:
                continue
            times = Times(number, 0.0, p50.get(key), p95.get(key), None) if key in p50 else None
            failed = faults.get(key, 0.0)
            found.append(
                Total(
                    key=key[0] or None,
                    provider=key[1] or None if more else None,
                    calls=number,
                    failed=failed,
                    success_rate=success_rate(number, failed),
                    cost=cost.get(key),
                    duration=times,
                )
            )
        return sorted(found, key=lambda one: (-(one.cost or 0), -one.calls, one.key or ""))

    def mean_scores(self, window: str) -> str:
        name = self.queries.series(semconv.EVALUATION_SCORES, suffix="_sum", scoped=False)
        count = self.queries.series(semconv.EVALUATION_SCORES, suffix="_count", scoped=False)
        of = (summed(f"increase({one}[{window}])", [JUDGE]) for one in (name, count))
        return " / ".join(f"({one} > 0)" if at else one for at, one in enumerate(of))

    def along(self, expr_of: str, labels: Iterable[str] = ()) -> dict[Key, list[float | None]]:
        """An expression for each piece of the trend; `WINDOW` in it is the length of the piece."""
        step, since, until = self.period.step_ns, self.period.since_ns, self.period.until_ns
        pieces, names = self.period.pieces, tuple(labels)
        found: dict[Key, list[float | None]] = {}

        def put(key: Key, at: int, value: float) -> None:
            found.setdefault(key, [None] * pieces)[at] = value

        whole = (until - since) // step
        if whole:
            expr = expr_of.replace("WINDOW", f"{step // SECOND}s")
            for one in self.server.along(expr, since + step, since + whole * step, step):
                for time, value in one.values.items():
                    at = round((time * SECOND - since) / step) - 1
                    if 0 <= at < pieces:
                        put(tuple(one.labels.get(name, "") for name in names), at, value)
        if whole < pieces:  # the last one is shorter
            expr = expr_of.replace("WINDOW", f"{max((until - since - whole * step) // SECOND, 1)}s")
            for labels_of, value in self.server.now(expr, until):
                put(tuple(labels_of.get(name, "") for name in names), pieces - 1, value)
        return found
