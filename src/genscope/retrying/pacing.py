"""The loop, the sleep and the backoff are tenacity's. This is the only module that needs it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

from tenacity import AsyncRetrying, AttemptManager, RetryCallState, Retrying, retry_always, wait_random_exponential

from genscope.retrying import clock


class Pace:
    """What is between the attempts of one run.

    To tenacity each attempt is one that came to nothing: whenever it is asked for the next one, it waits and gives it.
    """

    def __init__(self, max_wait: float) -> None:
        self._backoff = wait_random_exponential(max=max_wait)
        self._wait = _Wait()
        self._loop: Iterator[AttemptManager] | None = None
        self._async_loop: AsyncIterator[AttemptManager] | None = None
        self._state: RetryCallState | None = None

    def backoff(self) -> float:
        """Seconds by chance, from 0 to a bound that doubles with each attempt until it is `max_wait`."""
        return 0 if self._state is None else self._backoff(self._state)

    def set(self, wait: float) -> None:
        """So many seconds before the next attempt."""
        self._wait.seconds = wait

    def step(self) -> None:
        """Wait, and go on to the next attempt; the first one is not waited for."""
        if self._loop is None:
            self._loop = iter(Retrying(clock.sleep, retry=retry_always, wait=self._wait))
        self._begin(next(self._loop))

    async def astep(self) -> None:
        if self._async_loop is None:
            self._async_loop = aiter(AsyncRetrying(clock.asleep, retry=retry_always, wait=self._wait))
        self._begin(await anext(self._async_loop))

    def _begin(self, manager: AttemptManager) -> None:
        with manager:
            self._state = manager.retry_state


class _Wait:
    """A way to wait, as tenacity calls it."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self, state: RetryCallState) -> float:
        state.retry_object.begin()  # it counts by thread, and the next attempt may be in another one than the last
        return self.seconds
