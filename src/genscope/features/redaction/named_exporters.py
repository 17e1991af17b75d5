"""The exporter `genscope_redacted`: redacts what everybody makes, for the exporters in GENSCOPE_REDACTED_EXPORTER.

OTEL_TRACES_EXPORTER=genscope_redacted OTEL_LOGS_EXPORTER=genscope_redacted opentelemetry-instrument python app.py
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Sequence
from importlib.metadata import entry_points
from typing import Any, Final

from genscope.features.redaction.exporters import RedactingLogExporter, RedactingSpanExporter
from genscope.settings import Settings, complain, resolve

logger = logging.getLogger("genscope")

_NAME: Final = "genscope_redacted"
_VARIABLE: Final = "GENSCOPE_REDACTED_EXPORTER"
_SIGNALS: Final = {"traces": "opentelemetry_traces_exporter", "logs": "opentelemetry_logs_exporter"}
_PROTOCOLS: Final = {"": "otlp_proto_grpc", "grpc": "otlp_proto_grpc", "http/protobuf": "otlp_proto_http"}
"""What `otlp` means, as OpenTelemetry's own configuration has it."""


class RedactedSpans(RedactingSpanExporter):
    """Made by its name, so all that it is told comes from the environment."""

    def __init__(self) -> None:
        settings = _from_environment()
        super().__init__(_wrapped("traces", settings), settings)


class RedactedLogs(RedactingLogExporter):
    """The same for log records."""

    def __init__(self) -> None:
        settings = _from_environment()
        super().__init__(_wrapped("logs", settings), settings)


def _from_environment() -> Settings:
    found = resolve({})
    complain(found)
    return found.settings


def _wrapped(signal: str, settings: Settings) -> Any:
    """The exporters of this signal that the setting names. Raises `RuntimeError`, as the SDK does for its settings."""
    known = {entry.name: entry for entry in entry_points(group=_SIGNALS[signal])}
    elsewhere = {entry.name for group in _SIGNALS.values() for entry in entry_points(group=group)}
    meant = {name: _protocol(signal) if name == "otlp" else name for name in settings.redacted_exporter}
    for name, exporter in meant.items():
        if exporter == _NAME:
            raise RuntimeError(f"{_VARIABLE}: {_NAME} cannot send to itself; {_choice(known)}")
        if exporter not in elsewhere:
            because = "opentelemetry-exporter-otlp is not installed" if name == "otlp" else "there is no such exporter"
            raise RuntimeError(f"{_VARIABLE}={name}: {because}; {_choice(known)}")
    found = [known[exporter].load()() for exporter in meant.values() if exporter in known]
    if not found:
        raise RuntimeError(f"{_VARIABLE} names no exporter of {signal}; {_choice(known)}")
    _warn_of_leaks(signal, set(meant))
    return found[0] if len(found) == 1 else _Several(found)


def _protocol(signal: str) -> str:
    variables = f"OTEL_EXPORTER_OTLP_{signal.upper()}_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL"
    said = next(filter(None, (os.environ.get(variable, "").strip() for variable in variables)), "")
    if said not in _PROTOCOLS:
        raise RuntimeError(f"{' or '.join(variables)}: {said!r} is none of {', '.join(filter(None, _PROTOCOLS))}")
    return _PROTOCOLS[said]


def _choice(known: dict[str, Any]) -> str:
    return f"there are: {', '.join(sorted({*known, 'otlp'} - {_NAME}))}"


def _warn_of_leaks(signal: str, redacted: set[str]) -> None:
    variable = f"OTEL_{signal.upper()}_EXPORTER"
    for name in sorted({name.strip() for name in os.environ.get(variable, "").split(",")} & redacted):
        logger.warning("genscope: %s gets %s twice, once as they are: take it out of %s", name, signal, variable)


class _Several:
    """Exporters that get the same. The fault of one keeps nothing from the others; afterwards it is raised."""

    def __init__(self, exporters: Sequence[Any]) -> None:
        self._exporters = exporters

    def export(self, batch: Sequence[Any]) -> Any:
        results = self._all(lambda exporter: exporter.export(batch))
        return next((result for result in results if getattr(result, "name", "SUCCESS") != "SUCCESS"), results[0])

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        flushes = [getattr(exporter, "force_flush", None) for exporter in self._exporters]
        return all(done is not False for done in self._all(lambda flush: flush and flush(timeout_millis), flushes))

    def shutdown(self) -> None:
        self._all(lambda exporter: exporter.shutdown())

    def _all(self, do: Callable[[Any], Any], those: Sequence[Any] | None = None) -> list[Any]:
        results: list[Any] = []
        faults: list[Exception] = []
        for one in self._exporters if those is None else those:
            try:
                results.append(do(one))
            except Exception as fault:
                faults.append(fault)
        if faults:
            raise faults[0]
        return results
