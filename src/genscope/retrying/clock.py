"""The time, and how it is waited for. Tests put functions of their own in the place of these."""

from __future__ import annotations

import time
from typing import Any

now = time.time
"""Seconds since the epoch."""
monotonic = time.monotonic


def sleep(seconds: float) -> None:
    time.sleep(seconds)


async def asleep(seconds: float) -> None:
    """In asyncio and in trio, whichever is running."""
    from tenacity import AsyncRetrying  # it knows which

    waiting: Any = AsyncRetrying().sleep(seconds)
    await waiting
