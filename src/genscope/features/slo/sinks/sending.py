"""One HTTP request, which takes no longer than it may: a timeout of a socket begins anew with each byte that comes."""

from __future__ import annotations

import socket
from collections.abc import Mapping
from contextlib import closing, suppress
from http.client import HTTPConnection
from threading import Timer
from typing import Any
from urllib.error import HTTPError
from urllib.request import HTTPHandler, HTTPRedirectHandler, HTTPSHandler, Request, build_opener

from opentelemetry.instrumentation.utils import suppress_instrumentation


def send(url: str, body: bytes, headers: Mapping[str, str], seconds: float) -> tuple[int, str | None]:
    """Post JSON: the status of the answer, and when the receiver says to try again.

    Raises `OSError`, `HTTPException` or `ValueError` where there is no answer. Other instrumentations do not trace it.
    """
    said = {"Content-Type": "application/json", "User-Agent": "genscope", **headers}
    request = Request(url, data=body, headers=dict(said), method="POST")
    opened: list[HTTPConnection] = []
    opener = build_opener(_NoRedirects, _Http(opened), _Https(opened))
    watchdog = Timer(seconds, _cut, (opened,))
    watchdog.daemon = True
    with suppress(RuntimeError):  # no more threads: then without
        watchdog.start()
    try:
        with suppress_instrumentation(), closing(opener.open(request, timeout=seconds)) as response:
            return response.status, None
    except HTTPError as refused:
        with closing(refused):
            return refused.code, refused.headers.get("Retry-After")
    finally:
        watchdog.cancel()


def _cut(opened: list[HTTPConnection]) -> None:
    for connection in opened:
        with suppress(OSError, AttributeError):  # it may have gone in this very moment
            connection.sock.shutdown(socket.SHUT_RDWR)


class _NoRedirects(HTTPRedirectHandler):
    """A redirect would carry the alert to somebody whom nobody has chosen."""

    def redirect_request(self, *args: Any, **kwargs: Any) -> None:
        return None


class _Http(HTTPHandler):
    """Notes the connections that it opens."""

    def __init__(self, opened: list[HTTPConnection]) -> None:
        super().__init__()
        self._opened = opened

    def do_open(self, http_class: Any, req: Any, **options: Any) -> Any:
        return super().do_open(_noting(http_class, self._opened), req, **options)


class _Https(HTTPSHandler):
    def __init__(self, opened: list[HTTPConnection]) -> None:
        super().__init__()
        self._opened = opened

    def do_open(self, http_class: Any, req: Any, **options: Any) -> Any:
        return super().do_open(_noting(http_class, self._opened), req, **options)


def _noting(http_class: Any, opened: list[HTTPConnection]) -> Any:
    def connect(*args: Any, **options: Any) -> HTTPConnection:
        opened.append(http_class(*args, **options))
        return opened[-1]

    return connect
