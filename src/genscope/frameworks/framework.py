"""A framework as a declaration."""

from __future__ import annotations

from collections.abc import Callable
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
