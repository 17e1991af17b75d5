"""Since 2.0 the SDK has spans of its own, and sends their context: they are completed, and none is doubled.

All of them are started by one tracer, in a place where little is known: so what is known around it is handed on. Where
nobody would see the SDK's spans, because there is no global provider, the same ones are written to ours.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping
from contextlib import suppress
from contextvars import ContextVar, Token
from types import ModuleType
from typing import Any, Final

from opentelemetry.context import get_current
from opentelemetry.trace import INVALID_SPAN, get_current_span, set_span_in_context

from genscope import semconv
from genscope.core.ambient import hold, is_silent, release
from genscope.core.attachment import Hook
from genscope.core.patching import Patch, Wrapper
from genscope.core.pipeline import Faults
from genscope.frameworks import mcp_http
from genscope.frameworks.mcp_exchange import CLIENT, SERVER, Exchange, Request, begin, followed
from genscope.frameworks.mcp_failures import CLOSED
from genscope.frameworks.mcp_messages import member, received

_VERSION_OF_REQUEST: Final = "io.modelcontextprotocol/protocolVersion"
"""Since 2026-07-28 each request says in its `_meta` which version it speaks."""

_awaited: ContextVar[Exchange | None] = ContextVar("genscope_mcp_exchange", default=None)
"""The one whose span the SDK is about to start."""
_waiting: Final[dict[tuple[int, str], Exchange]] = {}
"""Those whose span waits for an answer, by the identity of the dispatcher and the id of the request."""


# --- spans


def tracer(faults: Faults) -> Hook:
    """Every span of the SDK is started by this one."""

    def attach(module: ModuleType) -> Callable[[], None]:
        native: Any = module._tracer
        ours = _Tracer(native, faults)
        vars(module)["_tracer"] = ours

        def undo() -> None:
            ours.installed = False
            if module._tracer is ours:
                vars(module)["_tracer"] = native

        return undo

    return Hook("mcp.shared._otel", attach)


class _Tracer:
    def __init__(self, native: Any, faults: Faults) -> None:
        self._native, self._faults = native, faults
        self.installed = True

    def __getattr__(self, name: str) -> Any:
        return getattr(self._native, name)

    def start_as_current_span(self, name: str, *args: Any, **kwargs: Any) -> Any:
        exchange = _awaited.get()
        if self.installed and exchange is not None and exchange.span is None:
            told = self._faults.attempt("a span of the MCP SDK", lambda: self._told(exchange, name, args, kwargs))
            if told is not None:
                return told
        return self._native.start_as_current_span(name, *args, **kwargs)

    def _told(self, exchange: Exchange, name: str, args: Any, kwargs: dict[str, Any]) -> _Told:
        given: dict[str, Any] = kwargs.get("attributes") or {}
        attributes = exchange.attributes | given
        if is_silent(self._native):
            exchange.attributes = given | exchange.attributes
            return _InOurs(exchange, attributes)
        native = self._native.start_as_current_span(name, *args, **kwargs | {"attributes": attributes})
        return _InTheirs(exchange, attributes, native)


class _Told:
    """The SDK's `with` block of a span. What happens in it is known before the span ends."""

    def __init__(self, exchange: Exchange, attributes: Mapping[str, Any]) -> None:
        self._exchange = exchange
        self._place = (id(exchange.peer), str(attributes.get(semconv.JSONRPC_REQUEST_ID)))

    def _wait(self) -> None:
        _waiting[self._place] = self._exchange

    def _wait_no_more(self, error: BaseException | None) -> None:
        _waiting.pop(self._place, None)
        if error is not None:
            self._exchange.failed(error)
        else:
            self._exchange.lost(CLOSED)


class _InTheirs(_Told):
    def __init__(self, exchange: Exchange, attributes: Mapping[str, Any], native: Any) -> None:
        super().__init__(exchange, attributes)
        self._native = native

    def __enter__(self) -> Any:
        span = self._native.__enter__()
        self._exchange.meet(span)
        self._wait()
        return span

    def __exit__(self, kind: Any, error: BaseException | None, traceback: Any) -> Any:
        try:
            self._wait_no_more(error)
            self._exchange.tell()
        finally:
            left = self._native.__exit__(kind, error, traceback)
        return left


class _InOurs(_Told):
    """It ends with the exchange, just after the block."""

    def __enter__(self) -> Any:
        self._exchange.start()
        self._token = hold(self._exchange.context)
        self._wait()
        # Into ours the SDK shall not write by itself: it would put the text of errors there, which is content.
        return INVALID_SPAN

    def __exit__(self, kind: Any, error: BaseException | None, traceback: Any) -> None:
        release(self._token)
        self._wait_no_more(error)


# --- what is sent


def json_rpc(faults: Faults) -> Patch:
    """What sends requests to a peer as messages, in a span of the SDK."""

    def send(wrapped: Any, dispatcher: Any, args: Any, kwargs: Any) -> Any:
        return _send(faults, wrapped, dispatcher, *args, **kwargs) if found.installed else wrapped(*args, **kwargs)

    def targets(module: ModuleType) -> Iterable[tuple[Any, str, Wrapper]]:
        dispatcher = getattr(module, "JSONRPCDispatcher", None)
        yield dispatcher, "send_raw_request", send
        yield dispatcher, "_resolve_pending", _resolve

    found = Patch("mcp.shared.jsonrpc_dispatcher", targets)
    return found


def direct(faults: Faults) -> Patch:
    """What calls a server in the same process: the SDK has a span of that on the other side only."""

    def send(wrapped: Any, dispatcher: Any, args: Any, kwargs: Any) -> Any:
        return _call(faults, wrapped, dispatcher, *args, **kwargs) if found.installed else wrapped(*args, **kwargs)

    def targets(module: ModuleType) -> Iterable[tuple[Any, str, Wrapper]]:
        yield getattr(module, "DirectDispatcher", None), "send_raw_request", send

    found = Patch("mcp.shared.direct_dispatcher", targets)
    return found


async def _send(
    faults: Faults, wrapped: Any, dispatcher: Any, method: Any, params: Any, *args: Any, **kwargs: Any
) -> Any:
    exchange = _begin(faults, dispatcher, method, params)
    token = _awaited.set(exchange)
    try:
        return await followed(exchange, wrapped, method, params, *args, **kwargs)
    finally:
        _forget(token)


async def _call(
    faults: Faults, wrapped: Any, dispatcher: Any, method: Any, params: Any, *args: Any, **kwargs: Any
) -> Any:
    return await followed(_begin(faults, dispatcher, method, params), wrapped, method, params, *args, **kwargs)


def _begin(faults: Faults, dispatcher: Any, method: Any, params: Any) -> Exchange | None:
    def known() -> dict[str, Any]:
        version = member(member(params, "_meta"), _VERSION_OF_REQUEST)
        said = {semconv.MCP_PROTOCOL_VERSION: version} if isinstance(version, str) else {}
        return said | mcp_http.of_client(getattr(dispatcher, "_write_stream", None))

    return begin(faults, CLIENT, Request(method, params, peer=dispatcher), get_current(), known)


def _resolve(wrapped: Any, dispatcher: Any, args: Any, kwargs: Any) -> Any:
    """An answer has come, while the span still waits for it."""
    request_id, outcome = _answer(*args, **kwargs)
    exchange = _waiting.get((id(dispatcher), str(request_id)))
    if exchange is not None:
        exchange.answered(outcome)
    return wrapped(*args, **kwargs)


def _answer(request_id: Any = None, outcome: Any = None, *_: Any, **__: Any) -> tuple[Any, Any]:
    return request_id, outcome


def _forget(token: Token[Exchange | None]) -> None:
    with suppress(ValueError):  # a coroutine that is closed may be finalised in another context
        _awaited.reset(token)


# --- what is received


def middleware(faults: Faults) -> Patch:
    """The SDK's own, on every server: inside of it the span of a request is current."""

    def serve(wrapped: Any, instance: Any, args: Any, kwargs: Any) -> Any:
        return _serve(faults, wrapped, *args, **kwargs) if found.installed else wrapped(*args, **kwargs)

    def targets(module: ModuleType) -> Iterable[tuple[Any, str, Wrapper]]:
        yield getattr(module, "OpenTelemetryMiddleware", None), "__call__", serve

    found = Patch("mcp.server._otel", targets)
    return found


async def _serve(faults: Faults, wrapped: Any, ctx: Any, call_next: Callable[[Any], Awaitable[Any]]) -> Any:
    def known() -> dict[str, Any]:
        return {semconv.MCP_PROTOCOL_VERSION: ctx.protocol_version} | mcp_http.of_server(ctx.request)

    def look() -> Request | None:
        return None if ctx.request_id is None else Request(ctx.method, ctx.params, ctx.request_id)

    exchange = _received(faults, look, known)

    async def call(ctx: Any) -> Any:
        if exchange is None:
            return await call_next(ctx)
        # With what the peer has sent besides its trace: the SDK takes only that.
        token = hold(set_span_in_context(get_current_span(), exchange.context))
        try:
            answer = await call_next(ctx)
        finally:
            release(token)
        exchange.answered(answer)
        return answer

    token = _awaited.set(exchange)
    try:
        return await followed(exchange, wrapped, ctx, call)
    finally:
        _forget(token)


def callbacks(faults: Faults) -> Patch:
    """A client that the server asks for something, an answer of its model, say: of that the SDK has no span."""

    def serve(wrapped: Any, session: Any, args: Any, kwargs: Any) -> Any:
        return _call_back(faults, wrapped, *args, **kwargs) if found.installed else wrapped(*args, **kwargs)

    def targets(module: ModuleType) -> Iterable[tuple[Any, str, Wrapper]]:
        session = getattr(module, "ClientSession", None)
        if hasattr(session, "_on_request"):  # before 2.0 it is the base class that does this
            yield session, "_on_request", serve

    found = Patch("mcp.client.session", targets)
    return found


async def _call_back(faults: Faults, wrapped: Any, dctx: Any, method: Any, params: Any) -> Any:
    exchange = _received(faults, lambda: Request(method, params, dctx.request_id), dict)
    if exchange is None:
        return await wrapped(dctx, method, params)
    exchange.start()
    token = hold(exchange.context)
    try:
        return await followed(exchange, wrapped, dctx, method, params)
    finally:
        release(token)


def _received(
    faults: Faults, look: Callable[[], Request | None], known: Callable[[], dict[str, Any]]
) -> Exchange | None:
    request, context = faults.attempt("a request of MCP", look), get_current()
    if request is None:
        return None
    sent = faults.attempt("the context of a request of MCP", lambda: received(member(request.params, "_meta"), context))
    return begin(faults, SERVER, request, context if sent is None else sent, known)
