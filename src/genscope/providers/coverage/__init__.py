"""What of each SDK is traced, and what is not, and why: a module for each SDK, named as in settings, with `COVERAGE`.

Nothing at run time needs it: the documentation is made from it, and a test holds it against the installed SDK, which is
asked for all its methods and what each of them sends. What is not traced is told by where requests go, not by the names
of methods: a new method of a known kind needs nothing here, one of a new kind is missed, and the test says so.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from importlib import import_module
from typing import Final

_PREFIX: Final = re.compile(r"(/[a-z]+)*/v\d+(?=/)")
"""`/openai/v1`: what stands before a path in some SDKs and in others belongs to the base URL."""


@dataclass(frozen=True)
class Traced:
    """Methods whose requests are traced.

    request  method and path of the route
    methods  named as on a client, separated by spaces; with `beta.` only what is nowhere else
    streams  whether the answer may be a stream
    former   which releases have them, if not the newest: `before 1.0`
    """

    request: str
    methods: str
    streams: bool = False
    former: str = ""


@dataclass(frozen=True)
class Untraced:
    """Requests that pass untouched.

    requests  `[METHOD ]path`; `{}` is an identifier, `/...` at the end everything below, too
    calls     methods that send no request through the door, by the pattern of their names
    former    requests that only older releases of the SDK make
    """

    what: str
    requests: Sequence[str]
    why: str
    calls: Sequence[str] = ()
    former: Sequence[str] = ()

    def matches(self, method: str, url: str) -> bool:
        """Whether a request, relative or absolute, is one of these."""
        path = "/" + re.split(r"[?#]", url, maxsplit=1)[0].strip("/")
        path = _PREFIX.sub("", path, count=1)
        return any(_matches(request, method.upper(), path) for request in (*self.requests, *self.former))


@dataclass(frozen=True)
class Coverage:
    """All of one SDK, as it was at `release` (`3.54`): older releases have less, newer ones may have more."""

    release: str
    traced: Sequence[Traced]
    untraced: Sequence[Untraced]

    def why_not(self, method: str, url: str) -> Untraced | None:
        """Why a request is not traced; None if nobody has thought of it, or if it is traced."""
        return next((kind for kind in self.untraced if kind.matches(method, url)), None)

    def why_no_request(self, name: str) -> Untraced | None:
        """Why a method of the SDK, named as on a client, sends nothing that could be traced."""
        return next((kind for kind in self.untraced if any(fnmatchcase(name, call) for call in kind.calls)), None)


def coverage_of(sdk: str) -> Coverage:
    """What is said of the SDK that settings call `sdk`. Raises `ModuleNotFoundError` if that is nothing."""
    return import_module(f"{__name__}.{sdk}").COVERAGE


def _matches(request: str, method: str, path: str) -> bool:
    verb, _, pattern = request.rpartition(" ")
    if verb and verb != method:
        return False
    expression = re.escape(pattern.removesuffix("/...")).replace(r"\{\}", "[^/]+")
    below = "(/.*)?" if pattern.endswith("/...") else ""
    return re.fullmatch(expression + below, path) is not None
