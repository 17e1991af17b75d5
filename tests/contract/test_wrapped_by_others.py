"""What other instrumentations do to the SDK and to its answers, in the order that hurts: nothing of theirs gets lost.

With stand-ins for them, so that it is known also where they are not installed; tests/beside has the real ones.
"""

from __future__ import annotations

import gc
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from importlib import import_module
from types import ModuleType
from typing import Any

import pytest
import wrapt

from genscope.local.simulator import Simulator
from genscope.telemetry.neighbours import LATECOMER

from .cases import MAIN, cases
from .outcomes import CALLS, CANCELLED, STREAMS
from .play import play
from .recorder import Recorder, instrumented
from .vocabulary import Case

OK, BAD_REQUEST = CALLS[0], CALLS[1]
INCOMPLETE = replace(OK, name="incomplete", scenario="incomplete")
CLOSED = next(outcome for outcome in STREAMS if outcome.name == "closed")
CHAT = cases([OK], apis=MAIN, shapes=("plain", "stream"))


def passes(wrapped: Any, instance: Any, args: Any, kwargs: Any) -> Any:
    return wrapped(*args, **kwargs)


def client_class(case: Case) -> Any:
    http = case.sdk.stand_in(case.mode, lambda request: None)
    return type(case.sdk.client(case.mode, "http://127.0.0.1:1", http))


@contextmanager
def shadowed(case: Case) -> Iterator[Any]:
    """A wrapper of somebody's on the client class, over the method of its base class."""
    cls = client_class(case)
    bare = cls.request
    wrapper: Any = wrapt.FunctionWrapper(bare, passes)
    cls.request = wrapper
    del wrapper  # only the class holds it: gone from there it is collected
    try:
        yield bare
    finally:
        del cls.request


@pytest.mark.parametrize("case", CHAT)
def test_they_put_back_the_bare_method(case: Case, simulator: Simulator) -> None:
    """That leads past the wrapper on the base class; ours was inside of theirs, and returns."""
    cls = client_class(case)
    with shadowed(case) as bare, instrumented(case.sdk) as recorder:
        cls.request = bare
        play(case, simulator)
        assert len(recorder.spans()) == 1
        case.sdk.instrumentor().uninstrument()
        assert cls.__dict__["request"] is bare
        play(case, simulator)
        assert len(recorder.started) == 1


@pytest.mark.parametrize("case", CHAT)
def test_they_unwrap(case: Case, simulator: Simulator) -> None:
    """What was inside of theirs is ours: it is there now, once, and comes off from there."""
    cls = client_class(case)
    with shadowed(case) as bare, instrumented(case.sdk) as recorder:
        ours = cls.__dict__["request"].__wrapped__
        assert ours is not bare
        cls.request = ours
        play(case, simulator)
        assert len(recorder.spans()) == 1
        case.sdk.instrumentor().uninstrument()
        assert cls.__dict__["request"] is bare


@pytest.mark.parametrize("case", CHAT)
def test_they_unwrap_under_a_third(case: Case, simulator: Simulator) -> None:
    """Wrappers may be half changed when one is collected, and wrapt 1.16 does not survive being asked then."""
    cls = client_class(case)
    with shadowed(case), instrumented(case.sdk) as recorder:
        third: Any = wrapt.FunctionWrapper(cls.__dict__["request"], passes)
        cls.request = third
        third.__wrapped__ = third.__wrapped__.__wrapped__
        play(case, simulator)
        assert len(recorder.spans()) == 1
        case.sdk.instrumentor().uninstrument()
        play(case, simulator)
        assert len(recorder.started) == 1


@pytest.mark.parametrize("case", CHAT)
def test_they_take_theirs_off_after_us(case: Case, simulator: Simulator) -> None:
    cls = client_class(case)
    with shadowed(case) as bare:
        with instrumented(case.sdk) as recorder:
            play(case, simulator)
        cls.request = bare
        play(case, simulator)
    assert len(recorder.started) == 1


# --- the close of an HTTP response, wrapped over ours


BODIES = ("raw_stream", "raw_stream_bytes", "streaming_response_stream", "streaming_response_stream_lines")


@pytest.mark.parametrize("case", cases([OK, CLOSED], apis=MAIN, shapes=BODIES))
def test_their_close_is_called(case: Case, simulator: Simulator) -> None:
    """The official instrumentation ends its span there: ours neither goes around it nor takes it off."""
    expected = closes(case, simulator)
    with instrumented(case.sdk) as recorder:
        assert closes(case, simulator) == expected
    assert expected
    recorder.settle()
    (span,) = recorder.spans()
    outcome = "completed" if case.outcome is OK else "abandoned"
    assert (span.attributes or {})["genscope.stream.outcome"] == outcome


def closes(case: Case, simulator: Simulator) -> list[str]:
    """What is called of the methods that somebody has put over those of the response, until all of it is collected."""
    closed: list[str] = []

    def cover(came: Any) -> Any:
        http = came.http_response
        inner, ainner = http.close, http.aclose

        def close() -> None:
            closed.append("close")
            inner()

        async def aclose() -> None:
            closed.append("aclose")
            await ainner()

        http.close, http.aclose = close, aclose
        return came

    opens = case.shape.open
    play(replace(case, shape=replace(case.shape, open=lambda came: opens(cover(came)))), simulator)
    gc.collect()
    return closed


# --- OpenLLMetry makes the span of a Responses call when that is over

LATE = """
from time import time_ns

from opentelemetry.trace import INVALID_SPAN


def wrap(tracer, tells):
    def wrapper(wrapped, instance, args, kwargs):
        begun = time_ns()
        try:
            response = wrapped(*args, **kwargs)
        except Exception:
            tracer.start_span("theirs", start_time=begun).end()
            raise
        if tells(response):
            tracer.start_span("theirs", start_time=begun).end()
        return response

    async def awrapper(wrapped, instance, args, kwargs):
        begun = time_ns()
        try:
            response = await wrapped(*args, **kwargs)
        except Exception:
            tracer.start_span("theirs", start_time=begun).end()
            raise
        if tells(response):
            tracer.start_span("theirs", start_time=begun).end()
        return response

    return wrapper, awrapper
"""
RESPONSES = cases([OK, BAD_REQUEST, CANCELLED], apis=("responses",), shapes=("plain", "stream", "raw", "raw_stream"))


@contextmanager
def latecomer(tracer: Any) -> Iterator[None]:
    """Its wrappers on the SDK: of the stream in a raw response it tells nothing, nor of what is not completed."""
    module: Any = ModuleType(LATECOMER)
    exec(LATE, module.__dict__)
    sdk: Any = import_module("openai.resources.responses.responses")
    raw = import_module("openai._legacy_response").LegacyAPIResponse

    def tells(response: Any) -> bool:
        if isinstance(response, raw):
            if "text/event-stream" in response.http_response.headers["content-type"]:
                return False
            response = response.parse()
        return getattr(response, "status", "completed") == "completed"

    before = {cls: cls.__dict__["create"] for cls in (sdk.Responses, sdk.AsyncResponses)}
    sys.modules[LATECOMER] = module
    try:
        for (cls, create), wrapper in zip(before.items(), module.wrap(tracer, tells), strict=True):
            cls.create = wrapt.FunctionWrapper(create, wrapper)
        yield
    finally:
        del sys.modules[LATECOMER]
        for cls, create in before.items():
            cls.create = create


def play_late(case: Case, simulator: Simulator, elsewhere: Recorder | None = None) -> Recorder:
    recorder = Recorder()
    tracer = (elsewhere or recorder).tracer_provider.get_tracer("theirs")
    with instrumented(case.sdk, recorder), latecomer(tracer):
        play(case, simulator)
    recorder.settle()
    return recorder


@pytest.mark.parametrize("case", RESPONSES)
def test_one_span_now_or_later(case: Case, simulator: Simulator) -> None:
    recorder = play_late(case, simulator)
    (span,) = recorder.ended
    silent = case.outcome is CANCELLED or (case.outcome is OK and case.shape.name == "raw_stream")
    assert span.name == (case.api.span_name if silent else "theirs")
    assert len(recorder.points("gen_ai.client.operation.duration")) == 1


@pytest.mark.parametrize("case", cases([INCOMPLETE], apis=("responses",), shapes=("plain", "raw")))
def test_an_incomplete_answer_is_told_by_us(case: Case, simulator: Simulator) -> None:
    (span,) = play_late(case, simulator).ended
    attributes = span.attributes or {}
    assert span.name == case.api.span_name
    assert attributes["gen_ai.response.status"] == "incomplete"
    assert {**case.api.asked, **attributes} == attributes
    assert span.end_time is not None
    assert span.start_time is not None
    assert span.end_time > span.start_time


@pytest.mark.parametrize("case", cases([OK], apis=("responses",), shapes=("plain", "stream")))
def test_a_span_that_goes_elsewhere_is_none_of_ours(case: Case, simulator: Simulator) -> None:
    recorder = play_late(case, simulator, elsewhere=Recorder())
    assert [span.name for span in recorder.ended] == [case.api.span_name]


@pytest.mark.parametrize("case", cases([OK], apis=("responses",), shapes=("post", "post_stream")))
def test_a_call_past_their_wrapper_is_ours(case: Case, simulator: Simulator) -> None:
    recorder = play_late(case, simulator)
    assert [span.name for span in recorder.ended] == [case.api.span_name]
