"""What genscope promises, as data, and how each promise is read from the results of a run."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

Results = dict[str, Any]


@dataclass(frozen=True)
class Target:
    """``value`` of the results must not exceed ``limit``. A value that was not measured is None."""

    name: str
    limit: float
    value: Callable[[Results], float | None]
    asserted: bool = False
    """Whether ``--check`` fails on it: only what comes out the same on every run."""
    python: str = ""
    """The Python version that the limit holds for; bytecodes differ between versions. Empty: all."""
    chunks: int = 0
    """The length of a stream that the limit holds for. 0: any."""

    def applies(self, results: Results) -> bool:
        return results["versions"]["python"].startswith(self.python) and self.chunks in (0, results["chunks"])


def _get(results: Results, *path: str) -> Any:
    found: Any = results
    for key in path:
        if not isinstance(found, dict) or key not in found:
            return None
        found = found[key]  # pyright: ignore[reportUnknownVariableType]
    return found


def _counted(mode: str, case: str) -> Callable[[Results], float | None]:
    return lambda results: _get(results, "counts", mode, case, "genscope", "bytecodes")


def _counted_ratio(mode: str, case: str) -> Callable[[Results], float | None]:
    def value(results: Results) -> float | None:
        ours, floor = (_get(results, "counts", mode, case, name, "bytecodes") for name in ("genscope", "floor"))
        return ours / floor if ours is not None and floor else None

    return value


def _timed_ratio(mode: str, case: str) -> Callable[[Results], float | None]:
    return lambda results: _get(results, "cpu", mode, case, "genscope", "ratio")


def _chunk_cpu(mode: str) -> Callable[[Results], float | None]:
    def value(results: Results) -> float | None:
        stream, call = (_get(results, "cpu", mode, case, "genscope", "us") for case in ("chat-stream-thin", "chat"))
        return None if stream is None or call is None else (stream - call) / results["chunks"]

    return value


def _memory(results: Results) -> float | None:
    held = _get(results, "memory", "genscope")
    return None if held is None else held / 1024


def _startup(figure: str, scale: float = 1) -> Callable[[Results], float | None]:
    def value(results: Results) -> float | None:
        found = _get(results, "startup", "genscope", figure)
        return None if found is None else found * scale

    return value


def _left(results: Results) -> float | None:
    found = _get(results, "soak")
    return None if found is None else max(grown["blocks"] / grown["calls"] for grown in found.values())


def _imported(results: Results) -> float | None:
    found = _get(results, "startup", "genscope", "sdks")
    return None if found is None else len(found)


TARGETS = (
    Target("chat: bytecodes, of the floor's", 1.25, _counted_ratio("sdk", "chat"), asserted=True),
    Target("chat: bytecodes", 7_500, _counted("sdk", "chat"), asserted=True, python="3.11."),
    Target("stream of 1,000 chunks: bytecodes", 45_000, _counted("sdk", "chat-stream-thin"), True, "3.11.", 1000),
    Target("open stream of 1,000 chunks: KB held", 15, _memory, asserted=True, chunks=1000),
    Target("instrument(): SDK modules imported", 0, _imported, asserted=True),
    Target("soak: blocks of memory left by a call, at most", 0.4, _left, asserted=True),
    Target("chat, telemetry off: bytecodes, of the floor's", 1.25, _counted_ratio("off", "chat")),
    Target("chat, unsampled: bytecodes, of the floor's", 1.25, _counted_ratio("unsampled", "chat")),
    Target("instrument(): CPU ms", 30, _startup("cpu_ms")),
    Target("instrument(): MB resident", 3, _startup("rss_kb", 1 / 1024)),
    Target("chat: CPU, of the floor's", 1.25, _timed_ratio("sdk", "chat")),
    Target("chat, 100 KB prompt: CPU, of the floor's", 1.25, _timed_ratio("sdk", "chat-100k")),
    Target("responses: CPU, of the floor's", 1.25, _timed_ratio("sdk", "responses")),
    Target("async chat: CPU, of the floor's", 1.25, _timed_ratio("sdk", "async-chat")),
    Target("chat, telemetry off: CPU, of the floor's", 1.25, _timed_ratio("off", "chat")),
    Target("chat, unsampled: CPU, of the floor's", 1.25, _timed_ratio("unsampled", "chat")),
    Target("chat stream: CPU us per chunk", 0.5, _chunk_cpu("sdk")),
    Target("chat with content: CPU, of the floor's", 1.25, _timed_ratio("content", "chat")),
    Target("chat with content, 100 KB prompt: CPU, of the floor's", 1.25, _timed_ratio("content", "chat-100k")),
    Target("chat stream with content: CPU us per chunk", 1.5, _chunk_cpu("content")),
)


def verdicts(results: Results) -> list[dict[str, Any]]:
    """Every target that applies to this Python, with its value and whether it was met (None: not measured)."""
    found: list[dict[str, Any]] = []
    for target in TARGETS:
        if not target.applies(results):
            continue
        value = target.value(results)
        met = None if value is None else value <= target.limit
        found.append(
            {"target": target.name, "limit": target.limit, "value": value, "asserted": target.asserted, "met": met}
        )
    return found
