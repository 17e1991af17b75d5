"""Beside what the application does: spans begun and ended by hand, processors of its own, genscope switched off."""

from __future__ import annotations

import asyncio
import gc
import os
import subprocess
import sys
import threading
from collections.abc import AsyncIterator
from typing import Any

import pytest
from contract.recorder import Recorder
from opentelemetry.context import get_current
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF
from opentelemetry.trace import get_current_span

import genscope

from .openai_agents_app import App, agents, drawn, instrumented, named, tree, weather
from .openai_agents_app import live_app as live_app
from .openai_agents_app import recorder as recorder


class Listener(agents.TracingProcessor):
    """The application's own."""

    def __init__(self) -> None:
        self.heard: list[str] = []

    def on_trace_start(self, trace: Any) -> None:
        self.heard.append(trace.name)

    def on_trace_end(self, trace: Any) -> None: ...

    def on_span_start(self, span: Any) -> None: ...

    def on_span_end(self, span: Any) -> None: ...

    def shutdown(self) -> None: ...

    def force_flush(self) -> None: ...


# --- begun and ended by hand


def test_in_any_order(recorder: Recorder) -> None:
    first, second = agents.trace("first"), agents.trace("second")
    first.start()
    second.start()
    first.finish()
    second.finish()
    assert get_current() == {}
    assert [span.name for span in recorder.spans()] == ["invoke_workflow first", "invoke_workflow second"]


def test_one_that_is_never_ended(recorder: Recorder) -> None:
    with agents.trace("first"):
        agents.custom_span("forgotten").start()
    assert get_current() == {}
    genscope.uninstrument()
    assert named(recorder, "task forgotten").attributes["genscope.stream.outcome"] == "abandoned"


def test_beside_spans_of_the_applications_own(recorder: Recorder) -> None:
    first = agents.trace("first")
    first.start()
    with recorder.tracer.start_as_current_span("the app's") as span:
        first.finish()
        assert get_current_span() is span
    with agents.trace("second"):
        pass
    assert get_current() == {}
    assert named(recorder, "invoke_workflow second").parent is None


def test_elsewhere(recorder: Recorder) -> None:
    first = agents.trace("first")
    first.start()
    thread = threading.Thread(target=first.finish)
    thread.start()
    thread.join()
    with agents.trace("second"):
        pass
    assert get_current() == {}
    assert named(recorder, "invoke_workflow second").parent is None


def test_the_parent_that_is_named(recorder: Recorder) -> None:
    with agents.trace("t") as whole, agents.custom_span("outer") as outer, agents.custom_span("inner"):
        threads = [
            threading.Thread(target=lambda one=one: agents.custom_span("in a thread", parent=one).__enter__().finish())
            for one in (whole, outer)
        ]
        for thread in threads:
            thread.start()
            thread.join()
        with agents.custom_span("aside", parent=outer):
            pass
        with agents.trace("other"), agents.custom_span("back", parent=whole):
            pass
    assert tree(recorder) == drawn("""
        invoke_workflow t
          task outer
            task inner
              invoke_workflow other
            task in a thread
            task aside
          task in a thread
          task back
    """)


async def test_a_generator_that_is_dropped(recorder: Recorder, live_app: App) -> None:
    async def numbers() -> AsyncIterator[int]:
        with agents.trace("numbers"):
            yield 1

    async for _ in numbers():
        break
    gc.collect()
    await asyncio.sleep(0)
    await live_app.go(live_app.agent("A", "ok"))
    assert get_current() == {}
    recorder.settle()
    assert "invoke_workflow numbers" in {span.name for span in recorder.spans()}


# --- who else listens


async def test_the_applications_own_processors(recorder: Recorder, live_app: App) -> None:
    own, later = Listener(), Listener()
    agents.add_trace_processor(own)
    await live_app.go(live_app.agent("A", "ok"))
    genscope.uninstrument()
    await live_app.go(live_app.agent("A", "ok"))
    agents.set_trace_processors([later])
    await live_app.go(live_app.agent("A", "ok"))
    assert (own.heard, later.heard) == (["Agent workflow"] * 2, ["Agent workflow"])
    assert len([span for span in recorder.spans() if span.name.startswith("invoke_workflow")]) == 1


async def test_processors_that_are_set_take_the_place_of_ours(recorder: Recorder, live_app: App) -> None:
    agents.set_trace_processors([])
    await live_app.go(live_app.agent(tools=[weather]))
    assert [span.name for span in recorder.spans()] == ["chat gpt-4o-mini"] * 2
    genscope.uninstrument(only="openai_agents")
    genscope.instrument(only="openai_agents", **recorder.providers)
    await live_app.go(live_app.agent("A", "ok"))
    assert named(recorder, "invoke_agent A")


async def test_tracing_that_is_switched_off(recorder: Recorder, live_app: App) -> None:
    agents.set_tracing_disabled(True)
    try:
        await live_app.go(live_app.agent(tools=[weather]))
    finally:
        agents.set_tracing_disabled(False)
    assert [span.name for span in recorder.spans()] == ["chat gpt-4o-mini"] * 2


async def test_taken_off_in_the_middle(recorder: Recorder, live_app: App) -> None:
    @agents.function_tool
    async def off(city: str) -> str:
        genscope.uninstrument(only="openai_agents")
        with agents.custom_span("too late"):
            return city

    await live_app.go(live_app.agent(tools=[off, weather]))
    recorder.settle()
    assert named(recorder, "invoke_agent A").attributes["genscope.stream.outcome"] == "abandoned"
    assert [span.name for span in recorder.started if not span.name.startswith("execute_tool")] == [
        "invoke_workflow Agent workflow", "invoke_agent A", "chat gpt-4o-mini", "chat gpt-4o-mini",
    ]  # fmt: skip
    assert get_current() == {}
    assert agents.tracing.get_trace_provider()._multi_processor._processors == ()


def test_instrumented_again_and_again(recorder: Recorder) -> None:
    own = Listener()
    agents.add_trace_processor(own)
    for _ in range(3):
        genscope.uninstrument()
        genscope.instrument(only=["openai_agents"], threads=False, **recorder.providers)
        genscope.instrument(only=["openai_agents"], threads=False, **recorder.providers)
    with agents.trace("t"):
        pass
    assert [span.name for span in recorder.spans()] == ["invoke_workflow t"]
    assert own.heard == ["t"]


async def test_metrics_count_without_a_sampled_span(caplog: pytest.LogCaptureFixture, live_app: App) -> None:
    with instrumented(Recorder(sampler=ALWAYS_OFF), caplog) as recorder:
        await live_app.go(live_app.agent(tools=[weather]))
    assert recorder.spans() == []
    (point,) = recorder.points("gen_ai.invoke_agent.inference_calls")
    assert point.sum == 2


async def test_a_fault_of_ours_is_not_the_runs(live_app: App, caplog: pytest.LogCaptureFixture) -> None:
    class Broken(Recorder):
        def on_start(self, span: Any, parent_context: Any = None) -> None:
            raise RuntimeError("broken")

        def on_end(self, span: Any) -> None:
            raise RuntimeError("broken")

    with instrumented(Broken(), caplog, raise_faults=False):
        result = await live_app.go(live_app.agent(tools=[weather]))
    assert result.final_output == "Paris is the capital of France."


PROGRAM = """
import sys, genscope
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import ConsoleSpanExporter, SimpleSpanProcessor

provider = TracerProvider()
provider.add_span_processor(SimpleSpanProcessor(ConsoleSpanExporter(formatter=lambda span: span.name + "\\n")))
genscope.instrument(only=["openai_agents"], tracer_provider=provider)
assert "agents" not in sys.modules and "openai" not in sys.modules
import agents

def listeners():
    return [type(one).__name__ for one in agents.tracing.get_trace_provider()._multi_processor._processors]

assert listeners() == ["BatchTraceProcessor", "Listener"], listeners()
genscope.uninstrument()
assert listeners() == ["BatchTraceProcessor"], listeners()
genscope.instrument(only=["openai_agents"], tracer_provider=provider)
agents.trace("open at the end").start()
"""


def test_before_the_import_and_until_the_exit() -> None:
    """Beside the SDK's own exporter, which has no key here."""
    environ = {name: value for name, value in os.environ.items() if not name.startswith(("OPENAI", "OTEL", "GENSCOPE"))}
    done = subprocess.run([sys.executable, "-c", PROGRAM], env=environ, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    assert done.stdout == "invoke_workflow open at the end\n"
