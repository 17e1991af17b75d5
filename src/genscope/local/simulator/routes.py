"""Which request is for which API."""

from __future__ import annotations

from collections.abc import Mapping

from . import anthropic_format, anthropic_platforms, openai_format
from .replies import Api, Service

__all__ = ["route", "service_of"]

_ROUTES = (*openai_format.ROUTES, *anthropic_format.ROUTES, *anthropic_platforms.ROUTES)


def route(method: str, path: str) -> tuple[Api, str | None] | None:
    """The API of a request and the id in its path. Only the end of the path counts, whatever the prefix."""
    for api in _ROUTES:
        if api.method == method and (found := api.path.search(path.rstrip("/"))):
            return api, found[1] if found.groups() else None
    return None


def service_of(headers: Mapping[str, str]) -> Service:
    """The service that a client means, by its headers: who answers when the path says nothing."""
    return anthropic_format.SERVICE if "anthropic-version" in headers else openai_format.SERVICE
