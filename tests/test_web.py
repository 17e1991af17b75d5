"""For whom a request is: from its headers, or from what the application makes of it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator
from typing import Any
from wsgiref.util import FileWrapper, setup_testing_defaults

import pytest
from starlette.applications import Starlette
from starlette.responses import JSONResponse, StreamingResponse
from starlette.routing import Route

from genscope.core.identity import identity
from genscope.web import IdentityMiddleware, WsgiIdentityMiddleware


def who() -> dict[str, str]:
    found = identity()
    return {} if found is None else dict(found.attributes)


def _mute(request: Any) -> str:
    raise RuntimeError("no")


SOURCES: dict[str, Any] = {"user_id": "X-User-Id", "tenant": _mute, "tags": {"plan": "x-plan", "no": "x-absent"}}
EXPECTED = {"user.id": "u1", "genscope.tag.plan": "gold"}


async def asgi(app: Any, path: str, type: str = "http") -> bytes:
    sent: list[Any] = []

    async def receive() -> Any:
        return await asyncio.Event().wait()  # the client neither sends nor leaves

    async def send(message: Any) -> None:
        sent.append(message)

    headers = [(b"x-user-id", b"u1"), (b"x-plan", b"gold")]
    scope = {"type": type, "method": "GET", "path": path, "raw_path": path.encode(), "query_string": b""}
    await app({**scope, "headers": headers, "root_path": "", "scheme": "http"}, receive, send)
    return b"".join(message.get("body", b"") for message in sent)


async def test_starlette() -> None:
    async def show(request: Any) -> JSONResponse:
        return JSONResponse(who())

    async def stream(request: Any) -> StreamingResponse:
        async def parts() -> Any:
            yield str(who())

        return StreamingResponse(parts())

    app = Starlette(routes=[Route("/", show), Route("/stream", stream)])
    app.add_middleware(IdentityMiddleware, **SOURCES)
    assert (await asgi(app, "/")) == b'{"user.id":"u1","genscope.tag.plan":"gold"}'
    assert (await asgi(app, "/stream")) == str(EXPECTED).encode()
    assert who() == {}


async def test_what_is_no_request_passes_by() -> None:
    seen: list[Any] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        seen.append((scope, who()))

    scope = {"type": "lifespan"}
    await IdentityMiddleware(app, user_id=lambda scope: "u")(scope, None, None)
    assert seen == [(scope, {})]
    await IdentityMiddleware(app, user_id=lambda scope: scope["user"])(
        {"type": "websocket", "headers": [], "user": 5}, None, None
    )
    assert seen[1][1] == {"user.id": "5"}


def wsgi(answer: Any, **more: Any) -> Any:
    environ: dict[str, Any] = {"HTTP_X_USER_ID": "u1", "HTTP_X_PLAN": "gold", **more}
    setup_testing_defaults(environ)

    def app(environ: Any, start_response: Any) -> Any:
        start_response("200 OK", [("seen", str(who()))])
        return answer() if callable(answer) else answer

    seen: list[Any] = []
    result = WsgiIdentityMiddleware(app, **SOURCES)(environ, lambda status, headers: seen.append(headers))
    assert seen == [[("seen", str(EXPECTED))]]
    return result


def test_flask_and_other_wsgi() -> None:
    whole = [b"x"]
    assert wsgi(whole) is whole
    file = FileWrapper(None)  # type: ignore[arg-type]
    assert wsgi(file, **{"wsgi.file_wrapper": FileWrapper}) is file
    closed: list[dict[str, str]] = []

    def parts() -> Iterator[bytes]:
        try:
            yield str(who()).encode()
            yield str(who()).encode()
        finally:
            closed.append(who())

    answer = wsgi(parts)
    assert list(answer) == [str(EXPECTED).encode()] * 2
    left = wsgi(parts)
    next(left)
    assert who() == {}
    left.close()
    assert closed == [EXPECTED] * 2


def test_an_answer_without_close() -> None:
    class Once:
        def __iter__(self) -> Iterator[bytes]:
            yield b"a"

    answer: Iterable[bytes] = wsgi(Once)
    assert list(answer) == [b"a"]
    answer.close()  # type: ignore[attr-defined]


@pytest.fixture(autouse=True)
def no_faults_are_raised(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GENSCOPE_RAISE_FAULTS", raising=False)
