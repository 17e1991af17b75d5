"""Which reader a request of an HTTP API belongs to, by its method and path."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from genscope.core.reader import Reader

_MAX_PATHS: Final = 512
"""Paths with identifiers are without number: the cache of matches is not."""


@dataclass(frozen=True)
class Route:
    """`method` and the end of a path, `/responses/{response_id}`, lead to a reader."""

    method: str
    path: str
    reader: Reader

    def match(self, method: str, path: str) -> Mapping[str, str] | None:
        """The identifiers in `path`, or None if this is another route."""
        if method.upper() != self.method:
            return None
        pattern = re.sub(r"\\{(\w+)\\}", r"(?P<\1>[^/]+)", re.escape(self.path))
        found = re.search(f"{pattern}$", path)
        return found.groupdict() if found else None


Match = tuple[Route, Mapping[str, str]]


class Routes:
    """The routes of one SDK; the longest path that fits wins."""

    def __init__(self, routes: Sequence[Route]) -> None:
        self._routes = sorted(routes, key=lambda route: len(route.path), reverse=True)
        self._matches: dict[tuple[str, str], Match | None] = {}

    def find(self, method: str, url: str) -> Match | None:
        """The route of a request, relative or absolute, with or without a query; None if it is not traced."""
        key = (method, url)
        try:
            return self._matches[key]
        except KeyError:
            if len(self._matches) >= _MAX_PATHS:
                self._matches.clear()
            found = self._matches[key] = self._search(method, url)
            return found

    def _search(self, method: str, url: str) -> Match | None:
        path = "/" + re.split(r"[?#]", url, maxsplit=1)[0].strip("/")
        for route in self._routes:
            identifiers = route.match(method, path)
            if identifiers is not None:
                return route, identifiers
        return None
