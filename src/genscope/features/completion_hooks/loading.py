"""Which completion hook is meant: by the name of an entry point, or by itself."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Iterator
from functools import lru_cache
from importlib.metadata import entry_points
from inspect import iscoroutinefunction
from typing import Any, Final

from genscope.core.pipeline import Stage
from genscope.features.completion_hooks import shapes, upload
from genscope.features.completion_hooks.stage import CompletionHook
from genscope.settings import Settings

logger = logging.getLogger("genscope")

_GROUP: Final = "opentelemetry_genai_completion_hook"
_SETTING: Final = "OTEL_INSTRUMENTATION_GENAI_COMPLETION_HOOK"
_UPLOAD: Final = "upload"
"""OpenTelemetry's own; where that is not installed, it is ours."""

_THEIRS: Final = "opentelemetry.util.genai."
_NOTHING: Final = "_NoOpCompletionHook"
"""What OpenTelemetry's upload is where it cannot be: it has said why."""


def completion_hooks(settings: Settings) -> Iterator[Stage]:
    """The stage of the hook that is set."""
    asked = settings.completion_hook
    if asked is None:
        return
    if isinstance(asked, str):
        stage = _named(asked, settings.details_events, _surroundings())
    else:
        stage = _stage(asked, settings.details_events, shared=False)
        if stage is None:
            _ignore(asked, "it has no method on_completion that can be called just so")
    if stage is not None:
        yield stage


def _surroundings() -> tuple[Any, ...]:
    """What a hook with a name depends on: where packages are looked for, and the variables that it reads."""
    return tuple(sys.path), *(os.environ.get(name) for name in (_SETTING, *upload.VARIABLES))


@lru_cache(8)
def _named(name: str, events: bool, surroundings: tuple[Any, ...]) -> Stage | None:
    """One for all SDKs."""
    hook = _hook(name, surroundings)
    shared = os.environ.get(_SETTING, "").strip() == name
    return None if hook is None else _stage(hook, events, shared=shared)


@lru_cache(8)
def _hook(name: str, surroundings: tuple[Any, ...]) -> Any:
    """Made once: a hook may have threads and connections."""
    found = list(entry_points(group=_GROUP))
    for entry in found:
        if entry.name == name:
            try:
                hook = entry.load()()
            except Exception as fault:
                _ignore(name, f"{entry.value} cannot be loaded ({type(fault).__name__})")
                logger.debug("genscope: the completion hook %s cannot be loaded", name, exc_info=True)
                return None
            if not _is_hook(hook):
                _ignore(name, f"what {entry.value} makes has no method on_completion that can be called just so")
                return None
            return hook
    if name == _UPLOAD:
        return upload.upload()
    names = sorted({_UPLOAD, *(entry.name for entry in found)})
    _ignore(
        name,
        f"no installed package brings it; accepted: {', '.join(names)}, and by keyword an object with on_completion",
    )
    return None


def _ignore(asked: Any, why: str) -> None:
    shown = repr(asked) if isinstance(asked, str) else f"a {type(asked).__name__}"
    logger.warning("genscope: %s (completion_hook) = %s is ignored: %s", _SETTING, shown, why)


def _is_hook(hook: Any) -> bool:
    method = getattr(hook, "on_completion", None)
    return callable(method) and not iscoroutinefunction(method)  # nobody would await it


def _stage(hook: Any, events: bool, *, shared: bool) -> Stage | None:
    if not _is_hook(hook) or isinstance(hook, upload.Nothing) or type(hook).__name__ == _NOTHING:
        return None
    shapes.prepare()
    quick = isinstance(hook, upload.Upload) or type(hook).__module__.startswith(_THEIRS)
    return CompletionHook(hook, quick=quick, events=events, shared=shared)
