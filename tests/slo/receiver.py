"""Who receives webhooks, on the loopback interface: answers as it is told, and remembers everything."""

from __future__ import annotations

from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Condition, Event, Thread
from typing import Any, NamedTuple

DRIPS = -1
"""A status: an answer that never ends, byte by byte."""


class Received(NamedTuple):
    path: str
    headers: Mapping[str, str]
    body: bytes


class Receiver:
    """`answers` are a status and headers, one for each request; after the last 204 to all. 0 hangs until the end."""

    def __init__(self) -> None:
        self.received: list[Received] = []
        self.answers: list[tuple[int, Mapping[str, str]]] = []
        self._changed = Condition()
        self._closed = Event()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                with outer._changed:
                    headers = {name.lower(): value for name, value in self.headers.items()}
                    outer.received.append(Received(self.path, headers, body))
                    status, said = outer.answers.pop(0) if outer.answers else (204, {})
                    outer._changed.notify_all()
                if not status:
                    outer._closed.wait()
                    return
                if status == DRIPS:
                    while not outer._closed.wait(0.01):
                        self.wfile.write(b"H")
                    return
                self.send_response(status)
                for name, value in said.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def do_GET(self) -> None:  # where a redirect would have led
                with outer._changed:
                    outer.received.append(Received(self.path, {}, b""))

            def log_message(self, *args: Any) -> None:
                return

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}/hooks/s3cret"

    def wait(self, count: int, timeout: float = 10.0) -> list[Received]:
        """Until so many have come."""
        with self._changed:
            assert self._changed.wait_for(lambda: len(self.received) >= count, timeout), self.received
            return list(self.received)

    def __enter__(self) -> Receiver:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._closed.set()
        self._server.shutdown()
        self._server.server_close()
