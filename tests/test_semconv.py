"""The names that genscope emits are those of the conventions, their types too, and they are spelled in one place."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import openai
import pytest
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from genscope import semconv
from genscope.instrumentors import OpenAIInstrumentor
from genscope.wire import chat_completions, embeddings, fetched_responses, responses, text_completions

http: Any = getattr(openai._base_client, "httpx2", None) or openai._base_client.httpx

ROOT = Path(__file__).resolve().parents[1]
SRC = ROOT / "src" / "genscope"
REGISTRY = ROOT.parent / "shared" / "semconv" / "registry.json"

STANDARD = ("gen_ai.", "openai.", "server.", "error.", "http.", "exception.")

KEPT_ATTRIBUTES = {
    "gen_ai.token.type": "string",  # removed by semantic-conventions-genai #374 together with its metric, see below
    "http.response.status_code": "int",  # stable, in the HTTP conventions: the saved registry is that of GenAI
}
"""Attributes that the registry does not have, and their types."""

KEPT_METRICS = {
    # What opentelemetry-util-genai 1.3b0 emits and dashboards read. In the registry for other operations still (#521).
    "gen_ai.client.operation.duration": "gen_ai.client.inference.duration",
    "gen_ai.client.operation.time_to_first_chunk": "gen_ai.client.inference.time_to_first_chunk",  # renamed by #521
    "gen_ai.client.operation.time_per_output_chunk": "gen_ai.client.inference.time_per_output_chunk",  # by #521
    "gen_ai.client.token.usage": "gen_ai.client.inference.operation.input_tokens",  # split up by #374
}
"""Metrics of the default flavour, and their successors, whose unit and buckets they must have."""

NOT_EMITTED_YET = {
    "genscope.cost.amount": "read by the console; the stage that prices calls is to come",
    "genscope.enriched": "only beside another instrumentation: tests/contract has one",
}

OURS = re.compile(r"genscope\.[a-z_.]+")


@cache
def registry() -> Any:
    if not REGISTRY.is_file():
        pytest.skip(f"no registry of the conventions at {REGISTRY}")
    return json.loads(REGISTRY.read_text("utf-8"))


def attribute_names() -> set[str]:
    """Every attribute that `semconv` names."""
    constants = {value for name, value in vars(semconv).items() if name.isupper() and isinstance(value, str)}
    tables = {name for table in (semconv.REQUEST, semconv.RESPONSE, semconv.USAGE) for name in table.values()}
    return (constants - {semconv.SCHEMA_URL}) | tables


def metrics() -> list[semconv.Metric]:
    flavours = [value for value in vars(semconv).values() if isinstance(value, semconv.Flavour)]
    of_flavours = [getattr(flavour, name) for flavour in flavours for name in semconv.Flavour.__dataclass_fields__]
    return of_flavours + [value for value in vars(semconv).values() if isinstance(value, semconv.Metric)]


def test_the_names_are_found() -> None:
    assert {"gen_ai.usage.cache_read.input_tokens", "server.port", "genscope.stream.chunks"} <= attribute_names()
    assert {"gen_ai.client.token.usage", "genscope.client.attempts"} <= {metric.name for metric in metrics()}


@pytest.mark.parametrize("name", sorted(attribute_names()))
def test_an_attribute_is_one_of_the_conventions_or_ours(name: str) -> None:
    if name.startswith(STANDARD):
        assert name in registry()["attributes"] or name in KEPT_ATTRIBUTES
    else:
        assert OURS.fullmatch(name)


@pytest.mark.parametrize("name", sorted(KEPT_ATTRIBUTES))
def test_an_attribute_is_kept_only_while_there_is_a_reason(name: str) -> None:
    assert name in attribute_names()
    assert name not in registry()["attributes"]


@pytest.mark.parametrize("metric", metrics(), ids=lambda metric: metric.name)
def test_a_metric_is_one_of_the_conventions_or_ours(metric: semconv.Metric) -> None:
    if not metric.name.startswith(STANDARD):
        assert OURS.fullmatch(metric.name)
        return
    known = registry()["metrics"]
    standard = known[KEPT_METRICS.get(metric.name, metric.name)]
    assert metric.unit == standard["unit"]
    assert list(metric.buckets or ()) == standard.get("explicit_bucket_boundaries", [])


def test_a_metric_is_kept_only_while_somebody_uses_it() -> None:
    assert KEPT_METRICS.keys() <= {metric.name for metric in metrics()}


@pytest.mark.parametrize(
    "reader",
    [chat_completions, text_completions, responses, fetched_responses, embeddings],
    ids=lambda one: one.__name__,
)
def test_an_operation_is_one_of_the_conventions(reader: Any) -> None:
    assert reader.OPERATION in members("gen_ai.operation.name")


def members(name: str) -> set[str]:
    return {member["value"] for member in registry()["attributes"][name]["members"]}


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
    ("/completions", {"seed": 9}, {"choices": [CHOICE]}),
]


@pytest.fixture(scope="module")
def emitted() -> dict[str, list[Any]]:
    """Every attribute of every span and data point of a few calls that have everything, and its values."""
    spans, reader = InMemorySpanExporter(), InMemoryMetricReader()
    tracer_provider = TracerProvider(shutdown_on_exit=False)
    tracer_provider.add_span_processor(SimpleSpanProcessor(spans))
    meter_provider = MeterProvider([reader], shutdown_on_exit=False)
    instrumentor = OpenAIInstrumentor()
    instrumentor.instrument(
        skip_dep_check=True,
        tracer_provider=tracer_provider,
        meter_provider=meter_provider,
        raise_faults=True,
        time_per_output_chunk=True,
    )
    try:
        run_the_calls()
    finally:
        instrumentor.uninstrument()
    found: dict[str, list[Any]] = {}
    for attributes in (*attributes_of_spans(spans), *attributes_of_points(reader)):
        for name, value in attributes.items():
            found.setdefault(name, []).append(value)
    return found


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


def attributes_of_spans(spans: InMemorySpanExporter) -> Iterator[Any]:
    for span in spans.get_finished_spans():
        yield span.attributes
        for event in span.events:
            yield event.attributes


def attributes_of_points(reader: InMemoryMetricReader) -> Iterator[Any]:
    data: Any = reader.get_metrics_data()
    for resource in data.resource_metrics:
        for scope in resource.scope_metrics:
            assert {metric.name for metric in scope.metrics} == {metric.name for metric in metrics()}
            for metric in scope.metrics:
                yield from (point.attributes for point in metric.data.data_points)


TYPES = {
    "string": lambda value: type(value) is str,
    "int": lambda value: type(value) is int,
    "double": lambda value: type(value) is float,
    "boolean": lambda value: type(value) is bool,
    "string[]": lambda value: isinstance(value, tuple) and all(type(one) is str for one in value),
}


def test_every_name_is_emitted_and_no_other(emitted: dict[str, list[Any]]) -> None:
    """A name that nothing emits is dead; one that is not in `semconv` is spelled somewhere else."""
    assert emitted.keys() == attribute_names() - NOT_EMITTED_YET.keys()


@pytest.mark.parametrize("name", sorted(name for name in attribute_names() if name.startswith(STANDARD)))
def test_a_value_has_the_type_of_the_conventions(emitted: dict[str, list[Any]], name: str) -> None:
    type = KEPT_ATTRIBUTES.get(name) or registry()["attributes"][name]["type"]
    assert all(TYPES[type](value) for value in emitted[name]), emitted[name]


@pytest.mark.parametrize(
    "name", ["gen_ai.operation.name", "gen_ai.output.type", "openai.api.type", "gen_ai.response.status"]
)
def test_a_value_is_one_of_those_that_the_conventions_know(emitted: dict[str, list[Any]], name: str) -> None:
    assert set(emitted[name]) <= members(name)


# --- spelled in one place

SPELLING = {
    "semconv.py": "the place",
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
    assert len(names_in((SRC / "semconv.py").read_text("utf-8"))) > 50
