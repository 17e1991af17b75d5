"""A framework as a declaration."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from genscope.core.attachment import Attachment
from genscope.core.pipeline import Pipeline
from genscope.settings import Settings


@dataclass(frozen=True)
class Framework:
    """`attach` makes what is installed: a `Hook` of the framework's own, or a `Patch` where it has none."""

    name: str
    package: str
    attach: Callable[[Pipeline, Settings], Attachment]


class Together:
    """Several attachments as one. Those whose module a release does not have wait for it, and do nothing."""

    def __init__(self, module: str, parts: Sequence[Attachment], end: Callable[[], None] | None = None) -> None:
        """`end` is called when they have been removed."""
        self.module = module
        self._parts = parts
        self._end = end

    @property
    def bound(self) -> Sequence[str]:
        return [name for part in self._parts for name in part.bound]

    @property
    def skipped(self) -> Mapping[str, str]:
        return {name: why for part in self._parts for name, why in part.skipped.items()}

    def install(self) -> None:
        for part in self._parts:
            part.install()

    def remove(self) -> None:
        for part in self._parts:
            part.remove()
        if self._end is not None:
            self._end()
