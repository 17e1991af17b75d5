"""Who is told of alerts: a webhook, Slack's among them, and a server for mail."""

from __future__ import annotations

import json
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class Received:
    def __init__(self) -> None:
        self.posts: list[tuple[str, Any]] = []
        self.mails: list[str] = []
        self.web_port = self.mail_port = 0

    def to(self, path: str) -> list[Any]:
        return [body for where, body in list(self.posts) if where == path]


@contextmanager
def receivers() -> Iterator[Received]:
    received = Received()

    class Web(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            received.posts.append((self.path, json.loads(body)))
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"ok")

        def log_message(self, format: str, *args: Any) -> None: ...

    class Mail(socketserver.StreamRequestHandler):
        """As much of SMTP as Alertmanager speaks."""

        def handle(self) -> None:
            self._say("220 ready")
            for line in self.rfile:
                command = line.strip().upper()
                if command == b"DATA":
                    self._say("354 go on")
                    lines = iter(self.rfile.readline, b".\r\n")
                    received.mails.append(b"".join(lines).decode())
                self._say("221 bye" if command == b"QUIT" else "250 ok")
                if command == b"QUIT":
                    return

        def _say(self, text: str) -> None:
            self.wfile.write(f"{text}\r\n".encode())

    web = ThreadingHTTPServer(("127.0.0.1", 0), Web)
    mail = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Mail)
    mail.daemon_threads = True
    received.web_port, received.mail_port = web.server_address[1], mail.server_address[1]
    threads = [threading.Thread(target=server.serve_forever, args=(0.1,)) for server in (web, mail)]
    for thread in threads:
        thread.start()
    try:
        yield received
    finally:
        for server, thread in zip((web, mail), threads, strict=True):
            server.shutdown()
            thread.join()
            server.server_close()
