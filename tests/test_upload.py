"""Our own completion hook: what was said is stored elsewhere, telemetry says where, and no store harms a call."""

from __future__ import annotations

import json
import logging
import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from typing import Any, ClassVar

import fsspec
import pytest
from contract.cases import OPENAI
from contract.recorder import Recorder, instrumented
from conversations import CANARY, FUNCTION, REPLY, TALKS, attributes_of, tell
from fsspec.implementations.memory import MemoryFileSystem
from fsspec.registry import known_implementations
from opentelemetry import trace
from opentelemetry.instrumentation.utils import is_instrumentation_enabled
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF
from wire.spoken import text

import genscope
from genscope.core import background
from genscope.features.completion_hooks import loading, upload
from genscope.features.completion_hooks.messages import InputMessage, TextPart
from genscope.features.completion_hooks.upload import Upload
from genscope.local.simulator import Simulator

HOOK = "OTEL_INSTRUMENTATION_GENAI_COMPLETION_HOOK"
INPUT, OUTPUT = "gen_ai.input.messages_ref", "gen_ai.output.messages_ref"
INSTRUCTIONS, TOOLS = "gen_ai.system_instructions_ref", "gen_ai.tool.definitions_ref"
REFERENCES = (INPUT, OUTPUT, INSTRUCTIONS, TOOLS)


@pytest.fixture(autouse=True)
def _no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.startswith(("OTEL_", "GENSCOPE_", "OPENAI_")):
            monkeypatch.delenv(name)


@pytest.fixture(autouse=True)
def _empty() -> Iterator[None]:
    MemoryFileSystem.store.clear()
    yield
    MemoryFileSystem.store.clear()


class Held(MemoryFileSystem):
    """A store that does not answer until it is let go, or that refuses."""

    protocol = "held"
    go = threading.Event()
    refuses: Exception | None = None
    begun: ClassVar[list[str]] = []
    traced: ClassVar[list[bool]] = []

    def pipe_file(self, path: str, value: bytes, **options: Any) -> None:
        self.begun.append(path)
        self.traced.append(is_instrumentation_enabled() or trace.get_current_span() is not trace.INVALID_SPAN)
        self.go.wait(30)
        if self.refuses is not None:
            raise self.refuses
        super().pipe_file(path, value, **options)

    @classmethod
    def _strip_protocol(cls, path: str) -> str:
        return MemoryFileSystem._strip_protocol(path.replace("held://", "memory://"))


@pytest.fixture
def held() -> Iterator[type[Held]]:
    fsspec.register_implementation("held", Held, clobber=True)
    Held.go, Held.refuses, Held.begun, Held.traced = threading.Event(), None, [], []
    yield Held
    Held.go.set()
    background.finish(30)


def complaints(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [one.getMessage() for one in caplog.records if one.name == "genscope" and one.levelno >= logging.WARNING]


def stored(reference: str) -> Any:
    with fsspec.open(reference, "r", encoding="utf-8") as file:
        found = file.read()
    if reference.endswith(".jsonl"):
        return [json.loads(line) for line in found.splitlines()]
    return json.loads(found)


def references(attributes: dict[str, Any]) -> dict[str, str]:
    return {name: attributes[name] for name in REFERENCES if name in attributes}


def bases(tmp_path: Path) -> dict[str, str]:
    return {
        "memory": "memory://kept",
        "file": f"file://{tmp_path}/not/yet/there",
        "path": str(tmp_path / "prompts with ünïcödé"),
    }


# --- what is stored, and where


@pytest.mark.parametrize("format", upload.FORMATS)
@pytest.mark.parametrize("place", ["memory", "file", "path"])
def test_references_lead_to_what_was_said(place: str, format: str, tmp_path: Path, simulator: Simulator) -> None:
    hook = Upload(bases(tmp_path)[place], format=format)
    told = tell(TALKS["tools"], simulator, completion_hook=hook, capture_message_content="EVENT_ONLY")
    assert hook.flush(30)
    found = references(told.attributes)
    assert found == references(attributes_of(told.logbook.records[0]))
    assert found.keys() == {INPUT, OUTPUT, TOOLS}
    numbered = [{"index": 0}] if format == "jsonl" else [{}]
    assert stored(found[INPUT]) == [{**numbered[0], "role": "user", "parts": [text(CANARY)]}]
    assert stored(found[TOOLS]) == [{**numbered[0], "type": "function", **FUNCTION}]
    (answer,) = stored(found[OUTPUT])
    assert [part["arguments"] for part in answer["parts"]] == [{"city": "Paris"}, {"city": "London"}]


def test_the_place_tells_which_span(simulator: Simulator) -> None:
    hook = Upload("memory://kept/")
    told = tell(TALKS["chat"], simulator, completion_hook=hook)
    context = told.recorder.span().context
    assert context is not None
    place = rf"memory://kept/\d{{4}}-\d\d-\d\d/{context.trace_id:032x}/{context.span_id:016x}/inputs\.json"
    assert re.fullmatch(place, told.attributes[INPUT])
    assert told.attributes[OUTPUT] == told.attributes[INPUT].replace("inputs", "outputs")


@pytest.mark.parametrize("shape", ["plain", "stream"])
def test_without_capture_only_references_are_told(shape: str, simulator: Simulator) -> None:
    hook = Upload("memory://kept")
    told = tell(TALKS["chat"], simulator, shape, completion_hook=hook)
    assert CANARY not in told.everything()
    assert stored_after(hook, told.attributes[OUTPUT])[0]["parts"] == [text(REPLY)]


def stored_after(hook: Upload, reference: str) -> Any:
    assert hook.flush(30)
    return stored(reference)


ENDS = [
    ("plain", "bad_request", None),
    ("stream", "error_midway", "Paris is"),
    ("stream", "closed", "Paris"),
    ("stream", "dropped", "Paris"),
]


@pytest.mark.parametrize("shape, outcome, came", ENDS)
def test_a_call_that_ends_early(shape: str, outcome: str, came: str | None, simulator: Simulator) -> None:
    hook = Upload("memory://kept")
    told = tell(TALKS["chat"], simulator, shape, outcome=outcome, completion_hook=hook)
    assert stored_after(hook, told.attributes[INPUT])[1]["parts"][0] == text(CANARY)
    if came is None:
        assert OUTPUT not in told.attributes
    else:
        assert stored(told.attributes[OUTPUT])[0]["parts"] == [text(came)]


def test_an_unsampled_call_is_stored_too(simulator: Simulator) -> None:
    hook = Upload("memory://kept")
    tell(TALKS["chat"], simulator, completion_hook=hook, recorder=Recorder(sampler=ALWAYS_OFF))
    assert hook.flush(30)
    assert sorted(path.rpartition("/")[2] for path in MemoryFileSystem.store) == ["inputs.json", "outputs.json"]


def test_calls_that_nobody_traces_do_not_overwrite_each_other() -> None:
    hook = Upload("memory://kept")
    parent = trace.SpanContext(1, 2, is_remote=True)
    for span in (None, trace.INVALID_SPAN, trace.NonRecordingSpan(parent), trace.NonRecordingSpan(parent)):
        hook.on_completion(inputs=[said("x")], span=span)
    assert hook.flush(30)
    assert len(MemoryFileSystem.store) == 4
    assert len([path for path in MemoryFileSystem.store if f"{1:032x}/{2:016x}" in path]) == 2


def test_what_is_the_same_for_many_calls_is_stored_once(simulator: Simulator, held: type[Held]) -> None:
    held.go.set()
    hook = Upload("held://kept")
    found: list[dict[str, str]] = []
    for _ in range(3):
        found.append(references(tell(TALKS["tools"], simulator, completion_hook=hook).attributes))
        assert hook.flush(30)
    assert len({one[TOOLS] for one in found}) == 1
    assert len({one[INPUT] for one in found}) == 3
    assert len(held.begun) == 3 + 3 + 1
    other = Upload("held://kept")  # in another process
    told = tell(TALKS["tools"], simulator, completion_hook=other)
    assert told.attributes[TOOLS] == found[0][TOOLS]


def test_what_is_stored_is_redacted(simulator: Simulator) -> None:
    hook = Upload("memory://kept")
    for name in ("chat", "tools", "tool_result"):
        patterns = {"CANARY": r"canary-[\w-]+"}
        tell(TALKS[name], simulator, completion_hook=hook, redaction_patterns=patterns)
    assert hook.flush(30)
    kept = b"".join(file.getvalue() for file in MemoryFileSystem.store.values())
    assert b"[CANARY]" in kept
    assert b"canary" not in kept


def test_bytes_of_files_are_not_stored() -> None:
    """Not even where another instrumentation hands them over."""

    @dataclass
    class BlobPart:
        mime_type: str | None
        modality: str
        content: bytes
        type: str = "blob"

    hook = Upload("memory://kept")
    hook.on_completion(inputs=[InputMessage("user", [BlobPart("image/png", "image", b"secret bytes")])])
    assert hook.flush(30)
    (file,) = MemoryFileSystem.store.values()
    (part,) = json.loads(file.getvalue())[0]["parts"]
    assert (part["type"], part["size"]) == ("uri", 12)
    assert part["uri"].startswith("ni:///sha-256;")


def test_a_password_is_not_told(held: type[Held]) -> None:
    span = Recorder().tracer.start_span("any")
    held.go.set()
    hook = Upload("held://me:secret@host/kept")
    hook.on_completion(inputs=[said("x")], span=span)
    assert span.attributes[INPUT].startswith("held://me@host/kept/")
    assert hook.flush(30)
    assert "secret" in next(iter(held.store))


def said(words: str) -> InputMessage:
    return InputMessage("user", [TextPart(words)])


@pytest.mark.parametrize(
    "odd", [object(), "x", 1, [1], [None], [object()], ["x"], {"a": 1}, [{"role": "user"}], [b"x"]]
)
@pytest.mark.parametrize("format", upload.FORMATS)
def test_odd_things_are_no_fault(odd: Any, format: str) -> None:
    hook = Upload("memory://kept", format=format)
    hook.on_completion(inputs=odd, outputs=odd, system_instruction=odd, tool_definitions=odd, span=None, new=1)
    hook.on_completion()
    assert hook.flush(30)
    for file in MemoryFileSystem.store.values():
        assert [json.loads(line) for line in file.getvalue().splitlines()]


# --- a store that fails


def test_a_store_that_does_not_answer_costs_neither_time_nor_memory(
    held: type[Held], caplog: pytest.LogCaptureFixture
) -> None:
    recorder, hook = Recorder(), Upload("held://kept", max_queue_size=5)
    began = monotonic()
    for _ in range(10_000):
        with recorder.tracer.start_as_current_span("any") as span:
            hook.on_completion(inputs=[said("x" * 1000)], outputs=[said("y")], span=span)
    assert monotonic() - began < 30
    assert len(hook._queue._tasks) == 5
    assert hook._queue._size < 50_000
    assert not hook.flush(0.01)
    taken = [one for one in recorder.ended if INPUT in (one.attributes or {})]
    assert 5 <= len(taken) <= 5 + upload._WORKERS
    assert complaints(caplog) == [
        "genscope: the store held://kept/ is too slow (OTEL_INSTRUMENTATION_GENAI_UPLOAD_MAX_QUEUE_SIZE); "
        "calls that are not stored: 1"
    ]
    held.go.set()
    assert hook.flush(30)
    assert len(held.store) == 2 * len(taken)
    for one in taken:
        assert f"/{references(dict(one.attributes or {}))[INPUT].partition('://')[2]}" in held.store


def test_large_content_waits_within_bounds(held: type[Held], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(upload, "_WAITING", 10_000)
    hook = Upload("held://kept", max_queue_size=1_000)
    for _ in range(20):
        hook.on_completion(inputs=[said("x" * 1_000)])
    assert hook._queue._size <= 10_000
    held.go.set()
    assert hook.flush(30)
    assert 5 < len(held.store) < 20


def test_a_store_that_refuses_is_said_once_and_referred_to_no_more(
    held: type[Held], caplog: pytest.LogCaptureFixture
) -> None:
    held.go.set()
    held.refuses = PermissionError(13, "Permission denied")
    recorder, hook = Recorder(), Upload("held://kept")

    def call() -> dict[str, str]:
        with recorder.tracer.start_as_current_span("any") as span:
            hook.on_completion(inputs=[said(CANARY)], system_instruction=[TextPart("x")], span=span)
        assert hook.flush(30)
        return references(dict(recorder.ended[-1].attributes or {}))

    assert call()  # nobody knows yet
    assert call() == call() == {}
    assert complaints(caplog) == [
        "genscope: what was said cannot be stored in held://kept/ (PermissionError: Permission denied); calls: 1"
    ]
    assert CANARY not in caplog.text
    held.refuses = None
    assert call() == {}
    assert call()
    assert len(held.store) == 3


def test_faults_of_a_store_do_not_reach_the_call(held: type[Held], simulator: Simulator) -> None:
    held.go.set()
    held.refuses = RuntimeError(CANARY)
    with instrumented(OPENAI, completion_hook=Upload("held://kept")) as recorder:
        _call(simulator)
    assert recorder.span().status.is_unset


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="needs a folder that nobody may write to")
def test_a_place_where_nothing_can_be_written(caplog: pytest.LogCaptureFixture) -> None:
    hook = Upload("/proc/genscope")
    hook.on_completion(inputs=[said("x")])
    assert hook.flush(30)
    (complaint,) = complaints(caplog)
    assert "(FileNotFoundError: No such file or directory)" in complaint


class Buckets(MemoryFileSystem):
    """Refuses what is in no bucket that is there, and makes one when it is asked to."""

    protocol = "buckets"
    made: ClassVar[list[str]] = []

    def pipe_file(self, path: str, value: bytes, **options: Any) -> None:
        raise FileNotFoundError(2, "No such bucket")

    def exists(self, path: str, **options: Any) -> bool:
        return False

    def makedirs(self, path: str, exist_ok: bool = False) -> None:
        self.made.append(path)

    @classmethod
    def _strip_protocol(cls, path: str) -> str:
        return path.removeprefix("buckets://")


def test_no_bucket_is_made(caplog: pytest.LogCaptureFixture) -> None:
    fsspec.register_implementation("buckets", Buckets, clobber=True)
    hook = Upload("buckets://not/there")
    hook.on_completion(inputs=[said("x")])
    assert hook.flush(30)
    assert len(complaints(caplog)) == 1
    assert Buckets.made == []


def test_the_store_is_no_part_of_the_traces(simulator: Simulator, held: type[Held]) -> None:
    """Its requests are not, and its threads are not of the call for which they were started."""
    held.go.set()
    hook = Upload("held://kept")
    recorder = Recorder()
    with instrumented(OPENAI, recorder, completion_hook=hook), recorder.tracer.start_as_current_span("caller"):
        _call(simulator)
    assert hook.flush(30)
    assert held.traced == [False, False]


# --- by name


def test_by_name(simulator: Simulator, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv(HOOK, "genscope_upload")
    monkeypatch.setenv(upload.BASE_PATH, str(tmp_path))
    monkeypatch.setenv(upload.FORMAT, " JSONL ")
    before = threading.active_count()
    with instrumented(OPENAI) as recorder:
        genscope.instrument(only="anthropic")
        assert threading.active_count() <= before
        assert list(tmp_path.iterdir()) == []
        _call(simulator)
    genscope.uninstrument()
    assert genscope.flush(30)  # also after that
    assert stored(dict(recorder.span().attributes or {})[INPUT])[0]["parts"] == [text("hi")]


def test_upload_is_ours_where_nobody_has_another(simulator: Simulator, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loading, "entry_points", lambda **which: ())
    monkeypatch.setenv(upload.BASE_PATH, "memory://ours")
    with instrumented(OPENAI, completion_hook="upload") as recorder:
        _call(simulator)
    assert dict(recorder.span().attributes or {})[INPUT].startswith("memory://ours/")
    assert genscope.flush(30)


MEMORY = {upload.BASE_PATH: "memory://x"}
SAID = [
    ({}, "nothing is uploaded: OTEL_INSTRUMENTATION_GENAI_UPLOAD_BASE_PATH is not set"),
    ({upload.BASE_PATH: " "}, "nothing is uploaded: OTEL_INSTRUMENTATION_GENAI_UPLOAD_BASE_PATH is not set"),
    ({upload.BASE_PATH: "nothing://x"}, "UPLOAD_BASE_PATH: Protocol not known: nothing"),
    ({upload.BASE_PATH: "absent://x"}, "UPLOAD_BASE_PATH: Install absent to reach it"),
    (MEMORY | {upload.FORMAT: "xml"}, "UPLOAD_FORMAT='xml' is ignored; accepted: json, jsonl"),
    (MEMORY | {upload.MAX_QUEUE_SIZE: "0"}, "UPLOAD_MAX_QUEUE_SIZE='0' is ignored; accepted: "),
    (MEMORY | {upload.MAX_QUEUE_SIZE: "ten"}, "UPLOAD_MAX_QUEUE_SIZE='ten' is ignored; accepted: "),
]


@pytest.mark.parametrize("environ, said", SAID)
def test_what_is_not_understood_is_said_once(
    environ: dict[str, str],
    said: str,
    simulator: Simulator,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    absent = {"class": "absent.Store", "err": "Install absent to reach it"}
    monkeypatch.setitem(known_implementations, "absent", absent)
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    loading._hook.cache_clear()
    loading._named.cache_clear()
    for _ in range(2):
        with instrumented(OPENAI, completion_hook="genscope_upload") as recorder:
            genscope.instrument(only="anthropic", completion_hook="genscope_upload")
            _call(simulator)
        genscope.uninstrument()
    (complaint,) = complaints(caplog)
    assert said in complaint
    assert (INPUT in (recorder.spans()[-1].attributes or {})) == ("memory" in environ.get(upload.BASE_PATH, ""))


def test_without_fsspec(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    monkeypatch.setattr(upload, "find_spec", lambda name: None)
    monkeypatch.setenv(upload.BASE_PATH, "memory://x")
    assert isinstance(upload.upload(), upload.Nothing)
    (complaint,) = complaints(caplog)
    assert complaint.endswith("fsspec is not installed (pip install 'genscope[upload]')")


@pytest.mark.parametrize("options", [{"format": "xml"}, {"max_queue_size": 0}])
def test_mistakes_in_a_program_are_raised(options: dict[str, Any]) -> None:
    with pytest.raises(ValueError):
        Upload("memory://x", **options)


# --- processes

CALL = """
import sys, threading, os, time, multiprocessing
import fsspec, openai
import genscope
from genscope.features.completion_hooks.upload import Upload

Local = fsspec.get_filesystem_class("file")

class Pooled(Local):
    '''Does its work in a pool of threads, as the stores of the clouds do, and takes its time to begin.'''
    protocol = "pooled"
    def pipe_file(self, path, value, **options):
        from concurrent.futures import ThreadPoolExecutor
        time.sleep(0.2)
        with ThreadPoolExecutor() as pool:
            pool.submit(super().pipe_file, path, value).result()
    @classmethod
    def _strip_protocol(cls, path):
        return Local._strip_protocol(path.replace("pooled://", "file://"))
fsspec.register_implementation("pooled", Pooled)

def call(stream=False):
    http = openai.OpenAI(api_key="k", base_url=sys.argv[1])
    return http.chat.completions.create(model="gpt-4o", messages=[{"role": "user", "content": "hi"}], stream=stream)

def child():
    call()

if __name__ == "__main__":
    hook, providers = Upload(sys.argv[2]), {"127.0.0.1": "openai"}
    genscope.instrument(only="openai", completion_hook=hook, providers=providers, raise_faults=True)
    call()
"""
PROGRAMS = {
    "ends": ("pooled", "", 1),
    "has a stream open": ("file", "    left = iter(call(stream=True)); next(left); next(left); next(left)\n", 2),
    "flushes": ("pooled", "    assert genscope.flush(30); os._exit(0)\n", 1),
    "forks": ("pooled", "    os.fork() or (call(), sys.exit())\n    os.wait()\n", 2),
    "multiprocessing": (
        "pooled",
        "    one = multiprocessing.get_context('fork').Process(target=child); one.start(); one.join()\n",
        2,
    ),
}
"""A stream that is still open ends in an exit handler, when pools of threads take no work any more."""
if (
    (3, 12) <= sys.version_info < (3, 12, 2)
):  # they start no thread at the end, https://github.com/python/cpython/issues/113964
    PROGRAMS |= {name: ("file", *PROGRAMS[name][1:]) for name in ("ends", "forks")}


@pytest.mark.parametrize("name", PROGRAMS)
def test_nothing_is_lost_at_the_end(name: str, tmp_path: Path, simulator: Simulator) -> None:
    (tmp_path / "kept").mkdir()
    protocol, more, calls = PROGRAMS[name]
    done = _run(CALL + more, simulator.base_url("ok"), f"{protocol}://{tmp_path}/kept")
    assert (done.returncode, done.stderr) == (0, "")
    assert len(list((tmp_path / "kept").glob("*/*/*/inputs.json"))) == calls
    assert len(list((tmp_path / "kept").glob("*/*/*/outputs.json"))) == calls


def test_a_stuck_store_does_not_keep_a_process(tmp_path: Path, simulator: Simulator) -> None:
    stuck = CALL.replace("time.sleep(0.2)", "time.sleep(600)")
    soon = "    from genscope.core import background; background._left_of_it = 0.2\n"
    done = _run(stuck + soon, simulator.base_url("ok"), f"pooled://{tmp_path}/kept")
    assert (done.returncode, done.stderr) == (0, "")


def _run(program: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    drop = ("OTEL_", "GENSCOPE_", "OPENAI_", "PYTHONPATH")
    environ = {name: value for name, value in os.environ.items() if not name.startswith(drop)}
    return subprocess.run(
        [sys.executable, "-W", "ignore:This process:DeprecationWarning", "-c", program, *arguments],
        env=environ | {"no_proxy": "127.0.0.1"},
        capture_output=True,
        text=True,
        timeout=120,
    )


def test_importing_it_is_light() -> None:
    program = (
        "import sys, threading, genscope.features.completion_hooks.upload\n"
        "print([name for name in ('fsspec', 'hashlib', 'opentelemetry.sdk') if name in sys.modules],"
        " threading.active_count())"
    )
    assert _run(program).stdout.strip() == "[] 1"


def _call(simulator: Simulator) -> None:
    http = OPENAI.http_client("sync")
    client = OPENAI.client("sync", simulator.base_url("ok"), http)
    client.chat.completions.create(model="gpt-4o", messages=[{"role": "user", "content": "hi"}])
    http.close()
