"""What `opentelemetry-instrument` would set up in this environment, without setting it up.

Read from where it looks itself: entry points, variables, or the declarative file that `OTEL_CONFIG_FILE` names.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from importlib.metadata import EntryPoint, entry_points
from importlib.util import find_spec
from typing import Any, Final

from genscope.local.doctor import declarative
from genscope.local.doctor.exporters import asked_for
from genscope.local.doctor.findings import SIGNALS, Problem, Providers
from genscope.telemetry.scope import is_disabled

_DISTRO: Final = "opentelemetry.distro:OpenTelemetryDistro"
_CONFIGURATOR: Final = "opentelemetry.distro:OpenTelemetryConfigurator"
_DEFAULTS: Final = {
    "OTEL_TRACES_EXPORTER": "otlp",
    "OTEL_METRICS_EXPORTER": "otlp",
    "OTEL_LOGS_EXPORTER": "otlp",
    "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc",
}
"""What OpenTelemetry's distro sets where nothing is set."""

_SAMPLER: Final = "parentbased_always_on"
_SAMPLERS: Final = ("always_on", "always_off", "traceidratio")
INSTALL: Final = "pip install 'genscope[otlp]'"


def expected(problems: list[Problem]) -> tuple[Providers, Mapping[str, Mapping[str, Any]]]:
    """The providers that `opentelemetry-instrument` would set; the file's options of instrumentors, by entry point."""
    distro = _first("opentelemetry_distro", os.environ.get("OTEL_PYTHON_DISTRO"))
    configurator = _first("opentelemetry_configurator", os.environ.get("OTEL_PYTHON_CONFIGURATOR"))
    default = distro is not None and distro.value == _DISTRO
    environ = {**_DEFAULTS, **os.environ} if default else dict(os.environ)
    known = (distro is None or default) and (configurator is None or configurator.value == _CONFIGURATOR)
    if find_spec("opentelemetry.sdk") is None:
        problems.append(Problem("providers", True, f"The OpenTelemetry SDK is not installed: {INSTALL}."))
    elif configurator is None:
        wanted = os.environ.get("OTEL_PYTHON_CONFIGURATOR")
        named = f" named {wanted!r} (OTEL_PYTHON_CONFIGURATOR)" if wanted is not None else ""
        text = f"No configurator{named} is installed, so `opentelemetry-instrument` sets no provider"
        problems.append(Problem("providers", True, f"{text}: {INSTALL}, or let the program set a TracerProvider."))
    sampler, nothing = _sampler(environ, problems)
    found = Providers(
        source="environment",
        distro=_described(distro),
        configurator=_described(configurator),
        known=known,
        sdk_disabled=is_disabled(),
        service_name=_service_name(environ),
        sampler=sampler,
        samples_nothing=nothing,
        propagators=_propagators(problems),
        exporters={signal: asked_for(signal, environ) if configurator is not None else [] for signal in SIGNALS},
    )
    file = os.environ.get("OTEL_CONFIG_FILE")
    if file and known and configurator is not None and _reads_files():
        return declarative.read(file, found, environ, problems)
    return found, {}


def _first(group: str, name: str | None) -> EntryPoint | None:
    """The one that OpenTelemetry would take: of this name, or whichever comes first."""
    return next((found for found in entry_points(group=group) if name is None or found.name == name), None)


def _described(found: EntryPoint | None) -> str | None:
    if found is None or found.dist is None:
        return None if found is None else found.name
    return f"{found.name} ({found.dist.name} {found.dist.version})"


def _reads_files() -> bool:
    """Whether this SDK knows `OTEL_CONFIG_FILE`."""
    try:
        from opentelemetry.sdk import _configuration  # pyright: ignore[reportPrivateUsage]
    except Exception:  # reported elsewhere
        return False
    return hasattr(_configuration, "OTEL_CONFIG_FILE")


def _service_name(environ: Mapping[str, str]) -> str:
    if name := environ.get("OTEL_SERVICE_NAME"):
        return name
    pairs = (pair.partition("=") for pair in environ.get("OTEL_RESOURCE_ATTRIBUTES", "").split(","))
    return next((value.strip() for key, _, value in pairs if key.strip() == "service.name"), "") or "unknown_service"


def _sampler(environ: Mapping[str, str], problems: list[Problem]) -> tuple[str, bool]:
    """The sampler and whether it drops every trace that begins here."""
    name = environ.get("OTEL_TRACES_SAMPLER", "").strip().lower()
    if not name:
        return _SAMPLER, False
    plain = name.removeprefix("parentbased_")
    if plain not in _SAMPLERS:
        if entry_points(group="opentelemetry_traces_sampler", name=name):
            return name, False
        text = f"OTEL_TRACES_SAMPLER={name} is ignored, no such sampler is installed"
        problems.append(Problem("providers", False, f"{text}: install it, or use parentbased_traceidratio."))
        return _SAMPLER, False
    if plain != "traceidratio":
        return name, plain == "always_off"
    said = environ.get("OTEL_TRACES_SAMPLER_ARG", "")
    try:
        ratio = float(said)
    except ValueError:
        ratio = -1.0
    if not 0 <= ratio <= 1:
        text = f"OTEL_TRACES_SAMPLER_ARG={said!r} is no share of the traces, so all are sampled"
        problems.append(Problem("providers", False, f"{text}: set a number from 0 to 1."))
        ratio = 1.0
    return f"{name} ({ratio:g})", ratio == 0


def _propagators(problems: list[Problem]) -> list[str]:
    names = [name.strip() for name in os.environ.get("OTEL_PROPAGATORS", "tracecontext,baggage").split(",")]
    if "none" in (name.lower() for name in names):
        return []
    missing = [name for name in names if not entry_points(group="opentelemetry_propagator", name=name)]
    if missing:
        text = f"OTEL_PROPAGATORS has {', '.join(missing)}, not installed, and OpenTelemetry does not start"
        problems.append(Problem("providers", True, f"{text}: install or remove it."))
    return names
