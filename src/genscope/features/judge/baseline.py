"""What scores a model usually gets from a judge, and when they fall: the silent change of a model behind its name."""

from __future__ import annotations

import logging
import math
import os
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from threading import Lock, local
from typing import TYPE_CHECKING, Any, Final, NamedTuple
from weakref import WeakSet, finalize

from opentelemetry.instrumentation.utils import suppress_instrumentation

from genscope.features.judge.drift import Detector, Fall, Track
from genscope.features.judge.verdict import Case, Verdict

if TYPE_CHECKING:
    from genscope.features.judge.baseline_store import BaselineStore

logger = logging.getLogger("genscope")

_MOST_KEYS: Final = 1000
"""Of judge, model and prompt name: those that were used last are remembered."""
_LONGEST_NAME: Final = 200
"""Characters of a name; what follows makes no difference."""
_RETRY_SECONDS: Final = 60.0
"""Until a file that could not be used is tried again."""
_FORK_PATIENCE: Final = 0.5
_MOST_SAID: Final = 64


class Key(NamedTuple):
    """Whose scores they are; empty is what is not known."""

    judge: str
    model: str
    prompt_name: str


@dataclass(frozen=True)
class Drift:
    """The scores of a model by a judge have fallen."""

    judge: str
    model: str | None
    prompt_name: str | None
    before: float
    """The mean that was usual."""
    now: float
    """The mean since the fall began."""
    samples: int
    """Scores since then."""


@dataclass(frozen=True)
class Baseline:
    """What is known of the scores of a model by a judge."""

    judge: str
    model: str | None
    prompt_name: str | None
    mean: float
    deviation: float
    samples: int
    """Scores that it is known by: the last ones, as many as are remembered."""
    settled: bool
    """Whether there were enough to tell of a fall."""


class Baselines:
    """Rolling mean and deviation of the scores for each judge, model and prompt name. For any number of threads.

    In memory, and with a `path` in an SQLite file that several processes of one host may share. A file that cannot be
    used is said once in the log: then this process goes on from what it knows, and tries again from time to time. May
    wait for a moment for the other processes: not for the thread of a call.
    """

    def __init__(
        self,
        path: str | None = None,
        detector: Detector | None = None,
        *,
        most: int = _MOST_KEYS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._detector = Detector() if detector is None else detector
        self._most = most
        self._clock = clock
        self._lock = Lock()
        self._tracks: OrderedDict[Key, Track] = OrderedDict()
        """What was used last is last."""
        self._said: set[str] = set()
        self._store = None if path is None else self._stored(path)
        self._retry_at = -math.inf
        """By the clock: until then the file is let be."""
        _live.add(self)

    def observe(self, verdict: Verdict, case: Case) -> Drift | None:
        """Take in the score of a verdict. Returns the fall that it completes, each fall once for all processes.

        Errors and verdicts without a score do not count, nor do scores that are not from 0 to 1.
        """
        score = verdict.score
        if score is None or verdict.error is not None:
            return None
        if not _is_score(score):
            self._say(verdict.name, "scores of the judge %r are not from 0 to 1: no drift is told of it", verdict.name)
            return None
        key = Key(_name(verdict.name), _name(case.model), _name(case.prompt_name))
        with self._lock:
            fall = self._changed(key, float(score))
        return None if fall is None else Drift(key.judge, key.model or None, key.prompt_name or None, *fall)

    def known(self) -> Sequence[Baseline]:
        """All that is remembered; of a file, by all processes."""
        with self._lock:
            tracks = dict(self._tracks)
            if self._store is not None and self._is_due():
                try:
                    with suppress_instrumentation():
                        tracks = dict(self._store.read())
                except Exception as fault:
                    self._go_without(fault)
        return [self._baseline(key, track) for key, track in tracks.items()]

    def close(self) -> None:
        """Let go of the file; the next use opens it again."""
        with self._lock:
            if self._store is not None:
                self._store.close()

    def _changed(self, key: Key, score: float) -> Fall | None:
        def step(track: Track) -> tuple[Track, Fall | None]:
            return self._detector.step(track, score)

        if self._store is not None and self._is_due():
            try:
                with suppress_instrumentation():  # no spans for this, whoever instruments databases
                    track, fall = self._store.change(key, step)
            except Exception as fault:
                self._go_without(fault)
            else:
                self._remember(key, track)
                return fall
        track, fall = step(self._tracks.get(key, Track()))
        self._remember(key, track)
        return fall

    def _remember(self, key: Key, track: Track) -> None:
        self._tracks[key] = track
        self._tracks.move_to_end(key)
        if len(self._tracks) > self._most:
            self._tracks.popitem(last=False)

    def _baseline(self, key: Key, track: Track) -> Baseline:
        level = track.known
        settled = level.samples >= self._detector.warm_up
        name, prompt_name = key.model or None, key.prompt_name or None
        return Baseline(key.judge, name, prompt_name, level.mean, level.deviation, round(level.samples), settled)

    # --- the file

    def _stored(self, path: str) -> BaselineStore | None:
        try:
            from genscope.features.judge.baseline_store import BaselineStore
        except ImportError:  # a Python that was built without it
            self._say("store", "this Python has no sqlite3: baselines of judges are kept in memory only")
            return None
        store = BaselineStore(path, self._most)
        finalize(self, store.close)
        return store

    def _is_due(self) -> bool:
        return self._clock() >= self._retry_at

    def _go_without(self, fault: Exception) -> None:
        self._retry_at = self._clock() + _RETRY_SECONDS
        self._say("store", "the file with the baselines of judges cannot be used (%s): they are kept in memory", fault)

    def _say(self, what: str, text: str, *values: Any) -> None:
        if what not in self._said and len(self._said) < _MOST_SAID:
            self._said.add(what)
            with suppress(Exception):  # a handler of the application's may have faults of its own
                logger.warning(f"genscope: {text}", *values)

    # --- forks

    def before_fork(self) -> bool:
        """No connection crosses a fork: SQLite's locks are the parent's, and the child would not know.

        Whether nothing is going on from here until `after_fork`.
        """
        held = self._lock.acquire(timeout=_FORK_PATIENCE)
        if held and self._store is not None:
            with suppress(Exception):
                self._store.close()
        return held

    def after_fork_in_parent(self, held: bool) -> None:
        if held:
            self._lock.release()

    def after_fork_in_child(self, held: bool) -> None:
        self._lock = Lock()
        if not held and self._store is not None:
            self._store.leave_to_parent()
            self._store = None


def _name(said: str | None) -> str:
    """As it can be written."""
    return str(said or "")[:_LONGEST_NAME].encode("utf-8", "replace").decode()


def _is_score(score: Any) -> bool:
    """From 0 to 1, so not NaN; judges of the application may say anything."""
    return isinstance(score, (int, float)) and 0 <= score <= 1


_live: WeakSet[Baselines] = WeakSet()


class _Forking(local):
    """A thread's own: several may fork at once."""

    held: Sequence[tuple[Baselines, bool]] = ()


_forking: Final = _Forking()


def _before_fork() -> None:
    _forking.held = [(baselines, baselines.before_fork()) for baselines in list(_live)]


def _in_parent() -> None:
    for baselines, held in _forking.held:
        baselines.after_fork_in_parent(held)
    _forking.held = ()


def _in_child() -> None:
    for baselines, held in _forking.held:
        baselines.after_fork_in_child(held)
    _forking.held = ()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_before_fork, after_in_parent=_in_parent, after_in_child=_in_child)
