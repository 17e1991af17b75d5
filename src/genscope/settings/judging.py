"""The options of judging: which answers are judged, by whom, and at what cost."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from genscope.settings.option import option
from genscope.settings.values import judge_client, judges, limit, limits, ratio, seconds, text


@dataclass(frozen=True)
class JudgingOptions:
    """Quality"""

    judge_sample_ratio: float = option(
        "GENSCOPE_JUDGE_SAMPLE_RATIO",
        ratio,
        0.0,
        "Part of all traces whose answers are judged in the background, from 0 to 1; `0.05` is a good one.",
    )
    judges: tuple[Any, ...] = option(
        "GENSCOPE_JUDGES",
        judges,
        ("faithfulness", "relevance", "safety"),
        "By whom: names of judges and of checks, or `package.module:attribute`; by keyword also objects and functions.",
    )
    judge_model: str | None = option(
        "GENSCOPE_JUDGE_MODEL",
        text,
        None,
        "The model that judges, and the SDK that calls it, `openai/gpt-4o-mini`; with a client the model alone.",
    )
    judge_client: Any = option(
        "GENSCOPE_JUDGE_CLIENT",
        judge_client,
        None,
        "Your own client of an SDK, or a function that is given a prompt and returns the answer: "
        "`package.module:attribute`.",
    )
    judge_budget: Any = option(
        "GENSCOPE_JUDGE_BUDGET",
        limits,
        "1 usd/day",
        "What judging in the background may cost, as in `budget`; no other limit is charged with it.",
    )
    judge_timeout: float = option(
        "GENSCOPE_JUDGE_TIMEOUT",
        seconds,
        30.0,
        "Seconds that a judge may take.",
    )
    judge_queue_size: int = option(
        "GENSCOPE_JUDGE_QUEUE_SIZE",
        limit,
        100,
        "Answers that may wait to be judged; those that come while there are so many are not.",
    )
    judge_baseline: str | None = option(
        "GENSCOPE_JUDGE_BASELINE",
        text,
        None,
        "An SQLite file in which it is kept what scores are usual; without it a restart forgets them.",
    )
