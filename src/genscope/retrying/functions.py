"""A function of any kind, tried as often as it takes. What comes out is of the same kind."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable
from functools import wraps
from typing import Any, TypeVar, cast

from genscope.retrying.tries import Tries

T = TypeVar("T")

Begin = Callable[[str], Tries[T]]
"""Called with the name of the function when it is called."""
Given = Callable[[T], dict[str, Any]]
"""What the function is given beside what its caller gives it: a model."""


def repeated(function: Any, begin: Begin[T], given: Given[T]) -> Any:
    """`function`, tried again. Raises `TypeError` for what is no function, and for a generator function."""
    if isinstance(function, (classmethod, staticmethod)):
        method = cast("Any", function)
        return type(method)(repeated(method.__func__, begin, given))
    if not callable(function) or isinstance(function, type):
        raise TypeError(f"{function!r} is no function")
    name = getattr(function, "__name__", None) or type(function).__name__
    inner = function if inspect.isroutine(function) else getattr(function, "__call__", function)  # noqa: B004
    for one in (function, inner):
        if inspect.isgeneratorfunction(one) or inspect.isasyncgenfunction(one):
            raise TypeError(
                f"{name} is a generator function: what it has yielded cannot be taken back, so it is not tried again; "
                f"put the loop inside of it, around what opens the stream (docs/retries.md)"
            )
        if inspect.iscoroutinefunction(one):
            return _coroutine(function, name, begin, given)
    return _plain(function, name, begin, given)


def _plain(function: Callable[..., Any], name: str, begin: Begin[T], given: Given[T]) -> Callable[..., Any]:
    @wraps(function)
    def repeating(*args: Any, **kwargs: Any) -> Any:
        def call(value: T) -> Any:
            return function(*args, **kwargs, **given(value))

        tries = begin(name)
        result: Any = None
        for one in tries:
            with one as value:
                result = call(value)
                if inspect.iscoroutine(result):  # as the methods of asynchronous SDK clients return
                    tries.postpone()
                    break
        return _awaited(tries, call, result) if inspect.iscoroutine(result) else result

    return repeating


def _coroutine(function: Callable[..., Any], name: str, begin: Begin[T], given: Given[T]) -> Callable[..., Any]:
    @wraps(function)
    async def repeating(*args: Any, **kwargs: Any) -> Any:
        def call(value: T) -> Any:
            return function(*args, **kwargs, **given(value))

        return await _awaited(begin(name), call)

    return repeating


async def _awaited(tries: Tries[T], call: Callable[[T], Awaitable[Any]], begun: Awaitable[Any] | None = None) -> Any:
    result: Any = None
    async for one in tries:
        with one as value:
            coroutine, begun = begun or call(value), None
            result = await coroutine
    return result
