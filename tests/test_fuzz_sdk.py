"""Whatever a provider answers: the application gets from the SDK what it would get without genscope.

The real SDK over an in-process transport, once with everything that can be captured and once bare.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator
from types import MethodType
from typing import Any, NamedTuple

import openai
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from test_recordings import http
from wire.mutations import mutated, whatever
from wire.test_fuzz import modestly
from wire.test_fuzz_telemetry import WELL, hold, refuse

from genscope.instrumentors import OpenAIInstrumentor

ASKED: list[Any] = [{"role": "user", "content": "?"}]
Reply = tuple[int, str, bytes]
"""Status, content type, body."""


class Way(NamedTuple):
    """A way to call: the path whose answers it gets, whether they are events, the call itself."""

    path: str
    events: bool
    call: Callable[[Any], Any]


WAYS = {
    "chat": Way("/chat/completions", False, lambda sdk: sdk.chat.completions.create(model="m", messages=ASKED)),
    "chat, streamed": Way(
        "/chat/completions", True, lambda sdk: sdk.chat.completions.create(model="m", messages=ASKED, stream=True)
    ),
    "chat, raw": Way(
        "/chat/completions",
        False,
        lambda sdk: sdk.chat.completions.with_raw_response.create(model="m", messages=ASKED).parse(),
    ),
    "chat, raw and streamed": Way(
        "/chat/completions",
        True,
        lambda sdk: sdk.chat.completions.with_raw_response.create(model="m", messages=ASKED, stream=True).parse(),
    ),
    "responses": Way("/responses", False, lambda sdk: sdk.responses.create(model="m", input="?")),
    "responses, streamed": Way("/responses", True, lambda sdk: sdk.responses.create(model="m", input="?", stream=True)),
    "fetched": Way("/responses/{response_id}", False, lambda sdk: sdk.responses.retrieve("r1")),
    "text": Way("/completions", False, lambda sdk: sdk.completions.create(model="m", prompt="?")),
    "embeddings": Way(
        "/embeddings", False, lambda sdk: sdk.embeddings.create(model="m", input="?", encoding_format="float")
    ),
    "an image": Way("/images/generations", False, lambda sdk: sdk.images.generate(prompt="?")),
    "a transcription": Way(
        "/audio/transcriptions", False, lambda sdk: sdk.audio.transcriptions.create(model="m", file=b"ID3")
    ),
    "speech": Way(
        "/audio/speech", True, lambda sdk: sdk.audio.speech.create(model="m", input="?", voice="alloy").content
    ),
    "moderations": Way("/moderations", False, lambda sdk: sdk.moderations.create(input="?")),
}
ERROR = {"error": {"code": "rate_limit_exceeded", "type": "t", "message": "m", "param": None}}


class Bench:
    """Two clients of the same SDK that get the same answers; only one of them is seen by genscope."""

    def __init__(self, bare_door: Any, spans: InMemorySpanExporter) -> None:
        self.spans = spans
        self.reply: Reply = (200, "", b"")
        self.complaints: list[str] = []
        self._clients = [self._client(), self._client()]
        bare = self._clients[0]
        bare.request = MethodType(bare_door, bare)

    def _client(self) -> Any:
        def handle(_: Any) -> Any:
            status, kind, body = self.reply
            headers = {"content-type": kind, "x-request-id": "q1"}
            return http.Response(status, headers=headers, stream=http.ByteStream(body))

        transport = http.Client(transport=http.MockTransport(handle))
        return openai.OpenAI(api_key="none", base_url="https://api.openai.com/v1", max_retries=0, http_client=transport)

    def both(self, call: Callable[[Any], Any], reply: Reply) -> list[tuple[Any, ...]]:
        self.reply = reply
        self.spans.clear()
        self.complaints.clear()
        return [outcome(call, client) for client in self._clients]

    def close(self) -> None:
        for client in self._clients:
            client.close()


def outcome(call: Callable[[Any], Any], client: Any) -> tuple[Any, ...]:
    """All that an application can tell of what it got: values, their types, and the exception."""
    got: list[Any] = []
    try:
        result = call(client)
        got.append(type(result))
        if isinstance(result, openai.Stream):
            got.extend(map(repr, result))
        else:
            got.append(repr(result))
    except Exception as error:
        cause = error.__cause__ or error.__context__
        return (*got, type(error), str(error), repr(getattr(error, "body", None)), type(cause), str(cause))
    return tuple(got)


class _Complaints(logging.Handler):
    def __init__(self, said: list[str]) -> None:
        super().__init__(logging.WARNING)
        self._said = said

    def emit(self, record: logging.LogRecord) -> None:
        self._said.append(record.getMessage())


@pytest.fixture(scope="module")
def bench() -> Iterator[Bench]:
    spans = InMemorySpanExporter()
    tracers = TracerProvider(shutdown_on_exit=False)
    tracers.add_span_processor(SimpleSpanProcessor(spans))
    meters = MeterProvider([InMemoryMetricReader()], shutdown_on_exit=False)
    bare_door = vars(openai._base_client.SyncAPIClient)["request"]
    instrumentor = OpenAIInstrumentor()
    instrumentor.instrument(
        skip_dep_check=True,
        tracer_provider=tracers,
        meter_provider=meters,
        raise_faults=True,
        capture_message_content="SPAN_ONLY",
        tool_schemas=True,
        legacy_names=True,
        prices={model: {"input": 1, "output": 1} for model in ("m", "m-2")},
        semconv_stability_opt_in="gen_ai_latest_experimental/dup",
    )
    bench = Bench(bare_door, spans)
    listener = _Complaints(bench.complaints)
    logging.getLogger().addHandler(listener)
    try:
        yield bench
    finally:
        logging.getLogger().removeHandler(listener)
        bench.close()
        instrumentor.uninstrument()


@st.composite
def replies(draw: st.DrawFn, way: Way) -> Reply:
    _, whole, chunks = WELL[way.path]
    status = draw(st.sampled_from((200, 200, 200, 200, 400, 429, 500)))
    if status != 200:
        return status, "application/json", json.dumps(draw(mutated(ERROR) | whatever)).encode()
    if way.events:
        said = draw(mutated(chunks) | st.lists(whatever, max_size=4))
        frames = [json.dumps(one) for one in (said if isinstance(said, list) else [said])]
        kind, body = "text/event-stream", "".join(f"data: {frame}\n\n" for frame in [*frames, "[DONE]"]).encode()
    else:
        kind, body = "application/json", json.dumps(draw(mutated(whole) | whatever)).encode()
    if draw(st.integers(0, 5)) == 0:  # bytes that are none of it
        at = draw(st.integers(0, len(body)))
        body = body[:at] + draw(st.binary(max_size=9)) + body[at + draw(st.integers(0, 9)) :]
    kind = draw(st.sampled_from((kind, kind, kind, kind, "text/plain", "application/octet-stream", "")))
    return status, kind, body


@pytest.mark.parametrize("way", WAYS)
@given(data=st.data())
@settings(modestly, max_examples=30)
def test_whatever_comes(bench: Bench, way: str, data: st.DataObject) -> None:
    if WAYS[way].path.startswith("/responses") and not hasattr(openai.OpenAI, "responses"):
        pytest.skip("this SDK has no responses")
    bare, ours = bench.both(WAYS[way].call, data.draw(replies(WAYS[way])))
    assert ours == bare
    (span,) = bench.spans.get_finished_spans()
    assert bench.complaints == []  # OpenTelemetry drops an attribute that it cannot take, and says so
    attributes = dict(span.attributes or {})
    hold(attributes)
    for name in ("gen_ai.input.messages", "gen_ai.output.messages"):
        json.loads(attributes.get(name, "[]"), parse_constant=refuse)


@pytest.mark.parametrize("way", WAYS)
def test_what_is_well_is_seen(bench: Bench, way: str) -> None:
    """The test above would hold if nothing were read."""
    if WAYS[way].path.startswith("/responses") and not hasattr(openai.OpenAI, "responses"):
        pytest.skip("this SDK has no responses")
    _, whole, chunks = WELL[WAYS[way].path]
    body = json.dumps(whole).encode()
    if WAYS[way].events:
        body = "".join(f"data: {json.dumps(chunk)}\n\n" for chunk in chunks).encode() + b"data: [DONE]\n\n"
    kind = "text/event-stream" if WAYS[way].events else "application/json"
    bare, ours = bench.both(WAYS[way].call, (200, kind, body))
    assert ours == bare
    assert bench.spans.get_finished_spans()
