"""For whom a request is, taken from the request itself: middleware for ASGI (FastAPI, Starlette) and WSGI (Flask).

    app.add_middleware(genscope.web.IdentityMiddleware, user_id="x-user-id", conversation_id="x-session-id")
    app.wsgi_app = genscope.web.WsgiIdentityMiddleware(app.wsgi_app, user_id=lambda environ: environ.get("REMOTE_USER"))

A source is the name of a header, or a function of the ASGI scope or the WSGI environ. Headers come from outside: take
from them only what somebody in front of the application has checked.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from typing import Any, Generic, TypeVar

from genscope.core.identity import context
from genscope.core.installed import installation

Source = str | Callable[[Any], Any]


App = TypeVar("App", bound=Callable[..., Any])


class _Middleware(Generic[App]):
    """Around an application, with the sources that say for whom a request is."""

    def __init__(
        self,
        app: App,
        *,
        conversation_id: Source | None = None,
        user_id: Source | None = None,
        tenant: Source | None = None,
        tags: Mapping[str, Source] | None = None,
    ) -> None:
        self.app = app
        named = {"conversation_id": conversation_id, "user_id": user_id, "tenant": tenant}
        self._named = {name: source for name, source in named.items() if source is not None}
        self._tags = dict(tags or {})

    def _who(self, request: Any, header: Callable[[str], str | None]) -> context:
        """What a request says; what it does not say stays as it is around it."""
        said = {name: found for name, source in self._named.items() if (found := _ask(source, request, header))}
        tags = {name: found for name, source in self._tags.items() if (found := _ask(source, request, header))}
        who: dict[str, Any] = {**said, "tags": tags} if tags else {**said}
        return context(**who)


def _ask(source: Source, request: Any, header: Callable[[str], str | None]) -> str | None:
    try:
        found: Any = header(source) if isinstance(source, str) else source(request)
        return None if found is None else str(found)
    except Exception as fault:
        installation().faults.report("asking a request for whom it is", fault)
        return None


class IdentityMiddleware(_Middleware[Callable[..., Awaitable[Any]]]):
    """For ASGI. What is no request (`lifespan`) passes by."""

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self.app(scope, receive, send)
            return

        def header(name: str) -> str | None:
            wanted = name.lower().encode("latin-1")
            return next((value.decode("latin-1") for key, value in scope["headers"] if key.lower() == wanted), None)

        async with self._who(scope, header):
            await self.app(scope, receive, send)


class WsgiIdentityMiddleware(_Middleware[Callable[[Any, Any], Iterable[bytes]]]):
    """For WSGI. An answer that is produced while it is sent is produced for the same user."""

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        def header(name: str) -> str | None:
            key = name.upper().replace("-", "_")
            return environ.get(key if key in ("CONTENT_TYPE", "CONTENT_LENGTH") else f"HTTP_{key}")

        who = self._who(environ, header)
        with who:
            answer = self.app(environ, start_response)
        wrapper = environ.get("wsgi.file_wrapper")
        sent_by_server = isinstance(wrapper, type) and isinstance(answer, wrapper)
        if isinstance(answer, (list, tuple)) or sent_by_server:  # there already, or not ours to read
            return answer
        return _Answer(answer, who)


class _Answer:
    """The parts of an answer, each produced in the context of its request."""

    def __init__(self, answer: Iterable[bytes], who: context) -> None:
        self._answer = answer
        self._who = who
        self._parts: Iterator[bytes] | None = None

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        with self._who:
            if self._parts is None:
                self._parts = iter(self._answer)
            return next(self._parts)

    def close(self) -> None:
        close = getattr(self._answer, "close", None)
        if close is not None:
            with self._who:
                close()
