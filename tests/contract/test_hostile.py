"""Laws 1 and 2 on what nobody would send on purpose: bodies, exceptions and arguments that break whoever looks."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from genscope.local.simulator import Simulator

from .cases import MAIN, SDKS, case, cases
from .outcomes import CALLS
from .play import Seen, drive, new_client, play, settled
from .recorder import Recorder, instrumented
from .sights import differences
from .vocabulary import MODES, Api, Case, Mode, Sdk, Shape

OK = CALLS[0]
DEEP = "[" * 600 + "]" * 600
BODIES = {
    "deep": f'{{"id": "x", "choices": {DEEP}, "output": {DEEP}, "data": {DEEP}, "usage": {DEEP}}}',
    "bottomless": "[" * 100_000,
    "long_number": f'{{"usage": {{"prompt_tokens": {"9" * 5000}}}}}',
    "not_a_number": '{"usage": {"prompt_tokens": NaN, "input_tokens": Infinity, "completion_tokens": -1e999}}',
    "wrong_types": '{"id": 1, "model": ["x"], "choices": {"0": 1}, "usage": "much", "output": "text", "data": 7}',
    "nulls": '{"id": null, "model": null, "choices": null, "usage": null, "output": null, "data": null, "error": null}',
    "nulls_inside": '{"choices": [null], "output": [null], "data": [null], "usage": {"prompt_tokens": null}}',
    "keys": '{"__class__": 1, "__dict__": 2, "self": 3, "usage": {"__init__": 4, "": 5}, "choices": [{"": 6}]}',
    "string": '"text"',
    "number": "7",
    "null": "null",
    "empty": "",
}
SYNC = replace(OK, modes=("sync",))
BODIES_READ = ("raw", "raw_stream", "raw_stream_bytes", "streaming_response_lines")


@pytest.mark.parametrize(
    "found", cases([SYNC], shapes=("plain", "stream")) + cases([SYNC], apis=MAIN, shapes=BODIES_READ)
)
@pytest.mark.parametrize("name", BODIES)
def test_a_hostile_body(name: str, found: Case, simulator: Simulator) -> None:
    streamed = found.shape.streams
    body = f"{found.sdk.framed(BODIES[name])}data: [DONE]\n\n" if streamed else BODIES[name]
    kind = "text/event-stream" if streamed else "application/json"

    bare = _answered(found, simulator, body.encode(), kind)
    with instrumented(found.sdk, raise_faults=False) as recorder:
        seen = _answered(found, simulator, body.encode(), kind)
    recorder.settle()

    bare.logs = seen.logs = [line for line in seen.logs if not line.startswith("genscope: ")]
    assert differences(vars(bare), vars(seen)) == []
    assert recorder.span().end_time


def _answered(found: Case, simulator: Simulator, body: bytes, kind: str) -> Seen:
    library = found.sdk.http_library()

    def answer(request: Any) -> Any:
        return library.Response(200, headers={"content-type": kind}, content=body)

    http = found.sdk.stand_in(found.mode, answer)
    return play(found, simulator, new_client(found, simulator, http), http)


class Hostile(Exception):
    """What an application's HTTP library may raise: every attribute is a trap."""

    def __getattr__(self, name: str) -> Any:
        raise RuntimeError(name)

    @property
    def body(self) -> Any:
        return HostileMapping(error={})

    @property
    def code(self) -> Any:
        raise OSError

    def __str__(self) -> str:
        raise ValueError

    __repr__ = __str__


class HostileMapping(dict[str, Any]):
    def get(self, key: str, default: Any = None) -> Any:
        raise LookupError(key)


class Interrupt(BaseException):
    """Not an `Exception`: the SDK does not wrap it either."""


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("kind", [Hostile, Interrupt, KeyboardInterrupt, SystemExit, RuntimeError, MemoryError])
@pytest.mark.parametrize("sdk", SDKS, ids=repr)
def test_an_exception_arrives_as_the_same_object(sdk: Sdk, kind: type[BaseException], mode: Mode) -> None:
    error = kind()

    def raising(request: Any) -> Any:
        raise error

    bare = _caught(sdk, mode, raising)
    with instrumented(sdk) as recorder:
        reached = _caught(sdk, mode, raising)

    assert type(reached) is type(bare)
    assert (reached is error) == (bare is error)
    assert (reached.__cause__ is error) == (bare.__cause__ is error)
    assert error in (reached, reached.__cause__)
    assert recorder.span().status.is_ok is False


def _caught(sdk: Sdk, mode: Mode, handler: Any) -> BaseException:
    http = sdk.stand_in(mode, handler)
    client = sdk.client(mode, "http://127.0.0.1:1/v1", http)

    async def call() -> BaseException | None:
        try:
            await settled(_plain(sdk).ask(client, sdk.apis[0]))
        except BaseException as error:
            return error
        return None

    if mode == "sync":
        error = drive(call())
        http.close()
    else:

        async def main() -> BaseException | None:
            error = await call()
            await http.aclose()
            return error

        error = asyncio.run(main())
    assert isinstance(error, BaseException)
    return error


def _plain(sdk: Sdk) -> Shape:
    return next(shape for shape in sdk.shapes if shape.name == "plain")


@pytest.mark.parametrize("sdk", SDKS, ids=repr)
def test_an_iterator_reaches_the_sdk_unread(sdk: Sdk, simulator: Simulator) -> None:
    """Arguments that can be read once belong to the SDK; and the caller's own objects are as they were."""
    api = sdk.apis[0]
    name = next(name for name, value in api.arguments.items() if isinstance(value, list))
    items = api.arguments[name]

    def once() -> Iterator[Any]:
        yield from items

    found = case(sdk, api.name, "sync", "plain", OK)
    sent = []
    for options in (None, {}, {"stream_usage": True}):
        simulator.reset()
        http = sdk.http_client("sync")
        client = new_client(found, simulator, http)
        before = json.dumps(api.arguments)
        recorder = Recorder()
        if options is None:
            _create(client, api, {name: once()})
        else:
            with instrumented(sdk, recorder, **options):
                _create(client, api, {name: once()})
            assert recorder.span().name == api.span_name
        http.close()
        assert json.dumps(api.arguments) == before
        sent.append(simulator.requests[-1].body)
    assert sent[0] == sent[1] == sent[2]


def _create(client: Any, api: Api, arguments: dict[str, Any]) -> Any:
    return getattr(api.of(client), api.method)(**{**api.arguments, **arguments})
