"""Calls in which something is said, played by the real SDK, and what telemetry makes of them."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from contract.cases import OPENAI, case
from contract.outcomes import CALLS, STREAMS
from contract.play import play
from contract.recorder import Recorder, instrumented
from contract.sights import differences
from contract.vocabulary import Mode
from opentelemetry.sdk._logs import LoggerProvider, LogRecordProcessor
from wire.spoken import PIXEL, PNG, called, embedded, text
from wire.strict import check

from genscope.core.messages import Content
from genscope.local.simulator import Simulator

INPUT, OUTPUT = "gen_ai.input.messages", "gen_ai.output.messages"
INSTRUCTIONS, TOOLS = "gen_ai.system_instructions", "gen_ai.tool.definitions"
CONTENT = (INSTRUCTIONS, INPUT, OUTPUT, TOOLS)
CANARY = "canary-b7e2-9f41 ünïcödé"
REPLY = "Paris is the capital of France."
OUTCOMES = {outcome.name: outcome for outcome in (*CALLS, *STREAMS)}


@dataclass(frozen=True)
class Talk:
    """A call, and the content that telemetry has of it: by attribute, without those that it lacks."""

    api: str
    arguments: Mapping[str, Any]
    content: Mapping[str, Any]
    scenario: str = "ok"
    answered: Mapping[str, Any] = field(default_factory=dict)
    """Of the content what is not in the request."""

    @property
    def asked(self) -> dict[str, Any]:
        """The content that is known without an answer."""
        return {name: said for name, said in self.content.items() if name not in (self.answered or (OUTPUT,))}


def user(*parts: Any) -> dict[str, Any]:
    return {"role": "user", "parts": list(parts)}


def assistant(*parts: Any, reason: str | None = "stop") -> dict[str, Any]:
    return {"role": "assistant", "parts": list(parts)} | ({} if reason is None else {"finish_reason": reason})


SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
FUNCTION = {"name": "weather", "description": f"The weather, {CANARY}", "parameters": SCHEMA}
CALLED = {"id": "c1", "type": "function", "function": {"name": "weather", "arguments": '{"city": "Bonn"}'}}
ASKED = {"role": "user", "content": CANARY}
PICTURE = {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PNG}"}}
SEEN = embedded(PIXEL, "image", "image/png")
TOOL = {"type": "function", "name": "weather"}
CALLS_OF_TOOLS = [called("weather", {"city": city}, f"call_N_{at}") for at, city in enumerate(("Paris", "London"))]

TALKS = {
    "chat": Talk(
        "chat",
        {
            "model": "gpt-4o",
            "messages": [
                {"role": "system", "content": "Be brief."},
                {"role": "user", "content": [{"type": "text", "text": CANARY}, PICTURE]},
            ],
        },
        {
            INPUT: [{"role": "system", "parts": [text("Be brief.")]}, user(text(CANARY), SEEN)],
            OUTPUT: [assistant(text(REPLY))],
        },
    ),
    "choices": Talk(
        "chat",
        {"model": "gpt-4o", "messages": [ASKED], "n": 2},
        {INPUT: [user(text(CANARY))], OUTPUT: [assistant(text(REPLY)), assistant(text(REPLY))]},
    ),
    "tools": Talk(
        "chat",
        {"model": "gpt-4o", "messages": [ASKED], "tools": [{"type": "function", "function": FUNCTION}]},
        {
            INPUT: [user(text(CANARY))],
            OUTPUT: [assistant(*CALLS_OF_TOOLS, reason="tool_call")],
            TOOLS: [TOOL],
        },
        "tools",
    ),
    "tool_result": Talk(
        "chat",
        {
            "model": "gpt-4o",
            "messages": [
                ASKED,
                {"role": "assistant", "content": None, "tool_calls": [CALLED]},
                {"role": "tool", "tool_call_id": "c1", "content": "rain"},
            ],
            "tools": [{"type": "function", "function": FUNCTION}],
        },
        {
            INPUT: [
                user(text(CANARY)),
                {"role": "assistant", "parts": [called("weather", {"city": "Bonn"})]},
                {"role": "tool", "parts": [{"type": "tool_call_response", "id": "c1", "response": "rain"}]},
            ],
            OUTPUT: [assistant(text(REPLY))],
            TOOLS: [TOOL],
        },
    ),
    "responses": Talk(
        "responses",
        {
            "model": "gpt-4o",
            "instructions": f"Be brief. {CANARY}",
            "input": [{"role": "user", "content": [{"type": "input_text", "text": CANARY}]}],
            "tools": [{"type": "function", "strict": False, **FUNCTION}],
        },
        {
            INSTRUCTIONS: [text(f"Be brief. {CANARY}")],
            INPUT: [user(text(CANARY))],
            OUTPUT: [assistant(text(REPLY))],
            TOOLS: [TOOL],
        },
    ),
    "completions": Talk(
        "completions",
        {"model": "gpt-3.5-turbo-instruct", "prompt": CANARY},
        {INPUT: [user(text(CANARY))], OUTPUT: [assistant(text(REPLY))]},
    ),
    "fetch_response": Talk("fetch_response", {"response_id": "resp_abc"}, {OUTPUT: [assistant(text(REPLY))]}),
    "transcription": Talk(
        "transcription",
        {"model": "gpt-4o-transcribe", "file": ("meeting.wav", b"RIFF"), "prompt": CANARY},
        {INPUT: [user(text(CANARY))], OUTPUT: [assistant(text(REPLY), reason=None)]},
    ),
    "speech": Talk(
        "speech",
        {"model": "tts-1", "voice": "alloy", "input": CANARY},
        {INPUT: [user(text(CANARY))]},
    ),
    "moderation": Talk("moderation", {"input": [CANARY, "hi"]}, {INPUT: [user(text(CANARY)), user(text("hi"))]}),
}


class Logbook(LogRecordProcessor):
    """The log records as they come out of the OpenTelemetry SDK."""

    def __init__(self) -> None:
        self.records: list[Any] = []
        self.provider = LoggerProvider(shutdown_on_exit=False)
        self.provider.add_log_record_processor(self)

    def on_emit(self, log_record: Any) -> None:
        self.records.append(log_record.log_record)

    def emit(self, log_data: Any) -> None:
        """Older releases of OpenTelemetry."""
        self.on_emit(log_data)

    def shutdown(self) -> None: ...

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        return True

    def event(self, name: str) -> Any:
        """The one record of that name; there is no other."""
        (record,) = self.records
        assert name_of(record) == name
        return record


def name_of(record: Any) -> str:
    name: str | None = getattr(record, "event_name", None)
    return record.attributes["event.name"] if name is None else name


def attributes_of(record: Any) -> dict[str, Any]:
    """What an event says beside its name."""
    return {name: value for name, value in record.attributes.items() if name != "event.name"}


@dataclass
class Told:
    """What telemetry told of a call."""

    recorder: Recorder
    logbook: Logbook

    @property
    def attributes(self) -> dict[str, Any]:
        return dict(self.recorder.span().attributes or {})

    def everything(self) -> str:
        """All signals, as text."""
        spans = [span.to_json() for span in self.recorder.ended]
        data = self.recorder.reader.get_metrics_data()
        logs = [repr((name_of(record), record.body, dict(record.attributes))) for record in self.logbook.records]
        return "\n".join([*spans, data.to_json() if data else "", *logs])


def tell(
    talk: Talk,
    simulator: Simulator,
    shape: str = "plain",
    mode: Mode = "sync",
    outcome: str = "ok",
    *,
    recorder: Recorder | None = None,
    logs: bool = True,
    **options: Any,
) -> Told:
    """Play a call with genscope; the application sees what it sees without."""
    ends = OUTCOMES[outcome]
    ends = replace(ends, scenario=talk.scenario) if ends.scenario == "ok" else ends
    found = case(OPENAI, talk.api, mode, shape, ends)
    found = replace(found, api=replace(found.api, arguments=talk.arguments))
    told = Told(recorder or Recorder(), Logbook())
    if logs:
        options = {"logger_provider": told.logbook.provider, **options}
    bare = play(found, simulator)
    with instrumented(OPENAI, told.recorder, **options):
        seen = play(found, simulator)
        told.recorder.settle()
    # a provider with limits of its own says in the log that it keeps them
    seen.logs = [line for line in seen.logs if not line.startswith("opentelemetry.attributes: ")]
    assert differences(vars(bare), vars(seen)) == []
    assert seen.logs == [] == seen.unraisable
    return told


def content_of(attributes: Mapping[str, Any]) -> dict[str, Any]:
    """The content among attributes, strictly valid; JSON text, or structure where OpenTelemetry takes it."""
    found = {name: _plain(attributes[name]) for name in CONTENT if name in attributes}
    check(Content(found.get(INSTRUCTIONS), found.get(INPUT), found.get(OUTPUT), found.get(TOOLS)))
    return found


def _plain(value: Any) -> Any:
    written = value if isinstance(value, str) else json.dumps(value, default=_unfrozen)
    return json.loads(re.sub(r"call_\d+_", "call_N_", written))  # the simulator counts its requests


def _unfrozen(value: Any) -> Any:
    """OpenTelemetry keeps structure in types of its own."""
    return dict(value) if isinstance(value, Mapping) else list(value)
