"""Who asks for silence gets it from all: ours in both directions."""

from __future__ import annotations

from contextlib import AbstractContextManager, ExitStack
from typing import Any

import openai
import pytest
from contract.openai_sdk import OPENAI, http_client
from contract.recorder import Recorder, instrumented
from openinference.instrumentation import suppress_tracing
from opentelemetry import context
from opentelemetry.instrumentation.utils import suppress_http_instrumentation, suppress_instrumentation
from opentelemetry.util.genai.handler import TelemetryHandler

import genscope
from genscope.local.simulator import Simulator

from .neighbours import NEIGHBOURS, OURS, Neighbour, completed, scopes, spans, theirs

silences = pytest.mark.parametrize(
    "silence", [suppress_instrumentation, suppress_tracing], ids=["api", "openinference"]
)


def ask(simulator: Simulator) -> None:
    with http_client("sync") as http:
        client = openai.OpenAI(api_key="sk-any", base_url=simulator.base_url("ok"), http_client=http)
        client.chat.completions.create(model="gpt-4o", messages=[{"role": "user", "content": "Which city?"}])


def both(neighbour: Neighbour) -> tuple[ExitStack, Recorder]:
    recorder, stack = Recorder(), ExitStack()
    stack.enter_context(instrumented(OPENAI, recorder))
    stack.enter_context(theirs(neighbour, recorder))
    return stack, recorder


@pytest.mark.parametrize(
    "silence", [suppress_instrumentation, suppress_tracing], ids=["opentelemetry", "openinference"]
)
@pytest.mark.parametrize("neighbour", [one for one in NEIGHBOURS if one.name != "official"], ids=str)
def test_all_are_silent(neighbour: Neighbour, silence: Any, simulator: Simulator) -> None:
    stack, recorder = both(neighbour)
    with stack, silence():
        ask(simulator)
    assert recorder.started == []
    assert recorder.metrics() == []


@pytest.mark.parametrize(
    "silence", [suppress_instrumentation, suppress_tracing], ids=["opentelemetry", "openinference"]
)
def test_where_the_official_one_speaks_we_add_nothing(silence: Any, simulator: Simulator) -> None:
    """It does not ask. Its span is there with or without us; ours stays silent, on that span too."""
    stack, recorder = both(NEIGHBOURS[0])
    with stack, silence():
        ask(simulator)
    (span,) = spans(recorder)
    assert not completed(span)


@pytest.mark.parametrize("neighbour", NEIGHBOURS, ids=str)
def test_ours_alone_is_silent(neighbour: Neighbour, simulator: Simulator) -> None:
    stack, recorder = both(neighbour)
    with stack, genscope.suppress():
        ask(simulator)
    (span,) = spans(recorder)
    assert not completed(span)


def test_a_suppressed_http_library_is_none_of_our_business(simulator: Simulator) -> None:
    with instrumented(OPENAI) as recorder, suppress_http_instrumentation():
        ask(simulator)
    assert scopes(spans(recorder)) == [OURS]


def silenced_openllmetry() -> AbstractContextManager[None]:
    """What its instrumentations of frameworks set, when they have made the span of a model call themselves."""
    from opentelemetry.semconv_ai import SUPPRESS_LANGUAGE_MODEL_INSTRUMENTATION_KEY

    stack = ExitStack()
    token = context.attach(context.set_value(SUPPRESS_LANGUAGE_MODEL_INSTRUMENTATION_KEY, True))
    stack.callback(context.detach, token)
    return stack


def test_a_framework_has_told_the_call(simulator: Simulator) -> None:
    """OpenLLMetry's instrumentation of a framework: its span is current, and the SDK's instrumentation stands down."""
    stack, recorder = both(NEIGHBOURS[1])
    tracer = recorder.tracer_provider.get_tracer("opentelemetry.instrumentation.langchain")
    with stack, tracer.start_as_current_span("ChatOpenAI.chat", attributes={"llm.request.type": "chat"}):
        with silenced_openllmetry():
            ask(simulator)
    (span,) = spans(recorder)
    assert span.name == "ChatOpenAI.chat"
    assert completed(span)


def test_the_official_key(simulator: Simulator) -> None:
    """An inference of opentelemetry-util-genai is under way: of a framework, or written by the application."""
    with instrumented(OPENAI) as recorder:
        handler = TelemetryHandler(**recorder.providers, logger_provider=None)
        with handler.inference("openai", request_model="gpt-4o"):
            ask(simulator)
        ask(simulator)
    theirs, ours = recorder.ended
    assert completed(theirs)
    assert scopes([ours]) == [OURS]
