"""Every option once: its environment variable, its type, its default and one line of help.

An argument wins over the environment, the environment over the default. A value that cannot be read is said in a
warning with the accepted ones, and the default, always the cautious side, is taken.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from typing import Any, cast

logger = logging.getLogger("genscope")


def _boolean(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    spelled = {"true": True, "1": True, "on": True, "false": False, "0": False, "off": False, "": False}
    try:
        return spelled[str(value).strip().lower()]
    except KeyError:
        raise ValueError("true or false") from None


def _mapping(value: Any) -> Mapping[str, str]:
    if isinstance(value, Mapping):
        return {str(key): str(item) for key, item in cast("Mapping[Any, Any]", value).items()}
    pairs: dict[str, str] = {}
    for pair in filter(None, (part.strip() for part in str(value).split(","))):
        key, equals, item = pair.partition("=")
        if not (equals and key.strip() and item.strip()):
            raise ValueError("host=provider pairs, separated by commas")
        pairs[key.strip()] = item.strip()
    return pairs


def _option(env: str, read: Callable[[Any], Any], default: Any, help: str) -> Any:
    metadata = {"env": env, "read": read, "help": help}
    return field(default_factory=lambda: default, metadata=metadata)


@dataclass(frozen=True, slots=True)
class Settings:
    """The options of one instrumentation."""

    providers: Mapping[str, str] = _option(
        "GENSCOPE_PROVIDERS",
        _mapping,
        {},
        "Names of providers by host, `llm.example.com=acme,10.0.0.5:8000=vllm`; goes before the built-in names.",
    )
    stream_usage: bool = _option(
        "GENSCOPE_STREAM_USAGE",
        _boolean,
        False,
        "Ask for the token usage of streams that did not ask (`stream_options.include_usage`); "
        "the application does not see the extra chunk.",
    )
    time_per_output_chunk: bool = _option(
        "GENSCOPE_TIME_PER_OUTPUT_CHUNK",
        _boolean,
        False,
        "Record a measurement for every chunk of a stream; costs some 10 microseconds each.",
    )
    raise_faults: bool = _option(
        "GENSCOPE_RAISE_FAULTS",
        _boolean,
        False,
        "Raise what goes wrong inside genscope instead of logging it: for its own tests, never for production.",
    )


OPTIONS = fields(Settings)
"""`name`, and in `metadata`: `env`, `read`, `help`."""


def read(**arguments: Any) -> Settings:
    """Settings from arguments, environment and defaults. Raises `TypeError` for an argument that is no option."""
    unknown = arguments.keys() - {option.name for option in OPTIONS}
    if unknown:
        accepted = ", ".join(option.name for option in OPTIONS)
        raise TypeError(f"genscope has no setting {', '.join(sorted(unknown))}; there are: {accepted}")
    values: dict[str, Any] = {}
    for option in OPTIONS:
        env = option.metadata["env"]
        where, value = option.name, arguments.get(option.name)
        if value is None:
            # The second name is what `opentelemetry-instrument --genscope_...` sets.
            where, value = env, os.environ.get(env, os.environ.get(f"OTEL_PYTHON_{env}"))
        if value is None:
            continue
        try:
            values[option.name] = option.metadata["read"](value)
        except ValueError as accepted:
            logger.warning("genscope: %s=%r is ignored; accepted: %s", where, value, accepted)
    return Settings(**values)
