"""What an application can switch: hooks, stages, suppression, flushing, limits, and instrumenting anew."""

from __future__ import annotations

import asyncio
import gc
import json
import logging
import os
import subprocess
import sys
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from contextvars import Context, copy_context
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from threading import Event, Thread
from typing import Any

import openai
import pytest
from contract.recorder import Recorder
from opentelemetry.instrumentation.utils import suppress_instrumentation
from opentelemetry.sdk.trace import ReadableSpan, SpanLimits
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult

import genscope
from genscope.assembly import Providers, assemble
from genscope.core import aside
from genscope.core.operation import Operation
from genscope.instrumentors import OpenAIInstrumentor
from genscope.local.simulator import REPLY, Simulator
from genscope.settings import Settings

HELLO: dict[str, Any] = {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "Hello"}]}


@pytest.fixture(autouse=True)
def no_environment(monkeypatch: pytest.MonkeyPatch, simulator: Simulator) -> None:
    for name in list(os.environ):
        if name.startswith(("OTEL_", "GENSCOPE_", "OPENAI_")):
            monkeypatch.delenv(name)
    simulator.reset()


@contextmanager
def instrumented(recorder: Recorder | None = None, **options: Any) -> Iterator[Recorder]:
    recorder = recorder or Recorder()
    usual = {"raise_faults": True, "cost": False, "providers": {"127.0.0.1": "openai"}, **recorder.providers}
    genscope.instrument(**{**usual, **options})
    try:
        yield recorder
    finally:
        genscope.uninstrument()


def client(simulator: Simulator, scenario: str = "ok", **options: float) -> openai.OpenAI:
    return openai.OpenAI(api_key="k", base_url=simulator.base_url(scenario, **options))


def chat(simulator: Simulator, scenario: str = "ok", **arguments: Any) -> Any:
    """One call, read to its end."""
    with client(simulator, scenario) as at:
        answer = at.chat.completions.create(**{**HELLO, **arguments})
        return list(answer) if arguments.get("stream") else answer


async def achat(simulator: Simulator, scenario: str = "ok", **arguments: Any) -> Any:
    async with openai.AsyncOpenAI(api_key="k", base_url=simulator.base_url(scenario)) as at:
        answer = await at.chat.completions.create(**{**HELLO, **arguments})
        return [chunk async for chunk in answer] if arguments.get("stream") else answer


def called(asynchronous: bool, simulator: Simulator, scenario: str = "ok", **arguments: Any) -> Any:
    if asynchronous:
        return asyncio.run(achat(simulator, scenario, **arguments))
    return chat(simulator, scenario, **arguments)


both = pytest.mark.parametrize("asynchronous", [False, True], ids=["sync", "async"])


# --- hooks


@dataclass
class Hooks:
    """Notes what hooks get, and sets an attribute of its own in each."""

    seen: list[tuple[str, Any]] = field(default_factory=list)

    def request(self, op: Operation, raw: Any) -> None:
        assert op.model == "gpt-4o-mini"
        op.span.set_attribute("app.request", raw["messages"][0]["content"])
        self.seen.append(("request", raw))

    def response(self, op: Operation, raw: Any) -> None:
        assert op.duration > 0
        op.span.set_attribute("app.response", type(raw).__name__)
        self.seen.append(("response", raw))

    def chunk(self, op: Operation, raw: Any) -> None:
        op.span.set_attribute("app.chunk", raw.id)
        self.seen.append(("chunk", raw))

    @property
    def options(self) -> dict[str, Any]:
        return {"request_hook": self.request, "response_hook": self.response, "chunk_hook": self.chunk}

    def of(self, kind: str) -> list[Any]:
        return [raw for name, raw in self.seen if name == kind]


@both
def test_hooks_of_a_call(asynchronous: bool, simulator: Simulator) -> None:
    hooks = Hooks()
    with instrumented(**hooks.options) as recorder:
        answer = called(asynchronous, simulator)
    assert [name for name, _ in hooks.seen] == ["request", "response"]
    assert hooks.of("request")[0]["messages"] == HELLO["messages"]
    assert hooks.of("response")[0] is answer
    attributes = recorder.span().attributes or {}
    assert (attributes["app.request"], attributes["app.response"]) == ("Hello", "ChatCompletion")


@both
def test_hooks_of_a_stream(asynchronous: bool, simulator: Simulator) -> None:
    hooks = Hooks()
    with instrumented(**hooks.options) as recorder:
        chunks = called(asynchronous, simulator, stream=True)
    assert [name for name, _ in hooks.seen] == ["request", *["chunk"] * len(chunks), "response"]
    assert all(seen is chunk for seen, chunk in zip(hooks.of("chunk"), chunks, strict=True))
    assert hooks.of("response") == [None]
    assert (recorder.span().attributes or {})["app.chunk"] == chunks[-1].id


@both
@pytest.mark.parametrize("stream", [False, True])
def test_hooks_of_a_call_that_fails(stream: bool, asynchronous: bool, simulator: Simulator) -> None:
    hooks = Hooks()
    with instrumented(**hooks.options) as recorder, pytest.raises(openai.APIError) as raised:
        called(asynchronous, simulator, "stream_error" if stream else "context_length", stream=stream)
    assert hooks.of("response") == [raised.value]
    assert (recorder.span().attributes or {})["app.response"] == type(raised.value).__name__


def test_hooks_of_a_stream_that_is_left(simulator: Simulator) -> None:
    hooks = Hooks()
    with instrumented(**hooks.options) as recorder, client(simulator) as at:
        with at.chat.completions.create(**HELLO, stream=True) as stream:
            next(iter(stream))
        recorder.settle()
    assert [name for name, _ in hooks.seen] == ["request", "chunk", "response"]


@both
@pytest.mark.parametrize("stream", [False, True])
def test_a_hook_that_raises_changes_nothing(
    stream: bool, asynchronous: bool, simulator: Simulator, caplog: pytest.LogCaptureFixture
) -> None:
    raised: list[str] = []

    def broken(op: Operation, raw: Any) -> None:
        raised.append("raised")
        raise RuntimeError("a secret")

    hooks = {"request_hook": broken, "response_hook": broken, "chunk_hook": broken}
    with instrumented(**hooks, raise_faults=False) as recorder:
        answer = called(asynchronous, simulator, stream=stream)
    assert len(raised) == 2 + (len(answer) if stream else 0)
    texts = [c.choices[0].delta.content or "" for c in answer] if stream else [answer.choices[0].message.content]
    assert "".join(texts) == REPLY
    assert (recorder.span().attributes or {})["gen_ai.response.finish_reasons"] == ("stop",)
    warnings = [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING]
    assert len(warnings) == 2 + stream  # one for each place, not for each chunk
    assert "secret" not in "".join(warnings)


def test_a_hook_by_its_name(simulator: Simulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "hooks_of_the_shop.py").write_text(
        "def tag(op, raw):\n    op.span.set_attribute('app.asked', raw['messages'][0]['content'])\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setenv("GENSCOPE_REQUEST_HOOK", "hooks_of_the_shop:tag")
    with instrumented() as recorder:
        chat(simulator)
    assert (recorder.span().attributes or {})["app.asked"] == "Hello"


# --- stages


class Journal:
    """A stage of the application."""

    def __init__(self) -> None:
        self.ended: list[Operation] = []

    def start(self, op: Operation) -> None:
        op.span.set_attribute("app.team", "search")

    def end(self, op: Operation) -> None:
        self.ended.append(op)


def test_stages_of_ones_own(simulator: Simulator) -> None:
    first, second = Journal(), Journal()
    with instrumented(stages=iter([first, second])) as recorder:
        chat(simulator)
        genscope.instrument(max_content_bytes=7)  # stages that came as an iterator are still there
        chat(simulator)
    assert len(first.ended) == len(second.ended) == len(recorder.spans()) == 2
    assert first.ended[0] is second.ended[0]
    assert first.ended[0].usage is not None
    assert all((span.attributes or {})["app.team"] == "search" for span in recorder.spans())


def package(folder: Path, name: str, entry_points: str, source: str) -> None:
    info = folder / f"{name}-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(f"[genscope_stage]\n{entry_points}\n")
    (folder / f"{name}.py").write_text(source)


def test_stages_that_other_packages_bring(
    simulator: Simulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """One that cannot be made is left out, and the others stay."""
    source = """
class Stage:
    def start(self, op):
        op.span.set_attribute("app.stage", op.model)

    def end(self, op):
        pass


def broken():
    raise RuntimeError("a secret")
"""
    listed = "absent = no_such_module:Stage\nbroken = stage_of_others:broken\nwhole = stage_of_others:Stage"
    package(tmp_path, "stage_of_others", listed, source)
    monkeypatch.syspath_prepend(tmp_path)
    with instrumented() as recorder:
        chat(simulator)
    assert (recorder.span().attributes or {})["app.stage"] == "gpt-4o-mini"
    assert [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING] == [
        "genscope: the stage absent is left out: ModuleNotFoundError",
        "genscope: the stage broken is left out: RuntimeError",
    ]


# --- suppression


@pytest.mark.parametrize("suppress", [genscope.suppress, suppress_instrumentation], ids=["ours", "OpenTelemetry's"])
@both
def test_suppressed(suppress: Callable[[], Any], asynchronous: bool, simulator: Simulator) -> None:
    async def main() -> None:
        with suppress():
            await asyncio.gather(*(achat(simulator, stream=stream) for stream in (False, True)))  # tasks of their own
        await achat(simulator)

    with instrumented() as recorder:
        if asynchronous:
            asyncio.run(main())
        else:
            with suppress():
                chat(simulator)
                chat(simulator, stream=True)
            chat(simulator)
    assert len(simulator.requests) == 3
    recorder.span()
    assert [point.count for point in recorder.points("gen_ai.client.operation.duration")] == [1]


def test_suppression_nests(simulator: Simulator) -> None:
    with instrumented() as recorder:
        with genscope.suppress():
            with genscope.suppress():
                chat(simulator)
            chat(simulator)
            with pytest.raises(KeyError), genscope.suppress():
                raise KeyError
            chat(simulator)
        assert recorder.started == []
        chat(simulator)
    recorder.span()


def test_suppression_is_of_one_thread(simulator: Simulator) -> None:
    """Another thread is not meant, unless it takes the context over, as `asyncio.to_thread` does."""
    with instrumented() as recorder, genscope.suppress():
        for run, started in ((copy_context().run, 0), (Context().run, 1)):
            thread = Thread(target=run, args=(chat, simulator))
            thread.start()
            thread.join()
            assert len(recorder.started) == started


def test_a_stream_from_outside_is_traced_inside(simulator: Simulator) -> None:
    with instrumented() as recorder, client(simulator) as at:
        stream = at.chat.completions.create(**HELLO, stream=True)
        with genscope.suppress():
            list(stream)
    assert (recorder.span().attributes or {})["genscope.stream.outcome"] == "completed"


def test_suppression_that_is_left_in_another_context(simulator: Simulator, caplog: pytest.LogCaptureFixture) -> None:
    def questions() -> Generator[Any]:
        with genscope.suppress():
            yield chat(simulator)

    with instrumented() as recorder:
        generator = questions()
        copy_context().run(next, generator)
        generator.close()
        chat(simulator)
    recorder.span()
    assert caplog.records == []


def test_suppression_in_a_generator_that_the_loop_finalises(
    simulator: Simulator, caplog: pytest.LogCaptureFixture
) -> None:
    async def questions() -> Any:
        with genscope.suppress():
            yield await achat(simulator)

    async def main() -> None:
        generator = questions()
        async for _ in generator:
            break
        del generator
        gc.collect()

    with instrumented() as recorder:
        asyncio.run(main())
    assert recorder.started == []
    assert [record.getMessage() for record in caplog.records if "detach" in record.getMessage()] == []


# --- flushing


class Exporter(SpanExporter):
    """Holds what it gets while it is told to."""

    def __init__(self) -> None:
        self.exported: list[ReadableSpan] = []
        self.may_go = Event()
        self.may_go.set()

    def export(self, spans: Any) -> SpanExportResult:
        self.may_go.wait()
        self.exported.extend(spans)
        return SpanExportResult.SUCCESS

    def shutdown(self) -> None:
        self.may_go.set()


@dataclass
class Batched:
    """Telemetry that waits in batches: without a flush nothing comes for an hour."""

    recorder: Recorder = field(default_factory=Recorder)
    exporter: Exporter = field(default_factory=Exporter)

    def __post_init__(self) -> None:
        processor = BatchSpanProcessor(self.exporter, schedule_delay_millis=3_600_000)
        self.recorder.tracer_provider.add_span_processor(processor)


@pytest.fixture
def batched() -> Iterator[Batched]:
    batched = Batched()
    yield batched
    batched.exporter.may_go.set()
    batched.recorder.tracer_provider.shutdown()


def test_flush_exports_what_waits(batched: Batched, simulator: Simulator) -> None:
    with instrumented(batched.recorder):
        chat(simulator)
        assert batched.exporter.exported == []
        assert genscope.flush() is True
        assert len(batched.exporter.exported) == 1
        chat(simulator)
    assert genscope.flush() is True  # after `uninstrument`, too
    assert len(batched.exporter.exported) == 2


def test_flush_does_not_wait_for_an_exporter_that_hangs(batched: Batched, simulator: Simulator) -> None:
    """Without the limit this would hang: the exporter goes on only when the test is over."""
    batched.exporter.may_go.clear()
    with instrumented(batched.recorder):
        chat(simulator)
        assert genscope.flush(timeout=0.05) is False
        assert batched.exporter.exported == []
        batched.exporter.may_go.set()
        assert genscope.flush() is True
    assert len(batched.exporter.exported) == 1


@dataclass(eq=False)
class Flushed:
    """A provider that only counts; `answer` is what its `force_flush` comes to."""

    real: Any
    answer: Any = True
    timeouts: list[int] = field(default_factory=list)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.real, name)

    def force_flush(self, timeout_millis: int = 30_000) -> Any:
        self.timeouts.append(timeout_millis)
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


@pytest.mark.parametrize("answer, done", [(True, True), (None, True), (False, False), (RuntimeError("shut"), False)])
def test_flush_is_for_spans_metrics_and_logs(answer: Any, done: bool, simulator: Simulator) -> None:
    from opentelemetry._logs import get_logger_provider

    recorder = Recorder()
    flushed = {
        "tracer_provider": Flushed(recorder.tracer_provider),
        "meter_provider": Flushed(recorder.meter_provider, answer),
        "logger_provider": Flushed(get_logger_provider()),
    }
    with instrumented(recorder, **flushed):
        chat(simulator)
        assert genscope.flush(timeout=2) is done
    assert [provider.timeouts for provider in flushed.values()] == [[2000]] * 3


def test_flush_waits_for_streams_that_were_dropped(batched: Batched, simulator: Simulator) -> None:
    """Their spans end in a thread of its own, which is held here until the flush has begun."""
    begun, may_end = Event(), Event()

    def hold() -> None:
        begun.set()
        may_end.wait()

    with instrumented(batched.recorder), client(simulator) as at:
        holder = Thread(target=aside.run, args=(hold,))
        holder.start()
        begun.wait()
        stream = at.chat.completions.create(**HELLO, stream=True)
        next(iter(stream))
        stream.close()
        assert batched.recorder.ended == []
        assert genscope.flush(timeout=0.05) is False
        may_end.set()
        holder.join()
        assert genscope.flush() is True
        assert len(batched.exporter.exported) == 1


def test_flush_without_threads(batched: Batched, simulator: Simulator, monkeypatch: pytest.MonkeyPatch) -> None:
    """An exit handler of Python 3.13 can start none."""

    def refuse(self: Thread) -> None:
        raise RuntimeError("can't create new thread at interpreter shutdown")

    with instrumented(batched.recorder):
        chat(simulator)
        with monkeypatch.context() as patched:
            patched.setattr(Thread, "start", refuse)
            assert genscope.flush() is True
    assert len(batched.exporter.exported) == 1


# --- OTEL_SDK_DISABLED


@pytest.mark.parametrize("stream", [False, True])
def test_disabled(stream: bool, simulator: Simulator, monkeypatch: pytest.MonkeyPatch) -> None:
    recorder = Recorder()  # made before: with the variable set it would be without effect of its own accord
    monkeypatch.setenv("OTEL_SDK_DISABLED", "TRUE")
    journal, hooks = Journal(), Hooks()
    options = {"capture_message_content": "SPAN_AND_EVENT", "legacy_names": True, "exception_signal": "logs/dup"}
    with instrumented(recorder, stages=[journal], **hooks.options, **options):
        chat(simulator, stream=stream)
        with pytest.raises(openai.APIError):
            chat(simulator, "context_length")
        with pytest.raises(ZeroDivisionError), genscope.workflow("w"), genscope.tool("t"):
            raise ZeroDivisionError
    assert recorder.started == []
    assert recorder.metrics() == []
    assert [op.model for op in journal.ended] == ["gpt-4o-mini"] * 2
    assert len(hooks.of("response")) == 2


def test_disabled_and_nobody_there(monkeypatch: pytest.MonkeyPatch) -> None:
    """Then calls pass unread."""
    recorder = Recorder()
    providers = Providers(recorder.tracer_provider, recorder.meter_provider)
    assert not assemble(providers, (), Settings()).idle()
    monkeypatch.setenv("OTEL_SDK_DISABLED", "true")
    assert assemble(providers, (), Settings()).idle()
    assert not assemble(providers, (Journal(),), Settings()).idle()


# --- span limits

EVERYTHING: dict[str, Any] = {
    **dict.fromkeys(("temperature", "top_p", "frequency_penalty", "presence_penalty"), 0.5),
    **dict.fromkeys(("seed", "n", "max_tokens"), 2),
    "stop": ["."],
    "response_format": {"type": "json_object"},
    "stream_options": {"include_usage": True},
    "tools": [{"type": "function", "function": {"name": "f", "parameters": {}}}],
    "extra_body": {"top_k": 3, "service_tier": "flex", "reasoning_effort": "low"},
}
CORE = {
    *("gen_ai.operation.name", "gen_ai.provider.name", "gen_ai.request.model", "gen_ai.response.model"),
    *("gen_ai.usage.input_tokens", "gen_ai.usage.output_tokens", "gen_ai.response.finish_reasons"),
}
FAILED = {"error.type", "genscope.error.kind"}


class Exhaustive:
    """Lets an answer say all that one can say, and fail at its end."""

    def __init__(self, fails: bool) -> None:
        self._fails = fails

    def start(self, op: Operation) -> None: ...

    def chunk(self, op: Operation, chunk: Any, gap: float | None) -> None:
        """Where a stage may still change the record."""

    def end(self, op: Operation) -> None:
        from genscope.core.errors import classify
        from genscope.core.operation import Attempt

        assert op.usage is not None
        parts = ("cache_read", "cache_write", "text", "image", "audio")
        vars(op.usage).update({f"{part}_input_tokens": 1 for part in parts})
        vars(op.usage).update({f"{part}_output_tokens": 1 for part in ("reasoning", "text", "image", "audio")})
        op.attempts = [Attempt("rate_limit", 429, 0.1)]
        op.first_reasoning_token = op.first_chunk
        op.response["status"] = "incomplete"
        if self._fails:
            op.failure = classify(TimeoutError("late"))
            op.failure.status, op.failure.request_id = 504, "req_1"


def full_span(simulator: Simulator, fails: bool, recorder: Recorder, **options: Any) -> ReadableSpan:
    with instrumented(
        recorder, stages=[Exhaustive(fails)], capture_message_content="SPAN_ONLY", legacy_names=True, **options
    ):
        chat(simulator, stream=True, **EVERYTHING)
    return recorder.span()


@pytest.mark.parametrize("fails", [False, True], ids=["completed", "failed"])
def test_a_span_with_few_attributes_keeps_the_core(fails: bool, simulator: Simulator) -> None:
    span = full_span(simulator, fails, Recorder(span_limits=SpanLimits(max_span_attributes=32)))
    assert span.dropped_attributes > 0  # else this would tell nothing
    assert len(span.attributes or {}) == 32
    assert (CORE | (FAILED if fails else set())) - (span.attributes or {}).keys() == set()


def test_the_usual_limit_drops_nothing(simulator: Simulator) -> None:
    span = full_span(simulator, True, Recorder())
    assert span.dropped_attributes == 0
    assert CORE | FAILED | {"gen_ai.input.messages", "gen_ai.tool.definitions"} <= (span.attributes or {}).keys()


# --- instrumenting again


def test_the_same_again_is_nothing(simulator: Simulator, caplog: pytest.LogCaptureFixture) -> None:
    with instrumented(stream_usage=True) as recorder:
        before = OpenAIInstrumentor().attachment
        genscope.instrument()
        genscope.instrument(stream_usage=True, only="openai")
        assert OpenAIInstrumentor().attachment is before
        chat(simulator)
    recorder.span()
    assert [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING] == []


def test_another_setting_applies_and_the_rest_is_kept(simulator: Simulator) -> None:
    journal = Journal()
    with instrumented(stages=[journal], providers={"127.0.0.1": "acme"}) as recorder:
        chat(simulator)
        genscope.instrument(capture_message_content="SPAN_ONLY")
        chat(simulator)
        genscope.instrument(max_content_bytes=5)
        resolution = OpenAIInstrumentor().resolution
        assert resolution is not None
        assert resolution.settings.content_on_spans
    first, second = recorder.spans()
    assert "gen_ai.input.messages" not in (first.attributes or {})
    assert "gen_ai.input.messages" in (second.attributes or {})
    assert {(span.attributes or {})["gen_ai.provider.name"] for span in (first, second)} == {"acme"}
    assert len(journal.ended) == 2


def test_stages_apply_to_what_is_instrumented_already(simulator: Simulator) -> None:
    """As under `opentelemetry-instrument`, which has done so before the program can say anything."""
    journal = Journal()
    with instrumented() as recorder:
        for _ in range(2):
            genscope.instrument(stages=[journal])
        chat(simulator)
    recorder.span()
    assert len(journal.ended) == 1


def test_an_unknown_setting_leaves_things_as_they_are(simulator: Simulator) -> None:
    with instrumented() as recorder:
        with pytest.raises(TypeError, match="nonsense"):
            genscope.instrument(nonsense=1)
        chat(simulator)
    recorder.span()


def test_a_declarative_file_stands_below_later_arguments(simulator: Simulator) -> None:
    with instrumented(configuration={"capture_message_content": "SPAN_ONLY", "max_content_bytes": 50}):
        genscope.instrument(capture_message_content="NO_CONTENT")
        resolution = OpenAIInstrumentor().resolution
    assert resolution is not None
    assert (resolution.settings.capture_message_content, resolution.settings.max_content_bytes) == ("NO_CONTENT", 50)


# --- a declarative file, read by OpenTelemetry in a process of its own

PROGRAM = """
import json, sys
import openai
import genscope
from genscope.instrumentors import OpenAIInstrumentor
from opentelemetry import trace

if sys.argv[1:]:
    genscope.instrument(**json.loads(sys.argv[1]))
resolution = OpenAIInstrumentor().resolution
print(json.dumps({name: origin for name, origin in resolution.origins.items() if origin != "default"}))
print(resolution.settings.capture_message_content, resolution.settings.max_content_bytes)
sys.stdout.flush()
with trace.get_tracer("app").start_as_current_span("app"):
    openai.OpenAI(api_key="k").chat.completions.create(
        model="gpt-4o-mini", messages=[{"role": "user", "content": "Hello"}]
    )
"""
FILE = """
file_format: "1.0"
tracer_provider:
  processors:
    - simple:
        exporter:
          console:
instrumentation/development:
  python:
    genscope_openai:
      capture_message_content: SPAN_ONLY
      max_content_bytes: 1000
      nonsense: 1
"""


@pytest.mark.skipif(find_spec("opentelemetry.configuration") is None, reason="opentelemetry-configuration is not there")
@pytest.mark.parametrize(
    "arguments, captured",
    [({}, "SPAN_ONLY"), ({"capture_message_content": "NO_CONTENT"}, "NO_CONTENT")],
    ids=["file", "argument over file"],
)
def test_a_declarative_file(arguments: dict[str, Any], captured: str, simulator: Simulator, tmp_path: Path) -> None:
    (tmp_path / "otel.yaml").write_text(FILE)
    (tmp_path / "app.py").write_text(PROGRAM)
    drop = ("OTEL_", "GENSCOPE_", "OPENAI_", "PYTHONPATH")
    environ = {name: value for name, value in os.environ.items() if not name.startswith(drop)} | {
        "OTEL_CONFIG_FILE": str(tmp_path / "otel.yaml"),
        "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT": "EVENT_ONLY",
        "GENSCOPE_TOOL_SCHEMAS": "true",
        "OPENAI_BASE_URL": simulator.base_url(),
        "no_proxy": "127.0.0.1",
    }
    done = subprocess.run(
        [
            *(str(Path(sys.executable).parent / "opentelemetry-instrument"), sys.executable, str(tmp_path / "app.py")),
            *([json.dumps(arguments)] if arguments else []),
        ],
        env=environ,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    origins, settings, *spans = done.stdout.splitlines()
    assert json.loads(origins) == {
        "capture_message_content": "argument" if arguments else "file",
        "max_content_bytes": "file",
        "tool_schemas": "GENSCOPE_TOOL_SCHEMAS",
    }
    assert settings == f"{captured} 1000"
    assert "the file's nonsense is ignored: there is no such setting" in done.stderr
    assert "Traceback" not in done.stderr
    printed = "\n".join(spans)
    assert printed.count('"name": "chat gpt-4o-mini"') == 1
    assert ("gen_ai.input.messages" in printed) is (captured == "SPAN_ONLY")
