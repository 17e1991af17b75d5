"""Installing wrappers on the classes of an SDK, before or after it is imported, and taking them off again."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable, Iterable
from types import ModuleType
from typing import Any

import wrapt

logger = logging.getLogger("genscope")

Wrapper = Callable[[Callable[..., Any], Any, tuple[Any, ...], dict[str, Any]], Any]
"""`(wrapped, instance, args, kwargs)`, as wrapt calls it."""

Targets = Callable[[ModuleType], Iterable[tuple[Any, str, Wrapper]]]
"""What to wrap once the module is there: a class (None if this version has none), a method of its own, a wrapper."""


class Patch:
    """The wrappers on one module of an SDK. The module is not imported for it: it is patched when it is."""

    def __init__(self, module: str, targets: Targets) -> None:
        self.module = module
        self.bound: list[str] = []
        """The names that are wrapped now."""
        self.skipped: dict[str, str] = {}
        """Names that could not be wrapped, and why."""
        self._targets = targets
        self._undo: list[tuple[Any, str, Any, Any]] = []
        self.installed = False
        """A wrapper asks this first: one that could not be taken off only passes calls on."""

    def install(self) -> None:
        self.installed = True
        if self.module in sys.modules:
            self._bind(sys.modules[self.module])
        else:
            wrapt.register_post_import_hook(self._bind, self.module)

    def remove(self) -> None:
        """Put the original attributes back, the very same objects.

        Where somebody has wrapped our wrapper since, both stay, and ours does nothing any more.
        """
        self.installed = False
        for owner, name, original, wrapper in self._undo:
            if _current(owner, name) is wrapper:
                setattr(owner, name, original)
        self._undo.clear()
        self.bound.clear()
        self.skipped.clear()

    def _bind(self, module: ModuleType) -> None:
        if not self.installed or self.bound:  # uninstrumented before the import, or imported a second time
            return
        try:
            self._wrap(module)
        except Exception:  # this may run inside the application's own import statement
            logger.exception("genscope: %s cannot be traced", self.module)

    def _wrap(self, module: ModuleType) -> None:
        for owner, name, wrapper in self._targets(module):
            self.wrap(owner, name, wrapper)
        if self.skipped:
            logger.warning("genscope: %s: not traced, %s", self.module, self.skipped)

    def wrap(self, owner: Any, name: str, wrapper: Wrapper) -> None:
        """Wrap one method that the class itself defines; remembered, for `remove`.

        Inside the wrappers that others have put there already: the closer to the SDK, the less is in between, and
        their span is current when ours would begin.
        """
        target = f"{getattr(owner, '__name__', 'a class')}.{name}"
        original = _current(owner, name)
        if original is None:
            self.skipped[target] = "not there in this version"
            return
        while _is_wrapper(original):
            owner, name, original = original, "__wrapped__", original.__wrapped__
        installed = wrapt.FunctionWrapper(original, wrapper)
        setattr(owner, name, installed)
        self._undo.append((owner, name, original, installed))
        self.bound.append(target)


def _is_wrapper(found: Any) -> bool:
    return isinstance(found, wrapt.FunctionWrapper)


def _current(owner: Any, name: str) -> Any:
    if name == "__wrapped__":
        return owner.__wrapped__
    return owner.__dict__.get(name) if isinstance(owner, type) else None
