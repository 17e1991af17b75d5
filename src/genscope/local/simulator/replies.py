"""From a request to what is sent for it, whatever the format: the scenario's errors and faults happen here."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from .exchange import Beat, Document, Exchange, Frame, Json, Reply, encode
from .scenarios import SCENARIOS, SERVER_ERROR, HttpError

__all__ = ["Api", "ErrorAnswer", "Service", "reply"]

_MIDWAY = 2  # tokens of a stream that arrive before its fault


class ErrorAnswer(NamedTuple):
    """How a service reports an error: status, body, and the headers that only such answers have."""

    status: int
    body: Json
    headers: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Service:
    """A provider: what all its APIs have in common.

    headers   of every answer, by the request's id
    error     the answer to an exchange that ends in an error
    unknown   the answer to a request that is for no API, by method, path and the request's id
    not_json  an event that is not JSON
    event     the name without which an event is not looked at
    framing   the content type of a stream, and how its events are put into it
    """

    headers: Callable[[str], Mapping[str, str]]
    error: Callable[[Exchange, HttpError], ErrorAnswer]
    unknown: Callable[[str, str, str], ErrorAnswer]
    not_json: bytes
    event: str | None = None
    framing: tuple[str, Callable[[Frame], bytes]] = ("text/event-stream; charset=utf-8", Frame.encoded)

    def unknown_url(self, method: str, path: str, request_id: str) -> Reply:
        """All that the server has to send for a request that is for no API."""
        status, body, headers = self.unknown(method, path, request_id)
        return Reply([encode(body)], status=status, headers={**self.headers(request_id), **headers})


@dataclass(frozen=True, slots=True)
class Api:
    """One API: how its requests are told, and the functions that answer them.

    name     for the server, which remembers the responses that were created
    frames   None when the API does not stream
    done     what ends a stream
    broken   the frame that reports an error in mid-stream: from the body of an error answer and the frames before it
    failing  whether the API has a way to fail with status 200
    streams  whether a request asks for a stream; None: its body or query says so
    """

    service: Service
    name: str
    method: str
    path: re.Pattern[str]
    whole: Callable[[Exchange], Json | Document]
    broken: Callable[[Json, int], Frame]
    frames: Callable[[Exchange], list[Frame]] | None = None
    done: bytes = b""
    failing: bool = False
    streams: bool | None = None


def reply(x: Exchange, api: Api) -> Reply:
    """All that the server has to send for one request."""
    scenario = x.scenario
    common = api.service.headers(x.request.request_id)
    streamed = api.frames is not None and (_streams(x) if api.streams is None else api.streams)
    error = scenario.error
    if scenario.error_first and x.earlier >= x.options.retries:
        error = None
    if (scenario.fault == "failed" and not api.failing) or (scenario.fault == "stream_error" and not streamed):
        error = SERVER_ERROR
    if error is None and x.request.body and x.request.json is None and not x.body:
        error = HttpError(400, "We could not parse the JSON body of your request.")
    if error:
        status, body, headers = api.service.error(x, error)
        return Reply([encode(body)], status=status, headers={**common, **_retry_headers(x, status), **headers})
    raw = scenario.raw
    if scenario.fault == "bad_json_chunk" and not streamed:
        raw = SCENARIOS["garbage"].raw
    if raw and not (streamed and raw.framed):
        headers = {**common, **_retry_headers(x, raw.status)}
        return Reply([Beat.PAUSE, raw.body], raw.content_type, raw.status, headers)
    if streamed and api.frames:
        frames = [Frame(raw.body.decode(), api.service.event)] if raw else api.frames(x)
        return Reply(_stream(x, api, frames), api.service.framing[0], headers=common, streamed=True)
    whole = api.whole(x)
    if not isinstance(whole, Document):
        whole = Document(encode(whole), "application/json")
    return Reply(_body(x, whole.body), whole.content_type, headers=common)


def _streams(x: Exchange) -> bool:
    if x.request.method == "GET":
        return x.query.get("stream") == "true"
    return x.body.get("stream") is True or x.body.get("stream_format") == "sse"


def _body(x: Exchange, body: bytes) -> list[bytes | Beat]:
    """The steps of an answer that is not streamed, and the scenario's fault."""
    match x.scenario.fault:
        case "hang" | "midhang":
            return [Beat.HOLD, Beat.PAUSE, body]
        case "cut":
            half = len(body) // 2
            return [Beat.PAUSE, body[:half], Beat.CUT, body[half:]]
        case _:
            return [Beat.PAUSE, body]


def _stream(x: Exchange, api: Api, frames: list[Frame]) -> list[bytes | Beat]:
    """The steps of a stream: the pause after the opening frames, and the scenario's fault."""
    tokens = [position for position, frame in enumerate(frames) if frame.kind == "token"]
    midway = tokens[_MIDWAY - 1] + 1 if len(tokens) >= _MIDWAY else len(frames)
    encode = api.service.framing[1]
    steps: list[bytes | Beat] = [encode(frame) for frame in frames]
    rest = [*steps[midway:], *([api.done] if api.done else [])]
    match x.scenario.fault:
        case "midhang":
            steps[midway:] = [Beat.HOLD, *rest]
        case "cut":
            steps[midway:] = [Beat.CUT]
        case "stream_error":
            steps[midway:] = [encode(api.broken(api.service.error(x, SERVER_ERROR).body, midway))]
        case "bad_json_chunk":
            steps[midway:] = [api.service.not_json, *rest]
        case _:
            steps[midway:] = rest
    opening = next((position for position, frame in enumerate(frames) if frame.kind != "opening"), len(frames))
    steps.insert(opening, Beat.PAUSE)
    return [Beat.HOLD, *steps] if x.scenario.fault == "hang" else steps


def _retry_headers(x: Exchange, status: int) -> dict[str, str]:
    """When to come back. The real services say so for rate limits only; here all errors that clients retry do, or
    every test with a default client would wait out its backoff of a second or more.
    """
    if x.options.after <= 0 or not (status in (409, 429) or status >= 500):
        return {}
    return {"retry-after-ms": str(x.options.after), "retry-after": str(math.ceil(x.options.after / 1000))}
