"""Law 7: one span, whoever else is installed; summed over a trace the usage is the provider's bill."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest
from opentelemetry import context, trace
from opentelemetry.instrumentation.utils import suppress_instrumentation
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF
from opentelemetry.trace import SpanKind, StatusCode

from genscope.local.simulator import USAGE, Simulator

from .cases import MAIN, cases
from .outcomes import CALLS, STREAMS
from .play import play
from .recorder import Recorder, instrumented
from .sights import differences
from .vocabulary import Case

OK, BAD_REQUEST = CALLS[0], CALLS[1]
CLOSED = next(outcome for outcome in STREAMS if outcome.name == "closed")
ONCE = cases([OK], shapes=("plain", "stream"))
INFERENCE_KEY = "opentelemetry.genai.client.inference.context"
"""Of opentelemetry-util-genai."""

OFFICIAL = ("opentelemetry.instrumentation.genai.openai", {"gen_ai.operation.name": "chat"})
OPENINFERENCE = ("openinference.instrumentation.openai", {"openinference.span.kind": "LLM"})
OPENLLMETRY = ("opentelemetry.instrumentation.openai.v1", {"llm.request.type": "chat"})
NEIGHBOURS = [OFFICIAL, OPENINFERENCE, OPENLLMETRY]


@contextmanager
def neighbour(recorder: Recorder, scope: str, marks: Mapping[str, Any], *, key: bool = False) -> Iterator[Any]:
    """Another instrumentation's span around the call, as its wrapper of the SDK's method makes it current."""
    tracer = recorder.tracer_provider.get_tracer(scope)
    span = tracer.start_span("theirs", kind=SpanKind.CLIENT, attributes=marks)
    current = trace.set_span_in_context(span)
    token = context.attach(context.set_value(INFERENCE_KEY, object(), current) if key else current)
    try:
        yield span
    finally:
        context.detach(token)
        span.end()


@pytest.mark.parametrize("case", ONCE)
@pytest.mark.parametrize("scope, marks", NEIGHBOURS, ids=[scope for scope, _ in NEIGHBOURS])
def test_their_span_is_completed(scope: str, marks: dict[str, Any], case: Case, simulator: Simulator) -> None:
    theirs = {**marks, "gen_ai.request.model": "as they say it", "server.port": 1}
    bare = play(case, simulator)
    with instrumented(case.sdk) as recorder, neighbour(recorder, scope, theirs):
        seen = play(case, simulator)

    assert differences(vars(bare), vars(seen)) == []
    assert recorder.spans() == []
    (span,) = recorder.spans(scope)
    attributes: Any = span.attributes
    assert {name: attributes[name] for name in theirs} == theirs  # not overwritten
    assert attributes["gen_ai.provider.name"] == case.sdk.provider
    assert span.name == "theirs"
    assert span.status.status_code is StatusCode.UNSET
    if case.api.usage and (case.api.streams_usage or not case.shape.streams):
        assert attributes["gen_ai.usage.input_tokens"] == USAGE.prompt
    if case.shape.streams:
        assert attributes["genscope.stream.chunks"] == case.api.frames

    # Official instrumentations measure under the very names that we do; OpenLLMetry's too, but no text completions.
    official = scope.startswith("opentelemetry.") and (scope, case.api.operation) != (OPENLLMETRY[0], "text_completion")
    assert len(recorder.points("gen_ai.client.operation.duration")) == (0 if official else 1)
    assert bool(recorder.points("gen_ai.client.token.usage")) == (
        not official and bool(case.api.usage) and (case.api.streams_usage or not case.shape.streams)
    )
    assert [point.value for point in recorder.points("genscope.client.attempts")] == [1]


@pytest.mark.parametrize("case", cases([BAD_REQUEST], apis=MAIN, shapes=("plain",)))
def test_their_status_is_theirs(case: Case, simulator: Simulator) -> None:
    with instrumented(case.sdk) as recorder, neighbour(recorder, *OFFICIAL):
        play(case, simulator)
    (span,) = recorder.spans(OFFICIAL[0])
    assert span.status.status_code is StatusCode.UNSET
    assert span.events == ()
    assert (span.attributes or {})["genscope.error.kind"] == "invalid_request"


@pytest.mark.parametrize("case", cases([OK], apis=MAIN, shapes=("plain",)))
def test_the_key_in_the_context_is_enough(case: Case, simulator: Simulator) -> None:
    """util-genai sets it before the span has any attribute of the conventions."""
    with instrumented(case.sdk) as recorder, neighbour(recorder, OFFICIAL[0], {"some": "attribute"}, key=True):
        play(case, simulator)
    assert recorder.spans() == []


@pytest.mark.parametrize("case", cases([OK], apis=MAIN, shapes=("plain",)))
def test_a_key_without_its_span_is_not(case: Case, simulator: Simulator) -> None:
    """The key outlives the span in code that copies contexts: then nobody describes the call."""
    with instrumented(case.sdk) as recorder:
        token = context.attach(context.set_value(INFERENCE_KEY, object()))
        try:
            play(case, simulator)
        finally:
            context.detach(token)
    assert len(recorder.spans()) == 1


@pytest.mark.parametrize("case", cases([OK], apis=MAIN, shapes=("plain", "stream")))
@pytest.mark.parametrize("scope, marks", NEIGHBOURS, ids=[scope for scope, _ in NEIGHBOURS])
def test_a_second_call_under_it_has_its_own_span(
    scope: str, marks: dict[str, Any], case: Case, simulator: Simulator
) -> None:
    """A span describes one call: the judge, the retry or the fallback that follows inside it is another."""
    with instrumented(case.sdk) as recorder, neighbour(recorder, scope, marks) as theirs:
        play(case, simulator)
        play(case, simulator)
    (span,) = recorder.spans()
    assert span.parent is not None
    assert span.parent.span_id == theirs.get_span_context().span_id
    assert span.name == case.api.span_name


NOT_INFERENCES = [
    {"gen_ai.operation.name": "invoke_agent"},
    {"gen_ai.operation.name": "execute_tool"},
    {"gen_ai.operation.name": "invoke_workflow"},
    {"openinference.span.kind": "CHAIN"},
    {"openinference.span.kind": "AGENT"},
    {"traceloop.span.kind": "workflow"},
    {"http.request.method": "POST"},
    {},
]


@pytest.mark.parametrize("case", cases([OK], apis=MAIN, shapes=("plain",)))
@pytest.mark.parametrize("marks", NOT_INFERENCES, ids=lambda marks: "-".join(marks.values()) or "nothing")
def test_other_spans_are_parents(marks: dict[str, Any], case: Case, simulator: Simulator) -> None:
    """Agents, tools, workflows and HTTP servers do not describe a model call; nothing is added to them."""
    with instrumented(case.sdk) as recorder, neighbour(recorder, "somebody", marks) as theirs:
        play(case, simulator)
    (span,) = recorder.spans()
    assert span.parent == theirs.get_span_context()
    (other,) = recorder.spans("somebody")
    assert dict(other.attributes or {}) == marks


@pytest.mark.parametrize("case", cases([OK], apis=MAIN, shapes=("plain",)))
def test_a_span_that_is_not_recorded_does_not_describe_the_call(case: Case, simulator: Simulator) -> None:
    """Its attributes cannot be seen; ours follows its sampling decision."""
    elsewhere = Recorder(sampler=ALWAYS_OFF)
    with instrumented(case.sdk) as recorder, neighbour(elsewhere, *OFFICIAL):
        play(case, simulator)
    assert recorder.spans() == []  # unsampled, like its parent
    assert len(recorder.points("gen_ai.client.operation.duration")) == 1


@pytest.mark.parametrize("case", cases([CLOSED], apis=MAIN, shapes=("stream",)))
def test_their_span_ends_before_the_stream(case: Case, simulator: Simulator) -> None:
    """What is ended cannot be completed, and must not be tried: OpenTelemetry would log a warning."""

    ask = case.shape.ask

    async def ask_later(client: Any, api: Any) -> Any:
        with neighbour(recorder, *OFFICIAL):
            return await ask(client, api)

    def ask_now(client: Any, api: Any) -> Any:
        with neighbour(recorder, *OFFICIAL):
            return ask(client, api)

    asking = replace(case.shape, ask=ask_later if case.mode == "async" else ask_now)
    with instrumented(case.sdk) as recorder:
        seen = play(replace(case, shape=asking), simulator)
    assert seen.logs == []
    assert recorder.spans() == []
    assert len(recorder.spans(OFFICIAL[0])) == 1


@pytest.mark.parametrize("case", cases([OK], apis=MAIN, shapes=("plain", "stream")))
def test_the_metrics_count_what_the_sampler_drops(case: Case, simulator: Simulator) -> None:
    recorder = Recorder(sampler=ALWAYS_OFF)
    bare = play(case, simulator)
    with instrumented(case.sdk, recorder):
        seen = play(case, simulator)
    assert differences(vars(bare), vars(seen)) == []
    assert recorder.ended == []
    assert len(recorder.points("gen_ai.client.operation.duration")) == 1
    assert bool(recorder.points("gen_ai.client.token.usage")) == (case.api.streams_usage or not case.shape.streams)
    assert bool(recorder.points("gen_ai.client.operation.time_to_first_chunk")) == case.shape.streams


@pytest.mark.parametrize("case", cases([OK, BAD_REQUEST], apis=MAIN, shapes=("plain", "stream")))
def test_suppressed_instrumentation_is_silent(case: Case, simulator: Simulator) -> None:
    bare = play(case, simulator)
    with instrumented(case.sdk) as recorder:
        with suppress_instrumentation():
            seen = play(case, simulator)
        assert recorder.started == []
        assert recorder.metrics() == []
        play(case, simulator)
        assert len(recorder.spans()) == 1
    assert differences(vars(bare), vars(seen)) == []
