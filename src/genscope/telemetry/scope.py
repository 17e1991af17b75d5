"""Under which name genscope writes, and whether anybody reads it."""

from __future__ import annotations

import os
from typing import Any, Final

from genscope import __version__

SCOPE: Final = ("genscope", __version__)
"""Name and version of our instrumentation scope."""


_API: Final = ("opentelemetry.trace", "opentelemetry.metrics", "opentelemetry._logs")


class _Global:
    """Stands for the global provider, which is a placeholder first and another object later."""


_GLOBAL: Final = _Global()


def shared_by(provider: Any) -> Any:
    """By what one knows a provider; None is the global one."""
    return _GLOBAL if provider is None else provider


def is_disabled() -> bool:
    """Whether the application wants no telemetry at all: not by a provider that takes no notice of it either."""
    return os.environ.get("OTEL_SDK_DISABLED", "").strip().lower() == "true"


def is_placeholder(provider: Any) -> bool:
    """Whether a provider is one of the API's own (proxy, no-op): every implementation lives in another package."""
    return type(provider).__module__.startswith(_API)
