"""The examination itself: every part looked at once, and the verdict."""

from __future__ import annotations

import platform
from collections.abc import Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any, Final, cast

from genscope import __version__, settings
from genscope.local.doctor.endpoints import look
from genscope.local.doctor.findings import Content, Examination, Problem, Setting
from genscope.local.doctor.neighbours import look_around
from genscope.local.doctor.providers import examine_providers
from genscope.local.doctor.sdks import entry_point_of, examine_entry_points, examine_sdk, instrumentors, judge

if TYPE_CHECKING:
    from genscope.instrumentors import Instrumentor

_DISTRIBUTIONS: Final = (
    "opentelemetry-api",
    "opentelemetry-sdk",
    "opentelemetry-instrumentation",
    "opentelemetry-distro",
    "opentelemetry-configuration",
    "opentelemetry-exporter-otlp-proto-grpc",
    "opentelemetry-exporter-otlp-proto-http",
    "wrapt",
)


def examine(*, timeout: float = 1.0) -> Examination:
    """Find out what is traced and where it goes: in this process, or as `opentelemetry-instrument` would have it.

    If OpenTelemetry providers are set here, they and what is instrumented here are looked at; else the environment.
    Installed SDKs are imported. Each configured endpoint is given `timeout` seconds to accept a connection. Nothing is
    raised for what is found, nothing set, nothing sent.
    """
    problems: list[Problem] = []
    ours, fault = instrumentors()
    providers, options = examine_providers(ours, problems)
    if fault is not None and not any(problem.fatal for problem in problems):  # else that is why
        problems.append(Problem("sdks", True, f"genscope cannot be imported ({fault}): correct this first."))
    sdks = [examine_sdk(one, in_process=providers.source == "process") for one in ours]
    judge(sdks, problems)
    entry_points = examine_entry_points(sdks, problems)
    endpoints = look(providers.exporters, timeout, problems)
    content, changed, complaints = _settings(ours, options, problems)
    neighbours = look_around(sdks, problems)
    return Examination(
        traced=not any(problem.fatal for problem in problems),
        sdks=sdks,
        entry_points=entry_points,
        providers=providers,
        endpoints=endpoints,
        content=content,
        settings=changed,
        complaints=complaints,
        neighbours=neighbours,
        versions=_versions(),
        problems=sorted(problems, key=lambda problem: not problem.fatal),
    )


def _settings(
    ours: Sequence[Instrumentor], options: Mapping[str, Mapping[str, Any]], problems: list[Problem]
) -> tuple[Content, list[Setting], list[str]]:
    """Whether content is recorded, what differs from the defaults, and what was said in vain."""
    resolved = {
        name: one.resolution or settings.resolve({}, {k: v for k, v in options.get(name, {}).items() if k != "enabled"})
        for one, name in ((one, entry_point_of(one) or one.target.name) for one in ours)
    } or {"genscope": settings.resolve({})}
    changed: dict[tuple[str, str, str], Setting] = {}
    defaults = settings.Settings()
    for sdk, found in resolved.items():
        for option in settings.OPTIONS:
            value, default = getattr(found.settings, option.name), getattr(defaults, option.name)
            if value != default:
                origin = found.origins[option.name]
                shown = "..." if option.metadata["secret"] else _plain(value)
                setting = Setting(option.name, shown, _plain(default), origin, [])
                changed.setdefault((option.name, repr(value), origin), setting).sdks.append(sdk)
    complaints = list(dict.fromkeys(complaint for found in resolved.values() for complaint in found.complaints))
    problems += [Problem("settings", False, f"{complaint}.") for complaint in complaints]
    # One that captures decides: the question is whether content may leave this process at all.
    captured = [found.settings for found in resolved.values() if found.settings.capture_message_content != "NO_CONTENT"]
    capture = captured[0].capture_message_content if captured else "NO_CONTENT"
    events = any(found.settings.details_events for found in resolved.values())
    redactions = {found.settings.redaction for found in resolved.values()}
    redaction = next(kind for kind in ("off", "default", "strict") if kind in redactions)  # the least of them decides
    return Content(capture, events, redaction), list(changed.values()), complaints


def _plain(value: Any) -> Any:
    """As JSON has it."""
    if callable(value):
        return f"{getattr(value, '__module__', '?')}:{getattr(value, '__qualname__', value)}"
    if isinstance(value, Mapping):
        return dict(cast("Mapping[str, Any]", value))
    if isinstance(value, frozenset | set | list | tuple):
        return sorted(str(item) for item in cast("Sequence[Any]", value))
    return value


def _versions() -> dict[str, str | None]:
    found: dict[str, str | None] = {"python": platform.python_version(), "genscope": __version__}
    for distribution in _DISTRIBUTIONS:
        try:
            found[distribution] = version(distribution)
        except PackageNotFoundError:
            found[distribution] = None
    return found
