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
from weakref import WeakKeyDictionary, ref

from genscope.core.call import Call
from genscope.core.streams import Intake
from genscope.wire.fields import objects, provider_error

_MAX_BYTES: Final = 1 << 20
"""More than this is not kept for reading along: the caller asked for a stream, perhaps for want of memory."""

_MAX_LINE: Final = 1 << 23
"""A line of an event stream may hold an image, and the last one holds the usage beside it."""


def watch_stream(call: Call, http: Any, reading: Any) -> None:
    """End `call` when the caller closes the response of a stream that `reading` reads."""
    # The SDK's stream closes its response also in its own destruction: weak references to it are dead by then.
    known = _closings.pop(call, None) if "close" in http.__dict__ else None
    if known is None:
        _shadow_close(call, http, lambda: http, reading)
    else:  # somebody may have wrapped what we have put there
        known.response, known.reader = lambda: http, ref(reading)
    call.stay_open(release=partial(_unwatch, ref(http)))


class _Closing:
    """What happens when a response is closed. `reader` is the generator that reads its body.

    A close from within that is the SDK's, at the end or on failure.
    """

    __slots__ = ("_call", "reader", "response")

    def __init__(self, call: Call, response: Callable[[], Any], reader: Callable[[], Any]) -> None:
        self._call = ref(call)
        self.response = response
        self.reader = reader

    def done(self) -> None:
        call, generator = self._call(), self.reader()
        busy = getattr(generator, "gi_running", False) or getattr(generator, "ag_running", False)
        if call is not None and not busy:
            call.abandon()


_closings: WeakKeyDictionary[Call, _Closing] = WeakKeyDictionary()
"""Those of bodies: the caller may yet have them parsed as a stream."""


def _shadow_close(call: Call, http: Any, response: Callable[[], Any], reading: Any = None) -> _Closing:
    cls, closing = http.__class__, _Closing(call, response, _nobody if reading is None else ref(reading))

    def close() -> None:
        try:
            cls.close(closing.response())
        finally:
            closing.done()

    async def aclose() -> None:
        try:
            await cls.aclose(closing.response())
        finally:
            closing.done()

    http.close, http.aclose = close, aclose
    return closing


def _nobody() -> None:
    return None


def is_readable(http: Any) -> bool:
    """Whether a body that is there already is worth reading beside the SDK, or has nothing to be read."""
    return len(http.content) <= _MAX_BYTES or not _is_json(http)


def read_whole(call: Call, http: Any) -> None:
    """The body is there already: read it beside the SDK, which parses it only when the caller asks."""
    if _is_stream(http):
        body = _Events(call)
        body.feed(http.content)
        body.finish()
    else:
        call.succeed(_parse(http.content) if _is_json(http) else None)


def watch_body(call: Call, http: Any) -> None:
    """Read along while the caller reads the body as bytes, text or lines; end `call` when it is read or closed."""
    cls, response = http.__class__, ref(http)
    body = _Events(call) if _is_stream(http) else _Whole(call, _is_json(http))

    def iter_bytes(chunk_size: int | None = None) -> Iterator[bytes]:
        http = response()
        reading = _tap(call, cls.iter_bytes(http, chunk_size), body)
        closing.reader = ref(reading)
        return reading

    def aiter_bytes(chunk_size: int | None = None) -> AsyncIterator[bytes]:
        http = response()
        reading = _atap(call, cls.aiter_bytes(http, chunk_size), body)
        closing.reader = ref(reading)
        return reading

    http.iter_bytes, http.aiter_bytes = iter_bytes, aiter_bytes
    closing = _closings[call] = _shadow_close(call, http, response)
    call.stay_open(release=partial(_unwatch, response))


def unwatch_body(http: Any) -> None:
    """From now on somebody else reads the body."""
    _uncover(http, "iter_bytes", "aiter_bytes")


def _unwatch(response: ref[Any]) -> None:
    http = response()
    if http is not None:
        _uncover(http, "iter_bytes", "aiter_bytes", "close", "aclose")


def _uncover(http: Any, *names: str) -> None:
    """Take off what is ours; where somebody has put theirs over it, both stay, and ours only passes on."""
    own = http.__dict__
    for name in names:
        found = own.get(name)
        if found is not None and getattr(found, "__globals__", None) is _GLOBALS:
            del own[name]


_GLOBALS: Final = globals()


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


def _is_json(http: Any) -> bool:
    return "json" in http.headers.get("content-type", "")


class _Whole:
    """A body that is one JSON document, or one that says nothing: audio, say."""

    def __init__(self, call: Call, is_json: bool) -> None:
        self._call = call
        self._limit = _MAX_BYTES if is_json else 0
        self._parts: list[bytes] = []
        self._size = 0

    def feed(self, data: bytes) -> None:
        self._size += len(data)
        if self._size <= self._limit:
            self._parts.append(data)
        else:
            self._parts.clear()

    def finish(self) -> None:
        self._call.succeed(_parse(b"".join(self._parts)))


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
            if self._length > _MAX_LINE:
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
        elif getattr(event, "type", None) != "ping":  # Anthropic's, to keep the connection: the SDK drops it
            self._intake.take(event)

    def finish(self) -> None:
        if self._line and self._line[-1].endswith(b"\r"):
            self.feed(b"\n")  # it waits for that; an event that is cut off is none
        self._call.complete()


def _parse(body: bytes) -> Any:
    try:
        return objects(json.loads(body))
    except (ValueError, RecursionError):
        return None
