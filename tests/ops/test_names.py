"""Names in Prometheus: those that the real exporter gives, and those of OTLP by the specification."""

from __future__ import annotations

import re
from typing import Any

import pytest
from opentelemetry.exporter.prometheus import PrometheusMetricReader
from opentelemetry.metrics import Observation
from opentelemetry.sdk.metrics import MeterProvider
from prometheus_client import REGISTRY, generate_latest

from genscope import semconv
from genscope.ops import neighbours
from genscope.ops.prometheus_names import label_name, metric_name
from genscope.semconv import Metric

OURS = [
    *(metric for flavour in (semconv.DEFAULT, semconv.LATEST, semconv.LEGACY) for metric in flavour.metrics.values()),
    *(value for value in vars(semconv).values() if isinstance(value, Metric)),
]
THEIRS = [
    *neighbours.SDK_EXPORTED.values(),
    *neighbours.SDK_PROCESSED.values(),
    neighbours.SDK_QUEUE_SIZE,
    neighbours.SDK_QUEUE_CAPACITY,
]


def exported(metric: Metric) -> set[str]:
    """The names under which opentelemetry-exporter-prometheus shows a metric."""
    reader = PrometheusMetricReader(disable_target_info=True)  # releases differ in whether it may be given a registry
    provider = MeterProvider([reader])
    meter = provider.get_meter("test")
    if metric.gauge:
        meter.create_observable_gauge(metric.name, [lambda _: [Observation(1, {})]], metric.unit)
    elif metric.buckets is None:
        meter.create_counter(metric.name, metric.unit).add(1)
    else:
        meter.create_histogram(metric.name, metric.unit).record(1)
    lines = generate_latest(REGISTRY).decode().splitlines()
    provider.shutdown()
    found = {re.split(r"[{ ]", line)[0] for line in lines if not line.startswith("#")}
    return {name for name in found if not name.startswith(("process_", "python_"))}


@pytest.mark.parametrize("metric", [*OURS, *THEIRS], ids=lambda metric: metric.name)
def test_the_exporter_gives_the_same_name(metric: Metric) -> None:
    name = metric_name(metric, "exporter")
    parts = ("",) if metric.buckets is None else ("_bucket", "_count", "_sum")
    assert exported(metric) == {name + part for part in parts}


@pytest.mark.parametrize(
    "metric, name",
    [
        (semconv.DEFAULT.metrics["duration"], "gen_ai_client_operation_duration_seconds"),
        (semconv.DEFAULT.metrics["tokens"], "gen_ai_client_token_usage"),
        (semconv.LATEST.metrics["input_tokens"], "gen_ai_client_inference_usage_input_tokens_total"),
        (semconv.LEGACY.metrics["cost"], "llm_cost_usd_total"),
        (semconv.LEGACY.metrics["milliseconds"], "llm_request_latency"),
        (semconv.ERRORS, "genscope_client_errors_total"),
        (semconv.BUDGETS_USED, "genscope_budget_used_ratio"),
        (semconv.BUDGETS_REMAINING, "genscope_budget_remaining"),
        (semconv.EVALUATION_SCORES, "genscope_evaluation_score"),
        (semconv.EVALUATION_BASELINE, "genscope_evaluation_baseline_ratio"),
        (Metric("a.total", "1", ""), "a_total"),
        (Metric("a.seconds", "s", ""), "a_seconds_total"),
    ],
)
def test_a_name_by_otlp(metric: Metric, name: str) -> None:
    """https://github.com/prometheus/otlptranslator: of unit 1 it makes `_ratio` for gauges alone."""
    assert metric_name(metric, "otlp") == name


def test_a_label() -> None:
    assert label_name("gen_ai.request.model") == "gen_ai_request_model"


def test_what_is_a_gauge_is_said_to_be_one() -> None:
    """Its name depends on it."""
    gauges = {metric.name for metric in OURS if metric.gauge}
    of_budgets = {"genscope.budget.remaining", "genscope.budget.used"}
    assert gauges == {*of_budgets, "genscope.evaluation.baseline", "genscope.slo.state", "genscope.slo.burn_rate"}


@pytest.mark.parametrize("metric", THEIRS, ids=lambda metric: metric.name)
def test_the_sdk_has_these_metrics(metric: Metric) -> None:
    known: Any = pytest.importorskip("opentelemetry.semconv._incubating.metrics.otel_metrics")
    names = {value for value in vars(known).values() if isinstance(value, str)}
    if "otel.sdk.metric_reader.collection.duration" not in names:
        pytest.skip("an SDK that does not measure itself")
    assert metric.name in names
