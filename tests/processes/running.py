"""Child processes: started, spoken to over pipes, and waited for."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from genscope.local.simulator import Simulator

TESTS = Path(__file__).parents[1]
PATIENCE = 60.0
"""Seconds after which a program counts as blocked for ever, and is ended."""
FOREIGN = ("OTEL_", "OPENAI_", "GENSCOPE_", "AZURE_", "COV_", "COVERAGE_")


class Program:
    """A running program. `say` and `hear` are lines; `end` is what it has left to say when it is over."""

    def __init__(self, arguments: list[str], environ: dict[str, str], folder: Path) -> None:
        self._errors = folder / f"stderr-{len(list(folder.glob('stderr-*')))}"
        with self._errors.open("wb") as errors:
            self.process = subprocess.Popen(
                [sys.executable, *arguments],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                env=environ,
                cwd=folder,
                text=True,
                start_new_session=True,  # to be ended together with its children
            )

        self._watchdog = threading.Timer(PATIENCE, self.kill)
        self._watchdog.start()

    def kill(self) -> None:
        """End it and its children."""
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)

    def close(self) -> None:
        """End what is still there of it, and give back what it took."""
        self._watchdog.cancel()
        if self.process.poll() is None:
            self.kill()
        self.process.__exit__(None, None, None)

    def say(self, line: str = "") -> None:
        assert self.process.stdin
        self.process.stdin.write(f"{line}\n")
        self.process.stdin.flush()

    def hear(self) -> str:
        """The next line of its output. What it said on stderr is shown if it is over instead."""
        assert self.process.stdout
        line = self.process.stdout.readline()
        assert line, self.errors
        return line.rstrip("\n")

    @property
    def errors(self) -> str:
        return self._errors.read_text()

    def end(self, status: int = 0, errors: str = "") -> list[str]:
        """Wait for the end; the lines left. It has to end with `status` and to say just `errors` on stderr."""
        lines, _ = self.process.communicate()
        assert (self.process.returncode, self.errors) == (status, errors), self.errors
        return lines.splitlines()


class Venue:
    """Where a program runs: its folder, its ledger, and the simulator that it calls."""

    def __init__(self, folder: Path, simulator: Simulator) -> None:
        self.folder = folder
        self.ledger = folder / "ledger"
        self.simulator = simulator

    @contextmanager
    def program(self, *arguments: str, **environ: str) -> Iterator[Program]:
        """A program of this folder, or `-m module`; ended by force if it is still there afterwards."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith(FOREIGN)}
        path = os.pathsep.join(filter(None, [str(TESTS), os.environ.get("PYTHONPATH")]))
        own = {"PYTHONPATH": path, "LEDGER": str(self.ledger), "SIMULATOR": self.simulator.url}
        program = Program(list(arguments), {**kept, **own, **environ}, self.folder)
        try:
            yield program
        finally:
            program.close()
