"""What an operator may set: each once, with its default, its unit and what is accepted."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field, fields
from typing import Any, Final

from genscope.semconv import DURATION_BUCKETS

_DURATION: Final = re.compile(r"([1-9]\d*)(s|m|h|d)")
_SECONDS: Final = {"s": 1, "m": 60, "h": 3600, "d": 86400}


def seconds(duration: str) -> int:
    """`5m` is 300. Raises `ValueError` for what is no such duration."""
    found = _DURATION.fullmatch(duration)
    if found is None:
        raise ValueError("a number and one of s, m, h, d: 5m")
    return int(found[1]) * _SECONDS[found[2]]


def _number(least: float, most: float = float("inf"), unit: str = "") -> Callable[[Any], float]:
    accepted = f"a number{unit}, over {least:.12g}" + ("" if most == float("inf") else f" and up to {most:.12g}")

    def read(value: Any) -> float:
        try:
            found = float(value)
        except (TypeError, ValueError):
            raise ValueError(accepted) from None
        if not least < found <= most:  # what is no number at all (nan) neither
            raise ValueError(accepted)
        return found

    return read


def _duration(value: Any) -> str:
    seconds(str(value))
    return str(value)


def _option(default: Any, read: Callable[[Any], Any], help: str) -> Any:
    return field(default=default, metadata={"read": read, "help": help})


# A quantile is never over the last bound of its histogram: a rule that waits for that would wait for ever.
_LATENCY: Final = _number(0, DURATION_BUCKETS[-1] - 0.01, " of seconds")
_SHARE: Final = _number(0, 0.9999, ", a part of 1")
_POSITIVE: Final = _number(0, 1e12)
_FACTOR: Final = _number(1, 1e6)


@dataclass(frozen=True)
class Thresholds:
    """When to alert."""

    latency_p50: float = _option(2.0, _LATENCY, "Seconds that half of the calls may take.")
    latency_p95: float = _option(5.0, _LATENCY, "Seconds that 95 % of the calls may take.")
    latency_p99: float = _option(10.0, _LATENCY, "Seconds that 99 % of the calls may take.")
    first_chunk_p95: float = _option(
        1.0, _number(0, 9.9, " of seconds"), "Seconds to the first chunk of 95 % of streams."
    )
    error_ratio: float = _option(0.05, _SHARE, "Part of the calls that may fail.")
    success_objective: float = _option(
        0.99, _number(0.5, 0.99999, ", a part of 1"), "Part of the calls that is to succeed."
    )
    rate_limited_ratio: float = _option(0.1, _SHARE, "Part of the attempts that a rate limit may refuse.")
    unavailable_ratio: float = _option(0.2, _SHARE, "Part of the attempts that may meet no answer or an overload.")
    retry_ratio: float = _option(0.2, _SHARE, "Part of the attempts that may fail, whatever becomes of the call.")
    defect_ratio: float = _option(0.05, _SHARE, "Part of the answers that may be empty, cut off or no JSON.")
    tool_error_ratio: float = _option(0.2, _SHARE, "Part of the executions of a tool that may fail.")
    tokens_factor: float = _option(2.0, _FACTOR, "Times the tokens of the same hour yesterday.")
    tokens_minimum: float = _option(100_000.0, _POSITIVE, "Tokens in an hour below which there is no alert about them.")
    cost_factor: float = _option(2.0, _FACTOR, "Times the cost of the same hour yesterday.")
    cost_spike_factor: float = _option(5.0, _FACTOR, "Times the cost of an average hour of the last day.")
    cost_minimum: float = _option(1.0, _POSITIVE, "US dollars in an hour below which there is no alert about cost.")
    daily_spend: float = _option(200.0, _POSITIVE, "US dollars that a service may spend in 24 hours.")
    budget_warning: float = _option(0.8, _SHARE, "Part of a budget, and of the daily spend, that may be used up.")
    refusal_ratio: float = _option(0.05, _SHARE, "Part of the answers that may be refusals.")
    hallucination_ratio: float = _option(0.05, _SHARE, "Part of the judged answers that may be unfaithful.")
    score_drop: float = _option(0.1, _SHARE, "How far the mean of scores may be under what is usual.")
    score_minimum: float = _option(0.6, _SHARE, "The lowest mean of scores, whatever is usual.")
    minimum_calls: float = _option(
        20.0, _POSITIVE, "Calls (attempts, verdicts) in a window below which ratios mean nothing."
    )
    window: str = _option("5m", _duration, "Time over which rates and quantiles are taken.")
    hold: str = _option(
        "", lambda value: _duration(value) if value else "", "How long a condition must last, for all alerts."
    )
    interval: str = _option("30s", _duration, "How often rules are evaluated.")

    def __post_init__(self) -> None:
        """Raises `ValueError` that names the option and what is accepted."""
        for option in fields(self):
            try:
                object.__setattr__(self, option.name, option.metadata["read"](getattr(self, option.name)))
            except ValueError as accepted:
                said = getattr(self, option.name)
                raise ValueError(f"--{option.name.replace('_', '-')}={said!r}; accepted: {accepted}") from None
