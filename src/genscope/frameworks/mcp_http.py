"""What is known of a connection over HTTP. Of the other transports nothing is: they are streams to the SDK, too."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import ModuleType
from typing import Any, Final, cast
from urllib.parse import urlsplit
from weakref import WeakKeyDictionary

from genscope import semconv
from genscope.core.patching import Patch, Wrapper
from genscope.core.pipeline import Faults

_HTTP: Final = {semconv.NETWORK_TRANSPORT: "tcp", semconv.NETWORK_PROTOCOL_NAME: "http"}
_SESSION_HEADER: Final = "mcp-session-id"
_PORTS: Final = {"http": 80, "https": 443}

_transports: Final[WeakKeyDictionary[Any, Any]] = WeakKeyDictionary()
"""That of a client, by the stream that it takes its messages from."""


def patch(faults: Faults) -> Patch:
    def targets(module: ModuleType) -> Iterable[tuple[Any, str, Wrapper]]:
        def remember(wrapped: Any, transport: Any, args: Any, kwargs: Any) -> Any:
            if found.installed:
                try:
                    _transports[_inner(_written_to(*args, **kwargs))] = transport
                except Exception as fault:
                    faults.report("a transport of MCP", fault)
            return wrapped(*args, **kwargs)

        yield getattr(module, "StreamableHTTPTransport", None), "post_writer", remember

    found = Patch("mcp.client.streamable_http", targets)
    return found


def _written_to(client: Any, write_stream_reader: Any, read_stream_writer: Any, write_stream: Any, *_: Any) -> Any:
    return write_stream


def _inner(stream: Any) -> Any:
    """What two wrappers of the same stream share."""
    return getattr(stream, "_inner", stream)


def of_client(write_stream: Any) -> dict[str, Any]:
    """Attributes for what is sent through a stream."""
    try:
        transport = _transports.get(_inner(write_stream))
    except TypeError:  # one of the application's own, which cannot be referred to weakly, or none
        return {}
    if transport is None:
        return {}
    found: dict[str, Any] = dict(_HTTP)
    address = urlsplit(str(transport.url))
    if address.hostname:
        found[semconv.SERVER_ADDRESS] = address.hostname
        port = address.port or _PORTS.get(address.scheme)
        found |= {} if port is None else {semconv.SERVER_PORT: port}
    session = getattr(transport, "session_id", None)
    return found | {semconv.MCP_SESSION_ID: session} if session else found


def of_server(request: Any) -> dict[str, Any]:
    """Attributes for what came with an HTTP request, of starlette; none for None."""
    headers = headers_of(request)
    if headers is None:
        return {}
    session = headers.get(_SESSION_HEADER)
    return _HTTP | {semconv.MCP_SESSION_ID: session} if session else dict(_HTTP)


def headers_of(request: Any) -> Mapping[str, str] | None:
    headers: Any = getattr(request, "headers", None)
    return cast("Mapping[str, str]", headers) if isinstance(headers, Mapping) else None
