"""What was said in a call, from the SDK to the span: where it is written, how, and where not."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from typing import Any

import pytest
from contract.cases import OPENAI
from contract.recorder import Recorder, instrumented
from contract.vocabulary import MODES, Mode
from conversations import (
    CANARY,
    CONTENT,
    FUNCTION,
    INPUT,
    OUTPUT,
    SEEN,
    TALKS,
    TOOLS,
    Talk,
    assistant,
    attributes_of,
    content_of,
    tell,
    user,
)
from opentelemetry.sdk.trace import SpanLimits
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF
from opentelemetry.trace import use_span
from wire.spoken import CYCLE, DEEP, Backwards, Hostile, text

from genscope.core import payload
from genscope.local.simulator import Simulator
from genscope.telemetry import content as writer

WHOLE = ("plain", "raw", "streaming_response_lines")
STREAMED = ("stream", "helper", "raw_stream", "raw_stream_bytes", "streaming_response_stream")


@pytest.fixture(autouse=True)
def _no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.startswith(("OTEL_", "GENSCOPE_", "OPENAI_")):
            monkeypatch.delenv(name)


# --- on spans

STREAMS = ("chat", "choices", "tools", "responses", "completions", "fetch_response", "transcription")


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("name", TALKS)
def test_a_span_has_what_was_said(name: str, mode: Mode, simulator: Simulator) -> None:
    told = tell(TALKS[name], simulator, mode=mode, capture_message_content="SPAN_ONLY")
    assert content_of(told.attributes) == TALKS[name].content
    assert all(type(told.attributes[one]) is str for one in TALKS[name].content)
    assert told.logbook.records == []


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("name", STREAMS)
def test_a_streamed_answer_is_what_a_whole_one_is(name: str, mode: Mode, simulator: Simulator) -> None:
    told = tell(TALKS[name], simulator, "stream", mode, capture_message_content="SPAN_ONLY")
    assert content_of(told.attributes) == TALKS[name].content


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("shape", WHOLE + STREAMED)
@pytest.mark.parametrize("name", ["chat", "responses"])
def test_however_it_is_read(name: str, shape: str, mode: Mode, simulator: Simulator) -> None:
    told = tell(TALKS[name], simulator, shape, mode, capture_message_content="SPAN_ONLY")
    assert content_of(told.attributes) == TALKS[name].content


def test_an_answer_that_nobody_reads_is_not_read_by_us(simulator: Simulator) -> None:
    told = tell(TALKS["chat"], simulator, "streaming_response_unread", capture_message_content="SPAN_ONLY")
    assert content_of(told.attributes) == TALKS["chat"].asked


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("name, came", [("chat", "Paris"), ("completions", "Paris is"), ("responses", None)])
def test_a_stream_that_is_left_has_what_came(name: str, came: str | None, mode: Mode, simulator: Simulator) -> None:
    told = tell(TALKS[name], simulator, "stream", mode, "closed", capture_message_content="SPAN_ONLY")
    assert told.attributes["genscope.stream.outcome"] == "abandoned"
    said = {} if came is None else {OUTPUT: [assistant(text(came), reason=None)]}
    assert content_of(told.attributes) == TALKS[name].asked | said


@pytest.mark.parametrize("outcome", ["error_midway", "cut_midway"])
@pytest.mark.parametrize("name", ["chat", "responses", "completions"])
def test_a_stream_that_breaks_has_what_came(name: str, outcome: str, simulator: Simulator) -> None:
    told = tell(TALKS[name], simulator, "stream", outcome=outcome, capture_message_content="SPAN_ONLY")
    assert told.attributes["genscope.stream.outcome"] == "failed"
    (answer,) = content_of(told.attributes)[OUTPUT]
    assert answer["parts"] == [text("Paris is")]
    assert content_of(told.attributes).items() >= TALKS[name].asked.items()


@pytest.mark.parametrize("name", ["chat", "responses", "completions"])
def test_a_call_that_fails_has_what_was_asked(name: str, simulator: Simulator) -> None:
    told = tell(TALKS[name], simulator, outcome="bad_request", capture_message_content="SPAN_ONLY")
    assert told.attributes["error.type"] == "invalid_value"
    assert content_of(told.attributes) == TALKS[name].asked


def test_bytes_stay_here(simulator: Simulator) -> None:
    told = tell(TALKS["chat"], simulator, capture_message_content="SPAN_AND_EVENT")
    assert SEEN["uri"] in told.everything()
    assert TALKS["chat"].arguments["messages"][1]["content"][1]["image_url"]["url"][-8:] not in told.everything()


@pytest.mark.parametrize("schemas", [False, True])
@pytest.mark.parametrize("name", ["tools", "responses"])
def test_schemas_of_tools_are_wanted_apart(name: str, schemas: bool, simulator: Simulator) -> None:
    options = {"capture_message_content": "SPAN_AND_EVENT", "tool_schemas": schemas}
    told = tell(TALKS[name], simulator, **options)
    (record,) = told.logbook.records
    for attributes in (told.attributes, attributes_of(record)):
        (tool,) = content_of(attributes)[TOOLS]
        assert tool == ({"type": "function", **FUNCTION} if schemas else {"type": "function", "name": "weather"})


# --- nowhere

ENDS = [
    *((name, "plain", "ok") for name in TALKS),
    *((name, "stream", "ok") for name in STREAMS),
    *((name, "plain", "bad_request") for name in ("chat", "responses", "completions")),
    *((name, "stream", "error_midway") for name in ("chat", "responses", "completions")),
    *((name, "stream", "closed") for name in ("chat", "responses", "completions")),
]


@pytest.mark.parametrize("options", [{}, {"emit_event": True, "exception_signal": "logs/dup"}], ids=["default", "all"])
@pytest.mark.parametrize("name, shape, outcome", ENDS)
def test_nothing_is_written_unasked(
    name: str, shape: str, outcome: str, options: dict[str, Any], simulator: Simulator
) -> None:
    told = tell(TALKS[name], simulator, shape, outcome=outcome, **options)
    assert CONTENT_WORDS.isdisjoint(set(_words(told.everything())))
    assert not set(CONTENT) & told.attributes.keys()
    assert bool(told.logbook.records) == bool(options)
    for record in told.logbook.records:
        assert not set(CONTENT) & record.attributes.keys()
        assert record.body is None


def test_nothing_is_read_unasked(simulator: Simulator) -> None:
    """A hook wants the raw answer, and that is not to want content."""
    seen: list[Any] = []
    tell(TALKS["chat"], simulator, response_hook=lambda op, raw: seen.append(op.content))
    assert seen == [None]


CONTENT_WORDS = {"canary-b7e2-9f41", "Paris", "France", "weather", "brief", "robot"}


def _words(told: str) -> list[str]:
    return ["".join(letter for letter in word if letter.isalnum() or letter == "-") for word in told.split()]


@pytest.mark.parametrize("name", ["tools", "responses"])
def test_an_unsampled_span_costs_no_serialisation(
    name: str, simulator: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    written: list[Any] = []

    def to_json(value: Any, *limits: Any) -> str | None:
        written.append(value)
        return payload.to_json(value, *limits)

    monkeypatch.setattr(writer, "to_json", to_json)
    tell(TALKS[name], simulator, recorder=Recorder(sampler=ALWAYS_OFF), capture_message_content="SPAN_ONLY")
    assert written == []
    tell(TALKS[name], simulator, capture_message_content="SPAN_ONLY")
    assert len(written) == len(TALKS[name].content)


# --- how much

LONG = Talk(
    "chat",
    {
        "model": "gpt-4o",
        "messages": [
            {"role": "system", "content": "ß" * 500},
            *({"role": "user", "content": f'{at} "quoted" \\ € ' * 20} for at in range(30)),
        ],
    },
    {},
)
BUDGETS = (0, 1, 2, 3, 30, 100, 999, 5_000, 131_072)


@pytest.mark.parametrize("budget", BUDGETS)
def test_the_budget_is_kept_and_json_stays_json(budget: int, simulator: Simulator) -> None:
    options = {"capture_message_content": "SPAN_AND_EVENT", "max_content_bytes": budget}
    told = tell(LONG, simulator, **options)
    (record,) = told.logbook.records
    for attributes in (told.attributes, attributes_of(record)):
        _fits(attributes, budget)
    assert (INPUT in told.attributes) == (budget >= 2) == (INPUT in record.attributes)


@pytest.mark.parametrize("limit", ["max_span_attribute_length", "max_attribute_length"])
@pytest.mark.parametrize("length", [0, 1, 2, 30, 999])
def test_the_limit_of_the_provider_does_not_break_json(limit: str, length: int, simulator: Simulator) -> None:
    recorder = Recorder(span_limits=SpanLimits(**{limit: length}))
    told = tell(LONG, simulator, recorder=recorder, capture_message_content="SPAN_ONLY")
    _fits(told.attributes, length)
    assert (INPUT in told.attributes) == (length >= 2)


def test_few_attributes_leave_the_core_ones(simulator: Simulator) -> None:
    recorder = Recorder(span_limits=SpanLimits(max_span_attributes=8))
    told = tell(TALKS["responses"], simulator, recorder=recorder, capture_message_content="SPAN_ONLY")
    assert told.attributes["gen_ai.response.model"] == "gpt-4o-2024-08-06"
    assert told.attributes["gen_ai.usage.output_tokens"] == 7


def _fits(attributes: dict[str, Any], budget: int) -> None:
    found = [attributes[name] for name in CONTENT if name in attributes]
    for value in found:
        written = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, separators=(",", ":"))
        assert len(written.encode()) <= budget
        json.loads(written)
    if budget >= 999:
        assert content_of(attributes)[INPUT][-1]["role"] == "user"


# --- whatever is said


def messages(*said: Any) -> Talk:
    return Talk("chat", {"model": "gpt-4o", "messages": list(said)}, {})


class Sly(dict[str, Any]):
    """Good JSON, with traps beside it."""

    def __getattr__(self, name: str) -> Any:
        raise RuntimeError(name)

    def __repr__(self) -> str:
        return "sly"


UNSENT: dict[str, Any] = {
    "a cycle": messages(CYCLE),
    "10,000 deep": messages({"role": "user", "content": DEEP}),
    "a lone surrogate": messages({"role": "user", "content": "\ud800 hi"}),
    "an object": messages({"role": "user", "content": object()}),
    "a hostile object": messages({"role": "user", "content": [Sly(type="text", text=Backwards(a=1))]}),
    "a hostile message": messages(Sly(role="user", content="hi")),
    "not a number": messages({"role": "user", "content": [{"type": "text", "text": float("nan")}]}),
    "bytes": messages({"role": "user", "content": b"hi"}),
}


@pytest.mark.parametrize("shape", ["plain", "stream"])
@pytest.mark.parametrize("name", UNSENT)
def test_hostile_messages_change_nothing(name: str, shape: str, simulator: Simulator) -> None:
    """Most of these the SDK cannot send: it says so as it always does."""
    arguments = UNSENT[name].arguments
    talk = replace(UNSENT[name], arguments=_Unprinted(arguments))
    told = tell(talk, simulator, shape, capture_message_content="SPAN_AND_EVENT")
    content_of(told.attributes)
    (record,) = told.logbook.records
    content_of(attributes_of(record))


class _Unprinted(dict[str, Any]):
    """Some of what is in it cannot be printed."""

    def __repr__(self) -> str:
        return "arguments"


@pytest.mark.parametrize("part", [False, True])
def test_an_object_that_fights_back_changes_nothing(part: bool, simulator: Simulator) -> None:
    """`client.post` hands a body on as it is."""
    said: Any = {"role": "user", "content": [Hostile()]} if part else Hostile()
    arguments = _Unprinted(model="gpt-4o", messages=[{"role": "user", "content": "hi"}, said])
    told = tell(Talk("chat", arguments, {}), simulator, "post", capture_message_content="SPAN_ONLY")
    assert content_of(told.attributes)[INPUT][0] == user(text("hi"))


def test_generators_reach_the_sdk_unread(simulator: Simulator) -> None:
    """A generator can be read once: that is the SDK's to do."""

    class Often:
        """A new generator for each call of this test."""

        def __iter__(self) -> Any:
            return iter([{"role": "user", "content": CANARY}])

    talk = Talk("chat", _Unprinted({"model": "gpt-4o", "messages": Often()}), {})
    told = tell(talk, simulator, capture_message_content="SPAN_ONLY")
    sent = [json.loads(request.body)["messages"] for request in simulator.requests]
    assert sent == [[{"role": "user", "content": CANARY}]]
    assert content_of(told.attributes)[OUTPUT]


# --- on the span of somebody else


@pytest.mark.parametrize("said", [None, '[{"role":"user","parts":[]}]'], ids=["nothing", "theirs"])
def test_another_span_gets_what_it_lacks(said: str | None, simulator: Simulator) -> None:
    recorder = Recorder()
    tracer = recorder.tracer_provider.get_tracer("somebody")
    marks: dict[str, Any] = {"gen_ai.operation.name": "chat"} | ({} if said is None else {INPUT: said})
    span = tracer.start_span("theirs", attributes=marks)
    with use_span(span, end_on_exit=True):
        _ask(simulator, recorder, capture_message_content="SPAN_ONLY")
    (theirs,) = recorder.spans("somebody")
    attributes = dict(theirs.attributes or {})
    assert attributes[INPUT] == said if said else content_of(attributes)[INPUT] == [user(text(CANARY))]
    assert json.loads(attributes[OUTPUT]) == TALKS["completions"].content[OUTPUT]
    assert recorder.spans() == []


def _ask(simulator: Simulator, recorder: Recorder, **options: Any) -> None:
    http = OPENAI.http_client("sync")
    with instrumented(OPENAI, recorder, **options):
        client = OPENAI.client("sync", simulator.base_url("ok"), http)
        client.chat.completions.create(model="gpt-4o", messages=[{"role": "user", "content": CANARY}])
    http.close()
