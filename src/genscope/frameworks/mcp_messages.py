"""What is in a message of MCP: plain JSON in one major release of the SDK, models of pydantic in the other.

The context of a trace travels in `params._meta`: https://modelcontextprotocol.io/community/seps, SEP-414.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final, cast

from opentelemetry.context import Context

_PASSWORD: Final = re.compile(r"(?<=://)[^/?#@]*@")


def member(holder: Any, name: str) -> Any:
    """A field of an object or of a model; None if there is none."""
    if isinstance(holder, Mapping):
        return cast("Mapping[str, Any]", holder).get(name)
    return getattr(holder, name, None)


def without_password(uri: str) -> str:
    return _PASSWORD.sub("", uri)


def shown_result(result: Any) -> Any:
    """What a tool has returned: as data, where it says that, else in parts."""
    for name in ("structuredContent", "structured_content", "content"):
        found = member(result, name)
        if found is not None:
            return found
    return None


def received(meta: Any, context: Context) -> Context:
    """`context`, with the trace and the baggage that a peer has sent."""
    from opentelemetry.propagate import extract  # here: it loads what OTEL_PROPAGATORS names, and raises if it cannot

    said = cast("Mapping[str, Any]", meta if isinstance(meta, Mapping) else getattr(meta, "model_extra", None) or {})
    carrier = {name: value for name, value in said.items() if isinstance(value, str)}
    return extract(carrier, context) if carrier else context


def carrying(message: Mapping[str, Any], headers: Mapping[str, str]) -> dict[str, Any]:
    """A copy of a request with these in its `_meta`; where the application has put such there itself, its own stay."""
    params: Mapping[str, Any] = message.get("params") or {}
    meta: Mapping[str, Any] = params.get("_meta") or {}
    if not headers or not headers.keys().isdisjoint(meta):
        return dict(message)
    return {**message, "params": {**params, "_meta": {**meta, **headers}}}
