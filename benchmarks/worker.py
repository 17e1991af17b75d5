"""One measured process: ``python -m benchmarks.worker IMPLEMENTATION MODE``, obeying JSON lines on stdin."""

from __future__ import annotations

import dataclasses
import json
import os
import sys
from collections.abc import Callable
from typing import Any

from . import measure
from .cases import CASES, MODES, Mode, Work, build
from .telemetry import Telemetry


def _bare(mode: Mode) -> None:
    """The same process without instrumentation: what all others are compared with."""


def _floor(mode: Mode) -> None:
    from . import floor

    floor.install(mode.content)


def _genscope(mode: Mode) -> None:
    from genscope.instrumentors import OpenAIInstrumentor

    # The floor does not price calls either. GENSCOPE_COST=true measures them with their cost.
    OpenAIInstrumentor().instrument(cost=os.environ.get("GENSCOPE_COST") == "true")


IMPLEMENTATIONS: dict[str, Callable[[Mode], None]] = {"bare": _bare, "floor": _floor, "genscope": _genscope}


class Worker:
    def __init__(self, implementation: str, mode: str) -> None:
        self.implementation = implementation
        self.mode = MODES[mode]
        self.telemetry = Telemetry(self.mode.sampled) if self.mode.providers else None
        self.work: dict[tuple[str, int], Work] = {}
        IMPLEMENTATIONS[implementation](self.mode)  # as in a real program: before the SDK is imported

    def _work(self, case: str, chunks: int) -> Work:
        """The case with streams of ``chunks`` chunks; its first use warms it up."""
        if (case, chunks) not in self.work:
            declared = next(known for known in CASES if known.name == case)
            work = build(dataclasses.replace(declared, chunks=chunks))
            measure.warm_up(work)
            self.work[case, chunks] = work
        return self.work[case, chunks]

    def cpu(self, case: str, chunks: int) -> float:
        spent = measure.cpu_round(self._work(case, chunks))
        if self.telemetry:
            self.telemetry.flush()
        return spent

    def count(self, case: str, chunks: int) -> dict[str, float] | str:
        return measure.counting_impossible() or measure.count(self._work(case, chunks))

    def memory(self, case: str, chunks: int) -> float:
        return measure.held_memory(self._work(case, chunks))

    def faults(self) -> list[str]:
        """Verify every case that was measured; in the mode without providers, set them now that it has been."""
        telemetry = self.telemetry = self.telemetry or Telemetry()
        instrumented = self.implementation != "bare"
        return [
            fault for work in self.work.values() for fault in telemetry.faults(work, instrumented, self.mode.content)
        ]


def main(implementation: str, mode: str) -> None:
    replies = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # whatever a library prints must not get between the replies

    def reply(**message: Any) -> None:
        print(json.dumps(message), file=replies, flush=True)

    try:
        worker = Worker(implementation, mode)
    except ImportError as error:
        reply(unavailable=f"{type(error).__name__}: {error}")
        return
    reply(result=None)
    for line in sys.stdin:
        request = json.loads(line)
        reply(result=getattr(worker, request.pop("do"))(**request))
    os._exit(0)  # no shutdown of providers and no collection of the heap: nothing is measured after this


if __name__ == "__main__":
    main(*sys.argv[1:])
