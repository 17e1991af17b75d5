"""Opening the file for writing: made if it is not there, checked if it is, set aside if it is broken."""

from __future__ import annotations

import os
import random
import sqlite3
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from genscope.local.store.migrating import is_ours, prepare, refuse_newer, version
from genscope.local.store.troubles import Corrupt, StoreError, explained, is_busy

_MAGIC: Final = b"SQLite format 3\0"
_SUFFIXES: Final = (".db", ".db3", ".sqlite", ".sqlite3")
_BESIDE: Final = ("", "-wal", "-shm")
"""The file, and what SQLite keeps beside it."""
_LARGEST_JOURNAL: Final = 64 * 2**20

Identity = tuple[int, int]
"""Device and number of a file: that it is still the one that was opened."""


def identity(path: Path) -> Identity | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def opened(path: Path, patience: float) -> sqlite3.Connection:
    """A connection to the store at `path`, which is made, or brought to today's schema, if need be.

    Raises `StoreError`, of a broken file its subclass `Corrupt`. In WAL mode: who reads keeps nobody from writing. A
    crash of the machine may lose the last moments, that of a process nothing.
    """
    try:
        _make_private(path)
        _refuse_what_is_no_database(path)
        # Whoever calls has a lock of their own; `timeout` is SQLite's way to wait, see `patiently`.
        db = sqlite3.connect(path, timeout=0, isolation_level=None, check_same_thread=False)
    except (OSError, sqlite3.Error) as fault:
        raise explained(fault, path) from fault
    try:
        patiently(lambda: _claim(db, path), patience)
        db.execute("PRAGMA synchronous=NORMAL")
        db.execute(f"PRAGMA journal_size_limit={_LARGEST_JOURNAL}")
        prepare(db, path, lambda: begin(db, patience))
    except sqlite3.Error as fault:
        db.close()
        raise explained(fault, path) from fault
    except BaseException:
        db.close()
        raise
    return db


def _claim(db: sqlite3.Connection, path: Path) -> None:
    if not is_ours(db):
        raise StoreError(f"{path} is a database of another program; it is left alone. Set GENSCOPE_STORE")
    found = version(db)
    refuse_newer(found, path)
    if not found:
        db.execute("PRAGMA auto_vacuum=INCREMENTAL")  # heeded while there are no tables
    db.execute("PRAGMA journal_mode=WAL")


def begin(db: sqlite3.Connection, patience: float) -> None:
    patiently(lambda: db.execute("BEGIN IMMEDIATE"), patience)


def patiently(act: Callable[[], object], patience: float) -> None:
    """Try for so many seconds. SQLite's own way to wait starves some of many: its pauses grow to 0.1 s."""
    deadline = time.monotonic() + patience
    while True:
        try:
            act()
            return
        except sqlite3.OperationalError as fault:
            if not is_busy(fault) or time.monotonic() >= deadline:
                raise
        time.sleep(random.uniform(0.0005, 0.01))


def set_aside(path: Path, broken: Identity | None, now: float) -> Path | None:
    """Rename a broken file; None if somebody else was faster. Raises `StoreError` if it cannot be."""
    if broken is None or identity(path) != broken:
        return None
    aside = path.with_name(f"{path.name}.corrupt-{time.strftime('%Y%m%d-%H%M%S', time.gmtime(now))}")
    try:
        if not aside.exists():
            for suffix in _BESIDE:
                old = path.with_name(path.name + suffix)
                if old.exists():
                    old.rename(aside.with_name(aside.name + suffix))
    except OSError as fault:
        raise explained(fault, path) from fault
    return aside


def _make_private(path: Path) -> None:
    """Prompts may be in it. SQLite gives what it keeps beside the file the same permissions."""
    if not path.exists():
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))


def _refuse_what_is_no_database(path: Path) -> None:
    """A file that is none may be anything, of anybody. What is called a database and is none is a broken one."""
    with path.open("rb") as file:
        head = file.read(len(_MAGIC))
    if head and head != _MAGIC:
        if path.suffix.lower() in _SUFFIXES:
            raise Corrupt(f"{path} is corrupt (it does not begin as a database does)")
        raise StoreError(f"{path} is no database; it is left alone. Set GENSCOPE_STORE")
