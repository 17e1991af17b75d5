"""Alerts as telemetry: a log event, and where names of old are wanted a span."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from opentelemetry.context import Context
from opentelemetry.trace import get_tracer

from genscope import semconv
from genscope.telemetry.events import EventLog
from genscope.telemetry.scope import SCOPE


class _Nowhere:
    """An alert is about many calls, and part of no trace."""

    context: Final = Context()
    span: Final = None


class AlertEvents:
    """Writes to the providers that calls go to, None for the global ones."""

    def __init__(self, tracer_provider: Any, logger_provider: Any, legacy: bool) -> None:
        self._log = EventLog(logger_provider)
        self._tracer_provider = tracer_provider
        self._legacy = legacy

    def write(self, attributes: Mapping[str, Any], severity: tuple[int, str]) -> None:
        nowhere: Any = _Nowhere()
        self._log.write(nowhere, semconv.SLO_EVENT, *severity, lambda _: attributes)
        if self._legacy:
            tracer = get_tracer(*SCOPE, tracer_provider=self._tracer_provider, schema_url=semconv.SCHEMA_URL)
            tracer.start_span(semconv.LEGACY_ALERT_SPAN, nowhere.context, attributes=dict(attributes)).end()
