"""Memory stays flat however many calls there are: `python -m benchmarks --only soak` in small."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from genscope.core.pipeline import Faults

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="module")
def soak() -> dict[str, dict[str, int]]:
    """kind of call -> what there is more of after very many; with everything on that genscope can be asked for."""
    command = [sys.executable, "-m", "benchmarks.soak", "2500", "everything"]
    path = os.pathsep.join(filter(None, [str(ROOT / "src"), os.environ.get("PYTHONPATH")]))
    environ = {**os.environ, "PYTHONPATH": path}
    done = subprocess.run(command, cwd=ROOT, env=environ, stdout=subprocess.PIPE, text=True, check=True, timeout=150)
    grown: dict[str, dict[str, int]] = json.loads(done.stdout)
    return grown


def test_every_call_ends(soak: dict[str, dict[str, int]]) -> None:
    assert {kind: grown["calls"] - grown["ended"] for kind, grown in soak.items()} == dict.fromkeys(soak, 0)
    assert sum(grown["ended"] for grown in soak.values()) > 3000


def test_calls_leave_nothing_behind(soak: dict[str, dict[str, int]]) -> None:
    """Plain, streamed, failing, abandoned, raw; and to models, hosts and paths without number."""
    assert {
        kind: grown
        for kind, grown in soak.items()
        if grown["blocks"] > 100 + 0.3 * grown["calls"] or grown["objects"] > 50
    } == {}


def test_faults_of_many_kinds_are_not_all_remembered() -> None:
    faults = Faults()
    for number in range(2000):
        faults.report("a stage", type(f"Fault{number}", (Exception,), {})())
    assert len(faults._said) <= 256
