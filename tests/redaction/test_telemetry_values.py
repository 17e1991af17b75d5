"""What is redacted of a value that others made, and what is not."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from genscope.features.redaction.telemetry_values import TelemetryRedactor
from genscope.features.redaction.walk import REMOVED, SECRET
from genscope.settings import Settings

from .others import KEY, MAIL, Others

CHAT = [{"role": "user", "parts": [{"type": "text", "content": f"I am {MAIL}\n{KEY}"}]}]

REDACTOR = TelemetryRedactor(Settings(raise_faults=True))

SAID: dict[str, tuple[Any, Any]] = {
    "conventions": ("gen_ai.input.messages", json.dumps(CHAT)),
    "OpenLLMetry": ("gen_ai.prompt.0.content", f"I am {MAIL}"),
    "OpenLLMetry's tools": ("gen_ai.completion.0.tool_calls.0.arguments", json.dumps({"to": MAIL})),
    "Traceloop": ("traceloop.entity.input", json.dumps({"args": [MAIL], "kwargs": {"api_key": KEY}})),
    "OpenInference": ("llm.input_messages.0.message.content", f"I am {MAIL}"),
    "OpenInference's input": ("input.value", json.dumps({"messages": CHAT, "stream": True})),
    "LangSmith": ("gen_ai.prompt", json.dumps({"messages": [[{"kwargs": {"content": MAIL}}]]})),
    "URL": ("http.url", f"https://x.example/?token={KEY}&mail={MAIL}"),
    "encoded URL": ("url.full", "https://x.example/?mail=jane%40example.com"),
    "query": ("url.query", f"mail={MAIL}"),
    "statement": ("db.statement", f"SELECT * FROM users WHERE mail = '{MAIL}'"),
    "parameter": ("db.query.parameter.mail", MAIL),
    "header": ("http.request.header.authorization", ["Basic dTpw"]),
    "cookie": ("http.response.header.set-cookie", "a=b"),
    "nested JSON": ("tool", json.dumps({"arguments": json.dumps({"to": MAIL, "password": "x"})})),
    "JSON that is one text": ("output", json.dumps(f"line\n{MAIL}")),
    "JSON with escapes": ("output", '{"to": "jane\\u0040example.com"}'),
    "JSON that was cut": ("output", f'[{{"content": "line\\n{MAIL}", "pass'),
    "JSON with a name twice": ("output", f'{{"to": "{MAIL}", "to": "nobody"}}'),
    "JSON that is deep": ("output", "[" * 100_000 + f'"{MAIL}"'),
    "texts": ("tags", ("a", MAIL, "b")),
    "a stack trace elsewhere": ("code.stacktrace", f"ValueError: {MAIL}"),
    "a secret of the service": ("service.api_key", "abc"),
}


@pytest.mark.parametrize("name, value", SAID.values(), ids=SAID)
def test_what_others_say_is_redacted(name: str, value: Any) -> None:
    seen = str(Others(raise_faults=True).attributes({name: value, "count": 3}))
    for canary in (MAIL, KEY, "jane", "Basic", "dTpw", "a=b", "abc"):
        assert canary not in seen
    assert name in seen
    assert "'count': 3" in seen


OWN: dict[str, Any] = {
    "server.address": "192.0.2.1",
    "client.address": "192.0.2.1",
    "network.peer.address": "192.0.2.1",
    "net.peer.ip": "192.0.2.1",
    "host.name": MAIL,
    "service.instance.id": "4111111111111111",
    "telemetry.sdk.name": MAIL,
    "thread.name": MAIL,
    "code.function.name": MAIL,
    "gen_ai.request.model": MAIL,
    "gen_ai.response.id": "4111111111111111",
    "gen_ai.response.finish_reasons": ("4111111111111111",),
    "gen_ai.tool.call.id": "4111111111111111",
    "gen_ai.prompt.12.role": "4111111111111111",
    "error.type": MAIL,
}


def test_the_own_words_of_telemetry_stay() -> None:
    """Even those that look like something else: by these one finds and counts."""
    assert Others(raise_faults=True, redaction="strict").attributes(OWN) == OWN


def test_numbers_and_keys_stay() -> None:
    given = {MAIL: True, "card": 4111111111111111, "cards": (4111111111111111, 1), "float": 1e300, "password": 1}
    assert Others(raise_faults=True, redaction="strict").attributes(given) == given


def test_json_stays_json() -> None:
    value = {"a": [{"b": MAIL, "c": None, "d": 1.5, "e": True, "f": "你好"}]}
    shown = {"a": [{"b": "[EMAIL]", "c": None, "d": 1.5, "e": True, "f": "你好"}]}
    found = Others(raise_faults=True).attributes(
        {
            "escaped": json.dumps(value),
            "plain": json.dumps(value, ensure_ascii=False),
            "nan": f'{{"a": NaN, "b": "{MAIL}"}}',
            "surrogate": '{"a": "\\ud83d\\ude00 \\ud800", "b": "ä jane@example.com"}',
            "large": json.dumps([f"{number} {MAIL}" for number in range(2_000)]),
        }
    )
    assert json.loads(str(found["escaped"])) == json.loads(str(found["plain"])) == shown
    assert str(found["escaped"]).isascii()
    assert "你好" in str(found["plain"])
    assert json.loads(str(found["nan"])) == {"a": None, "b": "[EMAIL]"}
    assert json.loads(str(found["surrogate"])) == {"a": "\U0001f600 \ud800", "b": "ä [EMAIL]"}
    assert str(found["surrogate"]).encode()
    assert json.loads(str(found["large"])) == [f"{number} [EMAIL]" for number in range(2_000)]


TEXTS = st.text() | st.builds("{} {} {}".format, st.text(), st.just(MAIL), st.text())
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-1_000, 1_000) | st.floats(-10, 10) | TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


def shape(value: Any) -> Any:
    """Everything but the texts, and the names that were taken from texts."""
    if isinstance(value, dict):
        return [shape(item) for item in value.values()]
    return [shape(item) for item in value] if isinstance(value, list) else type(value)


@given(VALUES, st.booleans(), st.integers(1, 3))
@settings(deadline=None, max_examples=150)
def test_any_json(value: Any, escaped: bool, layers: int) -> None:
    text = value
    for _ in range(layers):
        text = json.dumps(text, ensure_ascii=escaped)
    seen: Any = REDACTOR.attribute("output", text)
    assert MAIL not in seen
    for _ in range(layers):
        seen = json.loads(seen)
    assert shape(seen) == shape(value)


HOSTILE: dict[str, Any] = {
    "lone surrogate": f"\ud800 {MAIL}",
    "sequence with nothing": ("a", None, MAIL),
    "empty": "",
    "empty sequence": (),
    "zeros": f"\x00{MAIL}\x00",
    "five megabytes": f"{MAIL} x" * 250_000,
    "five megabytes of JSON": json.dumps([MAIL] * 250_000),
    "braces": "{" * 10_000 + MAIL,
    "quotes": '"' * 10_000 + MAIL,
    "backslashes": "\\" * 10_001 + f'"{MAIL}"',
    "a number of 10,000 digits": "[" + "1" * 10_000 + f', "{MAIL}"]',
    "infinity": f'[1e999, "{MAIL}"]',
    "bytes": MAIL.encode(),
    "JSON in JSON in JSON": json.dumps(json.dumps(json.dumps(json.dumps({"a": MAIL})))),
}


@pytest.mark.parametrize("value", HOSTILE.values(), ids=HOSTILE)
def test_hostile_values(value: Any) -> None:
    seen = Others(raise_faults=True).attributes({"value": value, "after": MAIL})
    assert "jane" not in str(seen)
    assert seen["after"] == "[EMAIL]"
    assert len(seen) == 2


def test_settings_hold_here_too() -> None:
    given = {"gen_ai.input.messages": json.dumps(CHAT), "exception.message": f"from {MAIL}", "mine": MAIL, "ip": MAIL}
    found = Others(
        raise_faults=True,
        redaction_deny=["input.*.content", "error"],
        redaction_allow="mine",
        redaction_patterns="ip=from",
    ).attributes(given)
    assert json.loads(str(found["gen_ai.input.messages"]))[0]["parts"][0]["content"] == REMOVED
    assert found["exception.message"] == REMOVED
    assert found["mine"] == MAIL
    assert found["ip"] == "[EMAIL]"
    assert (
        Others(redaction_allow="*.cookie").attributes({"http.request.header.cookie": "a"})["http.request.header.cookie"]
        == "a"
    )


def test_secrets_by_their_names() -> None:
    given = {"db.password": "x", "headers.cookie": ("a", "b"), "access_token": "", "api_key": '{"a": "b"}', "secret": 5}
    assert Others(raise_faults=True).attributes(given) == {
        "db.password": SECRET,
        "headers.cookie": (SECRET, SECRET),
        "access_token": "",
        "api_key": SECRET,
        "secret": 5,
    }


def test_what_is_denied_by_name_goes_whatever_it_is() -> None:
    given = {
        "client.address": "192.0.2.1",
        "server.address": "192.0.2.1",
        "age": 41,
        "ages": (41, 42),
        "tags": ("a", "b"),
        "n": 5,
        "ok": True,
    }
    assert Others(raise_faults=True, redaction_deny="client.*,age,ages,tags").attributes(given) == {
        "client.address": REMOVED,
        "server.address": "192.0.2.1",
        "age": REMOVED,
        "ages": (REMOVED, REMOVED),
        "tags": (REMOVED, REMOVED),
        "n": 5,
        "ok": True,
    }


def test_what_is_allowed_by_name_stays() -> None:
    given = {"tags": (MAIL, "b"), "input.value": json.dumps({"to": MAIL, "order": {"by": MAIL}}), "other": (MAIL,)}
    assert Others(raise_faults=True, redaction_allow="tags,*.order").attributes(given) == {
        "tags": (MAIL, "b"),
        "input.value": '{"to":"[EMAIL]","order":{"by":"' + MAIL + '"}}',
        "other": ("[EMAIL]",),
    }
