"""Since 2.0 the SDK has spans of its own, and sends their context: they are completed, and none is doubled.

All of them are started by one tracer, in a place where little is known: so what is known around it is handed on. Where
nobody would see the SDK's spans, because there is no global provider, the same ones are written to ours.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
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
from genscope.frameworks.mcp_exchange import CLIENT, SERVER, Exchange, Request, begin
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
            try:
                return self._told(exchange, name, args, kwargs)
            except Exception as fault:
                self._faults.report("a span of the MCP SDK", fault)
        return self._native.start_as_current_span(name, *args, **kwargs)

    def _told(self, exchange: Exchange, name: str, args: Any, kwargs: dict[str, Any]) -> _Told:
        given: dict[str, Any] = kwargs.get("attributes") or {}
        attributes = exchange.attributes | given
        told: dict[str, Any] = kwargs | {"attributes": attributes}
        request_id = str(attributes.get(semconv.JSONRPC_REQUEST_ID))
        if not is_silent(self._native):
            return _Told(self._native.start_as_current_span(name, *args, **told), exchange, request_id, ours=False)
        told |= {"record_exception": False, "set_status_on_exception": False}
        return _Told(
            exchange.out.tracer.start_as_current_span(exchange.name, *args, **told), exchange, request_id, ours=True
        )


class _Told:
    """The SDK's `with` block of a span. What happens in it is known before the span ends."""

    def __init__(self, span: Any, exchange: Exchange, request_id: str, *, ours: bool) -> None:
        self._span, self._exchange, self._ours = span, exchange, ours
        self._place = (id(exchange.peer), request_id)

    def __enter__(self) -> Any:
        span = self._span.__enter__()
        self._exchange.meet(span, ours=self._ours)
        _waiting[self._place] = self._exchange
        # Into ours the SDK shall not write by itself: it would put the text of errors there, which is content.
        return INVALID_SPAN if self._ours else span

    def __exit__(self, kind: Any, error: BaseException | None, traceback: Any) -> Any:
        exchange = self._exchange
        try:
            _waiting.pop(self._place, None)
            if error is not None:
                exchange.failed(error)
            else:
                exchange.lost(CLOSED)
            exchange.tell()
        finally:
            left = self._span.__exit__(kind, error, traceback)
        return left


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
        return await _followed(exchange, wrapped(method, params, *args, **kwargs))
    finally:
        _forget(token)


async def _call(
    faults: Faults, wrapped: Any, dispatcher: Any, method: Any, params: Any, *args: Any, **kwargs: Any
) -> Any:
    return await _followed(_begin(faults, dispatcher, method, params), wrapped(method, params, *args, **kwargs))


def _begin(faults: Faults, dispatcher: Any, method: Any, params: Any) -> Exchange | None:
    def known() -> dict[str, Any]:
        version = member(member(params, "_meta"), _VERSION_OF_REQUEST)
        said = {semconv.MCP_PROTOCOL_VERSION: version} if isinstance(version, str) else {}
        return said | mcp_http.of_client(getattr(dispatcher, "_write_stream", None))

    return begin(faults, CLIENT, Request(method, params, peer=dispatcher), get_current(), known)


async def _followed(exchange: Exchange | None, work: Awaitable[Any]) -> Any:
    """What the SDK does for a request, which is over then."""
    if exchange is None:
        return await work
    try:
        answer = await work
        exchange.answered(answer)
        return answer
    except BaseException as error:
        exchange.failed(error)
        raise
    finally:
        exchange.close()


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

    request = Request(ctx.method, ctx.params, ctx.request_id)
    exchange = None if ctx.request_id is None else _received(faults, request, known)

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
        return await _followed(exchange, wrapped(ctx, call))
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
    exchange = _received(faults, Request(method, params, dctx.request_id), dict)
    if exchange is None:
        return await wrapped(dctx, method, params)
    exchange.start()
    token = hold(exchange.context)
    try:
        return await _followed(exchange, wrapped(dctx, method, params))
    finally:
        release(token)


def _received(faults: Faults, request: Request, known: Callable[[], dict[str, Any]]) -> Exchange | None:
    context = get_current()
    try:
        context = received(member(request.params, "_meta"), context)
    except Exception as fault:
        faults.report("the context of a request of MCP", fault)
    return begin(faults, SERVER, request, context, known)
