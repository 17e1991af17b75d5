"""Starts the measured processes, asks them in turn, and turns what they say into figures."""

from __future__ import annotations

import json
import os
import platform
import random
import statistics
import subprocess
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import Any

from .cases import CASES, MODES, Case

ROOT = Path(__file__).resolve().parent.parent
IMPLEMENTATIONS = ("bare", "floor", "genscope")
FOREIGN = ("OTEL_", "GENSCOPE_", "OPENAI_", "PYTHON", "COV_", "COVERAGE_")
"""Prefixes of variables that would make the figures depend on the shell they were measured in."""

Numbers = dict[str, float]


class Unavailable(Exception):
    """The implementation cannot be imported in this environment."""


def _environment(mode: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(FOREIGN)}
    # This checkout, installed or not; and the same dict and set layouts in every process.
    path = os.pathsep.join(filter(None, [str(ROOT / "src"), str(ROOT), os.environ.get("PYTHONPATH")]))
    return {**kept, "PYTHONPATH": path, "PYTHONHASHSEED": "0", **MODES[mode].environment}


class Process:
    """A running ``benchmarks.worker``."""

    def __init__(self, implementation: str, mode: str) -> None:
        self.name = f"{implementation} [{mode}]"
        self._process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.worker", implementation, mode],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=_environment(mode),
            cwd=ROOT,
            text=True,
        )

    def wait_until_ready(self) -> None:
        self._answer()

    def ask(self, what: str, **arguments: Any) -> Any:
        assert self._process.stdin
        self._process.stdin.write(json.dumps({"do": what, **arguments}) + "\n")
        self._process.stdin.flush()
        return self._answer()

    def _answer(self) -> Any:
        assert self._process.stdout
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"{self.name} died; what it said is above")
        answer = json.loads(line)
        if "unavailable" in answer:
            raise Unavailable(answer["unavailable"])
        return answer["result"]

    def stop(self) -> None:
        assert self._process.stdin
        assert self._process.stdout
        try:
            self._process.stdin.close()
        except BrokenPipeError:  # it died with a request unread
            pass
        self._process.stdout.close()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


class Session:
    """One run of the harness. What it finds missing or wrong is kept in ``missing`` and ``faults``."""

    def __init__(self, modes: Sequence[str], cases: Sequence[str], chunks: int) -> None:
        self.modes = modes
        self.cases = [case for case in CASES if case.name in cases]
        self.chunks = chunks
        self.versions = {name: version(name) for name in ("openai", "opentelemetry-sdk")}
        self.versions["python"] = platform.python_version()  # the workers run on this very interpreter
        self.missing: dict[str, str] = {}
        self.faults: list[str] = []

    @contextmanager
    def _processes(self, mode: str) -> Iterator[dict[str, Process]]:
        """All implementations at once, so that they can be asked in turn; each is verified before it is let go."""
        started = {name: Process(name, mode) for name in IMPLEMENTATIONS if name not in self.missing}
        try:
            ready: dict[str, Process] = {}
            for name, process in started.items():
                try:
                    process.wait_until_ready()
                    ready[name] = process
                except Unavailable as reason:
                    self.missing[name] = str(reason)
            yield ready
            for process in ready.values():
                self.faults += [f"{process.name}: {fault}" for fault in process.ask("faults")]
        finally:
            for process in started.values():
                process.stop()

    def _length(self, case: Case) -> int:
        return self.chunks if case.chunks else 0

    def counts(self) -> dict[str, dict[str, dict[str, Numbers]]] | str:
        """mode -> case -> implementation -> bytecodes and C calls; or the reason why they cannot be counted."""
        found: dict[str, dict[str, dict[str, Numbers]]] = {}
        for mode in self.modes:
            with self._processes(mode) as processes:
                for case in (case for case in self.cases if case.counted):
                    row: dict[str, Numbers] = {}
                    for name, process in processes.items():
                        counted = process.ask("count", case=case.name, chunks=self._length(case))
                        if isinstance(counted, str):
                            return counted
                        if case.chunks:
                            half = self.chunks // 2
                            shorter = process.ask("count", case=case.name, chunks=half)["bytecodes"]
                            counted["per_chunk"] = (counted["bytecodes"] - shorter) / (self.chunks - half)
                        row[name] = counted
                    found.setdefault(mode, {})[case.name] = {
                        name: _over(row["bare"], counted) if name != "bare" else counted
                        for name, counted in row.items()
                    }
        return found

    def cpu(self, rounds: int, starts: int) -> dict[str, dict[str, dict[str, Numbers]]]:
        """mode -> case -> implementation -> added CPU per call; ``starts`` sets of fresh processes share the rounds."""
        raw: dict[tuple[str, str], dict[str, list[float]]] = {}
        for mode in self.modes:
            for start in range(starts):
                with self._processes(mode) as processes:
                    names = list(processes)
                    for case in self.cases:
                        series = raw.setdefault((mode, case.name), {})
                        for number in range(-(-rounds // starts)):
                            first = (number + start) % len(names)
                            for name in names[first:] + names[:first]:
                                spent = processes[name].ask("cpu", case=case.name, chunks=self._length(case))
                                series.setdefault(name, []).append(spent)
        found: dict[str, dict[str, dict[str, Numbers]]] = {}
        for (mode, case_name), series in raw.items():
            found.setdefault(mode, {})[case_name] = _summary(series)
        return found

    def memory(self) -> Numbers:
        """implementation -> bytes held per open stream over bare (for bare: all that is held)."""
        with self._processes("sdk") as processes:
            held = {
                name: process.ask("memory", case="chat-stream", chunks=self.chunks)
                for name, process in processes.items()
            }
        return {name: value - held["bare"] if name != "bare" else value for name, value in held.items()}

    def soak(self, calls: int) -> dict[str, dict[str, int]]:
        """kind of call -> what is left in memory of very many of them; with everything that can be asked for, too."""
        with ThreadPoolExecutor(2) as pool:
            plain, everything = pool.map(
                lambda more: self._run("benchmarks.soak", str(calls), *more), ([], ["everything"])
            )
        found: dict[str, dict[str, int]] = plain | {f"{kind} [everything]": grown for kind, grown in everything.items()}
        for kind, grown in found.items():
            if grown["ended"] != grown["calls"]:
                self.faults.append(f"soak, {kind}: {grown['ended']:,} of {grown['calls']:,} have ended")
        return found

    def _run(self, module: str, *arguments: str) -> Any:
        """The JSON that a process of its own prints."""
        line = subprocess.run(
            [sys.executable, "-m", module, *arguments],
            stdout=subprocess.PIPE,
            env=_environment("sdk"),
            cwd=ROOT,
            text=True,
            check=True,
        ).stdout
        return json.loads(line)

    def startup(self, times: int) -> dict[str, dict[str, Any]]:
        """What switching on costs a program that uses no SDK: plumbing and genscope, each the median of ``times``
        fresh processes. Empty if there is no genscope."""
        answers: list[dict[str, dict[str, Any]]] = []
        for _ in range(times + 1):
            answer = self._run("benchmarks.startup")
            if "unavailable" in answer:
                self.missing["genscope"] = answer["unavailable"]
                return {}
            answers.append(answer)
        measured = answers[1:]  # the first one compiled the modules and filled the page cache
        return {
            step: {
                figure: value if figure == "sdks" else statistics.median(answer[step][figure] for answer in measured)
                for figure, value in costs.items()
            }
            for step, costs in measured[0].items()
        }


def _over(bare: Numbers, counted: Numbers) -> Numbers:
    return {key: value - bare[key] for key, value in counted.items()}


def _summary(series: dict[str, list[float]]) -> dict[str, Numbers]:
    """Medians of the paired differences with bare; the ratio to the floor with its 95 % range, by bootstrap.

    Rounds are resampled whole, so that what disturbed one round stays with all that were measured in it.
    """
    bare = series["bare"]
    added = {
        name: [a - b for a, b in zip(spent, bare, strict=True)] for name, spent in series.items() if name != "bare"
    }
    found: dict[str, Numbers] = {"bare": {"us": statistics.median(bare)}}
    dice = random.Random(0)
    samples = [dice.choices(range(len(bare)), k=len(bare)) for _ in range(500)]
    for name, differences in added.items():
        medians = sorted(statistics.median(differences[i] for i in sample) for sample in samples)
        found[name] = {"us": statistics.median(differences), "low": medians[12], "high": medians[-13]}
    floor = added["floor"]
    for name, differences in added.items():
        if name == "floor" or found["floor"]["low"] <= 0:  # a floor lost in the noise is no ruler
            continue
        ratios = sorted(
            statistics.median(differences[i] for i in sample) / max(statistics.median(floor[i] for i in sample), 1e-9)
            for sample in samples
        )
        found[name] |= {
            "ratio": found[name]["us"] / found["floor"]["us"],
            "ratio_low": ratios[12],
            "ratio_high": ratios[-13],
        }
    return found
