"""What is said of baselines: the usual scores as a metric, and a fall in words and as attributes."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any, Final

from opentelemetry.metrics import Observation

from genscope import semconv
from genscope.features.judge.baseline import Baseline, Baselines, Drift

logger = logging.getLogger("genscope")

_MOST: Final = 200
"""Baselines that are observed: those that were used last."""

Attributes = dict[str, Any]


def usual(baselines: Callable[[], Baselines | None]) -> Iterator[Observation]:
    """What is usual, where enough is known of it."""
    found = baselines()
    for one in () if found is None else found.known()[-_MOST:]:
        if one.settled:
            yield Observation(one.mean, attributes_of(one))


def say(fall: Drift) -> None:
    """In the log."""
    with suppress(Exception):  # a handler of the application's may have faults of its own
        logger.warning(
            "genscope: scores of %s by the judge %s have fallen from %.2f to %.2f, over %d answers",
            fall.model or "a model that is not named",
            fall.judge,
            fall.before,
            fall.now,
            fall.samples,
        )


def attributes_of(known: Drift | Baseline) -> Attributes:
    """Whose scores they are."""
    named = {
        semconv.EVALUATION_NAME: known.judge,
        semconv.REQUEST_MODEL: known.model,
        semconv.REQUEST["prompt_name"]: known.prompt_name,
    }
    return {name: value for name, value in named.items() if value is not None}


def amounts_of(fall: Drift) -> Attributes:
    """How far they have fallen."""
    return {
        semconv.DRIFT_BEFORE: fall.before,
        semconv.DRIFT_NOW: fall.now,
        semconv.DRIFT_SAMPLES: fall.samples,
    }
