"""The stage: who is asked for a price, what happens to a call without one, and what is told of it."""

from __future__ import annotations

import gc
import logging
import subprocess
import sys
import threading
import time
from typing import Any

import pytest
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader

from genscope import semconv
from genscope.core.operation import Cost, Failure, Operation
from genscope.core.pipeline import Faults, Pipeline, Stage
from genscope.features.cost import book as book_module
from genscope.features.cost import stage as stage_module
from genscope.features.cost import table as table_module
from genscope.features.cost.stage import Pricing
from genscope.telemetry.attributes import response_attributes
from genscope.telemetry.metrics import metric_stages
from tests.cost.records import call


def priced(pricing: Pricing, op: Operation) -> Cost | None:
    pricing.end(op)
    return op.cost


def test_the_user_comes_before_the_table_and_the_provider_before_both() -> None:
    pricing = Pricing({"version": "7", "gpt-4o": {"input": 1}})
    assert priced(pricing, call(input_tokens=1_000_000)) == Cost(1.0, "USD", "user", "7")
    assert priced(Pricing(), call(input_tokens=1_000_000)) == Cost(2.5, "USD", "embedded", table_module.embedded().date)
    reported = call(input_tokens=1_000_000)
    reported.cost = Cost(0.25, "USD", "provider")
    assert priced(pricing, reported) == Cost(0.25, "USD", "provider")


def test_what_is_not_known_has_no_cost() -> None:
    pricing = Pricing()
    for op in (
        call(model="nobody-knows", input_tokens=9),
        call("_OTHER", "gpt-4o", input_tokens=9),
        call(model=None, input_tokens=9),
        call(),  # the answer did not say what was used
        call(answer={"status": "in_progress"}),
        call(model="whisper-1", input_tokens=9),  # it is paid by the second
        call(model="gpt-4o", answer={"audio_seconds": 3.0}),
    ):
        assert priced(pricing, op) is None


def test_a_call_that_failed_or_was_left_costs_what_it_used() -> None:
    op = call(input_tokens=1_000_000)
    op.failure = Failure("server_error", "E", True)
    op.outcome = "failed"
    cost = priced(Pricing(), op)
    assert cost is not None
    assert cost.amount == 2.5


def test_an_image_that_failed_costs_nothing() -> None:
    pricing = Pricing({"painter": {"per_image": 0.04}})
    image = {"output_type": "image", "choice_count": 2}
    made, failed = call(model="painter", request=image), call(model="painter", request=image)
    failed.failure = Failure("rate_limit", "E", True)
    assert priced(pricing, made) == Cost(0.08, "USD", "user", None)
    assert priced(pricing, failed) is None


def test_the_tier_that_served_counts_not_the_one_asked_for() -> None:
    pricing = Pricing()
    flex = call(
        model="gpt-5", input_tokens=1_000_000, answer={"service_tier": "flex"}, request={"service_tier": "flex"}
    )
    refused = call(model="gpt-5", input_tokens=1_000_000, answer={"service_tier": "default"})
    refused.request["service_tier"] = "flex"
    batch = call("anthropic", "claude-haiku-4-5", input_tokens=1_000_000, answer={"tier": "batch"})
    amounts = [getattr(priced(pricing, op), "amount", None) for op in (flex, refused, batch)]
    assert amounts == [0.625, 1.25, 0.5]


def test_the_same_model_elsewhere_is_another_price() -> None:
    pricing = Pricing()
    for host, amount in (("api.openai.com", 5.0), ("eu.api.openai.com", 5.5), ("api.openai.com", 5.0)):
        cost = priced(pricing, call(model="gpt-5.5", host=host, input_tokens=100_000))
        assert cost is not None
        assert cost.amount == amount / 10


# --- unknown models


def test_an_unknown_model_is_said_once_and_few_of_them_at_a_time(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [100.0]
    monkeypatch.setattr(stage_module.time, "monotonic", lambda: now[0])
    pricing = Pricing()
    for _ in range(3):
        pricing.end(call(model="nobody-knows", input_tokens=9))
    pricing.end(call(model="nor-this", input_tokens=9))
    assert caplog.messages == [
        "genscope: no price is known for what nobody-knows of openai used; such calls have no cost"
    ]
    now[0] += 2
    pricing.end(call(model="nor-this", input_tokens=9))
    assert len(caplog.messages) == 2
    for number in range(1000):
        now[0] += 2
        pricing.end(call(model=f"user-{number}", input_tokens=9))
    assert len(caplog.messages) == stage_module._MAX_SAID
    assert {record.levelno for record in caplog.records} == {logging.WARNING}


def test_a_call_of_which_nothing_was_counted_is_not_warned_of(caplog: pytest.LogCaptureFixture) -> None:
    Pricing().end(call(model="nobody-knows"))
    assert not caplog.messages


def test_what_is_remembered_is_bounded() -> None:
    pricing = Pricing()
    for number in range(3 * book_module._MAX_FOUND):
        pricing.end(call(model=f"user-{number}"[:9], answer={"tier": str(number)}, input_tokens=1))
    assert pricing._book is not None
    assert len(pricing._book._found) <= book_module._MAX_FOUND


# --- metrics and attributes


def points(*ops: Operation) -> dict[str, list[tuple[float, dict[str, Any]]]]:
    reader = InMemoryMetricReader()
    stages = [
        *metric_stages(MeterProvider([reader], shutdown_on_exit=False), (semconv.DEFAULT,)),
        Pricing(),
    ]
    pipeline = Pipeline(stages, Faults(raised=True))
    for op in ops:
        pipeline.end(op)
    found = reader.get_metrics_data()
    assert found is not None
    metrics = [metric for r in found.resource_metrics for s in r.scope_metrics for metric in s.metrics]
    assert all(metric.data.is_monotonic for metric in metrics if "client.cost" in metric.name)
    return {
        metric.name: [(point.value, dict(point.attributes)) for point in metric.data.data_points]
        for metric in metrics
        if metric.name in ("genscope.client.cost", "genscope.client.unpriced")
    }


def test_costs_are_counted_and_so_are_calls_without_one() -> None:
    """Also of calls whose span nobody samples: these have none at all."""
    euros = call(input_tokens=1)
    euros.cost = Cost(1.0, "EUR", "provider")
    found = points(
        *(call(response_model="gpt-4o-2024-08-06", input_tokens=1_000_000) for _ in range(2)),
        call("anthropic", "claude-haiku-4-5", input_tokens=1_000_000),
        call("_OTHER", "gpt-4o", input_tokens=9),
        call("_OTHER", "gpt-4o"),
        call("groq", "whisper-of-mine", answer={"audio_seconds": 3.0}),
        call("together_ai", "painter", request={"output_type": "image"}),
        euros,
    )
    openai = {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "openai",
        "gen_ai.request.model": "gpt-4o",
        "gen_ai.response.model": "gpt-4o-2024-08-06",
    }
    claude = openai | {"gen_ai.provider.name": "anthropic", "gen_ai.request.model": "claude-haiku-4-5"}
    del claude["gen_ai.response.model"]
    assert found["genscope.client.cost"] == [(5.0, openai), (1.0, claude)]
    assert [(value, point["gen_ai.provider.name"]) for value, point in found["genscope.client.unpriced"]] == [
        (1, "_OTHER"),
        (1, "groq"),
        (1, "together_ai"),
    ]


def test_calls_that_another_instrumentation_describes_cost_as_well() -> None:
    op = call(input_tokens=1_000_000)
    op.neighbour = "opentelemetry-instrumentation-openai"
    assert points(op)["genscope.client.cost"][0][0] == 2.5


def test_the_cost_is_on_the_span() -> None:
    op = call(input_tokens=1_000_000)
    assert not [name for name in response_attributes(op) if name.startswith("genscope.cost")]
    Pricing().end(op)
    assert {name: value for name, value in response_attributes(op).items() if name.startswith("genscope.cost")} == {
        semconv.COST_AMOUNT: 2.5,
        semconv.COST_CURRENCY: "USD",
        semconv.COST_SOURCE: "embedded",
        semconv.COST_TABLE_VERSION: table_module.embedded().date,
    }
    op.cost = Cost(0.1, "USD", "provider")
    assert semconv.COST_TABLE_VERSION not in response_attributes(op)


def test_stages_before_it_see_the_cost() -> None:
    seen: list[Cost | None] = []

    class Budget(Stage):
        def end(self, op: Operation) -> None:
            seen.append(op.cost)

    Pipeline([Budget(), Pricing()], Faults(raised=True)).end(call(input_tokens=1_000_000))
    assert [cost and cost.amount for cost in seen] == [2.5]


# --- loading


def test_nothing_is_read_before_the_first_call_is_priced() -> None:
    program = """
import sys, genscope
from genscope.features.cost.stage import Pricing
from tests.cost.records import call
pricing = Pricing()
assert pricing.idle()
assert not {"decimal", "gzip", "genscope.features.cost.table"} & sys.modules.keys()
from genscope.features.cost import table
pricing.end(call(answer={"status": "failed"}))
assert table._loaded is None, "a call without usage"
pricing.end(call(input_tokens=1))
assert table._loaded is not None
assert not {"genai_prices", "litellm", "pydantic", "openai"} & sys.modules.keys()
"""
    subprocess.run([sys.executable, "-c", program], check=True)


def test_many_threads_may_be_the_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(table_module, "_loaded", None)
    pricing, costs = Pricing(), list[Any]()
    barrier = threading.Barrier(8)

    def first() -> None:
        barrier.wait()
        costs.append(priced(pricing, call(input_tokens=1_000_000)))

    threads = [threading.Thread(target=first) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {cost.amount for cost in costs} == {2.5}


def test_it_is_fast_and_small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Bounds with room for a busy machine: some 2 us a call, 10 ms to load, 30 KB on disk."""
    assert table_module._EMBEDDED.stat().st_size < 60_000
    loading: list[float] = []
    for _ in range(5):
        monkeypatch.setattr(table_module, "_loaded", None)
        started = time.process_time()
        table_module.embedded()
        loading.append(time.process_time() - started)
    assert min(loading) < 0.1
    pricing, op = Pricing(), call(input_tokens=1000, cache_read_input_tokens=500, output_tokens=100)
    pricing.end(op)
    gc.collect()
    best = 1.0
    for _ in range(5):
        started = time.process_time()
        for _ in range(1000):
            op.cost = None
            pricing.end(op)
        best = min(best, (time.process_time() - started) / 1000)
    assert best < 50e-6
