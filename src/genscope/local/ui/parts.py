"""Messages that are small to send and large to hold: an empty part is two bytes on the wire, two hundred in memory."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from genscope.local.ui.refusals import Refusal

_HARMLESS: Final = 4 * 2**20
"""Bytes of a message that may be made of what it likes."""
_MOST: Final = 1_000_000
"""Twenty thousand spans with twenty attributes each, which have a value each."""
_BYTES_OF_A_BRACE: Final = 8
"""In JSON texts have braces as well, but not one at every turn."""


def refuse_too_many(body: bytes, message: Any) -> None:
    """Raises `Refusal` for a message of so many parts that to read it takes all memory. `message` is an empty one."""
    if len(body) > _HARMLESS and _parts(body, message.DESCRIPTOR) > _MOST:
        raise _refusal()


def refuse_too_many_in_json(body: bytes) -> None:
    """The same for JSON."""
    allowed = _MOST + len(body) // _BYTES_OF_A_BRACE
    if len(body) > _HARMLESS and body.count(b"{") + body.count(b"[") > allowed:
        raise _refusal()


def _refusal() -> Refusal:
    return Refusal(413, "The body is made of too many parts for its size: send smaller batches")


def _parts(body: bytes, descriptor: Any) -> int:
    """Messages in a message (https://protobuf.dev/programming-guides/encoding), as far as it matters."""
    kinds: dict[Any, Mapping[int, Any]] = {}
    waiting: list[tuple[int, int, Any]] = [(0, len(body), descriptor)]
    count = 0
    while waiting:
        at, end, kind = waiting.pop()
        fields = kinds.get(kind)
        if fields is None:
            fields = kinds[kind] = {one.number: one.message_type for one in kind.fields if one.message_type is not None}
        while at < end and count <= _MOST:
            key, at = _varint(body, at)
            match key & 7:
                case 0:
                    _, at = _varint(body, at)
                case 1:
                    at += 8
                case 2:
                    length, at = _varint(body, at)
                    if (inside := fields.get(key >> 3)) is not None:
                        count += 1
                        waiting.append((at, min(at + length, end), inside))
                    at += length
                case 5:
                    at += 4
                case _:  # what is no message, the parser says
                    return count
    return count


def _varint(body: bytes, at: int) -> tuple[int, int]:
    """The number, and where it ends; what is cut off ends with the body."""
    found = shift = 0
    while at < len(body):
        byte = body[at]
        at += 1
        found |= (byte & 127) << shift
        if byte < 128 or shift > 63:
            break
        shift += 7
    return found, at
