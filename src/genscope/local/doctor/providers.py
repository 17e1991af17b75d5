"""What receives spans and measurements, and whether any of it goes anywhere."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from genscope.local.doctor import live
from genscope.local.doctor.configuration import INSTALL, expected
from genscope.local.doctor.findings import Problem, Providers, Signal, in_words

if TYPE_CHECKING:
    from genscope.instrumentors import Instrumentor


def examine_providers(
    ours: Iterable[Instrumentor], problems: list[Problem]
) -> tuple[Providers, Mapping[str, Mapping[str, Any]]]:
    """The providers of this process, else those to expect; and a declarative file's options by entry point."""
    active = live.read(ours)
    if active is not None:
        providers, options = active, dict[str, Mapping[str, Any]]()
    else:
        providers, options = expected(problems)
    if not any(
        problem.fatal and problem.section == "providers" for problem in problems
    ):  # one reason why there is no exporter is enough
        _judge(providers, problems)
    return providers, options


def _judge(providers: Providers, problems: list[Problem]) -> None:
    if providers.sdk_disabled:
        problems.append(Problem("providers", True, "The OpenTelemetry SDK is disabled: unset OTEL_SDK_DISABLED."))
    for name, (fault, signals) in _faults(providers).items():
        variables = in_words([f"OTEL_{signal.upper()}_EXPORTER" for signal in signals])
        get = INSTALL if name.startswith("otlp") else "install what it comes with"
        text = f"The exporter {name!r} for {in_words(signals)} is not there ({fault}), so nothing at all is set up"
        problems.append(Problem("providers", providers.known, f"{text}: {get}, or name another in {variables}."))
    if providers.known:
        _judge_way_out(providers, problems)


def _faults(providers: Providers) -> dict[str, tuple[str, list[Signal]]]:
    found: dict[str, tuple[str, list[Signal]]] = {}
    for signal, exporters in providers.exporters.items():
        for exporter in exporters:
            if exporter.fault is not None:
                found.setdefault(exporter.component, (exporter.fault, []))[1].append(signal)
    return found


def _judge_way_out(providers: Providers, problems: list[Problem]) -> None:
    if providers.source == "process":
        add = "add a span processor with an exporter to the TracerProvider"
    elif providers.source == "file":
        add = "add a processor with an exporter to tracer_provider in the file of OTEL_CONFIG_FILE"
    else:
        add = "set OTEL_TRACES_EXPORTER to otlp, console or genscope_console"
    if not providers.exporters["traces"]:
        if providers.exporters["metrics"]:
            problems.append(
                Problem("providers", False, f"Only metrics are exported, no spans: {add} if you want them.")
            )
        else:
            problems.append(Problem("providers", True, f"Neither spans nor metrics are exported: {add}."))
    elif providers.samples_nothing:
        text = f"The sampler {providers.sampler} drops every trace that begins here: choose another, or none"
        problems.append(Problem("providers", not providers.exporters["metrics"], f"{text} (OTEL_TRACES_SAMPLER)."))
    if providers.service_name.startswith("unknown_service"):
        text = "The service has no name: set OTEL_SERVICE_NAME, so that its telemetry can be told from others'."
        problems.append(Problem("providers", False, text))
