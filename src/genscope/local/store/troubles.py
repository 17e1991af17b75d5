"""What may be wrong with the file, in words that say what to do."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Final

_PRIMARY: Final = 0xFF
"""The upper bits of a result code tell more of the same (https://www.sqlite.org/rescode.html)."""

_BUSY: Final = ((5, 6), ("busy", "locked"))
_CORRUPT: Final = ((11, 26), ("malformed", "not a database"))
"""Result codes, and words in their messages for Python before 3.11, which does not tell the codes."""


class StoreError(Exception):
    """Why the store cannot be written or read: the text names the file, and never anything of what is in it."""


class Corrupt(StoreError):
    """The file is broken."""


def is_busy(fault: sqlite3.Error) -> bool:
    """Whether another connection has it, so that waiting helps."""
    return _is(fault, *_BUSY)


def is_corrupt(fault: sqlite3.Error) -> bool:
    return _is(fault, *_CORRUPT)


def _is(fault: sqlite3.Error, codes: tuple[int, ...], words: tuple[str, ...]) -> bool:
    code: int | None = getattr(fault, "sqlite_errorcode", None)
    return any(word in str(fault) for word in words) if code is None else code & _PRIMARY in codes


def explained(fault: OSError | sqlite3.Error, path: Path) -> StoreError:
    """What SQLite or the system says, of which file."""
    if isinstance(fault, sqlite3.Error):
        if is_busy(fault):
            return StoreError(f"{path} is locked by another program")
        if is_corrupt(fault):
            return Corrupt(f"{path} is corrupt ({fault})")
    if isinstance(fault, OSError):
        return StoreError(f"{path} cannot be used: {fault.strerror or type(fault).__name__}")
    return StoreError(f"{path} cannot be used: {fault}")
