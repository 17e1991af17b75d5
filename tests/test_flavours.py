"""What each flavour emits for real calls, against the registry: names, types, units, buckets, requirement levels."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from importlib.util import find_spec
from typing import Any, NamedTuple

import openai
import pytest
from conventions import KEPT_METRICS, OLD_METRICS, has_type_of, registry
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import Histogram, InMemoryMetricReader, Sum
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import INVALID_SPAN_CONTEXT, NonRecordingSpan

from genscope import semconv
from genscope.core.operation import Cost, Failure, Operation, Usage
from genscope.core.pipeline import Stage
from genscope.instrumentors import OpenAIInstrumentor
from genscope.local.simulator import Simulator
from genscope.telemetry.legacy import LegacyNames, legacy_attributes
from genscope.telemetry.measures import MEASURES
from genscope.telemetry.metrics import metric_stages

LATEST, DUP = "gen_ai_latest_experimental", "gen_ai_latest_experimental/dup"
PRICE = 0.25

FLAVOURS: dict[str, dict[str, Any]] = {
    "default": {},
    "latest": {"semconv_stability_opt_in": LATEST},
    "dup": {"semconv_stability_opt_in": f"http/dup,{LATEST},{DUP}"},
    "legacy": {"legacy_names": True},
    "latest and legacy": {"semconv_stability_opt_in": [LATEST], "legacy_names": True},
    "dup and legacy": {"semconv_stability_opt_in": DUP, "legacy_names": True},
}
TABLES = {
    "default": [semconv.DEFAULT],
    "latest": [semconv.LATEST],
    "dup": [semconv.DEFAULT, semconv.LATEST],
    "legacy": [semconv.DEFAULT, semconv.LEGACY],
    "latest and legacy": [semconv.LATEST, semconv.LEGACY],
    "dup and legacy": [semconv.DEFAULT, semconv.LATEST, semconv.LEGACY],
}

# --- the calls

MESSAGES = [{"role": "user", "content": "Hello"}]
PARAMETERS = {
    "max_tokens": 9,
    "temperature": 0.5,
    "top_p": 0.5,
    "top_k": 9,
    "n": 2,
    "seed": 9,
    "stop": ["a"],
    "frequency_penalty": 0.5,
    "presence_penalty": 0.5,
    "reasoning_effort": "low",
    "response_format": {"type": "json_object"},
    "service_tier": "flex",
}


@dataclass(frozen=True)
class Asked:
    """One call: where it goes, what it says, and what becomes of it."""

    type: str
    """The type of its span in the registry; for an operation that the conventions do not know, the nearest."""
    path: str
    body: Mapping[str, Any] = field(default_factory=dict)
    scenario: str = "ok"
    query: Mapping[str, Any] | None = None
    """Of a GET."""
    failed: bool = False
    usage: bool = True
    """Whether the answer counts tokens."""
    brief: bool = False
    """Whether the answer says nothing of itself."""

    @property
    def streaming(self) -> bool:
        return bool(self.body.get("stream") or (self.query or {}).get("stream"))


INFERENCE, EMBEDDINGS, FETCH = "gen_ai.client.inference", "gen_ai.embeddings.client", "gen_ai.fetch_response.client"
STREAM = {"stream": True, "stream_options": {"include_usage": True}}
PROMPT = {"prompt": {"id": "p1", "version": "2"}, "text": {"format": {"type": "json_object"}}}
CALLS = {
    "chat": Asked(INFERENCE, "/chat/completions", {"messages": MESSAGES}),
    "chat with parameters": Asked(INFERENCE, "/chat/completions", {"messages": MESSAGES, **PARAMETERS}),
    "chat with reasoning": Asked(INFERENCE, "/chat/completions", {"messages": MESSAGES}, "reasoning"),
    "chat stream": Asked(INFERENCE, "/chat/completions", {"messages": MESSAGES, **STREAM}),
    "chat stream without usage": Asked(
        INFERENCE, "/chat/completions", {"messages": MESSAGES, "stream": True}, usage=False
    ),
    "completion": Asked(INFERENCE, "/completions", {"prompt": "Hello", "seed": 9}),
    "response": Asked(INFERENCE, "/responses", {"input": "Hello", "conversation": "conv_1", **PROMPT}),
    "response stream": Asked(
        INFERENCE, "/responses", {"input": "Hello", "previous_response_id": "resp_0", "stream": True}
    ),
    "embeddings": Asked(EMBEDDINGS, "/embeddings", {"input": "Hello", "dimensions": 4, "encoding_format": "float"}),
    "fetch": Asked(FETCH, "/responses/resp_1", query={}, usage=False),
    "fetch stream": Asked(FETCH, "/responses/resp_1", query={"stream": "true", "starting_after": 1}, usage=False),
    "image": Asked(INFERENCE, "/images/generations", {"prompt": "A city", "model": "gpt-image-1"}, brief=True),
    "moderation": Asked(EMBEDDINGS, "/moderations", {"input": "Hello"}, usage=False),
    "cancel": Asked(FETCH, "/responses/resp_1/cancel", usage=False),
    "chat tried twice": Asked(INFERENCE, "/chat/completions", {"messages": MESSAGES}, "retry"),
    "chat refused": Asked(
        INFERENCE, "/chat/completions", {"messages": MESSAGES}, "rate_limit", failed=True, usage=False
    ),
    "chat stream broken": Asked(
        INFERENCE, "/chat/completions", {"messages": MESSAGES, **STREAM}, "stream_error", failed=True, usage=False
    ),
    "embeddings refused": Asked(EMBEDDINGS, "/embeddings", {"input": "Hello"}, "not_found", failed=True, usage=False),
}


if find_spec("openai.resources.responses") is None:  # the SDK does not read streams of an API that it does not have
    CALLS = {name: asked for name, asked in CALLS.items() if not (asked.streaming and "/responses" in asked.path)}


class Priced(Stage):
    """Stands for the feature that prices calls."""

    def end(self, op: Operation) -> None:
        if op.usage is not None:
            op.cost = Cost(PRICE, "USD", "test")


class Emitted(NamedTuple):
    spans: Mapping[str, ReadableSpan]
    """By name of the call."""
    metrics: Mapping[str, Any]
    """By name of the metric."""


def emit(simulator: Simulator, options: Mapping[str, Any], calls: Mapping[str, Asked]) -> Emitted:
    """Make the calls in one flavour. Of the registry, the provider is OpenAI: it refines the most."""
    exporter, reader = InMemorySpanExporter(), InMemoryMetricReader()
    tracer_provider = TracerProvider(shutdown_on_exit=False)
    tracer_provider.add_span_processor(SimpleSpanProcessor(exporter))
    instrumentor = OpenAIInstrumentor()
    instrumentor.instrument(
        skip_dep_check=True,
        tracer_provider=tracer_provider,
        meter_provider=MeterProvider([reader], shutdown_on_exit=False),
        raise_faults=True,
        time_per_output_chunk=True,
        providers={"127.0.0.1": "openai"},
        stages=[Priced()],
        **options,
    )
    simulator.reset()
    spans: dict[str, ReadableSpan] = {}
    try:
        for name, asked in calls.items():
            make(simulator, asked)
            (spans[name],) = exporter.get_finished_spans()
            exporter.clear()
    finally:
        instrumentor.uninstrument()
    return Emitted(spans, metrics_of(reader))


def make(simulator: Simulator, asked: Asked) -> None:
    streamed = {"stream": True, "stream_cls": openai.Stream[object]} if asked.streaming else {}
    with openai.OpenAI(api_key="none", base_url=simulator.base_url(asked.scenario), max_retries=1) as client:
        with pytest.raises(openai.APIError) if asked.failed else nullcontext():
            if asked.query is None:
                body = {"model": "gpt-4o-mini", **asked.body}
                answer: Any = client.post(asked.path, cast_to=object, body=body, **streamed)
            else:
                answer = client.get(asked.path, cast_to=object, options={"params": dict(asked.query)}, **streamed)
            if asked.streaming:
                list(answer)


def metrics_of(reader: InMemoryMetricReader) -> dict[str, Any]:
    data: Any = reader.get_metrics_data()
    if data is None:
        return {}
    found = [one for resource in data.resource_metrics for scope in resource.scope_metrics for one in scope.metrics]
    assert len({one.name for one in found}) == len(found)
    return {one.name: one for one in found}


@pytest.fixture(scope="module")
def by_flavour(simulator: Simulator) -> Mapping[str, Emitted]:
    return {name: emit(simulator, options, CALLS) for name, options in FLAVOURS.items()}


@pytest.fixture(params=FLAVOURS)
def flavour(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture
def emitted(by_flavour: Mapping[str, Emitted], flavour: str) -> Emitted:
    return by_flavour[flavour]


# --- spans

Facts = tuple[Asked, Mapping[str, Any], Mapping[str, Any]]
"""A call, the request as it was sent, the attributes of its span."""


def attributes_of_type(asked: Asked) -> dict[str, Any]:
    """What the registry says about a span: by attribute, that of the provider before that of the type."""
    refined = {INFERENCE: "openai.gen_ai.client.inference", FETCH: "openai.fetch_response.client"}.get(asked.type)
    of_type = registry()["spans"][asked.type]["attributes"]
    of_provider = registry()["span_refinements"][refined]["attributes"] if refined else []
    return {one["name"]: one for one in [*of_type, *of_provider]}


NOT_OF_THE_TYPE = {
    EMBEDDINGS: {"http.response.status_code", "gen_ai.response.id"},  # the id is that of a moderation
    INFERENCE: {"http.response.status_code"},
    # A resumed stream is one, whatever the table says: #513 wants to say so.
    FETCH: {"gen_ai.request.stream", "gen_ai.response.time_to_first_chunk"},
}
"""What spans have although the registry does not name it for their type."""


@pytest.mark.parametrize("call", CALLS)
def test_a_span_has_attributes_of_its_type_only(emitted: Emitted, flavour: str, call: str) -> None:
    asked, span = CALLS[call], emitted.spans[call]
    old = set(semconv.LEGACY_ATTRIBUTES.values()) if "legacy" in flavour else set()
    known = attributes_of_type(asked).keys() | NOT_OF_THE_TYPE[asked.type] | old
    assert {name for name in span.attributes or {} if not name.startswith("genscope.")} <= known
    for name, value in (span.attributes or {}).items():
        if not name.startswith("genscope."):
            assert has_type_of(name, value), (name, value)


@pytest.mark.parametrize("call", CALLS)
def test_a_span_has_the_name_and_kind_of_its_type(emitted: Emitted, call: str) -> None:
    asked, span = CALLS[call], emitted.spans[call]
    (pattern,) = registry()["spans"][asked.type]["name"]["patterns"]
    expected = pattern
    for name, value in (span.attributes or {}).items():
        expected = expected.replace(f"{{{name}}}", str(value))
    assert span.name == expected
    assert span.kind.name.lower() == registry()["spans"][asked.type]["kind"]


CONDITIONS: dict[str, Callable[[Asked, Mapping[str, Any]], bool]] = {
    "error.type": lambda asked, attributes: asked.failed,
    "server.port": lambda asked, attributes: "server.address" in attributes,
    "gen_ai.request.model": lambda asked, attributes: asked.type != FETCH,
    "gen_ai.request.stream": lambda asked, attributes: asked.streaming,
    "gen_ai.request.choice.count": lambda asked, attributes: asked.body.get("n", 1) != 1,
    "gen_ai.request.seed": lambda asked, attributes: "seed" in asked.body,
    "gen_ai.request.top_k": lambda asked, attributes: "top_k" in asked.body,
    "gen_ai.output.type": lambda asked, attributes: (
        "response_format" in asked.body or "text" in asked.body or asked.path.startswith("/images")
    ),
    "gen_ai.conversation.id": lambda asked, attributes: "conversation" in asked.body,
    "gen_ai.prompt.name": lambda asked, attributes: isinstance(asked.body.get("prompt"), dict),
    "gen_ai.prompt.version": lambda asked, attributes: isinstance(asked.body.get("prompt"), dict),
    "gen_ai.request.stream_cursor": lambda asked, attributes: "starting_after" in (asked.query or {}),
    "openai.request.service_tier": lambda asked, attributes: "service_tier" in asked.body,
    "openai.response.service_tier": lambda asked, attributes: has_tier(asked),
}
"""By attribute that is conditionally required (or required): when it is there, and when it is not."""


def has_tier(asked: Asked) -> bool:
    """Whether the simulator, like the provider, names the tier that served a call."""
    if asked.failed and not asked.streaming:  # a stream has begun when it breaks
        return False
    return asked.type != EMBEDDINGS and asked.path not in ("/completions", "/images/generations")


@pytest.mark.parametrize("call", CALLS)
def test_a_span_has_what_is_required(emitted: Emitted, call: str) -> None:
    asked, attributes = CALLS[call], emitted.spans[call].attributes or {}
    for name, one in attributes_of_type(asked).items():
        if name in CONDITIONS:
            assert (name in attributes) == CONDITIONS[name](asked, attributes), name
        elif one["requirement_level"] == "required":
            assert name in attributes
        else:
            assert one["requirement_level"] in ("recommended", "opt_in"), f"{name}: when is it required?"
        if one["requirement_level"] == "opt_in":
            assert name not in attributes


RECOMMENDED_OF_REQUEST = {
    "max_tokens": "gen_ai.request.max_tokens",
    "temperature": "gen_ai.request.temperature",
    "top_p": "gen_ai.request.top_p",
    "stop": "gen_ai.request.stop_sequences",
    "frequency_penalty": "gen_ai.request.frequency_penalty",
    "presence_penalty": "gen_ai.request.presence_penalty",
    "reasoning_effort": "gen_ai.request.reasoning.level",
    "previous_response_id": "gen_ai.request.previous_response.id",
    "dimensions": "gen_ai.embeddings.dimension.count",
    "encoding_format": "gen_ai.request.encoding_formats",
}
OF_ANSWER = {"gen_ai.response.id", "gen_ai.response.model", "gen_ai.response.finish_reasons", "gen_ai.response.status"}
OF_USAGE = {"gen_ai.usage.input_tokens", "gen_ai.usage.output_tokens", "gen_ai.usage.cache_read.input_tokens"}


@pytest.mark.parametrize("call", CALLS)
def test_a_span_has_what_is_recommended(emitted: Emitted, call: str) -> None:
    asked, attributes = CALLS[call], emitted.spans[call].attributes or {}
    known = attributes_of_type(asked)
    expected = {name for key, name in RECOMMENDED_OF_REQUEST.items() if key in asked.body} | {"server.address"}
    if not asked.failed:
        expected |= OF_ANSWER & known.keys() if not asked.brief else set()
        expected |= OF_USAGE & known.keys() if asked.usage else set()
        if asked.streaming:
            expected.add("gen_ai.response.time_to_first_chunk")
    if asked.path in ("/completions", "/images/generations"):  # the formats have no such details of usage
        expected.discard("gen_ai.usage.cache_read.input_tokens")
    assert expected <= attributes.keys()


def test_attributes_that_samplers_need_are_there_from_the_start(simulator: Simulator) -> None:
    started: dict[str, Mapping[str, Any]] = {}

    class Notes(Stage):
        def start(self, op: Operation) -> None:
            started[op.name] = dict(op.span.attributes)

    exporter = InMemorySpanExporter()
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    instrumentor = OpenAIInstrumentor()
    instrumentor.instrument(skip_dep_check=True, tracer_provider=provider, raise_faults=True, stages=[Notes()])
    try:
        for asked in (CALLS["chat"], CALLS["embeddings"], CALLS["fetch"]):
            make(simulator, asked)
    finally:
        instrumentor.uninstrument()
    for asked, attributes in zip((CALLS["chat"], CALLS["embeddings"], CALLS["fetch"]), started.values(), strict=True):
        relevant = {name for name, one in attributes_of_type(asked).items() if one.get("sampling_relevant")}
        assert relevant <= attributes.keys()


def test_spans_of_the_latest_flavour_are_those_of_the_default(by_flavour: Mapping[str, Emitted]) -> None:
    """The field has moved on already: opentelemetry-util-genai writes the attributes of main."""
    for call, span in by_flavour["default"].spans.items():
        assert (span.attributes or {}).keys() == (by_flavour["latest"].spans[call].attributes or {}).keys()


# --- metrics


def points(metric: Any) -> Sequence[Any]:
    return metric.data.data_points


def total(metric: Any, among: Callable[[Mapping[str, Any]], bool] = lambda attributes: True) -> float:
    """The sum of a counter, or the number of measurements of a histogram, over the points that are meant."""
    chosen = [point for point in points(metric) if among(point.attributes)]
    return sum(point.count if hasattr(point, "count") else point.value for point in chosen)


def declared(flavour: str) -> Iterator[tuple[semconv.Metric, bool]]:
    """The metrics of a flavour, and whether each is of the default one."""
    seen: set[str] = set()
    for table in TABLES[flavour]:
        for metric in table.metrics.values():
            if metric.name not in seen:
                seen.add(metric.name)
                yield metric, table is semconv.DEFAULT


def test_a_flavour_emits_its_metrics_and_no_other(emitted: Emitted, flavour: str) -> None:
    told = {metric.name for metric, _ in declared(flavour)} | {
        *(counter.name for counter in (semconv.ATTEMPTS, semconv.COST, semconv.ERRORS))
    }
    # The simulator writes to no cache.
    assert emitted.metrics.keys() == told - {"gen_ai.client.inference.usage.cache_write.input_tokens"}


def test_a_metric_is_as_registered(emitted: Emitted, flavour: str) -> None:
    for metric, of_default in declared(flavour):
        if metric.name in OLD_METRICS or metric.name not in emitted.metrics:
            continue
        standard = registry()["metrics"][KEPT_METRICS[metric.name] if of_default else metric.name]
        found = emitted.metrics[metric.name]
        assert found.unit == standard["unit"]
        if standard["instrument"] == "counter":
            assert isinstance(found.data, Sum)
            assert found.data.is_monotonic
        else:
            assert isinstance(found.data, Histogram)
        for point in points(found):
            if standard["instrument"] == "counter":
                assert has_number_type(standard["value_type"], point.value)
            else:
                assert list(point.explicit_bounds) == standard["explicit_bucket_boundaries"]
                assert has_number_type(standard["value_type"], point.sum)
            check_attributes(metric.name, standard, point.attributes, old=metric in semconv.LEGACY.metrics.values())


def has_number_type(name: str, value: Any) -> bool:
    return type(value) is {"int": int, "double": float}[name]


def check_attributes(name: str, standard: Any, attributes: Mapping[str, Any], *, old: bool) -> None:
    known = {one["name"]: one["requirement_level"] for one in standard["attributes"]}
    kept = {"gen_ai.token.type": "required"} if name == "gen_ai.client.token.usage" else {}
    kept |= {"gen_ai.system": "required"} if old else {}
    known |= kept
    assert attributes.keys() <= known.keys()
    assert {one for one, level in known.items() if level == "required"} <= attributes.keys()
    assert ("server.port" in attributes) == ("server.address" in attributes)
    assert "server.address" in attributes
    without_model = ("fetch_response", "cancel_response")
    assert ("gen_ai.request.model" in attributes) == (attributes["gen_ai.operation.name"] not in without_model)
    for one, value in attributes.items():
        assert has_type_of(one, value)


def test_a_metric_of_old_is_as_declared(by_flavour: Mapping[str, Emitted]) -> None:
    for metric in semconv.LEGACY.metrics.values():
        if metric.name in OLD_METRICS:
            found = by_flavour["legacy"].metrics[metric.name]
            assert found.unit == metric.unit
            for point in points(found):
                assert list(getattr(point, "explicit_bounds", ())) == list(metric.buckets or ())
                value = point.value if metric.buckets is None else point.sum
                assert has_number_type(OLD_METRICS[metric.name], value)
                assert point.attributes["gen_ai.system"] == "openai"


def test_latency_in_milliseconds_has_the_buckets_of_durations() -> None:
    assert semconv.LEGACY.metrics["milliseconds"].buckets == tuple(10 * 2**n for n in range(14))


def test_nothing_deprecated_is_emitted_without_the_names_of_old(by_flavour: Mapping[str, Emitted]) -> None:
    deprecated = registry()["deprecated_attributes"].keys()
    for flavour in ("default", "latest", "dup"):
        spans, metrics = by_flavour[flavour]
        assert not any(deprecated & (span.attributes or {}).keys() for span in spans.values())
        for name, metric in metrics.items():
            for point in points(metric):
                kept = {"gen_ai.token.type"} if name == "gen_ai.client.token.usage" else set()
                assert deprecated & point.attributes.keys() == kept


def calls(**having: Any) -> list[Asked]:
    return [asked for asked in CALLS.values() if all(getattr(asked, name) == value for name, value in having.items())]


def test_every_call_is_measured_once_in_each_flavour(emitted: Emitted, flavour: str) -> None:
    inference, other = len(calls(type=INFERENCE)), len(CALLS) - len(calls(type=INFERENCE))
    of_operations = emitted.metrics["gen_ai.client.operation.duration"]
    # In dup the metric of the default flavour has the other operations already.
    assert total(of_operations) == (other if flavour.startswith("latest") else inference + other)
    if "gen_ai.client.inference.duration" in emitted.metrics:
        assert total(emitted.metrics["gen_ai.client.inference.duration"]) == inference
    assert total(emitted.metrics["genscope.client.attempts"]) == len(CALLS) + attempts_more()


def attempts_more() -> int:
    """Those that the SDK made again: one for a refusal that passes, one for one that does not."""
    return sum(asked.scenario in ("retry", "rate_limit") for asked in CALLS.values())


def test_failures_are_told_by_durations_and_nowhere_else(emitted: Emitted, flavour: str) -> None:
    for name, metric in emitted.metrics.items():
        failed = total(metric, lambda attributes: "error.type" in attributes)
        if name == "gen_ai.client.inference.duration":
            assert failed == len(calls(failed=True, type=INFERENCE))
        elif name == "gen_ai.client.operation.duration" and flavour.startswith("latest"):
            assert failed == len(calls(failed=True)) - len(calls(failed=True, type=INFERENCE))
        elif name in ("gen_ai.client.operation.duration", "llm.request.latency", "llm.errors"):
            assert failed == len(calls(failed=True))
        else:
            assert failed == 0, name


def test_a_span_and_its_measurement_last_equally_long(simulator: Simulator) -> None:
    for name, options in FLAVOURS.items():
        spans, metrics = emit(simulator, options, {"chat": CALLS["chat"]})
        span: Any = spans["chat"]
        for metric in ("gen_ai.client.operation.duration", "gen_ai.client.inference.duration"):
            if metric in metrics:
                (point,) = points(metrics[metric])
                assert point.sum == pytest.approx((span.end_time - span.start_time) / 1e9, abs=1e-6), name


def test_tokens_are_counted_by_direction_part_and_modality(by_flavour: Mapping[str, Emitted]) -> None:
    metrics = by_flavour["latest"].metrics
    counted = [span.attributes or {} for span in by_flavour["latest"].spans.values()]
    of_the_image = {"input_tokens": {"text"}, "output_tokens": {"image"}}
    for part in ("input_tokens", "output_tokens", "cache_read.input_tokens", "reasoning.output_tokens"):
        told = sum(attributes.get(f"gen_ai.usage.{part}", 0) for attributes in counted)
        counter = metrics[f"gen_ai.client.inference.usage.{part}"]
        assert told > 0
        assert total(counter) == told
        modalities = {point.attributes["gen_ai.token.modality"] for point in points(counter)}
        assert modalities == {"unknown", *of_the_image.get(part, ())}
    for direction in ("input", "output"):
        histogram = metrics[f"gen_ai.client.inference.operation.{direction}_tokens"]
        told = [
            attributes[f"gen_ai.usage.{direction}_tokens"]
            for attributes in counted
            if f"gen_ai.usage.{direction}_tokens" in attributes
        ]
        assert (total(histogram), sum(point.sum for point in points(histogram))) == (len(told), sum(told))


def test_streams_are_measured_in_each_flavour(emitted: Emitted) -> None:
    streams = [asked for asked in CALLS.values() if asked.streaming]
    inference = [asked for asked in streams if asked.type == INFERENCE]
    for name, expected in (
        ("gen_ai.client.operation.time_to_first_chunk", len(streams)),
        ("gen_ai.client.inference.time_to_first_chunk", len(inference)),
    ):
        if name in emitted.metrics:
            assert total(emitted.metrics[name]) == expected
    for name, known in (
        ("gen_ai.client.operation.time_per_output_chunk", streams),
        ("gen_ai.client.inference.time_per_output_chunk", inference),
    ):
        if name in emitted.metrics:
            spans = [emitted.spans[call].attributes or {} for call, asked in CALLS.items() if asked in known]
            assert total(emitted.metrics[name]) == sum(int(one["genscope.stream.chunks"]) - 1 for one in spans)  # type: ignore[arg-type]


# --- names of old


@pytest.mark.parametrize("call", CALLS)
def test_a_span_has_names_of_old_when_asked_to(by_flavour: Mapping[str, Emitted], call: str) -> None:
    span: Any = by_flavour["legacy"].spans[call]
    attributes, plain = span.attributes, by_flavour["default"].spans[call].attributes or {}
    assert plain.keys() & set(semconv.LEGACY_ATTRIBUTES.values()) == set()
    assert plain.keys() <= attributes.keys()
    assert attributes["gen_ai.system"] == "openai"
    assert attributes["llm.total_duration_ms"] == pytest.approx((span.end_time - span.start_time) / 1e6, abs=1e-3)
    for old, now, scale in (
        ("llm.time_to_first_token_ms", "genscope.time_to_first_token", 1000),
        ("gen_ai.usage.prompt_tokens", "gen_ai.usage.input_tokens", 1),
        ("gen_ai.usage.completion_tokens", "gen_ai.usage.output_tokens", 1),
    ):
        assert (old in attributes) == (now in attributes), old
        if now in attributes:
            assert attributes[old] == pytest.approx(attributes[now] * scale)
    assert attributes.get("llm.cost.usd") == (PRICE if "gen_ai.usage.input_tokens" in attributes else None)


def test_metrics_of_old_measure_what_they_say(by_flavour: Mapping[str, Emitted]) -> None:
    metrics = by_flavour["legacy"].metrics
    spans: list[Any] = list(by_flavour["legacy"].spans.values())
    assert total(metrics["llm.cost.usd"]) == PRICE * sum("llm.cost.usd" in span.attributes for span in spans)
    assert total(metrics["llm.errors"], lambda one: one["genscope.error.kind"] == "rate_limit") == 1
    assert total(metrics["llm.errors"]) == len(calls(failed=True))
    assert total(metrics["llm.request.latency"]) == len(CALLS)
    assert sum(point.sum for point in points(metrics["llm.request.latency"])) == pytest.approx(
        sum(span.attributes["llm.total_duration_ms"] for span in spans)
    )
    first = [one for span in spans if (one := span.attributes.get("genscope.time_to_first_token")) is not None]
    assert total(metrics["gen_ai.server.time_to_first_token"]) == len(first) > 0
    assert sum(point.sum for point in points(metrics["gen_ai.server.time_to_first_token"])) == pytest.approx(sum(first))


def operation(provider: str = "openai", **more: Any) -> Operation:
    op = Operation("chat", provider, "h", 443, False)
    op.model, op.duration = "m", 2.0
    for name, value in more.items():
        setattr(op, name, value)
    return op


@pytest.mark.parametrize(
    "provider, old", [*semconv.LEGACY_PROVIDERS.items(), ("anthropic", "anthropic"), ("_OTHER", "_OTHER")]
)
def test_a_provider_has_its_name_of_old(provider: str, old: str) -> None:
    op = operation(provider)
    assert legacy_attributes(op) == {"gen_ai.system": old, "llm.total_duration_ms": 2000.0}
    ((_, attributes),) = MEASURES["milliseconds"](op)
    assert attributes == {"gen_ai.system": old}


def test_what_is_zero_is_told_and_what_is_not_known_is_not() -> None:
    op = operation(usage=usage(input_tokens=0, cache_write_input_tokens=3), first_token=5.0, started=5.0)
    assert legacy_attributes(op) == {
        "gen_ai.system": "openai",
        "llm.time_to_first_token_ms": 0.0,
        "llm.total_duration_ms": 2000.0,
        "gen_ai.usage.prompt_tokens": 0,
        "gen_ai.usage.cache_creation.input_tokens": 3,
    }


@pytest.mark.parametrize(
    "cost, dollars", [(None, None), (Cost(1.5, "EUR", "test"), None), (Cost(0.0, "USD", "test"), 0.0)]
)
def test_dollars_are_dollars(cost: Cost | None, dollars: float | None) -> None:
    op = operation(cost=cost)
    assert legacy_attributes(op).get("llm.cost.usd") == dollars
    assert [amount for amount, _ in MEASURES["cost"](op)] == ([] if dollars is None else [dollars])


# --- tokens by modality


def usage(**tokens: int) -> Usage:
    found = Usage()
    vars(found).update(tokens)
    return found


@pytest.mark.parametrize(
    "tokens, counted",
    [
        ({}, {}),
        ({"input_tokens": 9}, {"unknown": 9}),
        ({"input_tokens": 0}, {"unknown": 0}),
        ({"input_tokens": 9, "audio_input_tokens": 4}, {"audio": 4, "unknown": 5}),
        ({"input_tokens": 9, "text_input_tokens": 5, "image_input_tokens": 4}, {"text": 5, "image": 4}),
        ({"input_tokens": 9, "text_input_tokens": 5, "audio_input_tokens": 5}, {"unknown": 9}),
        ({"audio_input_tokens": 4, "output_tokens": 4}, {}),
    ],
    ids=str,
)
def test_modalities_add_up_to_the_total(tokens: dict[str, int], counted: dict[str, int]) -> None:
    measured = [*MEASURES["input_tokens"](operation(usage=usage(**tokens)))]
    assert {attributes["gen_ai.token.modality"]: amount for amount, attributes in measured} == counted
    assert len(measured) == len(counted)


def test_a_call_without_usage_has_no_tokens() -> None:
    op = operation()
    assert not any([*measure(op)] for meaning, measure in MEASURES.items() if "tokens" in meaning)


# --- which flavours, and beside whom


@pytest.mark.parametrize(
    "opted, legacy, names",
    [
        ([], False, ["default"]),
        (["http/dup", "database"], False, ["default"]),
        ([LATEST], False, ["latest"]),
        ([DUP], False, ["default", "latest"]),
        ([LATEST, DUP], False, ["default", "latest"]),
        ([], True, ["default", "legacy"]),
        ([LATEST], True, ["latest", "legacy"]),
    ],
    ids=str,
)
def test_flavours_are_chosen_by_what_is_opted_into(opted: list[str], legacy: bool, names: list[str]) -> None:
    tables = {"default": semconv.DEFAULT, "latest": semconv.LATEST, "legacy": semconv.LEGACY}
    found = [metric for flavour in semconv.flavours(opted, legacy=legacy) for metric in flavour.metrics.values()]
    expected = {metric.name for name in names for metric in tables[name].metrics.values()}
    assert sorted(metric.name for metric in found) == sorted(expected)


def measured(op: Operation, *flavours: semconv.Flavour) -> set[str]:
    """The metrics that a call and one chunk of it leave."""
    reader = InMemoryMetricReader()
    for stage in metric_stages(MeterProvider([reader], shutdown_on_exit=False), flavours, chunk_times=True):
        stage.end(op)
        getattr(stage, "chunk", lambda *_: None)(op, None, 0.5)
    return metrics_of(reader).keys()


def test_what_a_neighbour_measures_is_not_measured_twice() -> None:
    """Its names are those of the conventions; attempts and the names of old it does not know."""
    beside = operation(neighbour="opentelemetry.instrumentation.genai.openai", usage=usage(input_tokens=1))
    every = (semconv.DEFAULT, semconv.LATEST, semconv.LEGACY)
    assert measured(beside, *every) == {"genscope.client.attempts", "llm.request.latency"}
    beside.neighbour = "openinference.instrumentation.openai"
    alone = operation(usage=usage(input_tokens=1))
    assert measured(beside, *every) == measured(alone, *every) > {"gen_ai.client.inference.duration"}


def test_what_a_neighbour_says_of_old_stands() -> None:
    """And a span that nobody records is left alone, as is a call without one."""
    tracer = TracerProvider(shutdown_on_exit=False).get_tracer("another")
    op = operation()
    LegacyNames().end(op)
    op.span = tracer.start_span("chat", attributes={"gen_ai.system": "OpenAI"})
    LegacyNames().end(op)
    assert dict(op.span.attributes) == {"gen_ai.system": "OpenAI", "llm.total_duration_ms": 2000.0}
    op.span = NonRecordingSpan(INVALID_SPAN_CONTEXT)
    LegacyNames().end(op)


def test_names_of_old_alone_wake_nobody() -> None:
    assert LegacyNames().idle()


def test_a_failed_call_counts_the_tokens_that_it_took() -> None:
    """The provider bills them; without its word there are none, not zero."""
    failure = Failure("server_error", "server_error", True)
    tokens = {"gen_ai.client.inference.usage.input_tokens", "gen_ai.client.inference.operation.input_tokens"}
    assert measured(operation(failure=failure), semconv.LATEST) & tokens == set()
    assert measured(operation(failure=failure, usage=usage(input_tokens=3)), semconv.LATEST) >= tokens


def test_an_operation_of_another_kind_is_no_inference() -> None:
    op = operation(usage=usage(input_tokens=1))
    op.name = "embeddings"
    found = {name for name in measured(op, semconv.LATEST) if "chunk" in name or "duration" in name}
    assert found == {"gen_ai.client.operation.duration"}
