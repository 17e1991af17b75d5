"""The stages of every call, put together from the settings: the only place that knows them all."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Iterable, Iterator
from functools import lru_cache
from importlib.metadata import entry_points
from typing import Any, NamedTuple

from genscope import exits, semconv
from genscope.core.pipeline import Faults, Pipeline, Stage
from genscope.features.hooks import hooks
from genscope.settings import Settings
from genscope.telemetry.content import ContentWriter
from genscope.telemetry.legacy import LegacyNames
from genscope.telemetry.metrics import metric_stages
from genscope.telemetry.spans import NoSpans, Spans

logger = logging.getLogger("genscope")


class Providers(NamedTuple):
    """Where telemetry goes; None is OpenTelemetry's global provider, whenever that is set."""

    tracer: Any = None
    meter: Any = None
    logger: Any = None


def assemble(providers: Providers, stages: Iterable[Stage], settings: Settings) -> Pipeline:
    """Telemetry first, so that its span is there for all the others from their start to their end."""
    return Pipeline(
        (*_telemetry(providers, settings), *hooks(settings), *stages, *_installed_stages(tuple(sys.path))),
        Faults(settings.raise_faults),
        on_awake=exits.prepare,
    )


def _telemetry(providers: Providers, settings: Settings) -> Iterator[Stage]:
    if os.environ.get("OTEL_SDK_DISABLED", "").strip().lower() == "true":
        yield NoSpans()
        return
    content = ContentWriter(settings.max_content_bytes, settings.tool_schemas)
    yield Spans(
        providers.tracer,
        content=content if settings.content_on_spans else None,
        exceptions=settings.exception_signal != "logs",
    )
    if settings.legacy_names:
        yield LegacyNames()
    flavours = semconv.flavours(settings.semconv_stability_opt_in, legacy=settings.legacy_names)
    yield from metric_stages(providers.meter, flavours, chunk_times=settings.time_per_output_chunk)
    if settings.details_events or settings.exception_signal != "spans":
        try:
            yield from _events(providers.logger, content, settings)
        except Exception:  # a logger provider, or a release of OpenTelemetry, that we do not know
            logger.warning("genscope: no events are written", exc_info=True)


def _events(provider: Any, content: ContentWriter, settings: Settings) -> Iterator[Stage]:
    from genscope.telemetry.events import Details, EventLog, Exceptions

    log = EventLog(provider)
    if settings.details_events:
        yield Details(log, content=content if settings.content_on_events else None)
    if settings.exception_signal != "spans":
        yield Exceptions(log, message_bytes=content.max_bytes if settings.content_on_events else None)


@lru_cache(1)
def _installed_stages(path: tuple[str, ...]) -> tuple[Stage, ...]:
    """Those that other packages bring: entry points `genscope_stage`, each a function or class without arguments.

    Made once for all SDKs: to find them takes a look into every distribution on the path.
    """
    made: list[Stage] = []
    for entry in entry_points(group="genscope_stage"):
        try:
            made.append(entry.load()())
        except Exception as fault:
            logger.warning("genscope: the stage %s is left out: %s", entry.name, type(fault).__name__)
            logger.debug("genscope: the stage %s cannot be made", entry.name, exc_info=True)
    return tuple(made)
