"""HTTP over a Unix socket: a server under test needs no port."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection, HTTPResponse
from pathlib import Path

from .running import PATIENCE


class Connection(HTTPConnection):
    """To the server at `path`."""

    def __init__(self, path: Path) -> None:
        super().__init__("localhost", timeout=PATIENCE)
        self._path = path

    def connect(self) -> None:
        """Called by `request`."""
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(str(self._path))


@contextmanager
def page(path: Path, url: str) -> Iterator[HTTPResponse]:
    """A page, to be read; the connection is closed afterwards, wherever the page is."""
    connection = Connection(path)
    try:
        connection.request("GET", url)
        with connection.getresponse() as response:
            yield response
    finally:
        connection.close()


def get(path: Path, url: str) -> bytes:
    """A whole page."""
    with page(path, url) as response:
        return response.read()
