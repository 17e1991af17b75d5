"""Law 6: no content by default, on any signal, whatever goes wrong; with content, none that redaction takes out."""

from __future__ import annotations

import gc
import json
import logging
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from conversations import Logbook, attributes_of, name_of

import genscope
from genscope.core.operation import Operation
from genscope.local.simulator import Simulator

from .cases import FAMILY, MAIN, cases
from .outcomes import CALLS
from .play import new_client, play
from .recorder import Recorder, instrumented
from .stand_ins import answer, stream
from .vocabulary import CANARY, Case, Secrets

ERROR = {
    "error": {
        "message": f"You sent {CANARY}.",
        "type": "invalid_request_error",
        "param": CANARY,
        "code": "invalid_value",
    }
}
WORDY = {"error": {"message": CANARY, "type": f"the prompt {CANARY} is too long", "code": f"because of {CANARY}"}}
DETAIL = {"detail": f"no route for {CANARY}"}
Reply = Callable[[Case, Secrets], Any]


class Boom(Exception):
    """Raised by the application's own HTTP client."""


def _body(body: Any, status: int = 200) -> Reply:
    encoded = body if isinstance(body, bytes) else json.dumps(body).encode()
    return lambda case, secrets: answer(case.sdk, encoded, status=status)


def _good(case: Case, secrets: Secrets) -> Any:
    return answer(case.sdk, json.dumps(secrets.answer).encode())


def _raise(case: Case, secrets: Secrets) -> Any:
    try:
        raise ValueError(f"cause {CANARY}")
    except ValueError as cause:
        raise Boom("canary-b7e2-9f41", CANARY) from cause  # spelled out: source lines are content too


def _raise_os_error(case: Case, secrets: Secrets) -> Any:
    raise OSError(5, CANARY, CANARY)


def _framed(case: Case, event: Any) -> bytes:
    """An event of a stream; one that names no type has the name without which the SDK would not look at it."""
    data = event.decode() if isinstance(event, bytes) else json.dumps(event)
    if isinstance(event, dict) and "type" in event:
        return f"event: {event['type']}\ndata: {data}\n\n".encode()
    return case.sdk.framed(data).encode()


def _events(*events: Any) -> Reply:
    """A stream: the chunk twice, and what comes then."""

    def pieces(case: Case, secrets: Secrets) -> Iterator[bytes]:
        for event in (secrets.chunk, secrets.chunk, *secrets.more, *events):
            yield _framed(case, event)

    return lambda case, secrets: stream(case.sdk, case.mode, lambda: pieces(case, secrets))


def _break(case: Case, secrets: Secrets) -> Any:
    def pieces() -> Iterator[bytes]:
        yield _framed(case, secrets.chunk)
        raise case.sdk.http_library().ReadError(f"lost while reading {CANARY}")

    return stream(case.sdk, case.mode, pieces)


WHOLE: dict[str, Reply] = {
    "ok": _good,
    "bad_request": _body(ERROR, 400),
    "wordy_error": _body(WORDY, 400),
    "other_error": _body(DETAIL, 422),
    "server_error": _body(ERROR, 500),
    "error_of_a_proxy": _body(f"<html>{CANARY}</html>".encode(), 502),
    "garbage": _body(f"{{{CANARY}".encode()),
    "wrong_shape": _body({CANARY: [CANARY]}),
    "no_object": _body([CANARY]),
    "raised": _raise,
    "raised_by_the_system": _raise_os_error,
}
STREAMED: dict[str, Reply] = {
    "ok": _events(b"[DONE]"),
    "error": _events(ERROR),
    "wordy_error": _events(WORDY),
    "error_event": _events({"type": "error", "code": f"about {CANARY}", "message": CANARY, "param": CANARY}),
    "garbage": _events(f"{{{CANARY}".encode()),
    "broken": _break,
    "raised": _raise,
}
APIS = (*MAIN, "responses")
EVERYTHING = {
    "capture_message_content": "SPAN_AND_EVENT",
    "tool_schemas": True,
    "content_hash": True,
    "content_delta": True,
    "call_log": True,
    "legacy_names": True,
    "exception_signal": "logs/dup",
    "redaction_patterns": {"CANARY": CANARY},
}
"""All content on all signals, but for what is secret."""
OK = CALLS[0]
SYNC = replace(OK, modes=("sync",))


class Curious(genscope.Stage):
    """A stage of somebody else's, which trips and tells all that it knows."""

    def end(self, op: Operation) -> None:
        raise ValueError(CANARY)


@pytest.mark.parametrize(
    "case",
    cases([OK], apis=APIS, shapes=("plain",))
    + cases([SYNC], apis=APIS, shapes=("parse", "raw", "streaming_response_lines")),
)
@pytest.mark.parametrize("end", WHOLE)
def test_nothing_gets_out(end: str, case: Case, simulator: Simulator, caplog: pytest.LogCaptureFixture) -> None:
    assert CANARY not in exported(WHOLE[end], case, simulator, caplog)


@pytest.mark.parametrize(
    "case", cases([OK], apis=APIS, shapes=("stream",)) + cases([SYNC], apis=APIS, shapes=("helper", "raw_stream_bytes"))
)
@pytest.mark.parametrize("end", STREAMED)
def test_nothing_gets_out_of_a_stream(
    end: str, case: Case, simulator: Simulator, caplog: pytest.LogCaptureFixture
) -> None:
    assert CANARY not in exported(STREAMED[end], case, simulator, caplog)


@pytest.mark.parametrize(
    "case",
    cases([OK], apis=APIS, shapes=("plain",))
    + cases([SYNC], sdks=FAMILY, apis=APIS, shapes=("plain",))
    + cases([SYNC], apis=APIS, shapes=("raw",)),
)
@pytest.mark.parametrize("end", WHOLE)
def test_what_redaction_takes_out_is_nowhere(
    end: str, case: Case, simulator: Simulator, caplog: pytest.LogCaptureFixture
) -> None:
    found = exported(WHOLE[end], case, simulator, caplog, **EVERYTHING)
    assert CANARY not in found
    assert "[CANARY]" in found


@pytest.mark.parametrize(
    "case",
    cases([OK], apis=APIS, shapes=("stream",))
    + cases([SYNC], sdks=FAMILY, apis=APIS, shapes=("stream",))
    + cases([SYNC], apis=APIS, shapes=("helper",)),
)
@pytest.mark.parametrize("end", STREAMED)
def test_what_redaction_takes_out_of_a_stream_is_nowhere(
    end: str, case: Case, simulator: Simulator, caplog: pytest.LogCaptureFixture
) -> None:
    found = exported(STREAMED[end], case, simulator, caplog, **EVERYTHING)
    assert CANARY not in found
    assert "[CANARY]" in found


def exported(reply: Reply, case: Case, simulator: Simulator, caplog: pytest.LogCaptureFixture, **options: Any) -> str:
    """Every byte that leaves: spans with events and status, metrics, log records, and what we and OpenTelemetry log."""
    secrets = case.api.secrets
    assert secrets is not None
    case = replace(case, api=replace(case.api, arguments=secrets.arguments))
    requests: list[bytes] = []

    def handler(request: Any) -> Any:
        requests.append(request.content)
        return reply(case, secrets)

    http = case.sdk.stand_in(case.mode, handler)
    client = new_client(case, simulator, http)
    with caplog.at_level(logging.DEBUG):
        logbook = Logbook()
        options = {"raise_faults": False, "stages": [Curious()], "logger_provider": logbook.provider, **options}
        with instrumented(case.sdk, Recorder(), **options) as recorder:
            play(case, simulator, client, http)
            gc.collect()  # a helper that could not read its stream leaves it behind
            recorder.settle()
    assert CANARY.encode() in b"".join(requests)
    logs = [
        caplog.handler.format(record)
        for record in caplog.records
        if record.name.startswith(("genscope", "opentelemetry"))
    ]
    return "\n".join(
        [
            recorder.span().to_json(),
            recorder.reader.get_metrics_data().to_json(),
            *map(_spelled, logbook.records),
            *logs,
        ]
    )


def _spelled(record: Any) -> str:
    return json.dumps([name_of(record), record.body, attributes_of(record)], default=repr)
