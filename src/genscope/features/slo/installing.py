"""One watch for all SDKs: whichever of them a call goes through, it is the same promise."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final

from genscope.core.pipeline import Faults
from genscope.features.slo.alerts import Alert, Sink
from genscope.features.slo.declaring import declared
from genscope.features.slo.measures import READING
from genscope.features.slo.sinks.callback import callback
from genscope.features.slo.sinks.log import Immediate, write_line
from genscope.features.slo.stage import Objectives
from genscope.features.slo.watch import Clean, Readings, Watch
from genscope.settings import Settings, say_once

_OPTIONS: Final = (
    *("slo", "slo_file", "slo_callback", "slo_webhook", "slo_webhook_secret", "slo_slack", "slo_max_series"),
    *("legacy_names", "raise_faults", "budget", "cost"),
)
_installed: list[tuple[Any, Objectives | None]] = []
"""The one that holds, with what it was made of. Instrumenting again as before goes on with it and what it knows."""


def installed_objectives(
    settings: Settings,
    *,
    providers: Sequence[Any],
    write: Callable[[], Callable[[Alert], object]],
    readings: Readings,
    clean: Clean,
) -> Objectives | None:
    """The stage that the settings ask for.

    `write` makes what writes alerts as telemetry, to `providers`; `readings` says what is spent of budgets; `clean`
    says what may be seen of a name.
    """
    asked = [*(getattr(settings, name) for name in _OPTIONS), *providers]
    for made_of, found in _installed:
        if made_of == asked:
            return found
    found = _objectives(settings, write, readings, clean)
    for _, before in _installed:
        if before is not None:
            before.watch.retire()
    _installed[:] = [(asked, found)]
    return found


def _objectives(
    settings: Settings, write: Callable[[], Callable[[Alert], object]], readings: Readings, clean: Clean
) -> Objectives | None:
    found = declared(settings.slo, settings.slo_file)
    for problem in found.problems:
        say_once(f"an objective does not hold as it was meant: {problem}", logging.ERROR)
    if not found.objectives:
        return None
    for one in found.objectives:
        if one.row.form == READING and settings.budget is None:
            say_once(f"{one.name} can never be breached: there is no budget", logging.ERROR)
        if one.row.unit == "usd" and not settings.cost:
            say_once(f"{one.name} can never be breached: the setting cost is off", logging.ERROR)
    sinks = (Immediate(write_line), Immediate(write()), *_distant(settings))
    watch = Watch(
        found.objectives,
        sinks,
        most_series=settings.slo_max_series,
        readings=readings,
        clean=clean,
        service=os.environ.get("OTEL_SERVICE_NAME", "").strip() or None,
        faults=Faults(settings.raise_faults),
    )
    return Objectives(watch)


def _distant(settings: Settings) -> Iterator[Sink]:
    if settings.slo_callback is not None:
        yield callback(settings.slo_callback)
    if _is_address("slo_webhook", settings.slo_webhook):
        from genscope.features.slo.sinks.webhook import webhook  # here: few have one

        assert settings.slo_webhook is not None
        yield webhook(settings.slo_webhook, settings.slo_webhook_secret)
    if _is_address("slo_slack", settings.slo_slack):
        from genscope.features.slo.sinks.slack import slack

        assert settings.slo_slack is not None
        yield slack(settings.slo_slack)


def _is_address(option: str, url: str | None) -> bool:
    """What is none is said without showing it: there may be a secret in it."""
    if url is None:
        return False
    from genscope.features.slo.sinks.posting import host_of  # here: it brings an HTTP client

    if host_of(url) is None:
        say_once(f"{option} is no address to send alerts to; accepted: https://HOST/PATH", logging.ERROR)
        return False
    return True
