"""Threads that have nothing of whoever happens to start them: no trace, no suppression, no identity."""

from __future__ import annotations

from collections.abc import Callable
from contextvars import Context
from threading import Thread


def start(work: Callable[[], None], name: str) -> bool:
    """False where there are no more threads, or the interpreter is exiting."""
    try:
        Thread(target=Context().run, args=(work,), name=name, daemon=True).start()
    except RuntimeError:
        return False
    return True
