"""Telemetry as it really comes out of the OpenTelemetry SDK, with what it said on the way."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Condition
from typing import Any

from opentelemetry.context import Context
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import ReadableSpan, Span, SpanProcessor, TracerProvider

from .vocabulary import Sdk

CALLER = "the caller's own"


@dataclass(frozen=True)
class Started:
    """A span as a sampler or a processor sees it when it starts."""

    name: str
    kind: Any
    attributes: Mapping[str, Any]
    parent: Any
    start_time: int
    span_id: int


class Recorder(SpanProcessor):
    """Remembers every start and every end: a span that never ends, or ends twice, shows."""

    def __init__(self, **options: Any) -> None:
        """`options` of the tracer provider: a sampler, say."""
        self._changed = Condition()
        self.started: list[Started] = []
        self.ended: list[ReadableSpan] = []
        self.reader = InMemoryMetricReader()
        self.tracer_provider = TracerProvider(shutdown_on_exit=False, **options)
        self.tracer_provider.add_span_processor(self)
        self.meter_provider = MeterProvider([self.reader], shutdown_on_exit=False)
        self.tracer = self.tracer_provider.get_tracer("app")

    def on_start(self, span: Span, parent_context: Context | None = None) -> None:
        attributes = dict(span.attributes or {})
        context = span.get_span_context()
        assert context is not None
        assert span.start_time is not None
        self.started.append(Started(span.name, span.kind, attributes, span.parent, span.start_time, context.span_id))

    def on_end(self, span: ReadableSpan) -> None:
        with self._changed:
            self.ended.append(span)
            self._changed.notify_all()

    def settle(self) -> None:
        """Wait for the end of what has started: what is collected as garbage may end in a thread of its own."""
        with self._changed:
            ended = self._changed.wait_for(lambda: len(self.ended) >= len(self.started), 2.0)
        assert ended, f"never ended: {[started.name for started in self.started]}, but {len(self.ended)}"

    def shutdown(self) -> None: ...

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        return True

    @property
    def providers(self) -> dict[str, Any]:
        """For `instrument()`."""
        return {"tracer_provider": self.tracer_provider, "meter_provider": self.meter_provider}

    def spans(self, scope: str = "genscope") -> list[ReadableSpan]:
        """The ended spans of one instrumentation scope."""
        return [span for span in self.ended if span.instrumentation_scope and span.instrumentation_scope.name == scope]

    def span(self) -> ReadableSpan:
        """The one span of ours; exactly one has started and exactly that one has ended."""
        (span,) = self.spans()
        (started,) = self.starts()
        assert span.context is not None
        assert started.span_id == span.context.span_id
        return span

    def starts(self) -> list[Started]:
        """The spans that were started, the caller's own apart."""
        return [started for started in self.started if started.name != CALLER]

    def points(self, name: str) -> list[Any]:
        """The data points of a metric."""
        return [point for metric in self.metrics() if metric.name == name for point in metric.data.data_points]

    def metrics(self) -> list[Any]:
        """Every metric of ours that has points. Collecting is cumulative: it may be done again."""
        data: Any = self.reader.get_metrics_data()
        return [
            metric
            for resource in (data.resource_metrics if data else ())
            for scope in resource.scope_metrics
            for metric in scope.metrics
            if metric.data.data_points
        ]


@contextmanager
def instrumented(sdk: Sdk, recorder: Recorder | None = None, **options: Any) -> Iterator[Recorder]:
    """The SDK with genscope on it.

    A fault of genscope is raised, not hidden, the simulator's host has the name of the SDK's provider, and calls have
    no price, unless told otherwise.
    """
    recorder = recorder or Recorder()
    instrumentor = sdk.instrumentor()
    usual = {"raise_faults": True, "cost": False, "providers": {"127.0.0.1": sdk.provider}, **recorder.providers}
    instrumentor.instrument(skip_dep_check=True, **{**usual, **options})
    try:
        yield recorder
    finally:
        instrumentor.uninstrument()
