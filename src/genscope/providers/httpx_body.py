"""The body of an HTTP response of httpx or httpx2, watched while the caller reads it.

Only the one response is touched, by attributes that shadow the methods of its class: no type changes, nothing is read
that the caller does not read, and they are gone when the body has been read.
"""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator, Callable, Iterator
from functools import partial
from typing import Any, Final
from weakref import ref

from genscope.core.call import Call
from genscope.core.streams import Intake
from genscope.wire.fields import objects, provider_error

_MAX_BYTES: Final = 1 << 20
"""More than this is not kept for reading along: the caller asked for a stream, perhaps for want of memory."""


def watch_stream(call: Call, http: Any, reading: Any) -> None:
    """End `call` when the caller closes the response of a stream that `reading` reads."""
    # The SDK's stream closes its response also in its own destruction: weak references to it are dead by then.
    _shadow_close(call, http, lambda: http, reading)
    call.stay_open(release=partial(_unwatch, ref(http)))


def _shadow_close(call: Call, http: Any, response: Callable[[], Any], reading: Any = None) -> None:
    """`reading` is the generator that reads the body: a close from within it is the SDK's, at the end or on failure."""
    cls, watched = http.__class__, ref(call)
    reader = None if reading is None else ref(reading)

    def closed() -> None:
        call, generator = watched(), None if reader is None else reader()
        busy = getattr(generator, "gi_running", False) or getattr(generator, "ag_running", False)
        if call is not None and not busy:
            call.abandon()

    def close() -> None:
        try:
            cls.close(response())
        finally:
            closed()

    async def aclose() -> None:
        try:
            await cls.aclose(response())
        finally:
            closed()

    http.close, http.aclose = close, aclose


def is_small(http: Any) -> bool:
    """Whether a body that is there already is worth reading beside the SDK."""
    return len(http.content) <= _MAX_BYTES


def read_whole(call: Call, http: Any) -> None:
    """The body is there already: read it beside the SDK, which parses it only when the caller asks."""
    if _is_stream(http):
        body = _Events(call)
        body.feed(http.content)
        body.finish()
    else:
        call.succeed(_parse(http.headers, [http.content]))


def watch_body(call: Call, http: Any) -> None:
    """Read along while the caller reads the body as bytes, text or lines; end `call` when it is read or closed."""
    cls, response = http.__class__, ref(http)
    body = _Events(call) if _is_stream(http) else _Whole(call, http.headers)

    def iter_bytes(chunk_size: int | None = None) -> Iterator[bytes]:
        http = response()
        reading = _tap(call, cls.iter_bytes(http, chunk_size), body)
        _shadow_close(call, http, response, reading)
        return reading

    def aiter_bytes(chunk_size: int | None = None) -> AsyncIterator[bytes]:
        http = response()
        reading = _atap(call, cls.aiter_bytes(http, chunk_size), body)
        _shadow_close(call, http, response, reading)
        return reading

    http.iter_bytes, http.aiter_bytes = iter_bytes, aiter_bytes
    _shadow_close(call, http, response)
    call.stay_open(release=partial(_unwatch, response))


def unwatch_body(http: Any) -> None:
    """From now on somebody else reads the body."""
    for name in ("iter_bytes", "aiter_bytes"):
        http.__dict__.pop(name, None)


def _unwatch(response: ref[Any]) -> None:
    http = response()
    if http is not None:
        unwatch_body(http)
        for name in ("close", "aclose"):
            http.__dict__.pop(name, None)


def _tap(call: Call, source: Iterator[bytes], body: _Events | _Whole) -> Iterator[bytes]:
    try:
        for data in source:
            body.feed(data)
            yield data
    except GeneratorExit:
        call.abandon()
        raise
    except BaseException as error:
        call.fail(error)
        raise
    body.finish()


async def _atap(call: Call, source: AsyncIterator[bytes], body: _Events | _Whole) -> AsyncIterator[bytes]:
    try:
        async for data in source:
            body.feed(data)
            yield data
    except GeneratorExit:
        call.abandon()
        raise
    except BaseException as error:
        call.fail(error)
        raise
    body.finish()


def _is_stream(http: Any) -> bool:
    return "text/event-stream" in http.headers.get("content-type", "")


class _Whole:
    """A body that is one JSON document."""

    def __init__(self, call: Call, headers: Any) -> None:
        self._call = call
        self._headers = headers
        self._parts: list[bytes] = []
        self._size = 0

    def feed(self, data: bytes) -> None:
        self._size += len(data)
        if self._size <= _MAX_BYTES:
            self._parts.append(data)
        else:
            self._parts.clear()

    def finish(self) -> None:
        self._call.succeed(_parse(self._headers, self._parts))


_LINE_END: Final = re.compile(b"\r\n|\n|\r(?!\\Z)")
"""A carriage return at the very end waits for what follows: it may be the first half of one."""


class _Events:
    """A body of server-sent events: https://html.spec.whatwg.org/multipage/server-sent-events.html#parsing-an-event-stream"""

    def __init__(self, call: Call) -> None:
        self._call = call
        self._intake = Intake(call)
        self._line: list[bytes] = []
        self._length = 0
        self._lost = False
        self._data: list[bytes] = []

    def feed(self, data: bytes) -> None:
        self._line.append(data)
        self._length += len(data)
        if b"\n" not in data and b"\r" not in data:
            if self._length > _MAX_BYTES:
                self._line.clear()
                self._lost = True
            return
        *lines, rest = _LINE_END.split(b"".join(self._line))
        self._line, self._length = [rest], len(rest)
        if self._lost and lines:
            del lines[0]
            self._lost = False
        for line in lines:
            if line.startswith(b"data:"):
                self._data.append(line[5:].removeprefix(b" "))
            elif not line and self._data:
                self._take(b"\n".join(self._data))
                self._data.clear()

    def _take(self, data: bytes) -> None:
        try:
            event = objects(json.loads(data))
        except (ValueError, RecursionError):  # [DONE], or nothing that we understand
            return
        error = getattr(event, "error", None)
        if error:  # the SDK raises it when it parses the stream, here nobody does; it is no chunk
            self._call.op.error = provider_error(error)
        else:
            self._intake.take(event)

    def finish(self) -> None:
        if self._line and self._line[-1].endswith(b"\r"):
            self.feed(b"\n")  # it waits for that; an event that is cut off is none
        self._call.complete()


def _parse(headers: Any, parts: list[bytes]) -> Any:
    if "json" not in headers.get("content-type", ""):
        return None
    try:
        return objects(json.loads(b"".join(parts)))
    except (ValueError, RecursionError):
        return None
