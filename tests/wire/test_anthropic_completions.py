"""Anthropic's text completions: asked, answered and streamed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from genscope.core.messages import Content
from genscope.wire import anthropic_completions as reader
from genscope.wire.fields import objects

from . import strict
from .anthropic_shapes import Recorded, recordings, typed
from .mutations import mutated, whatever
from .shapes import answered, asked, leads, operation, parsed, plain, streamed
from .spelled import spelled
from .spoken import ODD, text
from .test_fuzz import check, modestly, odd

try:
    from anthropic.types import Completion
except ImportError:  # since anthropic 1.0
    from typing import Optional

    from anthropic import BaseModel

    class Completion(BaseModel):  # type: ignore[no-redef]
        """As it was."""

        id: str
        completion: str
        model: str
        stop_reason: Optional[str] = None  # noqa: UP045
        type: str


Shape = Callable[[Any, Any], Any]
each_shape = pytest.mark.parametrize("shape", [typed, plain, parsed])

BODY = {
    "prompt": "\n\nHuman: hi\n\nAssistant:",
    "max_tokens_to_sample": 99,
    "temperature": 0.5,
    "top_p": 0.9,
    "top_k": 40,
    "stop_sequences": ["a", "b"],
}
ASKED = {"max_tokens": 99, "temperature": 0.5, "top_p": 0.9, "top_k": 40, "stop_sequences": ("a", "b")}


def test_what_a_request_asks() -> None:
    op = asked(reader, {"model": "m-1"} | BODY)
    assert (op.name, op.model, op.request) == ("text_completion", "m-1", ASKED)
    assert strict.heard(reader, BODY) == Content(input=[{"role": "user", "parts": [text(BODY["prompt"])]}])


@pytest.mark.parametrize("value", [None, object(), object, {}, [], b"1", ""], ids=spelled)
def test_what_is_no_value_is_not_told(value: Any) -> None:
    op = asked(reader, {"model": value} | dict.fromkeys(reader.PARAMETERS, value))
    assert op.request == {}
    assert op.model is None


@pytest.mark.parametrize("at", range(len(ODD)))
def test_whatever_an_application_sends_is_no_fault_of_ours(at: int) -> None:
    strict.heard(reader, {"prompt": ODD[at]})


C1 = {"id": "compl_1", "model": "m-2"}


def completion(said: Any, reason: Any = None, **more: Any) -> dict[str, Any]:
    return C1 | {"type": "completion", "completion": said, "stop_reason": reason, "stop": None} | more


def spoke(content: str, reason: str | None = "stop") -> list[dict[str, Any]]:
    message: dict[str, Any] = {"role": "assistant", "parts": [text(content)] if content else []}
    return [message | ({} if reason is None else {"finish_reason": reason})]


END = {"finish_reasons": ("stop_sequence",)}
ANSWERS: dict[str, tuple[Any, dict[str, Any], Any]] = {
    "nothing": ({}, {}, None),
    "text": (completion("hi", "stop_sequence"), C1 | END, spoke("hi")),
    "cut": (completion("hi", "max_tokens"), C1 | {"finish_reasons": ("max_tokens",)}, spoke("hi", "length")),
    "empty": (completion("", "stop_sequence"), C1 | END, spoke("")),
    "no reason": (completion("hi"), C1, spoke("hi", None)),
    "wrong types": ({"id": 1, "model": {}, "completion": 7, "stop_reason": ["x"]}, {}, None),
}


@each_shape
@pytest.mark.parametrize("name", ANSWERS)
def test_what_a_completion_says(name: str, shape: Shape) -> None:
    said, expected, output = ANSWERS[name]
    assert answered(reader, shape(said, Completion)) == expected
    assert strict.answered(reader, shape(said, Completion)).output == output


PING = {"type": "ping"}
ERROR = {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}
STREAMS: dict[str, tuple[list[Any], dict[str, Any], Any]] = {
    "nothing": ([], {}, None),
    "text": ([completion("h"), PING, completion("i"), completion("", "stop_sequence")], C1 | END, spoke("hi")),
    "left early": ([completion("h")], C1, spoke("h", None)),
    "empty": ([completion("", "stop_sequence")], C1 | END, spoke("")),
    "an error": ([completion("h"), ERROR], C1 | {"error": (None, "overloaded_error")}, spoke("h", None)),
    "an error at once": ([ERROR], {"error": (None, "overloaded_error")}, None),
    "nothing of its end": ([{"type": "completion", "completion": "h"}], {}, spoke("h", None)),
    "wrong types": (
        [{}, {"type": []}, completion(7), completion("h", ["x"], id=7), {"type": "x"}],
        C1,
        spoke("h", None),
    ),
}


@each_shape
@pytest.mark.parametrize("name", STREAMS)
def test_what_a_stream_says(name: str, shape: Shape) -> None:
    events, expected, output = STREAMS[name]
    assert streamed(reader, [shape(one, Completion) for one in events]) == expected
    assert strict.streamed(reader, [shape(one, Completion) for one in events]).output == output


@each_shape
def test_what_an_event_brings(shape: Shape) -> None:
    events = [completion(""), completion("h"), completion("", "stop_sequence"), PING, ERROR]
    assert leads(reader, [shape(one, Completion) for one in events]) == [None, "text", None, None, None]


@pytest.mark.parametrize("said", [None, "hi", 7, [], [{}], object()], ids=spelled)
def test_what_is_no_completion_says_nothing(said: Any) -> None:
    assert answered(reader, said) == streamed(reader, [said]) == {}
    assert strict.answered(reader, said) == strict.streamed(reader, [said]) == Content()


@each_shape
@pytest.mark.parametrize("recording", recordings("complete"))
def test_a_recording_says_the_same_streamed_and_whole(recording: Recorded, shape: Shape) -> None:
    assert asked(reader, recording.request).request["max_tokens"] == recording.request["max_tokens_to_sample"]
    said, whole = recording.whole, shape(recording.whole, Completion)
    assert answered(reader, whole) == {
        "id": said["id"],
        "model": said["model"],
        "finish_reasons": (said["stop_reason"],),
    }
    assert strict.answered(reader, whole).output == spoke(said["completion"])
    if recording.streams:
        events = [shape(one, Completion) for one in recording.events]
        assert streamed(reader, events) == answered(reader, whole)
        assert strict.streamed(reader, events).output == spoke(said["completion"])


# --- whatever comes


@given(data=st.data())
@modestly
def test_any_request(data: st.DataObject) -> None:
    body = data.draw((odd(BODY) | mutated(BODY)).filter(lambda body: isinstance(body, dict)))
    before = repr(body)
    check(asked(reader, body))
    strict.heard(reader, body)
    assert repr(body) == before


@given(data=st.data())
@modestly
def test_any_answer(data: st.DataObject) -> None:
    said = data.draw(mutated(ANSWERS["text"][0]) | whatever)
    for answer in (objects(said), typed(said, Completion)):
        op = operation(reader)
        reader.read_response(op, answer)
        check(op)
        strict.answered(reader, answer)


@given(data=st.data())
@modestly
def test_any_stream(data: st.DataObject) -> None:
    said = data.draw(mutated([*STREAMS["text"][0], ERROR, data.draw(whatever)]))
    for shape in (typed, plain, lambda said, _: objects(said)):
        events = [shape(one, Completion) for one in (said if isinstance(said, list) else [said])]
        op, answer = operation(reader, streaming=True), reader.Answer()
        for event in events:
            answer.fold(event)
            assert answer.lead(event) in ("text", None)
        reader.read_response(op, answer)
        check(op)
        strict.streamed(reader, events)
