"""The recording rules: what several alerts ask for, and what is dear to ask for."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from genscope import semconv
from genscope.ops.prometheus_names import label_name
from genscope.ops.queries import MODEL, PROVIDER, SERVICE, Queries, summed
from genscope.ops.rule import Record
from genscope.ops.thresholds import Thresholds

BY_MODEL = (SERVICE, PROVIDER, MODEL)
JUDGE = label_name(semconv.EVALUATION_NAME)
BY_JUDGE = (SERVICE, JUDGE, MODEL)
JUDGED_WINDOW = "1h"
"""Only a sample of the answers is judged: in minutes there are too few."""


@dataclass(frozen=True)
class Records:
    """Named as Prometheus advises: what it is of, what it is, over which time."""

    queries: Queries
    thresholds: Thresholds

    def _of(self, name: str, expr: str) -> Record:
        return Record(f"genscope:{name}", expr)

    @cached_property
    def calls(self) -> Record:
        window = self.thresholds.window
        return self._of(f"calls:increase{window}", self.queries.calls(window, BY_MODEL, "increase"))

    def error_ratio(self, window: str) -> Record:
        return self._of(f"error_ratio:rate{window}", self.queries.error_ratio(window, [SERVICE]))

    def duration(self, percent: int) -> Record:
        window = self.thresholds.window
        expr = self.queries.duration(percent / 100, window, BY_MODEL)
        return self._of(f"duration_seconds:p{percent}_{window}", expr)

    @cached_property
    def first_chunk(self) -> Record:
        window = self.thresholds.window
        return self._of(f"first_chunk_seconds:p95_{window}", self.queries.first_chunk(0.95, window, BY_MODEL))

    @cached_property
    def tokens(self) -> Record:
        return self._of("tokens:increase1h", self.queries.tokens("1h", [SERVICE]))

    @cached_property
    def cost(self) -> Record:
        return self._of("cost_usd:increase1h", self.queries.cost("1h", [SERVICE]))

    @cached_property
    def daily_cost(self) -> Record:
        return self._of("cost_usd:increase1d", self.queries.cost("1d", [SERVICE]))

    @cached_property
    def score(self) -> Record:
        name = self.queries.name(semconv.EVALUATION_SCORES)
        total, count = (summed(f"rate({name}_{part}[{JUDGED_WINDOW}])", BY_JUDGE) for part in ("sum", "count"))
        return self._of(f"evaluation_score:mean{JUDGED_WINDOW}", f"{total} / ({count} > 0)")

    def all(self) -> list[Record]:
        """Each once, however many ask for it."""
        windows = (self.thresholds.window, "5m", "30m", "1h", "2h", "6h", "1d")
        found = (
            self.calls,
            *(self.error_ratio(window) for window in windows),
            *(self.duration(percent) for percent in (50, 95, 99)),
            self.first_chunk,
            self.tokens,
            self.cost,
            self.daily_cost,
            self.score,
        )
        return list({record.name: record for record in found}.values())
