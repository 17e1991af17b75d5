"""What happens to budgets, counted for this process: plain numbers that a reader of metrics collects."""

from __future__ import annotations

import os
from collections import Counter
from threading import Lock
from typing import Final

_lock = Lock()

refusals: Final[Counter[str]] = Counter()
"""By limit."""
crossings: Final[Counter[tuple[str, int]]] = Counter()
"""By limit and threshold."""
unpriced: Final[Counter[str]] = Counter()
"""By provider: calls under a limit of money whose model has no price."""
unshared: Final[Counter[str]] = Counter()
"""By store: calls that were decided without it."""
failures: Final[Counter[str]] = Counter()
"""By store: how often it went away."""


def count_refusal(limit: str) -> None:
    _add(refusals, limit)


def count_crossing(limit: str, threshold: int) -> None:
    _add(crossings, (limit, threshold))


def count_unpriced(provider: str) -> None:
    _add(unpriced, provider)


def count_unshared(store: str) -> None:
    _add(unshared, store)


def count_failure(store: str) -> None:
    _add(failures, store)


def _begin_in_child() -> None:
    global _lock
    _lock = Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_begin_in_child)


def _add(counter: Counter[str] | Counter[tuple[str, int]], what: str | tuple[str, int]) -> None:
    with _lock:
        counter[what] += 1  # pyright: ignore[reportArgumentType, reportCallIssue]
