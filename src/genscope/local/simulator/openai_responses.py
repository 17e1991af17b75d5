"""The wire format of the OpenAI Responses API: a request's exchange in, a response body or stream events out."""

from __future__ import annotations

from typing import Literal

from .answers import Answer, Ask, Tool, ToolCall, Usage, compose
from .exchange import Exchange, Frame, Json, as_list, as_object
from .models import CREATED, dated, padding

__all__ = ["broken", "cancelled", "compacted", "frames", "stored_frames", "usage_object", "whole"]

_FAILURE: Json = {
    "code": "server_error",
    "message": "An error occurred while processing your request. You can retry your request.",
}
_INCOMPLETE = {"length": "max_output_tokens", "content_filter": "content_filter"}


def whole(x: Exchange) -> Json:
    """The body of an answer that is not streamed. A request for background work gets the queued response."""
    if x.body.get("background") and x.request.method == "POST":
        return _response(x, "queued")
    return _finished(x, compose(x, _ask(x.body)))


def cancelled(x: Exchange) -> Json:
    """The body of a background response after its cancellation."""
    return {**_response(x, "cancelled"), "background": True}


def compacted(x: Exchange) -> Json:
    """The body of a compaction: the user's messages, then the item that stands for the rest."""
    said = [as_object(item) for item in as_list(x.body.get("input"))]
    if isinstance(text := x.body.get("input"), str):
        said = [{"role": "user", "content": text}]
    messages = [
        {
            "id": f"msg_{x.number:04d}_{index}",
            "type": "message",
            "status": "completed",
            "role": "user",
            "content": [{"type": "input_text", "text": item["content"]}]
            if isinstance(item.get("content"), str)
            else as_list(item.get("content")),
        }
        for index, item in enumerate(said)
        if item.get("role") == "user"
    ]
    item = {"id": f"cmp_{x.number:04d}", "type": "compaction", "encrypted_content": "gAAAAABsimulated"}
    return {
        "id": f"resp_{x.number:04d}",
        "object": "response.compaction",
        "created_at": CREATED,
        "output": [] if x.scenario.says == "nothing" else [*messages, item],
        "usage": usage_object(x, compose(x, Ask()).usage),
    }


def frames(x: Exchange) -> list[Frame]:
    """The events of a stream, in the order of the real service."""
    answer = compose(x, _ask(x.body))
    stream = _Stream(x)
    stream.lifecycle("created", "queued" if x.body.get("background") else "in_progress")
    if x.body.get("background"):
        stream.lifecycle("queued", "queued")
    stream.lifecycle("in_progress", "in_progress")
    final = _finished(x, answer)
    for position, item in enumerate(final["output"]):
        stream.item(position, item, answer)
    stream.add(f"response.{final['status']}", {"response": final})
    return stream.frames


def stored_frames(x: Exchange) -> list[Frame]:
    """The events of a stored response that are later than the query's `starting_after`."""
    after = x.query.get("starting_after", "")
    return frames(x)[int(after) + 1 if after.isdigit() else 0 :]


def broken(error: Json, sequence: int) -> Frame:
    """The event that ends a stream with an error."""
    cause = as_object(error["error"])
    told = {name: cause.get(name) for name in ("code", "message", "param")}
    told["code"] = told["code"] or cause.get("type")
    return Frame({"type": "error", **told, "sequence_number": sequence}, event="error")


class _Stream:
    """The events so far; numbers them."""

    def __init__(self, x: Exchange) -> None:
        self.frames: list[Frame] = []
        self._x = x
        self._padded = as_object(x.body.get("stream_options")).get("include_obfuscation") is not False

    def add(self, event: str, content: Json, kind: Literal["opening", "token", "closing"] = "closing") -> None:
        data = {"type": event, **content, "sequence_number": len(self.frames)}
        self.frames.append(Frame(data, event=event, kind=kind))

    def lifecycle(self, event: str, status: str) -> None:
        self.add(f"response.{event}", {"response": _response(self._x, status)}, "opening")

    def item(self, position: int, item: Json, answer: Answer) -> None:
        """The events of one output item, from its start to its end."""
        content = {"message": "content", "reasoning": "summary", "function_call": "arguments"}[item["type"]]
        begun: Json = {**item, content: "" if content == "arguments" else []}
        if "status" in item:
            begun["status"] = "in_progress"
        at = {"item_id": item["id"], "output_index": position}
        self.add("response.output_item.added", {"item": begun, "output_index": position})
        if item["type"] == "message":
            self._message(at, item["content"][0], answer)
        elif item["type"] == "reasoning":
            self._reasoning(at, item["summary"][0], answer)
        else:
            call = next(call for call in answer.calls if call.id == item["call_id"])
            for piece in call.arguments:
                self._delta("response.function_call_arguments.delta", piece, at)
            done = {**at, "arguments": item["arguments"], "name": item["name"]}
            self.add("response.function_call_arguments.done", done)
        self.add("response.output_item.done", {"item": item, "output_index": position})

    def _message(self, at: Json, part: Json, answer: Answer) -> None:
        at = {**at, "content_index": 0}
        refused = part["type"] == "refusal"
        field = "refusal" if refused else "text"
        name = "response.refusal" if refused else "response.output_text"
        extra: Json = {} if refused else {"logprobs": []}
        self.add("response.content_part.added", {**at, "part": {**part, field: ""}})
        for token in answer.refusal if refused else answer.text:
            self._delta(f"{name}.delta", token, {**at, **extra})
        self.add(f"{name}.done", {**at, **extra, field: part[field]})
        self.add("response.content_part.done", {**at, "part": part})

    def _reasoning(self, at: Json, part: Json, answer: Answer) -> None:
        at = {**at, "summary_index": 0}
        self.add("response.reasoning_summary_part.added", {**at, "part": {**part, "text": ""}})
        for token in answer.reasoning:
            self._delta("response.reasoning_summary_text.delta", token, at)
        self.add("response.reasoning_summary_text.done", {**at, "text": part["text"]})
        self.add("response.reasoning_summary_part.done", {**at, "part": part})

    def _delta(self, event: str, delta: str, at: Json) -> None:
        content: Json = {**at, "delta": delta}
        if self._padded:
            content["obfuscation"] = padding(delta)
        self.add(event, content, "token")


def _ask(body: Json) -> Ask:
    functions = [as_object(tool) for tool in as_list(body.get("tools"))]
    tools = [
        Tool(str(tool["name"]), as_object(tool.get("parameters")))
        for tool in functions
        if tool.get("type") == "function" and tool.get("name") and body.get("tool_choice") != "none"
    ]
    items = [as_object(item) for item in as_list(body.get("input"))]
    wanted = as_object(as_object(body.get("text")).get("format"))
    schema: Json | None = None
    if wanted.get("type") == "json_schema":
        schema = as_object(wanted.get("schema"))
    elif wanted.get("type") == "json_object":
        schema = {"type": "object", "properties": {"city": {"type": "string"}}}
    return Ask(
        tools=tools,
        parallel=body.get("parallel_tool_calls") is not False,
        tool_result=any(item.get("type") == "function_call_output" for item in items),
        schema=schema,
    )


def _finished(x: Exchange, answer: Answer) -> Json:
    """The response object at its end, whatever that end is."""
    if x.scenario.fault == "failed":
        return {**_response(x, "failed"), "error": _FAILURE}
    reason = _INCOMPLETE.get(answer.finish)
    response = {
        **_response(x, "incomplete" if reason else "completed"),
        "incomplete_details": {"reason": reason} if reason else None,
        "output": _output(x, answer, "incomplete" if reason else "completed"),
        "usage": usage_object(x, answer.usage),
    }
    if not reason:
        response["completed_at"] = CREATED + 1
    response["service_tier"] = "default" if response["service_tier"] == "auto" else response["service_tier"]
    return response


def _output(x: Exchange, answer: Answer, status: str) -> list[Json]:
    if not answer.choices:
        return []
    output: list[Json] = []
    if answer.reasoning:
        summary = [{"type": "summary_text", "text": "".join(answer.reasoning)}]
        output.append({"id": f"rs_{_id(x)}", "type": "reasoning", "summary": summary})
    if answer.calls:
        return output + [_call(x, index, call) for index, call in enumerate(answer.calls)]
    part: Json = {"type": "output_text", "annotations": [], "logprobs": [], "text": "".join(answer.text)}
    if answer.refusal:
        part = {"type": "refusal", "refusal": "".join(answer.refusal)}
    message = {"id": f"msg_{_id(x)}", "type": "message", "status": status, "content": [part], "role": "assistant"}
    return [*output, message]


def _call(x: Exchange, index: int, call: ToolCall) -> Json:
    return {
        "id": f"fc_{_id(x)}_{index}",
        "type": "function_call",
        "status": "completed",
        "arguments": "".join(call.arguments),
        "call_id": call.id,
        "name": call.name,
    }


def usage_object(x: Exchange, usage: Usage | None) -> Json | None:
    """The `usage` object of the Responses API, None when there is no usage to report."""
    if usage is None:
        return None
    of_input: Json = {"cached_tokens": usage.cached, "cache_write_tokens": 0}
    return detailed_usage(x, usage, of_input, {"reasoning_tokens": usage.reasoning})


def detailed_usage(x: Exchange, usage: Usage, of_input: Json, of_output: Json) -> Json:
    """Totals and their parts, as all but the oldest APIs call them."""
    known = x.scenario.usage != "null_details"
    return {
        "input_tokens": usage.prompt,
        "input_tokens_details": of_input if known else None,
        "output_tokens": usage.completion,
        "output_tokens_details": of_output if known else None,
        "total_tokens": usage.total,
    }


def _id(x: Exchange) -> str:
    """What the ids of a response and its items have in common: a fetched response keeps those it was created with."""
    return x.path_id.removeprefix("resp_") if x.path_id else f"{x.number:04d}"


def _response(x: Exchange, status: str) -> Json:
    """The response object before anything was said, with the request's settings repeated in it."""
    body = x.body
    reasoning, text = as_object(body.get("reasoning")), as_object(body.get("text"))

    def setting(name: str, default: object = None) -> object:
        given = body.get(name)
        return default if given is None else given

    return {
        "id": x.path_id or f"resp_{_id(x)}",
        "object": "response",
        "created_at": CREATED,
        "status": status,
        "background": bool(body.get("background")),
        "billing": {"payer": "developer"},
        "completed_at": None,
        "error": None,
        "frequency_penalty": 0.0,
        "incomplete_details": None,
        "instructions": body.get("instructions"),
        "max_output_tokens": body.get("max_output_tokens"),
        "max_tool_calls": body.get("max_tool_calls"),
        "model": dated(x),
        "output": [],
        "parallel_tool_calls": setting("parallel_tool_calls", True),
        "presence_penalty": 0.0,
        "previous_response_id": body.get("previous_response_id"),
        "prompt_cache_key": body.get("prompt_cache_key"),
        "prompt_cache_retention": body.get("prompt_cache_retention"),
        "reasoning": {"effort": reasoning.get("effort"), "summary": reasoning.get("summary")},
        "safety_identifier": body.get("safety_identifier"),
        "service_tier": setting("service_tier", "auto"),
        "store": setting("store", True),
        "temperature": setting("temperature", 1.0),
        "text": {"format": text.get("format") or {"type": "text"}, "verbosity": text.get("verbosity") or "medium"},
        "tool_choice": setting("tool_choice", "auto"),
        "tools": setting("tools", []),
        "top_logprobs": setting("top_logprobs", 0),
        "top_p": setting("top_p", 1.0),
        "truncation": setting("truncation", "disabled"),
        "usage": None,
        "user": body.get("user"),
        "metadata": setting("metadata", {}),
    }
