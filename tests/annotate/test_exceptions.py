"""The exception that leaves an annotated span: on the span, as a log record, or as both, by the rules of calls."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from typing import Any

import openai
import pytest
from contract.recorder import Recorder
from conversations import Logbook, attributes_of, name_of
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF

import genscope
from genscope.annotate.kinds import TOOL
from genscope.annotate.run import begin
from genscope.core import installed
from genscope.local.simulator import Simulator
from genscope.settings import resolve

EVENT = "gen_ai.client.operation.exception"
SIGNALS = {"spans": (True, False), "logs": (False, True), "logs/dup": (True, True)}
CAPTURES = {
    "NO_CONTENT": (False, False),
    "SPAN_ONLY": (True, False),
    "EVENT_ONLY": (False, True),
    "SPAN_AND_EVENT": (True, True),
}


@contextmanager
def told(recorder: Recorder | None = None, **options: Any) -> Iterator[tuple[Recorder, Logbook]]:
    recorder, logbook = recorder or Recorder(), Logbook()
    usual: dict[str, Any] = {"raise_faults": True, "threads": False, "emit_event": False, **recorder.providers}
    genscope.instrument(only=["openai"], **{**usual, "logger_provider": logbook.provider, **options})
    try:
        yield recorder, logbook
    finally:
        genscope.uninstrument()


@genscope.tool
def function() -> None:
    raise ValueError("jane@example.com said it")


@genscope.tool
async def coroutine() -> None:
    function.__wrapped__()  # type: ignore[attr-defined]


@genscope.tool
def generator() -> Iterator[int]:
    yield 1
    function.__wrapped__()  # type: ignore[attr-defined]


@genscope.tool
async def async_generator() -> AsyncIterator[int]:
    yield 1
    function.__wrapped__()  # type: ignore[attr-defined]


async def read() -> None:
    async for _ in async_generator():
        pass


def block() -> None:
    with genscope.tool("block"):
        function.__wrapped__()  # type: ignore[attr-defined]


WAYS: list[Callable[[], object]] = [
    function, lambda: asyncio.run(coroutine()), lambda: list(generator()), lambda: asyncio.run(read()), block,
]  # fmt: skip


@pytest.mark.parametrize("capture", CAPTURES)
@pytest.mark.parametrize("signal", SIGNALS)
@pytest.mark.parametrize("fail", WAYS)
def test_where_it_is_written(fail: Callable[[], object], signal: str, capture: str) -> None:
    with told(exception_signal=signal, capture_message_content=capture) as (recorder, logbook):
        with pytest.raises(ValueError):
            fail()
    on_span, in_log = SIGNALS[signal]
    text_on_span, text_in_log = CAPTURES[capture]
    span = recorder.span()
    assert [event.name for event in span.events] == (["exception"] if on_span else [])
    for event in span.events:
        tells(dict(event.attributes or {}), text_on_span)
    assert len(logbook.records) == in_log
    if in_log:
        record = logbook.event(EVENT)
        assert span.context is not None
        assert (record.trace_id, record.span_id) == (span.context.trace_id, span.context.span_id)
        assert record.severity_number.value == 13
        tells(attributes_of(record), text_in_log)


def tells(attributes: dict[str, Any], text: bool) -> None:
    assert attributes["exception.type"] == "ValueError"
    assert f"in {function.__name__}" in attributes["exception.stacktrace"]
    assert attributes.get("exception.message") == ("[EMAIL] said it" if text else None)
    assert "jane@" not in repr(attributes)


def test_one_that_passes_several_spans_is_told_by_the_innermost() -> None:
    with told(exception_signal="logs/dup") as (recorder, logbook):
        with pytest.raises(ValueError), genscope.workflow("w"), genscope.agent("a"):
            function()
    tool, agent, workflow = recorder.spans()
    assert [len(span.events) for span in (tool, agent, workflow)] == [1, 0, 0]
    assert logbook.event(EVENT).span_id == tool.context.span_id  # type: ignore[union-attr]


def test_that_of_a_call_is_told_by_the_call(simulator: Simulator) -> None:
    with told(exception_signal="logs") as (recorder, logbook):
        with openai.OpenAI(base_url=simulator.base_url("rate_limit"), api_key="x", max_retries=0) as client:
            with pytest.raises(openai.RateLimitError), genscope.agent("a"):
                client.chat.completions.create(model="gpt-4o", messages=[{"role": "user", "content": "Hi"}])
    chat, agent = recorder.spans()
    assert chat.events == agent.events == ()
    assert logbook.event(EVENT).span_id == chat.context.span_id  # type: ignore[union-attr]


@pytest.mark.parametrize("options", [{}, {"tracer_provider": None, "meter_provider": None}], ids=["unsampled", "none"])
def test_logs_alone_are_enough(options: dict[str, Any]) -> None:
    with told(Recorder(sampler=ALWAYS_OFF), exception_signal="logs", **options) as (recorder, logbook):
        with pytest.raises(ValueError):
            function()
    assert recorder.spans() == []
    assert attributes_of(logbook.event(EVENT))["exception.type"] == "ValueError"


@pytest.mark.parametrize("options, said", [({}, None), ({"capture_message_content": "EVENT_ONLY"}, "no [EMAIL]")])
def test_one_of_which_there_is_only_a_text(options: dict[str, Any], said: str | None) -> None:
    """As frameworks tell of what they have caught."""
    with told(exception_signal="logs", **options) as (recorder, logbook):
        run = begin(TOOL, "t", {})
        assert run is not None
        run.fail_as("tool_error", "no jane@example.com")
    assert recorder.span().events == ()
    assert [(name_of(record), attributes_of(record)) for record in logbook.records] == (
        [] if said is None else [(EVENT, {"exception.message": said})]
    )


def test_without_an_installation_it_is_redacted_too() -> None:
    """Annotations work by the environment alone."""
    recorder, logbook = Recorder(), Logbook()
    settings = resolve({"capture_message_content": "EVENT_ONLY", "exception_signal": "logs"}).settings
    providers = {**recorder.providers, "logger_provider": logbook.provider}
    installed.install(logbook, installed.Installation(settings, **providers))
    try:
        with pytest.raises(ValueError):
            function()
    finally:
        installed.remove(logbook)
    tells(attributes_of(logbook.event(EVENT)), True)


def test_what_is_no_error_is_no_exception() -> None:
    with told(exception_signal="logs/dup") as (recorder, logbook):
        items = generator()
        next(items)
        items.close()
        with genscope.task("t"):
            pass
    assert [span.events for span in recorder.spans()] == [(), ()]
    assert logbook.records == []


class BreaksOnEmit(Logbook):
    def on_emit(self, log_record: Any) -> None:
        raise RuntimeError("no")


def test_a_log_that_breaks_is_no_fault_of_the_application(caplog: pytest.LogCaptureFixture) -> None:
    broken = BreaksOnEmit().provider
    with told(exception_signal="logs/dup", raise_faults=False, logger_provider=broken) as (recorder, _):
        with pytest.raises(ValueError):
            function()
    assert len(recorder.span().events) == 1
    assert [record.getMessage() for record in caplog.records if record.name == "genscope"] == [
        "genscope: writing an exception failed (RuntimeError); the call is not affected"
    ]
