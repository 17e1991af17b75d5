"""Exceptions as attributes, without content unless content is asked for.

The text of an exception may quote the prompt, the answer or a key: providers echo what they reject, parsers what they
cannot read. Source lines may hold prompts as literals. So the type, the chain and the places are told; the text is
content, and goes where content goes.
"""

from __future__ import annotations

import traceback
from collections.abc import Iterator
from types import FrameType
from typing import Any, Final

from genscope import semconv
from genscope.core.operation import Failure

_MAX_FRAMES: Final = 50
_MAX_CHAIN: Final = 10


def describe(failure: Failure) -> str:
    """`RateLimitError: 429 rate_limit_exceeded`: the description of the span's status."""
    facts = " ".join(str(fact) for fact in (failure.status, failure.type) if fact is not None)
    return facts if failure.exception is None else f"{type(failure.exception).__name__}: {facts}"


def exception_attributes(error: BaseException | None, message: str | None = None) -> dict[str, Any]:
    """Type and stack trace of an exception; `message`, its text, where content is asked for.

    `error` is None where somebody tells of an exception and does not show it.
    """
    attributes: dict[str, Any] = {}
    if error is not None:
        attributes[semconv.EXCEPTION_TYPE] = _name(error)
        attributes[semconv.EXCEPTION_STACKTRACE] = "\n".join(_lines(error))
    if message:
        attributes[semconv.EXCEPTION_MESSAGE] = message
    return attributes


def _frames(error: BaseException, callers: bool) -> list[tuple[FrameType, int]]:
    """Where the exception has passed, outermost first; with `callers` also where it is still to go."""
    passed = list(traceback.walk_tb(error.__traceback__))
    if callers and passed:  # it was raised below us: without them the application's own lines would be missing
        passed = [*reversed(list(traceback.walk_stack(passed[0][0].f_back))), *passed]
    return passed[-_MAX_FRAMES:]


def _name(error: BaseException) -> str:
    cls = type(error)
    return cls.__qualname__ if cls.__module__ == "builtins" else f"{cls.__module__}.{cls.__qualname__}"


def _lines(error: BaseException) -> Iterator[str]:
    chain: list[BaseException] = []
    link: BaseException | None = error
    while link is not None and link not in chain and len(chain) < _MAX_CHAIN:
        chain.append(link)
        link = link.__cause__ or (None if link.__suppress_context__ else link.__context__)
    for link in reversed(chain):  # the cause first, as Python prints it
        yield "Traceback (most recent call last):"
        for frame, line in _frames(link, callers=link is error):
            yield f'  File "{frame.f_code.co_filename}", line {line}, in {frame.f_code.co_name}'
        yield _name(link)
