"""Anthropic's messages on other platforms: Vertex AI and Bedrock have paths of their own, Bedrock another framing too.

Their errors have the status and the words that Anthropic's have. Foundry is Anthropic's own API under another host.
"""

from __future__ import annotations

import re
import struct
from base64 import b64encode
from dataclasses import replace
from zlib import crc32

from . import anthropic_messages
from .anthropic_format import SERVICE
from .exchange import Exchange, Frame, Json, as_object, encode
from .replies import Api

__all__ = ["ROUTES"]


def _message(payload: Json, **headers: str) -> bytes:
    """A message of AWS's binary event streams. Every header is a string, which is type 7."""
    told = b"".join(
        struct.pack("!B", len(name)) + name.encode() + struct.pack("!BH", 7, len(value)) + value.encode()
        for name, value in ((f":{name.replace('_', '-')}", value) for name, value in headers.items())
    )
    body = encode(payload)
    prelude = struct.pack("!II", len(told) + len(body) + 16, len(told))
    start = prelude + struct.pack("!I", crc32(prelude)) + told + body
    return start + struct.pack("!I", crc32(start))


def _without_pings(x: Exchange) -> list[Frame]:
    return [frame for frame in anthropic_messages.frames(x) if frame.event != "ping"]


def _in_event_stream(frame: Frame) -> bytes:
    """A frame as Bedrock sends it."""
    data = as_object(frame.data)
    if frame.event == "error":
        said = {"message": as_object(data.get("error")).get("message")}
        return _message(said, message_type="exception", exception_type="modelStreamErrorException")
    chunk = frame.data.encode() if isinstance(frame.data, str) else encode(frame.data)
    return _message({"bytes": b64encode(chunk).decode()}, message_type="event", event_type="chunk")


_BEDROCK = replace(
    SERVICE,
    not_json=_message(
        {"bytes": b64encode(b"%% this is not JSON %%").decode()}, message_type="event", event_type="chunk"
    ),
    framing=("application/vnd.amazon.eventstream", _in_event_stream),
)

_VERTEX = Api(
    SERVICE,
    "messages",
    "POST",
    re.compile(r"/publishers/anthropic/models/(?!count-tokens)[^/:]+:(?:rawPredict|streamRawPredict)$"),
    anthropic_messages.whole,
    anthropic_messages.broken,
    anthropic_messages.frames,
)
_INVOKE = replace(
    _VERTEX, service=_BEDROCK, path=re.compile(r"/model/[^/]+/invoke$"), frames=_without_pings, streams=False
)

ROUTES = (
    _VERTEX,
    Api(
        SERVICE,
        "count_tokens",
        "POST",
        re.compile(r"/publishers/anthropic/models/count-tokens:rawPredict$"),
        anthropic_messages.counted,
        anthropic_messages.broken,
    ),
    _INVOKE,
    replace(_INVOKE, path=re.compile(r"/model/[^/]+/invoke-with-response-stream$"), streams=True),
)
