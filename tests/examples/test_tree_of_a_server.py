"""What the console tree makes of the spans of a web server: single messages, and for whom a trace is."""

from __future__ import annotations

import io
from typing import Any

import pytest
from contract.recorder import Recorder
from opentelemetry.trace import Span, set_span_in_context

pytest.importorskip("rich", reason="the console tree is drawn with it")

START = 1_700_000_000 * 10**9


class Server(Recorder):
    """Spans that begin and end when told, in milliseconds."""

    def span_of(self, name: str, parent: Span | None = None, at: int = 0, until: int = 1, **attributes: Any) -> Span:
        context = None if parent is None else set_span_in_context(parent)
        span = self.tracer.start_span(name, context, start_time=START + at * 10**6, attributes=attributes)
        span.end(START + until * 10**6)
        return span

    def message(self, name: str, parent: Span, at: int = 0, until: int = 1) -> Span:
        return self.span_of(name, parent, at, until, **{"asgi.event.type": "http.response.body"})

    def drawn(self) -> list[str]:
        from rich.console import Console

        from genscope.local.tree import render

        file = io.StringIO()
        tree = render(self.ended, width=200)
        Console(file=file, width=200).print(tree, highlight=False)
        return [" ".join(line.split()) for line in file.getvalue().splitlines()]


@pytest.fixture
def server() -> Server:
    return Server()


def test_messages_of_a_kind_are_one_line(server: Server) -> None:
    root = server.span_of("GET /", until=9)
    server.message("GET / http send", root, 1, 2)
    server.span_of("work", root, 2, 3)
    for at in range(3, 6):
        server.message("GET / http send", root, at, at + 1)
    server.message("GET / http receive", root, 6, 7)
    assert server.drawn() == [
        "GET / 9.0 ms",
        "├── GET / http send ×4 4.0 ms",
        "├── work 1.0 ms",
        "└── GET / http receive 1.0 ms",
    ]


def test_a_message_that_never_came_is_among_them(server: Server) -> None:
    root = server.span_of("GET /", until=9)
    server.message("GET / http receive", root, 1, 2)
    server.span_of("GET / http receive", root, 2, 8)
    assert server.drawn()[1:] == ["└── GET / http receive ×2 7.0 ms"]


def test_what_has_something_beneath_is_a_line_of_its_own(server: Server) -> None:
    root = server.span_of("GET /", until=9)
    server.message("GET / http send", root, 1, 2)
    inner = server.message("GET / http send", root, 2, 3)
    server.span_of("compress", inner, 2, 3)
    assert server.drawn() == [
        "GET / 9.0 ms",
        "├── GET / http send 1.0 ms",
        "└── GET / http send 1.0 ms",
        "└── compress 1.0 ms",
    ]


def test_a_message_that_failed_is_not_hidden(server: Server) -> None:
    root = server.span_of("GET /", until=9)
    for at in (1, 3):
        server.message("GET / http send", root, at, at + 1)
        server.span_of("GET / http send", root, at + 1, at + 2, **{"error.type": "OSError"})
    assert server.drawn()[1:] == [
        "├── GET / http send ×2 2.0 ms",
        "├── GET / http send 1.0 ms ✗ OSError",
        "└── GET / http send 1.0 ms ✗ OSError",
    ]


def test_what_is_no_message_is_told_as_often_as_it_was(server: Server) -> None:
    root = server.span_of("GET /", until=9)
    for at in (1, 2, 3):
        server.span_of("query", root, at, at + 1)
    assert len(server.drawn()) == 4


def call(server: Server, parent: Span, at: int, **identity: str) -> None:
    names = {"user": "user.id", "conversation": "gen_ai.conversation.id", "tenant": "genscope.tenant"}
    said = {names[what]: value for what, value in identity.items()}
    server.span_of("chat m", parent, at, at + 1, **{"gen_ai.operation.name": "chat", **said})


def test_for_whom(server: Server) -> None:
    root = server.span_of("GET /", until=9)
    call(server, root, 1, user="u1", conversation="c1", tenant="t\n1")
    call(server, root, 2, user="u1", conversation="c1", tenant="t\n1")
    assert server.drawn()[-1] == "2 calls · for tenant t 1, user u1, conversation c1"


def test_for_several(server: Server) -> None:
    root = server.span_of("GET /", until=9)
    call(server, root, 1, user="u1", conversation="c1")
    call(server, root, 2, user="u2", conversation="c1")
    assert server.drawn()[-1] == "2 calls · for conversation c1"


def test_for_nobody(server: Server) -> None:
    root = server.span_of("GET /", until=9)
    call(server, root, 1)
    assert server.drawn()[-1] == "1 call"


def test_sums_without_a_call_of_a_model(server: Server) -> None:
    zero = {"genscope.subtree.llm_calls": 0, "genscope.subtree.tool_calls": 0}
    server.span_of("invoke_workflow a", **zero, **{"gen_ai.operation.name": "invoke_workflow"})
    assert server.drawn() == ["invoke_workflow a 1.0 ms"]
