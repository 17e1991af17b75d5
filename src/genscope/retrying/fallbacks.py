"""`genscope.fallback`: the same thing with another model."""

from __future__ import annotations

import inspect
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Final, TypeVar, cast, overload

from genscope import semconv
from genscope.core.operation import Failure
from genscope.core.refusal import BudgetExceeded
from genscope.retrying.choices import Choice, On, choice
from genscope.retrying.functions import repeated
from genscope.retrying.story import FALLBACK, Story
from genscope.retrying.tries import Tries, Try

R = TypeVar("R")
M = TypeVar("M", bound="classmethod[Any, Any, Any] | staticmethod[Any, Any]")

FALLBACK_KINDS: Final = (
    *("rate_limit", "quota", "overloaded", "server_error", "timeout", "connection"),
    *("model_not_found", "context_length"),
)
"""Kinds of errors that another model may not meet.

Not among them are a wrong key and a missing permission, which shall be seen and mended; a wrong request, which is wrong
everywhere; and what a provider's policy refuses, which is for the application to ask somebody else, or not.
"""

_PARAMETER: Final = "model"


def fallback(models: Iterable[str], *, on: On = None, name: str | None = None) -> Fallback:
    """Try one model after the other until one answers; for functions that take `model=`, and for loops.

    The next one is tried after failures that another model may not meet: `FALLBACK_KINDS`, or what `on` says, kinds of
    errors or a function of the exception. `name` is that of the span, where there is no function to have one.

    If none answers, the last exception passes as it is. Raises `ValueError` and `TypeError` for options of no sense.
    """
    found = _names(models)
    if not found or not all(isinstance(model, str) and model for model in found):
        raise ValueError(f"fallback takes names of models; {models!r} are none")
    return Fallback(found, choice(on, "on", _mendable), name)


class Fallback:
    """What `genscope.fallback(...)` gives: a decorator, and what `for` and `async for` go through, each time anew."""

    def __init__(self, models: Sequence[str], chosen: Choice, name: str | None) -> None:
        self._models = models
        self._chosen = chosen
        self._name = name

    @overload
    def __call__(self, function: M) -> M: ...
    @overload
    def __call__(self, function: Callable[..., R]) -> Callable[..., R]: ...
    def __call__(self, function: Any) -> Any:
        _expect_parameter(getattr(function, "__func__", function))
        return repeated(function, lambda name: self._begin(self._name or name), lambda model: {_PARAMETER: model})

    def __iter__(self) -> Iterator[Try[str]]:
        return self._begin(self._name or "")

    def __aiter__(self) -> AsyncIterator[Try[str]]:
        return self._begin(self._name or "")

    def _begin(self, name: str) -> _Models:
        return _Models(self._models, self._chosen, name)


def _names(said: Any) -> tuple[Any, ...]:
    return (
        (said,) if isinstance(said, str) else tuple(cast("Iterable[Any]", said)) if isinstance(said, Iterable) else ()
    )


def _mendable(error: Exception, failure: Failure) -> bool:
    return failure.kind in FALLBACK_KINDS


def _is_of_model(error: BaseException) -> bool:
    """Whether what a budget refuses to one model it may allow to another."""
    limit = error.limit if isinstance(error, BudgetExceeded) else None
    scopes = {*getattr(limit, "per", ()), *getattr(limit, "where", ())}
    return not scopes.isdisjoint(("model", "provider"))


class _Models(Tries[str]):
    """The models that are tried for one call, or in one loop."""

    def __init__(self, models: Sequence[str], chosen: Choice, name: str) -> None:
        super().__init__(Story(FALLBACK, name))
        self._models = models
        self._chosen = chosen
        self._kinds: list[str] = []

    def _next(self) -> str:
        return self._models[self.number]

    async def _anext(self) -> str:
        return self._next()

    def _decide(self, error: BaseException, failure: Failure, may: bool) -> bool:
        self._kinds.append(failure.kind)
        if self.number >= len(self._models):
            return False
        if isinstance(error, Exception) and may:
            return self._chosen(error, failure)
        return _is_of_model(error)

    def _attributes(self, succeeded: bool) -> Mapping[str, Any]:
        tried = self._models[: self.number]
        found: dict[str, Any] = {semconv.FALLBACK_MODELS: list(tried)}
        if self._kinds:
            found[semconv.FALLBACK_ERRORS] = self._kinds
        if succeeded:
            found[semconv.FALLBACK_MODEL] = tried[-1]
        return found


def _expect_parameter(function: Any) -> None:
    """Raises `TypeError` for a function that cannot be told which model to ask."""
    try:
        parameters = inspect.signature(function).parameters
    except (TypeError, ValueError):  # it does not say what it takes
        return
    found = parameters.get(_PARAMETER)
    by_name = found is not None and found.kind in (found.POSITIONAL_OR_KEYWORD, found.KEYWORD_ONLY)
    if not by_name and not any(one.kind is one.VAR_KEYWORD for one in parameters.values()):
        raise TypeError(f"{function!r} takes no argument `model`, by which it would be told which one to ask")
