"""How long the server waits for a client, in this process so that it need not be as long."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from store.samples import call, messages, trace_id

from genscope import semconv
from genscope.local.store.writing import Store
from genscope.local.ui import bodies, connections
from genscope.local.ui.serving import Server, Wanted

from .served import eventually


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    """Impatient, with one long trace."""
    monkeypatch.setattr(connections, "_HEAD_IN", 0.3)
    monkeypatch.setattr(connections, "_TAKEN_IN", 0.3)
    monkeypatch.setattr(bodies, "_PATIENCE", 0.3)
    store = Store(tmp_path / "store.db")
    store.add_spans([call(1, {semconv.INPUT_MESSAGES: messages("x" * 3_900_000)})])
    store.close()
    with Server(Wanted(store.path, port=0, grpc_port=None)) as server:
        yield server


def connected(server: Server, **options: int) -> socket.socket:
    connection = socket.socket()
    for name, value in options.items():
        connection.setsockopt(socket.SOL_SOCKET, getattr(socket, name), value)
    connection.settimeout(20)
    connection.connect(("127.0.0.1", server.port))
    return connection


def rest(connection: socket.socket) -> bytes:
    """All that comes until the server has had enough."""
    received = b""
    try:
        while piece := connection.recv(65_536):
            received += piece
    except ConnectionError:
        pass
    return received


@pytest.mark.parametrize("sent", [b"", b"G", b"GET /api/info HTTP/1.1\r\nhost: localhost\r\nx: "])
def test_a_head_that_does_not_come(server: Server, sent: bytes) -> None:
    with connected(server) as connection:
        connection.sendall(sent)
        assert rest(connection) == b""


def test_a_second_head_that_does_not_come(server: Server) -> None:
    with connected(server) as connection:
        connection.sendall(b"GET /api/info HTTP/1.1\r\nhost: localhost\r\n\r\nGET /api")
        received = rest(connection)
    assert received.startswith(b"HTTP/1.1 200 OK")
    assert received.count(b"HTTP/1.1") == 1


def test_a_body_that_does_not_come(server: Server) -> None:
    with connected(server) as connection:
        connection.sendall(b"POST /v1/traces HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n")
        connection.sendall(b"content-length: 9\r\n\r\n{")
        assert rest(connection).startswith(b"HTTP/1.1 408")


def test_a_body_that_nobody_wants_is_not_waited_for(server: Server) -> None:
    with connected(server) as connection:
        connection.sendall(b"POST /nowhere HTTP/1.1\r\nhost: localhost\r\ncontent-length: 99\r\n\r\n{")
        assert rest(connection).startswith(b"HTTP/1.1 404")


def test_an_answer_that_is_not_taken(server: Server) -> None:
    """More of it than the system holds between the two."""
    with connected(server, SO_RCVBUF=4096) as connection:
        request = f"GET /api/traces/{trace_id(1)} HTTP/1.1\r\nhost: localhost\r\n\r\n"
        connection.sendall(request.encode() * 5)
        there = server._uvicorn.server_state.connections  # pyright: ignore[reportPrivateUsage]
        eventually(lambda: there)
        eventually(lambda: not there)
        assert len(rest(connection)) < 5 * 3_900_000


def test_a_client_that_stays_is_answered_again(server: Server) -> None:
    with connected(server) as connection:
        for _ in range(3):
            connection.sendall(b"HEAD / HTTP/1.1\r\nhost: localhost\r\n\r\n")
            assert connection.recv(65_536).startswith(b"HTTP/1.1 200")
