"""The providers that are set in this process, by `opentelemetry-instrument` or by the program.

OpenTelemetry has no public way to ask a provider where it writes to, so private attributes are read, each as if it
might not be there. Not even the providers are asked for by `get_tracer_provider()`: it may set one.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final, cast

from genscope.local.doctor.exporters import public
from genscope.local.doctor.findings import SIGNALS, Exporter, Providers, Signal
from genscope.telemetry.scope import is_disabled

if TYPE_CHECKING:
    from genscope.instrumentors import Instrumentor

_SET: Final[Mapping[Signal, tuple[str, str]]] = {
    "traces": ("opentelemetry.trace", "_TRACER_PROVIDER"),
    "metrics": ("opentelemetry.metrics._internal", "_METER_PROVIDER"),
    "logs": ("opentelemetry._logs._internal", "_LOGGER_PROVIDER"),
}
_GROUPS: Final = ("_span_processors", "_log_record_processors", "_metric_readers", "metric_readers")
_INSIDE: Final = (
    *_GROUPS,
    "_active_span_processor",
    "_multi_log_record_processor",
    "_sdk_config",
    "_batch_processor",
    "span_exporter",
    "_exporter",
)
_DROPS: Final = re.compile(r"(ParentBased\{root:)?(AlwaysOff|TraceIdRatioBased\{0(\.0+)?\})")


def read(instrumentors: Iterable[Instrumentor]) -> Providers | None:
    """The providers of this process, those handed to our instrumentors first; None if there is none."""
    active = _set_globally() | _handed_to(instrumentors)
    if not active:
        return None
    tracing = active.get("traces")
    sampler, nothing = _sampler(tracing)
    return Providers(
        source="process",
        distro=None,
        configurator=None,
        known=all(type(provider).__module__.startswith("opentelemetry.sdk.") for provider in active.values()),
        sdk_disabled=is_disabled(),
        service_name=_service_name(next(iter(active.values()))),
        sampler=sampler,
        samples_nothing=nothing,
        propagators=_propagators(),
        exporters={signal: _exporters(active[signal]) if signal in active else [] for signal in SIGNALS},
        classes={signal: _class_name(provider) for signal, provider in active.items()},
    )


def _handed_to(instrumentors: Iterable[Instrumentor]) -> dict[Signal, Any]:
    handed = [zip(SIGNALS, one.providers, strict=True) for one in instrumentors if one.is_instrumented_by_opentelemetry]
    return {signal: provider for pairs in handed for signal, provider in pairs if provider is not None}


def _set_globally() -> dict[Signal, Any]:
    found: dict[Signal, Any] = {}
    for signal, (module, name) in _SET.items():
        try:
            provider = getattr(import_module(module), name, None)
        except Exception:  # OpenTelemetry does not start; that is reported elsewhere
            continue
        if provider is not None:
            found[signal] = provider
    return found


def _class_name(thing: Any) -> str:
    return f"{type(thing).__module__}.{type(thing).__qualname__}"


def _sampler(provider: Any) -> tuple[str, bool]:
    try:
        description = str(provider.sampler.get_description())
    except Exception:  # no provider of the SDK
        return "unknown", False
    shown, rest, _ = description.partition(",remoteParentSampled")  # which is as always
    return shown + "}" * bool(rest), _DROPS.match(description) is not None


def _service_name(provider: Any) -> str:
    resource = getattr(provider, "resource", None) or getattr(provider, "_resource", None)
    return str(getattr(resource, "attributes", {}).get("service.name", "unknown"))


def _propagators() -> list[str]:
    try:
        composite = import_module("opentelemetry.propagate").get_global_textmap()
    except Exception:
        return []
    return [type(one).__name__ for one in getattr(composite, "_propagators", [composite])]


def _exporters(provider: Any) -> list[Exporter]:
    """Exporters, and processors or readers that work without one."""
    found = {id(sink): sink for sink in _sinks(provider, depth=0)}
    return [_described(sink) for sink in found.values()]


def _sinks(thing: Any, depth: int) -> Iterator[Any]:
    if callable(getattr(thing, "export", None)):
        yield thing
        return
    below = [item for name in _INSIDE for item in _items(getattr(thing, name, None))] if depth < 8 else []
    for item in below:
        yield from _sinks(item, depth + 1)
    ends_here = any(callable(getattr(thing, name, None)) for name in ("on_end", "on_emit", "collect"))
    if not below and ends_here and not any(hasattr(thing, name) for name in _GROUPS):
        yield thing


def _items(value: Any) -> list[Any]:
    if value is None:
        return []
    return list(cast("Iterable[Any]", value)) if isinstance(value, list | tuple | set | frozenset) else [value]


def _described(sink: Any) -> Exporter:
    cls = cast("type[Any]", type(sink))
    endpoint = getattr(sink, "_endpoint", None)
    if not isinstance(endpoint, str):
        return Exporter(cls.__name__, _class_name(sink))
    if "://" not in endpoint:
        endpoint = f"{'http' if getattr(sink, '_insecure', True) else 'https'}://{endpoint}"
    protocol = "grpc" if ".grpc." in cls.__module__ else "http/protobuf"
    return Exporter(cls.__name__, _class_name(sink), protocol, public(endpoint))
