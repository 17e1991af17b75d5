"""Targets of the `opentelemetry_instrumentor` entry points: one class for each SDK."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import Any, ClassVar

from opentelemetry.instrumentation.instrumentor import BaseInstrumentor

from genscope import semconv, settings
from genscope.core.pipeline import Faults, Pipeline, Stage
from genscope.providers.openai import OPENAI
from genscope.providers.stainless import Seam, Stainless
from genscope.settings import Settings
from genscope.telemetry.metrics import ChunkTimes, Metrics
from genscope.telemetry.spans import Spans


class SdkInstrumentor(BaseInstrumentor):
    """`instrument()` takes `tracer_provider`, `meter_provider`, `stages` and every setting of `genscope.settings`."""

    sdk: ClassVar[Stainless]
    requires: ClassVar[str]
    """The versions of the SDK that are supported, as a requirement."""

    _seam: Seam | None = None

    def instrumentation_dependencies(self) -> Collection[str]:
        return (self.requires,)

    def _instrument(self, **kwargs: Any) -> None:
        tracer_provider = kwargs.pop("tracer_provider", None)
        meter_provider = kwargs.pop("meter_provider", None)
        stages: Sequence[Stage] = kwargs.pop("stages", None) or ()
        for others in (
            "skip_dep_check",
            "logger_provider",
            "event_logger_provider",
        ):  # what all instrumentors are handed
            kwargs.pop(others, None)
        options = settings.read(**kwargs)
        seam = Seam(self.sdk, _pipeline(tracer_provider, meter_provider, stages, options), options)
        seam.patch.install()
        self._seam = seam

    def _uninstrument(self, **kwargs: Any) -> None:
        if self._seam is not None:
            self._seam.patch.remove()
            self._seam = None


class OpenAIInstrumentor(SdkInstrumentor):
    """The `openai` package, and every provider that is reached through it."""

    sdk = OPENAI
    requires = "openai >= 1.26.0"


_ALL = (OpenAIInstrumentor,)


def chosen(only: Iterable[str] | None) -> list[SdkInstrumentor]:
    """The instrumentors of the SDKs named in `only`, of all without it. Raises `ValueError` for an unknown name."""
    by_package = {cls.sdk.package: cls for cls in _ALL}
    names = list(by_package) if only is None else [only] if isinstance(only, str) else list(only)
    unknown = [name for name in names if name not in by_package]
    if unknown:
        raise ValueError(f"genscope does not trace {', '.join(unknown)}; it traces: {', '.join(by_package)}")
    return [by_package[name]() for name in names]


def _pipeline(tracer_provider: Any, meter_provider: Any, stages: Sequence[Stage], options: Settings) -> Pipeline:
    telemetry: list[Stage] = [Spans(tracer_provider), Metrics(meter_provider, semconv.DEFAULT)]
    if options.time_per_output_chunk:
        telemetry.append(ChunkTimes(meter_provider, semconv.DEFAULT))
    return Pipeline((*telemetry, *stages), Faults(options.raise_faults))
