"""The OpenTelemetry set-up of a measured process, and the proof that what is measured really works."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from opentelemetry import metrics, trace
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.metrics.view import ExplicitBucketHistogramAggregation, View
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF, ALWAYS_ON

from .cases import INPUT_TOKENS, OUTPUT_TOKENS, Work


class _Exporter(SpanExporter):
    """Drops spans (what an exporter costs is not ours to measure) until it is told to keep them."""

    def __init__(self) -> None:
        self.kept: list[ReadableSpan] | None = None

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        if self.kept is not None:
            self.kept.extend(spans)
        return SpanExportResult.SUCCESS


@dataclass(frozen=True)
class _Measurements:
    calls: float = 0
    input_tokens: float = 0
    output_tokens: float = 0


def _texts(messages: Any) -> list[str]:
    """The texts in messages that were written to a span; none if they were not."""
    return [part["content"] for message in json.loads(messages or "[]") for part in message["parts"]]


class Telemetry:
    """Global providers as an application sets them: a batch processor, and a reader that nobody polls."""

    def __init__(self, sampled: bool = True) -> None:
        self.sampled = sampled
        self._exporter = _Exporter()
        self._reader = InMemoryMetricReader()
        self._tracers = TracerProvider(sampler=ALWAYS_ON if sampled else ALWAYS_OFF)
        self._tracers.add_span_processor(BatchSpanProcessor(self._exporter))
        trace.set_tracer_provider(self._tracers)
        # One bucket for all durations: the SDK finds the bucket in a Python loop, so that otherwise the bytecodes of
        # a call would depend on how long it took, and a traced one takes any time.
        seconds = View(instrument_unit="s", aggregation=ExplicitBucketHistogramAggregation((3600.0,)))
        metrics.set_meter_provider(MeterProvider([self._reader], views=[seconds]))

    def flush(self) -> None:
        self._tracers.force_flush()

    def _measured(self) -> _Measurements:
        data: Any = self._reader.get_metrics_data()
        found = {"calls": 0.0, "input": 0.0, "output": 0.0}
        for resource in data.resource_metrics if data else ():
            for metric in (metric for scope in resource.scope_metrics for metric in scope.metrics):
                for point in metric.data.data_points:
                    if metric.name == "gen_ai.client.operation.duration":
                        found["calls"] += point.count
                    elif metric.name == "gen_ai.client.token.usage":
                        found[point.attributes["gen_ai.token.type"]] += point.sum
        return _Measurements(found["calls"], found["input"], found["output"])

    def calls(self) -> int:
        """How many calls have been measured so far."""
        return int(self._measured().calls)

    def faults(self, work: Work, instrumented: bool, content: bool = False) -> list[str]:
        """Run ``work`` once and compare what was emitted with what its calls must emit; empty when all is right."""
        self.flush()
        before = self._measured()
        kept = self._exporter.kept = []
        work.run()
        self.flush()
        self._exporter.kept = None
        after = self._measured()

        calls = work.case.calls if instrumented else 0
        found: list[str] = []

        def expect(what: str, got: float, wanted: float) -> None:
            if got != wanted:
                found.append(f"{work.case.name}: {what}: {got:g}, not {wanted:g}")

        spans = [dict(span.attributes or {}) for span in kept]
        expect("spans", len(spans), calls if self.sampled else 0)
        for name, tokens in (("input", INPUT_TOKENS), ("output", OUTPUT_TOKENS)):
            right = sum(span.get(f"gen_ai.usage.{name}_tokens") == tokens for span in spans)
            expect(f"spans with the answer's {name} tokens", right, calls if self.sampled else 0)
        for name, said in (("input", work.prompt), ("output", work.case.text)):
            right = sum(said in _texts(span.get(f"gen_ai.{name}.messages")) for span in spans)
            expect(f"spans with the {name}", right, calls if self.sampled and content else 0)
        expect("durations measured", after.calls - before.calls, calls)
        expect("input tokens measured", after.input_tokens - before.input_tokens, calls * INPUT_TOKENS)
        expect("output tokens measured", after.output_tokens - before.output_tokens, calls * OUTPUT_TOKENS)
        return found
