"""Before 2.0 the SDK has no spans, and sends no context: both are added where every request passes.

A session sends by `send_request`. What it receives it handles inside `with RequestResponder`, whichever side it is, in
the task that does the work, and answers by `respond`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import ModuleType
from typing import Any, Final, cast
from weakref import WeakKeyDictionary

import wrapt
from opentelemetry.context import Context, get_current
from opentelemetry.trace import Link, SpanKind, get_current_span

from genscope import semconv
from genscope.core.ambient import Token, hold, release, trace_headers
from genscope.core.patching import Patch, Wrapper
from genscope.core.pipeline import Faults
from genscope.frameworks import mcp_http
from genscope.frameworks.mcp_exchange import CLIENT, SERVER, Exchange, Request, begin, followed
from genscope.frameworks.mcp_failures import CANCELLED
from genscope.frameworks.mcp_messages import carrying, member, received

_SENT_IN: Final = "_genscope_context"


class SessionPatch(Patch):
    def __init__(self, faults: Faults) -> None:
        super().__init__("mcp.shared.session", self._places_to_wrap)
        self._faults = faults
        self._served: WeakKeyDictionary[Any, tuple[Exchange, Token]] = WeakKeyDictionary()

    def _places_to_wrap(self, module: ModuleType) -> Iterable[tuple[Any, str, Wrapper]]:
        session, responder = getattr(module, "BaseSession", None), getattr(module, "RequestResponder", None)
        yield session, "send_request", self._send
        yield responder, "__enter__", self._enter
        yield responder, "respond", self._respond
        yield responder, "__exit__", self._exit
        yield getattr(module, "ServerMessageMetadata", None), "__init__", self._arrive

    def remove(self) -> None:
        super().remove()
        for exchange, _ in list(self._served.values()):
            exchange.close()

    # --- what is sent

    def _send(self, wrapped: Any, session: Any, args: Any, kwargs: Any) -> Any:
        return self._sent(wrapped, session, *args, **kwargs) if self.installed else wrapped(*args, **kwargs)

    async def _sent(self, wrapped: Any, session: Any, request: Any, *args: Any, **kwargs: Any) -> Any:
        exchange = self._begin(session, request)
        if exchange is None:
            return await wrapped(request, *args, **kwargs)
        headers = self._faults.attempt("the context of a request of MCP", lambda: trace_headers(exchange.context))
        token = hold(exchange.context)
        try:
            return await followed(exchange, wrapped, _Carrying(request, headers or {}, self._faults), *args, **kwargs)
        finally:
            release(token)

    def _begin(self, session: Any, request: Any) -> Exchange | None:
        def look() -> Request:
            asked = getattr(request, "root", request)
            id = getattr(session, "_request_id", None)  # which the SDK is about to take
            return Request(member(asked, "method"), member(asked, "params"), id, session)

        asked = self._faults.attempt("a request of MCP", look)
        if asked is None:
            return None
        stream = getattr(session, "_write_stream", None)
        exchange = begin(self._faults, CLIENT, asked, get_current(), lambda: mcp_http.of_client(stream))
        if exchange is None:
            return None
        around = get_current_span()
        if self._faults.attempt("the span around a request of MCP", lambda: _describes(around, exchange)):
            exchange.borrow(around)
        else:
            exchange.start()
        return exchange

    # --- what is received

    def _arrive(self, wrapped: Any, metadata: Any, args: Any, kwargs: Any) -> Any:
        """The task that handles a message over HTTP may be one of an earlier message: this is its own context."""
        result = wrapped(*args, **kwargs)
        if self.installed:
            self._faults.attempt(
                "where a message of MCP was sent", lambda: metadata.__dict__.update({_SENT_IN: get_current()})
            )
        return result

    def _enter(self, wrapped: Any, responder: Any, args: Any, kwargs: Any) -> Any:
        result = wrapped(*args, **kwargs)
        if self.installed:
            self._faults.attempt("a request of MCP that was received", lambda: self._entered(responder))
        return result

    def _entered(self, responder: Any) -> None:
        request = getattr(responder.request, "root", responder.request)
        metadata = getattr(responder, "message_metadata", None)
        http = getattr(metadata, "request_context", None)
        sent_in: Context | None = getattr(metadata, _SENT_IN, None)
        around = get_current() if sent_in is None else sent_in
        context = received(responder.request_meta, around)
        if not get_current_span(context).get_span_context().is_valid:
            context = received(mcp_http.headers_of(http), context)
        asked = Request(
            member(request, "method"),
            member(request, "params"),
            responder.request_id,
            getattr(responder, "_session", None),
        )
        token = hold(context)  # it may be suppressed there
        try:
            exchange = begin(self._faults, SERVER, asked, context, lambda: mcp_http.of_server(http))
        finally:
            release(token)
        if exchange is not None:
            exchange.start(_links(around, context))
            self._served[responder] = exchange, hold(exchange.context)

    def _respond(self, wrapped: Any, responder: Any, args: Any, kwargs: Any) -> Any:
        answer = next(iter((*args, *kwargs.values())), None)
        self._faults.attempt("an answer of MCP", lambda: self._responded(responder, answer))
        return wrapped(*args, **kwargs)

    def _responded(self, responder: Any, answer: Any) -> None:
        served = self._served.get(responder)
        if served is not None:
            served[0].answered(answer)

    def _exit(self, wrapped: Any, responder: Any, args: Any, kwargs: Any) -> Any:
        try:
            return wrapped(*args, **kwargs)
        finally:
            error = next(iter(args[1:]), None)
            self._faults.attempt("the end of a request of MCP", lambda: self._exited(responder, error))

    def _exited(self, responder: Any, error: Any) -> None:
        served = self._served.pop(responder, None)
        if served is None:
            return
        exchange, token = served
        release(token)
        if isinstance(error, BaseException):
            exchange.failed(error)
        else:
            exchange.lost(CANCELLED)  # the SDK holds that exception back, and does not answer
        exchange.close()


def _describes(span: Any, exchange: Exchange) -> bool:
    """Whether a span, of ours or of anybody else, tells of this request already, or of the tool that it executes."""
    said: Mapping[str, Any] = getattr(span, "attributes", None) or {}
    method, tool = (exchange.attributes.get(name) for name in (semconv.MCP_METHOD, semconv.TOOL_NAME))
    if said.get(semconv.TOOL_NAME) != tool or not span.is_recording():
        return False
    if semconv.MCP_METHOD in said:
        return said[semconv.MCP_METHOD] == method and getattr(span, "kind", None) is SpanKind.CLIENT
    return tool is not None and said.get(semconv.OPERATION_NAME) == "execute_tool"


def _links(around: Context, context: Context) -> tuple[Link, ...]:
    """Where the trace comes from the peer, what is around is only linked to."""
    ambient, parent = get_current_span(around).get_span_context(), get_current_span(context).get_span_context()
    return (Link(ambient),) if ambient.is_valid and ambient.span_id != parent.span_id else ()


class _Carrying(wrapt.ObjectProxy):  # pyright: ignore[reportMissingTypeArgument]
    """A request that takes the context with it when the SDK writes it down; the application's own is not touched."""

    def __init__(self, request: Any, headers: Mapping[str, str], faults: Faults) -> None:
        super().__init__(request)  # pyright: ignore[reportUnknownMemberType]
        self._self_headers = headers
        self._self_faults = faults

    def model_dump(self, *args: Any, **kwargs: Any) -> Any:
        request = cast("Any", self.__wrapped__)  # pyright: ignore[reportUnknownMemberType]
        message = request.model_dump(*args, **kwargs)
        try:
            return carrying(message, self._self_headers)
        except Exception as fault:
            self._self_faults.report("the context of a request of MCP", fault)
            return message
