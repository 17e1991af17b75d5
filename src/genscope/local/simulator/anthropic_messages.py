"""The wire format of Anthropic's messages: a request's exchange in, a response body or stream events out."""

from __future__ import annotations

import json
from typing import Literal, NamedTuple

from .answers import CACHE_WRITTEN, USAGE, Answer, Ask, Tool, Usage, compose
from .exchange import Exchange, Frame, Json, as_list, as_object
from .models import dated

__all__ = ["broken", "counted", "frames", "whole"]

_SIGNATURE = "EqoBCkgIARABGAIiQHNpbXVsYXRlZA=="
_STOP_REASONS = {
    "stop": "end_turn",
    "length": "max_tokens",
    "tool_calls": "tool_use",
    "content_filter": "refusal",
}
Kind = Literal["opening", "token", "closing"]


def whole(x: Exchange) -> Json:
    """The body of an answer that is not streamed."""
    answer = compose(x, _ask(x.body))
    return {
        **_message(x),
        "content": [_finished(block) for block in _blocks(answer)],
        **_end(answer),
        "usage": _usage(x, answer.usage),
    }


def counted(_x: Exchange) -> Json:
    """The body of the answer to a request that only has its tokens counted."""
    return {"input_tokens": USAGE.prompt}


def frames(x: Exchange) -> list[Frame]:
    """The events of a stream, in the order of the real service. Usage is cumulative in all of them."""
    answer = compose(x, _ask(x.body))
    stream = _Stream()
    stream.add("message_start", "opening", message=_begun(x, answer))
    for index, block in enumerate(_blocks(answer)):
        kind: Kind = "closing" if index else "opening"
        stream.add("content_block_start", kind, index=index, content_block=block.start)
        if not index:
            stream.add("ping", kind)
        for delta in block.deltas:
            token = delta["type"] != "signature_delta"
            stream.add("content_block_delta", "token" if token else "closing", index=index, delta=delta)
            if token and answer.usage and x.scenario.usage == "everywhere":
                usage = _final_usage(x, _so_far(answer.usage, stream.tokens))
                stream.add("message_delta", delta={"stop_reason": None, "stop_sequence": None}, usage=usage)
        stream.add("content_block_stop", index=index)
    if x.scenario.usage == "late":
        stream.add("message_delta", delta=_end(answer), usage={"output_tokens": 0})
    if answer.usage:
        stream.add("message_delta", delta=_end(answer), usage=_final_usage(x, answer.usage))
    else:
        stream.add("message_delta", delta=_end(answer))
    stream.add("message_stop")
    return stream.frames


def broken(error: Json, _sequence: int) -> Frame:
    """The event that ends a stream with an error: in mid-stream the real service is overloaded, whatever else it is."""
    return Frame({**error, "error": {"type": "overloaded_error", "message": "Overloaded"}}, event="error")


class _Stream:
    """The events so far."""

    def __init__(self) -> None:
        self.frames: list[Frame] = []
        self.tokens = 0

    def add(self, event: str, kind: Kind = "closing", **content: object) -> None:
        self.tokens += kind == "token"
        self.frames.append(Frame({"type": event, **content}, event=event, kind=kind))


class _Block(NamedTuple):
    """A content block: how it starts, and what is added to it."""

    start: Json
    deltas: list[Json]


def _blocks(answer: Answer) -> list[_Block]:
    blocks: list[_Block] = []
    if answer.reasoning:
        thoughts: list[Json] = [{"type": "thinking_delta", "thinking": token} for token in answer.reasoning]
        signature: Json = {"type": "signature_delta", "signature": _SIGNATURE}
        blocks.append(_Block({"type": "thinking", "thinking": "", "signature": ""}, [*thoughts, signature]))
    for call in answer.calls:
        start: Json = {"type": "tool_use", "id": f"toolu_{call.id.removeprefix('call_')}", "name": call.name}
        pieces: list[Json] = [{"type": "input_json_delta", "partial_json": piece} for piece in ("", *call.arguments)]
        blocks.append(_Block({**start, "input": {}, "caller": {"type": "direct"}}, pieces))
    if answer.choices and not answer.calls:
        said: list[Json] = [{"type": "text_delta", "text": token} for token in answer.text or answer.refusal]
        blocks.append(_Block({"type": "text", "text": ""}, said))
    return blocks


def _finished(block: _Block) -> Json:
    """A content block at its end: what a stream adds up to."""
    finished = dict(block.start)
    for delta in block.deltas:
        name = str(delta["type"]).removesuffix("_delta").replace("input_json", "partial_json")
        finished[name] = finished.get(name, "") + delta[name]
    if "partial_json" in finished:
        finished["input"] = json.loads(finished.pop("partial_json"))
    return finished


def _ask(body: Json) -> Ask:
    choice = as_object(body.get("tool_choice"))
    tools = [
        Tool(str(tool["name"]), as_object(tool.get("input_schema")))
        for tool in map(as_object, as_list(body.get("tools")))
        if tool.get("name") and tool.get("type") in (None, "custom") and choice.get("type") != "none"
    ]
    messages = [as_object(message) for message in as_list(body.get("messages"))]
    parts = [as_object(part) for message in messages for part in as_list(message.get("content"))]
    wanted = as_object(as_object(body.get("output_config")).get("format") or body.get("output_format"))
    return Ask(
        tools=tools,
        parallel=choice.get("disable_parallel_tool_use") is not True,
        tool_result=any(part.get("type") == "tool_result" for part in parts),
        schema=as_object(wanted.get("schema")) if wanted.get("type") == "json_schema" else None,
        thinks=as_object(body.get("thinking")).get("type") in ("enabled", "adaptive"),
    )


def _message(x: Exchange) -> Json:
    return {"model": dated(x), "id": f"msg_{x.number:04d}", "type": "message", "role": "assistant"}


def _begun(x: Exchange, answer: Answer) -> Json:
    """The message before anything was said."""
    told = _usage(x, answer.usage and _so_far(answer.usage, 1))
    if told and x.scenario.usage == "late":
        told = {"input_tokens": 0, "output_tokens": 0}
    return {**_message(x), "content": [], "stop_reason": None, "stop_sequence": None, "usage": told}


def _end(answer: Answer) -> Json:
    """Why the message ends. A refusal says more than that."""
    reason = "refusal" if answer.refusal else _STOP_REASONS[answer.finish]
    end: Json = {"stop_reason": reason, "stop_sequence": None}
    if reason == "refusal":
        category = "cyber" if answer.finish == "content_filter" else None
        end["stop_details"] = {"type": "refusal", "category": category, "explanation": None}
    return end


def _usage(x: Exchange, usage: Usage | None) -> Json | None:
    """The `usage` of a whole message, None when there is no usage to report."""
    if usage is None:
        return None
    written: Json = {"ephemeral_5m_input_tokens": CACHE_WRITTEN, "ephemeral_1h_input_tokens": 0}
    return {
        **_final_usage(x, usage),
        "cache_creation": None if x.scenario.usage == "null_details" else written,
        "service_tier": "standard",
        "inference_geo": "not_available",
    }


def _final_usage(x: Exchange, usage: Usage) -> Json:
    """The `usage` with which a stream ends. Input tokens are those that have nothing to do with the cache."""
    told: Json = {
        "input_tokens": usage.prompt - usage.cached - CACHE_WRITTEN,
        "cache_creation_input_tokens": CACHE_WRITTEN,
        "cache_read_input_tokens": usage.cached,
        "output_tokens": usage.completion,
    }
    if x.scenario.usage == "null_details":
        nothing = dict.fromkeys(("cache_creation_input_tokens", "cache_read_input_tokens", "output_tokens_details"))
        return {**told, "input_tokens": usage.prompt, **nothing}
    return {**told, "output_tokens_details": {"thinking_tokens": usage.reasoning}}


def _so_far(usage: Usage, tokens: int) -> Usage:
    completion = min(tokens, usage.completion)
    return usage._replace(completion=completion, reasoning=min(completion, usage.reasoning))
