"""Completion hooks beside opentelemetry-util-genai: its types, its `upload`, and its instrumentations with our hook."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import fsspec
import pytest
from contract.recorder import Recorder, instrumented
from conversations import CANARY, OPENAI, TALKS, attributes_of, tell
from fsspec.implementations.memory import MemoryFileSystem
from opentelemetry.util.genai import types
from opentelemetry.util.genai._upload.completion_hook import UploadCompletionHook
from opentelemetry.util.genai.completion_hook import CompletionHook, load_completion_hook

import genscope
from genscope.core import messages as parts
from genscope.core.messages import Content
from genscope.features.completion_hooks import loading
from genscope.features.completion_hooks.shapes import completion_of
from genscope.features.completion_hooks.upload import BASE_PATH, Upload
from genscope.local.simulator import Simulator

from .neighbours import NEIGHBOURS, OFFICIAL, ORDERS, Neighbour, spans, theirs

HOOK = "OTEL_INSTRUMENTATION_GENAI_COMPLETION_HOOK"
INPUT, OUTPUT = "gen_ai.input.messages_ref", "gen_ai.output.messages_ref"


@pytest.fixture(autouse=True)
def _empty() -> Iterator[None]:
    MemoryFileSystem.store.clear()
    yield
    MemoryFileSystem.store.clear()


@pytest.fixture
def by_name(monkeypatch: pytest.MonkeyPatch) -> Callable[[str, str], None]:
    def set_names(hook: str, base: str) -> None:
        monkeypatch.setenv(HOOK, hook)
        monkeypatch.setenv(BASE_PATH, base)

    return set_names


def stored(reference: str) -> Any:
    with fsspec.open(reference, "r", encoding="utf-8") as file:
        return json.load(file)


def finish(name: str) -> Any:
    """Their hook has no `flush`, only an end."""
    hook = loading._hook(name, loading._surroundings())
    hook.shutdown(timeout_sec=30)
    return hook


# --- their types


def test_what_a_hook_gets_is_of_their_types() -> None:
    said = completion_of(
        Content(
            [parts.text("x")],
            [
                parts.message(
                    "user",
                    [
                        parts.text("x"),
                        parts.reasoning("x"),
                        parts.compaction("c"),
                        parts.tool_call("f", "c", {}),
                        parts.tool_call_response("c", None),
                        parts.server_tool_call("web", "s", {"type": "web"}),
                        parts.server_tool_call_response("s", {"type": "web"}),
                        parts.uri("https://x.test/a.png"),
                        parts.embedded(b"x"),
                        parts.file("f"),
                        parts.other("computer_call"),
                    ],
                )
            ],
            [parts.message("assistant", [], finish_reason="stop")],
            [{"type": "function", "name": "f", "parameters": {}}, {"type": "web_search", "name": "web"}],
        )
    )
    assert [type(part) for part in said.inputs[0].parts] == [
        *(types.TextPart, types.ReasoningPart, types.CompactionPart, types.ToolCallRequestPart),
        *(types.ToolCallResponsePart, types.ServerToolCallPart, types.ServerToolCallResponsePart),
        *(types.UriPart, types.UriPart, types.FilePart, types.GenericPart),
    ]
    assert [type(one) for one in (*said.inputs, *said.outputs)] == [types.InputMessage, types.OutputMessage]
    assert [type(one) for one in said.tool_definitions] == [types.FunctionToolDefinition, types.GenericToolDefinition]
    assert said.system_instruction == [types.TextPart("x")]


# --- their hook, our calls


@pytest.mark.parametrize(
    "shape, outcome", [("plain", "ok"), ("stream", "ok"), ("stream", "closed"), ("plain", "bad_request")]
)
@pytest.mark.parametrize("name", ["chat", "tools", "responses", "tool_result"])
def test_their_upload_takes_what_we_hand_over(
    name: str,
    shape: str,
    outcome: str,
    simulator: Simulator,
    by_name: Callable[[str, str], None],
    caplog: pytest.LogCaptureFixture,
    tmp_path: Path,
) -> None:
    by_name("upload", str(tmp_path))
    told = tell(
        TALKS[name], simulator, shape, outcome=outcome, emit_event=True, redaction_patterns={"C": r"canary-[\w-]+"}
    )
    assert isinstance(finish("upload"), UploadCompletionHook)
    event = attributes_of(told.logbook.records[0])
    found = {key: value for key, value in told.attributes.items() if key.endswith("_ref")}
    assert found == {key: value for key, value in event.items() if key.endswith("_ref")}
    assert INPUT in found
    assert (OUTPUT in found) == (outcome != "bad_request" and (name, outcome) != ("responses", "closed"))
    everything = json.dumps([stored(reference) for reference in found.values()])
    assert "[C]" in everything
    assert "canary" not in everything
    assert [one for one in caplog.records if one.levelno >= logging.WARNING] == []


def test_where_their_upload_has_no_place_nothing_is_read(simulator: Simulator, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(HOOK, "upload")
    seen: list[Any] = []
    with instrumented(OPENAI, response_hook=lambda op, raw: seen.append(op.content)) as recorder:
        _call(simulator)
    recorder.span()
    assert seen == [None]


# --- our hook, their calls


def test_our_upload_is_a_hook_of_theirs(by_name: Callable[[str, str], None]) -> None:
    by_name("genscope_upload", "memory://kept")
    hook = load_completion_hook()
    assert isinstance(hook._wrapped, Upload)  # pyright: ignore
    assert isinstance(hook, CompletionHook)
    blob = types.BlobPart("image/png", types.Modality.IMAGE, b"secret bytes")
    hook.on_completion(
        inputs=[types.InputMessage("user", [types.TextPart(CANARY), blob])],
        outputs=[types.OutputMessage("assistant", [types.ReasoningPart("hm")], "stop")],
        system_instruction=[types.TextPart("Be brief.")],
        tool_definitions=[types.FunctionToolDefinition("f", None, {"type": "object"})],
    )
    assert hook._wrapped.flush(30)  # pyright: ignore
    kept = {path.rpartition("/")[2].partition(".")[2]: file.getvalue() for path, file in MemoryFileSystem.store.items()}
    assert len(MemoryFileSystem.store) == 4
    everything = b"".join(file.getvalue() for file in MemoryFileSystem.store.values()).decode()
    assert CANARY in everything
    assert '"modality":"image"' in everything
    assert "secret" not in everything
    assert kept["system_instruction.json"] == b'[{"type":"text","content":"Be brief."}]\n'


# --- both


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("hook", ["upload", "genscope_upload"])
@pytest.mark.parametrize("neighbour", NEIGHBOURS, ids=str)
def test_a_call_is_stored_once(
    neighbour: Neighbour,
    hook: str,
    order: str,
    simulator: Simulator,
    by_name: Callable[[str, str], None],
    tmp_path: Path,
) -> None:
    """By OpenTelemetry's own instrumentation where that describes the call: it calls the hook for it."""
    by_name(hook, str(tmp_path))
    recorder = Recorder()
    both = [instrumented(OPENAI, recorder), theirs(neighbour, recorder)]
    first, second = both if order == ORDERS[0] else both[::-1]
    with first, second:
        _call(simulator)
        if hook == "upload":
            finish("upload")
        else:
            assert genscope.flush(30)
            if neighbour is OFFICIAL:
                _flush_theirs()
    (span,) = spans(recorder)
    attributes = dict(span.attributes or {})
    assert stored(attributes[INPUT])[0]["parts"][0]["content"] == "hi"
    assert len([path for path in tmp_path.rglob("*inputs.json") if path.is_file()]) == 1


def _flush_theirs() -> None:
    from genscope.core import background

    assert background.finish(30)


def test_a_hook_that_only_we_have_is_ours_to_call(simulator: Simulator) -> None:
    hook = Upload("memory://kept")
    recorder = Recorder()
    with instrumented(OPENAI, recorder, completion_hook=hook), theirs(OFFICIAL, recorder):
        _call(simulator)
    assert hook.flush(30)
    (span,) = spans(recorder)
    assert INPUT in (span.attributes or {})
    assert len(MemoryFileSystem.store) == 2


def _call(simulator: Simulator) -> None:
    http = OPENAI.http_client("sync")
    client = OPENAI.client("sync", simulator.base_url("ok"), http)
    client.chat.completions.create(model="gpt-4o", messages=[{"role": "user", "content": "hi"}])
    http.close()
