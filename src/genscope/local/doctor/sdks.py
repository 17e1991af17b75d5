"""Which SDKs are there, and whether their doors are where genscope expects them."""

from __future__ import annotations

import os
from collections.abc import Sequence
from importlib import import_module
from importlib.metadata import PackageNotFoundError, distribution, entry_points
from typing import TYPE_CHECKING, Any, Final, Literal

from genscope.announce import look_up
from genscope.local.doctor.findings import EntryPoints, Problem, Sdk, State, in_words

if TYPE_CHECKING:
    from genscope.core.attachment import Attachment
    from genscope.instrumentors import Instrumentor

INSTRUMENTORS: Final = "opentelemetry_instrumentor"
DISABLED: Final = "OTEL_PYTHON_DISABLED_INSTRUMENTATIONS"


def instrumentors() -> tuple[list[Instrumentor], str | None]:
    """One for each SDK that genscope knows; none, and why, if OpenTelemetry or genscope cannot even be imported."""
    try:
        from genscope.instrumentors import chosen
    except Exception as error:
        return [], " ".join(str(error).split())
    return chosen(None), None


def entry_point_of(instrumentor: Instrumentor) -> str | None:
    cls = type(instrumentor)
    target = f"{cls.__module__}:{cls.__qualname__}"
    return next((found.name for found in entry_points(group=INSTRUMENTORS) if found.value == target), None)


def disabled(name: str | None) -> bool:
    """Whether `opentelemetry-instrument` is told to leave out the instrumentation of this name."""
    names = {part.strip() for part in os.environ.get(DISABLED, "").split(",")}
    return name in names or ("*" in names and _knows_wildcard())


def _knows_wildcard() -> bool:
    try:
        loader = import_module("opentelemetry.instrumentation.auto_instrumentation._load")
    except Exception:  # OpenTelemetry does not start; that is reported elsewhere
        return False
    return hasattr(loader, "SKIPPED_INSTRUMENTATIONS_WILDCARD")


def examine_entry_points(sdks: Sequence[Sdk], problems: list[Problem]) -> EntryPoints:
    """How `opentelemetry-instrument` finds genscope: a problem where an SDK is traced only if it does."""
    try:
        installed = distribution("genscope")
    except PackageNotFoundError:
        installed = None
    listed: dict[str, list[str]] = {}
    for found in installed.entry_points if installed else ():
        listed.setdefault(found.group, []).append(found.name)
    lost = [sdk for sdk in sdks if sdk.state in ("traced", "in_part") and not sdk.traced]
    if lost:
        names = in_words([_entry_point(sdk) for sdk in lost])
        how = "install genscope again" if installed else "install genscope with pip, a folder on PYTHONPATH has none"
        text = f"`opentelemetry-instrument` does not find {names} among the entry points: {how}."
        problems.append(Problem("entry_points", not any(sdk.traced for sdk in sdks), text))
    missing = [_entry_point(sdk) for sdk in sdks if sdk.entry_point is None]
    return EntryPoints(installed.version if installed else None, listed, missing)


def _entry_point(sdk: Sdk) -> str:
    return sdk.entry_point or f"genscope_{sdk.name}"


def examine_sdk(instrumentor: Instrumentor, *, in_process: bool) -> Sdk:
    """Look at one SDK; it is imported. `in_process`: what counts is whether it is instrumented already."""
    package, requires = instrumentor.target.package, instrumentor.requires
    sdk = look_up(package, requires)
    name, active = entry_point_of(instrumentor), instrumentor.is_instrumented_by_opentelemetry
    found: dict[str, Any] = {
        "name": instrumentor.target.name,
        "package": package,
        "requires": requires,
        "version": sdk.version,
        "supported": sdk.supported,
        "entry_point": name,
        "instrumented": active,
    }
    if sdk.version is None:
        return Sdk(**found, state="not_installed", why="not installed")
    if not active and disabled(name):
        return Sdk(**found, state="disabled", why=f"switched off by {DISABLED}={os.environ[DISABLED]}")
    if not active and in_process:
        return Sdk(**found, state="not_instrumented", why="not instrumented in this process")
    attachment = instrumentor.attachment or _probe(instrumentor)
    found["module"] = attachment.module
    try:
        import_module(package)
        import_module(attachment.module)
    except Exception as error:
        gone = isinstance(error, ModuleNotFoundError) and error.name == attachment.module
        if gone:
            return Sdk(**found, state="no_target", why=f"it has no module {attachment.module}")
        return Sdk(**found, state="import_fails", why=f"cannot be imported: {type(error).__name__}: {error}")
    if not active:
        attachment.install()
    found |= {"bound": list(attachment.bound), "skipped": dict(attachment.skipped)}
    if not active:
        attachment.remove()
    if not found["bound"]:
        return Sdk(**found, state="no_target", why=f"nothing to wrap in {attachment.module}")
    if found["skipped"]:
        return Sdk(**found, state="in_part", why=f"not there: {', '.join(found['skipped'])}")
    return Sdk(**found, state="traced")


def _probe(instrumentor: Instrumentor) -> Attachment:
    """What the instrumentor would install, without stages."""
    from genscope.core.pipeline import Faults, Pipeline
    from genscope.settings import Settings

    return instrumentor.target.attach(Pipeline((), Faults()), Settings())


def judge(sdks: Sequence[Sdk], problems: list[Problem]) -> None:
    """What to do about SDKs that are not traced. One that is traced is enough: the others may be meant so."""
    alive = any(sdk.state in ("traced", "in_part") for sdk in sdks)
    of_state: dict[State, list[Sdk]] = {}
    for sdk in sdks:
        of_state.setdefault(sdk.state, []).append(sdk)
    texts: list[str] = []
    if of_state.keys() == {"not_installed"}:
        wanted = in_words([sdk.requires for sdk in sdks], "or")
        texts.append(f"No SDK that genscope traces is installed here: install {wanted} into this environment.")
    if not alive:
        texts += [_why_none(state, of_state[state]) for state in _MEANT if state in of_state]
    texts += filter(None, map(_advice, sdks))
    problems += [Problem("sdks", not alive, text) for text in texts]


_MEANT: Final = ("disabled", "not_instrumented")
"""States that somebody may have wanted, as long as another SDK is traced."""


def _why_none(state: Literal["disabled", "not_instrumented"], sdks: Sequence[Sdk]) -> str:
    if state == "disabled":
        names = in_words([_entry_point(sdk) for sdk in sdks])
        return (
            f"`opentelemetry-instrument` does not load {names} ({sdks[0].why}): take that out "
            "(genscope.instrument() in the program does not care)."
        )
    names = f"{in_words([sdk.named for sdk in sdks])} {'is' if len(sdks) == 1 else 'are'}"
    return f"{names} not instrumented in this process: call genscope.instrument(), or see the log for why not."


def _advice(sdk: Sdk) -> str | None:
    match sdk.state:
        case "import_fails":
            return f"{sdk.named} {sdk.why}: repair or reinstall it."
        case "no_target" | "in_part":
            kind = "is not traced" if sdk.state == "no_target" else "is traced only in part"
            do = "update genscope, or report it" if sdk.supported else f"update it, genscope supports {sdk.requires}"
            return f"{sdk.named} {kind} ({sdk.why}): {do}."
        case "traced" | "not_instrumented" if not sdk.supported:
            return f"{sdk.named} is not a version that is supported, calls may go untraced: update to {sdk.requires}."
        case _:
            return None
