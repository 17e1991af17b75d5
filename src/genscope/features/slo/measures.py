"""What objectives may be about: how it is taken from a sample, in which unit, and which side of a target is bad."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from genscope.core.defects import DEFECTS
from genscope.core.errors import KINDS
from genscope.features.slo.samples import CallSample, ScoreSample

QUANTILE: Final = "quantile"
"""At most so many calls are slower: `p95 < 5s` allows five of a hundred."""
SHARE: Final = "share"
"""At most so many are bad."""
MEAN: Final = "mean"
AMOUNT: Final = "amount"
"""What is spent in a time."""
SPIKE: Final = "spike"
"""The last hour, as a multiple of one before."""
READING: Final = "reading"
"""Looked up, not made of samples."""

APPLICATIONS_OWN: Final = frozenset({"cancelled", "budget_exceeded"})
"""Kinds of failures that say nothing of a provider. Such calls do not count, unless an objective names the kind."""
ERRORS: Final = tuple(kind for kind in KINDS if kind not in APPLICATIONS_OWN)
UNUSABLE: Final = tuple(defect for defect in DEFECTS if defect != "truncated")
"""An answer that ends at the limit of tokens is often meant to."""

HOUR: Final = 3600.0
DAY: Final = 86400.0


@dataclass(frozen=True)
class Measure:
    """A row of the table."""

    form: str
    """QUANTILE, SHARE, MEAN, AMOUNT, SPIKE or READING."""
    unit: str
    """`s`, `1` (a part), `usd` or `x` (a factor)."""
    help: str
    number: Callable[[Any], float | None] | None = None
    """Of a sample; None where it does not count."""
    bad: Callable[[Any, frozenset[str]], bool | None] | None = None
    """Whether a sample is bad, by the words that count; None where it does not count."""
    of: Sequence[str] = ()
    """The words that may count."""
    usual: Sequence[str] = ()
    """Those that do if an objective does not say."""
    low: bool = False
    """Whether it is bad to be below the target."""
    reads: type[CallSample] | type[ScoreSample] = CallSample
    window: float = 900.0
    """Seconds, if an objective does not say, as the next."""
    after: float = 120.0
    per_seconds: float = 0.0
    """Of an AMOUNT: the time that the target is for."""


def _latency(sample: CallSample) -> float | None:
    """A timeout counts, for somebody has waited for it; other failures are no answers, and who leaves ends a stream."""
    return sample.duration if sample.kind in (None, "timeout") and sample.outcome != "abandoned" else None


def _first_token(sample: CallSample) -> float | None:
    return sample.first_token


def _dollars(sample: CallSample) -> float | None:
    return sample.dollars


def _tokens(sample: CallSample) -> float | None:
    return sample.tokens


def _score(sample: ScoreSample) -> float | None:
    return sample.score


def _counts(sample: CallSample, of: frozenset[str]) -> bool:
    return sample.kind not in APPLICATIONS_OWN or sample.kind in of


def _failed(sample: CallSample, of: frozenset[str]) -> bool | None:
    return sample.kind in of if _counts(sample, of) else None


def _defective(sample: CallSample, of: frozenset[str]) -> bool | None:
    return None if sample.kind is not None else not of.isdisjoint(sample.defects)


def _unsuccessful(sample: CallSample, of: frozenset[str]) -> bool | None:
    return sample.kind in of or not of.isdisjoint(sample.defects) if _counts(sample, of) else None


MEASURES: Final[Mapping[str, Measure]] = {
    "latency": Measure(QUANTILE, "s", "duration of calls that were answered or timed out", _latency),
    "latency_mean": Measure(MEAN, "s", "the same, on average", _latency),
    "ttft": Measure(QUANTILE, "s", "time from the request to the first token of a stream", _first_token),
    "error_rate": Measure(
        SHARE, "1", "part of calls that failed", bad=_failed, of=KINDS, usual=ERRORS, window=900.0, after=180.0
    ),
    "defect_rate": Measure(
        SHARE, "1", "part of answers with a defect", bad=_defective, of=DEFECTS, usual=DEFECTS, after=180.0
    ),
    "success_rate": Measure(
        SHARE,
        "1",
        "part of calls that did not fail and whose answer is of use",
        bad=_unsuccessful,
        of=(*KINDS, *DEFECTS),
        usual=(*ERRORS, *UNUSABLE),
        low=True,
        after=180.0,
    ),
    "cost_per_hour": Measure(AMOUNT, "usd", "USD spent in an hour", _dollars, window=HOUR, after=0.0, per_seconds=HOUR),
    "cost_per_day": Measure(AMOUNT, "usd", "USD spent in a day", _dollars, window=DAY, after=0.0, per_seconds=DAY),
    "budget_use": Measure(READING, "1", "part of a limit of the budget that is spent", after=300.0),
    "low_score_rate": Measure(
        SHARE, "1", "part of judged answers whose score is below 0.5", _score, reads=ScoreSample, window=DAY, after=0.0
    ),
    "quality_score": Measure(
        MEAN, "1", "mean score of judged answers", _score, low=True, reads=ScoreSample, window=DAY, after=0.0
    ),
    "token_spike": Measure(
        SPIKE, "x", "tokens of the last hour, over those of the same hour yesterday", _tokens, after=600.0
    ),
    "cost_spike": Measure(
        SPIKE, "x", "USD of the last hour, over the mean hour of the day before", _dollars, after=600.0
    ),
}
"""By name; a quantile has its percent at the end, `latency_p95`."""
