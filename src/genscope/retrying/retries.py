"""`genscope.retry`: the same thing again, after a while.

The loop, the sleep and the backoff are tenacity's. What is decided here is whether to go on, and how long to wait where
the server says so.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from dataclasses import dataclass
from math import isfinite
from typing import TYPE_CHECKING, Any, TypeVar, overload

from genscope import semconv
from genscope.core.operation import Attempt, Failure
from genscope.retrying import clock
from genscope.retrying.choices import Choice, On, choice
from genscope.retrying.functions import repeated
from genscope.retrying.server_waits import asked_wait, forbids_retry
from genscope.retrying.story import RETRY, RepeatedBySdk, Story
from genscope.retrying.tries import Tries, Try
from genscope.telemetry.attributes import retry_attributes

if TYPE_CHECKING:
    from genscope.retrying.pacing import Pace

F = TypeVar("F", bound="Callable[..., Any] | classmethod[Any, Any, Any] | staticmethod[Any, Any]")


@overload
def retry(attempts: F, /) -> F: ...
@overload
def retry(
    attempts: int = 4,
    *,
    deadline: float | None = None,
    max_wait: float = 60,
    retry_on: On = None,
    spans: bool = False,
    name: str | None = None,
) -> Retry: ...
def retry(
    attempts: Any = 4,
    *,
    deadline: float | None = None,
    max_wait: float = 60,
    retry_on: On = None,
    spans: bool = False,
    name: str | None = None,
) -> Any:
    """Try again what has failed and may succeed later; for functions and methods, sync and async, and for loops.

    `attempts` are made in all, and none begins more than `deadline` seconds after the first one. `max_wait` is the
    longest single wait, in seconds: where a server asks for more, there is no other attempt. `retry_on` are kinds of
    errors or a function of the exception; else what is retryable is tried again. With `spans` each attempt is a span,
    else an event. `name` is that of the span, where there is no function to have one.

    The last exception passes as it is. Raises `ValueError` and `TypeError` for options of no sense, and `ImportError`
    without tenacity.
    """
    bare = not isinstance(attempts, int)
    if bare and not _is_function(attempts):
        raise TypeError(f"{attempts!r} is no function, and no number of attempts; accepted: a whole number from 1")
    plan = _Plan(4 if bare else attempts, deadline, max_wait, choice(retry_on, "retry_on", _retryable), spans)
    return Retry(plan, name)(attempts) if bare else Retry(plan, name)


class Retry:
    """What `genscope.retry(...)` gives: a decorator, and what `for` and `async for` go through, each time anew."""

    def __init__(self, plan: _Plan, name: str | None) -> None:
        self._plan = plan
        self._name = name

    def __call__(self, function: F) -> F:
        return repeated(function, lambda name: _Attempts(self._plan, self._name or name), lambda number: {})

    def __iter__(self) -> Iterator[Try[int]]:
        return _Attempts(self._plan, self._name or "")

    def __aiter__(self) -> AsyncIterator[Try[int]]:
        return _Attempts(self._plan, self._name or "")


def _retryable(error: Exception, failure: Failure) -> bool:
    return failure.retryable and not forbids_retry(error)


@dataclass(frozen=True)
class _Plan:
    """Raises `ValueError` for numbers that make no sense, `ImportError` without tenacity."""

    attempts: int
    deadline: float | None
    max_wait: float
    chosen: Choice
    spans: bool

    def __post_init__(self) -> None:
        if not (_is_number(self.attempts) and self.attempts >= 1):
            raise ValueError(f"attempts={self.attempts!r}; accepted: a whole number from 1")
        if not (_is_number(self.max_wait) and self.max_wait >= 0 and isfinite(self.max_wait)):
            raise ValueError(f"max_wait={self.max_wait!r}; accepted: seconds, from 0")
        if self.deadline is not None and not (_is_number(self.deadline) and self.deadline > 0):
            raise ValueError(f"deadline={self.deadline!r}; accepted: seconds, more than 0, or None")
        self.pace()  # so that what is missing is said where it is asked for, not when the first attempt is made

    def pace(self) -> Pace:
        try:
            from genscope.retrying.pacing import Pace  # here: only who retries has tenacity
        except ImportError as missing:
            raise ImportError("genscope.retry needs tenacity 9 or newer: pip install 'genscope[retry]'") from missing
        return Pace(self.max_wait)


def _is_function(value: Any) -> bool:
    return callable(value) or isinstance(value, (classmethod, staticmethod))


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


class _Attempts(Tries[int]):
    """The attempts of one call, or of one loop."""

    def __init__(self, plan: _Plan, name: str) -> None:
        self._sdk = RepeatedBySdk(name)
        super().__init__(Story(RETRY, name, events=not plan.spans, spans=plan.spans, sums=self._sdk))
        self._plan = plan
        self._pace = plan.pace()
        self._started = clock.monotonic()
        self._repeated: list[Attempt] = []
        self._gave_up: str | None = None

    def _next(self) -> int:
        self._pace.step()
        return self.number + 1

    async def _anext(self) -> int:
        await self._pace.astep()
        return self.number + 1

    def _decide(self, error: BaseException, failure: Failure, may: bool) -> bool:
        wait = self._wait(error, failure) if may else "not_retryable"
        if isinstance(wait, str):
            self._gave_up = wait
            self.story.tried(self.number, error, failure)
            return False
        self._pace.set(wait)
        self._repeated.append(Attempt(failure.kind, failure.status, wait))
        self.story.tried(self.number, error, failure, wait)
        return True

    def _wait(self, error: Any, failure: Failure) -> float | str:
        """Seconds before the next attempt, or why there is none."""
        plan = self._plan
        if not plan.chosen(error, failure):
            return "not_retryable"
        if self.number >= plan.attempts:
            return "attempts"
        wait = asked_wait(error, failure.kind)
        if wait is None:
            wait = self._pace.backoff()
        elif wait > plan.max_wait:  # to come earlier would be of no use
            return "max_wait"
        if plan.deadline is not None and clock.monotonic() - self._started + wait > plan.deadline:
            return "deadline"
        return wait

    def _attributes(self, succeeded: bool) -> Mapping[str, Any]:
        found = retry_attributes(self._repeated)
        if found:
            found[semconv.RETRY_ATTEMPTS] = self.number  # the last one has not begun if it was waited for in vain
        if self._gave_up is not None:
            found[semconv.RETRY_GAVE_UP] = self._gave_up
        if self._sdk.times:
            found[semconv.RETRY_NESTED] = self._sdk.times
        return found
