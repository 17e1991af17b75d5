"""After which failures it is tried again: by kinds of the taxonomy, or as a function of the application says."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Iterable
from typing import Any, Final, cast

from genscope.core.errors import KINDS
from genscope.core.operation import Failure

logger = logging.getLogger("genscope")

Predicate = Callable[[Exception], Any]
On = str | Iterable[str] | Predicate | None
"""One kind, several, or a function of the exception."""
Choice = Callable[[Exception, Failure], bool]

_NEVER: Final = ("cancelled", "budget_exceeded")


def choice(on: On, option: str, default: Choice) -> Choice:
    """What `on`, the value of an option, says. Raises `ValueError` for a kind that there is not."""
    if on is None:
        return default
    if isinstance(on, str):
        return _of_kinds((on,), option)
    if isinstance(on, Iterable) and not isinstance(on, type):
        return _of_kinds(tuple(cast("Iterable[str]", on)), option)
    if isinstance(on, type) or not callable(on):
        raise TypeError(f"{option} takes kinds of errors, or a function of an exception; {on!r} is neither")
    return _of_predicate(on, option)


def is_final(error: BaseException, failure: Failure) -> bool:
    """Whether nobody may try again: what the caller does to a call, and what a budget refuses."""
    return not isinstance(error, Exception) or failure.kind in _NEVER


def _of_kinds(kinds: Collection[Any], option: str) -> Choice:
    accepted = [kind for kind in KINDS if kind not in _NEVER]
    for kind in kinds:
        if kind not in accepted:
            raise ValueError(f"{option}: {kind!r} is no kind of errors to try again; there are: {', '.join(accepted)}")
    chosen = frozenset(kinds)
    return lambda _, failure: failure.kind in chosen


def _of_predicate(predicate: Predicate, option: str) -> Choice:
    def chosen(error: Exception, _: Failure) -> bool:
        try:
            return bool(predicate(error))
        except Exception as fault:  # the exception that it was asked about is the one to be seen
            logger.warning("genscope: the function %s failed (%s); it is not tried again", option, type(fault).__name__)
            return False

    return chosen
