"""The names that genscope emits are those of the conventions, their types too, and they are spelled in one place."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import anthropic
import openai
import pytest
from conventions import (
    KEPT_ATTRIBUTES,
    KEPT_METRICS,
    OLD_ATTRIBUTES,
    OLD_METRICS,
    OWN_OPERATIONS,
    STANDARD,
    has_type_of,
    members,
    registry,
)
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

import genscope
from genscope import semconv
from genscope.providers.openai import OPENAI
from genscope.telemetry.measures import MEASURES

http: Any = getattr(openai._base_client, "httpx2", None) or openai._base_client.httpx

ROOT = Path(__file__).resolve().parents[1]
SRC = ROOT / "src" / "genscope"

OF_OTHERS = {
    semconv.INPUT_MESSAGES_REF,
    semconv.OUTPUT_MESSAGES_REF,
    semconv.SYSTEM_INSTRUCTIONS_REF,
    semconv.TOOL_DEFINITIONS_REF,
}
"""Not in the registry: what OpenTelemetry's own instrumentations write."""

OF_THE_CALL_LOG = {
    semconv.CALL_DURATION,
    *(name for name in vars(semconv).values() if str(name).endswith((".excerpt", ".length", "put.hash"))),
}

OF_FEATURES = ("genscope.budget.", "genscope.evaluation.", "genscope.slo.")
"""Emitted where these are used: tests/budget, tests/judge, tests/slo."""

NOT_EMITTED_HERE = {
    **dict.fromkeys(
        (name for name in vars(semconv).values() if str(name).startswith("genscope.slo.")), "of objectives: tests/slo"
    ),
    "genscope.enriched": "only beside another instrumentation: tests/contract has one",
    "exception.message": "with content only, like the next ones: what is written is tested with the content",
    "genscope.counted_tokens": "of an operation that the conventions do not have",
    "gen_ai.input.messages": "",
    "gen_ai.output.messages": "",
    "gen_ai.system_instructions": "",
    "gen_ai.tool.definitions": "",
    "genscope.content.hash": "only on request, like the next ones: tests of their own",
    "genscope.content.omitted_messages": "",
    "genscope.link.kind": "",
    "genscope.link.trace_id": "",
    "genscope.link.span_id": "",
    "genscope.tag.": "the beginning of the names of tags",
    **dict.fromkeys(
        ("genscope.retry.attempt", "genscope.retry.gave_up", "genscope.retry.nested"),
        "by the application: tests/retrying",
    ),
    **dict.fromkeys(("genscope.fallback.model", "genscope.fallback.models", "genscope.fallback.errors"), "the same"),
    "gen_ai.evaluation.name": "where answers are judged, like the next ones: tests/judge",
    "gen_ai.evaluation.score.value": "",
    "gen_ai.evaluation.score.label": "",
    "gen_ai.evaluation.explanation": "",
    "genscope.sampling": "by the sampler only: tests/test_sampler.py",
    "gen_ai.tool.call.arguments": "content of what is annotated, like the next ones: tests/annotate",
    "gen_ai.tool.call.result": "",
    "gen_ai.retrieval.query.text": "",
    "gen_ai.retrieval.documents": "",
    "genscope.call.arguments": "",
    "genscope.call.result": "",
    "genscope.handoff.from": "of frameworks only, like the next ones: tests/frameworks",
    "genscope.handoff.to": "",
    "genscope.interrupted": "",
    "genscope.guardrail.triggered": "",
    **dict.fromkeys(
        (name for name in vars(semconv).values() if str(name).startswith(("mcp.", "jsonrpc.", "rpc.", "network."))),
        "of MCP: tests/frameworks",
    ),
    **dict.fromkeys(sorted(OF_THE_CALL_LOG), "attributes of its records"),
    **dict.fromkeys(sorted(OF_OTHERS), "by a hook that stores content elsewhere"),
}

OURS = re.compile(r"genscope\.[a-z0-9_.]+")

EVENTS = {
    semconv.DETAILS_EVENT: (semconv.DETAILS_SEVERITY, semconv.DETAILS_SEVERITY_TEXT),
    semconv.EXCEPTION_EVENT: (semconv.EXCEPTION_SEVERITY, semconv.EXCEPTION_SEVERITY_TEXT),
}
FLAVOURS = {"default": semconv.DEFAULT, "latest": semconv.LATEST, "legacy": semconv.LEGACY}
OUR_LOG = (semconv.CALL_LOGGER, semconv.CALL_EVENT)
NO_NAMES = {
    semconv.SCHEMA_URL,
    semconv.UNKNOWN_MODALITY,
    semconv.KEEP,
    *OUR_LOG,
    semconv.EVALUATION_EVENT,
    semconv.DRIFT_EVENT,
    semconv.SLO_EVENT,
    semconv.LEGACY_ALERT_SPAN,
    *EVENTS,
    *(text for _, text in EVENTS.values()),
}


def attribute_names() -> set[str]:
    """Every attribute that `semconv` names, but for those of old."""
    constants = {value for name, value in vars(semconv).items() if name.isupper() and isinstance(value, str)}
    tables = {name for table in (semconv.REQUEST, semconv.RESPONSE, semconv.USAGE) for name in table.values()}
    return (constants - NO_NAMES) | tables


def metrics() -> list[semconv.Metric]:
    of_flavours = [metric for flavour in FLAVOURS.values() for metric in flavour.metrics.values()]
    return of_flavours + [value for value in vars(semconv).values() if isinstance(value, semconv.Metric)]


def test_the_names_are_found() -> None:
    assert {"gen_ai.usage.cache_read.input_tokens", "server.port", "genscope.stream.chunks"} <= attribute_names()
    assert {"gen_ai.client.token.usage", "genscope.client.attempts"} <= {metric.name for metric in metrics()}
    assert [value for value in vars(semconv).values() if isinstance(value, semconv.Flavour)] == [*FLAVOURS.values()]


@pytest.mark.parametrize("name", sorted(attribute_names()))
def test_an_attribute_is_one_of_the_conventions_or_ours(name: str) -> None:
    if name.startswith(STANDARD):
        assert name in registry()["attributes"] or name in KEPT_ATTRIBUTES or name in OF_OTHERS
    else:
        assert OURS.fullmatch(name)


@pytest.mark.parametrize("name", sorted(KEPT_ATTRIBUTES))
def test_an_attribute_is_kept_only_while_there_is_a_reason(name: str) -> None:
    assert name in attribute_names()
    assert name not in registry()["attributes"]


@pytest.mark.parametrize("metric", metrics(), ids=lambda metric: metric.name)
def test_a_metric_is_one_of_the_conventions_or_ours(metric: semconv.Metric) -> None:
    if not metric.name.startswith(STANDARD):
        assert OURS.fullmatch(metric.name) or metric.name in OLD_METRICS
        return
    known = registry()["metrics"]
    of_default = metric in semconv.DEFAULT.metrics.values()
    standard = known[KEPT_METRICS[metric.name] if of_default else metric.name]
    assert metric.unit == standard["unit"]
    assert (metric.buckets is None) == (standard["instrument"] == "counter")
    assert list(metric.buckets or ()) == (standard["explicit_bucket_boundaries"] or [])


def test_a_metric_is_kept_only_while_somebody_uses_it() -> None:
    assert KEPT_METRICS.keys() == {metric.name for metric in semconv.DEFAULT.metrics.values()}
    assert KEPT_METRICS.keys() & registry()["metrics"].keys() == {"gen_ai.client.operation.duration"}
    assert OLD_METRICS.keys() <= {metric.name for metric in semconv.LEGACY.metrics.values()}


def test_all_client_metrics_of_the_conventions_are_in_the_latest_flavour() -> None:
    client = {name for name in registry()["metrics"] if name.startswith("gen_ai.client.")}
    assert {metric.name for metric in semconv.LATEST.metrics.values()} == client


def test_what_a_flavour_names_is_measured() -> None:
    named = {meaning for flavour in (semconv.LATEST, semconv.LEGACY) for meaning in flavour.metrics}
    assert MEASURES.keys() == named - {"time_per_output_chunk"}


def test_inference_is_what_the_conventions_call_so() -> None:
    """An operation that has a type of span of its own is none."""
    client = {name.split(".")[1] for name in registry()["spans"] if name.endswith(".client")}
    assert client & semconv.INFERENCE == set()
    assert members("gen_ai.operation.name") >= semconv.INFERENCE
    assert {route.reader.OPERATION for route in OPENAI.routes} - client - OWN_OPERATIONS == semconv.INFERENCE


@pytest.mark.parametrize("name", sorted(EVENTS))
def test_an_event_has_the_severity_of_the_conventions(name: str) -> None:
    event = registry()["events"][name]
    number, text = EVENTS[name]
    assert f"severity to {text} (severity number {number})" in event["note"]


@pytest.mark.parametrize(
    "name", ["INPUT_MESSAGES", "OUTPUT_MESSAGES", "SYSTEM_INSTRUCTIONS", "TOOL_DEFINITIONS", "EXCEPTION_MESSAGE"]
)
def test_content_is_where_the_conventions_have_it(name: str) -> None:
    of_events = [{one["name"]: one for one in event["attributes"]} for event in registry()["events"].values()]
    found = [event[getattr(semconv, name)] for event in of_events if getattr(semconv, name) in event]
    assert found
    assert name == "EXCEPTION_MESSAGE" or all(one["requirement_level"] == "opt_in" for one in found)


def test_a_modality_is_one_of_the_conventions() -> None:
    assert {*semconv.TOKEN_MODALITIES, semconv.UNKNOWN_MODALITY} == members("gen_ai.token.modality")


@pytest.mark.parametrize("route", OPENAI.routes, ids=lambda route: route.path)
def test_an_operation_is_one_of_the_conventions_or_listed(route: Any) -> None:
    known = members("gen_ai.operation.name")
    assert known & OWN_OPERATIONS == set()
    assert route.reader.OPERATION in known | OWN_OPERATIONS


# --- names of old


def test_nothing_deprecated_is_in_use() -> None:
    """But for the kind of token, which the default flavour has: there is nothing else for dashboards to read."""
    in_use = attribute_names() | {
        metric.name for flavour in ("default", "latest") for metric in FLAVOURS[flavour].metrics.values()
    }
    assert in_use & registry()["deprecated_attributes"].keys() == {"gen_ai.token.type"}


@pytest.mark.parametrize("meaning, name", semconv.LEGACY_ATTRIBUTES.items())
def test_an_attribute_of_old_has_become_what_it_stands_for(meaning: str, name: str) -> None:
    if name in OLD_ATTRIBUTES:
        return
    today = {"provider": semconv.PROVIDER_NAME, **semconv.USAGE}[meaning]
    assert [one["new"] for one in registry()["renames"] if (one["kind"], one["old"]) == ("attribute", name)] == [today]


def test_a_provider_of_old_has_become_what_it_stands_for() -> None:
    (note,) = (one["note"] for one in registry()["renames"] if one["old"] == "gen_ai.system")
    said = dict(reversed(pair.split("->")) for pair in re.findall(r"[\w.]+->[\w.]+", note))
    assert said == semconv.LEGACY_PROVIDERS


# --- what is really emitted

USAGE = {
    "prompt_tokens": 9,
    "prompt_tokens_details": dict.fromkeys(
        ["cached_tokens", "cache_write_tokens", "text_tokens", "image_tokens", "audio_tokens"], 1
    ),
    "completion_tokens": 9,
    "completion_tokens_details": dict.fromkeys(["reasoning_tokens", "text_tokens", "image_tokens", "audio_tokens"], 1),
}
SAMPLING: dict[str, Any] = {
    "max_tokens": 9,
    "temperature": 1,  # JSON has one kind of number, the conventions have two
    "top_p": 1,
    "top_k": 9.0,
    "n": 2,
    "seed": 9,
    "stop": "a",
    "frequency_penalty": 0,
    "presence_penalty": 0,
    "reasoning_effort": "low",
    "response_format": {"type": "json_object"},
    "service_tier": "flex",
}
CHOICE = {"index": 0, "finish_reason": "stop", "delta": {"content": "hi"}, "message": {"content": "hi"}}
CHAT = {
    "id": "c1",
    "model": "m",
    "service_tier": "flex",
    "system_fingerprint": "fp",
    "choices": [CHOICE],
    "usage": USAGE,
}
RESPONSE = {"id": "r1", "model": "m", "status": "in_progress", "conversation": {"id": "v1"}, "output": []}

ASKED_FOR = {"id": "call_2", "type": "function", "function": {"name": "f", "arguments": "{}"}}
TOOLS = {
    "tools": [{"type": "function", "function": {"name": "f"}}],
    "messages": [{"role": "tool", "tool_call_id": "call_1", "content": "1"}],
}

# path -> request, answer; a text is a stream
CALLS: list[tuple[str, dict[str, Any], Any]] = [
    ("/chat/completions", SAMPLING, CHAT),
    (
        "/chat/completions",
        {"stream": True},
        "".join(
            f"data: {json.dumps({**CHAT, 'choices': [{**CHOICE, 'delta': delta}]})}\n\n"
            for delta in ({"reasoning_content": "hm"}, {"content": "hi"})
        ),
    ),
    (
        "/responses",
        {
            "text": {"format": {"type": "json_object"}},
            "previous_response_id": "r0",
            "prompt": {"id": "p1", "version": "2"},
            "conversation": "v1",
        },
        RESPONSE,
    ),
    ("/responses/compact", {}, {"id": "r1", "output": [{"type": "compaction"}]}),
    ("/embeddings", {"dimensions": 2, "encoding_format": "float"}, {"data": [{"embedding": [0.5, 0.5]}]}),
    (
        "/chat/completions",
        TOOLS,
        {"choices": [{"finish_reason": "tool_calls", "message": {"tool_calls": [ASKED_FOR]}}]},
    ),
    ("/completions", {"seed": 9}, {"choices": [CHOICE]}),
    ("/audio/transcriptions", {}, {"text": "hi", "usage": {"type": "duration", "seconds": 3}}),
]


# Anthropic's have something of their own.
ASKED: dict[str, Any] = {
    "model": "m",
    "thinking": {"type": "enabled", "budget_tokens": 1024},
    "cache_control": {"type": "ephemeral"},
    "service_tier": "standard_only",
    "speed": "fast",
}
ANSWERED = {
    "stop_details": {"category": "cyber"},
    "container": {"id": "container_1"},
    "usage": {
        "cache_creation": {"ephemeral_5m_input_tokens": 5, "ephemeral_1h_input_tokens": 6},
        "server_tool_use": {"web_search_requests": 7, "web_fetch_requests": 8},
        "service_tier": "priority",
        "speed": "fast",
        "inference_geo": "eu",
    },
}


@pytest.fixture(scope="module")
def emitted() -> dict[str, list[Any]]:
    """The values of every attribute of spans and data points, in all flavours, of a few calls that have everything."""
    spans, reader = InMemorySpanExporter(), InMemoryMetricReader()
    tracer_provider = TracerProvider(shutdown_on_exit=False)
    tracer_provider.add_span_processor(SimpleSpanProcessor(spans))
    meter_provider = MeterProvider([reader], shutdown_on_exit=False)
    genscope.instrument(
        tracer_provider=tracer_provider,
        meter_provider=meter_provider,
        raise_faults=True,
        time_per_output_chunk=True,
        semconv_stability_opt_in="gen_ai_latest_experimental/dup",
        legacy_names=True,
        prices={"version": "1", "m": {"input": 1, "output": 1}},
    )
    try:
        run_what_is_annotated()
    finally:
        genscope.uninstrument()
    found: dict[str, list[Any]] = {}
    for attributes in (*attributes_of_spans(spans), *attributes_of_points(reader)):
        for name, value in attributes.items():
            if name.startswith(semconv.TAG):
                continue
            found.setdefault(name, []).append(value)
    return found


def run_what_is_annotated() -> None:
    said = genscope.context(conversation_id="c1", user_id="u1", tenant="t1", tags={"experiment": "B"})
    with said, genscope.workflow("answer"), genscope.agent("librarian", description="knows books"):
        with genscope.tool("look_up", description="a book", call_id="call_1"):
            with genscope.retrieval("books", top_k=3) as found:
                found.set_output([{"id": "1"}])
        with genscope.task("sum up"):
            run_the_calls()


def run_the_calls() -> None:
    def handle(request: Any) -> Any:
        if request.method == "GET":
            return http.Response(200, json=RESPONSE)
        number = json.loads(request.content).get("call")
        if number is None:  # fails, so that the SDK tries again, and fails once more
            return http.Response(503, headers={"x-request-id": "req_1", "retry-after-ms": "0.01"}, json={})
        answer = CALLS[number][2]
        if isinstance(answer, str):
            return http.Response(200, headers={"content-type": "text/event-stream"}, content=answer)
        return http.Response(200, json=answer)

    http_client = http.Client(transport=http.MockTransport(handle))
    base_url = "https://api.openai.com/v1"
    with openai.OpenAI(api_key="none", base_url=base_url, max_retries=1, http_client=http_client) as client:
        for number, (path, asked, answer) in enumerate(CALLS):
            body = {"model": "m", "call": number, **asked}
            if isinstance(answer, str):
                list(client.post(path, cast_to=object, body=body, stream=True, stream_cls=openai.Stream[object]))
            else:
                client.post(path, cast_to=object, body=body)
        client.get("/responses/r1", cast_to=object, options={"params": {"starting_after": 7}})
        with pytest.raises(openai.APIStatusError):
            client.post("/chat/completions", cast_to=object, body={"model": "m"})
    library: Any = getattr(anthropic._base_client, "httpx2", None) or anthropic._base_client.httpx
    http_client = library.Client(transport=library.MockTransport(lambda request: library.Response(200, json=ANSWERED)))
    with anthropic.Anthropic(api_key="none", http_client=http_client) as claude:
        claude.post("/v1/messages", cast_to=object, body=ASKED)


def attributes_of_spans(spans: InMemorySpanExporter) -> Iterator[Any]:
    for span in spans.get_finished_spans():
        yield span.attributes
        for event in span.events:
            yield event.attributes


def attributes_of_points(reader: InMemoryMetricReader) -> Iterator[Any]:
    data: Any = reader.get_metrics_data()
    for resource in data.resource_metrics:
        for scope in resource.scope_metrics:
            named = {metric.name for metric in metrics() if not metric.name.startswith((*OF_FEATURES, "mcp."))}
            assert {metric.name for metric in scope.metrics} == named
            for metric in scope.metrics:
                yield from (point.attributes for point in metric.data.data_points)


def test_every_name_is_emitted_and_no_other(emitted: dict[str, list[Any]]) -> None:
    """A name that nothing emits is dead; one that is not in `semconv` is spelled somewhere else."""
    expected = attribute_names() | set(semconv.LEGACY_ATTRIBUTES.values())
    assert emitted.keys() == {name for name in expected - NOT_EMITTED_HERE.keys() if not name.startswith(OF_FEATURES)}


WITH_A_TYPE = sorted(
    name
    for name in attribute_names() | set(semconv.LEGACY_ATTRIBUTES.values())
    if not name.startswith("genscope.") and name not in NOT_EMITTED_HERE
)


@pytest.mark.parametrize("name", WITH_A_TYPE)
def test_a_value_has_the_type_of_the_conventions(emitted: dict[str, list[Any]], name: str) -> None:
    assert all(has_type_of(name, value) for value in emitted[name]), emitted[name]


@pytest.mark.parametrize(
    "name",
    [
        "gen_ai.operation.name",
        "gen_ai.output.type",
        "gen_ai.token.modality",
        "openai.api.type",
        "gen_ai.response.status",
    ],
)
def test_a_value_is_one_of_those_that_the_conventions_know(emitted: dict[str, list[Any]], name: str) -> None:
    assert set(emitted[name]) <= members(name)


# --- spelled in one place

SPELLING = {
    "semconv/": "the place",
    "features/redaction/telemetry_values.py": "names that other instrumentations have for content",
    "telemetry/neighbours.py": "the marks of other instrumentations",
    "local/simulator": "a provider, not an instrumentation",
}
NAME = re.compile(r"(gen_ai|genscope)\.[a-z0-9_.]+")


def texts_in(source: str) -> Iterator[str]:
    """The string constants of a module that are no docstrings."""
    tree = ast.parse(source)
    prose = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in prose:
            yield node.value


def names_in(source: str) -> list[str]:
    """The names of attributes and metrics that a module spells; a module of ours has a name of the same form."""
    modules = {".".join(("genscope", *file.relative_to(SRC).with_suffix("").parts)) for file in SRC.rglob("*.py")}
    return [text for text in texts_in(source) if NAME.fullmatch(text) and text not in modules]


@pytest.mark.parametrize("file", sorted(SRC.rglob("*.py")), ids=lambda file: str(file.relative_to(SRC)))
def test_a_name_is_spelled_in_semconv_only(file: Path) -> None:
    if not str(file.relative_to(SRC)).startswith(tuple(SPELLING)):
        assert names_in(file.read_text("utf-8")) == []


def test_a_name_that_is_spelled_elsewhere_is_found() -> None:
    source = '"""gen_ai.request.model"""\nx = {"gen_ai.request.model": "genscope.core.call"}\ny = f"{x} genscope.a"\n'
    assert names_in(source) == ["gen_ai.request.model"]
    assert len(names_in((SRC / "semconv/attributes.py").read_text("utf-8"))) > 50
