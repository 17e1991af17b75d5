"""An objective as it is declared: what is measured, what is promised, and when it is told that it does not hold."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any, Final, NamedTuple

from genscope.features.slo import checking
from genscope.features.slo.measures import QUANTILE, SHARE, Measure
from genscope.features.slo.quantities import said, said_length
from genscope.features.slo.states import Pace
from genscope.features.slo.windows import Length

SEVERITIES: Final = ("critical", "warning", "info")
_LONGEST_NAME: Final = 120


class Trigger(NamedTuple):
    """Breached if so many times what is allowed was used up over the long window, and over the short one still."""

    factor: float
    long: Length
    short: Length | None = None


@dataclass(frozen=True, init=False)
class Objective:
    """What shall hold. `Objective("latency_p95", "5s", per=["model"])`"""

    measure: str
    target: float
    """Seconds, USD, a part of 1 or a factor."""
    of: tuple[str, ...]
    per: tuple[str, ...]
    where: checking.Where
    window: Length
    burn: checking.Rows
    min_samples: int
    after: float
    keep: float
    cooldown: float
    severity: str
    below: float
    name: str
    row: Measure = field(init=False, repr=False, compare=False)
    quantile: float = field(init=False, repr=False, compare=False)
    allowed: float = field(init=False, repr=False, compare=False)
    """What a burn rate of 1 stands for: the part of calls that may be bad, or else the target."""

    def __init__(
        self,
        measure: str,
        target: float | str,
        *,
        of: Any = (),
        per: Any = (),
        where: Mapping[str, Any] | None = None,
        window: Any = None,
        burn: Any = None,
        min_samples: int | None = None,
        after: Any = None,
        keep: Any = "5m",
        cooldown: Any = "15m",
        severity: str = "warning",
        below: float = 0.5,
        name: str = "",
    ) -> None:
        """Raises `ValueError` for what cannot be promised or measured. Durations are texts (`5m`) or seconds.

        measure      a name of the table `MEASURES`, of a quantile with its percent: `latency_p95`
        target       the most, or of what is better the more the least: `5s`, `1%`, `$200`
        of           kinds of errors, defects or judges that count; the usual ones if it is empty
        per          held for each `provider`, `model`, `operation`, `workflow` by itself
        where        only calls with these values, each a pattern or a list of them: `{"model": "gpt-4o*"}`
        window       what is looked at: `15m`, or `1000 calls`
        burn         `sre`, or rows of a factor, a long and a short window, instead of the target over the window
        min_samples  fewer say nothing; by default so many that a single bad one is no breach
        after        so long it is breached before that is told
        keep         so long it holds again before that is told
        cooldown     between two times that the same is told
        severity     critical, warning, info
        below        of `low_score_rate`: the score that is low
        name         what it is called, on metrics too; by default made of the rest
        """
        row, quantile = checking.measure(measure)
        wanted = checking.target(target, row)
        allowed = 1 - quantile if row.form == QUANTILE else 1 - wanted if row.low else wanted
        rows = checking.burn_rates(burn, row, allowed)
        length = checking.window(window, row)
        fewest = checking.fewest(min_samples, length, row, allowed)
        usual = 0.0 if rows else row.after  # a burn rate has waited already: for its long window
        self.__dict__.update(
            measure=str(measure).strip().lower(),
            target=wanted,
            of=checking.words_that_count(of, row),
            per=checking.scopes(per, row),
            where=checking.where(where or {}, row),
            window=length,
            burn=rows,
            min_samples=fewest,
            after=usual if after is None else checking.duration(after, "after"),
            keep=checking.duration(keep, "keep"),
            cooldown=checking.duration(cooldown, "cooldown"),
            severity=checking.one_of(severity, "severity", SEVERITIES),
            below=checking.part_of_one(below, "below"),
            row=row,
            quantile=quantile,
            allowed=allowed,
        )
        named = str(name).strip() or str(self)
        if len(named) > _LONGEST_NAME and str(name).strip():
            raise ValueError(f"name has {len(named)} characters; accepted: at most {_LONGEST_NAME}")
        self.__dict__["name"] = named[:_LONGEST_NAME]

    def __hash__(self) -> int:
        return hash((self.name, self.measure, self.target))

    def __str__(self) -> str:
        """`latency_p95 < 5 s over 15m per model for provider=openai`"""
        of = f" of {', '.join(self.of)}" if self.of else ""
        per = f" per {', '.join(self.per)}" if self.per else ""
        pairs = ", ".join(f"{name}={'|'.join(patterns)}" for name, patterns in self.where.items())
        return (
            f"{self.measure}{of} {'>' if self.row.low else '<'} {said(self.target, self.row.unit)}"
            f"{self._over()}{per}{f' for {pairs}' if pairs else ''}"
        )

    def _over(self) -> str:
        if self.burn:
            return f" by burn rate over {', '.join(said_length(long) for _, long, _ in self.burn)}"
        return f" over {said_length(self.window)}" if self.row.form in (QUANTILE, SHARE) else ""

    @property
    def triggers(self) -> tuple[Trigger, ...]:
        return tuple(Trigger(*row) for row in self.burn) or (Trigger(1.0, self.window),)

    @property
    def pace(self) -> Pace:
        return Pace(self.after, self.keep, self.cooldown)

    def fits(self, scope: Mapping[str, str | None]) -> bool:
        """Whether it is about calls with these values."""
        return all(
            any(fnmatchcase(scope.get(name) or "", pattern) for pattern in patterns)
            for name, patterns in self.where.items()
        )
