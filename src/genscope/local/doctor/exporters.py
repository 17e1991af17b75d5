"""Which exporter a name means, whether it is installed, and where it sends to."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.metadata import entry_points
from typing import Final, Literal
from urllib.parse import urlsplit

from genscope.local.doctor.findings import Exporter, Signal

Protocol = Literal["grpc", "http/protobuf"]

_PROTOCOLS: Final[Mapping[str, Protocol]] = {"otlp_proto_grpc": "grpc", "otlp_proto_http": "http/protobuf"}
_COMPONENTS: Final = {protocol: component for component, protocol in _PROTOCOLS.items()}
_PATHS: Final[Mapping[Signal, str]] = {"traces": "v1/traces", "metrics": "v1/metrics", "logs": "v1/logs"}


def asked_for(signal: Signal, environ: Mapping[str, str]) -> list[Exporter]:
    """The exporters that `environ` names for a signal, read as OpenTelemetry's configurator reads it."""
    names = environ.get(f"OTEL_{signal.upper()}_EXPORTER", "")
    if not names or names.lower().strip() == "none":
        return []
    return [_named(name.strip(), signal, environ) for name in names.split(",")]


def _named(name: str, signal: Signal, environ: Mapping[str, str]) -> Exporter:
    if name != "otlp" and name not in _PROTOCOLS:
        return Exporter(name, name, fault=_fault(name, signal))
    asked = environ.get(f"OTEL_EXPORTER_OTLP_{signal.upper()}_PROTOCOL") or environ.get("OTEL_EXPORTER_OTLP_PROTOCOL")
    component = name if name != "otlp" else _COMPONENTS.get((asked or "grpc").strip())
    if component is None:
        return Exporter(name, name, fault=f"the protocol {asked!r} is not one of {', '.join(_COMPONENTS)}")
    return otlp(name, _PROTOCOLS[component], signal, environ)


def otlp(
    name: str, protocol: Protocol, signal: Signal, environ: Mapping[str, str], endpoint: str | None = None
) -> Exporter:
    """An OTLP exporter that sends to `endpoint`, without one to that of `environ` or to OpenTelemetry's default."""
    component = _COMPONENTS[protocol]
    sends_to = public(endpoint or _endpoint(protocol, signal, environ))
    return Exporter(name, component, protocol, sends_to, _fault(component, signal))


def custom(name: str, signal: Signal) -> Exporter:
    """An exporter by the name of its entry point."""
    return Exporter(name, name, fault=_fault(name, signal))


def _endpoint(protocol: Protocol, signal: Signal, environ: Mapping[str, str]) -> str:
    own = environ.get(f"OTEL_EXPORTER_OTLP_{signal.upper()}_ENDPOINT")
    shared = environ.get("OTEL_EXPORTER_OTLP_ENDPOINT")
    if protocol == "grpc":
        return own or shared or "http://localhost:4317"
    return own or f"{(shared or 'http://localhost:4318').rstrip('/')}/{_PATHS[signal]}"


def _fault(component: str, signal: Signal) -> str | None:
    group = f"opentelemetry_{signal}_exporter"
    found = next(iter(entry_points(group=group, name=component)), None)
    if found is None:
        return "not installed"
    try:
        found.load()
    except Exception as fault:  # a package that is half there, or not made for this machine
        return f"cannot be imported: {fault}"
    return None


def public(endpoint: str) -> str:
    """Scheme, host and port of an endpoint: user name, path and query may hold a key."""
    try:
        parts = urlsplit(endpoint if "://" in endpoint else f"//{endpoint}")
    except ValueError:
        return "an endpoint that cannot be read"
    host = parts.netloc.rpartition("@")[2]
    return f"{parts.scheme}://{host}" if parts.scheme else host
