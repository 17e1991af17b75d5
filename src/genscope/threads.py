"""Context in threads and executors, by OpenTelemetry's own instrumentation of these, where it is installed."""

from __future__ import annotations

import logging
from importlib import import_module
from importlib.util import find_spec
from typing import Any, Final

logger = logging.getLogger("genscope")

_PACKAGE: Final = "opentelemetry.instrumentation.threading"
_ours: Any = None
"""The instrumentor, if it was us who switched it on."""


def carry_context() -> None:
    """Switch it on, unless it is not there or somebody else has."""
    global _ours
    try:
        if find_spec(_PACKAGE) is None:
            return
        instrumentor: Any = import_module(_PACKAGE).ThreadingInstrumentor()
        if not instrumentor.is_instrumented_by_opentelemetry:
            instrumentor.instrument()
            _ours = instrumentor
    except Exception:  # a release that we do not know
        logger.warning("genscope: the context does not cross threads", exc_info=True)


def leave_threads_alone() -> None:
    """Undo that."""
    global _ours
    instrumentor, _ours = _ours, None
    if instrumentor is not None and instrumentor.is_instrumented_by_opentelemetry:
        instrumentor.uninstrument()
