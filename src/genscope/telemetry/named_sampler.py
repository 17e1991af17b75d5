"""What the entry points `genscope_keep_llm` load: OpenTelemetry makes the sampler by this name, in two ways."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from importlib import import_module
from typing import Any, Final

from genscope.settings import complain, resolve
from genscope.telemetry.sampler import KeepLLM, read_ratio

logger = logging.getLogger("genscope")

_NAME: Final = "genscope_keep_llm"
_FILE: Final = "OTEL_CONFIG_FILE"
_OPTIONS: Final = ("ratio", "routes")


def from_environment(argument: str | None = None) -> KeepLLM:
    """OTEL_TRACES_SAMPLER=genscope_keep_llm: `argument` is OTEL_TRACES_SAMPLER_ARG, or nothing."""
    said = argument is not None and str(argument).strip() != ""
    return KeepLLM(read_ratio(argument, "OTEL_TRACES_SAMPLER_ARG") if said else 1.0)


def from_file(**options: Any) -> KeepLLM:
    """`tracer_provider: sampler: genscope_keep_llm: {ratio: 0.1, routes: [...]}` of the declarative file.

    opentelemetry-configuration 0.66 calls this without the options, though it hands them to exporters; then the file
    is asked.
    """
    options = options or dict(_asked_of_the_file())
    unknown = [name for name in options if name not in _OPTIONS]
    if unknown:
        logger.warning("genscope: %s of %s is ignored; there are: ratio, routes", ", ".join(unknown), _NAME)
    ratio, routes = (options.get(name) for name in _OPTIONS)
    found = resolve({}, {"keep_routes": routes})
    complain(found)
    return KeepLLM(1.0 if ratio is None else read_ratio(ratio, "ratio (file)"), found.settings.keep_routes)


def _asked_of_the_file() -> Mapping[str, Any]:
    path = os.environ.get(_FILE, "").strip()
    if not path:
        return {}
    try:
        model: Any = import_module("opentelemetry.configuration").load_config_file(path)
        for options in _options_below(model.tracer_provider.sampler):
            return options
    except Exception as fault:
        logger.warning("genscope: the options of %s cannot be read from %s, so every trace is kept", _NAME, path)
        logger.debug("genscope: %s", path, exc_info=fault)
    return {}


def _options_below(node: Any) -> Iterator[Mapping[str, Any]]:
    """It may stand in another sampler: as the root of `parent_based`."""
    others: Mapping[str, Any] = getattr(node, "additional_properties", None) or {}
    if _NAME in others:
        yield others[_NAME] or {}
    if is_dataclass(node):
        for field in fields(node):
            yield from _options_below(getattr(node, field.name))
