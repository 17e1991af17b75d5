"""Several processes, and those that fork."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from .conftest import Ask

PROGRAM = Path(__file__).with_name("program.py")
COMMAND = [sys.executable, "-W", "error", "-W", "ignore:This process:DeprecationWarning", str(PROGRAM)]


def finish(program: subprocess.Popen[str]) -> None:
    out, _ = program.communicate(timeout=120)
    assert (program.returncode, out) == (0, "")


def started(path: Path, what: str) -> subprocess.Popen[str]:
    return subprocess.Popen([*COMMAND, str(path), what], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def test_processes_begin_a_file_and_write_it_at_once(path: Path, ask: Ask) -> None:
    programs = [started(path, "batch") for _ in range(4)]
    for program in programs:
        finish(program)
    assert ask("SELECT count(DISTINCT name), count(*) FROM spans") == [(1200, 1200)]
    assert sorted(ask("SELECT pid, program, spans FROM processes")) == sorted(
        (program.pid, "program.py", 300) for program in programs
    )
    assert ask("PRAGMA integrity_check") == ["ok"]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="does not fork")
def test_a_fork(path: Path, ask: Ask) -> None:
    finish(started(path, "fork"))
    assert ask("SELECT count(*) FROM spans") == [40]
    assert sorted(ask("SELECT spans FROM processes")) == [10, 30]
    assert ask("PRAGMA integrity_check") == ["ok"]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="does not fork")
def test_forks_while_threads_write(path: Path, ask: Ask) -> None:
    finish(started(path, "threads"))
    assert ask("SELECT count(DISTINCT name), count(*) FROM spans") == [(450, 450)]
    assert ask("PRAGMA integrity_check") == ["ok"]
