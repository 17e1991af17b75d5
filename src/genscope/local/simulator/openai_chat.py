"""The wire format of OpenAI chat completions: a request's exchange in, a response body or stream frames out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

from .answers import Answer, Ask, Tool, ToolCall, Usage, compose
from .exchange import Exchange, Frame, Json, as_list, as_object
from .models import CREATED, FINGERPRINT, dated, padding

__all__ = ["FILTER_PASSED", "broken", "frames", "usage_object", "wants_usage", "whole"]

FILTER_PASSED: Json = {
    name: {"filtered": False, "severity": "safe"} for name in ("hate", "self_harm", "sexual", "violence")
}
_PROMPT_FILTER: list[Json] = [{"prompt_index": 0, "content_filter_results": FILTER_PASSED}]


def whole(x: Exchange) -> Json:
    """The body of an answer that is not streamed."""
    answer = compose(x, _ask(x.body))
    body: Json = {
        **_head(x, "chat.completion"),
        "choices": [_choice(x, answer, index) for index in range(answer.choices)],
        "usage": usage_object(x, answer.usage),
    }
    if x.scenario.azure_filter:
        body["prompt_filter_results"] = _PROMPT_FILTER
    return body


def frames(x: Exchange) -> list[Frame]:
    """The frames of a stream: role, tokens, finish, and the usage when it was asked for. Choices are interleaved."""
    answer = compose(x, _ask(x.body))
    stream = _Stream(x, answer)
    every = range(answer.choices)
    azure = x.scenario.azure_filter
    if azure:
        # Azure's frame about the prompt comes before the model is known: its fields are empty.
        first: Json = {"choices": [], "created": 0, "id": "", "model": "", "object": ""}
        stream.frames.append(Frame({**first, "prompt_filter_results": _PROMPT_FILTER}, kind="opening"))
    if not answer.choices:
        stream.add([], "opening")
    for index in every:
        stream.add([_delta(index, _role(answer), filtered={} if azure else None)], "opening")
    for step in _deltas(answer):
        for index in every:
            stream.add([_delta(index, step, filtered=FILTER_PASSED if azure else None)], "token")
    for index in every:
        stream.add([_delta(index, {}, answer.finish, {} if azure else None)], "closing")
    if x.scenario.usage == "late":
        stream.add([], "closing")
    if wants_usage(x):
        stream.add([], "closing", usage=answer.usage)
    return stream.frames


def broken(error: Json, _sequence: int) -> Frame:
    """The frame that ends a stream with an error object."""
    return Frame(error)


def wants_usage(x: Exchange) -> bool:
    """Whether a stream ends in a frame with the usage."""
    if x.scenario.usage == "none":
        return False
    return x.scenario.usage == "late" or bool(as_object(x.body.get("stream_options")).get("include_usage"))


def usage_object(x: Exchange, usage: Usage | None) -> Json | None:
    """The `usage` object of chat completions, None when there is no usage to report."""
    if usage is None:
        return None
    counts = {"prompt_tokens": usage.prompt, "completion_tokens": usage.completion, "total_tokens": usage.total}
    if x.scenario.usage == "null_details":
        return {**counts, "prompt_tokens_details": None, "completion_tokens_details": None}
    return {
        **counts,
        "prompt_tokens_details": {"cached_tokens": usage.cached, "audio_tokens": 0},
        "completion_tokens_details": {
            "reasoning_tokens": usage.reasoning,
            "audio_tokens": 0,
            "accepted_prediction_tokens": 0,
            "rejected_prediction_tokens": 0,
        },
    }


class _Stream:
    """The frames so far; knows what every frame of this stream has in common."""

    def __init__(self, x: Exchange, answer: Answer) -> None:
        self.frames: list[Frame] = []
        self._x = x
        self._head = _head(x, "chat.completion.chunk")
        self._asked = as_object(x.body.get("stream_options")).get("include_usage") or wants_usage(x)
        self._padded = as_object(x.body.get("stream_options")).get("include_obfuscation") is not False
        self._usage = answer.usage
        self._tokens = 0

    def add(
        self, choices: Sequence[Json], kind: Literal["opening", "token", "closing"], *, usage: Usage | None = None
    ) -> None:
        frame: Json = {**self._head, "choices": choices}
        self._tokens += kind == "token"
        if self._x.scenario.usage == "everywhere" and self._usage and usage is None:
            usage = self._so_far(self._usage, finished=kind == "closing")
        if usage or self._asked:
            frame["usage"] = usage_object(self._x, usage)
        if self._padded and kind == "token":
            frame["obfuscation"] = padding(str(choices[0]["delta"].get("content") or ""))
        self.frames.append(Frame(frame, kind=kind))

    def _so_far(self, usage: Usage, *, finished: bool) -> Usage:
        if finished:
            return usage
        completion = min(self._tokens, usage.completion)
        return usage._replace(completion=completion, reasoning=min(completion, usage.reasoning))


def _ask(body: Json) -> Ask:
    functions = [as_object(as_object(tool).get("function")) for tool in as_list(body.get("tools"))]
    tools = [
        Tool(str(function["name"]), as_object(function.get("parameters")))
        for function in functions
        if function.get("name") and body.get("tool_choice") != "none"
    ]
    messages = [as_object(message) for message in as_list(body.get("messages"))]
    wanted = as_object(body.get("response_format"))
    schema: Json | None = None
    if wanted.get("type") == "json_schema":
        schema = as_object(as_object(wanted.get("json_schema")).get("schema"))
    elif wanted.get("type") == "json_object":
        schema = {"type": "object", "properties": {"city": {"type": "string"}}}
    return Ask(
        choices=body["n"] if isinstance(body.get("n"), int) else 1,
        tools=tools,
        parallel=body.get("parallel_tool_calls") is not False,
        tool_result=any(message.get("role") == "tool" for message in messages),
        schema=schema,
    )


def _head(x: Exchange, kind: str) -> Json:
    tier = x.body.get("service_tier")
    return {
        "id": f"chatcmpl-{x.number:04d}",
        "object": kind,
        "created": CREATED,
        "model": dated(x),
        "service_tier": "default" if tier in (None, "auto") else tier,
        "system_fingerprint": FINGERPRINT,
    }


def _choice(x: Exchange, answer: Answer, index: int) -> Json:
    message: Json = {
        "role": "assistant",
        "content": "".join(answer.text) if not (answer.refusal or answer.calls) else None,
        "refusal": "".join(answer.refusal) or None,
        "annotations": [],
    }
    if answer.reasoning:
        message["reasoning_content"] = "".join(answer.reasoning)
    if answer.calls:
        message["tool_calls"] = [_call(call, "".join(call.arguments)) for call in answer.calls]
    choice: Json = {"index": index, "message": message, "logprobs": None, "finish_reason": answer.finish}
    if x.scenario.azure_filter:
        choice["content_filter_results"] = FILTER_PASSED
    return choice


def _call(call: ToolCall, arguments: str) -> Json:
    return {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": arguments}}


def _delta(index: int, delta: Json, finish: str | None = None, filtered: Json | None = None) -> Json:
    choice: Json = {"index": index, "delta": delta, "logprobs": None, "finish_reason": finish}
    if filtered is not None:
        choice["content_filter_results"] = filtered
    return choice


def _role(answer: Answer) -> Json:
    """The delta of the first frame: who speaks, and nothing said yet."""
    if answer.refusal:
        return {"role": "assistant", "content": None, "refusal": ""}
    return {"role": "assistant", "content": None if answer.calls else "", "refusal": None}


def _deltas(answer: Answer) -> list[Json]:
    """The deltas that carry the answer, in order. Reasoning is DeepSeek's: a field beside the content."""
    deltas: list[Json] = [{"reasoning_content": token} for token in answer.reasoning]
    deltas += [{"content": token} for token in answer.text]
    deltas += [{"refusal": token} for token in answer.refusal]
    for index, call in enumerate(answer.calls):
        deltas.append({"tool_calls": [{"index": index, **_call(call, "")}]})
        pieces: list[dict[str, Any]] = [{"index": index, "function": {"arguments": piece}} for piece in call.arguments]
        deltas += [{"tool_calls": [piece]} for piece in pieces]
    return deltas
