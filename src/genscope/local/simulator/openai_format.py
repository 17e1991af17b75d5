"""The OpenAI API: which path is which API, its headers and errors.

The larger formats have modules of their own; the smaller ones are here.
"""

from __future__ import annotations

import math
import re
import struct
from base64 import b64encode
from collections.abc import Callable
from functools import lru_cache
from typing import Any

from . import openai_audio, openai_chat, openai_images, openai_responses, openai_verdicts
from .answers import USAGE, Ask, compose
from .exchange import Exchange, Frame, Json, as_list, as_object
from .models import CREATED, SNAPSHOTS, asked, dated
from .replies import Api, ErrorAnswer, Service
from .scenarios import HttpError

__all__ = ["ROUTES", "SERVICE"]

_DONE = b"data: [DONE]\n\n"
_HEADERS = {
    "openai-organization": "org-simulator",
    "openai-processing-ms": "12",
    "openai-version": "2020-10-01",
    "x-ratelimit-limit-requests": "10000",
    "x-ratelimit-limit-tokens": "200000",
    "x-ratelimit-remaining-requests": "9999",
    "x-ratelimit-remaining-tokens": "199977",
    "x-ratelimit-reset-requests": "6ms",
    "x-ratelimit-reset-tokens": "6ms",
}


def _headers(request_id: str) -> dict[str, str]:
    return {"x-request-id": request_id, **_HEADERS}


def _unknown_url(method: str, path: str, _request_id: str) -> ErrorAnswer:
    message = f"Invalid URL ({method} {path})"
    error = {"message": message, "type": "invalid_request_error", "param": None, "code": None}
    return ErrorAnswer(404, {"error": error}, {})


def _error(x: Exchange, error: HttpError) -> ErrorAnswer:
    headers = {"x-ratelimit-remaining-requests": "0"} if error.code == "rate_limit_exceeded" else {}
    return ErrorAnswer(error.status, {"error": _error_object(x, error)}, headers)


def _error_object(x: Exchange, error: HttpError) -> Json:
    sent = x.request.headers
    key = sent.get("api-key") or sent.get("authorization", "").removeprefix("Bearer ")
    masked = f"{key[:8]}{'*' * (len(key) - 12)}{key[-4:]}" if len(key) > 16 else "*" * len(key)
    message = error.message.format(model=asked(x), key=masked, request_id=x.request.request_id)
    return {"message": message, "type": error.type, "param": error.param, "code": error.code, **error.more}


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


SERVICE = Service(_headers, _error, _unknown_url, b'data: {"id": "chatcmpl-broken", "object": \n\n')


def _api(
    name: str,
    method: str,
    path: str,
    whole: Any,
    frames: Callable[[Exchange], list[Frame]] | None = None,
    broken: Callable[[Json, int], Frame] = openai_chat.broken,
    **more: Any,
) -> Api:
    return Api(SERVICE, name, method, re.compile(path), whole, broken, frames, **more)


_STORED: dict[str, Any] = {"broken": openai_responses.broken, "failing": True}

ROUTES = (
    _api("chat", "POST", r"/chat(?:/completions)?$", openai_chat.whole, openai_chat.frames, done=_DONE),
    _api("completions", "POST", r"/completions$", _completion, _completion_frames, done=_DONE),
    _api("responses", "POST", r"/responses$", openai_responses.whole, openai_responses.frames, **_STORED),
    _api("compact", "POST", r"/responses/compact$", openai_responses.compacted),
    _api("cancel", "POST", r"/responses/([^/]+)/cancel$", openai_responses.cancelled),
    _api("retrieve", "GET", r"/responses/([^/]+)$", openai_responses.whole, openai_responses.stored_frames, **_STORED),
    _api("embeddings", "POST", r"/embeddings$", _embeddings),
    *(
        _api("images", "POST", rf"/images/{act}$", openai_images.whole, openai_images.frames, openai_images.broken)
        for act in ("generations", "edits", "variations")
    ),
    _api(
        "transcription",
        "POST",
        r"/audio/transcriptions$",
        openai_audio.transcription,
        openai_audio.transcript_frames,
    ),
    _api("translation", "POST", r"/audio/translations$", openai_audio.translation),
    _api("speech", "POST", r"/audio/speech$", openai_audio.speech, openai_audio.speech_frames),
    _api("moderation", "POST", r"/moderations$", openai_verdicts.moderation),
    _api("decision", "POST", r"/decisions$", openai_verdicts.decision),
    _api("models", "GET", r"/models$", _models),
)
