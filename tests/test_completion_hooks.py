"""Completion hooks: who gets what was said, in which shape, and what a hook cannot do to a call."""

from __future__ import annotations

import gc
import json
import logging
import os
import threading
from collections.abc import Callable, Iterator
from dataclasses import asdict, is_dataclass
from pathlib import Path
from time import monotonic
from types import SimpleNamespace
from typing import Any

import pytest
from contract.cases import OPENAI
from contract.recorder import Recorder, instrumented
from contract.vocabulary import MODES, Mode
from conversations import CANARY, FUNCTION, INPUT, INSTRUCTIONS, OUTPUT, TALKS, TOOLS, attributes_of, tell
from opentelemetry import trace
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF
from wire.spoken import CYCLE, DEEP, text

import genscope
from genscope.core import messages as parts
from genscope.core.messages import Content
from genscope.core.operation import Operation
from genscope.features.completion_hooks import guard, loading
from genscope.features.completion_hooks.shapes import completion_of, values_of
from genscope.features.completion_hooks.stage import CompletionHook
from genscope.local.simulator import Simulator

SETTING = "OTEL_INSTRUMENTATION_GENAI_COMPLETION_HOOK"
NAMES = {"inputs": INPUT, "outputs": OUTPUT, "system_instruction": INSTRUCTIONS, "tool_definitions": TOOLS}


class Hook:
    """Keeps what it gets."""

    def __init__(self, does: Callable[[SimpleNamespace], None] | None = None) -> None:
        self.calls: list[SimpleNamespace] = []
        self._does = does

    def on_completion(
        self,
        *,
        inputs: list[Any],
        outputs: list[Any],
        system_instruction: list[Any],
        tool_definitions: list[Any] | None = None,
        span: Any = None,
        log_record: Any = None,
    ) -> None:
        got = SimpleNamespace(**{name: value for name, value in locals().items() if name != "self"})
        self.calls.append(got)
        if self._does is not None:
            self._does(got)

    @property
    def said(self) -> dict[str, Any]:
        """What it got in its one call, by the attributes of telemetry."""
        (got,) = self.calls
        return {name: plain(getattr(got, field)) for field, name in NAMES.items() if getattr(got, field)}

    def everything(self) -> str:
        return repr([[getattr(got, field) for field in NAMES] for got in self.calls])


def plain(found: Any) -> Any:
    """Without what is None, and without what the dataclasses have no field for."""
    if is_dataclass(found) and not isinstance(found, type):
        return plain(asdict(found))
    if isinstance(found, dict):
        return {name: plain(value) for name, value in found.items() if value is not None and name != "size"}
    return [plain(one) for one in found] if isinstance(found, list) else found


def expected(content: dict[str, Any]) -> dict[str, Any]:
    said = {name: _numbered(plain(value)) for name, value in content.items()}
    return said | ({TOOLS: [{"type": "function", **FUNCTION}]} if TOOLS in said else {})


def _numbered(value: Any) -> Any:
    if isinstance(value, list):
        return [_numbered(one) for one in value]
    if isinstance(value, dict):
        return {name: _numbered(one) for name, one in value.items()}
    return "call_N" if isinstance(value, str) and value.startswith("call_") else value


@pytest.fixture(autouse=True)
def _no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.startswith(("OTEL_", "GENSCOPE_", "OPENAI_")):
            monkeypatch.delenv(name)


@pytest.fixture(autouse=True)
def _patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A busy machine is not a slow hook."""
    monkeypatch.setattr(guard, "_MOMENT", 30.0)


def complaints(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [one.getMessage() for one in caplog.records if one.name == "genscope" and one.levelno >= logging.WARNING]


# --- who gets what


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("shape", ["plain", "stream"])
@pytest.mark.parametrize("name", ["chat", "choices", "tools", "tool_result", "responses", "completions"])
def test_a_hook_gets_what_was_said(name: str, shape: str, mode: Mode, simulator: Simulator) -> None:
    hook = Hook()
    told = tell(TALKS[name], simulator, shape, mode, completion_hook=hook)
    assert _numbered(hook.said) == expected(dict(TALKS[name].content))
    assert CANARY not in told.everything()  # that is not to ask for it elsewhere
    (got,) = hook.calls
    context, span = got.span.get_span_context(), told.recorder.span().context
    assert span is not None
    assert (context.trace_id, context.span_id) == (span.trace_id, span.span_id)
    assert got.log_record is None


ENDS = [
    ("plain", "bad_request", None),
    ("stream", "bad_request", None),
    ("stream", "error_midway", "Paris is"),
    ("stream", "cut_midway", "Paris is"),
    ("stream", "closed", "Paris"),
    ("stream", "dropped", "Paris"),
]


@pytest.mark.parametrize("sampled", [True, False], ids=["sampled", "unsampled"])
@pytest.mark.parametrize("shape, outcome, came", ENDS)
def test_a_call_that_ends_early(
    shape: str, outcome: str, came: str | None, sampled: bool, simulator: Simulator
) -> None:
    hook = Hook()
    recorder = Recorder() if sampled else Recorder(sampler=ALWAYS_OFF)
    tell(TALKS["chat"], simulator, shape, outcome=outcome, completion_hook=hook, recorder=recorder)
    if not sampled and outcome == "dropped":
        gc.collect()
    said = hook.said
    outputs = said.pop(OUTPUT, None)
    assert said == expected(TALKS["chat"].asked)
    assert (None if outputs is None else outputs[0]["parts"]) == (None if came is None else [text(came)])


def test_sampling_does_not_matter(simulator: Simulator) -> None:
    hook = Hook()
    tell(TALKS["tools"], simulator, completion_hook=hook, recorder=Recorder(sampler=ALWAYS_OFF))
    assert _numbered(hook.said) == expected(dict(TALKS["tools"].content))
    assert not hook.calls[0].span.is_recording()


def test_a_call_without_words_is_none_of_its_business(simulator: Simulator) -> None:
    hook = Hook()
    tell(TALKS["fetch_response"], simulator, outcome="bad_request", completion_hook=hook)
    assert hook.calls == []


def test_where_opentelemetry_is_off_so_is_the_hook(simulator: Simulator, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_SDK_DISABLED", "true")
    hook = Hook()
    with instrumented(OPENAI, completion_hook=hook):
        _call(simulator)
    assert hook.calls == []


def test_suppressed_calls_are_not_handed_on(simulator: Simulator) -> None:
    hook = Hook()
    with instrumented(OPENAI, completion_hook=hook), genscope.suppress():
        _call(simulator)
    assert hook.calls == []


@pytest.mark.parametrize(
    "shape, outcome", [("plain", "ok"), ("stream", "ok"), ("stream", "closed"), ("plain", "bad_request")]
)
def test_it_sees_what_redaction_lets_through(shape: str, outcome: str, simulator: Simulator) -> None:
    hook = Hook()
    patterns = {"CANARY": r"canary-[\w-]+"}
    for name in ("chat", "tools", "responses", "tool_result"):
        tell(TALKS[name], simulator, shape, outcome=outcome, completion_hook=hook, redaction_patterns=patterns)
    assert len(hook.calls) == 4
    assert "[CANARY]" in hook.everything()
    assert "canary" not in hook.everything()


def test_it_sees_what_screens_let_through(simulator: Simulator) -> None:
    class Screen:
        def start(self, op: Operation) -> None: ...

        def end(self, op: Operation) -> None: ...

        def screen(self, value: Any, field: str) -> Any:
            return value if field == "output" else None

    hook = Hook()
    tell(TALKS["responses"], simulator, completion_hook=hook, stages=[Screen()])
    assert hook.said.keys() == {OUTPUT}


# --- what it may do


def test_it_may_add_to_span_and_event(simulator: Simulator) -> None:
    def refer(got: SimpleNamespace) -> None:
        got.span.set_attribute("app.stored", "span")
        assert got.log_record.attributes["gen_ai.request.model"] == "gpt-4o"
        got.log_record.attributes = {**got.log_record.attributes, "app.stored": "event"}

    told = tell(TALKS["chat"], simulator, completion_hook=Hook(refer), emit_event=True)
    assert told.attributes.pop("app.stored") == "span"
    attributes = attributes_of(told.logbook.records[0])
    assert attributes.pop("app.stored") == "event"
    assert attributes == {name: value for name, value in told.attributes.items() if name != "app.stored"}


def test_what_it_changes_is_what_telemetry_says(simulator: Simulator) -> None:
    """So the conventions want it. What the application has is not changed."""

    def change(got: SimpleNamespace) -> None:
        got.inputs[-1].parts[0].content = "changed"
        got.outputs[0].parts[0].arguments["city"] = "Rome"
        del got.outputs[0].parts[1:]
        if got.tool_definitions:
            got.tool_definitions[0].parameters.clear()

    talk = TALKS["tools"]
    before = repr(talk.arguments)
    told = tell(talk, simulator, completion_hook=Hook(change), capture_message_content="SPAN_ONLY", tool_schemas=True)
    assert repr(talk.arguments) == before
    assert told.attributes[INPUT] == '[{"role":"user","parts":[{"type":"text","content":"changed"}]}]'
    assert '"Rome"' in told.attributes[OUTPUT]
    assert '"London"' not in told.attributes[OUTPUT]
    assert '"parameters":{}' in told.attributes[TOOLS]


def test_what_it_puts_in_is_redacted(simulator: Simulator) -> None:
    def leak(got: SimpleNamespace) -> None:
        got.inputs[0].parts[0].content = "canary-1"

    options = {"capture_message_content": "SPAN_ONLY", "redaction_patterns": {"CANARY": r"canary-\d"}}
    told = tell(TALKS["tools"], simulator, completion_hook=Hook(leak), **options)
    assert "[CANARY]" in told.attributes[INPUT]


@pytest.mark.parametrize("outcome", ["ok", "bad_request"])
def test_what_it_raises_stays_here(outcome: str, simulator: Simulator, caplog: pytest.LogCaptureFixture) -> None:
    def fail(got: SimpleNamespace) -> None:
        raise RuntimeError(CANARY)

    with instrumented(OPENAI, completion_hook=Hook(fail), raise_faults=False) as recorder:
        for _ in range(3):
            _call(simulator, "ok" if outcome == "ok" else "bad_request")
    assert len(recorder.spans()) == 3
    assert complaints(caplog) == ["genscope: CompletionHook.end failed (RuntimeError); the call is not affected"]


@pytest.mark.parametrize("error", [SystemExit, KeyboardInterrupt], ids=lambda error: error.__name__)
def test_it_cannot_end_the_program(error: type[BaseException], simulator: Simulator) -> None:
    def leave(got: SimpleNamespace) -> None:
        raise error

    with instrumented(OPENAI, completion_hook=Hook(leave)) as recorder:
        _call(simulator)
    assert recorder.span().status.is_unset


def test_its_own_calls_are_not_handed_to_it(simulator: Simulator) -> None:
    hook = Hook(lambda got: _call(simulator))
    with instrumented(OPENAI, completion_hook=hook) as recorder:
        _call(simulator)
    assert len(hook.calls) == 1
    assert len(recorder.spans()) == 2


def test_it_is_called_in_the_context_of_the_call(simulator: Simulator) -> None:
    seen: list[Any] = []
    recorder = Recorder()
    with instrumented(OPENAI, recorder, completion_hook=Hook(lambda got: seen.append(trace.get_current_span()))):
        with recorder.tracer.start_as_current_span("caller") as caller:
            _call(simulator)
    assert seen == [caller]


# --- a hook that takes its time


@pytest.fixture
def held() -> Iterator[threading.Event]:
    """Hooks that wait for it are let go at the end."""
    event = threading.Event()
    yield event
    event.set()


def test_a_hook_that_blocks_costs_one_moment(
    held: threading.Event, simulator: Simulator, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(guard, "_MOMENT", 0.01)
    waited: list[float | None] = []
    wait = threading.Event.wait
    monkeypatch.setattr(guard, "Event", _counting(waited))
    hook = Hook(lambda got: wait(held) and None)
    with instrumented(OPENAI, completion_hook=hook) as recorder:
        for _ in range(3):
            _call(simulator)
        assert len(recorder.spans()) == 3
        assert waited == [0.01]
        assert not genscope.flush(0.01)
        held.set()
        assert genscope.flush(30)
    assert len(hook.calls) == 3
    assert complaints(caplog) == []


def _counting(waited: list[float | None]) -> type[threading.Event]:
    class Counting(threading.Event):
        def wait(self, timeout: float | None = None) -> bool:
            waited.append(timeout)
            return super().wait(timeout)

    return Counting


def test_a_hook_that_is_quick_again_is_waited_for_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guard, "_MOMENT", 0.0)
    go, hook = threading.Event(), Hook(lambda got: go.wait(30) and None)
    guarded = guard.Guarded(hook)
    assert not guarded.on_completion(**_nothing())
    go.set()
    assert guarded.flush(30)
    monkeypatch.setattr(guard, "_MOMENT", 30.0)
    assert not guarded.on_completion(**_nothing())  # not yet: it has to show that it is
    assert guarded.flush(30)
    assert guarded.on_completion(**_nothing())


def test_ten_thousand_calls_with_a_hook_that_never_comes_back(
    held: threading.Event, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(guard, "_MOMENT", 0.01)
    hook = Hook(lambda got: held.wait() and None)
    stage = CompletionHook(hook, quick=False, events=False, shared=False)
    began = monotonic()
    for _ in range(10_000):
        stage.end(_operation(Content(input=[parts.message("user", [parts.text("x" * 100)])])))
    assert monotonic() - began < 30  # 10,000 moments would be 100 s
    assert not stage.flush(0.0)
    held.set()
    assert stage.flush(30)
    assert len(hook.calls) <= 1 + guard._WAITING
    (complaint,) = complaints(caplog)
    assert complaint == "genscope: the completion hook Hook is too slow; calls that it has missed: 1"


def test_a_late_failure_is_said(
    held: threading.Event, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(got: SimpleNamespace) -> None:
        held.wait()
        raise RuntimeError(CANARY)

    monkeypatch.setattr(guard, "_MOMENT", 0.0)
    guarded = guard.Guarded(Hook(fail))
    assert not guarded.on_completion(**_nothing())
    held.set()
    assert guarded.flush(30)
    (complaint,) = complaints(caplog)
    assert complaint == "genscope: the completion hook Hook failed when its call was over (RuntimeError); times: 1"


def test_its_own_flush_is_called(simulator: Simulator) -> None:
    asked: list[float] = []

    class Keeping(Hook):
        def flush(self, timeout: float) -> bool:
            asked.append(timeout)
            return len(asked) > 1

    with instrumented(OPENAI, completion_hook=Keeping()):
        assert [genscope.flush(30), genscope.flush(30)] == [False, True]
    assert all(20 < one <= 30 for one in asked)


def _nothing() -> dict[str, Any]:
    return {"inputs": [], "outputs": [], "system_instruction": []}


# --- beside others


def _operation(content: Content | None, neighbour: str | None = None) -> Operation:
    op = Operation("chat", "openai", None, None, False)
    op.content, op.neighbour, op.span = content, neighbour, trace.INVALID_SPAN
    return op


@pytest.mark.parametrize(
    "neighbour, calls_it", [("opentelemetry.instrumentation.genai.openai", True), ("openinference", False)]
)
@pytest.mark.parametrize("shared", [True, False])
def test_a_neighbour_that_calls_the_same_hook(neighbour: str, calls_it: bool, shared: bool) -> None:
    hook = Hook()
    stage = CompletionHook(hook, quick=True, events=False, shared=shared)
    stage.end(_operation(Content(input=[parts.message("user", [parts.text("x")])]), neighbour))
    assert len(hook.calls) == (0 if calls_it and shared else 1)


# --- every shape

SHAPES: dict[str, tuple[Any, Any]] = {
    "text": (parts.text("x"), text("x")),
    "reasoning": (parts.reasoning("x"), {"type": "reasoning", "content": "x"}),
    "compaction": (parts.compaction("c1"), {"type": "compaction", "id": "c1"}),
    "tool_call": (
        parts.tool_call("f", None, {"a": [1, None]}),
        {"type": "tool_call", "name": "f", "arguments": {"a": [1, None]}},
    ),
    "tool_call_response": (
        parts.tool_call_response("c1", None),
        {"type": "tool_call_response", "id": "c1", "response": None},
    ),
    "server_tool_call": (
        parts.server_tool_call("web", "s1", {"type": "web_search", "query": "q"}),
        {
            "type": "server_tool_call",
            "id": "s1",
            "name": "web",
            "server_tool_call": {"type": "web_search", "query": "q"},
        },
    ),
    "server_tool_call_response": (
        parts.server_tool_call_response(None, {"type": "web_search"}),
        {"type": "server_tool_call_response", "server_tool_call_response": {"type": "web_search"}},
    ),
    "uri": (
        parts.uri("https://x.test/a.png", "image/png"),
        {"type": "uri", "mime_type": "image/png", "modality": "image", "uri": "https://x.test/a.png"},
    ),
    "embedded": (
        parts.embedded(b"RIFF", "audio/wav"),
        {
            "type": "uri",
            "mime_type": "audio/wav",
            "modality": "audio",
            "uri": "ni:///sha-256;w1hn3FtHH88oxcyS5Gjj2VNUjY9uaOV2jFQY3tJyFVM",
        },
    ),
    "file": (parts.file("f1"), {"type": "file", "modality": "document", "file_id": "f1"}),
    "other": (parts.other("computer_call", "id1"), {"type": "computer_call"}),
    "other that claims to be text": (parts.other("text"), {"type": "generic"}),
    "of a stage's own": ({"type": "mine", "content": "x"}, {"type": "mine"}),
    "no part at all": ("x", text("x")),
}


@pytest.mark.parametrize("name", SHAPES)
def test_every_part_has_its_class(name: str) -> None:
    part, seen = SHAPES[name]
    said = completion_of(
        Content([part], [{"role": "user", "parts": (part,)}], [{"role": "assistant", "parts": [part]}])
    )
    found = [said.system_instruction[0], said.inputs[0].parts[0], said.outputs[0].parts[0]]
    assert all(is_dataclass(one) for one in found)
    values = values_of(found)
    if name == "embedded":
        for value in values:
            assert value.pop("uri").startswith("ni:///sha-256;")
        seen = {key: value for key, value in seen.items() if key != "uri"}
    assert values == [seen] * 3


def test_messages_and_tools_have_theirs() -> None:
    tools = [{"type": "function", "name": "f", "strict": True}, {"type": "web_search", "size": 1}, {}]
    said = completion_of(Content(None, [parts.message("user", [], name="Ann")], [{"parts": None}], tools))
    assert values_of(said.inputs) == [{"role": "user", "parts": [], "name": "Ann"}]
    assert values_of(said.outputs) == [{"role": "assistant", "parts": []}]
    assert [type(one).__name__ for one in said.tool_definitions] == [
        "FunctionToolDefinition", "GenericToolDefinition", "FunctionToolDefinition",
    ]  # fmt: skip
    assert values_of(said.tool_definitions)[:2] == [
        {"type": "function", "name": "f"},
        {"type": "web_search", "name": "web_search"},
    ]


class Text(str):
    """Not quite a text."""


ODD = [CYCLE, DEEP, object(), b"bytes", float("nan"), {1: {2}}, "\ud800", Text("x"), 10**400, (1, 2), lambda: 1]


@pytest.mark.parametrize("odd", ODD, ids=lambda odd: type(odd).__name__)
def test_odd_values_come_as_plain_ones(odd: Any) -> None:
    content = Content(
        [{"type": "text", "content": odd}, odd],
        [odd, {"role": odd, "parts": odd, "name": odd}, parts.message("user", [odd, parts.tool_call("f", "c", odd)])],
        odd,
        [odd, {"type": odd, "name": odd, "parameters": odd}],
    )
    said = completion_of(content)
    found = [*said.inputs, *said.outputs, *said.system_instruction, *said.tool_definitions]
    json.dumps([asdict(one) for one in found], allow_nan=False, ensure_ascii=False).encode()


def test_nothing_is_shared_with_the_application() -> None:
    arguments = {"a": [1]}
    (message,) = completion_of(Content(input=[parts.message("user", [parts.tool_call("f", None, arguments)])])).inputs
    message.parts[0].arguments["a"].append(2)
    assert arguments == {"a": [1]}


# --- by name


@pytest.fixture
def packages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Installs entry points."""

    def install(**entries: str) -> None:
        info = tmp_path / "others-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text("Metadata-Version: 2.1\nName: others\nVersion: 1.0\n")
        lines = [f"{name} = {target}\n" for name, target in entries.items()]
        (info / "entry_points.txt").write_text(f"[{loading._GROUP}]\n{''.join(lines)}")
        monkeypatch.syspath_prepend(tmp_path)

    return install


MADE: list[Hook] = []


def make() -> Hook:
    MADE.append(Hook())
    return MADE[-1]


def fail() -> Hook:
    raise RuntimeError(CANARY)


class Asynchronous:
    async def on_completion(self, **said: Any) -> None: ...


HERE = "test_completion_hooks"


def test_a_hook_has_a_name_and_is_made_once(
    packages: Callable[..., None], simulator: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    packages(mine=f"{HERE}:make", other="nowhere:nothing")
    MADE.clear()
    monkeypatch.setenv(SETTING, "mine")
    for options in ({}, {"emit_event": True}):
        genscope.instrument(only=["openai", "anthropic"], **options)
        genscope.uninstrument()
    with instrumented(OPENAI):
        _call(simulator)
    (hook,) = MADE
    assert len(hook.calls) == 1


@pytest.mark.parametrize(
    "name, target, why",
    [
        ("broken", f"{HERE}:fail", f"{HERE}:fail cannot be loaded (RuntimeError)"),
        ("absent", "nowhere:nothing", "nowhere:nothing cannot be loaded (ModuleNotFoundError)"),
        (
            "other",
            "builtins:object",
            "what builtins:object makes has no method on_completion that can be called just so",
        ),
        (
            "later",
            f"{HERE}:Asynchronous",
            f"what {HERE}:Asynchronous makes has no method on_completion that can be called just so",
        ),
    ],
)
def test_a_hook_that_is_none(
    name: str,
    target: str,
    why: str,
    packages: Callable[..., None],
    simulator: Simulator,
    caplog: pytest.LogCaptureFixture,
) -> None:
    packages(**{name: target})
    with instrumented(OPENAI, completion_hook=name) as recorder:
        genscope.instrument(only="anthropic", completion_hook=name)
        _call(simulator)
    genscope.uninstrument()
    recorder.span()
    assert complaints(caplog) == [f"genscope: {SETTING} (completion_hook) = {name!r} is ignored: {why}"]


def test_a_name_that_nobody_has(packages: Callable[..., None], caplog: pytest.LogCaptureFixture) -> None:
    packages(mine=f"{HERE}:make")
    with instrumented(OPENAI, completion_hook="uplaod"):
        pass
    (complaint,) = complaints(caplog)
    assert complaint.startswith(f"genscope: {SETTING} (completion_hook) = 'uplaod' is ignored: ")
    assert "accepted: genscope_upload, mine, upload, " in complaint


def test_an_object_that_cannot_be_called_just_so(caplog: pytest.LogCaptureFixture) -> None:
    with instrumented(OPENAI, completion_hook=Asynchronous()):
        pass
    (complaint,) = complaints(caplog)
    assert complaint.startswith(f"genscope: {SETTING} (completion_hook) = a Asynchronous is ignored: ")


def _call(simulator: Simulator, scenario: str = "ok") -> None:
    http = OPENAI.http_client("sync")
    client = OPENAI.client("sync", simulator.base_url(scenario), http)
    try:
        client.chat.completions.create(model="gpt-4o", messages=[{"role": "user", "content": "hi"}])
    except Exception as error:
        if scenario == "ok" or type(error).__name__ != "BadRequestError":
            raise
    finally:
        http.close()
