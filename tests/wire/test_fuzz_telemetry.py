"""Whatever JSON is asked and answered: no fault of ours, and no telemetry that OpenTelemetry could not take.

Each API that is traced, from the request to the attributes of span and event, with content and without.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_recordings import Recording, recordings

from genscope.core.call import Call
from genscope.core.operation import Operation
from genscope.core.pipeline import Faults, Pipeline, Stage
from genscope.core.streams import follow
from genscope.providers.openai import OPENAI
from genscope.providers.routes import Route
from genscope.telemetry.attributes import request_attributes, response_attributes
from genscope.telemetry.content import ContentWriter
from genscope.telemetry.legacy import legacy_attributes
from genscope.telemetry.measures import MEASURES, attributes_of
from genscope.wire.fields import objects

from . import strict, test_fuzz, test_media
from .mutations import mutated, whatever
from .shapes import operation
from .spoken import PNG
from .test_fuzz import KEYS, modestly

# --- what can be said of a call


class Telemetry(Stage):
    """Says all that telemetry can say of a call, and holds it against what OpenTelemetry takes."""

    wants_content = wants_tool_schemas = True

    def __init__(self, max_bytes: int) -> None:
        self.content = [ContentWriter(max_bytes, schemas) for schemas in (True, False)]
        self.ended = 0

    def start(self, op: Operation) -> None:
        hold(request_attributes(op))

    def end(self, op: Operation) -> None:
        self.ended += 1
        hold(request_attributes(op) | response_attributes(op) | legacy_attributes(op) | attributes_of(op))
        for measure in MEASURES.values():
            for amount, attributes in measure(op):
                assert type(amount) in (int, float)
                assert amount >= 0
                hold(attributes)
        if op.content is None:
            return
        strict.check(op.content)
        for writer in self.content:
            for text in writer.as_json(op.content).values():
                assert type(text) is str
                assert len(text.encode()) <= writer.max_bytes
                json.loads(text, parse_constant=refuse)
            for value in writer.as_values(op.content).values():
                assert value is not None
                assert len(json.dumps(value, allow_nan=False, ensure_ascii=False).encode()) <= writer.max_bytes * 2


def refuse(constant: str) -> None:
    raise AssertionError(f"{constant} is no JSON")


def hold(attributes: Mapping[str, Any]) -> None:
    """Fails on anything but a text, a number, a truth, or a list of one of these kinds: no None, no dict, no bytes."""
    for name, value in attributes.items():
        assert type(name) is str
        assert name
        items = list(value) if type(value) in (list, tuple) else [value]
        assert items, name
        assert len({type(item) for item in items}) == 1, (name, value)
        for item in items:
            assert type(item) in (str, bool, int, float), (name, value)
            assert type(item) is not int or -(2**63) <= item < 2**63, (name, value)
            assert type(item) is not str or item.encode() is not None


def called(route: Route, body: Any, max_bytes: int, *, streaming: bool) -> tuple[Call, Telemetry]:
    telemetry = Telemetry(max_bytes)
    call = Call(operation(route.reader, streaming=streaming), route.reader, Pipeline((telemetry,), Faults(raised=True)))
    call.begin(body)
    return call, telemetry


def answer(route: Route, body: Any, said: Any, max_bytes: int) -> Operation:
    call, telemetry = called(route, body, max_bytes, streaming=False)
    call.succeed(objects(said))
    assert telemetry.ended == 1
    return call.op


def stream(route: Route, body: Any, chunks: Iterable[Any], max_bytes: int) -> Operation:
    call, telemetry = called(route, body, max_bytes, streaming=True)
    chunks = list(chunks)
    assert all(got is sent for got, sent in zip(follow(call, iter(chunks)), chunks, strict=True))
    assert telemetry.ended == 1
    return call.op


# --- what is asked and answered when all is well: body, whole answer, chunks

CHAT_BODY = {
    **test_fuzz.BODIES["chat"],
    "messages": [
        {"role": "developer", "content": "Be brief."},
        {
            "role": "user",
            "name": "ann",
            "content": [
                {"type": "text", "text": "?"},
                {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PNG}"}},
                {"type": "input_audio", "input_audio": {"data": PNG, "format": "wav"}},
                {"type": "file", "file": {"file_id": "f1", "filename": "a.pdf"}},
            ],
        },
        {
            "role": "assistant",
            "content": None,
            "refusal": "no",
            "tool_calls": [
                {"id": "c1", "type": "function", "function": {"name": "f", "arguments": '{"a": [1, null, 2.5]}'}},
                {"id": "c2", "type": "custom", "custom": {"name": "g", "input": "x"}},
            ],
        },
        {"role": "tool", "tool_call_id": "c1", "content": '{"b": "é"}'},
    ],
    "tools": [{"type": "function", "function": {"name": "f", "description": "d", "parameters": {"type": "object"}}}],
}
DELTAS: tuple[Any, ...] = (
    {"role": "assistant", "content": ""},
    {"reasoning_content": "hm"},
    {"content": "Hé"},
    {"refusal": "no"},
    {"tool_calls": [{"index": 0, "id": "c1", "function": {"name": "f", "arguments": ""}}]},
    {"tool_calls": [{"index": 0, "function": {"arguments": '{"a": 1}'}}]},
    {"audio": {"id": "a1", "transcript": "t", "data": PNG}},
)
CHAT_CHUNKS = [
    *({"id": "1", "choices": [{"index": 0, "delta": delta, "finish_reason": None}], "usage": None} for delta in DELTAS),
    *test_fuzz.STREAMS["chat"],
]
ITEMS: list[Any] = [
    {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "?"}]},
    {"type": "message", "role": "user", "content": [{"type": "input_image", "image_url": "https://a.b/c.png"}]},
    {"type": "function_call", "call_id": "c1", "name": "f", "arguments": '{"a": 1}'},
    {"type": "function_call_output", "call_id": "c1", "output": [{"type": "input_text", "text": "2"}]},
    {"type": "reasoning", "id": "rs1", "summary": [{"type": "summary_text", "text": "hm"}], "content": None},
    {"type": "web_search_call", "id": "w1", "status": "completed", "action": {"type": "search", "query": "q"}},
    {"type": "code_interpreter_call", "id": "i1", "code": "1", "outputs": [{"type": "logs", "logs": "1"}]},
    {"type": "mcp_call", "id": "m1", "name": "n", "server_label": "s", "arguments": "{}", "output": "o", "error": None},
]
RESPONSES_BODY = {
    **test_fuzz.BODIES["responses"],
    "instructions": "Be brief.",
    "input": ITEMS,
    "tools": [{"type": "function", "name": "f", "parameters": {}}, {"type": "web_search"}],
}
RESPONSE = {**test_fuzz.ANSWERS["responses"], "output": ITEMS, "instructions": "Be brief.", "tools": []}
PLACE = {"output_index": 0, "content_index": 0, "item_id": "x"}
RESPONSE_EVENTS = [
    {"type": "response.output_item.added", "output_index": 0, "item": {"type": "message", "role": "assistant"}},
    {"type": "response.output_text.delta", **PLACE, "delta": "Hé"},
    {"type": "response.function_call_arguments.delta", "output_index": 1, "delta": '{"a":'},
    {"type": "response.reasoning_summary_text.delta", "output_index": 2, "summary_index": 0, "delta": "hm"},
    {"type": "response.output_item.done", "output_index": 1, "item": ITEMS[2]},
    *test_fuzz.STREAMS["responses"],
]
TEXT_CHUNKS = [{"id": "1", "choices": [{"index": 0, "text": "Hé"}]}, *test_fuzz.STREAMS["text"]]
IMAGE = {"data": [{"b64_json": PNG}], "usage": test_media.IMAGE_USAGE}
HEARD = {"text": "?", "usage": test_media.HEARD}
RESPONSES = (RESPONSES_BODY, RESPONSE, RESPONSE_EVENTS)
FETCHED = (test_fuzz.BODIES["fetched"], RESPONSE, RESPONSE_EVENTS)
IMAGES = ({"prompt": "?", "n": 2}, IMAGE, [*test_media.STREAMS["an image"][1], test_media.BROKEN])
AUDIO = ({"prompt": "?", "temperature": 0.5}, HEARD, [*test_media.STREAMS["a transcription"][1], test_media.FLAT])

WELL: dict[str, tuple[Any, Any, list[Any]]] = {
    "/chat/completions": (CHAT_BODY, test_fuzz.ANSWERS["chat"], CHAT_CHUNKS),
    "/responses": RESPONSES,
    "/responses/compact": RESPONSES,
    "/responses/{response_id}": FETCHED,
    "/responses/{response_id}/cancel": FETCHED,
    "/embeddings": (test_fuzz.BODIES["embeddings"] | {"input": ["a", [1, 2]]}, test_fuzz.ANSWERS["embeddings"], [{}]),
    "/completions": (test_fuzz.BODIES["text"] | {"prompt": ["a", "b"]}, test_fuzz.ANSWERS["text"], TEXT_CHUNKS),
    "/images/generations": IMAGES,
    "/images/edits": IMAGES,
    "/images/variations": IMAGES,
    "/audio/transcriptions": AUDIO,
    "/audio/translations": AUDIO,
    "/audio/speech": ({"input": "?", "stream_format": "sse"}, None, test_media.STREAMS["speech"][1]),
    "/moderations": ({"input": "?"}, test_media.MODERATED, [test_media.MODERATED]),
    "/decisions": ({"input": "?"}, test_media.DECIDED, [test_media.DECIDED]),
}
each_route = pytest.mark.parametrize("route", OPENAI.routes, ids=lambda route: f"{route.method} {route.path}")
fewer, few = settings(modestly, max_examples=25), settings(modestly, max_examples=5)
budgets = st.sampled_from((131_072, 400, 60, 7))


def bodies(said: Any) -> st.SearchStrategy[Any]:
    """A seam hands on nothing but objects."""
    return st.one_of(mutated(said), anything(said)).filter(lambda body: isinstance(body, dict))


def anything(said: Any) -> st.SearchStrategy[Any]:
    """Any JSON, under the keys of `said`."""
    keys = sorted(set(said) | {"model"}) if isinstance(said, dict) else KEYS
    return whatever | st.dictionaries(st.sampled_from(keys), whatever, max_size=5)


@each_route
def test_what_is_well_is_heard(route: Route) -> None:
    """The tests below would hold if nothing were read."""
    body, said, chunks = WELL[route.path]
    whole = answer(route, {"model": "m", **body}, said, 131_072)
    streamed = stream(route, {"model": "m", **body}, map(objects, chunks), 131_072)
    for op in (whole, streamed):
        assert request_attributes(op).get("gen_ai.request.model") == (None if "response_id" in body else "m")
        assert op.content is not None
        if hasattr(route.reader, "CONTENT"):
            assert op.content.input or "response_id" in body
            assert op.content.output or not op.finish_reasons


@each_route
@given(data=st.data())
@fewer
def test_any_call(route: Route, data: st.DataObject) -> None:
    body, said, _ = WELL[route.path]
    answer(route, data.draw(bodies(body)), data.draw(mutated(said) | anything(said)), data.draw(budgets))


@each_route
@given(data=st.data())
@fewer
def test_any_stream(route: Route, data: st.DataObject) -> None:
    body, _, chunks = WELL[route.path]
    shape: Callable[[Any], Any] = data.draw(st.sampled_from((objects, lambda chunk: chunk)))
    said = data.draw(mutated(chunks) | st.lists(anything(chunks[-1]), max_size=4))
    stream(route, data.draw(bodies(body)), map(shape, said if isinstance(said, list) else [said]), data.draw(budgets))


def route_of(recording: Recording) -> Route:
    """The one that is traced; the longest that fits."""
    path = "/" + recording.path.partition("?")[0].strip("/")
    routes = [route for route in OPENAI.routes if route.match("POST", path) is not None]
    return max(routes, key=lambda route: len(route.path))


@pytest.mark.parametrize("recording", [*recordings(), *recordings(errors=True)])
@given(data=st.data())
@few
def test_any_change_of_a_recording(recording: Recording, data: st.DataObject) -> None:
    route, budget = route_of(recording), data.draw(budgets)
    body = data.draw(mutated(recording.request).filter(lambda body: isinstance(body, dict)))
    if not recording.streams or recording.status >= 400:
        answer(route, body, data.draw(mutated(json.loads(recording.body))), budget)
        return
    answer(route, body, data.draw(mutated(recording.whole)), budget)
    events = data.draw(mutated(recording.events[:9] + recording.events[-4:]))
    stream(route, body, map(objects, events if isinstance(events, list) else [events]), budget)


def test_what_the_attributes_are_held_to() -> None:
    for value in (None, {}, b"", object(), [], [1, "a"], [None], (1, True), [[1]], 2**63):
        with pytest.raises(AssertionError):
            hold({"a": value})
    with pytest.raises(UnicodeEncodeError):
        hold({"a": "\ud800"})
    hold({"a": "é", "b": [1, 2], "c": ("x",), "d": True, "e": math.pi})
