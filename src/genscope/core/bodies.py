"""Functions of any kind, followed from their beginning to their end, with a context of their own while they run.

What comes out is of the same kind: a coroutine function stays one, a generator function stays one. The context is held
only while the body runs. Between two items of a generator the consumer has its own, and what the body has changed in
its context meanwhile (a `with` around a `yield`) is there again when it goes on.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import wraps
from typing import Any, Protocol, cast

from genscope.core.ambient import here, hold, release


class Body(Protocol):
    """What runs. One of the last three is called at the end, once; none of the methods raises anything."""

    context: Any

    def item(self, item: Any) -> None:
        """A generator has yielded."""
        ...

    def succeed(self, result: Any) -> None: ...

    def fail(self, error: BaseException) -> None: ...

    def abandon(self) -> None:
        """A generator was closed or dropped; perhaps within a garbage collection."""
        ...


class SilentBody:
    """A body with a context of its own, of which there is nothing to tell."""

    def __init__(self, context: Any) -> None:
        self.context = context

    def item(self, item: Any) -> None:
        return

    def succeed(self, result: Any) -> None:
        return

    def fail(self, error: BaseException) -> None:
        return

    def abandon(self) -> None:
        return


Begin = Callable[[tuple[Any, ...], dict[str, Any]], "Body | None"]
"""Called with the arguments when the body begins to run, in the context of that moment; None: it is not followed."""


def follow_body(function: Any, begin: Begin) -> Any:
    """`function`, followed. Raises `TypeError` for what is no function."""
    if isinstance(function, (classmethod, staticmethod)):
        method = cast("Any", function)
        return type(method)(follow_body(method.__func__, begin))
    if not callable(function) or isinstance(function, type):
        raise TypeError(f"{function!r} is no function")
    inner = function if inspect.isroutine(function) else getattr(function, "__call__", function)  # noqa: B004
    for is_kind, follow in (
        (inspect.isasyncgenfunction, _async_generator),
        (inspect.iscoroutinefunction, _coroutine),
        (inspect.isgeneratorfunction, _generator),
    ):
        if is_kind(function) or is_kind(inner):
            return follow(function, begin)
    return _plain(function, begin)


def _plain(function: Callable[..., Any], begin: Begin) -> Callable[..., Any]:
    @wraps(function)
    def followed(*args: Any, **kwargs: Any) -> Any:
        body = begin(args, kwargs)
        if body is None:
            return function(*args, **kwargs)
        token = hold(body.context)
        try:
            result = function(*args, **kwargs)
        except BaseException as error:
            release(token)
            body.fail(error)
            raise
        release(token)
        body.succeed(result)
        return result

    return followed


def _coroutine(function: Callable[..., Any], begin: Begin) -> Callable[..., Any]:
    @wraps(function)
    async def followed(*args: Any, **kwargs: Any) -> Any:
        body = begin(args, kwargs)
        if body is None:
            return await function(*args, **kwargs)
        token = hold(body.context)
        try:
            result = await function(*args, **kwargs)
        except BaseException as error:
            release(token)
            if isinstance(error, GeneratorExit):  # dropped before its end
                body.abandon()
            else:
                body.fail(error)
            raise
        release(token)
        body.succeed(result)
        return result

    return followed


class _Steps:
    """Between which steps of a generator whose context is current."""

    __slots__ = ("_body", "_token", "left")

    def __init__(self, body: Body) -> None:
        self._body = body
        self._token: Any = None
        self.left = False
        """Whether the consumer has closed the generator."""

    def __enter__(self) -> None:
        self._token = hold(self._body.context)

    def __exit__(self, *_: object) -> None:
        self._body.context = here()
        release(self._token)

    def end(self, error: BaseException) -> None:
        if self.left and isinstance(error, GeneratorExit):
            self._body.abandon()
        else:
            self._body.fail(error)

    def finish(self, result: Any) -> None:
        if self.left:
            self._body.abandon()
        else:
            self._body.succeed(result)


def _generator(function: Callable[..., Any], begin: Begin) -> Callable[..., Any]:
    @wraps(function)
    def followed(*args: Any, **kwargs: Any) -> Any:
        body = begin(args, kwargs)
        if body is None:
            return cast("Any", (yield from function(*args, **kwargs)))
        steps = _Steps(body)
        thrown: BaseException | None = None
        sent: Any = None
        try:
            with steps:
                generator = function(*args, **kwargs)
            while True:
                try:
                    with steps:
                        item = generator.send(sent) if thrown is None else generator.throw(thrown)
                except StopIteration as stop:
                    steps.finish(stop.value)
                    return stop.value
                body.item(item)
                thrown = sent = None
                try:
                    sent = cast("Any", (yield item))
                except GeneratorExit as closed:
                    steps.left, thrown = True, closed
                except BaseException as error:
                    thrown = error
                item = None  # the consumer's alone
        except BaseException as error:
            steps.end(error)
            raise
        finally:
            thrown = None

    return followed


def _async_generator(function: Callable[..., Any], begin: Begin) -> Callable[..., Any]:
    @wraps(function)
    async def followed(*args: Any, **kwargs: Any) -> Any:
        # An asynchronous generator cannot hand over to another one: it goes the same way, and nobody is told.
        body = begin(args, kwargs) or SilentBody(here())
        steps = _Steps(body)
        thrown: BaseException | None = None
        sent: Any = None
        try:
            with steps:
                generator = function(*args, **kwargs)
            while True:
                try:
                    with steps:
                        item = await (generator.asend(sent) if thrown is None else generator.athrow(thrown))
                except StopAsyncIteration:
                    steps.finish(None)
                    return
                body.item(item)
                thrown = sent = None
                try:
                    sent = cast("Any", (yield item))
                except GeneratorExit as closed:
                    steps.left, thrown = True, closed
                except BaseException as error:
                    thrown = error
                item = None
        except BaseException as error:
            steps.end(error)
            raise
        finally:
            thrown = None

    return followed
