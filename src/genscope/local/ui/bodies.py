"""The body of a request: so large at most, so soon at most, and so large at most when it is unpacked."""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Final

from starlette.requests import ClientDisconnect, Request

from genscope.local.ui.refusals import Refusal

LARGEST: Final = 64 * 2**20
"""Bytes of a body as it is sent: exporters count spans, and each may have a long prompt."""
LARGEST_UNPACKED: Final = 128 * 2**20
LARGEST_TOGETHER: Final = 256 * 2**20
"""Bytes of all bodies that are received at the same time."""
_PATIENCE: Final = 30.0
"""Seconds in which a body must be there."""
_READ_ON: Final = 2
"""Times the largest body: so much is read of a larger one, so that its sender comes to read why it is refused."""

_GZIP, _ZLIB = 31, 15
_CODINGS: Final = {"gzip": _GZIP, "x-gzip": _GZIP, "deflate": _ZLIB}
_MEMBERS: Final = 64
"""Pieces that a gzip body may be made of."""


class Bodies:
    """What is being received."""

    def __init__(self) -> None:
        self._held = 0

    @asynccontextmanager
    async def of(self, request: Request) -> AsyncGenerator[bytes]:
        """The body as it was sent; it counts as held until the block ends. Raises `Refusal`."""
        body = bytearray()
        try:
            try:
                await asyncio.wait_for(self._receive(request, body), _PATIENCE)
            except asyncio.TimeoutError:
                raise Refusal(408, f"The body was not there after {_PATIENCE:g} s") from None
            except ClientDisconnect:
                raise Refusal(400, "The body ended early") from None
            yield bytes(body)
        finally:
            self._held -= len(body)

    async def _receive(self, request: Request, body: bytearray) -> None:
        too_large = 0
        async for chunk in request.stream():
            if too_large or len(body) + len(chunk) > LARGEST:
                too_large += len(chunk)
                if too_large > _READ_ON * LARGEST:
                    break
            elif self._held + len(chunk) > LARGEST_TOGETHER:
                raise Refusal(503, "Too much comes in at the same time; try again", 1)
            else:
                body += chunk
                self._held += len(chunk)
        if too_large:
            raise Refusal(413, f"The body is larger than {LARGEST} bytes: send smaller batches")


def unpacked(body: bytes, coding: str) -> bytes:
    """By the `Content-Encoding` gzip, deflate or none. Raises `Refusal` for another, and for what it is not."""
    codings = [one for part in coding.lower().split(",") if (one := part.strip()) not in ("", "identity")]
    if not codings:
        return body
    if len(codings) > 1 or codings[0] not in _CODINGS:
        raise Refusal(415, f"Content-Encoding {coding!r} is not known; accepted: gzip, deflate, identity")
    found = bytearray()
    try:
        for _ in range(_MEMBERS):
            inflating = zlib.decompressobj(_CODINGS[codings[0]])
            found += inflating.decompress(body, LARGEST_UNPACKED + 1 - len(found))
            if len(found) > LARGEST_UNPACKED:
                raise Refusal(413, f"The body is larger than {LARGEST_UNPACKED} bytes when it is unpacked")
            if not inflating.eof:
                break
            if not (body := inflating.unused_data):
                return bytes(found)
    except zlib.error as fault:
        raise Refusal(400, f"The body is not {codings[0]}: {fault}") from None
    raise Refusal(400, f"The body is not {codings[0]}, or ends early")
