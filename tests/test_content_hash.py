"""The hash of a prompt: the same for the same, on spans and events, and nothing else of it."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import Any

import pytest
from contract.recorder import Recorder
from conversations import CANARY, CONTENT, TALKS, Talk, attributes_of, tell
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF
from opentelemetry.trace import use_span

from genscope.core import fingerprint as fingerprints
from genscope.core.fingerprint import fingerprint
from genscope.core.messages import Content, message, text
from genscope.core.operation import Operation
from genscope.local.simulator import Simulator
from genscope.telemetry import content_hash
from genscope.telemetry.content_hash import ContentHash

HASH = "genscope.content.hash"


@pytest.fixture(autouse=True)
def _no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.startswith(("OTEL_", "GENSCOPE_", "OPENAI_")):
            monkeypatch.delenv(name)


def asked(prompt: str, *earlier: str) -> Talk:
    said = [{"role": "user", "content": one} for one in (*earlier, prompt)]
    return Talk("chat", {"model": "gpt-4o", "messages": said}, {})


def hash_of(talk: Talk, simulator: Simulator, **options: Any) -> Any:
    return tell(talk, simulator, content_hash=True, **options).attributes.get(HASH)


@pytest.mark.parametrize("shape", ["plain", "stream"])
@pytest.mark.parametrize("capture", ["NO_CONTENT", "SPAN_ONLY", "EVENT_ONLY", "SPAN_AND_EVENT"])
def test_a_call_has_the_hash_of_its_prompt(capture: str, shape: str, simulator: Simulator) -> None:
    told = tell(TALKS["chat"], simulator, shape, content_hash=True, capture_message_content=capture, emit_event=True)
    (record,) = told.logbook.records
    found = told.attributes[HASH]
    assert len(found) == 16
    assert int(found, 16)
    assert attributes_of(record)[HASH] == found
    assert (not set(CONTENT) & told.attributes.keys()) == (capture in ("NO_CONTENT", "EVENT_ONLY"))
    if capture == "NO_CONTENT":
        assert CANARY not in told.everything()
        assert "Paris" not in told.everything()


def test_it_is_wanted_apart(simulator: Simulator) -> None:
    told = tell(TALKS["chat"], simulator, capture_message_content="SPAN_AND_EVENT")
    assert HASH not in told.attributes
    assert HASH not in told.logbook.records[0].attributes


def test_the_same_prompt_has_the_same_hash(simulator: Simulator) -> None:
    found = [hash_of(asked("hi"), simulator) for _ in range(2)]
    assert found[0] == found[1]
    others = [asked("hi "), asked("hi", "hi"), asked(""), TALKS["chat"], TALKS["responses"]]
    hashes = [hash_of(other, simulator) for other in others]
    assert len({*found, *hashes}) == 1 + len(others)


def test_instructions_are_part_of_the_prompt(simulator: Simulator) -> None:
    talks = [
        Talk("responses", {"model": "gpt-4o", "input": "hi", **more}, {})
        for more in ({}, {"instructions": "a"}, {"instructions": "b"})
    ]
    assert len({hash_of(talk, simulator) for talk in talks}) == 3


def test_the_answer_and_the_parameters_are_not(simulator: Simulator) -> None:
    other = Talk("chat", {**asked("hi").arguments, "temperature": 0.1, "n": 2}, {})
    assert hash_of(other, simulator) == hash_of(asked("hi"), simulator)
    assert hash_of(asked("hi"), simulator, outcome="bad_request") == hash_of(asked("hi"), simulator)


def test_a_key_makes_another_hash(simulator: Simulator) -> None:
    found = {key: hash_of(asked("hi"), simulator, hash_key=key) for key in (None, "a", "b")}
    assert len(set(found.values())) == 3
    assert hash_of(asked("hi"), simulator, hash_key="a") == found["a"]


def test_it_is_of_what_may_be_seen(simulator: Simulator) -> None:
    prompts = [asked("Mail ann@example.com"), asked("Mail bob@example.com")]
    assert len({hash_of(prompt, simulator) for prompt in prompts}) == 1
    assert len({hash_of(prompt, simulator, redaction="off") for prompt in prompts}) == 2


def test_the_same_in_another_process() -> None:
    program = "from genscope.core.fingerprint import fingerprint; print(fingerprint({!r}, 'k')[0])"
    value = [message("user", [text("ünïcödé"), {"type": "tool_call", "name": "f", "arguments": {"b": 1, "a": [2]}}])]
    for seed in ("1", "2"):
        environment = {**os.environ, "PYTHONHASHSEED": seed}
        ran = subprocess.run(
            [sys.executable, "-c", program.format(value)], env=environment, capture_output=True, text=True, check=True
        )
        assert ran.stdout.strip() == (fingerprint(value, "k") or ("", 0))[0]


def test_nothing_said_nothing_hashed(simulator: Simulator) -> None:
    assert hash_of(TALKS["fetch_response"], simulator) is None


def test_where_nobody_sees_it_nothing_is_hashed(simulator: Simulator, monkeypatch: pytest.MonkeyPatch) -> None:
    hashed: list[Any] = []
    monkeypatch.setattr(content_hash, "fingerprint", lambda *given: hashed.append(given))
    unsampled = Recorder(sampler=ALWAYS_OFF)
    tell(asked("hi"), simulator, recorder=unsampled, content_hash=True)
    assert hashed == []
    told = tell(asked("hi"), simulator, recorder=Recorder(sampler=ALWAYS_OFF), content_hash=True, emit_event=True)
    assert len(hashed) == 1
    assert HASH not in told.logbook.records[0].attributes


def test_events_have_it_where_spans_are_not_sampled(simulator: Simulator) -> None:
    told = tell(asked("hi"), simulator, recorder=Recorder(sampler=ALWAYS_OFF), content_hash=True, emit_event=True)
    assert told.logbook.records[0].attributes[HASH] == hash_of(asked("hi"), simulator)


def test_the_span_of_another_instrumentation_gets_it() -> None:
    recorder = Recorder()
    stage = ContentHash(None, events=False)
    op = Operation("chat", "openai", None, None, False)
    op.content = Content(input=[message("user", [text("hi")])])
    with recorder.tracer.start_as_current_span("theirs") as span, use_span(span):
        op.span, op.neighbour = span, "somebody"
        stage.end(op)
    assert (recorder.ended[0].attributes or {})[HASH] == (fingerprint(op.content.input, None) or ("", 0))[0]
    assert op.event_attributes is None


def test_other_attributes_of_the_event_stay() -> None:
    op = Operation("chat", "openai", None, None, False)
    op.content = Content(input=[message("user", [text("hi")])])
    op.event_attributes = {"a": 1}
    ContentHash(None, events=True).end(op)
    assert set(op.event_attributes) == {"a", HASH}


@pytest.mark.parametrize("odd", ["a text", 7, [object()], [[]], [{"role": "user", "parts": None}]])
def test_whatever_stands_in_the_place_of_messages(odd: Any) -> None:
    op = Operation("chat", "openai", None, None, False)
    op.content = Content(input=odd, instructions=odd)
    ContentHash(None, events=True).end(op)


def test_no_span_no_fault() -> None:
    op = Operation("chat", "openai", None, None, False)
    ContentHash(None, events=True).end(op)
    assert op.event_attributes is None
    assert fingerprints.fingerprint([], None) is None
