"""genscope: see inside every LLM call.

    import genscope
    genscope.instrument()

Nothing heavy is imported before that; no SDK is imported at all before the application does it.
"""

from __future__ import annotations

from collections.abc import Iterable
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from genscope.annotate import agent, embedding, rerank, retrieval, task, tool, workflow
    from genscope.core.ambient import suppress
    from genscope.core.identity import context
    from genscope.core.operation import Operation
    from genscope.core.pipeline import Stage
    from genscope.core.refusal import BudgetExceeded
    from genscope.evaluation import Case, Judge, Verdict, aevaluate, evaluate
    from genscope.features.redaction.exporters import RedactingLogExporter, RedactingSpanExporter
    from genscope.retrying import fallback, retry
    from genscope.telemetry.json_formatter import JsonFormatter
    from genscope.telemetry.sampler import KeepLLM

__version__ = "0.1.0"
__all__ = [
    "BudgetExceeded",
    "Case",
    "JsonFormatter",
    "Judge",
    "KeepLLM",
    "Operation",
    "RedactingLogExporter",
    "RedactingSpanExporter",
    "Stage",
    "Verdict",
    "aevaluate",
    "agent",
    "context",
    "embedding",
    "evaluate",
    "fallback",
    "flush",
    "instrument",
    "rerank",
    "retrieval",
    "retry",
    "suppress",
    "task",
    "tool",
    "uninstrument",
    "workflow",
]

_HOMES = {
    "BudgetExceeded": "core.refusal",
    "JsonFormatter": "telemetry.json_formatter",
    "KeepLLM": "telemetry.sampler",
    "Operation": "core.operation",
    "RedactingLogExporter": "features.redaction.exporters",
    "RedactingSpanExporter": "features.redaction.exporters",
    "Stage": "core.pipeline",
    "context": "core.identity",
    "suppress": "core.ambient",
    **dict.fromkeys(("Case", "Judge", "Verdict", "aevaluate", "evaluate"), "evaluation"),
    **dict.fromkeys(("fallback", "retry"), "retrying"),
    **dict.fromkeys(("agent", "embedding", "rerank", "retrieval", "task", "tool", "workflow"), "annotate"),
}


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(import_module(f"genscope.{_HOMES[name]}"), name)
    raise AttributeError(f"module 'genscope' has no attribute {name!r}")


def instrument(*, only: Iterable[str] | None = None, **options: Any) -> None:
    """Trace every supported SDK, imported already or later.

    `only` names SDKs, `["openai"]`. `options` are those of an instrumentor: `tracer_provider`, `meter_provider`,
    `logger_provider`, `stages`, and every setting by its name. Raises `ValueError` for an SDK and `TypeError` for an
    option that is unknown. Instrumenting again does nothing, unless it changes a setting: an argument wins over the
    declarative file and the environment with which the process was started.
    """
    from genscope.announce import together
    from genscope.instrumentors import chosen

    instrumentors = chosen(only)
    with together():
        for instrumentor in instrumentors:
            instrumentor.instrument_anew(**options)
    if any(one.resolution is not None and one.resolution.settings.threads for one in instrumentors):
        from genscope.threads import carry_context

        carry_context()


def uninstrument(*, only: Iterable[str] | None = None) -> None:
    """Put the SDKs' own attributes back. Calls in flight still end their spans."""
    from genscope.instrumentors import chosen

    for instrumentor in chosen(only):
        if instrumentor.is_instrumented_by_opentelemetry:
            instrumentor.uninstrument()


def flush(timeout: float = 5.0) -> bool:
    """Have everything exported that was recorded so far; True if that was done within `timeout` seconds."""
    from genscope.instrumentors import chosen
    from genscope.telemetry.flushing import flush

    return flush([one.providers for one in chosen(None)], timeout)
