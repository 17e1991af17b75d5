"""What switching genscope on costs a program that uses no SDK: one fresh process, one JSON line on stdout."""

from __future__ import annotations

import json
import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from .telemetry import Telemetry

# fmt: off
SDKS = {
    "agents", "anthropic", "boto3", "botocore", "cerebras", "cohere", "google.genai", "groq", "langchain_core",
    "litellm", "llama_index", "mcp", "mistralai", "ollama", "openai", "together", "vertexai", "writerai",
    "httpx", "httpx2", "pydantic",
}
# fmt: on
"""Modules that no program pays for unless it imports them itself; the last three come with nearly every SDK."""


def resident_kb() -> float:
    statm = Path("/proc/self/statm")
    if statm.exists():
        return int(statm.read_text().split()[1]) * resource.getpagesize() / 1024
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 1024 if sys.platform == "darwin" else float(peak)


def _plumbing() -> None:
    import opentelemetry.instrumentation.instrumentor  # noqa: F401  # pyright: ignore[reportUnusedImport]


def _instrument() -> None:
    import genscope

    if everything := getattr(genscope, "instrument", None):
        everything()
        return
    from genscope.instrumentors import OpenAIInstrumentor

    OpenAIInstrumentor().instrument()


def _cost(step: Callable[[], None]) -> dict[str, Any]:
    modules, memory = set(sys.modules), resident_kb()
    cpu, wall = time.process_time(), time.perf_counter()
    step()
    cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    added = set(sys.modules) - modules
    return {
        "cpu_ms": cpu * 1000,
        "wall_ms": wall * 1000,
        "rss_kb": resident_kb() - memory,
        "modules": len(added),
        "sdks": sorted(added & SDKS),
    }


def main() -> None:
    Telemetry()  # a program with OpenTelemetry has paid for that already
    try:
        # What every instrumentation stands on, and what `opentelemetry-instrument` has imported before us.
        answer = {"plumbing": _cost(_plumbing), "genscope": _cost(_instrument)}
    except ImportError as error:
        print(json.dumps({"unavailable": f"{type(error).__name__}: {error}"}))
        return
    print(json.dumps(answer))


if __name__ == "__main__":
    main()
