"""Which requests are to be traced whatever the ratio says: told by what is known when their first span starts."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from typing import Any, Final

_METHODS: Final = ("http.request.method", "http.method")
_PATHS: Final = ("http.route", "url.path", "http.target", "url.full", "http.url")
"""Where instrumentations of web frameworks say it, under names of today and of old."""

_LONGEST: Final = 1_000
"""Characters. What is longer is no route; it comes from outside, and patterns take their time with it."""


class KeptRoutes:
    """Patterns in which only `*` is special: `/chat*`, `POST /agents/*`, `nightly-*`."""

    def __init__(self, patterns: Collection[str]) -> None:
        wanted = (".*".join(map(re.escape, pattern.split("*"))) for pattern in patterns)
        self._wanted = re.compile("|".join(wanted))

    def have(self, name: str, attributes: Mapping[str, Any] | None) -> bool:
        """Whether a span of this name and with these attributes, the first of its process, is one of theirs."""
        wanted = self._wanted
        return any(len(text) <= _LONGEST and wanted.fullmatch(text) for text in _texts(name, attributes or {}))


def _texts(name: str, attributes: Mapping[str, Any]) -> Iterator[str]:
    """What a pattern may mean: the name, the path in it and in the attributes, alone and after the method."""
    yield name
    method, _, path = name.partition(" ")
    if path and method.isupper():
        yield path
    method = next((attributes[key] for key in _METHODS if key in attributes), None)
    for key in _PATHS:
        target = attributes.get(key)
        if isinstance(target, str):
            path = _path(target)
            yield path
            if method is not None:
                yield f"{method} {path}"


def _path(target: str) -> str:
    """Of a path with a query, or of a whole URL. Not by `urllib`: it raises for what is none."""
    scheme, after, rest = target.partition("://")
    if after and scheme.isalpha():
        target = "/" + rest.partition("/")[2]
    return target.partition("?")[0].partition("#")[0]
