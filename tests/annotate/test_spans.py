"""What spans and metrics of annotations say: names, sums, errors once, and content only where it is asked for."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator
from typing import Any

import openai
import pytest
from contract.recorder import Recorder
from opentelemetry.sdk.trace import SpanLimits
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF
from opentelemetry.trace import SpanKind, StatusCode

import genscope
from genscope.local.simulator import Simulator
from genscope.telemetry.neighbours import Awaited

Ask = Callable[..., Any]
CANARY = "canary-5b1d"


def by_name(recorder: Recorder) -> dict[str, Any]:
    recorder.settle()
    return {span.name: span for span in recorder.spans()}


def sums(span: Any) -> dict[str, Any]:
    names = {**span.attributes}
    return {k.removeprefix("genscope.subtree."): v for k, v in names.items() if k.startswith("genscope.subtree.")}


def test_one_tree_with_sums(recorder: Recorder, ask: Ask) -> None:
    @genscope.tool("search", description="finds", type="datastore")
    def search(query: str) -> list[str]:
        return [query]

    @genscope.agent
    def inner() -> None:
        ask()

    @genscope.agent("outer", description="does it")
    def outer() -> None:
        ask()
        search("x")
        inner()
        ask()

    @genscope.workflow
    def flow() -> None:
        outer()
        ask()

    flow()
    spans = by_name(recorder)
    assert sums(spans["invoke_agent inner"]) == {
        "llm_calls": 1, "tool_calls": 0, "input_tokens": 23, "output_tokens": 7, "unpriced_calls": 1,
    }  # fmt: skip
    assert sums(spans["invoke_agent outer"]).items() >= {"llm_calls": 3, "tool_calls": 1, "input_tokens": 69}.items()
    assert sums(spans["invoke_workflow flow"]).items() >= {"llm_calls": 4, "output_tokens": 28}.items()
    assert spans["invoke_agent outer"].attributes["genscope.agent.turns"] == 2
    assert spans["invoke_agent inner"].attributes["genscope.agent.turns"] == 1
    tool = spans["execute_tool search"]
    assert tool.attributes.items() >= {
        "gen_ai.operation.name": "execute_tool", "gen_ai.tool.name": "search", "gen_ai.tool.type": "datastore",
        "gen_ai.tool.description": "finds", "gen_ai.agent.name": "outer",
    }.items()  # fmt: skip
    assert spans["execute_tool search"].parent.span_id == spans["invoke_agent outer"].context.span_id
    assert len({span.context.trace_id for span in recorder.spans()}) == 1
    bill = sum(span.attributes.get("gen_ai.usage.input_tokens", 0) for span in recorder.spans())
    assert bill == 4 * 23  # what is summed up is not on the bill again
    counted = {p.attributes["gen_ai.agent.name"]: p.sum for p in recorder.points("gen_ai.invoke_agent.inference_calls")}
    assert counted == {"outer": 2, "inner": 1}
    assert [p.sum for p in recorder.points("gen_ai.invoke_agent.tool_calls")] == [0, 1]
    (point,) = recorder.points("gen_ai.execute_tool.duration")
    assert dict(point.attributes) == {
        "gen_ai.tool.name": "search", "gen_ai.tool.type": "datastore", "gen_ai.agent.name": "outer",
    }  # fmt: skip
    assert point.sum == pytest.approx((tool.end_time - tool.start_time) / 1e9, abs=1e-6)
    (workflow,) = recorder.points("gen_ai.invoke_workflow.duration")
    assert dict(workflow.attributes) == {"gen_ai.workflow.name": "flow"}
    assert workflow.explicit_bounds[:3] == (1, 5, 10)


def test_costs_are_summed_up(simulator: Simulator) -> None:
    recorder = Recorder()
    prices = {"gpt-4o-mini": {"input": 1.0, "output": 2.0}}
    genscope.instrument(only=["openai"], prices=prices, raise_faults=True, threads=False, **recorder.providers)
    try:
        client = openai.OpenAI(base_url=simulator.base_url(), api_key="x")
        with genscope.workflow("w"):
            for _ in range(3):
                client.chat.completions.create(model="gpt-4o-mini", messages=[{"role": "user", "content": "Hi"}])
    finally:
        genscope.uninstrument()
    *calls, workflow = recorder.spans()
    bill = sum(call.attributes["genscope.cost.amount"] for call in calls)
    assert workflow.attributes["genscope.subtree.cost.amount"] == pytest.approx(bill)
    assert workflow.attributes["genscope.subtree.cost.currency"] == "USD"
    assert "genscope.cost.amount" not in workflow.attributes
    assert "genscope.subtree.unpriced_calls" not in workflow.attributes


def test_a_fault_in_counting_costs_nothing_else(simulator: Simulator, monkeypatch: pytest.MonkeyPatch) -> None:
    recorder = Recorder()
    genscope.instrument(only=["openai"], raise_faults=False, threads=False, **recorder.providers)
    monkeypatch.setattr("genscope.core.subtree.Sums.add_call", lambda *_: 1 / 0)
    try:
        with openai.OpenAI(base_url=simulator.base_url(), api_key="x") as client, genscope.workflow("w"):
            client.chat.completions.create(model="gpt-4o-mini", messages=[{"role": "user", "content": "Hi"}])
    finally:
        genscope.uninstrument()
    assert [span.name for span in recorder.spans()] == ["chat gpt-4o-mini", "invoke_workflow w"]


def test_a_call_whose_span_another_was_to_make_counts_once(
    recorder: Recorder, ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("genscope.telemetry.spans.find_neighbour", lambda *_: (Awaited(of_failures=True), "them"))
    with genscope.workflow("w"):
        ask()
    call, workflow = recorder.spans()
    assert call.name == "chat gpt-4o-mini"
    assert workflow.attributes["genscope.subtree.llm_calls"] == 1


def test_a_stream_counts_where_it_ends(recorder: Recorder, ask: Ask) -> None:
    usage = {"stream": True, "stream_options": {"include_usage": True}}
    with genscope.workflow("flow"):
        with genscope.agent("late"):
            late = ask(**usage)
        with genscope.agent("in time"):
            list(ask(**usage))
        list(late)
    spans = by_name(recorder)
    assert sums(spans["invoke_agent late"])["llm_calls"] == 0
    assert sums(spans["invoke_agent in time"])["llm_calls"] == 1
    assert sums(spans["invoke_workflow flow"])["llm_calls"] == 2


async def test_tasks_count(recorder: Recorder, simulator: Simulator) -> None:
    async with openai.AsyncOpenAI(base_url=simulator.base_url(), api_key="x") as client:

        async def ask() -> None:
            await client.chat.completions.create(model="gpt-4o-mini", messages=[{"role": "user", "content": "Hi"}])

        @genscope.agent
        async def fan_out() -> None:
            await asyncio.gather(*(ask() for _ in range(20)))

        await asyncio.gather(fan_out(), fan_out())
    agents = [span for span in recorder.spans() if span.name == "invoke_agent fan_out"]
    assert [sums(agent)["llm_calls"] for agent in agents] == [20, 20]
    assert [sums(agent)["input_tokens"] for agent in agents] == [460, 460]


def test_an_error_is_told_once(recorder: Recorder, simulator: Simulator) -> None:
    client = openai.OpenAI(base_url=simulator.base_url("rate_limit"), api_key="x", max_retries=0)

    @genscope.agent
    def agent() -> None:
        client.chat.completions.create(model="gpt-4o-mini", messages=[{"role": "user", "content": "Hi"}])

    with pytest.raises(openai.RateLimitError), genscope.workflow("flow"):
        agent()
    chat, inner, outer = recorder.spans()
    assert [len(span.events) for span in (chat, inner, outer)] == [1, 0, 0]
    assert {span.status.status_code for span in (chat, inner, outer)} == {StatusCode.ERROR}
    assert inner.attributes["error.type"] == outer.attributes["error.type"] == "RateLimitError"
    assert sums(outer)["failed_calls"] == 1


def test_another_error_is_told_too(recorder: Recorder) -> None:
    @genscope.tool
    def fails() -> None:
        raise ValueError(CANARY)

    @genscope.agent
    def recovers() -> None:
        try:
            fails()
        except ValueError:
            raise KeyError(CANARY) from None

    with pytest.raises(KeyError):
        recovers()
    tool, agent = recorder.spans()
    assert [event.attributes["exception.type"] for span in (tool, agent) for event in span.events] == [
        "ValueError",
        "KeyError",
    ]
    assert CANARY not in "".join(span.to_json() for span in recorder.spans())


def test_retrieval_and_what_the_conventions_do_not_name(recorder: Recorder) -> None:
    @genscope.retrieval("wiki", top_k=5)
    def find(query: str) -> list[str]:
        return ["a", "b"]

    @genscope.rerank(model="tiny")
    def best(documents: list[str]) -> list[str]:
        return documents[:1]

    best(find("q"))
    retrieval, rerank = recorder.spans()
    assert (retrieval.name, retrieval.kind) == ("retrieval wiki", SpanKind.CLIENT)
    assert dict(retrieval.attributes) == {
        "gen_ai.data_source.id": "wiki", "gen_ai.retrieval.top_k": 5, "gen_ai.operation.name": "retrieval",
        "genscope.documents": 2,
    }  # fmt: skip
    assert dict(rerank.attributes) == {
        "gen_ai.request.model": "tiny", "genscope.operation.name": "rerank", "genscope.documents": 1,
    }  # fmt: skip
    (point,) = recorder.points("gen_ai.client.operation.duration")
    assert dict(point.attributes) == {"gen_ai.operation.name": "retrieval"}


def test_content_where_it_is_asked_for(captured: Recorder) -> None:
    @genscope.tool
    def pay(account: str, password: str, **more: Any) -> dict[str, Any]:
        return {"mail": "jane@example.com", "ok": True}

    @genscope.agent
    def agent(question: str) -> Iterator[str]:
        yield "Hello "
        yield "jane@example.com"

    @genscope.task
    def task() -> None:
        raise ValueError("jane@example.com said it")

    pay("DE89370400440532013000", password="hunter2", note="x")
    list(agent("I am jane@example.com"))
    with genscope.retrieval("wiki") as span:
        span.set_input({"query": "where is jane@example.com"})
        span.set_output([{"id": 1}])
    with pytest.raises(ValueError):
        task()
    spans = by_name(captured)
    tool = spans["execute_tool pay"].attributes
    assert json.loads(tool["gen_ai.tool.call.arguments"]) == {
        "account": "[IBAN]", "password": "[SECRET]", "note": "x",
    }  # fmt: skip
    assert json.loads(tool["gen_ai.tool.call.result"]) == {"mail": "[EMAIL]", "ok": True}
    said = spans["invoke_agent agent"].attributes
    (question,) = json.loads(said["gen_ai.input.messages"])
    (answer,) = json.loads(said["gen_ai.output.messages"])
    assert question == {"role": "user", "parts": [{"type": "text", "content": "I am [EMAIL]"}]}
    assert answer["parts"] == [{"type": "text", "content": "Hello [EMAIL]"}]
    assert spans["retrieval wiki"].attributes["gen_ai.retrieval.query.text"] == "where is [EMAIL]"
    assert spans["retrieval wiki"].attributes["gen_ai.retrieval.documents"] == '[{"id":1}]'
    (event,) = spans["task task"].events
    assert event.attributes["exception.message"] == "[EMAIL] said it"
    assert "jane@" not in "".join(span.to_json() for span in captured.spans())


class Hostile:
    def __str__(self) -> str:
        raise RuntimeError("no")

    __repr__ = __str__

    def __getattr__(self, name: str) -> Any:
        raise RuntimeError("no")

    def __eq__(self, other: object) -> bool:
        raise RuntimeError("no")

    __hash__ = object.__hash__


class Mute(Exception):
    def __str__(self) -> str:
        raise RuntimeError("no")


def test_hostile_values(captured: Recorder) -> None:
    circle: list[Any] = []
    circle.append(circle)

    @genscope.tool
    def same(value: Any) -> Any:
        return value

    for value in (Hostile(), circle, "\ud800", float("nan"), {1: {2}}, b"\xff", "x" * 1_000_000, [[]] * 100_000):
        assert same(value) is value
    for span in captured.spans():
        json.loads(span.attributes["gen_ai.tool.call.arguments"])
        assert len(span.attributes["gen_ai.tool.call.arguments"].encode()) <= 131_072


def test_an_exception_that_cannot_say_what_it_is() -> None:
    recorder = Recorder()
    genscope.instrument(only=["openai"], capture_message_content="SPAN_ONLY", threads=False, **recorder.providers)
    try:

        @genscope.tool
        def fails() -> None:
            raise Mute

        with pytest.raises(Mute):
            fails()
    finally:
        genscope.uninstrument()
    (span,) = recorder.spans()
    assert span.events[0].attributes["exception.type"].endswith("Mute")


def test_limits_of_the_provider_leave_json_whole() -> None:
    recorder = Recorder(span_limits=SpanLimits(max_span_attribute_length=100))
    genscope.instrument(only=["openai"], capture_message_content="SPAN_ONLY", threads=False, **recorder.providers)
    try:
        with genscope.tool("t") as span:
            span.set_input({"text": "x" * 1000})
    finally:
        genscope.uninstrument()
    (ended,) = recorder.spans()
    assert json.loads(ended.attributes["gen_ai.tool.call.arguments"])["text"].startswith("x")


def test_metrics_count_without_a_sampled_span(simulator: Simulator) -> None:
    recorder = Recorder(sampler=ALWAYS_OFF)
    genscope.instrument(only=["openai"], raise_faults=True, threads=False, **recorder.providers)
    try:
        client = openai.OpenAI(base_url=simulator.base_url(), api_key="x")
        with genscope.agent("a"):
            client.chat.completions.create(model="gpt-4o-mini", messages=[{"role": "user", "content": "Hi"}])
    finally:
        genscope.uninstrument()
    assert recorder.spans() == []
    assert [point.sum for point in recorder.points("gen_ai.invoke_agent.inference_calls")] == [1]


def test_names_without_number_do_not_become_series(recorder: Recorder) -> None:
    for i in range(600):
        with genscope.tool(f"tool {i}"):
            pass
    points = recorder.points("gen_ai.execute_tool.duration")
    assert len(points) <= 513
    assert sum(point.count for point in points) == 600


def test_a_call_id_of_the_applications_own(recorder: Recorder) -> None:
    with genscope.tool("search", call_id="call_1"):
        pass
    assert recorder.span().attributes["gen_ai.tool.call.id"] == "call_1"
