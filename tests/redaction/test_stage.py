"""Redaction as the settings ask for it, on real calls; where they cannot be followed, nothing is shown."""

from __future__ import annotations

import logging
from typing import Any

import pytest
from contract.cases import OPENAI
from contract.recorder import Recorder, instrumented

import genscope
from genscope.core.operation import Operation
from genscope.local.simulator import Simulator

PROMPT = "Mail ann@example.com about ORD-123456"


class Onlooker(genscope.Stage):
    """Somebody else's stage: what it gets to see, when."""

    wants_content = True

    def __init__(self) -> None:
        self.seen: list[Any] = []

    def start(self, op: Operation) -> None:
        assert op.content is not None
        self.seen.append(op.content.input)

    end = start


def asked(simulator: Simulator, **options: Any) -> tuple[Recorder, Onlooker]:
    """A call with a prompt, seen by telemetry and an onlooker."""
    onlooker = Onlooker()
    options = {"capture_message_content": "SPAN_ONLY", "stages": [onlooker], "raise_faults": False, **options}
    with instrumented(OPENAI, **options) as recorder, OPENAI.http_client("sync") as http:
        client = OPENAI.client("sync", simulator.base_url(), http)
        messages = [{"role": "user", "content": PROMPT}]
        client.chat.completions.create(model="gpt-4o", messages=messages, stop=["ann@example.com"])
    return recorder, onlooker


def prompt(recorder: Recorder) -> str:
    attributes = recorder.span().attributes
    assert attributes is not None
    return str(attributes.get("gen_ai.input.messages"))


def words(text: str) -> Any:
    return [{"role": "user", "parts": [{"type": "text", "content": text}]}]


def test_it_is_on_wherever_content_is(simulator: Simulator) -> None:
    recorder, onlooker = asked(simulator)
    assert onlooker.seen == [words("Mail [EMAIL] about ORD-123456")] * 2
    assert "[EMAIL] about ORD-123456" in prompt(recorder)
    assert (recorder.span().attributes or {})["gen_ai.request.stop_sequences"] == ("[EMAIL]",)
    assert (recorder.starts()[0].attributes)["gen_ai.request.stop_sequences"] == ("[EMAIL]",)


def test_an_onlooker_alone_sees_no_more(simulator: Simulator) -> None:
    recorder, onlooker = asked(simulator, capture_message_content="NO_CONTENT")
    assert onlooker.seen == [words("Mail [EMAIL] about ORD-123456")] * 2
    assert prompt(recorder) == "None"


@pytest.mark.parametrize(
    "options, seen",
    [
        ({"redaction": "off"}, PROMPT),
        ({"redaction_rules": "-email"}, PROMPT),
        ({"redaction": "strict", "redaction_rules": "-phone"}, "Mail [EMAIL] about ORD-[NUMBER]"),
        ({"redaction_patterns": {"ORDER": r"ORD-\d{6}"}}, "Mail [EMAIL] about [ORDER]"),
        ({"redaction": "off", "redaction_patterns": r"ORDER=ORD-\d{6}"}, "Mail ann@example.com about [ORDER]"),
        ({"redactor": lambda text, path: f"{path} {len(text)}"}, "input.0.parts.0.content 29"),
        ({"redaction": "off", "redactor": lambda text, path: text.upper()}, PROMPT.upper()),
        ({"redaction_deny": "*.content"}, "[REMOVED]"),
        ({"redaction": "off", "redaction_deny": ["input.*"]}, "[REMOVED]"),
        ({"redaction_allow": "input.0.parts.*"}, PROMPT),
        ({"redactor": lambda text, path: 1 / 0}, "[REDACTION FAILED]"),
        ({"redactor": lambda text, path: None}, "[REDACTION FAILED]"),
    ],
)
def test_settings(options: dict[str, Any], seen: str, simulator: Simulator) -> None:
    assert asked(simulator, **options)[1].seen[-1] == words(seen)


def test_pseudonyms_can_be_joined(simulator: Simulator) -> None:
    def found(key: str) -> Any:
        return asked(simulator, redaction_style="hash", hash_key=key)[1].seen[-1][0]["parts"][0]["content"]

    assert found("a") == found("a") != found("b")
    assert found("a").startswith("Mail [EMAIL:")


@pytest.mark.parametrize(
    "options, said",
    [
        ({"redaction_style": "hash"}, "hash"),
        ({"redaction_rules": "-nonsense"}, "nonsense"),
        ({"redaction_rules": {"phone": False}}, "redaction_rules"),
        ({"redaction_patterns": "ORDER=("}, "redaction_patterns"),
        ({"redactor": "no_such_module:function"}, "redactor"),
        ({"redaction_deny": 5}, "redaction_deny"),
    ],
)
def test_what_cannot_be_followed_shows_nothing(
    options: dict[str, Any], said: str, simulator: Simulator, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING, "genscope"):
        recorder, onlooker = asked(simulator, **options)
    assert onlooker.seen == [None, None]
    assert prompt(recorder) == "None"
    assert "ann@" not in (recorder.span().to_json())
    assert "no content is written" in caplog.text
    assert said in caplog.text


def test_what_cannot_be_followed_is_said_once_for_all_sdks(caplog: pytest.LogCaptureFixture) -> None:
    try:
        with caplog.at_level(logging.WARNING, "genscope"):
            genscope.instrument(capture_message_content="SPAN_ONLY", redaction_style="hash")
    finally:
        genscope.uninstrument()
    assert caplog.text.count("no content is written") == 1
