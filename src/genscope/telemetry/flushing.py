"""Getting everything out that was recorded: for short scripts, functions as a service, and tests."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from threading import Thread
from time import monotonic
from typing import Any

from opentelemetry.metrics import get_meter_provider
from opentelemetry.trace import get_tracer_provider

from genscope.core import aside, pipeline


def flush(providers: Iterable[tuple[Any, Any, Any]], timeout: float) -> bool:
    """Flush tracer, meter and logger providers, None for the global one, and stages; True if done in `timeout` seconds.

    All at once, in threads of their own: exporters retry for as long as they like, whatever time they are given, and
    what ends an abandoned stream may wait for them.
    """
    deadline = monotonic() + timeout
    ended = _all_done([partial(aside.finish, timeout)], deadline)
    exports = [partial(_flush, force_flush, timeout) for force_flush in _flushers(providers)]
    stages = pipeline.flushes()
    late = any(map(_is_to_tell, stages))
    done = _all_done([*exports, *(partial(_finish, finish, deadline) for finish in stages)], deadline)
    if late:  # what it was still to tell it has told just now
        done = _all_done(exports, deadline) and done
    return done and ended


def _is_to_tell(finish: Any) -> bool:
    is_to_tell = getattr(getattr(finish, "__self__", None), "is_to_tell", None)
    try:
        return callable(is_to_tell) and bool(is_to_tell())
    except Exception:  # a stage of the application's
        return True


def _all_done(tasks: Sequence[Callable[[], bool]], deadline: float) -> bool:
    done: list[bool] = []
    threads = [_start(partial(_note, task, done)) for task in tasks]
    for thread in threads:
        if thread is not None:
            thread.join(max(0.0, deadline - monotonic()))
    return len(done) == len(tasks) and all(done)


def _start(work: Callable[[], None]) -> Thread | None:
    thread = Thread(target=work, name="genscope-flush", daemon=True)
    try:
        thread.start()
    except RuntimeError:  # no more threads, or this is an exit handler of a Python that starts none there
        work()
        return None
    return thread


def _note(task: Callable[[], bool], done: list[bool]) -> None:
    done.append(task())


def _flushers(providers: Iterable[tuple[Any, Any, Any]]) -> Iterator[Callable[[int], Any]]:
    from opentelemetry._logs import get_logger_provider

    seen: set[int] = set()
    for tracer, meter, logger in providers:
        for provider in (
            tracer or get_tracer_provider(),
            meter or get_meter_provider(),
            logger or get_logger_provider(),
        ):
            force_flush = getattr(provider, "force_flush", None)
            if force_flush is not None and id(provider) not in seen:
                seen.add(id(provider))
                yield force_flush


def _flush(force_flush: Callable[[int], Any], timeout: float) -> bool:
    try:
        return force_flush(int(timeout * 1000)) is not False
    except Exception:  # a provider that cannot flush any more has been shut down
        return False


def _finish(finish: Callable[[float], bool], deadline: float) -> bool:
    try:
        return finish(max(0.0, deadline - monotonic())) is not False
    except Exception:  # a stage of the application's
        return False
