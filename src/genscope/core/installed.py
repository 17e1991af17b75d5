"""What `instrument()` has set up, for those who are not called through an SDK: annotations and what surrounds calls.

The one that was installed last counts. Where nothing is, the settings are those of the environment.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

from genscope.core.pipeline import Faults, Pipeline
from genscope.settings import Settings, resolve


@dataclass(frozen=True, eq=False)
class Installation:
    """Providers are None for the global ones."""

    settings: Settings
    tracer_provider: Any = None
    meter_provider: Any = None
    pipeline: Pipeline | None = None
    logger_provider: Any = None

    @cached_property
    def faults(self) -> Faults:
        """Where what goes wrong for it is said."""
        return Faults(self.settings.raise_faults) if self.pipeline is None else self.pipeline.faults


_by_owner: Final[dict[Any, Installation]] = {}
_in_force: Installation | None = None


def install(owner: Any, installation: Installation) -> None:
    """`owner` has been instrumented."""
    global _in_force
    _by_owner.pop(owner, None)
    _by_owner[owner] = _in_force = installation


def remove(owner: Any) -> bool:
    """`owner` has been put back; what was installed before it holds again. True if that is nothing."""
    global _in_force
    _by_owner.pop(owner, None)
    _in_force = next(reversed(_by_owner.values()), None)
    return _in_force is None


def installation() -> Installation:
    """The one in force."""
    global _in_force
    found = _in_force
    if found is None:
        found = _in_force = Installation(resolve({}).settings)
    return found


def forget_environment() -> None:
    """Have the environment read anew, where nothing is installed."""
    global _in_force
    _in_force = next(reversed(_by_owner.values()), None)
