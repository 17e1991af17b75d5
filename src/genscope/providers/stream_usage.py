"""The token usage of streams whose application did not ask for it: asked for in its place, and kept from it.

The question goes into a copy: the options are the application's as long as it may look at them.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from itertools import filterfalse
from typing import Any, Final, cast

from genscope.core.call import Call
from genscope.core.reader import Reader

_RAW_RESPONSE: Final = "x-stainless-raw-response"


def asking(reader: Reader, options: Any) -> dict[str, Any]:
    """A question for the token usage of a stream; nothing if the application asks or the format knows no such.

    Not for raw responses: their bytes are the application's.
    """
    ask = getattr(reader, "ask_for_usage", None)
    raw = any(str(name).lower() == _RAW_RESPONSE for name in _headers(options))
    theirs = raw or "stream_options" in (options.extra_json or ())
    body = None if ask is None or theirs else ask(options.json_data)
    return {} if body is None else {"json_data": body}


def _headers(options: Any) -> Mapping[Any, Any]:
    headers: Any = options.headers
    return cast("Mapping[Any, Any]", headers) if isinstance(headers, Mapping) else {}


def hide_usage(call: Call, stream: Any) -> None:
    """Keep the chunk that holds nothing but the usage from whoever reads the stream."""
    is_usage_only: Any = getattr(call.reader, "is_usage_only", None)
    source = stream._iterator

    def hide(chunk: Any) -> bool:
        try:
            return is_usage_only(chunk)
        except Exception as fault:
            call.faults.report("looking for the usage chunk", fault)
            return False

    stream._iterator = _awithout(hide, source) if hasattr(source, "__anext__") else filterfalse(hide, source)


async def _awithout(hide: Any, source: AsyncIterator[Any]) -> AsyncIterator[Any]:
    async for chunk in source:
        if not hide(chunk):
            yield chunk
