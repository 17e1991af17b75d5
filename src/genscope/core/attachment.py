"""What `instrument()` attaches to an SDK or to a framework, and how it is taken off again."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable, Mapping, Sequence
from types import ModuleType
from typing import Protocol

import wrapt

from genscope.core.pipeline import Pipeline
from genscope.settings import Settings

logger = logging.getLogger("genscope")


class Attachment(Protocol):
    """A `Patch`, where an SDK has to be wrapped, or a `Hook`, where a framework asks to be listened to."""

    @property
    def module(self) -> str:
        """What it waits for: nothing is imported for it."""
        ...

    @property
    def bound(self) -> Sequence[str]:
        """The names to which it is attached now."""
        ...

    @property
    def skipped(self) -> Mapping[str, str]:
        """Names that it could not be attached to, and why."""
        ...

    def install(self) -> None: ...

    def remove(self) -> None: ...


class Target(Protocol):
    """An SDK or a framework, as a declaration."""

    @property
    def name(self) -> str:
        """What it is called in settings and entry points."""
        ...

    @property
    def package(self) -> str:
        """What `import` calls it."""
        ...

    def attach(self, pipeline: Pipeline, settings: Settings, /) -> Attachment:
        """Not yet installed."""
        ...


class Hook:
    """Something of ours that a framework calls by a way of its own."""

    def __init__(self, module: str, attach: Callable[[ModuleType], Callable[[], None]]) -> None:
        """`attach` is called with the module once that is imported, and returns how to undo it."""
        self.module = module
        self.bound: list[str] = []
        self.skipped: dict[str, str] = {}
        self._attach = attach
        self._undo: Callable[[], None] | None = None
        self._installed = False

    def install(self) -> None:
        self._installed = True
        when_imported(self.module, self._bind)

    def remove(self) -> None:
        self._installed = False
        undo, self._undo = self._undo, None
        self.bound.clear()
        self.skipped.clear()
        if undo is not None:
            undo()

    def _bind(self, module: ModuleType) -> None:
        if not self._installed or self._undo is not None:  # taken off before the import, or imported a second time
            return
        try:
            self._undo = self._attach(module)
            self.bound.append(self.module)
        except Exception as fault:  # this may run inside the application's own import statement
            self.skipped[self.module] = "not there in this version"
            logger.warning("genscope: %s cannot be traced (%s)", self.module, type(fault).__name__)
            logger.debug("genscope: %s cannot be traced", self.module, exc_info=True)


def when_imported(module: str, act: Callable[[ModuleType], None]) -> None:
    """Now, if it is already."""
    if module in sys.modules:
        act(sys.modules[module])
    else:
        wrapt.register_post_import_hook(act, module)
