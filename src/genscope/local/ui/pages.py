"""The page: the files beside this one, read once. What is not among them is not there, whatever path asks for it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import blake2b
from importlib.resources import files
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

_INDEX: Final = "index.html"
_TYPES: Final = {
    "html": "text/html; charset=utf-8",
    "css": "text/css; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "svg": "image/svg+xml",
    "png": "image/png",
    "ico": "image/x-icon",
}


@dataclass(frozen=True)
class Page:
    body: bytes
    type: str
    tag: str
    """Of what is in it: the dates of files in a wheel are all the same."""


def found() -> dict[str, Page]:
    """By path."""
    return dict(_in("/", files(__package__ or "").joinpath("page")))


def _in(path: str, folder: Any) -> list[tuple[str, Page]]:
    pages: list[tuple[str, Page]] = []
    for entry in folder.iterdir():
        if entry.is_dir():
            pages += _in(f"{path}{entry.name}/", entry)
        elif (type := _TYPES.get(entry.name.rpartition(".")[2])) is not None:
            body: bytes = entry.read_bytes()
            name = "" if entry.name == _INDEX else entry.name
            pages.append((path + name, Page(body, type, f'"{blake2b(body, digest_size=12).hexdigest()}"')))
    return pages


def routes(pages: Mapping[str, Page]) -> list[Route]:
    return [Route(path, _endpoint(page), methods=["GET"]) for path, page in pages.items()]


def _endpoint(page: Page) -> Any:
    async def endpoint(request: Request) -> Response:
        headers = {"etag": page.tag, "cache-control": "no-cache"}
        known = [one.strip().removeprefix("W/") for one in request.headers.get("if-none-match", "").split(",")]
        if page.tag in known or "*" in known:
            return Response(status_code=304, headers=headers)
        return Response(page.body, media_type=page.type, headers=headers)

    return endpoint
