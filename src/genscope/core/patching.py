"""Installing wrappers on the classes of an SDK, before or after it is imported, and taking them off again."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from types import ModuleType
from typing import Any
from weakref import ref

import wrapt

from genscope.core.attachment import when_imported

logger = logging.getLogger("genscope")

Wrapper = Callable[[Callable[..., Any], Any, tuple[Any, ...], dict[str, Any]], Any]
"""`(wrapped, instance, args, kwargs)`, as wrapt calls it."""

Targets = Callable[[ModuleType], Iterable[tuple[Any, str, Wrapper]]]
"""What to wrap once the module is there: a class (None if this version has none), a method of its own, a wrapper."""


@dataclass(eq=False)
class _Place:
    """A method of a class with a wrapper of ours: on the class, or inside the wrappers that others have put there."""

    owner: Any
    name: str
    wrapper: Wrapper
    original: Any
    installed: Any
    holder: Callable[[], Any]
    """Where `installed` is: the class, or somebody's wrapper, as long as that lives."""

    @property
    def attribute(self) -> str:
        return self.name if self.holder() is self.owner else "__wrapped__"


class Patch:
    """The wrappers on one module of an SDK. The module is not imported for it: it is patched when it is."""

    def __init__(self, module: str, targets: Targets) -> None:
        self.module = module
        self.bound: list[str] = []
        """The names that are wrapped now."""
        self.skipped: dict[str, str] = {}
        """Names that could not be wrapped, and why."""
        self._targets = targets
        self._places: list[_Place] = []
        self.installed = False
        """A wrapper asks this first: one that could not be taken off only passes calls on."""

    def install(self) -> None:
        self.installed = True
        when_imported(self.module, self._bind)

    def remove(self) -> None:
        """Put the original attributes back, the very same objects.

        Where somebody has wrapped our wrapper since, both stay, and ours does nothing any more.
        """
        self.installed = False
        places, self._places = self._places, []
        for place in places:
            holder = place.holder()
            if holder is not None and _current(holder, place.attribute) is place.installed:
                setattr(holder, place.attribute, place.original)
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
        self._place(owner, name, wrapper)
        if target not in self.bound:
            self.bound.append(target)

    def _place(self, owner: Any, name: str, wrapper: Wrapper) -> None:
        *_, holder = owner, *_wrappers(_current(owner, name))
        attribute = name if holder is owner else "__wrapped__"
        original = _current(holder, attribute)
        installed = wrapt.FunctionWrapper(original, wrapper)
        setattr(holder, attribute, installed)
        place = _Place(owner, name, wrapper, original, installed, lambda: owner)
        if holder is not owner:
            place.holder = ref(holder, lambda _: self._return(place))
        self._places.append(place)

    def _return(self, place: _Place) -> None:
        """Somebody took off their wrapper, with ours inside: go back where they put back what was there before us.

        Called when theirs is collected, wherever that is: nothing may be raised. Another's wrapper that is there now is
        not looked into, because it may be changing in this moment.
        """
        if not self.installed:
            return
        try:
            self._places.remove(place)
            found = _current(place.owner, place.name)
            if found is place.installed:  # they put back what was inside of theirs
                place.holder = lambda: place.owner
                self._places.append(place)
            elif found is not None and not _is_wrapper(found):
                self._place(place.owner, place.name, place.wrapper)
        except Exception:
            self.skipped[place.name] = "taken off by another instrumentation"


def _wrappers(found: Any) -> Iterator[Any]:
    """The wrappers around a method, from the outside to the inside."""
    while _is_wrapper(found):
        yield found
        found = found.__wrapped__


def _is_wrapper(found: Any) -> bool:
    return issubclass(type(found), wrapt.FunctionWrapper)  # `isinstance` would ask what is wrapped, too


def _current(owner: Any, name: str) -> Any:
    if name == "__wrapped__":
        return owner.__wrapped__
    return owner.__dict__.get(name) if isinstance(owner, type) else None
