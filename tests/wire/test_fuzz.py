"""Whatever JSON a provider sends: a reader does not raise, and what it says can be exported."""

from __future__ import annotations

import json
from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from openai.types import Completion, CreateEmbeddingResponse
from openai.types.chat import ChatCompletion, ChatCompletionChunk

from genscope.core.call import Call
from genscope.core.errors import classify_reported
from genscope.core.operation import Operation
from genscope.core.pipeline import Faults, Pipeline
from genscope.providers.httpx_body import read_whole
from genscope.wire import chat_completions, embeddings, fetched_responses, responses, text_completions
from genscope.wire.choices import ask_for_usage, is_usage_only
from genscope.wire.fields import objects

from . import test_choices, test_embeddings, test_responses
from .shapes import asked, operation, typed
from .test_requests import SAMPLING, SCHEMA

try:
    from openai.types.responses import Response, ResponseStreamEvent
except ImportError:  # before openai 1.66
    Response = ResponseStreamEvent = object

FORMATS = {
    "chat": (chat_completions, ChatCompletion, ChatCompletionChunk),
    "text": (text_completions, Completion, Completion),
    "responses": (responses, Response, ResponseStreamEvent),
    "fetched": (fetched_responses, Response, ResponseStreamEvent),
    "embeddings": (embeddings, CreateEmbeddingResponse, CreateEmbeddingResponse),
}
each_format = pytest.mark.parametrize("format", FORMATS)

# Derandomised and without a database: the same examples on every machine, and no file beside the tests.
modestly = settings(
    max_examples=40, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck)
)

KEYS = (
    "choices", "code", "completion_tokens", "content", "data", "delta", "effort", "embedding", "encoding_format",
    "error",
    "finish_reason", "format", "id", "index", "input_tokens", "model", "n", "output", "prompt", "reasoning", "response",
    "seed", "service_tier", "status", "stop", "stream_options", "temperature", "text", "type", "usage", "__class__",
    "__dict__", "self",
)  # fmt: skip
leaves = (
    st.none()
    | st.booleans()
    | st.integers(min_value=-(10**40), max_value=10**40)
    | st.integers(min_value=-2, max_value=200)
    | st.floats()
    | st.sampled_from(["auto", "completed", "error", "failed", "response.completed", "response.failed", "stop"])
    | st.text(max_size=9)
)
values = st.recursive(
    leaves,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=4),
    max_leaves=12,
)


@st.composite
def odd(draw: st.DrawFn, said: Any) -> Any:
    """`said`, with some things in it missing and others replaced by whatever JSON there is."""
    chance = draw(st.integers(0, 19))
    if chance == 0:
        return draw(values)
    if isinstance(said, dict):
        return {name: draw(odd(value)) for name, value in said.items() if draw(st.integers(0, 19))}
    if isinstance(said, list):
        return [draw(odd(value)) for value in said]
    return said


BODIES = {
    "chat": SAMPLING | {"reasoning_effort": "low", "response_format": SCHEMA, "service_tier": "flex", "messages": []},
    "text": SAMPLING | {"prompt": "?"},
    "responses": {
        "max_output_tokens": 99,
        "reasoning": {"effort": "high"},
        "text": {"format": {"type": "json_object"}},
        "conversation": {"id": "conv_1"},
        "prompt": {"id": "p1", "version": "2"},
        "service_tier": "priority",
    },
    "fetched": {"response_id": "r1", "starting_after": 7, "stream": True},
    "embeddings": {"dimensions": 256, "encoding_format": "float"},
}
ANSWERS = {
    "chat": test_choices.ANSWERS["everything"][0],
    "text": test_choices.ANSWERS["everything"][0],
    "responses": test_responses.response(
        "failed", *test_responses.ANSWERS["everything"][0]["output"], error={"code": "c"}
    ),
    "fetched": test_responses.ANSWERS["everything"][0],
    "embeddings": test_embeddings.ANSWERS["everything"][0],
}
STREAMS = {
    "chat": test_choices.STREAMS["usage with the finish reason"][0],
    "text": test_choices.STREAMS["usage with the finish reason"][0],
    "responses": [*test_responses.STREAMS["completed"][0], test_responses.STREAMS["an error, nested"][0][-1]],
    "fetched": test_responses.STREAMS["an error, flat"][0],
    "embeddings": [ANSWERS["embeddings"]],
}


def check(op: Operation) -> None:
    """Everything in the record is of the type it says, so that OpenTelemetry takes it."""
    for name in (op.model, op.response_id, op.response_model):
        assert name is None or (type(name) is str and name)
    for value in (*op.request.values(), *op.response.values()):
        assert exportable(value), value
    if op.finish_reasons is not None:
        assert op.finish_reasons
        assert all(type(reason) is str and reason for reason in op.finish_reasons)
    if op.usage is not None:
        assert vars(op.usage)
        assert all(type(tokens) is int and 0 <= tokens < 2**63 for tokens in vars(op.usage).values())
    if op.error is not None:
        assert len(classify_reported(op.error).type) <= 64


def exportable(value: Any) -> bool:
    if isinstance(value, Sequence) and not isinstance(value, str):
        return bool(value) and all(type(one) is str for one in value)
    return type(value) in (str, bool, float) or (type(value) is int and -(2**63) <= value < 2**63)


@each_format
@given(data=st.data())
@modestly
def test_any_request(format: str, data: st.DataObject) -> None:
    body = data.draw(odd(BODIES[format]).filter(lambda body: isinstance(body, dict)))
    before = repr(body)
    check(asked(FORMATS[format][0], body))
    ask_for_usage(body)
    assert repr(body) == before


@each_format
@given(data=st.data())
@modestly
def test_any_answer(format: str, data: st.DataObject) -> None:
    reader, cls, _ = FORMATS[format]
    said = data.draw(odd(ANSWERS[format]))
    for answer in (objects(said), typed(said, cls)):
        op = operation(reader)
        reader.read_response(op, answer)
        check(op)


@each_format
@given(data=st.data())
@modestly
def test_any_stream(format: str, data: st.DataObject) -> None:
    reader, _, cls = FORMATS[format]
    chunks = [data.draw(odd(chunk)) for chunk in STREAMS[format]]
    for shape in (lambda said: said, objects, lambda said: typed(said, cls)):
        op, answer = operation(reader, streaming=True), reader.Answer()
        for chunk in map(shape, chunks):
            answer.fold(chunk)
            assert answer.lead(chunk) in ("text", "reasoning", None)
            assert is_usage_only(chunk) in (True, False)
        reader.read_response(op, answer)
        check(op)


def read(reader: Any, body: bytes, kind: str) -> Operation:
    """The record of a call whose answer is read beside the SDK; a fault of ours is raised."""
    call = Call(operation(reader), reader, Pipeline((), Faults(raised=True)))
    call.begin({})
    read_whole(call, SimpleNamespace(headers={"content-type": kind}, content=body))
    assert call.finished
    return call.op


EVENTS = "text/event-stream"


@each_format
@given(data=st.data())
@modestly
def test_any_bytes(format: str, data: st.DataObject) -> None:
    reader = FORMATS[format][0]
    said = [json.dumps(data.draw(odd(chunk))).encode() for chunk in STREAMS[format]]
    framed = b"".join(b"data: " + one + data.draw(st.sampled_from([b"\n\n", b"\r\n\r\n", b"\r\r"])) for one in said)
    at = data.draw(st.integers(0, len(framed)))
    junk = data.draw(st.binary(max_size=9))
    check(read(reader, framed[:at] + junk + framed[at:], EVENTS))
    check(read(reader, said[-1], "application/json"))
    check(read(reader, said[-1][:at] + junk, "application/json"))


@each_format
@pytest.mark.parametrize("depth", [500, 5_000, 100_000])
@pytest.mark.parametrize(
    "opening, closing", [("[", "]"), ('{"a":', "}"), ('{"response":', "}"), ('{"choices":[', "]}")]
)
def test_a_body_that_is_deeper_than_python_can_go(format: str, opening: str, closing: str, depth: int) -> None:
    body = (opening * depth + "1" + closing * depth).encode()
    check(read(FORMATS[format][0], body, "application/json"))
    check(read(FORMATS[format][0], b"data: " + body + b"\n\n", EVENTS))


def test_what_lies_too_deep_is_not_touched() -> None:
    said: Any = {"leaf": 1}
    for _ in range(100_000):
        said = {"a": said, "b": [said]}
    found = objects(said)
    for _ in range(7):
        found = found.a
    assert type(found.a) is dict
