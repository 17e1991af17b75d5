"""The sampler `genscope_keep_llm`: what it keeps, how that is marked, and what others make of it."""

from __future__ import annotations

import logging
import random
from collections.abc import Iterator, Mapping
from typing import Any

import openai
import pytest
from contract.recorder import Recorder
from opentelemetry import baggage
from opentelemetry.context import Context
from opentelemetry.propagate import extract, inject
from opentelemetry.sdk.trace.sampling import (
    DEFAULT_ON,
    Decision,
    ParentBasedTraceIdRatio,
    Sampler,
    SamplingResult,
    TraceIdRatioBased,
)
from opentelemetry.trace import (
    NonRecordingSpan,
    SpanContext,
    SpanKind,
    TraceFlags,
    TraceState,
    format_span_id,
    format_trace_id,
    set_span_in_context,
)

import genscope
from genscope import KeepLLM
from genscope.local.simulator import Simulator
from genscope.telemetry.named_sampler import from_environment, from_file

pytestmark = pytest.mark.usefixtures("no_environment")
LATE = {"genscope.sampling": "late"}
LLM = {"gen_ai.operation.name": "chat"}
_SEEDED = random.Random(7)
IDS = [_SEEDED.getrandbits(128) for _ in range(2_000)]


def parent(*, sampled: bool, remote: bool, state: TraceState | None = None) -> Context:
    flags = TraceFlags(TraceFlags.SAMPLED if sampled else TraceFlags.DEFAULT)
    return set_span_in_context(NonRecordingSpan(SpanContext(IDS[0], 7, remote, flags, state)), Context())


def asked(
    sampler: Sampler,
    name: str = "GET /",
    attributes: Mapping[str, Any] | None = None,
    context: Context | None = None,
    trace_id: int = IDS[0],
) -> SamplingResult:
    return sampler.should_sample(context or Context(), trace_id, name, SpanKind.SERVER, attributes, ())


def keeps(sampler: Sampler, *args: Any, **kwargs: Any) -> bool:
    return asked(sampler, *args, **kwargs).decision is Decision.RECORD_AND_SAMPLE


def why(sampler: Sampler, *args: Any, **kwargs: Any) -> Any:
    """Why it is kept; None if it is not, "ratio" if there is no mark."""
    found = asked(sampler, *args, **kwargs)
    if found.decision is not Decision.RECORD_AND_SAMPLE:
        assert found.decision is Decision.DROP
        return None
    return found.attributes.get("genscope.sampling", "ratio")


# --- the rest


@pytest.mark.parametrize("ratio", [0, 0.1, 0.5, 1])
def test_the_rest_is_chosen_as_others_choose_it(ratio: float) -> None:
    """By trace id, so that services agree, whichever sampler they have."""
    ours, theirs = KeepLLM(ratio=ratio), TraceIdRatioBased(ratio)
    found = [keeps(ours, trace_id=trace_id) for trace_id in IDS]
    assert found == [keeps(theirs, trace_id=trace_id) for trace_id in IDS]
    assert sum(found) == pytest.approx(ratio * len(IDS), abs=0.03 * len(IDS))


@pytest.mark.parametrize("remote", [True, False])
@pytest.mark.parametrize("sampled", [True, False])
@pytest.mark.parametrize("ratio", [0, 1])
def test_the_decision_of_a_parent_stands(ratio: float, sampled: bool, remote: bool) -> None:
    state = TraceState([("vendor", "1")])
    context = parent(sampled=sampled, remote=remote, state=state)
    found = asked(KeepLLM(ratio=ratio), "work", {"a": 1}, context)
    theirs = asked(ParentBasedTraceIdRatio(ratio), "work", {"a": 1}, context)
    assert (found.decision is Decision.RECORD_AND_SAMPLE) is sampled
    assert (found.decision, dict(found.attributes), found.trace_state) == (
        theirs.decision,
        dict(theirs.attributes),
        state,
    )


def test_an_ordinary_span_costs_no_look_at_values() -> None:
    class Unread:
        def __getattribute__(self, name: str) -> Any:
            raise AssertionError(name)

        def __str__(self) -> str:
            raise AssertionError

    assert not keeps(KeepLLM(ratio=0, routes=["/chat*"]), "GET /", {"prompt": Unread()})


# --- LLM spans


MARKS = [
    *(LLM, {"gen_ai.operation.name": "invoke_agent"}, {"gen_ai.provider.name": "openai"}),
    *({"gen_ai.system": "Anthropic"}, {"llm.request.type": "chat"}, {"traceloop.span.kind": "tool"}),
    *({"openinference.span.kind": "LLM"}, {"genscope.operation.name": "task"}),
]


@pytest.mark.parametrize("attributes", MARKS, ids=lambda attributes: next(iter(attributes)))
def test_llm_spans_of_all_kinds(attributes: Mapping[str, Any]) -> None:
    sampler = KeepLLM(ratio=0)
    assert why(sampler, "any", attributes) == "llm"
    assert why(sampler, "any", attributes, parent(sampled=False, remote=False)) == "late"
    assert why(sampler, "any", attributes, parent(sampled=False, remote=True)) == "late"
    assert why(sampler, "any", attributes, parent(sampled=True, remote=False)) == "ratio"
    assert why(sampler, "any", {"http.method": "POST"}) is None


def test_one_that_says_so_too_late_is_known_by_its_name() -> None:
    """OpenLLMetry's span of the Responses API; tests/beside holds that it is called so."""
    assert why(KeepLLM(ratio=0), "openai.response", None, parent(sampled=False, remote=False)) == "late"


def test_what_a_late_span_says() -> None:
    state = TraceState([("vendor", "1")])
    found = asked(KeepLLM(ratio=0), "chat", LLM, parent(sampled=False, remote=True, state=state))
    assert dict(found.attributes) == {
        **LATE,
        **LLM,
        "genscope.link.kind": "unsampled_parent",
        "genscope.link.trace_id": format_trace_id(IDS[0]),
        "genscope.link.span_id": format_span_id(7),
    }
    assert list(found.attributes)[-1] == "gen_ai.operation.name"  # the first are dropped where there is little room
    assert found.trace_state == state


# --- a call inside of a trace that is not kept


@pytest.fixture
def recorder() -> Recorder:
    return Recorder(sampler=KeepLLM(ratio=0))


@pytest.fixture
def client(simulator: Simulator, recorder: Recorder) -> Iterator[openai.OpenAI]:
    genscope.instrument(only=["openai"], raise_faults=True, **recorder.providers)
    try:
        with openai.OpenAI(api_key="k", base_url=simulator.base_url("ok")) as client:
            yield client
    finally:
        genscope.uninstrument()


def ask(client: openai.OpenAI, **parameters: Any) -> None:
    answer = client.chat.completions.create(
        model="gpt-4o", messages=[{"role": "user", "content": "Hello"}], **parameters
    )
    if parameters.get("stream"):
        list(answer)


@pytest.mark.parametrize("stream", [False, True])
def test_a_late_call(recorder: Recorder, client: openai.OpenAI, stream: bool) -> None:
    with recorder.tracer.start_as_current_span("GET /") as root, recorder.tracer.start_as_current_span("work") as work:
        ask(client, stream=stream)
    assert not root.is_recording()
    (span,) = recorder.ended
    assert span.name == "chat gpt-4o"
    assert span.context is not None
    assert span.parent == work.get_span_context()
    assert span.context.trace_id == root.get_span_context().trace_id
    assert span.context.trace_flags.sampled
    assert span.attributes is not None
    assert span.attributes["genscope.sampling"] == "late"
    assert span.attributes["server.address"] == "127.0.0.1"
    assert stream or span.attributes["gen_ai.usage.input_tokens"]
    (link,) = span.links  # and so no attributes in its place
    assert link.context == work.get_span_context()
    assert dict(link.attributes or {}) == {"genscope.link.kind": "unsampled_parent"}
    assert not [name for name in span.attributes if name.startswith("genscope.link")]


def test_metrics_count_all_and_once(recorder: Recorder, client: openai.OpenAI) -> None:
    ask(client)
    with recorder.tracer.start_as_current_span("GET /"):
        ask(client)
    (point,) = recorder.points("gen_ai.client.operation.duration")
    assert point.count == 2
    assert not [name for name in point.attributes if "sampling" in name]


def test_a_call_without_a_parent(recorder: Recorder, client: openai.OpenAI) -> None:
    ask(client)
    (span,) = recorder.ended
    assert span.attributes is not None
    assert (span.parent, span.links, span.attributes["genscope.sampling"]) == (None, (), "llm")


def test_a_call_in_a_trace_that_is_kept(recorder: Recorder, client: openai.OpenAI) -> None:
    with recorder.tracer.start_as_current_span("agent", attributes={"gen_ai.operation.name": "invoke_agent"}):
        ask(client)
    span, agent = recorder.ended
    assert (span.parent, span.links) == (agent.context, ())
    assert "genscope.sampling" not in (span.attributes or {})


@pytest.mark.parametrize("kind", ["workflow", "agent", "task", "tool", "retrieval", "rerank", "embedding"])
def test_what_is_annotated_is_kept_with_all_below_it(recorder: Recorder, client: openai.OpenAI, kind: str) -> None:
    with recorder.tracer.start_as_current_span("GET /"):
        with getattr(genscope, kind)("plan"):
            ask(client)
            recorder.tracer.start_span("SELECT").end()
    *below, annotated = recorder.ended
    assert [span.name for span in below] == ["chat gpt-4o", "SELECT"]
    assert [span.parent for span in below] == [annotated.context] * 2
    assert (annotated.attributes or {})["genscope.sampling"] == "late"


@pytest.mark.parametrize("decision", [Decision.DROP, Decision.RECORD_AND_SAMPLE])
def test_the_link_under_the_samplers_of_others(client: openai.OpenAI, decision: Decision) -> None:
    """It is true whoever keeps a span without its parent, and does no harm where the span is not kept either."""

    class KeepCalls(Sampler):
        def should_sample(self, *args: Any, **kwargs: Any) -> SamplingResult:
            return SamplingResult(
                Decision.DROP if args[2] == "GET /" else decision, kwargs.get("attributes") or args[4]
            )

        def get_description(self) -> str:
            return "KeepCalls"

    recorder = Recorder(sampler=KeepCalls())
    genscope.uninstrument()
    genscope.instrument(only=["openai"], raise_faults=True, **recorder.providers)
    with recorder.tracer.start_as_current_span("GET /") as root:
        ask(client)
    linked = [link.context for span in recorder.ended for link in span.links]
    assert linked == ([] if decision is Decision.DROP else [root.get_span_context()])


# --- what is below a late span, beside it, and in the next service


def test_below_a_late_span_all_is_kept_and_beside_it_nothing() -> None:
    recorder = Recorder(sampler=KeepLLM(ratio=0))
    tracer = recorder.tracer
    with tracer.start_as_current_span("GET /"):
        with tracer.start_as_current_span("before"):
            pass
        with tracer.start_as_current_span("agent", attributes=LLM) as agent:
            with tracer.start_as_current_span("chat", attributes=LLM), tracer.start_as_current_span("POST"):
                pass
            with tracer.start_as_current_span("SELECT"):
                pass
        with tracer.start_as_current_span("after"):
            pass
    assert [span.name for span in recorder.ended] == ["POST", "chat", "SELECT", "agent"]
    assert [(span.attributes or {}).get("genscope.sampling") for span in recorder.ended] == [None, None, None, "late"]
    assert {span.parent.span_id for span in recorder.ended[1:3] if span.parent} == {agent.get_span_context().span_id}


@pytest.mark.parametrize("downstream", [DEFAULT_ON, ParentBasedTraceIdRatio(1), KeepLLM(ratio=1), KeepLLM(ratio=0)])
def test_the_next_service_is_told_what_is_kept(downstream: Sampler) -> None:
    """Below a late span it keeps its part, whose parent is exported; from elsewhere in the trace it does not."""
    here, there = Recorder(sampler=KeepLLM(ratio=0)), Recorder(sampler=downstream)

    def call(name: str) -> None:
        headers: dict[str, str] = {}
        inject(headers)
        there.tracer.start_span(name, extract(headers, Context())).end()

    with here.tracer.start_as_current_span("GET /"):
        call("from the root")
        with here.tracer.start_as_current_span("chat", attributes=LLM) as chat:
            call("from the call")
        call("from the root again")
    (span,) = there.ended
    assert span.name == "from the call"
    assert span.parent is not None
    assert span.parent.span_id == chat.get_span_context().span_id
    assert "genscope.sampling" not in (span.attributes or {})


def test_calls_of_the_next_service_are_late_there() -> None:
    here, there = Recorder(sampler=KeepLLM(ratio=0)), Recorder(sampler=KeepLLM(ratio=1))
    headers: dict[str, str] = {}
    with here.tracer.start_as_current_span("GET /"):
        inject(headers)
    with there.tracer.start_as_current_span("POST /", extract(headers, Context())):
        there.tracer.start_span("chat", attributes=LLM).end()
    (span,) = there.ended
    assert (span.attributes or {})["genscope.sampling"] == "late"


# --- routes

KEPT = ["/chat*", "POST /agents/*", "nightly-*", "/a/*/c", "/v1.0"]
HTTP: list[tuple[str, Mapping[str, Any] | None]] = [
    ("/chat", None),
    ("/chat/7", None),
    ("POST /chat", None),
    ("GET /chat/{id}", None),
    ("POST", {"http.route": "/chat/{id}"}),
    ("POST", {"url.path": "/chat"}),
    ("GET", {"http.target": "/chat?next=/x#y"}),
    ("GET", {"url.full": "https://shop.example/chat?q=1"}),
    ("HTTP GET", {"http.url": "http://127.0.0.1:8000/chat"}),
    ("POST /agents/7", None),
    ("POST", {"http.request.method": "POST", "url.path": "/agents/7"}),
    ("POST", {"http.method": "POST", "http.target": "/agents/7?x"}),
    ("nightly-summaries", None),
    ("/a/b/b/c", None),
    ("/v1.0", {"http.route": 5}),
]
NOT_HTTP: list[tuple[str, Mapping[str, Any] | None]] = [
    ("/chairs", None),
    ("GET /v1/chat", None),
    ("GET /agents/7", None),
    ("POST /agents", None),
    ("GET", {"http.request.method": "GET", "url.path": "/agents/7"}),
    ("GET", {"http.target": "/redirect?to=/chat"}),
    ("GET", {"http.target": "/redirect?to=http://shop.example/chat"}),
    ("GET", {"url.full": "https://chat.example"}),
    ("my nightly-summaries", None),
    ("/v1x0", None),
    ("/chat" + "x" * 10_000, None),
    ("GET", {"url.path": 5, "http.target": None, "http.url": "://", "url.full": "http://["}),
]


@pytest.mark.parametrize("name, attributes", HTTP)
def test_routes(name: str, attributes: Mapping[str, Any] | None) -> None:
    sampler = KeepLLM(ratio=0, routes=KEPT)
    assert why(sampler, name, attributes) == "route"
    assert why(KeepLLM(ratio=0), name, attributes) is None


@pytest.mark.parametrize("name, attributes", NOT_HTTP)
def test_other_routes(name: str, attributes: Mapping[str, Any] | None) -> None:
    assert why(KeepLLM(ratio=0, routes=KEPT), name, attributes) is None


def test_a_route_counts_where_a_request_comes_in() -> None:
    """What a gateway decided is not the last word; inside of a process there are no routes."""
    sampler = KeepLLM(ratio=0, routes=["/chat"])
    assert why(sampler, "/chat", None, parent(sampled=False, remote=True)) == "late"
    assert why(sampler, "/chat", None, parent(sampled=True, remote=True)) == "ratio"
    assert why(sampler, "/chat", None, parent(sampled=False, remote=False)) is None


def test_a_route_says_so_at_any_ratio() -> None:
    """So that what is left is a sample of the rest."""
    assert why(KeepLLM(ratio=1, routes=["/chat"]), "/chat") == "route"


# --- baggage


@pytest.mark.parametrize("value, kept", [("true", True), (" TRUE ", True), ("1", True), ("false", False), ("", False)])
def test_baggage(value: str, kept: bool) -> None:
    sampler = KeepLLM(ratio=0)
    assert why(sampler, context=baggage.set_baggage("genscope.keep", value, Context())) == ("baggage" if kept else None)
    inside = baggage.set_baggage("genscope.keep", value, parent(sampled=False, remote=False))
    assert why(sampler, context=inside) == ("late" if kept else None)


def test_baggage_of_a_request() -> None:
    incoming = extract({"baggage": "user=7,genscope.keep=true"}, Context())
    recorder = Recorder(sampler=KeepLLM(ratio=0))
    with recorder.tracer.start_as_current_span("GET /", incoming), recorder.tracer.start_as_current_span("work"):
        pass
    assert [span.name for span in recorder.ended] == ["work", "GET /"]


# --- values

BAD = ["abc", "2", "-1", "10%", "nan", "inf", "0,1", [], True, "1e400"]


@pytest.mark.parametrize("value", BAD)
def test_a_bad_ratio_is_said_and_everything_kept(value: Any, caplog: pytest.LogCaptureFixture) -> None:
    for make, where in (
        (lambda: from_environment(value), "OTEL_TRACES_SAMPLER_ARG"),
        (lambda: from_file(ratio=value), "ratio (file)"),
        (lambda: KeepLLM(ratio=value), "ratio (argument)"),
    ):
        caplog.clear()
        sampler = make()
        assert all(keeps(sampler, trace_id=trace_id) for trace_id in IDS[:50])
        (record,) = caplog.records
        assert (record.name, record.levelno) == ("genscope", logging.WARNING)
        said = f"genscope: {where}={value!r} is ignored and every trace kept; accepted: a number from 0 to 1"
        assert record.getMessage() == said


@pytest.mark.parametrize("argument", [None, "", "  "])
def test_without_a_ratio_everything_is_kept(argument: str | None, caplog: pytest.LogCaptureFixture) -> None:
    assert from_environment(argument).get_description() == from_file().get_description() == "KeepLLM{1,routes:}"
    assert caplog.records == []


def test_a_ratio_may_have_blanks() -> None:
    assert from_environment(" 0.25 ").get_description() == "KeepLLM{0.25,routes:}"


def test_routes_of_the_environment_are_those_that_nobody_else_says(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GENSCOPE_KEEP_ROUTES", " /chat* , POST /x,")
    assert from_environment("0").get_description() == "KeepLLM{0,routes:/chat*,POST /x}"
    assert from_file(ratio=0).get_description() == "KeepLLM{0,routes:/chat*,POST /x}"
    assert from_file(ratio=0, routes=["/y"]).get_description() == "KeepLLM{0,routes:/y}"
    assert KeepLLM(0, ()).get_description() == "KeepLLM{0,routes:}"


def test_bad_routes_and_unknown_options_of_a_file_are_said(caplog: pytest.LogCaptureFixture) -> None:
    options: Mapping[str, Any] = {"ratio": 0, "routes": 5, "rate": 1}
    assert from_file(**options).get_description() == "KeepLLM{0,routes:}"
    unknown, routes = (record.getMessage() for record in caplog.records)
    assert unknown == "genscope: rate of genscope_keep_llm is ignored; there are: ratio, routes"
    assert routes == "genscope: keep_routes (file)=5 is ignored; accepted: a list, separated by commas"


def test_a_fault_of_ours_is_logged_and_the_ratio_decides(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    class Broken(Mapping[str, Any]):
        def __getitem__(self, key: str) -> Any:
            raise RuntimeError

        def __iter__(self) -> Iterator[str]:
            raise RuntimeError

        def __len__(self) -> int:
            return 1

    with pytest.raises(RuntimeError):
        asked(KeepLLM(ratio=0), attributes=Broken())
    monkeypatch.delenv("GENSCOPE_RAISE_FAULTS")
    sampler = KeepLLM(ratio=0)
    assert [keeps(sampler, attributes=Broken()) for _ in range(3)] == [False] * 3
    assert keeps(sampler, "work", Broken(), parent(sampled=True, remote=False))
    assert len(caplog.records) == 1
