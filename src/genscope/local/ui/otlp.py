"""OTLP over HTTP (https://opentelemetry.io/docs/specs/otlp/#otlphttp) and what it shares with OTLP over gRPC."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from importlib import import_module
from typing import Any, Final

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from genscope.local.store.from_otlp import read_json
from genscope.local.ui.bodies import Bodies, unpacked
from genscope.local.ui.intake import Intake
from genscope.local.ui.parts import refuse_too_many, refuse_too_many_in_json
from genscope.local.ui.refusals import Refusal
from genscope.local.ui.signals import SIGNALS, Signal, response_to

PROTOBUF: Final = "application/x-protobuf"
JSON: Final = "application/json"
_ALIKE: Final = {"application/protobuf": PROTOBUF, PROTOBUF: PROTOBUF, JSON: JSON}
_AT_THE_SAME_TIME: Final = 2
"""Bodies that are unpacked and read: each may need a multiple of its size."""

# Codes of google.rpc.Code, which a Status has beside the one of HTTP.
_CODES: Final = {400: 3, 401: 16, 403: 7, 404: 5, 405: 12, 408: 4, 413: 8, 415: 3, 429: 8, 503: 14}


class HttpReceiver:
    """`/v1/traces`, `/v1/logs` and `/v1/metrics`. Answered when what was sent is in the store."""

    def __init__(self, intake: Intake) -> None:
        self._intake = intake
        self._bodies = Bodies()
        self._reading = asyncio.Semaphore(_AT_THE_SAME_TIME)

    def routes(self) -> list[Route]:
        return [Route(signal.path, self._endpoint(signal), methods=["POST"]) for signal in SIGNALS]

    def _endpoint(self, signal: Signal) -> Any:
        async def receive(request: Request) -> Response:
            form = form_of(request.headers.get("content-type", ""))
            if form is None:
                raise Refusal(415, f"Content-Type must be {PROTOBUF} or {JSON}")
            async with self._bodies.of(request) as body:
                coding = request.headers.get("content-encoding", "")
                async with self._reading:
                    message, records, size = await run_in_threadpool(_read, signal, form, body, coding)
            await asyncio.wrap_future(self._intake.offer(signal, records, size))
            return _message(response_to(signal, signal.items(message) - len(records)), form)

        return receive


def form_of(content_type: str) -> str | None:
    """Which of the two forms a request has, and its answer gets; None for another."""
    return _ALIKE.get(content_type.partition(";")[0].strip().lower())


def parsed(signal: Signal, body: bytes) -> Any:
    """A request from its protobuf. Raises `Refusal`."""
    message = signal.request()
    refuse_too_many(body, message)
    try:
        message.ParseFromString(body)
    except Exception as fault:  # google.protobuf.message.DecodeError, and what its Python version lets through
        raise Refusal(400, f"The body is no {message.DESCRIPTOR.name}: {fault}") from None
    return message


def _read(signal: Signal, form: str, body: bytes, coding: str) -> tuple[Any, Sequence[Any], int]:
    """The message, its records, and its size in bytes."""
    whole = unpacked(body, coding)
    if form == PROTOBUF:
        message = parsed(signal, whole)
    else:
        refuse_too_many_in_json(whole)
        try:
            message = read_json(whole, signal.request())
        except ValueError as fault:
            raise Refusal(400, str(fault)) from None
    return message, list(signal.records(message)), len(whole)


def refused(refusal: Refusal, form: str | None) -> Response:
    """A google.rpc.Status, as OTLP wants it."""
    status: Any = import_module("google.rpc.status_pb2").Status(
        code=_CODES.get(refusal.status, 2), message=refusal.reason
    )
    return _message(status, form or JSON, refusal.status)


def _message(message: Any, form: str, status: int = 200) -> Response:
    if form == PROTOBUF:
        return Response(message.SerializeToString(), status, media_type=PROTOBUF)
    from google.protobuf import json_format

    return Response(json_format.MessageToJson(message, indent=None), status, media_type=JSON)
