"""What is tried several times, a `with` block at a time.

    for one in tries:
        with one: ...

What is done about an exception is decided when it leaves the block. If it is tried again, the block swallows it and the
loop goes on; else it passes, at once and as it is: the very same object, with its own traceback.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, Generic, TypeVar

from genscope import semconv
from genscope.core.ambient import Token, hold, release
from genscope.core.errors import classify
from genscope.core.operation import Failure
from genscope.retrying.choices import is_final
from genscope.retrying.story import Story, report

T = TypeVar("T")


class Try(Generic[T]):
    """One of the tries, for `with` and `async with`. Calls inside belong to it; `as` gives its number or its model."""

    def __init__(self, tries: Tries[T], value: T) -> None:
        self._tries: Tries[T] | None = tries
        self._value = value
        self._token: Token | None = None

    def __enter__(self) -> T:
        if self._tries is None:
            raise RuntimeError("this has been tried; the loop gives another one for the next time")
        context = self._tries.enter()
        self._token = None if context is None else hold(context)
        return self._value

    def __exit__(self, kind: Any, error: BaseException | None, traceback: Any) -> bool:
        """True: it is tried again."""
        tries, self._tries = self._tries, None  # only the loop holds them now: they end when it is left
        if self._token is not None:
            release(self._token)
        if tries is None:
            return False
        if error is not None:
            return tries.fail(error)
        tries.succeed()
        return False

    async def __aenter__(self) -> T:
        return self.__enter__()

    async def __aexit__(self, kind: Any, error: BaseException | None, traceback: Any) -> bool:
        return self.__exit__(kind, error, traceback)


class Tries(ABC, Generic[T]):
    """One run through the loop, for `for` and for `async for`."""

    def __init__(self, story: Story) -> None:
        self.story = story
        self.number = 0
        """Of the try that is made now, from 1."""
        self._goes_on = True
        self._postponed = False

    # --- what differs

    @abstractmethod
    def _next(self) -> T:
        """What the next try is given; may wait."""

    @abstractmethod
    async def _anext(self) -> T: ...

    @abstractmethod
    def _decide(self, error: BaseException, failure: Failure, may: bool) -> bool:
        """Whether to try again after a failure, if that `may` be at all."""

    @abstractmethod
    def _attributes(self, succeeded: bool) -> Mapping[str, Any]:
        """What the span says of the whole, at its end."""

    # --- the loop

    def __iter__(self) -> Tries[T]:
        return self

    def __aiter__(self) -> Tries[T]:
        return self

    def __next__(self) -> Try[T]:
        if not self._goes_on:
            self._leave()
            raise StopIteration
        self._goes_on = False
        try:
            value = self._next()
        except BaseException as error:  # interrupted while it waited
            self._interrupted(error)
            raise
        self.number += 1
        return Try(self, value)

    async def __anext__(self) -> Try[T]:
        if not self._goes_on:
            self._leave()
            raise StopAsyncIteration
        self._goes_on = False
        try:
            value = await self._anext()
        except BaseException as error:
            self._interrupted(error)
            raise
        self.number += 1
        return Try(self, value)

    def __del__(self) -> None:
        self._leave()

    # --- what a try tells

    def enter(self) -> Any:
        """A try begins; returns the context for what happens inside, None for the one that is current."""
        return self.story.enter(self.number)

    def postpone(self) -> None:
        """The try has brought a coroutine, which somebody is still to run: the next one goes on with it."""
        self._postponed = True

    def succeed(self) -> None:
        if self._postponed:
            self._postponed, self._goes_on = False, True
            self.number -= 1
            return
        self.story.tried(self.number)
        self.story.end(self._attributes(True))

    def fail(self, error: BaseException) -> bool:
        """Returns whether it is tried again. Raises nothing."""
        if isinstance(error, GeneratorExit):
            self._interrupted(error)
            return False
        failure = classify(error)
        try:
            self._goes_on = self._decide(error, failure, not is_final(error, failure))
        except Exception as fault:
            report("deciding whether to try again", fault)
        if not self._goes_on:
            self.story.end({semconv.ERROR_KIND: failure.kind, **self._attributes(False)}, error)
        return self._goes_on

    def _interrupted(self, error: BaseException) -> None:
        if isinstance(error, GeneratorExit):  # the coroutine was dropped, perhaps by a garbage collection
            self._leave()
        else:
            self.story.end(self._attributes(False), error)

    def _leave(self) -> None:
        """The caller does not go on, which is no error. A destructor may say so."""
        self.story.leave(lambda: self._attributes(False))
