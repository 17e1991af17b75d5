"""Law 6: no content by default, on any signal, whatever goes wrong."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Callable
from typing import Any

import pytest

import genscope
from genscope.core.operation import Operation

from .cases import SDKS
from .openai_sdk import City
from .recorder import Recorder, instrumented
from .stand_ins import StandIn, answer, stream
from .vocabulary import MODES, Mode, Sdk

CANARY = "canary-b7e2-9f41"
"""Wherever an application or a provider may put something that is nobody else's business."""

CHAT: dict[str, Any] = {
    "model": "gpt-4o",
    "messages": [
        {"role": "system", "content": f"You are {CANARY}."},
        {"role": "user", "content": [{"type": "text", "text": CANARY}], "name": CANARY},
        {
            "role": "assistant",
            "tool_calls": [
                {"id": CANARY, "type": "function", "function": {"name": "f", "arguments": f'{{"a": "{CANARY}"}}'}}
            ],
        },
        {"role": "tool", "tool_call_id": CANARY, "content": CANARY},
    ],
    "tools": [
        {
            "type": "function",
            "function": {
                "name": "f",
                "description": CANARY,
                "parameters": {"type": "object", "properties": {CANARY: {"type": "string", "description": CANARY}}},
            },
        }
    ],
    "metadata": {"who": CANARY},
    "user": CANARY,
    "extra_headers": {"x-secret": CANARY, "authorization": f"Bearer {CANARY}"},
    "extra_query": {"q": CANARY},
    "extra_body": {"prompt_cache_key": CANARY, "safety_identifier": CANARY, "more": {"deep": [CANARY]}},
}
_MESSAGE = {"role": "assistant", "content": CANARY, "refusal": CANARY, "reasoning_content": CANARY}
_CALLS = [{"index": 0, "id": CANARY, "type": "function", "function": {"name": CANARY, "arguments": CANARY}}]
_HEAD = {"id": "chatcmpl-1", "created": 1, "model": "gpt-4o-2024-08-06"}
WHOLE = {
    **_HEAD,
    "object": "chat.completion",
    "choices": [{"index": 0, "message": {**_MESSAGE, "tool_calls": _CALLS}, "finish_reason": "stop"}],
    "usage": {"prompt_tokens": 1, "completion_tokens": 2, "total_tokens": 3, CANARY: CANARY},
    CANARY: CANARY,
}
CHUNK = {
    **_HEAD,
    "object": "chat.completion.chunk",
    "choices": [{"index": 0, "delta": {**_MESSAGE, "tool_calls": _CALLS}, "finish_reason": None}],
}
ERROR = {
    "error": {"message": f"You sent {CANARY}.", "type": "invalid_request_error", "param": CANARY, "code": "invalid_value"}
}
WORDY = {"error": {"message": CANARY, "type": f"the prompt {CANARY} is too long", "code": f"because of {CANARY}"}}
FINE = {"detail": f"no route for {CANARY}"}


def _events(*events: Any, end: bytes = b"data: [DONE]\n\n") -> bytes:
    return b"".join(b"data: %s\n\n" % (e if isinstance(e, bytes) else json.dumps(e).encode()) for e in events) + end


class Boom(Exception):
    """Raised by the application's own HTTP client."""


def _json(value: Any, status: int = 200) -> Callable[[Sdk, Mode], Any]:
    return lambda sdk, mode: answer(sdk, value if isinstance(value, bytes) else json.dumps(value).encode(), status=status)


def _stream(*events: Any) -> Callable[[Sdk, Mode], Any]:
    return lambda sdk, mode: stream(sdk, mode, lambda: iter([_events(*events)]))


def _raising(error: Callable[[], BaseException]) -> Callable[[Sdk, Mode], Any]:
    def reply(sdk: Sdk, mode: Mode) -> Any:
        raise error() from ValueError(f"cause {CANARY}")

    return reply


def _breaking(sdk: Sdk, mode: Mode) -> Any:
    def pieces() -> Any:
        yield _events(CHUNK, end=b"")
        raise sdk.http_library().ReadError(f"lost while reading {CANARY}")

    return stream(sdk, mode, pieces)


ENDS: dict[str, tuple[bool, Callable[[Sdk, Mode], Any]]] = {
    "ok": (False, _json(WHOLE)),
    "bad_request": (False, _json(ERROR, 400)),
    "wordy_error": (False, _json(WORDY, 400)),
    "other_error": (False, _json(FINE, 422)),
    "server_error": (False, _json(ERROR, 500)),
    "error_of_a_proxy": (False, _json(f"<html>{CANARY}</html>".encode(), 502)),
    "garbage": (False, _json(f"{{{CANARY}".encode())),
    "wrong_shape": (False, _json({CANARY: [CANARY]})),
    "no_object": (False, _json([CANARY])),
    "raised": (False, _raising(lambda: Boom(CANARY))),
    "raised_http": (False, _raising(lambda: OSError(5, CANARY, CANARY))),
    "stream": (True, _stream(CHUNK, CHUNK)),
    "stream_error": (True, _stream(CHUNK, ERROR)),
    "stream_wordy_error": (True, _stream(CHUNK, WORDY)),
    "stream_garbage": (True, _stream(CHUNK, f"{{{CANARY}".encode())),
    "stream_broken": (True, _breaking),
}
SHAPES = ("create", "raw", "lines", "parse")


async def _use(client: Any, shape: str, streamed: bool) -> None:
    """Make the call in a shape and read what comes, in both modes. The source lines hold the canary as well."""
    from .play import both, settled, start, step

    completions, more = client.chat.completions, {"stream": True} if streamed else {}
    if shape == "lines":
        async with both(completions.with_streaming_response.create(**CHAT, **more)) as response:
            result = response.iter_lines()
            for _ in range(20):
                await step(start(result)) if not hasattr(result, "send") else await step(result)
        return
    if shape == "raw":
        result = await settled((await settled(completions.with_raw_response.create(**CHAT, **more))).parse())
    elif shape == "parse":
        result = await settled(completions.parse(**CHAT, response_format=City))
    else:
        result = await settled(completions.create(**CHAT, **more)), "canary-b7e2-9f41"
        result = result[0]
    if streamed:
        iterator = start(result)
        for _ in range(10):
            await step(iterator)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("end", ENDS)
def test_no_canary_gets_out(end: str, shape: str, mode: Mode, caplog: pytest.LogCaptureFixture) -> None:
    (sdk,) = (sdk for sdk in SDKS if sdk.name == "openai")
    streamed, reply = ENDS[end]
    if shape == "parse" and (streamed or not hasattr(_resource(sdk), "parse")):
        return
    provider = StandIn(sdk, mode, lambda request: reply(sdk, mode), api_key=CANARY)

    async def main() -> None:
        try:
            await _use(provider.client, shape, streamed)
        except Exception as error:
            assert CANARY in _all_texts(error) or end != "raised"
        if mode == "async":
            await provider.http.aclose()

    class Curious(genscope.Stage):
        """A stage that trips over what it reads, and says so with all that it knows."""

        def end(self, op: Operation) -> None:
            raise ValueError(CANARY)

    with caplog.at_level(logging.DEBUG):
        with instrumented(sdk, Recorder(), raise_faults=False, stages=[Curious()]) as recorder:
            if mode == "async":
                asyncio.run(main())
            else:
                _drive(main())
                provider.http.close()
    assert len(recorder.spans()) == 1
    assert CANARY not in exported(recorder, caplog)


def exported(recorder: Recorder, caplog: pytest.LogCaptureFixture) -> str:
    """Every byte that leaves: spans with events and status, metrics, what is logged by us or by OpenTelemetry."""
    spans = [span.to_json() for span in recorder.ended]
    data = recorder.reader.get_metrics_data()
    logs = [
        caplog.handler.format(record)
        for record in caplog.records
        if record.name.startswith(("genscope", "opentelemetry"))
    ]
    assert spans
    assert data
    return "\n".join([*spans, data.to_json(), *logs])


def _all_texts(error: BaseException | None) -> str:
    return "" if error is None else f"{error!r} {_all_texts(error.__cause__)} {_all_texts(error.__context__)}"


def _resource(sdk: Sdk) -> Any:
    client = sdk.client("sync", "http://provider.example", sdk.stand_in("sync", lambda request: None))
    return client.chat.completions


def _drive(coroutine: Any) -> None:
    from .play import drive

    drive(coroutine)
