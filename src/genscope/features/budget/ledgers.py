"""The ledgers of this process: one for each store, whoever uses it, so that all SDKs count together."""

from __future__ import annotations

import atexit
import os
import re
from threading import Lock, local
from typing import Any, Final
from urllib.parse import unquote, urlsplit

from genscope.features.budget.ledger import Ledger
from genscope.features.budget.memory import MemoryLedger
from genscope.features.budget.redis import SCHEMES, RedisStore
from genscope.features.budget.shared import SharedLedger
from genscope.features.budget.store import Store, Unusable

MEMORY: Final = "memory"
ACCEPTED: Final = "memory, sqlite:///PATH, redis://HOST:PORT/DB (also rediss, unix, valkey, redis+cluster)"
_EXIT_PATIENCE: Final = 2.0

_ledgers: dict[str, Ledger] = {}
_making = Lock()


def ledger_at(address: str) -> Ledger:
    """The ledger of a store, the same for the same address. Does not connect.

    A store that cannot be made is one that is away for ever. Raises `ValueError` for what is no address of any.
    """
    address = address.strip()
    with _making:
        found = _ledgers.get(address)
        if found is None:
            found = _ledgers[address] = _make(address)
    return found


def check_address(value: Any) -> str:
    """Raises `ValueError` with what would be accepted."""
    text = str(value).strip()
    if text.lower() != MEMORY and not (urlsplit(text).scheme in SCHEMES or _sqlite_path(text)):
        raise ValueError(ACCEPTED)
    return text


def _make(address: str) -> Ledger:
    check_address(address)
    if address.lower() == MEMORY:
        return MemoryLedger()
    path = _sqlite_path(address)
    ledger = SharedLedger(_sqlite(path) if path else _redis(address))
    atexit.register(ledger.close)
    return ledger


def _sqlite(path: str) -> Store:
    try:
        from genscope.features.budget.sqlite import SqliteStore
    except ImportError:  # a Python that was built without it
        return Unusable("sqlite", "this Python has no sqlite3")
    return SqliteStore(path)


def _redis(address: str) -> Store:
    try:
        return RedisStore(address)
    except ImportError:
        return Unusable("redis", "the package redis is missing: pip install genscope[redis]")
    except Exception as fault:  # what the package does not like about an address
        return Unusable("redis", f"its address is not understood ({type(fault).__name__})")


def _sqlite_path(address: str) -> str | None:
    """`sqlite:///var/lib/budget.db` is absolute as paths of URLs are; `sqlite:budget.db` is relative."""
    parts = urlsplit(address)
    if parts.scheme != "sqlite":
        return None
    path = unquote(parts.netloc + parts.path)
    return path[1:] if re.match(r"/[A-Za-z]:", path) else path  # Windows


# --- forks


class _Forking(local):
    """What a thread holds while it forks, the innermost last: the handler of a signal may fork within a fork."""

    def __init__(self) -> None:
        self.held: list[list[tuple[SharedLedger, bool]]] = []


_here: Final = _Forking()


def _shared() -> list[SharedLedger]:
    return [ledger for ledger in list(_ledgers.values()) if isinstance(ledger, SharedLedger)]


def _before_fork() -> None:
    _here.held.append([(ledger, ledger.before_fork()) for ledger in _shared()])


def _in_parent() -> None:
    for ledger, held in _here.held.pop() if _here.held else ():  # empty if we came while this thread was at it
        ledger.after_fork(held)


def _in_child() -> None:
    global _making
    _making = Lock()
    _here.held.clear()
    for ledger in _shared():
        ledger.begin()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_before_fork, after_in_parent=_in_parent, after_in_child=_in_child)
