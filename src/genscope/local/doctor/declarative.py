"""What a declarative file (`OTEL_CONFIG_FILE`) asks for, read with OpenTelemetry's own loader."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields, is_dataclass, replace
from importlib import import_module
from typing import Any, Final, cast

from genscope.local.doctor.exporters import Protocol, custom, otlp
from genscope.local.doctor.findings import SIGNALS, Exporter, Problem, Providers, Signal

_OTLP: Final[Mapping[str, Protocol]] = {"otlp_grpc": "grpc", "otlp_http": "http/protobuf"}
_BUILT_IN: Final = ("console", "prometheus_development", "otlp_file_development")
_PROVIDERS: Final[Mapping[Signal, tuple[str, str]]] = {
    "traces": ("tracer_provider", "processors"),
    "metrics": ("meter_provider", "readers"),
    "logs": ("logger_provider", "processors"),
}


def read(
    file: str, found: Providers, environ: Mapping[str, str], problems: list[Problem]
) -> tuple[Providers, Mapping[str, Mapping[str, Any]]]:
    """`found` as `file` changes it, and the file's options of instrumentors; no exporters if it cannot be read."""
    model: Any = None
    try:
        model = import_module("opentelemetry.configuration").load_config_file(file)
    except ModuleNotFoundError:
        why = "opentelemetry-configuration is not installed: pip install opentelemetry-configuration"
        problems.append(Problem("providers", True, f"OTEL_CONFIG_FILE is set, but {why}, or unset it."))
    except Exception as error:  # whatever is wrong with the file
        why = " ".join(str(error).split())
        problems.append(Problem("providers", True, f"OTEL_CONFIG_FILE={file} cannot be used, correct it: {why}"))
    sampler, nothing = _sampler(getattr(getattr(model, "tracer_provider", None), "sampler", None))
    providers = replace(
        found,
        source="file",
        sdk_disabled=found.sdk_disabled or bool(getattr(model, "disabled", False)),
        service_name=_service_name(getattr(model, "resource", None)),
        sampler=sampler,
        samples_nothing=nothing,
        propagators=_propagators(getattr(model, "propagator", None)),
        exporters={signal: _exporters(model, signal, environ) for signal in SIGNALS},
    )
    python = getattr(getattr(model, "instrumentation_development", None), "python", None)
    return providers, cast("Mapping[str, Mapping[str, Any]]", python or {})


def _chosen(node: Any) -> Iterator[tuple[str, Any]]:
    """The keys that a node of the file has, with their values."""
    if is_dataclass(node):
        for one in fields(node):
            if (value := getattr(node, one.name)) is not None:
                yield one.name, value
    yield from cast("Mapping[str, Any]", getattr(node, "additional_properties", None) or {}).items()


def _exporters(model: Any, signal: Signal, environ: Mapping[str, str]) -> list[Exporter]:
    provider, several = _PROVIDERS[signal]
    found: list[Exporter] = []
    nodes = cast("Sequence[Any]", getattr(getattr(model, provider, None), several, None) or ())
    for node in nodes:
        for _, processor in _chosen(node):
            for name, options in _chosen(getattr(processor, "exporter", None)):
                if name in _OTLP:
                    found.append(otlp(name, _OTLP[name], signal, environ, getattr(options, "endpoint", None)))
                else:
                    found.append(Exporter(name, name) if name in _BUILT_IN else custom(name, signal))
    return found


def _sampler(node: Any) -> tuple[str, bool]:
    for name, options in _chosen(node):
        if name == "parent_based":
            root, nothing = _sampler(getattr(options, "root", None))
            return f"parent_based ({root})", nothing
        ratio = getattr(options, "ratio", None)
        shown = name if ratio is None else f"{name} ({ratio:g})"
        return shown, name == "always_off" or ratio == 0
    return "always_on", False


def _service_name(resource: Any) -> str:
    for attribute in cast("Sequence[Any]", getattr(resource, "attributes", None) or ()):
        if attribute.name == "service.name":
            return str(attribute.value)
    pairs = (pair.partition("=") for pair in (getattr(resource, "attributes_list", None) or "").split(","))
    return next((value.strip() for key, _, value in pairs if key.strip() == "service.name"), "") or "unknown_service"


def _propagators(propagator: Any) -> list[str]:
    nodes = cast("Sequence[Any]", getattr(propagator, "composite", None) or ())
    names = [name for node in nodes for name, _ in _chosen(node)]
    return names + [
        name.strip() for name in (getattr(propagator, "composite_list", None) or "").split(",") if name.strip()
    ]
