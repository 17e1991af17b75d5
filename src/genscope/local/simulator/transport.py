"""The bytes: a threaded loopback HTTP/1.1 server that sends what the ledger orders, at the pace it orders."""

from __future__ import annotations

import selectors
import socket
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socketserver import TCPServer
from typing import Any, cast

from .exchange import Beat, Reply
from .ledger import Ledger

__all__ = ["Gate", "Server"]


class Gate:
    """Held requests wait until it is open. A socket, readable while open, so that they watch their client as well."""

    def __init__(self) -> None:
        self._inside, self._outside = socket.socketpair()
        self._lock = threading.Lock()
        self._open = False

    def open(self) -> None:
        """Let through whoever waits and whoever comes."""
        with self._lock:
            if not self._open:
                self._open = True
                self._outside.send(b"!")  # nobody reads it before shut()

    def shut(self) -> None:
        """Hold again whoever comes."""
        with self._lock:
            if self._open:
                self._open = False
                self._inside.recv(1)

    def close(self) -> None:
        """Give the sockets back."""
        self._inside.close()
        self._outside.close()

    def fileno(self) -> int:
        """What a selector watches."""
        return self._inside.fileno()


class Server(ThreadingHTTPServer):
    """Listens on 127.0.0.1 from its construction on; `serve()` answers until `stop()`."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, ledger: Ledger, gate: Gate, port: int) -> None:
        super().__init__(("127.0.0.1", port), _Handler)
        self.ledger = ledger
        self.gate = gate
        self._connections: set[socket.socket] = set()
        self._stopping = False
        self._wake, self._waker = socket.socketpair()

    def server_bind(self) -> None:
        """Bind, without HTTPServer's look-up of the host name, which can take seconds."""
        TCPServer.server_bind(self)
        self.server_name, self.server_port = "127.0.0.1", self.server_address[1]

    def serve(self) -> None:
        """Like serve_forever, but woken up at the end instead of polling for it."""
        with selectors.DefaultSelector() as selector, self._wake, self:
            selector.register(self, selectors.EVENT_READ)
            selector.register(self._wake, selectors.EVENT_READ)
            while True:
                selector.select()
                if self._stopping:
                    return
                self.handle_request()

    def stop(self) -> None:
        """Make `serve()` return; from any thread."""
        self._stopping = True
        self._waker.close()

    def disconnect(self) -> None:
        """Close every connection, whatever its request is waiting for."""
        for connection in self._connections.copy():
            with suppress(OSError):  # its client was faster
                connection.shutdown(socket.SHUT_RDWR)

    def process_request(self, request: Any, client_address: Any) -> None:
        """Count a new connection and serve it in a thread of its own."""
        self._connections.add(request)
        self.ledger.count(connections=1)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        """Close a connection and count it off."""
        super().shutdown_request(request)
        self._connections.discard(request)
        self.ledger.count(connections=-1)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version = "genscope-simulator"
    disable_nagle_algorithm = True  # or a small frame waits until the client acknowledged the one before

    def handle(self) -> None:
        with suppress(ConnectionError, TimeoutError):  # clients may go away at any time
            super().handle()

    def log_message(self, format: str, *args: object) -> None:
        """Nothing: the output is the user's."""

    def do_POST(self) -> None:
        server = cast(Server, self.server)
        headers = {name.lower(): value for name, value in self.headers.items()}
        try:
            body = self._read_body(headers)
        except ValueError:
            self.send_error(400)  # and close: nobody knows where the next request begins
            return
        order = server.ledger.receive(self.command, self.path, headers, body)
        reply = order.reply
        started = False
        for step in reply.steps:
            if isinstance(step, bytes):
                if not started:
                    started = True
                    self._send_headers(reply)
                self.wfile.write(b"%x\r\n%s\r\n" % (len(step), step) if reply.streamed else step)
            elif step is Beat.PAUSE:
                if order.pause > 0:
                    _wait(self.connection, order.pause)
            elif step is Beat.HOLD:
                server.ledger.count(held=1)
                try:
                    _wait(self.connection, None, server.gate)
                finally:
                    server.ledger.count(held=-1)
            else:
                self.close_connection = True
                return
        if reply.streamed:
            self.wfile.write(b"0\r\n\r\n")

    do_GET = do_PUT = do_PATCH = do_DELETE = do_POST

    def _send_headers(self, reply: Reply) -> None:
        self.send_response(reply.status)
        headers = {"content-type": reply.content_type, **reply.headers}
        if reply.streamed:
            headers["transfer-encoding"] = "chunked"
        else:
            headers["content-length"] = str(sum(len(step) for step in reply.steps if isinstance(step, bytes)))
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()

    def _read_body(self, headers: Mapping[str, str]) -> bytes:
        """The request's body. Raises ValueError when its length cannot be told."""
        if headers.get("transfer-encoding", "").lower() != "chunked":
            return self.rfile.read(int(headers.get("content-length") or 0))
        body = b""
        while size := int(self.rfile.readline().split(b";")[0], 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return body


def _wait(connection: socket.socket, seconds: float | None, gate: Gate | None = None) -> None:
    """Wait for the time to pass or the gate to open. Raises ConnectionError as soon as the client goes away."""
    end = None if seconds is None else time.monotonic() + seconds
    with selectors.DefaultSelector() as selector:
        selector.register(connection, selectors.EVENT_READ)
        if gate is not None:
            selector.register(gate, selectors.EVENT_READ)
        while True:
            left = None if end is None else end - time.monotonic()
            if left is not None and left <= 0:
                return
            ready = [key.fileobj for key, _ in selector.select(left)]
            if gate in ready:
                return
            if connection in ready:
                if not connection.recv(1, socket.MSG_PEEK):
                    raise ConnectionAbortedError("the client closed the connection")
                selector.unregister(connection)  # the next request is there already: not a sign of leaving
