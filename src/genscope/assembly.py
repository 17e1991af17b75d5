"""The stages of every call, put together from the settings: the only place that knows them all."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import lru_cache, partial
from importlib.metadata import entry_points
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from genscope import exits, semconv
from genscope.core.pipeline import Faults, Pipeline, Stage
from genscope.features.cost.stage import Pricing
from genscope.features.hooks import hooks
from genscope.settings import Settings
from genscope.telemetry.content import ContentWriter
from genscope.telemetry.deltas import Deltas
from genscope.telemetry.legacy import LegacyNames
from genscope.telemetry.metrics import metric_stages
from genscope.telemetry.scope import is_disabled
from genscope.telemetry.spans import NoSpans, Spans

if TYPE_CHECKING:
    from genscope.judging import Court

logger = logging.getLogger("genscope")

T = TypeVar("T")


class Providers(NamedTuple):
    """Where telemetry goes; None is OpenTelemetry's global provider, whenever that is set."""

    tracer: Any = None
    meter: Any = None
    logger: Any = None


def assemble(providers: Providers, stages: Iterable[Stage], settings: Settings) -> Pipeline:
    """Telemetry first, so that its span is there for all the others from their start to their end.

    Before it only what nobody shall see, and only where somebody wants to look at content.
    """
    pricing = _pricing(settings) if settings.cost else None
    judges = _judges(providers, settings, pricing)
    found: Sequence[Stage] = (
        *_telemetry(providers, settings),
        *(() if judges is None else (judges.judging,)),
        *hooks(settings),
        *stages,
        *_installed_stages(tuple(sys.path)),
        *(_unless_it_fails(lambda: tuple(_objectives(providers, settings)), "no objectives are watched") or ()),
        *_priced(providers.meter, settings, pricing, judges),
    )
    if any(getattr(stage, "wants_content", False) for stage in found):
        from genscope.features.redaction.stage import redaction  # here: its rules take a while to compile

        found = (*redaction(settings), *found)
    return Pipeline(found, Faults(settings.raise_faults), on_awake=exits.prepare)


def _unless_it_fails(make: Callable[[], T], without: str) -> T | None:
    """For what meets a provider, or a release of OpenTelemetry, that we do not know: the calls are traced without."""
    try:
        return make()
    except Exception:
        logger.warning("genscope: %s", without, exc_info=True)
        return None


def _judges(providers: Providers, settings: Settings, pricing: Pricing | None) -> Court | None:
    if settings.judge_sample_ratio <= 0 or is_disabled():
        return None
    from genscope.judging import court  # here: few have one

    pricer = None if pricing is None else pricing.nano_dollars
    return _unless_it_fails(lambda: court(settings, providers.meter, providers.logger, pricer), "no answers are judged")


def _priced(meter_provider: Any, settings: Settings, pricing: Pricing | None, judges: Court | None) -> Iterator[Stage]:
    """Prices come last, so that they end first and all others know what a call cost."""
    if settings.budget is not None or (judges is not None and judges.budget is not None):
        yield from _budgets(meter_provider, settings, pricing, judges)
    if pricing is not None:
        yield pricing


def _budgets(meter_provider: Any, settings: Settings, pricing: Pricing | None, judges: Court | None) -> Iterator[Stage]:
    """Calls of the application are not charged to its judges, nor theirs to it."""
    from genscope.features.budget.installing import installed_budgets
    from genscope.features.budget.metrics import OBSERVED
    from genscope.telemetry.observing import observe

    found = None
    if settings.budget is not None:
        found = installed_budgets(settings, None if pricing is None else pricing.nano_dollars)
    if found is not None and judges is not None:
        from genscope.features.judge.apart import WithoutJudges

        yield WithoutJudges(found)
    elif found is not None:
        yield found
    if judges is not None and judges.budget is not None:
        yield judges.budget
    if found is not None or (judges is not None and judges.budget is not None):
        observe(meter_provider, OBSERVED)


def _objectives(providers: Providers, settings: Settings) -> Iterator[Stage]:
    """Before what prices calls and what holds them to budgets, so that it ends after these."""
    if settings.slo is None and settings.slo_file is None:
        return
    from genscope.core.scores import listen
    from genscope.features.budget.status import used
    from genscope.features.slo.installing import installed_objectives
    from genscope.features.slo.metrics import OBSERVED
    from genscope.telemetry.observing import observe

    objectives = installed_objectives(
        settings,
        providers=(providers.tracer, providers.logger),
        write=partial(_alert_writer, providers, settings),
        readings=used,
        clean=_cleaner(settings),
    )
    if objectives is not None:
        observe(providers.meter, OBSERVED)
        listen(objectives.watch.observe_score)
        yield objectives


def _alert_writer(providers: Providers, settings: Settings) -> Callable[[Any], None]:
    from genscope.telemetry.alerts import AlertEvents

    if is_disabled():
        return lambda alert: None
    events = _unless_it_fails(
        lambda: AlertEvents(providers.tracer, providers.logger, settings.legacy_names),
        "no events are written of alerts",
    )
    if events is None:
        return lambda alert: None
    return lambda alert: events.write(alert.attributes(), alert.log_severity)


def _cleaner(settings: Settings) -> Callable[[str], str]:
    """What may be seen of a name that the application has given: alerts go to people."""
    from genscope.features.redaction.stage import rules_of

    redactor: list[Any] = []  # when there is an alert: the rules take a while to compile

    def clean(name: str) -> str:
        if not redactor:
            redactor.append(rules_of(settings))
        return redactor[0].redact(name)

    return clean


def _pricing(settings: Settings) -> Pricing:
    source = "genai-prices" if settings.price_source == "genai-prices" else "embedded"
    try:
        return Pricing(settings.prices, source)
    except ValueError as reason:
        logger.warning("genscope: the prices of your own are not used: %s", reason)
        return Pricing(None, source)


def _telemetry(providers: Providers, settings: Settings) -> Iterator[Stage]:
    if is_disabled():
        yield NoSpans()
        yield from _call_log(providers.logger, settings)
        return
    content = ContentWriter(
        settings.max_content_bytes, settings.tool_schemas, settings.max_part_bytes, settings.max_span_bytes
    )
    yield Spans(
        providers.tracer,
        content=content if settings.content_on_spans else None,
        deltas=Deltas() if settings.content_on_spans and settings.content_delta else None,
        exceptions=settings.exception_signal != "logs",
    )
    yield from _call_log(providers.logger, settings)
    if settings.legacy_names:
        yield LegacyNames()
    flavours = semconv.flavours(settings.semconv_stability_opt_in, legacy=settings.legacy_names)
    yield from metric_stages(
        providers.meter, flavours, chunk_times=settings.time_per_output_chunk, tags=settings.metric_tags
    )
    if settings.details_events or settings.exception_signal != "spans":
        yield from (
            _unless_it_fails(lambda: tuple(_events(providers.logger, content, settings)), "no events are written") or ()
        )
    if settings.content_hash:
        from genscope.telemetry.content_hash import ContentHash  # here: few want it

        yield ContentHash(settings.hash_key, events=settings.details_events)
    if settings.completion_hook is not None:
        from genscope.features.completion_hooks import completion_hooks  # here: few have one

        yield from completion_hooks(settings)


def _call_log(provider: Any, settings: Settings) -> Iterator[Stage]:
    if settings.call_log:
        from genscope.telemetry.call_log import call_log  # here: it brings the logs API

        yield call_log(provider, settings)


def _events(provider: Any, content: ContentWriter, settings: Settings) -> Iterator[Stage]:
    from genscope.telemetry.events import Details, EventLog, Exceptions

    log = EventLog(provider)
    if settings.details_events:
        yield Details(
            log,
            content=content if settings.content_on_events else None,
            deltas=Deltas() if settings.content_on_events and settings.content_delta else None,
        )
    if settings.exception_signal != "spans":
        yield Exceptions(log, content=content if settings.content_on_events else None)


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
