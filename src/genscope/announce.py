"""What genscope says of itself in the log when it instruments: one line, whatever the number of SDKs."""

from __future__ import annotations

import logging
import sys
from collections.abc import Generator, Iterable
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec

from packaging.requirements import Requirement  # opentelemetry-instrumentation has it loaded already

from genscope import __version__
from genscope.settings import Settings

logger = logging.getLogger("genscope")


@dataclass(frozen=True, slots=True)
class Installed:
    """An SDK, as its distribution describes it: nothing of it is imported."""

    package: str
    """What `import` calls it."""
    version: str | None
    """None if it is not installed, `unknown` if it is there without its metadata (frozen or vendored)."""
    supported: bool
    """Whether the version is one of those that are required; true where it is not known."""


def look_up(package: str, requires: str) -> Installed:
    """The installed SDK `package`, against the requirement that it has to meet (`openai >= 1.26.0`)."""
    requirement = Requirement(requires)
    try:
        found = version(requirement.name)
    except PackageNotFoundError:
        return Installed(package, "unknown" if _is_there(package) else None, True)
    return Installed(package, found, requirement.specifier.contains(found, prereleases=True))


def _is_there(package: str) -> bool:
    try:
        return find_spec(package) is not None
    except (ImportError, ValueError):  # the parent of a dotted name is not there; a module that was made by hand
        return sys.modules.get(package) is not None


_Announced = list[tuple[str, str, Settings]]
_gathered: ContextVar[_Announced | None] = ContextVar("genscope_announced", default=None)


def announce(package: str, requires: str, settings: Settings) -> None:
    """Say that the SDK `package` is traced from now on: at once, or with others at the end of `together()`."""
    gathered = _gathered.get()
    if gathered is None:
        _say([(package, requires, settings)])
    else:
        gathered.append((package, requires, settings))


@contextmanager
def together() -> Generator[None]:
    """What is announced inside becomes one line."""
    announced: _Announced = []
    token = _gathered.set(announced)
    try:
        yield
    finally:
        _gathered.reset(token)
        _say(announced)


def gather() -> None:
    """Before `opentelemetry-instrument` instruments one SDK after the other (`opentelemetry_pre_instrument`)."""
    _gathered.set([])


def say_gathered() -> None:
    """After the last of them (`opentelemetry_post_instrument`): one line for all."""
    announced = _gathered.get() or []
    _gathered.set(None)
    _say(announced)


def _say(announced: Iterable[tuple[str, str, Settings]]) -> None:
    traced: dict[str, list[str]] = {}
    for package, requires, settings in announced:
        sdk = look_up(package, requires)
        if sdk.version is None:
            logger.debug("genscope: %s is not installed", package)
            continue
        name = package if sdk.version == "unknown" else f"{package} {sdk.version}"
        if not sdk.supported:
            logger.warning("genscope: %s is not supported, calls may go untraced: it needs %s", name, requires)
        traced.setdefault(_content(settings), []).append(name)
    for content, names in traced.items():  # one, unless a declarative file treats SDKs differently
        logger.info("genscope %s traces %s; content: %s", __version__, ", ".join(names), content)


def _content(settings: Settings) -> str:
    places = [
        place
        for place, captured in (("spans", settings.content_on_spans), ("events", settings.content_on_events))
        if captured
    ]
    return f"on {' and '.join(places)}" if places else "off"
