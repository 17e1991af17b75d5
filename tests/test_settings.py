"""Every option: how it may be spelled, what a bad value comes to, and who is heard first."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from genscope import environment_variables, settings
from genscope.instrumentors import FileOptions, OpenAIInstrumentor
from genscope.settings import ARGUMENT, DEFAULT, FILE, OPTIONS, UNREADABLE, Resolution, Settings, complain, resolve

YES = ("true", "TRUE", " on ", "1", "yes", True, 1)
NO = ("false", "False", "off", "0", "no", False, 0)
SWITCH: Mapping[Any, tuple[Any, ...]] = {True: YES, False: NO}


def hook(op: Any, raw: Any) -> None:
    """Does nothing."""


async def async_hook(op: Any, raw: Any) -> None:
    return


@dataclass(frozen=True)
class Example:
    """An option: its environment variable, its default, the spellings of each value, and what is refused."""

    env: str
    default: Any
    spelled: Mapping[Any, tuple[Any, ...]]
    refused: tuple[Any, ...]
    accepted: str
    """What the warning says."""
    only_arguments: tuple[Any, ...] = field(default=())
    """Refused values that no environment can say."""
    fallback: Any = None
    """What a refused value comes to, where that is not the default."""
    secret: bool = False


LATEST, DUP = "gen_ai_latest_experimental", "gen_ai_latest_experimental/dup"
CAPTURE = {name: (name, name.lower(), f" {name} ") for name in ("NO_CONTENT", "SPAN_ONLY", "EVENT_ONLY")}
HOOK = {hook: (f"{__name__}:hook", f" {__name__} : hook ", hook)}
NO_HOOKS = (
    f"{__name__}:async_hook",
    "hook",
    f"{__name__}:nothing",
    "no_such_module:hook",
    f"{__name__}:LATEST",
    ":",
    f"{__name__}:",
)

LIMITS = {1: ("1", 1), 1000: ("1000", " 1000 ", 1000.0)}
BAD_LIMITS = ("0", "-1", "many", "1.5")
WORDS = {("tools.*", "*.id"): ("tools.*,*.id", ["tools.*", "*.id"])}


class CompletionHook:
    def on_completion(self, **completion: Any) -> None:
        """Does nothing."""


COMPLETION_HOOK = CompletionHook()

EXAMPLES = {
    "capture_message_content": Example(
        "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT",
        "NO_CONTENT",
        {**CAPTURE, "SPAN_AND_EVENT": ("SPAN_AND_EVENT", "span_and_event")},
        ("SPANS", "1", "yes", "SPAN_ONLY,EVENT_ONLY"),
        "NO_CONTENT, SPAN_ONLY, EVENT_ONLY, SPAN_AND_EVENT",
        (["SPAN_ONLY"],),
    ),
    "emit_event": Example(
        "OTEL_INSTRUMENTATION_GENAI_EMIT_EVENT", None, SWITCH, ("maybe", "2"), "true or false", (2, [], 0.5)
    ),
    "max_content_bytes": Example(
        "GENSCOPE_MAX_CONTENT_BYTES",
        131_072,
        {0: ("0", 0), 1000: ("1000", " 1000 ", 1000, 1000.0)},
        ("-1", "many", "1.5", "1e3", "inf"),
        "a whole number, 0 or more",
        (-1, True, 1.5, float("inf"), float("nan"), []),
    ),
    "tool_schemas": Example("GENSCOPE_TOOL_SCHEMAS", False, SWITCH, ("all",), "true or false"),
    "max_part_bytes": Example("GENSCOPE_MAX_PART_BYTES", None, LIMITS, BAD_LIMITS, "a whole number, 1 or more", (0,)),
    "max_span_bytes": Example(
        "GENSCOPE_MAX_SPAN_BYTES", 262_144, LIMITS, BAD_LIMITS, "a whole number, 1 or more", (0,)
    ),
    "content_delta": Example("GENSCOPE_CONTENT_DELTA", False, SWITCH, ("new",), "true or false"),
    "content_hash": Example("GENSCOPE_CONTENT_HASH", False, SWITCH, ("sha-256",), "true or false"),
    "hash_key": Example("GENSCOPE_HASH_KEY", None, {"s3cret": ("s3cret", " s3cret ")}, (), "", (5,), secret=True),
    "redaction": Example(
        "GENSCOPE_REDACTION",
        "default",
        {"default": ("default", "DEFAULT"), "strict": (" strict ",), "off": ("off", "Off")},
        ("none", "false", "default,strict"),
        "default, strict, off",
        (False,),
    ),
    "redaction_style": Example(
        "GENSCOPE_REDACTION_STYLE",
        "label",
        {name: (name, name.upper()) for name in ("label", "mask", "hash")},
        ("stars",),
        "label, mask, hash",
    ),
    "redaction_rules": Example(
        "GENSCOPE_REDACTION_RULES",
        (),
        {("-phone", "long_number"): ("-phone,long_number", " -phone , long_number,", ["-phone", "long_number"])},
        (),
        "a list, separated by commas",
        (5, {"phone": False}),
        fallback=UNREADABLE,
    ),
    "redaction_patterns": Example(
        "GENSCOPE_REDACTION_PATTERNS",
        {},
        {
            (("ORDER", r"A=\d{3,}"),): (r"ORDER=A=\d{3,}", r'{"ORDER": "A=\\d{3,}"}', {"ORDER": r"A=\d{3,}"}),
            (("A", "x"), ("B", "y,z")): ("A=x\n B = y,z \n\n",),
        },
        ("ORDER", "ORDER=(", "=x", "A=", '{"A": 5}', "{", '{"A": "x"'),
        "a line NAME=EXPRESSION for each, or a JSON object",
        (5, {"A": None}, ["A=x"]),
        fallback=UNREADABLE,
    ),
    "redactor": Example(
        "GENSCOPE_REDACTOR", None, HOOK, NO_HOOKS, "package.module:function", (5,), fallback=UNREADABLE
    ),
    "redaction_allow": Example("GENSCOPE_REDACTION_ALLOW", (), WORDS, (), "a list, separated by commas", (5,)),
    "redaction_deny": Example(
        "GENSCOPE_REDACTION_DENY", (), WORDS, (), "a list, separated by commas", (5,), fallback=UNREADABLE
    ),
    "redacted_exporter": Example(
        "GENSCOPE_REDACTED_EXPORTER",
        ("otlp",),
        {("otlp", "console"): ("otlp,console", ["otlp", "console"])},
        (),
        "a list, separated by commas",
        (5, True, b"otlp", {}),
    ),
    "presidio": Example(
        "GENSCOPE_PRESIDIO",
        (),
        {("en", "de"): ("en,de", ["en", "de"])},
        (),
        "a list, separated by commas",
        (5, True, b"en", {"en": 1}),
        fallback=UNREADABLE,
    ),
    "cost": Example("GENSCOPE_COST", True, SWITCH, ("usd",), "true or false"),
    "prices": Example(
        "GENSCOPE_PRICES",
        None,
        {"prices.json": ("prices.json",), (("m", "gpt-4o"),): ({"m": "gpt-4o"},)},
        (),
        "a mapping of models to prices, JSON of it, or the path of a file with that",
        (5, True, [], {}),
    ),
    "price_source": Example(
        "GENSCOPE_PRICE_SOURCE",
        "embedded",
        {"embedded": ("embedded", "EMBEDDED"), "genai-prices": ("genai-prices",)},
        ("litellm", "genai_prices"),
        "embedded, genai-prices",
    ),
    **{
        name: Example(
            f"GENSCOPE_{name.upper()}",
            (),
            {
                ("user_id",): ("user_id", " user_id ,", ["user_id"]),
                ("conversation_id", "tenant", "tag.*", "tag.team"): ("conversation_id,tenant,tag.*,tag.team",),
            },
            ("user", "tags", "tag.", "*", "user_id;tenant"),
            "conversation_id, user_id, tenant, tag.NAME, tag.*",
            (5, True, {"user_id": 1}),
        )
        for name in ("baggage", "metric_tags")
    },
    "threads": Example("GENSCOPE_THREADS", True, SWITCH, ("some",), "true or false"),
    "judge_sample_ratio": Example(
        "GENSCOPE_JUDGE_SAMPLE_RATIO",
        0.0,
        {0.05: ("0.05", " .05 ", 0.05), 1.0: ("1", 1), 0.0: ("0", 0)},
        ("5%", "1.01", "-0.1", "nan", "some"),
        "a number from 0 to 1",
        (True, 2, []),
    ),
    "judges": Example(
        "GENSCOPE_JUDGES",
        ("faithfulness", "relevance", "safety"),
        {
            ("relevance", "app.judges:polite"): ("relevance, app.judges:polite ,", ["relevance", "app.judges:polite"]),
            (hook,): (hook, [hook]),
        },
        (),
        "names, separated by commas; by keyword also functions, and objects with a method judge",
        (5, True, [5], {"relevance": 1}, b"relevance"),
    ),
    "judge_model": Example(
        "GENSCOPE_JUDGE_MODEL", None, {"openai/gpt-4o-mini": ("openai/gpt-4o-mini",)}, (), "a text", (5,)
    ),
    "judge_client": Example(
        "GENSCOPE_JUDGE_CLIENT",
        None,
        {"app.clients:judge": (" app.clients:judge ",), hook: (hook,), COMPLETION_HOOK: (COMPLETION_HOOK,)},
        ("app.clients", ":", "app:", "app/clients.py:judge"),
        "a client of an SDK, a function (prompt) -> text, or where to import it from: package.module:attribute",
        (5, True, ["app:judge"]),
    ),
    "judge_budget": Example("GENSCOPE_JUDGE_BUDGET", "1 usd/day", {"5 usd/day": ("5 usd/day",)}, (), ""),
    "judge_timeout": Example(
        "GENSCOPE_JUDGE_TIMEOUT",
        30.0,
        {0.5: ("0.5", 0.5), 60.0: ("60", 60)},
        ("0", "-1", "inf", "nan", "long"),
        "seconds, more than 0",
        (0, True, []),
    ),
    "judge_queue_size": Example(
        "GENSCOPE_JUDGE_QUEUE_SIZE", 100, LIMITS, BAD_LIMITS, "a whole number, 1 or more", (0,)
    ),
    "judge_baseline": Example(
        "GENSCOPE_JUDGE_BASELINE", None, {"/var/lib/app/usual.db": ("/var/lib/app/usual.db",)}, (), "a text", (5,)
    ),
    "slo": Example("GENSCOPE_SLO", None, {"default": ("default",)}, (), ""),
    **{
        name: Example(f"GENSCOPE_{name.upper()}", None, {"/x": ("/x", " /x ")}, (), "a text", (5,), secret=secret)
        for name, secret in (
            ("slo_file", False),
            ("slo_webhook", True),
            ("slo_webhook_secret", True),
            ("slo_slack", True),
        )
    },
    "slo_callback": Example("GENSCOPE_SLO_CALLBACK", None, HOOK, NO_HOOKS, "package.module:function", (5,)),
    "slo_max_series": Example("GENSCOPE_SLO_MAX_SERIES", 200, LIMITS, BAD_LIMITS, "a whole number, 1 or more", (0,)),
    "budget": Example(
        "GENSCOPE_BUDGET",
        None,
        {"5 usd/day": ("5 usd/day",), "@limits": ("@limits",), ("5 usd/day",): (("5 usd/day",),)},
        (),
        "",
    ),
    "budget_mode": Example("GENSCOPE_BUDGET_MODE", "warn", {"deny": ("deny", "DENY")}, ("refuse",), "warn, deny"),
    "budget_store": Example(
        "GENSCOPE_BUDGET_STORE", "memory", {"sqlite:///x": ("sqlite:///x",)}, (), "a text", (5,), secret=True
    ),
    "budget_fail": Example("GENSCOPE_BUDGET_FAIL", "open", {"closed": ("closed",)}, ("shut",), "open, closed"),
    "budget_timezone": Example(
        "GENSCOPE_BUDGET_TIMEZONE", "UTC", {"Europe/Berlin": ("Europe/Berlin",)}, (), "a text", (5,)
    ),
    "budget_unpriced": Example("GENSCOPE_BUDGET_UNPRICED", "allow", {"deny": ("deny",)}, ("no",), "allow, deny"),
    "budget_default_output_tokens": Example(
        "GENSCOPE_BUDGET_DEFAULT_OUTPUT_TOKENS", 1000, LIMITS, BAD_LIMITS, "a whole number, 1 or more", (0,)
    ),
    "budget_metric_scopes": Example(
        "GENSCOPE_BUDGET_METRIC_SCOPES",
        (),
        {("user", "tenant"): ("user,tenant",)},
        (),
        "a list, separated by commas",
        (5,),
    ),
    **{
        name: Example(f"GENSCOPE_{name.upper()}", None, HOOK, NO_HOOKS, "package.module:function", (5,))
        for name in ("budget_callback", "budget_estimator")
    },
    "call_log": Example("GENSCOPE_CALL_LOG", False, SWITCH, ("stderr",), "true or false"),
    "call_log_excerpt": Example(
        "GENSCOPE_CALL_LOG_EXCERPT",
        500,
        {0: ("0", 0), 80: ("80",)},
        ("-1", "some"),
        "a whole number, 0 or more",
        (True,),
    ),
    "completion_hook": Example(
        "OTEL_INSTRUMENTATION_GENAI_COMPLETION_HOOK",
        None,
        {"upload": ("upload", " upload "), COMPLETION_HOOK: (COMPLETION_HOOK,)},
        (),
        "the name of an entry point, or an object with a method on_completion",
        (5, hook),
    ),
    "semconv_stability_opt_in": Example(
        "OTEL_SEMCONV_STABILITY_OPT_IN",
        frozenset(),
        {
            frozenset[str](): ("http", "http/dup,database"),
            frozenset({LATEST}): (LATEST, f" http/dup , {LATEST.upper()} ", [LATEST], (LATEST, "http")),
            frozenset({DUP}): (DUP,),
            frozenset({LATEST, DUP}): (f"{LATEST},{DUP}", {LATEST, DUP}),
        },
        ("gen_ai", "gen_ai_latest", f"http,{LATEST}/both"),
        f"{LATEST}, {DUP}",
        (1, True),
    ),
    "keep_routes": Example(
        "GENSCOPE_KEEP_ROUTES",
        (),
        {
            ("/chat*", "POST /agents/*"): (
                "/chat*,POST /agents/*",
                " /chat* , POST /agents/*,",
                ["/chat*", "POST /agents/*"],
            )
        },
        (),
        "a list, separated by commas",
        (5, True, {"/chat*": True}),
    ),
    "store": Example("GENSCOPE_STORE", None, {"~/x.db": ("~/x.db", " ~/x.db ")}, (), "a text", (5,)),
    "store_max_age": Example(
        "GENSCOPE_STORE_MAX_AGE",
        "30d",
        {"12h": ("12h", " 12 H "), "1.5d": ("1.5d",), "off": ("off", "0", "none")},
        ("30", "d", "-1d", "1y", "0d", "1e3d", "inf"),
        "an age, 12h, 30d or 8w, or off",
        (30, True, []),
    ),
    "store_max_size": Example(
        "GENSCOPE_STORE_MAX_SIZE",
        "1gb",
        {"500mb": ("500MB", " 500 mb"), "2048b": ("2048b",), "off": ("off", "OFF")},
        ("500", "MB", "-1MB", "1PB", "0mb"),
        "a size, 500MB or 2GB, or off",
        (1000, []),
    ),
    "legacy_names": Example("GENSCOPE_LEGACY_NAMES", False, SWITCH, ("old",), "true or false"),
    "exception_signal": Example(
        "OTEL_SEMCONV_EXCEPTION_SIGNAL_OPT_IN",
        "spans",
        {"spans": ("spans",), "logs": ("logs", "LOGS"), "logs/dup": ("logs/dup",)},
        ("both", "events"),
        "spans, logs, logs/dup",
    ),
    "providers": Example(
        "GENSCOPE_PROVIDERS",
        {},
        {(("a.example", "acme"), ("b:80", "vllm")): ("a.example=acme,b:80=vllm", " a.example = acme , b:80=vllm,")},
        ("a.example", "a.example=", "=acme", "a.example=acme,b"),
        "host=provider pairs, separated by commas",
        (5,),
    ),
    "stream_usage": Example("GENSCOPE_STREAM_USAGE", False, SWITCH, ("ask",), "true or false"),
    "native_spans": Example("GENSCOPE_NATIVE_SPANS", False, SWITCH, ("maybe", "2"), "true or false"),
    "time_per_output_chunk": Example("GENSCOPE_TIME_PER_OUTPUT_CHUNK", False, SWITCH, ("each",), "true or false"),
    **{
        name: Example(f"GENSCOPE_{name.upper()}", None, HOOK, NO_HOOKS, "package.module:function", (5,))
        for name in ("request_hook", "response_hook", "chunk_hook")
    },
    "raise_faults": Example("GENSCOPE_RAISE_FAULTS", False, SWITCH, ("some",), "true or false"),
}
SPELLED = [(name, value, said) for name, one in EXAMPLES.items() for value, all in one.spelled.items() for said in all]
REFUSED = [
    (name, origin, said)
    for name, one in EXAMPLES.items()
    for origin in (ARGUMENT, FILE, one.env)
    for said in (one.refused if origin == one.env else (*one.refused, *one.only_arguments))
]


@pytest.fixture(autouse=True)
def no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.startswith(("OTEL_", "GENSCOPE_")):
            monkeypatch.delenv(name)


def said_by(origin: str, name: str, value: Any) -> Resolution:
    """What comes of a value that is said in one way."""
    if origin not in (ARGUMENT, FILE):
        os.environ[origin] = value
    try:
        return resolve({name: value} if origin == ARGUMENT else {}, {name: value} if origin == FILE else None)
    finally:
        os.environ.pop(origin, None)


def plain(value: Any) -> Any:
    return tuple(value.items()) if isinstance(value, Mapping) else value


def test_there_is_an_example_of_every_option() -> None:
    assert EXAMPLES.keys() == {option.name for option in OPTIONS}


@pytest.mark.parametrize("name", EXAMPLES)
def test_defaults(name: str) -> None:
    found = resolve({}, {})
    option = next(option for option in OPTIONS if option.name == name)
    assert option.metadata["env"] == EXAMPLES[name].env
    assert option.metadata["help"].endswith(".")
    assert getattr(found.settings, name) == EXAMPLES[name].default == getattr(Settings(), name)
    assert found.origins[name] == DEFAULT
    assert found.complaints == ()


@pytest.mark.parametrize("name, value, said", SPELLED)
def test_spellings(name: str, value: Any, said: Any) -> None:
    for origin in (ARGUMENT, FILE, EXAMPLES[name].env):
        if origin in (ARGUMENT, FILE) or isinstance(said, str):
            found = said_by(origin, name, said)
            assert plain(getattr(found.settings, name)) == value
            assert (found.origins[name], found.complaints) == (origin, ())
            assert {found.origins[other] for other in EXAMPLES if other != name} == {DEFAULT}


def test_providers_may_be_a_mapping() -> None:
    assert resolve({"providers": {"a.example": "acme"}}).settings.providers == {"a.example": "acme"}


@pytest.mark.parametrize("name, origin, said", REFUSED)
def test_a_bad_value_is_said_and_the_default_taken(name: str, origin: str, said: Any) -> None:
    found = said_by(origin, name, said)
    example = EXAMPLES[name]
    assert getattr(found.settings, name) == (example.default if example.fallback is None else example.fallback)
    assert found.origins[name] == DEFAULT
    (complaint,) = found.complaints
    assert complaint.startswith(f"{name} ({origin})=" if origin in (ARGUMENT, FILE) else f"{origin}=")
    assert (repr(said) in complaint) is not example.secret
    assert complaint.endswith(example.accepted)


@pytest.mark.parametrize("old, meant", [("true", "SPAN_ONLY"), ("True", "SPAN_ONLY"), ("false", "NO_CONTENT")])
def test_content_as_older_documentation_spelled_it(old: str, meant: str) -> None:
    for origin in (ARGUMENT, FILE, EXAMPLES["capture_message_content"].env):
        found = said_by(origin, "capture_message_content", old)
        assert (found.settings.capture_message_content, found.origins["capture_message_content"]) == (meant, origin)
        (complaint,) = found.complaints
        assert complaint.endswith(f"{old!r} is outdated, and read as {meant}")
    assert resolve({"capture_message_content": old == "True"}).complaints  # Python's own, and YAML's


def test_what_is_complained_of_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    os.environ["GENSCOPE_STREAM_USAGE"] = "perhaps"
    try:
        complain(resolve({"capture_message_content": "true"}, {"nonsense": 1}))
    finally:
        del os.environ["GENSCOPE_STREAM_USAGE"]
    assert [record.name for record in caplog.records] == ["genscope"] * 3
    assert {record.levelno for record in caplog.records} == {logging.WARNING}
    nonsense, bad, outdated = (record.getMessage() for record in caplog.records)
    assert nonsense.startswith("genscope: the file's nonsense is ignored")
    assert outdated == "genscope: capture_message_content (argument)='true' is outdated, and read as SPAN_ONLY"
    assert bad == "genscope: GENSCOPE_STREAM_USAGE='perhaps' is ignored; accepted: true or false"


@pytest.mark.parametrize(
    "settings, spans, events, details",
    [
        ({}, False, False, False),
        ({"capture_message_content": "SPAN_ONLY"}, True, False, False),
        ({"capture_message_content": "EVENT_ONLY"}, False, True, True),
        ({"capture_message_content": "SPAN_AND_EVENT"}, True, True, True),
        ({"emit_event": True}, False, False, True),
        ({"capture_message_content": "SPAN_AND_EVENT", "emit_event": False}, True, True, False),
    ],
)
def test_where_content_goes(settings: Mapping[str, Any], spans: bool, events: bool, details: bool) -> None:
    found = resolve(settings).settings
    assert (found.content_on_spans, found.content_on_events, found.details_events) == (spans, events, details)


# --- who is heard


@pytest.fixture
def said_everywhere(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GENSCOPE_MAX_CONTENT_BYTES", "3")
    monkeypatch.setenv("OTEL_PYTHON_GENSCOPE_MAX_CONTENT_BYTES", "4")


@pytest.mark.usefixtures("said_everywhere")
def test_precedence(monkeypatch: pytest.MonkeyPatch) -> None:
    def found(argument: Any = None, file: Any = None) -> tuple[int, str]:
        found = resolve({"max_content_bytes": argument}, {"max_content_bytes": file})
        assert found.complaints == ()
        return found.settings.max_content_bytes, found.origins["max_content_bytes"]

    assert found(1, 2) == (1, ARGUMENT)
    assert found(0, 2) == (0, ARGUMENT)
    assert found(None, 2) == (2, FILE)
    assert found() == (3, "GENSCOPE_MAX_CONTENT_BYTES")
    monkeypatch.delenv("GENSCOPE_MAX_CONTENT_BYTES")
    assert found() == (4, "OTEL_PYTHON_GENSCOPE_MAX_CONTENT_BYTES")
    monkeypatch.delenv("OTEL_PYTHON_GENSCOPE_MAX_CONTENT_BYTES")
    assert found() == (131_072, DEFAULT)


@pytest.mark.usefixtures("said_everywhere")
def test_a_bad_value_does_not_hand_on_to_the_next() -> None:
    """Who forbids something and misspells it must not get what another allows."""
    found = resolve({"max_content_bytes": "few"}, {"max_content_bytes": 2})
    assert found.settings.max_content_bytes == 131_072
    assert len(found.complaints) == 1


@pytest.mark.parametrize("empty", ["", "  "])
def test_an_empty_variable_is_none(empty: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, example in EXAMPLES.items():
        monkeypatch.setenv(example.env, empty)
        assert getattr(resolve({}).settings, name) == example.default
    assert resolve({}).complaints == ()
    monkeypatch.setenv("OTEL_PYTHON_GENSCOPE_MAX_CONTENT_BYTES", "4")
    assert resolve({}).settings.max_content_bytes == 4


def test_only_our_own_variables_have_a_second_name() -> None:
    for example in EXAMPLES.values():
        second = (f"OTEL_PYTHON_{example.env}",) if example.env.startswith("GENSCOPE_") else ()
        assert settings.environment(example.env) == (example.env, *second)
        assert [getattr(environment_variables, name) for name in second] == [*second]


# --- what is no option


@pytest.mark.parametrize("unknown", [{"streem_usage": True}, {"streem_usage": None}])
def test_an_unknown_argument_is_an_error_of_the_program(unknown: Mapping[str, Any]) -> None:
    with pytest.raises(TypeError, match=r"no setting streem_usage; there are: .*stream_usage"):
        resolve({"stream_usage": True, **unknown})


def test_an_unknown_option_of_the_file_leaves_the_others() -> None:
    found = resolve({}, {"stream_usage": True, "nonsense": 1, "max_content_bytes": 5})
    assert (found.settings.stream_usage, found.settings.max_content_bytes) == (True, 5)
    (complaint,) = found.complaints
    assert complaint.startswith("the file's nonsense is ignored: there is no such setting; there are: ")
    assert all(name in complaint for name in EXAMPLES)


def test_the_options_of_the_file_come_in_one_piece() -> None:
    """opentelemetry-configuration makes the dataclass, and would refuse what it has no field for."""
    assert OpenAIInstrumentor.configuration is FileOptions
    assert FileOptions(stream_usage=True, nonsense=1).configuration == {"stream_usage": True, "nonsense": 1}


# --- functions by name


def test_importing_a_hook_may_fail_in_any_way(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "broken_hooks.py").write_text("raise RuntimeError('at import')")
    monkeypatch.syspath_prepend(tmp_path)
    found = resolve({"request_hook": "broken_hooks:hook"})
    assert found.settings.request_hook is None
    assert len(found.complaints) == 1
    assert "broken_hooks" not in sys.modules
