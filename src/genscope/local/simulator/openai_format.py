"""The HTTP side of the OpenAI API as pure functions: which path is which API, and what is sent back.

The larger formats have modules of their own; the smaller ones are here.
"""

from __future__ import annotations

import math
import re
import struct
from base64 import b64encode
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

from . import openai_audio, openai_chat, openai_images, openai_responses, openai_verdicts
from .answers import USAGE, Ask, compose
from .exchange import Beat, Document, Exchange, Frame, Json, Reply, as_list, as_object, encode
from .models import CREATED, SNAPSHOTS, asked, dated
from .scenarios import SCENARIOS, SERVER_ERROR, HttpError

__all__ = ["ROUTES", "Api", "reply", "route", "unknown_url"]

_MIDWAY = 2  # tokens of a stream that arrive before its fault
_NOT_JSON = b'data: {"id": "chatcmpl-broken", "object": \n\n'
_DONE = b"data: [DONE]\n\n"


@dataclass(frozen=True, slots=True)
class Api:
    """One API: how its requests are told, and the functions that answer them.

    name     for the server, which remembers the responses that were created
    frames   None when the API does not stream
    done     what ends a stream
    broken   the frame that reports an error in mid-stream
    failing  whether the API has a way to fail with status 200
    """

    name: str
    method: str
    path: re.Pattern[str]
    whole: Callable[[Exchange], Json | Document]
    frames: Callable[[Exchange], list[Frame]] | None = None
    done: bytes = b""
    broken: Callable[[Json, int], Frame] = openai_chat.broken
    failing: bool = False


def route(method: str, path: str) -> tuple[Api, str | None] | None:
    """The API of a request and the id in its path. Only the end of the path counts, whatever the prefix."""
    for api in ROUTES:
        if api.method == method and (found := api.path.search(path.rstrip("/"))):
            return api, found[1] if found.groups() else None
    return None


def reply(x: Exchange, api: Api) -> Reply:
    """All that the server has to send for one request."""
    scenario = x.scenario
    streamed = api.frames is not None and _streams(x)
    error = scenario.error
    if scenario.error_first and x.earlier >= x.options.retries:
        error = None
    if (scenario.fault == "failed" and not api.failing) or (scenario.fault == "stream_error" and not streamed):
        error = SERVER_ERROR
    if error:
        return _error(x, error)
    if x.request.body and x.request.json is None and not x.body:
        return _error(x, HttpError(400, "We could not parse the JSON body of your request."))
    raw = scenario.raw
    if scenario.fault == "bad_json_chunk" and not streamed:
        raw = SCENARIOS["garbage"].raw
    if raw and not (streamed and raw.framed):
        return Reply([Beat.PAUSE, raw.body], raw.content_type, raw.status, _retry_headers(x, raw.status))
    if streamed and api.frames:
        frames = [Frame(raw.body.decode())] if raw else api.frames(x)
        return Reply(_stream(x, api, frames), "text/event-stream; charset=utf-8", streamed=True)
    whole = api.whole(x)
    if not isinstance(whole, Document):
        whole = Document(encode(whole), "application/json")
    body, kind = whole.body, whole.content_type
    match scenario.fault:
        case "hang" | "midhang":
            return Reply([Beat.HOLD, Beat.PAUSE, body], kind)
        case "cut":
            half = len(body) // 2
            return Reply([Beat.PAUSE, body[:half], Beat.CUT, body[half:]], kind)
        case _:
            return Reply([Beat.PAUSE, body], kind)


def unknown_url(method: str, path: str) -> Reply:
    """The answer to a request that is for no API."""
    message = f"Invalid URL ({method} {path})"
    error = {"message": message, "type": "invalid_request_error", "param": None, "code": None}
    return Reply([encode({"error": error})], status=404)


def _streams(x: Exchange) -> bool:
    if x.request.method == "GET":
        return x.query.get("stream") == "true"
    return x.body.get("stream") is True or x.body.get("stream_format") == "sse"


def _stream(x: Exchange, api: Api, frames: list[Frame]) -> list[bytes | Beat]:
    """The steps of a stream: the pause after the opening frames, and the scenario's fault."""
    tokens = [position for position, frame in enumerate(frames) if frame.kind == "token"]
    midway = tokens[_MIDWAY - 1] + 1 if len(tokens) >= _MIDWAY else len(frames)
    steps: list[bytes | Beat] = [frame.encoded() for frame in frames]
    rest = [*steps[midway:], *([api.done] if api.done else [])]
    match x.scenario.fault:
        case "midhang":
            steps[midway:] = [Beat.HOLD, *rest]
        case "cut":
            steps[midway:] = [Beat.CUT]
        case "stream_error":
            steps[midway:] = [api.broken(_error_object(x, SERVER_ERROR), midway).encoded()]
        case "bad_json_chunk":
            steps[midway:] = [_NOT_JSON, *rest]
        case _:
            steps[midway:] = rest
    opening = next((position for position, frame in enumerate(frames) if frame.kind != "opening"), len(frames))
    steps.insert(opening, Beat.PAUSE)
    return [Beat.HOLD, *steps] if x.scenario.fault == "hang" else steps


def _error(x: Exchange, error: HttpError) -> Reply:
    headers = _retry_headers(x, error.status)
    if error.code == "rate_limit_exceeded":
        headers["x-ratelimit-remaining-requests"] = "0"
    return Reply([encode({"error": _error_object(x, error)})], status=error.status, headers=headers)


def _error_object(x: Exchange, error: HttpError) -> Json:
    sent = x.request.headers
    key = sent.get("api-key") or sent.get("authorization", "").removeprefix("Bearer ")
    masked = f"{key[:8]}{'*' * (len(key) - 12)}{key[-4:]}" if len(key) > 16 else "*" * len(key)
    message = error.message.format(model=asked(x), key=masked, request_id=x.request.request_id)
    return {"message": message, "type": error.type, "param": error.param, "code": error.code, **error.more}


def _retry_headers(x: Exchange, status: int) -> dict[str, str]:
    """When to come back. The real service says so for rate limits only; here all errors that clients retry do, or
    every test with a default client would wait out its backoff of a second or more.
    """
    if x.options.after <= 0 or not (status in (409, 429) or status >= 500):
        return {}
    return {"retry-after-ms": str(x.options.after), "retry-after": str(math.ceil(x.options.after / 1000))}


def _embeddings(x: Exchange) -> Json:
    given = x.body.get("input")
    items = as_list(given)
    # A list of numbers is one input, already split into tokens.
    count = len(items) if items and not isinstance(items[0], int) else 1
    if x.scenario.says == "nothing":
        count = 0
    model = asked(x)
    dimensions = x.body.get("dimensions")
    if not isinstance(dimensions, int):
        dimensions = 3072 if model == "text-embedding-3-large" else 1536
    base64 = x.body.get("encoding_format") == "base64"
    vectors = [_vector(dimensions, index) for index in range(count)]
    return {
        "object": "list",
        "data": [
            {
                "object": "embedding",
                "index": index,
                "embedding": b64encode(packed).decode() if base64 else struct.unpack(f"<{dimensions}f", packed),
            }
            for index, packed in enumerate(vectors)
        ],
        "model": model,
        "usage": None if x.scenario.usage == "none" else {"prompt_tokens": USAGE.prompt, "total_tokens": USAGE.prompt},
    }


@lru_cache(maxsize=64)
def _vector(dimensions: int, index: int) -> bytes:
    """A unit vector, another one for every index, as little-endian 32-bit floats."""
    values = [((position * 7 + index * 13) % 31) - 15.5 for position in range(dimensions)]
    length = math.sqrt(sum(value * value for value in values))
    return struct.pack(f"<{dimensions}f", *(value / length for value in values))


def _completion_head(x: Exchange) -> Json:
    return {"id": f"cmpl-{x.number:04d}", "object": "text_completion", "created": CREATED, "model": dated(x)}


def _completion_choice(index: int, text: str, finish: str | None) -> Json:
    return {"text": text, "index": index, "logprobs": None, "finish_reason": finish}


def _completion_ask(x: Exchange) -> Ask:
    each = x.body["n"] if isinstance(x.body.get("n"), int) else 1
    prompts = as_list(x.body.get("prompt"))
    return Ask(choices=each * (len(prompts) if prompts and isinstance(prompts[0], str) else 1))


def _completion(x: Exchange) -> Json:
    answer = compose(x, _completion_ask(x))
    text = "".join(answer.text or answer.refusal)
    return {
        **_completion_head(x),
        "choices": [_completion_choice(index, text, answer.finish) for index in range(answer.choices)],
        "usage": _plain_usage(x, openai_chat.usage_object(x, answer.usage)),
    }


def _completion_frames(x: Exchange) -> list[Frame]:
    answer = compose(x, _completion_ask(x))
    asked_for = as_object(x.body.get("stream_options")).get("include_usage") or openai_chat.wants_usage(x)
    everywhere = x.scenario.usage == "everywhere" and answer.usage is not None
    usage = _plain_usage(x, openai_chat.usage_object(x, answer.usage))
    frames: list[Frame] = []

    def add(choices: list[Json], token: bool = False, said: int | None = None) -> None:
        frame: Json = {**_completion_head(x), "choices": choices}
        if asked_for or everywhere:
            frame["usage"] = None
        if everywhere and answer.usage:
            so_far = answer.usage._replace(completion=answer.usage.completion if said is None else said)
            frame["usage"] = _plain_usage(x, openai_chat.usage_object(x, so_far))
        frames.append(Frame(frame, kind="token" if token else "closing"))

    every = range(answer.choices)
    for token in answer.text or answer.refusal:
        for index in every:
            add([_completion_choice(index, token, None)], token=True, said=len(frames) + 1)
    for index in every:
        add([_completion_choice(index, "", answer.finish)])
    if x.scenario.usage == "late" or not answer.choices:
        add([])
    if openai_chat.wants_usage(x):
        frames.append(Frame({**_completion_head(x), "choices": [], "usage": usage}))
    return frames


def _plain_usage(x: Exchange, usage: Json | None) -> Json | None:
    """Usage as this old API reports it: without details, unless the scenario is about details."""
    if usage is None or x.scenario.usage == "null_details":
        return usage
    return {name: usage[name] for name in ("prompt_tokens", "completion_tokens", "total_tokens")}


def _models(x: Exchange) -> Json:
    names = () if x.scenario.says == "nothing" else tuple(SNAPSHOTS)
    return {
        "object": "list",
        "data": [{"id": name, "object": "model", "created": CREATED, "owned_by": "system"} for name in names],
    }


ROUTES = (
    Api("chat", "POST", re.compile(r"/chat/completions$"), openai_chat.whole, openai_chat.frames, _DONE),
    Api("completions", "POST", re.compile(r"/completions$"), _completion, _completion_frames, _DONE),
    Api(
        "responses",
        "POST",
        re.compile(r"/responses$"),
        openai_responses.whole,
        openai_responses.frames,
        broken=openai_responses.broken,
        failing=True,
    ),
    Api("compact", "POST", re.compile(r"/responses/compact$"), openai_responses.compacted),
    Api("cancel", "POST", re.compile(r"/responses/([^/]+)/cancel$"), openai_responses.cancelled),
    Api(
        "retrieve",
        "GET",
        re.compile(r"/responses/([^/]+)$"),
        openai_responses.whole,
        openai_responses.stored_frames,
        broken=openai_responses.broken,
        failing=True,
    ),
    Api("embeddings", "POST", re.compile(r"/embeddings$"), _embeddings),
    *(
        Api(
            "images",
            "POST",
            re.compile(rf"/images/{act}$"),
            openai_images.whole,
            openai_images.frames,
            broken=openai_images.broken,
        )
        for act in ("generations", "edits", "variations")
    ),
    Api(
        "transcription",
        "POST",
        re.compile(r"/audio/transcriptions$"),
        openai_audio.transcription,
        openai_audio.transcript_frames,
    ),
    Api("translation", "POST", re.compile(r"/audio/translations$"), openai_audio.translation),
    Api("speech", "POST", re.compile(r"/audio/speech$"), openai_audio.speech, openai_audio.speech_frames),
    Api("moderation", "POST", re.compile(r"/moderations$"), openai_verdicts.moderation),
    Api("decision", "POST", re.compile(r"/decisions$"), openai_verdicts.decision),
    Api("models", "GET", re.compile(r"/models$"), _models),
)
