"""A call goes through the SDK: the caller gets the SDK's own result or its own exception, the call its end."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from genscope.core.ambient import enter, leave
from genscope.core.call import Call

Settle = Callable[[Call, Any], Any]
"""Looks at what the SDK returned: ends the call or follows it; returns what the caller gets (the same object)."""


def run(call: Call, settle: Settle, wrapped: Callable[..., Any], args: Any, kwargs: Any) -> Any:
    """Send the request. `call` has begun."""
    tokens = enter(call.op)
    try:
        result = wrapped(*args, **kwargs)
    except BaseException as error:
        call.fail(error)
        raise
    finally:
        leave(tokens)
    try:
        settle(call, result)
    except Exception as fault:
        _unsettled(call, fault)
    return result


async def arun(call: Call, settle: Settle, wrapped: Callable[..., Awaitable[Any]], args: Any, kwargs: Any) -> Any:
    """`run` for a coroutine function."""
    tokens = enter(call.op)
    try:
        result = await wrapped(*args, **kwargs)
    except BaseException as error:
        call.fail(error)
        raise
    finally:
        leave(tokens)
    try:
        settle(call, result)
    except Exception as fault:
        _unsettled(call, fault)
    return result


def _unsettled(call: Call, fault: Exception) -> None:
    call.faults.report("looking at a result", fault)
    call.complete()
