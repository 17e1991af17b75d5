"""Law 2: a fault of ours never reaches the application; the span still ends, and one warning a minute is logged."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any

import pytest
from opentelemetry.sdk.trace import SpanProcessor
from opentelemetry.sdk.trace.export import SimpleSpanProcessor, SpanExporter
from opentelemetry.sdk.trace.sampling import Sampler

import genscope
from genscope.core import pipeline
from genscope.core.operation import Operation
from genscope.core.refusal import BudgetExceeded
from genscope.local.simulator import Simulator

from .cases import MAIN, SDKS, case, cases
from .expected import check, has_raised
from .outcomes import CALLS, STREAMS
from .play import play
from .recorder import CALLER, Recorder, instrumented
from .sights import differences
from .vocabulary import MODES, Case, Mode, Outcome, Sdk

SECRET = "canary-7f31"
OK, BAD_REQUEST = CALLS[0], CALLS[1]
CLOSED = next(outcome for outcome in STREAMS if outcome.name == "closed")
RETRIED = next(outcome for outcome in CALLS if outcome.name == "retried")
ASYNC_READS = ("plain", "stream", "raw_stream_bytes", "streaming_response_lines")


class Fault(Exception):
    """Ours."""


class Broken:
    """Raises wherever it is put, and counts."""

    def __init__(self) -> None:
        self.hits = 0

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        self.hits += 1
        raise Fault(SECRET)


Break = Callable[[pytest.MonkeyPatch, Sdk, Broken], Mapping[str, Any]]
"""Puts it in place; returns options of `instrument()`."""


def reader(function: str) -> Break:
    """A function of every reader of the SDK; with a dot, a method of the answer it puts together."""

    def put(monkeypatch: pytest.MonkeyPatch, sdk: Sdk, broken: Broken) -> Mapping[str, Any]:
        for route in sdk.instrumentor().target.routes:
            owner, _, name = function.rpartition(".")
            holder = getattr(route.reader, owner) if owner else route.reader
            if hasattr(holder, name):
                monkeypatch.setattr(holder, name, broken)
        return {}

    return put


def attribute(path: str) -> Break:
    """Something that genscope or the OpenTelemetry SDK calls, `module:Class.method`."""

    def put(monkeypatch: pytest.MonkeyPatch, sdk: Sdk, broken: Broken) -> Mapping[str, Any]:
        module, _, name = path.partition(":")
        owner: Any = import_module(module)
        *classes, last = name.split(".")
        for part in classes:
            owner = getattr(owner, part)
        monkeypatch.setattr(owner, last, lambda *args, **kwargs: broken())
        return {}

    return put


def stage(method: str) -> Break:
    def put(monkeypatch: pytest.MonkeyPatch, sdk: Sdk, broken: Broken) -> Mapping[str, Any]:
        return {"stages": [type("BrokenStage", (genscope.Stage,), {method: lambda self, *args: broken()})()]}

    return put


def processor(method: str) -> Break:
    def put(monkeypatch: pytest.MonkeyPatch, sdk: Sdk, broken: Broken) -> Mapping[str, Any]:
        recorder = Recorder()
        recorder.tracer_provider.add_span_processor(
            type("BrokenProcessor", (SpanProcessor,), {method: lambda self, *args, **kwargs: broken()})()
        )
        return {"recorder": recorder}

    return put


def exporter(monkeypatch: pytest.MonkeyPatch, sdk: Sdk, broken: Broken) -> Mapping[str, Any]:
    recorder = Recorder()
    cls = type("BrokenExporter", (SpanExporter,), {"export": lambda self, spans: broken()})
    recorder.tracer_provider.add_span_processor(SimpleSpanProcessor(cls()))
    return {"recorder": recorder}


def sampler(monkeypatch: pytest.MonkeyPatch, sdk: Sdk, broken: Broken) -> Mapping[str, Any]:
    methods = {"should_sample": lambda self, *args, **kwargs: broken(), "get_description": lambda self: "broken"}
    return {"recorder": Recorder(sampler=type("BrokenSampler", (Sampler,), methods)())}


@dataclass(frozen=True)
class Point:
    """A place where something may raise: in which shapes it is met, and whether there is a span all the same."""

    put: Break
    shapes: tuple[str, ...] = ("plain", "stream")
    outcome: Outcome = OK
    span: bool = True
    logger: str = "genscope"
    apis: tuple[str, ...] = MAIN
    options: Mapping[str, Any] = field(default_factory=dict)


_SPAN = "opentelemetry.sdk.trace:Span"
POINTS = {
    "read_request": Point(reader("read_request")),
    "read_response": Point(reader("read_response"), ASYNC_READS),
    "Answer": Point(reader("Answer"), ("stream", "raw_stream_bytes")),
    "fold": Point(reader("Answer.fold"), ("stream", "raw_stream_bytes")),
    "lead": Point(reader("Answer.lead"), ("stream", "raw_stream_bytes")),
    "stage_start": Point(stage("start")),
    "stage_end": Point(stage("end"), ASYNC_READS),
    "stage_end_on_error": Point(stage("end"), outcome=BAD_REQUEST),
    "stage_end_on_close": Point(stage("end"), ("stream", "raw_stream_bytes"), CLOSED),
    "stage_chunk": Point(stage("chunk"), ("stream", "raw_stream_bytes")),
    "sampler": Point(sampler, span=False),
    "start_span": Point(attribute("opentelemetry.sdk.trace:Tracer.start_span"), span=False),
    "processor_start": Point(processor("on_start"), span=False),
    "processor_end": Point(processor("on_end")),
    "exporter": Point(exporter, logger="opentelemetry.sdk.trace.export"),
    "set_attributes": Point(attribute(f"{_SPAN}.set_attributes")),
    "add_event": Point(attribute(f"{_SPAN}.add_event"), outcome=BAD_REQUEST),
    "context_of_span": Point(attribute("genscope.telemetry.spans:set_span_in_context")),
    "attributes_of_exception": Point(attribute("genscope.telemetry.spans:exception_attributes"), outcome=BAD_REQUEST),
    "measurement": Point(attribute("opentelemetry.sdk.metrics._internal.instrument:Histogram.record")),
    "attributes_of_metrics": Point(attribute("genscope.telemetry.series:attributes_of")),
    "classify": Point(attribute("genscope.core.call:classify"), outcome=BAD_REQUEST),
    "classify_attempt": Point(attribute("genscope.providers.stainless_retries:_attempt"), outcome=RETRIED),
    "provider_of": Point(attribute("genscope.providers.stainless:provider_of"), span=False),
    "route": Point(attribute("genscope.providers.routes:Routes.find"), span=False),
    "watch_stream": Point(attribute("genscope.providers.stainless:watch_stream"), ("stream",)),
    "watch_body": Point(attribute("genscope.providers.stainless:watch_body"), ("raw_stream_bytes",)),
    "ask_for_usage": Point(reader("ask_for_usage"), ("stream",), apis=("chat",), options={"stream_usage": True}),
}
MEETINGS = [
    pytest.param(name, param.values[0], id=f"{name}-{param.values[0]}")
    for name, point in POINTS.items()
    for param in cases([point.outcome], apis=point.apis, shapes=point.shapes)
]


@pytest.mark.parametrize("name, case", MEETINGS)
def test_the_call_is_not_affected(name: str, case: Case, simulator: Simulator, monkeypatch: pytest.MonkeyPatch) -> None:
    point, broken = POINTS[name], Broken()
    bare = play(case, simulator)
    options = dict(point.put(monkeypatch, case.sdk, broken))
    recorder = options.pop("recorder", None)
    with instrumented(case.sdk, recorder, raise_faults=False, **options, **point.options) as recorder:
        seen = play(case, simulator)

    assert broken.hits > 0
    logs, seen.logs = seen.logs, []
    assert logs
    assert all(line.startswith(point.logger) for line in logs)
    assert len(logs) == len(set(logs)) or point.logger != "genscope"
    assert SECRET not in "".join(line for line in logs if line.startswith("genscope"))
    if point.options:  # what was asked for is asked for all the same
        bare.requests, seen.requests = [], []
    assert differences(vars(bare), vars(seen)) == []
    if point.span:
        recorder.settle()
        assert recorder.span().name.startswith(case.api.operation)


@pytest.mark.parametrize("found", cases([OK], apis=("chat", "completions"), shapes=("stream",)))
def test_a_chunk_that_cannot_be_told_is_shown(
    found: Case, simulator: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whether it is the one with the usage that we asked for: better one chunk too many than an exception."""
    broken = Broken()
    reader("is_usage_only")(monkeypatch, found.sdk, broken)
    with instrumented(found.sdk, raise_faults=False, stream_usage=True) as recorder:
        seen = play(found, simulator)
    assert broken.hits == seen.items == found.api.frames + 1
    assert not has_raised(seen)
    assert (recorder.span().attributes or {})["genscope.stream.outcome"] == "completed"


@pytest.mark.parametrize("name", ["stage_start", "stage_end", "stage_chunk"])
@pytest.mark.parametrize("found", cases([OK], apis=MAIN, shapes=("stream",)))
def test_a_broken_stage_costs_the_span_nothing(
    name: str, found: Case, simulator: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    options = POINTS[name].put(monkeypatch, found.sdk, Broken())
    with instrumented(found.sdk, raise_faults=False, **options) as recorder:
        with recorder.tracer.start_as_current_span(CALLER) as caller:
            seen = play(found, simulator)
    port = int(simulator.url.rpartition(":")[2])
    check(found, seen, recorder, caller.get_span_context(), found.sdk.provider, port)


RAISED = ("read_request", "read_response", "fold", "lead", "stage_start", "stage_end", "set_attributes", "measurement")


@pytest.mark.parametrize("name, case", [meeting for meeting in MEETINGS if meeting.values[0] in RAISED])
def test_under_tests_a_fault_cannot_hide(
    name: str, case: Case, simulator: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    options = POINTS[name].put(monkeypatch, case.sdk, Broken())
    with instrumented(case.sdk, raise_faults=True, **options):
        seen = play(case, simulator)
    errors = [sight for sight in seen.sights if isinstance(sight, dict) and "args" in sight]
    assert errors
    assert errors[-1]["type"].endswith("Fault")


@pytest.mark.parametrize("sdk", SDKS, ids=repr)
def test_a_fault_is_said_once_a_minute(
    sdk: Sdk, simulator: Simulator, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    now = [1000.0]
    monkeypatch.setattr(pipeline.time, "monotonic", lambda: now[0])
    options = stage("end")(monkeypatch, sdk, Broken())
    chat = case(sdk, sdk.apis[0].name, "sync", "plain", OK)
    with caplog.at_level(logging.DEBUG, "genscope"), instrumented(sdk, raise_faults=False, **options):
        said = []
        for later in (0.0, 1.0, 58.0, 2.0, 30.0):
            now[0] += later
            caplog.clear()
            play(chat, simulator)
            warnings = [record for record in caplog.records if record.levelno >= logging.WARNING]
            said.append(len(warnings))
            assert SECRET not in caplog.text
    assert said == [1, 0, 0, 1, 0]


def refusing(error: Exception) -> dict[str, genscope.Stage]:
    """Stages that let `error` out, by when."""

    class AtTheStart(genscope.Stage):
        def start(self, op: Operation) -> None:
            raise error

    class AtTheGate(genscope.Stage):
        def admit(self, op: Operation) -> None:
            assert op.span is not None
            raise error

        async def aadmit(self, op: Operation) -> None:
            await asyncio.sleep(0)
            raise error

    return {"start": AtTheStart(), "admit": AtTheGate()}


@pytest.mark.parametrize("found", cases([OK], shapes=("plain", "stream", "streaming_response_read")))
@pytest.mark.parametrize("when", refusing(BudgetExceeded()))
def test_a_budget_refuses_before_anything_is_sent(when: str, found: Case, simulator: Simulator) -> None:
    with instrumented(found.sdk, stages=[refusing(BudgetExceeded("used up"))[when]]) as recorder:
        seen = play(found, simulator)

    assert seen.requests == []
    assert seen.sights[-1]["type"] == "genscope.BudgetExceeded"
    assert seen.sights[-1]["text"] == "used up"
    span = recorder.span()
    assert span.attributes is not None
    assert span.attributes["genscope.error.kind"] == "budget_exceeded"
    assert span.attributes["error.type"] == "BudgetExceeded"
    assert span.attributes["server.address"] == "127.0.0.1"
    assert not span.status.is_ok


@pytest.mark.parametrize("sdk", SDKS, ids=repr)
@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("when", refusing(BudgetExceeded()))
def test_other_exceptions_of_a_stage_do_not_refuse(when: str, mode: Mode, sdk: Sdk, simulator: Simulator) -> None:
    """Only a budget may: not its cousins of the standard library."""
    seen: list[Operation] = []

    class Stage(genscope.Stage):
        def end(self, op: Operation) -> None:
            seen.append(op)

    chat = case(sdk, sdk.apis[0].name, mode, "plain", OK)
    stages = [refusing(RuntimeError("not a refusal"))[when], Stage()]
    with instrumented(sdk, raise_faults=False, stages=stages) as recorder:
        assert play(chat, simulator).requests
    assert [op.failure for op in seen] == [None]
    assert recorder.span().attributes
