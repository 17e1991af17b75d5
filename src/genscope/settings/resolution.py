"""Who says what an option is: argument, declarative file, environment or default."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from genscope.settings.options import OPTIONS, Settings

logger = logging.getLogger("genscope")

ARGUMENT: Final = "argument"
FILE: Final = "file"
DEFAULT: Final = "default"


@dataclass(frozen=True, slots=True)
class Resolution:
    """Settings and where they come from."""

    settings: Settings
    origins: Mapping[str, str]
    """By option: argument, file, default, or the name of the environment variable."""
    complaints: tuple[str, ...]
    """What could not be taken as it was said, and what would be accepted."""


def resolve(arguments: Mapping[str, Any], configuration: Mapping[str, Any] | None = None) -> Resolution:
    """Settings from arguments, the options of a declarative file, environment and defaults.

    Raises `TypeError` for an argument that is no option: that is a mistake in a program, and found when it is written.
    """
    refuse_unknown(arguments)
    complaints = [
        f"the file's {name} is ignored: there is no such setting; there are: {', '.join(_NAMES)}"
        for name in configuration or ()
        if name not in _NAMES
    ]
    values: dict[str, Any] = {}
    origins: dict[str, str] = {}
    for option in OPTIONS:
        origins[option.name] = DEFAULT
        for origin, value in _said(option.name, option.metadata["env"], arguments, configuration or {}):
            where = origin if origin not in (ARGUMENT, FILE) else f"{option.name} ({origin})"
            meant = option.metadata["outdated"].get(str(value).strip().lower())
            if meant is not None:
                complaints.append(f"{where}={value!r} is outdated, and read as {meant}")
            try:
                values[option.name] = option.metadata["read"](value if meant is None else meant)
                origins[option.name] = origin
            except ValueError as accepted:
                shown = "..." if option.metadata["secret"] else repr(value)
                complaints.append(f"{where}={shown} is ignored; accepted: {accepted}")
                values[option.name] = option.metadata["fallback"]
            break
    return Resolution(Settings(**values), origins, tuple(complaints))


def refuse_unknown(names: Iterable[str]) -> None:
    """Raises `TypeError` for a name that is no option."""
    unknown = sorted(name for name in names if name not in _NAMES)
    if unknown:
        raise TypeError(f"genscope has no setting {', '.join(unknown)}; there are: {', '.join(_NAMES)}")


complained: Final[set[str]] = set()
"""What has been said, so that it is said once however many SDKs have the same settings."""


def complain(found: Resolution) -> None:
    """Log what could not be taken as it was said."""
    for complaint in found.complaints:
        say_once(complaint)


def say_once(complaint: str, level: int = logging.WARNING) -> None:
    if complaint not in complained:
        complained.add(complaint)
        logger.log(level, "genscope: %s", complaint)


_NAMES: Final = {option.name: option for option in OPTIONS}


def _said(
    name: str, env: str, arguments: Mapping[str, Any], configuration: Mapping[str, Any]
) -> Iterator[tuple[str, Any]]:
    """Who says something about an option, and what; the first one counts."""
    if arguments.get(name) is not None:
        yield ARGUMENT, arguments[name]
    if configuration.get(name) is not None:
        yield FILE, configuration[name]
    for variable in environment(env):
        if os.environ.get(variable, "").strip():  # OpenTelemetry: an empty one is as if it were not there
            yield variable, os.environ[variable]


def environment(env: str) -> tuple[str, ...]:
    """The names that a variable has: the second of ours is what `opentelemetry-instrument --genscope_...` sets."""
    return (env, f"OTEL_PYTHON_{env}") if env.startswith("GENSCOPE_") else (env,)
