"""How a request of MCP failed: what the peer said, or what kept it from saying anything."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from genscope.core.errors import classify

_INVALID_PARAMS: Final = "-32602"
_CLOSED: Final = ("-32000", "Connection closed")
"""What the SDK says of its own when there is nobody any more who could answer."""
_REPORTS: Final = ("McpError", "MCPError")
"""What the SDK raises for an error in the words of JSON-RPC: the name has changed in 2.0."""
_STREAMS: Final = frozenset({"BrokenResourceError", "ClosedResourceError", "EndOfStream"})
"""Of anyio, when a transport has gone."""


@dataclass(frozen=True)
class Failure:
    """`type` is for `error.type`, `kind` for `genscope.error.kind`, `code` that of a JSON-RPC error of the peer."""

    type: str
    kind: str | None = None
    code: str | None = None
    text: BaseException | str | None = None
    """What is said about it, which may quote anything."""


TOOL_ERROR: Final = Failure("tool_error")
CANCELLED: Final = Failure("CancelledError", "cancelled")
"""Nobody waits any more."""
CLOSED: Final = Failure(_CLOSED[0], "connection", text=_CLOSED[1])


def failure_of(error: BaseException, *, serving: bool) -> Failure | None:
    """What an exception means that came instead of an answer; None for a coroutine that was just closed.

    `serving`: it is on its way to the peer.
    """
    if isinstance(error, GeneratorExit):
        return None
    reported = getattr(error, "error", None)
    if reported is not None and any(cls.__name__ in _REPORTS for cls in type(error).__mro__):
        if not serving and isinstance(error.__context__, TimeoutError):
            return Failure("TimeoutError", "timeout", text=error)
        return failure_reported(reported)
    name = type(error).__name__
    if serving and name == "ValidationError":  # the SDK answers so, https://www.jsonrpc.org/specification#error_object
        return Failure(_INVALID_PARAMS, code=_INVALID_PARAMS, text=error)
    kind = "connection" if name in _STREAMS else classify(error).kind
    return Failure(name, None if kind == "unknown" else kind, text=error)


def failure_reported(error: Any) -> Failure:
    """What an error in the words of JSON-RPC means."""
    code = str(error.code)
    if (code, error.message) == _CLOSED:
        return CLOSED
    return Failure(code, code=code, text=error.message)
