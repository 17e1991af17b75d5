"""One request of MCP and its answer, as one side sees them, in the words of the conventions.

https://github.com/open-telemetry/semantic-conventions-genai/tree/main/docs, "Model Context Protocol". Whoever waits for
an answer has a span. A notification has none, nor has a ping, which only asks whether somebody is there.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import wraps
from time import perf_counter, time_ns
from typing import Any, Concatenate, Final, ParamSpec, cast
from weakref import WeakKeyDictionary

from opentelemetry.context import Context
from opentelemetry.trace import Link, SpanKind, Status, StatusCode, set_span_in_context

from genscope import semconv
from genscope.annotate.exceptions import exceptions, idle
from genscope.annotate.kinds import TOOL
from genscope.annotate.output import Output, output
from genscope.annotate.run import asked_for, executes
from genscope.annotate.said import written_arguments, written_error, written_result
from genscope.core.ambient import suppressed
from genscope.core.identity import identity_in
from genscope.core.pipeline import Faults
from genscope.core.subtree import OPEN_SPAN, OpenSpan
from genscope.frameworks.mcp_failures import TOOL_ERROR, Failure, failure_of, failure_reported
from genscope.frameworks.mcp_measured import PROMPT_NAME, measured
from genscope.frameworks.mcp_messages import member, shown_result, without_password
from genscope.semconv import Metric
from genscope.telemetry.scope import SCOPE

P = ParamSpec("P")

_CALL_TOOL: Final = "tools/call"
_NAMED: Final = {_CALL_TOOL: semconv.TOOL_NAME, "prompts/get": PROMPT_NAME}
"""What has a `name`, and the attribute for it."""
_LONGEST: Final = 256
"""Characters of what a peer may choose."""
_VERSION: Final = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_versions: Final[WeakKeyDictionary[Any, str]] = WeakKeyDictionary()
"""The version of the protocol that a connection has agreed upon."""


@dataclass(frozen=True)
class Side:
    kind: SpanKind
    duration: Metric
    harmless: frozenset[str] = frozenset()
    """Codes of JSON-RPC by which a server says that the fault is the client's: they are no errors of its own."""


CLIENT: Final = Side(SpanKind.CLIENT, semconv.MCP_CLIENT_DURATION)
SERVER: Final = Side(
    SpanKind.SERVER, semconv.MCP_SERVER_DURATION, frozenset({"-32700", "-32600", "-32601", "-32602", "-32002"})
)


@dataclass(frozen=True)
class Request:
    """As the SDK has it; `peer` is what stands for the connection, if anything does."""

    method: Any
    params: Any
    id: Any = None
    peer: Any = None


def begin(
    faults: Faults, side: Side, request: Request, context: Context, known: Callable[[], Mapping[str, Any]]
) -> Exchange | None:
    """None where nobody would see it, or wants to. `known` are further attributes. Never raises."""
    method = request.method
    if not isinstance(method, str) or method == "ping" or method.startswith("notifications/"):
        return None
    return faults.attempt("a request of MCP", lambda: _exchange(side, request, context, known))


def _exchange(
    side: Side, request: Request, context: Context, known: Callable[[], Mapping[str, Any]]
) -> Exchange | None:
    out = output()
    return None if idle(out) or suppressed() else Exchange(out, side, request, context, known())


async def followed(exchange: Exchange | None, work: Callable[..., Awaitable[Any]], *args: Any, **kwargs: Any) -> Any:
    """What the SDK does for a request, which is over then."""
    if exchange is None:
        return await work(*args, **kwargs)
    try:
        answer = await work(*args, **kwargs)
        exchange.answered(answer)
        return answer
    except BaseException as error:
        exchange.failed(error)
        raise
    finally:
        exchange.close()


def _safe(method: Callable[Concatenate[Exchange, P], None]) -> Callable[Concatenate[Exchange, P], None]:
    @wraps(method)
    def call(self: Exchange, *args: P.args, **kwargs: P.kwargs) -> None:
        self.out.faults.attempt(f"a request of MCP ({method.__name__})", lambda: method(self, *args, **kwargs))

    return call


class Exchange:
    """Its span is one of ours, or that of somebody who describes it already. Its methods raise nothing."""

    def __init__(self, out: Output, side: Side, request: Request, context: Context, known: Mapping[str, Any]) -> None:
        self.out, self.context, self.peer = out, context, request.peer
        self.span: Any = None
        self._side, self._method, self._params = side, request.method, request.params
        name = member(request.params, "name") if request.method in _NAMED else None
        self._target = name[:_LONGEST] if isinstance(name, str) else ""
        self._around = cast("OpenSpan | None", context.get(OPEN_SPAN))
        self._is_tool = request.method == _CALL_TOOL
        self._told_already = self._is_tool and side is CLIENT and executes(context, self._target)
        self._counts = self._is_tool and side is CLIENT and not self._told_already
        self._answered = self._ours = self._borrowed = False
        self._found: dict[str, Any] = {}
        self._failure: Failure | None = None
        self._error: Exception | None = None
        self._started_at, self._started = time_ns(), perf_counter()
        self._unfinished = [True]  # list.pop is atomic
        self.attributes: dict[str, Any] = self._known(request.id) | dict(known)
        """Those that are known when it begins."""

    @property
    def name(self) -> str:
        return f"{self._method} {self._target}" if self._target else self._method

    def _known(self, id: Any) -> dict[str, Any]:
        who = identity_in(self.context)
        found: dict[str, Any] = {} if who is None else dict(who.attributes)
        found[semconv.MCP_METHOD] = self._method
        if self._target:
            found[_NAMED[self._method]] = self._target
        if self._is_tool:
            found[semconv.OPERATION_NAME] = "execute_tool"
        uri = member(self._params, "uri")
        optional = {
            semconv.JSONRPC_REQUEST_ID: None if id is None else str(id)[:_LONGEST],
            semconv.MCP_RESOURCE_URI: None if uri is None else without_password(str(uri))[:_LONGEST],
            semconv.MCP_PROTOCOL_VERSION: None if self.peer is None else _versions.get(self.peer),
            semconv.AGENT_NAME: self._around.agent_name() if self._counts and self._around is not None else None,
            semconv.TOOL_CALL_ID: self._call_id() if self._counts else None,
        }
        return found | {name: value for name, value in optional.items() if value is not None}

    def _call_id(self) -> str | None:
        return asked_for(self.context, self._target, self._arguments)

    def _arguments(self) -> Any:
        return member(self._params, "arguments")

    # --- its span

    @_safe
    def start(self, links: Sequence[Link] = ()) -> None:
        """A span of ours, for what nobody else describes. In `context` it is the current one from now on."""
        kind, begun = self._side.kind, self._started_at
        self.span = self.out.tracer.start_span(self.name, self.context, kind, self.attributes, links, begun)
        self._ours = True
        self.context = set_span_in_context(self.span, self.context)
        self._say_input()

    @_safe
    def meet(self, span: Any) -> None:
        """This is its span; whoever started it will end it."""
        self.span = span
        self._add({semconv.ENRICHED: True})
        self._say_input()

    def _say_input(self) -> None:
        if self._writes_content():
            said = written_arguments(self.out, self.span, TOOL, self._target, None, self._arguments() or {})
            self.span.set_attributes(said)

    @_safe
    def borrow(self, span: Any) -> None:
        """`span` describes it already, or the tool that it executes: only what MCP knows is added."""
        self.span, self._borrowed = span, True
        scope = getattr(getattr(span, "instrumentation_scope", None), "name", None)
        self._add(self.attributes | ({} if scope == SCOPE[0] else {semconv.ENRICHED: True}))

    def _writes_content(self) -> bool:
        if not self._is_tool or self._told_already or self._borrowed or self.out.writer is None:
            return False
        return self.span is not None and self.span.is_recording()

    def _add(self, attributes: Mapping[str, Any]) -> None:
        """What nobody has said yet."""
        said: Mapping[str, Any] = getattr(self.span, "attributes", None) or {}
        self.span.set_attributes({name: value for name, value in attributes.items() if name not in said})

    # --- its answer

    @_safe
    def answered(self, answer: Any) -> None:
        """A result, or an error in the words of JSON-RPC. Only the first answer counts."""
        if self._answered:
            return
        self._answered = True
        answer = getattr(answer, "root", answer)
        if not isinstance(answer, Mapping) and isinstance(member(answer, "code"), int):
            self._fail(failure_reported(answer))
            return
        if self._is_tool and True in (member(answer, "isError"), member(answer, "is_error")):
            self._failure = TOOL_ERROR
        if member(answer, "resultType") == "input_required":
            self._counts = False  # asked for once more, with what the server wants to know
        version = member(answer, "protocolVersion") if self._method == "initialize" else None
        if isinstance(version, str) and _VERSION.fullmatch(version):
            self._found[semconv.MCP_PROTOCOL_VERSION] = version
            if self.peer is not None:
                _versions[self.peer] = version
        shown = shown_result(answer)
        if shown is not None and self._writes_content():
            self._found |= written_result(self.out, self.span, TOOL, None, shown)

    @_safe
    def failed(self, error: BaseException) -> None:
        """It raised, on this side. What was reported before is told already."""
        if self._failure is None:
            self._fail(failure_of(error, serving=self._side is SERVER))
            self._error = error if isinstance(error, Exception) else None

    @_safe
    def lost(self, failure: Failure) -> None:
        """If no answer came, this is why."""
        if not self._answered and self._failure is None:
            self._fail(failure)

    def _fail(self, failure: Failure | None) -> None:
        if failure is not None and failure.code is not None:
            self._found[semconv.RPC_STATUS] = failure.code
        if failure is not None and failure.code not in self._side.harmless:
            self._failure = failure

    # --- its end

    @_safe
    def tell(self) -> None:
        """Say on its span how it ended, while that is open."""
        if self.span is None or not self.span.is_recording():
            return
        self._add(self._found)
        failure = self._failure
        # An exception is for the owner of a borrowed span to judge. That a tool has failed nobody but MCP says.
        if failure is None or (self._borrowed and failure is not TOOL_ERROR):
            return
        kind = {} if failure.kind is None else {semconv.ERROR_KIND: failure.kind}
        self._add({semconv.ERROR_TYPE: failure.type, **kind})
        text = None if failure.text is None else written_error(self.out, failure.text)
        status = getattr(self.span, "status", None)
        if status is None or status.status_code is StatusCode.UNSET:
            self.span.set_status(Status(StatusCode.ERROR, text or failure.type))

    def _tell_exception(self) -> None:
        failure, error = self._failure, self._error
        if self._ours and failure is not None and error is not None:
            exceptions(self.out).tell(self.span, self.context, error, failure.text)
            if self._around is not None:
                self._around.remember(error)

    @_safe
    def close(self) -> None:
        """It is over: end the span if that is ours to end, count the tool, and measure."""
        try:
            self._unfinished.pop()
        except IndexError:
            return
        duration = perf_counter() - self._started
        if self._counts and self._around is not None:
            self._around.count_tool()
        try:
            if self._ours or self._borrowed:
                self.tell()
            self._tell_exception()
        finally:
            if self._ours:
                self.span.end(self._started_at + int(duration * 1e9))
        said = self.attributes | self._found
        if self._failure is not None:
            said[semconv.ERROR_TYPE] = self._failure.type
        context = self.context if self.span is None else set_span_in_context(self.span, self.context)
        self.out.measure(self._side.duration, duration, measured(said), context)
        self._params = self._error = None
