"""Law 7: anthropic 2 makes spans of its own calls. One call is one span: ours, or if it is asked for theirs."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from opentelemetry import propagate
from opentelemetry.baggage.propagation import W3CBaggagePropagator
from opentelemetry.propagators.composite import CompositePropagator
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF
from opentelemetry.trace import NoOpTracerProvider
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from genscope.core.ambient import suppress
from genscope.instrumentors import AnthropicInstrumentor

from .anthropic_bodies import ASK, EVENTS, MESSAGE
from .recorder import Recorder

anthropic = pytest.importorskip("anthropic")
if not hasattr(anthropic.Anthropic, "open_telemetry"):
    pytest.skip("this release of anthropic makes no spans", allow_module_level=True)
httpx2 = pytest.importorskip("httpx2")

NATIVE = "com.anthropic.sdk.python"
TOOL_USE = {
    **MESSAGE,
    "content": [{"type": "tool_use", "id": "toolu_1", "name": "capital", "input": {"country": "France"}}],
    "stop_reason": "tool_use",
}


class Provider:
    """Answers in memory, and remembers what it was asked."""

    def __init__(self) -> None:
        self.requests: list[Any] = []
        self.answers: list[tuple[int, Any]] = []

    def __call__(self, request: Any) -> Any:
        self.requests.append(request)
        status, body = self.answers.pop(0) if self.answers else (200, MESSAGE)
        if request.url.path.endswith("count_tokens"):
            body = {"input_tokens": 14}
        if status == 200 and json.loads(request.content or b"{}").get("stream"):
            lines = (f"event: {event['type']}\ndata: {json.dumps(event)}\n\n" for event in EVENTS)
            return httpx2.Response(200, headers={"content-type": "text/event-stream"}, content="".join(lines).encode())
        return httpx2.Response(status, json=body, headers={"retry-after-ms": "1"} if status >= 400 else {})

    async def answer(self, request: Any) -> Any:
        return self(request)

    @property
    def traceparents(self) -> list[str | None]:
        return [request.headers.get("traceparent") for request in self.requests]


@pytest.fixture
def provider() -> Provider:
    return Provider()


@pytest.fixture
def recorder() -> Recorder:
    return Recorder()


Clients = Callable[..., Any]


@pytest.fixture
def new_client(provider: Provider, recorder: Recorder) -> Clients:
    def client(asynchronous: bool = False, open_telemetry: Any = None, **options: Any) -> Any:
        if open_telemetry is not False:
            open_telemetry = {"tracer_provider": recorder.tracer_provider, **(open_telemetry or {})}
        transport = httpx2.MockTransport(provider.answer if asynchronous else provider)
        http = (httpx2.AsyncClient if asynchronous else httpx2.Client)(transport=transport)
        cls = anthropic.AsyncAnthropic if asynchronous else anthropic.Anthropic
        return cls(api_key="k", http_client=http, max_retries=0, open_telemetry=open_telemetry, **options)

    return client


@pytest.fixture
def instrument(recorder: Recorder) -> Iterator[Callable[..., None]]:
    def instrument(**options: Any) -> None:
        AnthropicInstrumentor().instrument(skip_dep_check=True, raise_faults=True, **recorder.providers, **options)

    yield instrument
    AnthropicInstrumentor().uninstrument()


def traceparent(span: Any) -> str:
    context = span.context
    return f"00-{context.trace_id:032x}-{context.span_id:016x}-{int(context.trace_flags):02x}"


def names(recorder: Recorder) -> list[tuple[str, str]]:
    return [(span.instrumentation_scope.name, span.name) for span in recorder.ended if span.instrumentation_scope]


CALLS: dict[str, Callable[[Any], Any]] = {
    "create": lambda client: client.messages.create(**ASK),
    "stream": lambda client: list(client.messages.create(**ASK, stream=True)),
    "raw": lambda client: client.messages.with_raw_response.create(**ASK).parse(),
    "beta": lambda client: client.beta.messages.create(**ASK),
    "copy": lambda client: client.with_options(timeout=7).messages.create(**ASK),
    "headers": lambda client: client.messages.create(**ASK, extra_headers={"x-own": "1"}),
}


@pytest.mark.parametrize("call", CALLS)
def test_the_span_is_ours(
    call: str, new_client: Clients, provider: Provider, recorder: Recorder, instrument: Callable[..., None]
) -> None:
    client = new_client()
    CALLS[call](client)
    assert [scope for scope, _ in names(recorder)] == [NATIVE]  # or this test would prove nothing
    recorder.started.clear()
    recorder.ended.clear()
    instrument()
    CALLS[call](client)
    assert names(recorder) == [("genscope", "chat claude-opus-5")]
    assert provider.traceparents[-1] == traceparent(recorder.span())
    if call == "headers":
        assert provider.requests[-1].headers["x-own"] == "1"


async def test_the_span_is_ours_asynchronously(
    new_client: Clients, provider: Provider, recorder: Recorder, instrument: Callable[..., None]
) -> None:
    instrument()
    client = new_client(asynchronous=True)
    await client.messages.create(**ASK)
    async for _ in await client.messages.create(**ASK, stream=True):
        pass
    async with client.messages.stream(**ASK) as stream:
        await stream.get_final_message()
    assert names(recorder) == [("genscope", "chat claude-opus-5")] * 3
    assert provider.traceparents == list(map(traceparent, recorder.spans()))


def test_the_request_is_as_it_would_be(
    new_client: Clients, provider: Provider, instrument: Callable[..., None]
) -> None:
    for _ in range(2):
        client = new_client()
        client.messages.create(**ASK, extra_headers={"x-own": "1"}, extra_query={"a": "b"}, timeout=7)
        instrument()
    bare, ours = provider.requests
    assert [name for name in ours.headers if ours.headers[name] != bare.headers[name]] == ["traceparent"]
    assert (ours.url, ours.content, sorted(ours.headers)) == (bare.url, bare.content, sorted(bare.headers))


def test_every_attempt_carries_the_same_trace(
    new_client: Clients, provider: Provider, recorder: Recorder, instrument: Callable[..., None]
) -> None:
    error = {"type": "error", "error": {"type": "overloaded_error", "message": "busy"}}
    provider.answers = [(529, error), (529, error)]
    instrument()
    new_client().with_options(max_retries=2).messages.create(**ASK)
    assert provider.traceparents == [traceparent(recorder.span())] * 3
    assert (recorder.span().attributes or {})["genscope.retry.kinds"] == ("overloaded", "overloaded")


def test_no_trace_is_sent_where_the_client_sends_none(
    new_client: Clients, provider: Provider, recorder: Recorder, instrument: Callable[..., None]
) -> None:
    instrument()
    new_client(open_telemetry={"propagation": False}).messages.create(**ASK)
    new_client(open_telemetry=False).messages.create(**ASK)
    client = new_client()
    client.messages.create(**ASK)
    client.post("/v1/messages", body=ASK, cast_to=anthropic.types.Message)  # no method of the SDK's: no native span
    assert names(recorder) == [("genscope", "chat claude-opus-5")] * 4
    assert [sent is not None for sent in provider.traceparents] == [False, False, True, False]


def test_where_the_sdk_has_no_provider_it_sends_no_trace(
    new_client: Clients, provider: Provider, recorder: Recorder, instrument: Callable[..., None]
) -> None:
    """Ours has one of its own: the request stays as it would be."""
    instrument()
    client = new_client(open_telemetry={"tracer_provider": NoOpTracerProvider()})
    client.messages.create(**ASK)
    assert names(recorder) == [("genscope", "chat claude-opus-5")]
    assert provider.traceparents == [None]
    with recorder.tracer.start_as_current_span("around"):  # here it does without us, too
        client.messages.create(**ASK)
    assert provider.traceparents[1] == traceparent(recorder.spans()[1])


def test_the_applications_propagators_are_used(
    new_client: Clients, provider: Provider, instrument: Callable[..., None]
) -> None:
    usual = propagate.get_global_textmap()
    instrument()
    try:
        propagate.set_global_textmap(CompositePropagator([W3CBaggagePropagator()]))
        new_client().messages.create(**ASK)
        propagate.set_global_textmap(CompositePropagator([TraceContextTextMapPropagator()]))
        new_client().messages.create(**ASK)
    finally:
        propagate.set_global_textmap(usual)
    without, with_ours = provider.traceparents
    assert without is None
    assert with_ours is not None


def test_an_unsampled_call_says_so(new_client: Clients, provider: Provider, instrument: Callable[..., None]) -> None:
    recorder = Recorder(sampler=ALWAYS_OFF)
    AnthropicInstrumentor().instrument(skip_dep_check=True, raise_faults=True, **recorder.providers)
    new_client(open_telemetry={"tracer_provider": recorder.tracer_provider}).messages.create(**ASK)
    (sent,) = provider.traceparents
    assert sent is not None
    assert not int(sent[-2:], 16) & 1
    assert recorder.points("gen_ai.client.operation.duration")


def test_what_is_not_traced_keeps_its_native_span(
    new_client: Clients, recorder: Recorder, instrument: Callable[..., None]
) -> None:
    instrument()
    client = new_client()
    client.messages.batches.list()
    with suppress():
        client.messages.create(**ASK)
    assert names(recorder) == [(NATIVE, "anthropic.messages.batches.list"), (NATIVE, "anthropic.messages.create")]


def test_the_spans_of_the_tool_runner_stay(
    new_client: Clients, provider: Provider, recorder: Recorder, instrument: Callable[..., None]
) -> None:
    def capital(country: str) -> str:
        """The capital of a country."""
        return "Paris"

    provider.answers = [(200, TOOL_USE), (200, MESSAGE)]
    instrument()
    runner = new_client().beta.messages.tool_runner(**ASK, tools=[anthropic.beta_tool(capital)])
    runner.until_done()
    scopes = [scope for scope, _ in names(recorder)]
    assert scopes.count("genscope") == 2
    assert len(provider.requests) == 2
    agents = [span for span in recorder.ended if (span.attributes or {}).get("gen_ai.operation.name") == "invoke_agent"]
    tools = [span for span in recorder.ended if (span.attributes or {}).get("gen_ai.operation.name") == "execute_tool"]
    assert len(agents) == len(tools) == 1
    assert {span.parent.span_id for span in recorder.spans() if span.parent} == {agents[0].context.span_id}
    assert not [name for scope, name in names(recorder) if scope == NATIVE and name.endswith("messages.create")]


def test_the_native_span_can_stay_instead(
    new_client: Clients, provider: Provider, recorder: Recorder, instrument: Callable[..., None]
) -> None:
    instrument(native_spans=True)
    client = new_client()
    client.messages.create(**ASK)
    list(client.messages.create(**ASK, stream=True))
    assert names(recorder) == [(NATIVE, "anthropic.messages.create")] * 2
    for span in recorder.ended:
        assert not [name for name in span.attributes or () if name.startswith("genscope.")]
    assert provider.traceparents == list(map(traceparent, recorder.ended))
    durations = recorder.points("gen_ai.client.operation.duration")
    assert sum(point.count for point in durations) == 2
    tokens = {
        point.attributes["gen_ai.token.type"]: point.sum for point in recorder.points("gen_ai.client.token.usage")
    }
    assert tokens == {"input": 38, "output": 14}


def test_where_the_sdk_makes_none_ours_stays(
    new_client: Clients, recorder: Recorder, instrument: Callable[..., None]
) -> None:
    instrument(native_spans=True)
    new_client(open_telemetry=False).messages.create(**ASK)
    assert names(recorder) == [("genscope", "chat claude-opus-5")]


def test_stages_and_hooks_work_beside_a_native_span(new_client: Clients, instrument: Callable[..., None]) -> None:
    seen: list[Any] = []

    def after(op: Any, raw: Any) -> None:
        op.span.set_attribute("app.seen", True)  # goes nowhere, and fails nowhere
        seen.append((op.usage.input_tokens, raw.id))

    instrument(native_spans=True, response_hook=after)
    new_client().messages.create(**ASK)
    assert seen == [(19, "msg_1")]
