"""Budgets on calls of a real SDK: nothing is sent that is refused, and what was sent is charged however it ends."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import openai
import pytest
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF

import genscope
from genscope.budget import BudgetExceeded, status
from genscope.features.budget import stage
from genscope.features.budget.declaring import declared
from genscope.features.budget.ledgers import ledger_at
from genscope.features.budget.metrics import OBSERVED
from genscope.features.budget.stage import Budgets
from genscope.local.simulator import Simulator
from genscope.telemetry.observing import observe

Limited = Callable[..., Budgets]


@pytest.fixture
def limited(simulator: Simulator) -> Iterator[Limited]:
    """Instruments with a budget, and nothing else: no provider has been set."""
    simulator.reset()
    stage.live.clear()

    def instrument(text: str, store: str = "memory", mode: str = "deny", **options: Any) -> Budgets:
        one = Budgets(declared(text), mode=mode, ledger=ledger_at(store))
        genscope.instrument(only=["openai"], stages=[one], raise_faults=True, **options)
        return one

    yield instrument
    genscope.uninstrument()
    stage.live.clear()


@pytest.fixture
def recording() -> tuple[InMemorySpanExporter, TracerProvider]:
    exporter, provider = InMemorySpanExporter(), TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    return exporter, provider


ASKED: dict[str, Any] = {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "Hello"}], "max_tokens": 50}


def client(simulator: Simulator, scenario: str = "ok", **options: float) -> openai.OpenAI:
    return openai.OpenAI(api_key="k", base_url=simulator.base_url(scenario, **options), max_retries=0)


def aclient(simulator: Simulator, scenario: str = "ok") -> openai.AsyncOpenAI:
    return openai.AsyncOpenAI(api_key="k", base_url=simulator.base_url(scenario), max_retries=0)


STORES = ["memory", "sqlite", pytest.param("redis", marks=pytest.mark.needs_redis)]


@pytest.fixture
def store(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite://{tmp_path}/budget.db"
    return request.param if request.param == "memory" else request.getfixturevalue("redis_server").url


@pytest.mark.parametrize("store", STORES, indirect=True)
def test_what_is_refused_is_never_sent(limited: Limited, simulator: Simulator, store: str) -> None:
    limited("2 requests/day", store)
    with client(simulator) as at:
        for _ in range(2):
            at.chat.completions.create(**ASKED)
        with pytest.raises(BudgetExceeded, match="2 requests/day"):
            at.chat.completions.create(**ASKED)
        with pytest.raises(BudgetExceeded):
            at.chat.completions.create(**ASKED, stream=True)
        with pytest.raises(BudgetExceeded):
            at.chat.completions.with_raw_response.create(**ASKED)
    assert len(simulator.requests) == 2


@pytest.mark.parametrize("store", STORES, indirect=True)
async def test_what_is_refused_is_never_sent_by_coroutines(limited: Limited, simulator: Simulator, store: str) -> None:
    limited("3 requests/day", store)
    async with aclient(simulator) as at:
        found = await asyncio.gather(*(at.chat.completions.create(**ASKED) for _ in range(10)), return_exceptions=True)
    assert sum(isinstance(one, BudgetExceeded) for one in found) == 7
    assert len(simulator.requests) == 3


def test_tokens_are_those_that_the_provider_counted(limited: Limited, simulator: Simulator) -> None:
    limited("100000 tokens/day")
    with client(simulator) as at:
        answer = at.chat.completions.create(**ASKED)
        assert answer.usage is not None
        assert [now.spent for now in status()] == [answer.usage.total_tokens]
        chunks = list(at.chat.completions.create(**ASKED, stream=True, stream_options={"include_usage": True}))
        assert chunks[-1].usage is not None
    (now,) = status()
    assert now.spent == answer.usage.total_tokens + chunks[-1].usage.total_tokens
    assert now.reserved == 0


@pytest.mark.parametrize("way", ["close", "drop", "break", "read"])
def test_streams_are_charged_however_they_end(limited: Limited, simulator: Simulator, way: str) -> None:
    limited("100000 tokens/day")
    with client(simulator, chunks=20) as at:
        stream = at.chat.completions.create(**ASKED, stream=True)
        assert status()[0].reserved > 50
        chunks = 0
        if way == "read":
            chunks = len(list(stream))
        elif way != "drop":
            for chunks, _ in enumerate(stream, 1):
                if chunks == 5:
                    break
        if way == "close":
            stream.close()
        del stream
        gc.collect()  # the SDK's streams refer to themselves
    assert genscope.flush()
    (now,) = status()
    assert now.reserved == 0
    assert now.spent >= chunks + 2
    assert now.spent < chunks + 40


@pytest.mark.parametrize("scenario", ["rate_limit", "server_error", "bad_request"])
def test_what_the_provider_refuses_is_given_back(limited: Limited, simulator: Simulator, scenario: str) -> None:
    limited("100000 tokens/day; 5 requests/day")
    with client(simulator, scenario) as at, pytest.raises(openai.APIStatusError):
        at.chat.completions.create(**ASKED)
    assert [(now.spent, now.reserved) for now in status()] == [(0, 0), (0, 0)]


def test_without_a_connection_nothing_is_charged(limited: Limited) -> None:
    limited("100000 tokens/day; 5 requests/day")
    at = openai.OpenAI(api_key="k", base_url="http://127.0.0.1:9/v1", max_retries=0)
    with at, pytest.raises(openai.APIConnectionError):
        at.chat.completions.create(**ASKED)
    assert [(now.spent, now.reserved) for now in status()] == [(0, 0), (0, 0)]


def test_no_answer_in_time_is_charged_as_estimated(limited: Limited, simulator: Simulator) -> None:
    limited("100000 tokens/day")
    with client(simulator, "hang") as at, pytest.raises(openai.APITimeoutError):
        at.with_options(timeout=0.2).chat.completions.create(**ASKED)
    simulator.release()
    (now,) = status()
    assert now.spent >= 50
    assert now.reserved == 0


async def test_a_task_that_is_cancelled_is_charged_as_estimated(limited: Limited, simulator: Simulator) -> None:
    limited("100000 tokens/day")
    async with aclient(simulator, "hang") as at:
        task = asyncio.create_task(at.chat.completions.create(**ASKED))
        await asyncio.to_thread(simulator.wait_until, lambda s: s.held == 1, 30)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    simulator.release()
    (now,) = status()
    assert now.spent >= 50
    assert now.reserved == 0


def test_a_refusal_is_a_span_with_its_kind(
    limited: Limited, simulator: Simulator, recording: tuple[InMemorySpanExporter, TracerProvider]
) -> None:
    exporter, provider = recording
    limited("1 requests/day", tracer_provider=provider)
    with client(simulator) as at:
        at.chat.completions.create(**ASKED)
        with pytest.raises(BudgetExceeded):
            at.chat.completions.create(**ASKED)
    granted, refused = (dict(span.attributes or {}) for span in exporter.get_finished_spans())
    assert granted["genscope.budget.remaining"] == 0.0
    assert "genscope.error.kind" not in granted
    assert refused["genscope.error.kind"] == "budget_exceeded"
    assert refused["genscope.error.retryable"] is False
    assert refused["error.type"] == "BudgetExceeded"
    assert refused["genscope.budget.limit"] == "1 requests/day"
    assert refused["genscope.budget.remaining"] == 0.0


def test_it_holds_where_nothing_is_sampled(limited: Limited, simulator: Simulator) -> None:
    limited("1 requests/day", tracer_provider=TracerProvider(sampler=ALWAYS_OFF))
    with client(simulator) as at:
        at.chat.completions.create(**ASKED)
        with pytest.raises(BudgetExceeded):
            at.chat.completions.create(**ASKED)


def test_it_holds_where_opentelemetry_is_disabled(
    limited: Limited, simulator: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OTEL_SDK_DISABLED", "true")
    limited("1 requests/day")
    with client(simulator) as at:
        at.chat.completions.create(**ASKED)
        with pytest.raises(BudgetExceeded):
            at.chat.completions.create(**ASKED)


def test_inside_suppress_there_is_no_budget(limited: Limited, simulator: Simulator) -> None:
    limited("0 requests/day")
    with genscope.suppress(), client(simulator) as at:
        at.chat.completions.create(**ASKED)


# --- metrics


def collected(reader: InMemoryMetricReader) -> dict[str, list[tuple[float, dict[str, Any]]]]:
    data = reader.get_metrics_data()
    if data is None:
        return {}
    return {
        metric.name: [(point.value, dict(point.attributes)) for point in metric.data.data_points]
        for resource in data.resource_metrics
        for scope in resource.scope_metrics
        for metric in scope.metrics
    }


def test_metrics(limited: Limited, simulator: Simulator) -> None:
    reader = InMemoryMetricReader()
    provider = MeterProvider([reader])
    for _ in range(3):  # one for each SDK
        observe(provider, OBSERVED)
    limited("2 requests/day; 9 requests/day per model; 9 requests/day per user")
    with client(simulator) as at:
        at.chat.completions.create(**ASKED)
        at.chat.completions.create(**ASKED)
        with pytest.raises(BudgetExceeded):
            at.chat.completions.create(**ASKED)
    found = collected(reader)
    day = {
        "genscope.budget.limit": "2 requests/day",
        "genscope.budget.unit": "requests",
        "genscope.budget.mode": "deny",
    }
    of_model = {
        **day,
        "genscope.budget.limit": "9 requests/day per model",
        "genscope.budget.scope": "model=gpt-4o-mini",
    }
    assert found["genscope.budget.remaining"] == [(0.0, day), (7.0, of_model)]
    assert found["genscope.budget.used"] == [(1.0, day), (2 / 9, of_model)]
    assert found["genscope.budget.refusals"] == [(1, {"genscope.budget.limit": "2 requests/day"})]
    assert (1, {"genscope.budget.limit": "2 requests/day", "genscope.budget.threshold": 100}) in found[
        "genscope.budget.thresholds"
    ]
    provider.shutdown()


def test_metrics_of_the_global_provider() -> None:
    observe(None, OBSERVED)
