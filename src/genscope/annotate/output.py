"""Where annotated spans go, and what of their content may be seen: by what `instrument()` has set up, else globally."""

from __future__ import annotations

from typing import Any, Final

from opentelemetry.metrics import get_meter, get_meter_provider
from opentelemetry.trace import get_tracer, get_tracer_provider

from genscope import semconv
from genscope.core.installed import Installation, installation
from genscope.core.messages import Content
from genscope.core.pipeline import Faults, Pipeline
from genscope.semconv import Metric
from genscope.telemetry.content import ContentWriter
from genscope.telemetry.metric_tags import MetricTags
from genscope.telemetry.metrics import measure
from genscope.telemetry.scope import SCOPE, is_disabled, is_placeholder

_MAX_NAMES: Final = 512
"""Names may come from users: what is measured under each must not grow for ever."""
_MEASURED: Final = (
    semconv.WORKFLOW_DURATION,
    semconv.AGENT_DURATION,
    semconv.AGENT_INFERENCE_CALLS,
    semconv.AGENT_TOOL_CALLS,
    semconv.TOOL_DURATION,
    semconv.LATEST.metrics["other_duration"],
    semconv.MCP_CLIENT_DURATION,
    semconv.MCP_SERVER_DURATION,
)


class Output:
    """Tracer, instruments and content of one installation."""

    def __init__(self, installed: Installation) -> None:
        settings = installed.settings
        self.installed = installed
        self.tracer = get_tracer(*SCOPE, tracer_provider=installed.tracer_provider, schema_url=semconv.SCHEMA_URL)
        meter = get_meter(*SCOPE, meter_provider=installed.meter_provider, schema_url=semconv.SCHEMA_URL)
        self._histograms = {
            metric.name: meter.create_histogram(
                metric.name, metric.unit, metric.description, explicit_bucket_boundaries_advisory=metric.buckets
            )
            for metric in _MEASURED
        }
        self._names: set[tuple[str, str]] = set()
        self._tags = MetricTags(settings.metric_tags)
        self.judged = settings.judge_sample_ratio if installed.pipeline is not None else 0.0
        """Which part of all traces is judged."""
        self.writer: ContentWriter | None = None
        """Writes what was said; None where nobody asked for it."""
        self._pipeline = installed.pipeline
        if settings.content_on_spans:
            together = settings.max_span_bytes // 2  # what goes in is written before what comes out is known
            self.writer = ContentWriter(
                settings.max_content_bytes, settings.tool_schemas, settings.max_part_bytes, together
            )
            if self._pipeline is None:
                from genscope.features.redaction.stage import redaction  # compiles its rules: 70 ms

                self._pipeline = Pipeline(tuple(redaction(settings)), Faults(settings.raise_faults))
        self.faults = installed.faults
        self.disabled = is_disabled()
        self._awake = False

    def idle(self) -> bool:
        """Whether nobody would see anything: asked until somebody does, for a provider is set for good."""
        if not self._awake:
            tracers = self.installed.tracer_provider or get_tracer_provider()
            meters = self.installed.meter_provider or get_meter_provider()
            self._awake = not (is_placeholder(tracers) and is_placeholder(meters))
        return not self._awake

    def new_content(self) -> Content:
        """Shows only what redaction, and whatever else screens content, lets through."""
        return Content() if self._pipeline is None else self._pipeline.new_content()

    def measure(self, metric: Metric, amount: float, attributes: dict[str, Any], context: Any) -> None:
        bounded = {name: self._bounded(name, value) for name, value in attributes.items()}
        measure(self._histograms[metric.name], amount, bounded | self._tags.of(context), context)

    def _bounded(self, attribute: str, value: Any) -> Any:
        if (attribute, value) not in self._names:
            if len(self._names) >= _MAX_NAMES:
                return "_OTHER"
            self._names.add((attribute, value))
        return value


_current: Output | None = None


def output() -> Output:
    """For what begins now."""
    global _current
    found, installed = _current, installation()
    if found is None or found.installed is not installed:
        found = _current = Output(installed)
    return found
