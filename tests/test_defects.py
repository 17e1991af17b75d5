"""Answers that are none, though the call succeeded: what is said of them, and what is not said of good ones."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator
from typing import Any

import anthropic
import openai
import pytest
from contract.recorder import Recorder

import genscope
from genscope.local.simulator import Simulator

HELLO: Any = [{"role": "user", "content": "Hello?"}]
TOOL: Any = {"type": "function", "function": {"name": "weather", "parameters": {"type": "object", "properties": {}}}}
OBJECT: Any = {"type": "json_object"}


@pytest.fixture
def recorder() -> Iterator[Recorder]:
    recorder = Recorder()
    genscope.instrument(only=["openai", "anthropic"], raise_faults=True, threads=False, **recorder.providers)
    yield recorder
    genscope.uninstrument()


def transport(library: Any, answer: Any) -> Any:
    """A client of the HTTP library that gives this answer: JSON, or the chunks of a stream."""

    def handle(request: Any) -> Any:
        if isinstance(answer, list):
            text = "".join(f"data: {json.dumps(chunk)}\n\n" for chunk in answer)
            return library.Response(200, headers={"content-type": "text/event-stream"}, text=f"{text}data: [DONE]\n\n")
        return library.Response(200, json=answer)

    return library.Client(transport=library.MockTransport(handle))


def library_of(sdk: Any) -> Any:
    return getattr(sdk._base_client, "httpx2", None) or sdk._base_client.httpx


def ask_chat(answer: Any, **request: Any) -> None:
    """A chat completion that is answered so; streamed, if the answer is a list."""
    with openai.OpenAI(api_key="k", http_client=transport(library_of(openai), answer)) as client:
        if isinstance(answer, list):
            list(client.chat.completions.create(model="gpt-4o-mini", messages=HELLO, stream=True, **request))
        else:
            client.chat.completions.create(model="gpt-4o-mini", messages=HELLO, **request)


def ask_responses(output: list[Any], status: str = "completed", **request: Any) -> None:
    with openai.OpenAI(api_key="k", http_client=transport(library_of(openai), {})) as client:
        if not hasattr(client, "responses"):
            pytest.skip("this release of openai has no Responses API")
    answer = {"id": "resp_1", "object": "response", "model": "gpt-4o-mini", "status": status, "output": output}
    with openai.OpenAI(api_key="k", http_client=transport(library_of(openai), answer)) as client:
        client.responses.create(model="gpt-4o-mini", input="Hello?", **request)


def ask_messages(content: list[Any], stop_reason: str = "end_turn", **request: Any) -> None:
    answer = {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": "claude-opus-4-8",
        "content": content,
        "stop_reason": stop_reason,
        "usage": {"input_tokens": 1, "output_tokens": 1},
    }
    with anthropic.Anthropic(api_key="k", http_client=transport(library_of(anthropic), answer)) as client:
        client.messages.create(model="claude-opus-4-8", max_tokens=9, messages=HELLO, **request)


def completion(finish_reason: str | None = "stop", **message: Any) -> dict[str, Any]:
    said = {"role": "assistant", "content": None, **message}
    return {"id": "c1", "model": "m", "choices": [{"index": 0, "finish_reason": finish_reason, "message": said}]}


def chunks(*deltas: dict[str, Any], finish_reason: str = "stop") -> list[Any]:
    choices = [{"index": 0, "delta": delta, "finish_reason": None} for delta in ({"role": "assistant"}, *deltas)]
    choices.append({"index": 0, "delta": {}, "finish_reason": finish_reason})
    return [{"id": "c1", "model": "m", "choices": [choice]} for choice in choices]


def calls(name: str) -> list[Any]:
    return [{"index": 0, "id": "call_1", "type": "function", "function": {"name": name, "arguments": "{}"}}]


def message(*parts: Any) -> dict[str, Any]:
    return {"type": "message", "id": "m1", "role": "assistant", "status": "completed", "content": list(parts)}


def output_text(text: str) -> dict[str, Any]:
    return {"type": "output_text", "text": text, "annotations": []}


REASONING = {"type": "reasoning", "id": "r1", "summary": []}
JSON_TEXT: Any = {"text": {"format": {"type": "json_object"}}}
ASKED_FOR: dict[str, Any] = {"type": "function_call", "id": "f1", "call_id": "call_1", "arguments": "{}"}

CASES: dict[str, tuple[Callable[[], None], tuple[str, ...]]] = {
    "chat: an answer": (lambda: ask_chat(completion(content="Hi")), ()),
    "chat: nothing": (lambda: ask_chat(completion(content="")), ("empty",)),
    "chat: null": (lambda: ask_chat(completion()), ("empty",)),
    "chat: only thoughts": (lambda: ask_chat(completion(reasoning_content="hm")), ("empty",)),
    "chat: a sound": (lambda: ask_chat(completion(audio={"id": "a", "data": "", "transcript": "Hi"})), ()),
    "chat: refused": (lambda: ask_chat(completion(refusal="No.")), ("refused",)),
    "chat: cut": (lambda: ask_chat(completion("length", content="Hi")), ("truncated",)),
    "chat: cut before it began": (lambda: ask_chat(completion("length", content="")), ("truncated", "empty")),
    "chat: filtered": (lambda: ask_chat(completion("content_filter", content="H")), ("filtered",)),
    "chat: a tool": (lambda: ask_chat(completion("tool_calls", tool_calls=calls("weather")), tools=[TOOL]), ()),
    "chat: another tool": (
        lambda: ask_chat(completion("tool_calls", tool_calls=calls("rain")), tools=[TOOL]),
        ("unknown_tool",),
    ),
    "chat: JSON": (lambda: ask_chat(completion(content='{"a": 1}'), response_format=OBJECT), ()),
    "chat: no JSON": (lambda: ask_chat(completion(content="Hi"), response_format=OBJECT), ("invalid_json",)),
    "chat: half of it": (
        lambda: ask_chat(completion("length", content='{"a"'), response_format=OBJECT),
        ("truncated", "invalid_json"),
    ),
    "chat: deep": (lambda: ask_chat(completion(content="[" * 100_000), response_format=OBJECT), ("invalid_json",)),
    "chat: a tool instead of JSON": (
        lambda: ask_chat(completion("tool_calls", tool_calls=calls("weather")), tools=[TOOL], response_format=OBJECT),
        (),
    ),
    "chat: two": (
        lambda: ask_chat(
            {
                "id": "c1",
                "model": "m",
                "choices": [
                    {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": "Hi"}},
                    {"index": 1, "finish_reason": "length", "message": {"role": "assistant", "content": ""}},
                ],
            }
        ),
        ("truncated", "empty"),
    ),
    "chat: no choice": (lambda: ask_chat({"id": "c1", "model": "m", "choices": []}), ("empty",)),
    "stream: an answer": (lambda: ask_chat(chunks({"content": "Hi"})), ()),
    "stream: nothing": (lambda: ask_chat(chunks()), ("empty",)),
    "stream: only thoughts": (lambda: ask_chat(chunks({"reasoning_content": "hm"})), ("empty",)),
    "stream: refused": (lambda: ask_chat(chunks({"refusal": "No"}, {"refusal": "."})), ("refused",)),
    "stream: cut": (lambda: ask_chat(chunks({"content": "Hi"}, finish_reason="length")), ("truncated",)),
    "stream: a tool": (
        lambda: ask_chat(chunks({"tool_calls": calls("weather")}, finish_reason="tool_calls"), tools=[TOOL]),
        (),
    ),
    "stream: another tool": (
        lambda: ask_chat(chunks({"tool_calls": calls("rain")}, finish_reason="tool_calls"), tools=[TOOL]),
        ("unknown_tool",),
    ),
    "stream: JSON": (
        lambda: ask_chat(chunks({"content": '{"a":'}, {"content": " 1}"}), response_format=OBJECT),
        (),
    ),
    "stream: no JSON": (lambda: ask_chat(chunks({"content": "{'a'"}), response_format=OBJECT), ("invalid_json",)),
    "responses: an answer": (lambda: ask_responses([message(output_text("Hi"))]), ()),
    "responses: nothing": (lambda: ask_responses([REASONING]), ("empty",)),
    "responses: an empty text": (lambda: ask_responses([REASONING, message(output_text(""))]), ("empty",)),
    "responses: refused": (lambda: ask_responses([message({"type": "refusal", "refusal": "No."})]), ("refused",)),
    "responses: not ready yet": (lambda: ask_responses([], "in_progress"), ()),
    "responses: a tool": (
        lambda: ask_responses(
            [ASKED_FOR | {"name": "weather"}], tools=[{"type": "function", "name": "weather", "parameters": {}}]
        ),
        (),
    ),
    "responses: another tool": (
        lambda: ask_responses(
            [ASKED_FOR | {"name": "rain"}], tools=[{"type": "function", "name": "weather", "parameters": {}}]
        ),
        ("unknown_tool",),
    ),
    "responses: any tool": (  # what else there is runs at the provider, or has no name
        lambda: ask_responses(
            [ASKED_FOR | {"name": "rain"}],
            tools=[{"type": "function", "name": "weather", "parameters": {}}, {"type": "web_search"}],
        ),
        (),
    ),
    "responses: JSON": (lambda: ask_responses([message(output_text("{}"))], **JSON_TEXT), ()),
    "responses: no JSON": (lambda: ask_responses([message(output_text("{"))], **JSON_TEXT), ("invalid_json",)),
    "messages: an answer": (lambda: ask_messages([{"type": "text", "text": "Hi"}]), ()),
    "messages: nothing": (lambda: ask_messages([]), ("empty",)),
    "messages: an empty text": (lambda: ask_messages([{"type": "text", "text": ""}]), ("empty",)),
    "messages: only thoughts": (
        lambda: ask_messages([{"type": "thinking", "thinking": "hm", "signature": "s"}]),
        ("empty",),
    ),
    "messages: refused": (lambda: ask_messages([], "refusal"), ("refused",)),
    "messages: cut": (lambda: ask_messages([{"type": "text", "text": "Hi"}], "max_tokens"), ("truncated",)),
    "messages: a tool": (
        lambda: ask_messages(
            [{"type": "tool_use", "id": "toolu_1", "name": "weather", "input": {}}],
            "tool_use",
            tools=[{"name": "weather", "input_schema": {"type": "object"}}],
        ),
        (),
    ),
    "messages: another tool": (
        lambda: ask_messages(
            [{"type": "tool_use", "id": "toolu_1", "name": "rain", "input": {}}],
            "tool_use",
            tools=[{"name": "weather", "input_schema": {"type": "object"}}],
        ),
        ("unknown_tool",),
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_what_is_wrong_with_an_answer(name: str, recorder: Recorder) -> None:
    ask, expected = CASES[name]
    ask()
    span = recorder.span()
    assert (span.attributes or {}).get("genscope.response.defect", ()) == expected
    assert span.status.is_ok or span.status.is_unset
    counted = {point.attributes["genscope.response.defect"]: point.value for point in recorder.points(COUNTER)}
    assert counted == dict.fromkeys(expected, 1)


COUNTER = "genscope.client.defects"


def test_a_stream_that_was_left_has_none(recorder: Recorder, simulator: Simulator) -> None:
    with openai.OpenAI(api_key="k", base_url=simulator.base_url("ok")) as client:
        client.chat.completions.create(model="gpt-4o-mini", messages=HELLO, stream=True).close()
    assert "genscope.response.defect" not in (recorder.span().attributes or {})


def test_half_an_object_is_no_defect_of_the_answer(recorder: Recorder) -> None:
    answer = chunks({"content": '{"a": '}, {"content": "1}"})
    with openai.OpenAI(api_key="k", http_client=transport(library_of(openai), answer)) as client:
        asked = client.chat.completions.create(model="m", messages=HELLO, stream=True, response_format=OBJECT)
        with asked as stream:
            while not next(stream).choices[0].delta.content:
                pass
    assert (recorder.span().attributes or {})["genscope.stream.outcome"] == "abandoned"
    assert "genscope.response.defect" not in (recorder.span().attributes or {})


@pytest.mark.parametrize("scenario, defect", [("empty", "empty"), ("refusal", "refused"), ("length", "truncated")])
def test_asynchronous_streams(scenario: str, defect: str, recorder: Recorder, simulator: Simulator) -> None:
    if scenario not in Simulator.scenarios:
        pytest.skip(f"the simulator has no scenario {scenario}")

    async def ask() -> None:
        async with openai.AsyncOpenAI(api_key="k", base_url=simulator.base_url(scenario)) as client:
            async for _ in await client.chat.completions.create(model="gpt-4o-mini", messages=HELLO, stream=True):
                pass

    asyncio.run(ask())
    assert (recorder.span().attributes or {})["genscope.response.defect"] == (defect,)


# --- errors


def test_errors_are_counted_by_kind(recorder: Recorder, simulator: Simulator) -> None:
    for scenario in ("rate_limit", "rate_limit", "auth", "ok"):
        if scenario in Simulator.scenarios:
            with openai.OpenAI(api_key="k", base_url=simulator.base_url(scenario), max_retries=0) as client:
                try:
                    client.chat.completions.create(model="gpt-4o-mini", messages=HELLO)
                except openai.APIError:
                    pass
    counted = {
        (point.attributes["genscope.error.kind"], point.attributes["genscope.error.retryable"]): point.value
        for point in recorder.points("genscope.client.errors")
    }
    assert counted["rate_limit", True] == 2
    assert sum(counted.values()) == sum(span.status.status_code.name == "ERROR" for span in recorder.spans())
