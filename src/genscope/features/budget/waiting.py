"""Waiting for another thread without blocking the event loop, whichever it is."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, TypeVar

T = TypeVar("T")


async def wait_for(answer: Future[T], begin: Callable[[], object]) -> T:
    """Call `begin`, in whose course another thread is to set `answer`, and wait for that.

    Cancelled, it cancels `answer` if nobody has begun with it.
    """
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        trio: Any = sys.modules.get("trio")
        try:
            trio.lowlevel.current_trio_token()
        except (AttributeError, RuntimeError):  # a loop that we do not know: bounded by the time-outs of the store
            begin()
            return answer.result()
        begin()
        return await trio.to_thread.run_sync(answer.result)
    waiting = asyncio.wrap_future(answer)
    begin()
    return await waiting
