"""From the receivers to the store: one thread writes, and whoever hands something in is told when it is in the file."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any, Final

from genscope.core.pipeline import Faults
from genscope.local.store.troubles import StoreError
from genscope.local.store.writing import Store
from genscope.local.ui.refusals import Refusal
from genscope.local.ui.signals import Signal

WAITING_BYTES: Final = 128 * 2**20
"""Of requests that wait to be written, unpacked."""
_AT_ONCE: Final = 4096
"""Records of one transaction: enough that a commit costs little, few enough that the sender's patience lasts."""
_SOON: Final = 1
"""Seconds after which a sender may try again."""


@dataclass(slots=True)
class _Waiting:
    signal: Signal
    records: Sequence[Any]
    size: int
    done: Future[None]


class Intake:
    """A bounded queue. Requests that wait together are written together, so that many small ones are no slower."""

    def __init__(self, store: Store, faults: Faults, *, limit: int = WAITING_BYTES) -> None:
        self._store = store
        self._faults = faults
        self._limit = limit
        self._queue: deque[_Waiting] = deque()
        self._size = 0
        self._closed = False
        self._changed = threading.Condition()
        self._thread = threading.Thread(target=self._run, name="genscope-ui-writer", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def close(self) -> None:
        """Take nothing more, and write what waits."""
        with self._changed:
            self._closed = True
            self._changed.notify()
        if self._thread.is_alive():
            self._thread.join()

    def offer(self, signal: Signal, records: Sequence[Any], size: int) -> Future[None]:
        """`size` in bytes. Done when the records are in the file, or with the `Refusal` that says why they are not.

        Raises a `Refusal` when too much waits already: the sender keeps it, and tries again.
        """
        done: Future[None] = Future()
        if not records:
            done.set_result(None)
            return done
        with self._changed:
            if self._closed:
                raise Refusal(503, "The server ends", _SOON)
            if self._queue and self._size + size > self._limit:  # one that is larger alone is taken alone
                raise Refusal(429, "More comes in than can be written; try again", _SOON)
            self._queue.append(_Waiting(signal, records, size, done))
            self._size += size
            self._changed.notify()
        return done

    def _run(self) -> None:
        while batch := self._next():
            try:
                batch[0].signal.add(self._store, [record for one in batch for record in one.records])
            except StoreError as reason:
                refused: Refusal | None = Refusal(503, f"The store {reason}", _SOON)
            except Exception as fault:
                self._faults.report("writing what was received", fault)
                refused = Refusal(503, "The store has failed", _SOON)
            else:
                refused = None
            with self._changed:
                self._size -= sum(one.size for one in batch)
            for one in batch:
                if one.done.set_running_or_notify_cancel():
                    one.done.set_result(None) if refused is None else one.done.set_exception(refused)

    def _next(self) -> list[_Waiting]:
        """What to write together: of one signal, in the order in which it came. Empty at the end."""
        with self._changed:
            while not self._queue and not self._closed:
                self._changed.wait()
            batch: list[_Waiting] = []
            records = 0
            while self._queue and (not batch or self._queue[0].signal is batch[0].signal) and records < _AT_ONCE:
                batch.append(self._queue.popleft())
                records += len(batch[-1].records)
            return batch
