"""Messages that an earlier span has are not written again, and by the links all of them are found."""

from __future__ import annotations

import gc
import json
import os
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from time import perf_counter, time_ns
from typing import Any

import pytest
from contract.cases import ANTHROPIC, OPENAI
from contract.recorder import Recorder, instrumented
from contract.stand_ins import StandIn, answer
from conversations import INPUT, INSTRUCTIONS, OUTPUT, Logbook, attributes_of
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from opentelemetry.sdk.trace import ReadableSpan, SpanLimits
from opentelemetry.sdk.trace.id_generator import RandomIdGenerator
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF, Decision, Sampler, SamplingResult
from opentelemetry.trace import use_span

import genscope
from genscope.assembly import Providers, assemble
from genscope.core import messages
from genscope.core.messages import Content
from genscope.core.operation import Failure, Operation
from genscope.settings import Settings
from genscope.telemetry import deltas
from genscope.telemetry.deltas import Deltas

OMITTED = "genscope.content.omitted_messages"
SPANS, EVENTS, BOTH = "SPAN_ONLY", "EVENT_ONLY", "SPAN_AND_EVENT"
CAPTURES = (SPANS, EVENTS, BOTH)
Said = list[dict[str, Any]]


def said(role: str, text: str) -> dict[str, Any]:
    return messages.message(role, [messages.text(text)])


def answered(text: str) -> dict[str, Any]:
    return said("assistant", text) | {"finish_reason": "stop"}


def as_history(answer: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in answer.items() if name != "finish_reason"}


# --- what a reader of telemetry does


@dataclass
class Record:
    """A span or an event with content, as a backend has it."""

    trace_id: int
    conversation: Any
    attributes: dict[str, Any]
    link: tuple[int, int] | None

    @property
    def omitted(self) -> int:
        assert (OMITTED in self.attributes) == (self.link is not None)
        return int(self.attributes.get(OMITTED, 0))

    def shown(self, name: str = INPUT) -> Said:
        value = self.attributes.get(name, [])
        found: Said = json.loads(value if isinstance(value, str) else json.dumps(value, default=_unfrozen))
        return found


def _unfrozen(value: Any) -> Any:
    return dict(value) if hasattr(value, "keys") else list(value)


def of_span(span: ReadableSpan) -> Record:
    assert span.context is not None
    links = [link for link in span.links if dict(link.attributes or {}) == {"genscope.link.kind": "earlier_messages"}]
    assert len(links) <= 1
    link = (links[0].context.trace_id, links[0].context.span_id) if links else None
    attributes = dict(span.attributes or {})
    return Record(span.context.trace_id, attributes.get("gen_ai.conversation.id"), attributes, link)


def of_event(record: Any) -> Record:
    attributes = attributes_of(record)
    kind = attributes.pop("genscope.link.kind", None)
    ids = [attributes.pop(f"genscope.link.{name}_id", None) for name in ("trace", "span")]
    assert kind == (None if ids == [None, None] else "earlier_messages")
    link = None if kind is None else (int(ids[0], 16), int(ids[1], 16))
    return Record(record.trace_id, attributes.get("gen_ai.conversation.id"), attributes, link)


def whole(records: dict[tuple[int, int], Record], record: Record) -> Said:
    """All messages of a call: those that it leaves out are the first of those that the linked one has."""
    if record.link is None:
        return record.shown()
    earlier = records[record.link]
    if record.conversation is None or "[" in record.conversation:
        assert earlier.trace_id == record.trace_id
    assert earlier.conversation == record.conversation
    before = whole(records, earlier) + [as_history(one) for one in earlier.shown(OUTPUT)]
    assert 0 < record.omitted <= len(before)
    return before[: record.omitted] + record.shown()


# --- calls without an SDK


class Talker:
    """Calls of which only the content matters, one telemetry for all of them."""

    def __init__(self, capture: str = SPANS, recorder: Recorder | None = None, **options: Any) -> None:
        self.recorder = recorder or Recorder()
        self.logbook = Logbook()
        providers = Providers(self.recorder.tracer_provider, self.recorder.meter_provider, self.logbook.provider)
        options = {"content_delta": True, "redaction": "off", "raise_faults": True, **options}
        self.pipeline = assemble(providers, (), Settings(capture_message_content=capture, **options))
        self.capture = capture
        self.roots: dict[str, Any] = {}
        self.made: list[Operation] = []

    def begin(self, history: Any, *, trace: str = "t", conversation: str | None = None, **content: Any) -> Operation:
        op = Operation("chat", "openai", "api.openai.com", 443, False)
        op.model = "m"
        op.started_at = time_ns()
        op.started = perf_counter()
        op.content = Content(input=history, **content)
        if conversation is not None:
            op.request["conversation_id"] = conversation
        if trace not in self.roots:
            self.roots[trace] = self.recorder.tracer.start_span("the caller's own")
        with use_span(self.roots[trace]):
            self.pipeline.start(op)
        self.made.append(op)
        return op

    def end(self, op: Operation, output: Any = None) -> None:
        assert op.content is not None
        op.content.output = output
        self.pipeline.end(op)

    def say(self, history: Any, output: Any = None, **more: Any) -> Record:
        """A call from beginning to end; what its span says, else its event."""
        op = self.begin(history, **more)
        self.end(op, output)
        return self.record(op)

    def record(self, op: Operation) -> Record:
        by_id = self.events() if self.capture == EVENTS else self.spans()
        context = op.span.get_span_context()
        return by_id[context.trace_id, context.span_id]

    def spans(self) -> dict[tuple[int, int], Record]:
        found = {}
        for span in self.recorder.spans():
            assert span.context is not None
            found[span.context.trace_id, span.context.span_id] = of_span(span)
        return found

    def events(self) -> dict[tuple[int, int], Record]:
        return {(record.trace_id, record.span_id): of_event(record) for record in self.logbook.records}

    def check(self) -> None:
        """Each record of each kind, put together by the links of its kind, is what was said."""
        kinds = {SPANS: [self.spans()], EVENTS: [self.events()], BOTH: [self.spans(), self.events()]}[self.capture]
        for records in kinds:
            for op in self.made:
                context = op.span.get_span_context()
                record = records.get((context.trace_id, context.span_id))
                if record is not None:
                    assert op.content is not None
                    assert whole(records, record) == op.content.input
                    if op.content.input:
                        assert record.shown()


HISTORY = [said("system", "be kind"), said("user", "hi")]
ANSWER = answered("hello")
NEXT = [*HISTORY, as_history(ANSWER), said("user", "and now?")]


@pytest.fixture(params=CAPTURES)
def talker(request: pytest.FixtureRequest) -> Talker:
    return Talker(request.param)


def test_the_next_call_says_what_is_new(talker: Talker) -> None:
    first = talker.say(HISTORY, [ANSWER])
    second = talker.say(NEXT, [answered("later")])
    assert (first.omitted, first.shown()) == (0, HISTORY)
    assert (second.omitted, second.shown()) == (3, [said("user", "and now?")])
    assert second.shown(OUTPUT) == [answered("later")]
    talker.check()


def test_both_say_the_same() -> None:
    talker = Talker(BOTH)
    talker.say(HISTORY, [ANSWER])
    talker.say(NEXT)
    spans, events = talker.spans(), talker.events()
    assert {key: (record.link, record.omitted, record.shown()) for key, record in spans.items()} == {
        key: (record.link, record.omitted, record.shown()) for key, record in events.items()
    }
    assert sorted(record.omitted for record in spans.values()) == [0, 3]


def test_a_call_is_hashed_once_for_both(monkeypatch: pytest.MonkeyPatch) -> None:
    hashed: list[Any] = []
    canonical = deltas.canonical
    monkeypatch.setattr(deltas, "canonical", lambda value, room: hashed.append(value) or canonical(value, room))
    talker = Talker(BOTH)
    talker.say(HISTORY, [ANSWER])
    assert hashed == [*HISTORY, as_history(ANSWER)]
    assert len(talker.spans()) == len(talker.events()) == 1


def test_it_is_wanted_apart() -> None:
    talker = Talker(content_delta=False)
    talker.say(HISTORY, [ANSWER])
    assert talker.say(NEXT).shown() == NEXT


# --- what is no beginning that is known


def test_of_two_conversations_each_has_its_own(talker: Talker) -> None:
    talker.say(HISTORY, [ANSWER], trace="t")
    assert talker.say(NEXT, trace="u").omitted == 0
    assert talker.say(NEXT, trace="t", conversation="c").omitted == 0
    assert talker.say([*NEXT, said("user", "!")], trace="t", conversation="d").omitted == 0
    assert talker.say([*NEXT, said("user", "!")], trace="v", conversation="c").omitted == 4
    talker.check()


def test_the_conversation_that_the_application_names(talker: Talker) -> None:
    with genscope.context(conversation_id="c"):
        talker.say(HISTORY, [ANSWER], trace="t")
        assert talker.say(NEXT, trace="u").omitted == 3
        assert talker.say(NEXT, trace="u", conversation="d").omitted == 0
    assert talker.say(NEXT, trace="u").omitted == 0
    talker.check()


@pytest.mark.parametrize("name", ["[EMAIL]", "[EMAIL:3f9a1c0b2d4e]", "****", "[REMOVED]", "[REDACTION FAILED]"])
def test_what_redaction_put_in_the_place_of_an_id_is_no_conversation(name: str) -> None:
    talker = Talker()
    talker.say(HISTORY, [ANSWER], trace="t", conversation=name)
    assert talker.say(NEXT, trace="u", conversation=name).omitted == 0
    assert talker.say(NEXT, trace="t", conversation=name).omitted == 3


def test_what_was_edited_is_written_from_there_on(talker: Talker) -> None:
    talker.say(HISTORY, [ANSWER])
    talker.say(NEXT, [answered("later")])
    edited = [HISTORY[0], said("user", "HI"), *NEXT[2:]]
    found = talker.say(edited)
    assert (found.omitted, found.shown()) == (1, edited[1:])
    talker.check()


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda one: one | {"role": "developer"}, id="role"),
        pytest.param(lambda one: one | {"name": "ann"}, id="name"),
        pytest.param(lambda one: one | {"parts": [*one["parts"], messages.text("")]}, id="another part"),
        pytest.param(lambda one: one | {"parts": []}, id="no parts"),
        pytest.param(lambda one: one | {"parts": [{"type": "reasoning", "content": "be kind"}]}, id="type"),
        pytest.param(lambda one: one | {"parts": [{"type": "text", "content": "be kind "}]}, id="space"),
    ],
)
def test_any_difference_is_one(change: Callable[[Any], Any], talker: Talker) -> None:
    talker.say([*HISTORY, said("user", "?")])
    assert talker.say([change(HISTORY[0]), *NEXT[1:]]).omitted == 0
    talker.check()


def test_the_order_of_keys_is_none() -> None:
    talker = Talker()
    talker.say([messages.message("assistant", [messages.tool_call("f", "c1", {"a": 1, "b": [2]})]), *HISTORY])
    other = {
        "parts": [{"name": "f", "type": "tool_call", "arguments": {"b": [2], "a": 1}, "id": "c1"}],
        "role": "assistant",
    }
    assert talker.say([other, *HISTORY]).omitted == 2
    talker.check()


def test_ids_of_tools_are_content() -> None:
    talker = Talker()
    call = [messages.message("assistant", [messages.tool_call("f", id, {})]) for id in ("c1", "c2")]
    talker.say([call[0], *HISTORY])
    assert talker.say([call[1], *HISTORY]).omitted == 0


def test_an_answer_that_came_back_otherwise_is_written(talker: Talker) -> None:
    talker.say(HISTORY, [ANSWER])
    history = [*HISTORY, said("assistant", "hello, said the model"), said("user", "so?")]
    found = talker.say(history)
    assert (found.omitted, found.shown()) == (2, history[2:])
    talker.check()


def test_of_several_choices_none_is_left_out(talker: Talker) -> None:
    talker.say(HISTORY, [ANSWER, answered("good day")])
    found = talker.say(NEXT)
    assert (found.omitted, found.shown()) == (2, NEXT[2:])
    talker.check()


def test_a_call_that_failed_has_what_was_asked(talker: Talker) -> None:
    op = talker.begin(HISTORY)
    op.failure = Failure("server_error", "500", True, exception=RuntimeError("no"))
    talker.end(op)
    found = talker.say([*HISTORY, said("user", "once more")])
    assert found.omitted == 2
    talker.check()


def test_half_an_answer_is_an_answer(talker: Talker) -> None:
    op = talker.begin(HISTORY)
    op.failure = Failure("connection", "ReadError", True)
    talker.end(op, [said("assistant", "hel")])
    history = [*HISTORY, said("assistant", "hel"), said("user", "go on")]
    assert talker.say(history).omitted == 3
    talker.check()


@pytest.mark.parametrize("times", [2, 5])
def test_the_same_prompt_once_more_shows_its_newest_message(times: int, talker: Talker) -> None:
    for _ in range(times):
        last = talker.say(NEXT, [ANSWER])
    assert (last.omitted, last.shown()) == (3, NEXT[3:])
    assert talker.say(HISTORY[:1]).omitted == 0
    talker.check()


def test_the_chain_does_not_grow_with_repetitions() -> None:
    talker = Talker()
    first = talker.say(NEXT)
    links = {talker.say(NEXT).link for _ in range(9)}
    assert len(links) == 1
    assert talker.spans()[links.pop() or (0, 0)].attributes == first.attributes


def test_calls_at_the_same_time_share_what_is_recorded(talker: Talker) -> None:
    """Fan-out: what one of them has, it has when it ends."""
    talker.say(HISTORY, [ANSWER])
    branches = [[*NEXT[:3], said("user", f"question {index}")] for index in range(5)]
    running = [talker.begin(branch) for branch in branches]
    for op in reversed(running):
        talker.end(op, [answered("so it is")])
    assert {talker.record(op).omitted for op in running} == {3}
    assert len({talker.record(op).link for op in running}) == 1
    talker.check()


def test_nobody_links_to_a_call_that_has_not_ended(talker: Talker) -> None:
    open_call = talker.begin(HISTORY)
    assert talker.say(NEXT).omitted == 0
    talker.end(open_call)
    assert talker.record(open_call).omitted == 1  # of the two, the other one has it
    talker.check()


@pytest.mark.parametrize(
    "history", [None, [], (), "a text", 7, {"role": "user"}, [said("user", "hi")], [[]], ["x", "y"]]
)
def test_whatever_stands_in_the_place_of_messages(history: Any, talker: Talker) -> None:
    talker.say(history, [ANSWER])
    talker.say(history, "an answer")
    talker.say(HISTORY, [ANSWER])
    assert talker.say(NEXT).omitted == 3


def test_a_tuple_is_as_good() -> None:
    talker = Talker()
    talker.say(tuple(HISTORY), (ANSWER,))
    found = talker.say(tuple(NEXT))
    assert (found.omitted, found.shown()) == (3, NEXT[3:])


def test_instructions_stay() -> None:
    talker = Talker()
    instructions = [messages.text("be kind")]
    talker.say(HISTORY, [ANSWER], instructions=instructions)
    found = talker.say(NEXT, instructions=instructions)
    assert found.omitted == 3
    assert found.shown(INSTRUCTIONS) == instructions


# --- what nobody has


class Chosen(Sampler):
    """Drops, or only records, the calls of the models that are named so."""

    def should_sample(self, parent_context: Any, trace_id: int, name: str, *rest: Any, **more: Any) -> Any:
        named = {"chat dropped": Decision.DROP, "chat recorded": Decision.RECORD_ONLY}
        return SamplingResult(named.get(name, Decision.RECORD_AND_SAMPLE))

    def get_description(self) -> str:
        return "chosen"


@pytest.mark.parametrize("capture", CAPTURES)
@pytest.mark.parametrize("model", ["dropped", "recorded"])
def test_a_span_that_is_not_exported_has_nothing(model: str, capture: str) -> None:
    talker = Talker(capture, Recorder(sampler=Chosen()))
    op = talker.begin(HISTORY)
    real = op.span
    op = Operation("chat", "openai", None, None, False)
    op.model = model
    op.content = Content(input=HISTORY)
    with use_span(talker.roots["t"]):
        talker.pipeline.start(op)
    assert op.span is not real
    talker.end(op, [ANSWER])
    assert talker.say(NEXT).omitted == 0


@pytest.mark.parametrize("capture", CAPTURES)
def test_where_nothing_is_sampled_events_are_whole(capture: str) -> None:
    talker = Talker(capture, Recorder(sampler=ALWAYS_OFF))
    for history in (HISTORY, NEXT):
        talker.end(talker.begin(history), [ANSWER])
    assert [of_event(record).shown() for record in talker.logbook.records] == (
        [] if capture == SPANS else [HISTORY, NEXT]
    )


@pytest.mark.parametrize("limits", [{"max_span_attributes": 3}, {"max_links": 0}, {"max_span_attribute_length": 40}])
def test_what_the_provider_drops_is_not_there(limits: dict[str, int]) -> None:
    """Neither attributes with content, nor links, nor the older messages of an attribute that has to be short."""
    talker = Talker(SPANS, Recorder(span_limits=SpanLimits(**limits)))
    talker.say(HISTORY, [ANSWER])
    found = talker.say(NEXT)
    assert found.omitted == 0
    if "max_links" in limits:
        talker.check()


def test_a_link_without_attributes_is_a_link() -> None:
    talker = Talker(SPANS, Recorder(span_limits=SpanLimits(max_link_attributes=0)))
    talker.say(HISTORY, [ANSWER])
    talker.end(talker.begin(NEXT))
    (span,) = [span for span in talker.recorder.spans() if span.links]
    assert (span.attributes or {})[OMITTED] == 3


def test_an_event_that_was_not_written_has_nothing() -> None:
    talker = Talker(BOTH)
    (broken,) = (stage for stage in stages_of(talker) if type(stage).__name__ == "Details")
    emit = broken._log._emit
    broken._log._emit = lambda *_: 1 / 0
    op = talker.begin(HISTORY)
    with suppress(ZeroDivisionError):
        broken.end(op)
    broken._log._emit = emit
    talker.pipeline = type(talker.pipeline)(
        [stage for stage in stages_of(talker) if stage is not broken], talker.pipeline.faults
    )
    talker.end(op, [ANSWER])
    (spans,) = (stage for stage in stages_of(talker) if type(stage).__name__ == "Spans")
    talker.pipeline = type(talker.pipeline)([spans, broken], talker.pipeline.faults)
    talker.say(NEXT)
    assert [of_event(record).omitted for record in talker.logbook.records] == [0]
    assert sorted(record.omitted for record in talker.spans().values()) == [0, 2]  # ended without the answer yet


def stages_of(talker: Talker) -> list[Any]:
    return list({id(end.__self__): end.__self__ for end in reversed(talker.pipeline._ends)}.values())


def test_a_span_of_another_instrumentation_has_all() -> None:
    talker = Talker()
    talker.say(HISTORY, [ANSWER])
    tracer = talker.recorder.tracer_provider.get_tracer("somebody")
    with use_span(talker.roots["t"]):
        theirs = tracer.start_span("theirs", attributes={"gen_ai.operation.name": "chat"})
    op = Operation("chat", "openai", None, None, False)
    op.content = Content(input=NEXT)
    with use_span(theirs, end_on_exit=True):
        talker.pipeline.start(op)
        assert op.neighbour == "somebody"
        talker.end(op)
    (span,) = talker.recorder.spans("somebody")
    assert of_span(span).shown() == NEXT
    assert span.links == ()
    later = talker.say([*NEXT, said("user", "!")])  # nor is it known what it has
    assert later.omitted == 3


class Repeated(RandomIdGenerator):
    """As it is where an application seeds `random` before each call."""

    def generate_span_id(self) -> int:
        return 7


def test_no_span_is_linked_to_itself() -> None:
    talker = Talker(SPANS, Recorder(id_generator=Repeated()))
    for history in (HISTORY, NEXT):
        talker.end(talker.begin(history), [ANSWER])
    assert [of_span(span).link for span in talker.recorder.spans()] == [None, None]


class Foreign:
    """A span that is not OpenTelemetry's own: it has links, and cannot be given any."""

    links = ()

    def __init__(self, span: Any) -> None:
        self.span = span

    def __getattr__(self, name: str) -> Any:
        if name == "add_link":
            raise NotImplementedError
        return getattr(self.span, name)


def test_a_span_that_takes_no_links_has_all() -> None:
    talker = Talker()
    talker.say(HISTORY, [ANSWER])
    op = talker.begin(NEXT)
    op.span = Foreign(op.span)
    talker.end(op)
    assert talker.record(op).shown() == NEXT


# --- limits


def test_a_text_that_was_cut_counts() -> None:
    """What it lost is lost, once: the next span would have cut it, too."""
    talker = Talker(max_content_bytes=2_000)
    long = [said("system", "x" * 5_000), said("user", "hi")]
    first = talker.say(long, [ANSWER])
    assert "of 5000 chars]…" in str(first.shown()[0])
    second = talker.say([*long, as_history(ANSWER), said("user", "so?")])
    assert (second.omitted, second.shown()) == (3, [said("user", "so?")])
    assert len(whole(talker.spans(), second)) == 4


def test_a_span_that_had_no_room_for_all_messages_has_none() -> None:
    talker = Talker(max_content_bytes=500)
    many = [said("user", f"{index}" * 200) for index in range(9)]
    assert len(talker.say(many, [ANSWER]).shown()) < 9
    assert talker.say([*many, as_history(ANSWER), said("user", "so?")]).omitted == 0


def test_a_span_that_had_no_room_for_all_parts_has_none() -> None:
    talker = Talker(max_content_bytes=500)
    parts = messages.message("user", [messages.text(f"{index}" * 200) for index in range(9)])
    (found,) = talker.say([parts], [ANSWER]).shown()
    assert len(found["parts"]) < 9
    assert talker.say([parts, as_history(ANSWER), said("user", "so?")]).omitted == 0


def test_an_answer_that_had_no_room_is_written_again() -> None:
    talker = Talker(max_content_bytes=500)
    answer = messages.message("assistant", [messages.text(f"{index}" * 200) for index in range(9)])
    talker.say(HISTORY, [answer])
    assert talker.say([*HISTORY, answer, said("user", "so?")]).omitted == 2


# --- what is hostile


class Sly(dict[str, Any]):
    def items(self) -> Any:
        raise AssertionError("no code of the application's runs")

    __iter__ = __getitem__ = keys = get = items  # type: ignore[assignment]


def circular() -> Any:
    part: dict[str, Any] = {"type": "text", "content": "x"}
    part["arguments"] = part
    return messages.message("user", [part])


def deep() -> Any:
    value: Any = 1
    for _ in range(10_000):
        value = [value]
    return messages.message("user", [messages.tool_call("f", "c", value)])


HOSTILE: dict[str, Callable[[], Any]] = {
    "an object": lambda: messages.message("user", [messages.tool_call("f", "c", object())]),
    "a dict of its own": lambda: messages.message("user", [messages.tool_call("f", "c", Sly(a=1))]),
    "a cycle": circular,
    "10,000 deep": deep,
    "keys of several types": lambda: messages.message("user", [messages.tool_call("f", "c", {1: 2, "a": 3})]),
    "not a number": lambda: messages.message("user", [messages.tool_call("f", "c", float("nan"))]),
    "very long": lambda: said("user", "x" * 9_000_000),
}


@pytest.mark.parametrize("make", HOSTILE.values(), ids=HOSTILE)
def test_what_cannot_be_hashed_is_written(make: Callable[[], Any], talker: Talker) -> None:
    """And all that comes after it: what comes before is left out as ever."""
    hostile = make()
    talker.say([*HISTORY, hostile, said("user", "1")], [ANSWER])
    found = talker.say([*HISTORY, hostile, said("user", "1"), as_history(ANSWER), said("user", "2")])
    assert found.omitted == 2
    assert len(found.shown()) == 4


def test_lone_surrogates_are_no_obstacle(talker: Talker) -> None:
    history = [said("user", "\ud800"), said("user", "so?")]
    talker.say(history)
    assert talker.say([*history, said("user", "!")], conversation=None).omitted == 2
    talker.say(history, conversation="\ud800")


# --- memory


def remembering(talker: Talker, most: int) -> Deltas:
    """Let the talker remember no more than that."""
    found: list[Deltas] = [stage._deltas for stage in stages_of(talker) if getattr(stage, "_deltas", None) is not None]
    for memory in found:
        memory._most = most
    return found[0]


def test_memory_holds_digests_only_and_few() -> None:
    talker = Talker()
    memory = remembering(talker, 50)
    for index in range(40):
        talker.say([said("user", f"a secret {index} {at}") for at in range(5)])
        assert len(memory._spans) <= 50
    talker.made.clear()
    seen: list[Any] = []
    waiting: list[Any] = [memory._spans, deltas._latest.chain]
    while waiting:
        value = waiting.pop()
        seen.append(value)
        if isinstance(value, (dict, list, tuple)):
            waiting.extend(gc.get_referents(value))
    assert {type(value) for value in seen if not isinstance(value, (dict, list, tuple, type))} <= {
        bytes,
        int,
        type(None),
    }
    assert max(len(value) for value in seen if isinstance(value, bytes)) == 16


def test_a_beginning_that_is_used_stays() -> None:
    talker = Talker()
    remembering(talker, 20)
    talker.say(HISTORY[:1])
    for index in range(30):
        found = talker.say([HISTORY[0], said("user", f"{index}"), said("user", "a"), said("user", "b")])
        assert found.omitted == 1
    talker.check()


def test_what_is_forgotten_is_written_again() -> None:
    talker = Talker()
    remembering(talker, 3)
    history = HISTORY
    for index in range(20):
        talker.say(history, [answered(f"{index}")])
        talker.say([said("user", f"other {index}")])
        history = [*history, said("assistant", f"{index}"), said("user", "and?")]
    talker.check()


def test_a_very_long_history_leaves_room_for_others() -> None:
    talker = Talker(max_content_bytes=10_000_000, max_span_bytes=10_000_000)
    talker.say(HISTORY, [ANSWER])
    long = [said("user", f"{index}") for index in range(5_000)]
    talker.say(long, trace="u")
    assert talker.say(NEXT).omitted == 3
    assert talker.say([*long, said("user", "!")], trace="u").omitted == 5_000


def test_threads_and_one_memory() -> None:
    talker = Talker(BOTH)
    memory = remembering(talker, 30)
    talker.begin(HISTORY)
    faults: list[BaseException] = []

    def agent(name: str) -> None:
        history = [said("user", name)]
        try:
            for index in range(25):
                talker.say(history, [answered(f"{index}")])
                history = [*history, said("assistant", f"{index}"), said("user", "and?")]
        except BaseException as fault:
            faults.append(fault)

    threads = [threading.Thread(target=agent, args=(f"{index % 3}",)) for index in range(6)]
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    try:
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        sys.setswitchinterval(before)
    assert faults == []
    assert len(memory._spans) <= 30
    talker.end(talker.made[0])
    talker.check()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_child_goes_on_where_its_parent_was() -> None:
    talker = Talker()
    talker.say(HISTORY, [ANSWER])
    read, write = os.pipe()
    child = os.fork()
    if not child:
        with suppress(BaseException):
            os.write(write, str(talker.say(NEXT).omitted).encode())
        os._exit(0)
    os.close(write)
    os.waitpid(child, 0)
    assert os.read(read, 10) == b"3"
    os.close(read)


# --- any conversation

modestly = settings(
    max_examples=150, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck)
)
words = st.sampled_from(["a", "b", "ä" * 300, "x" * 50])
lines = st.builds(said, st.sampled_from(["user", "system", "assistant", "tool"]), words)
steps = st.lists(
    st.fixed_dictionaries(
        {
            "from": st.integers(0, 99),
            "keep": st.integers(0, 9),
            "more": st.lists(lines, max_size=3),
            "answers": st.lists(words, max_size=2),
            "trace": st.sampled_from(["t", "u"]),
            "conversation": st.sampled_from([None, None, "c", "[EMAIL]"]),
            "held": st.booleans(),
        }
    ),
    max_size=25,
)


@pytest.mark.parametrize("capture", CAPTURES)
@given(steps=steps, most=st.sampled_from([1, 5, 2_048]))
@modestly
def test_any_conversation_is_put_together_by_its_links(capture: str, steps: list[dict[str, Any]], most: int) -> None:
    """Branches, repetitions, edits, calls that overlap, answers that come back and those that do not."""
    talker = Talker(capture)
    remembering(talker, most)
    histories: list[Said] = [[]]
    held: list[tuple[Operation, Any]] = []
    for step in steps:
        base = histories[step["from"] % len(histories)]
        history = [*base[: len(base) - step["keep"] % (len(base) + 1)], *step["more"]] or [said("user", "?")]
        answers = [answered(text) for text in step["answers"]]
        op = talker.begin(history, trace=step["trace"], conversation=step["conversation"])
        if step["held"]:
            held.append((op, answers or None))
        else:
            talker.end(op, answers or None)
        histories += [history, *([*history, as_history(answer)] for answer in answers)]
    for op, answers in held:
        talker.end(op, answers)
    talker.check()


# --- an agent with an SDK

TURNS = 30
TOOLS_OPENAI = [{"type": "function", "function": {"name": "look", "parameters": {"type": "object"}}}]
TOOLS_ANTHROPIC = [{"name": "look", "input_schema": {"type": "object"}}]


def openai_agent(handler_answers: list[Any], mode: str) -> Any:
    """The loop as an application writes it, with the messages as the SDK gives them."""

    def reply(request: Any) -> Any:
        turn = len(handler_answers)
        handler_answers.append(request)
        calls = [
            {
                "id": f"call_{turn}_{at}",
                "type": "function",
                "function": {"name": "look", "arguments": f'{{"at": {at}}}'},
            }
            for at in range(1 + turn % 2)
        ]
        last = turn == TURNS - 1
        message = {"role": "assistant", "content": "Done." if last else None if turn % 3 else "I look."}
        body = {
            "id": f"chatcmpl-{turn}",
            "object": "chat.completion",
            "created": 1,
            "model": "gpt-4o",
            "choices": [
                {
                    "index": 0,
                    "finish_reason": "stop" if last else "tool_calls",
                    "message": message if last else message | {"tool_calls": calls},
                }
            ],
        }
        return answer(OPENAI, json.dumps(body).encode())

    stand_in = StandIn(OPENAI, "sync", reply)
    history: list[Any] = [{"role": "system", "content": "You look."}, {"role": "user", "content": "Look at all."}]
    for _ in range(TURNS):
        came = stand_in.client.chat.completions.create(model="gpt-4o", messages=history, tools=TOOLS_OPENAI)
        message = came.choices[0].message
        history = [*history, message.model_dump(exclude_none=True) if mode == "dumped" else message]
        history += [
            {"role": "tool", "tool_call_id": call.id, "content": f"seen {call.id} by ann@example.com " + "x" * 500}
            for call in message.tool_calls or ()
        ]
    stand_in.http.close()


def anthropic_agent(handler_answers: list[Any], mode: str) -> Any:
    def reply(request: Any) -> Any:
        turn = len(handler_answers)
        handler_answers.append(request)
        last = turn == TURNS - 1
        calls = [
            {"type": "tool_use", "id": f"toolu_{turn}_{at}", "name": "look", "input": {"at": at}}
            for at in range(1 + turn % 2)
        ]
        thought = {"type": "thinking", "thinking": "Hm.", "signature": "s"}
        body = {
            "id": f"msg_{turn}",
            "type": "message",
            "role": "assistant",
            "model": "claude-haiku-4-5",
            "content": [{"type": "text", "text": "Done."}] if last else [thought, *calls],
            "stop_reason": "end_turn" if last else "tool_use",
            "stop_sequence": None,
            "usage": {"input_tokens": 1, "output_tokens": 1},
        }
        return answer(ANTHROPIC, json.dumps(body).encode())

    stand_in = StandIn(ANTHROPIC, "sync", reply)
    history: list[Any] = [{"role": "user", "content": "Look at all."}]
    for _ in range(TURNS):
        came = stand_in.client.messages.create(
            model="claude-haiku-4-5", max_tokens=9, system="You look.", messages=history, tools=TOOLS_ANTHROPIC
        )
        blocks = [block.model_dump() for block in came.content] if mode == "dumped" else came.content
        history = [*history, {"role": "assistant", "content": blocks}]
        results = [
            {
                "type": "tool_result",
                "tool_use_id": block.id,
                "content": f"seen {block.id} by ann@example.com " + "x" * 500,
            }
            for block in came.content
            if block.type == "tool_use"
        ]
        history += [{"role": "user", "content": results}] if results else []
    stand_in.http.close()


AGENTS = {"openai": (OPENAI, openai_agent), "anthropic": (ANTHROPIC, anthropic_agent)}


def run(name: str, mode: str, **options: Any) -> tuple[list[ReadableSpan], Sequence[Any]]:
    """What comes of all calls of an agent."""
    sdk, agent = AGENTS[name]
    recorder, logbook = Recorder(), Logbook()
    instrumentation = instrumented(sdk, recorder, logger_provider=logbook.provider, **options)
    with instrumentation, recorder.tracer.start_as_current_span("the agent"):
        agent([], mode)
    assert len(recorder.spans()) == TURNS
    return recorder.spans(), logbook.records


@pytest.fixture(autouse=True)
def _no_settings(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in list(os.environ):
        if name.startswith(("OTEL_", "GENSCOPE_")):
            monkeypatch.delenv(name)
    return None


@pytest.mark.parametrize("redaction", ["off", "default"])
@pytest.mark.parametrize("mode", ["dumped", "as it came"])
@pytest.mark.parametrize("name", AGENTS)
def test_an_agent_is_put_together_by_its_links(name: str, mode: str, redaction: str) -> None:
    options = {"redaction": redaction}
    all_said = [of_span(span).shown() for span in run(name, mode, capture_message_content=SPANS, **options)[0]]
    spans, events = run(name, mode, capture_message_content=BOTH, content_delta=True, **options)
    assert len(all_said[-1]) > TURNS
    assert ("ann@example.com" in str(all_said)) == (redaction == "off")
    of_spans = {(span.context.trace_id, span.context.span_id): of_span(span) for span in spans if span.context}
    of_events = {(record.trace_id, record.span_id): of_event(record) for record in events}
    for records in (of_spans, of_events):
        assert [whole(records, record) for record in records.values()] == all_said
        # each of them is linked to the one before, and says nothing but what the tools said
        assert [record.link for record in records.values()] == [None, *list(records)[:-1]]
        assert {one["role"] for record in list(records.values())[1:] for one in record.shown()} <= {"tool", "user"}
    sizes = [len(record.attributes[INPUT]) for record in of_spans.values()]
    assert max(sizes) < 2_000
    assert sum(len(json.dumps(one)) for one in all_said) > 5 * sum(sizes)


def test_an_answer_that_may_not_be_seen_is_written_where_it_may() -> None:
    """Redaction may tell apart what is said and what is repeated: then neither stands for the other."""
    options = {"capture_message_content": SPANS, "redaction_deny": ("output*",)}
    all_said = [of_span(span).shown() for span in run("openai", "dumped", **options)[0]]
    spans, _ = run("openai", "dumped", content_delta=True, **options)
    records = {(span.context.trace_id, span.context.span_id): of_span(span) for span in spans if span.context}
    assert [whole(records, record) for record in records.values()] == all_said
    assert {one["role"] for one in list(records.values())[-1].shown()} == {"assistant", "tool"}
