"""The end of a process: what is breached is told, and nobody who is told can keep it alive."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Any

import pytest

from genscope.local.simulator import Simulator

from .receiver import Receiver

PATIENCE = 60.0
"""Seconds after which a process counts as blocked for ever."""

BEGIN = """
import os, sys, threading
import openai
import genscope

def block(alert):
    threading.Event().wait()

def ask():
    with openai.OpenAI(api_key="k", base_url=sys.argv[1], max_retries=0) as client:
        try:
            client.chat.completions.create(model="gpt-4o-mini", messages=[{"role": "user", "content": "x"}])
        except openai.APIError:
            pass
"""
PROMISE = "error_rate < 10% min 1 after 0s"


def run(program: str, simulator: Simulator, **environment: str) -> subprocess.CompletedProcess[str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("OTEL_", "GENSCOPE_"))}
    return subprocess.run(
        [sys.executable, "-c", BEGIN + program, simulator.base_url("server_error")],
        env={**kept, "GENSCOPE_SLO": PROMISE, "GENSCOPE_RAISE_FAULTS": "true", "NO_PROXY": "127.0.0.1", **environment},
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )


def told(receiver: Receiver) -> list[dict[str, Any]]:
    return [json.loads(one.body) for one in receiver.received]


def test_a_short_program_tells_before_it_ends(simulator: Simulator, receiver: Receiver) -> None:
    environment = {"GENSCOPE_SLO_WEBHOOK": receiver.url, "OTEL_SERVICE_NAME": "job"}
    ran = run("genscope.instrument(); ask()", simulator, **environment)
    assert ran.returncode == 0, ran.stderr
    (alert,) = told(receiver)
    assert (alert["state"], alert["service"]) == ("firing", "job")
    assert "genscope: warning firing: error_rate < 10 % over 15m" in ran.stderr


def test_who_blocks_does_not_keep_it(simulator: Simulator, receiver: Receiver) -> None:
    program = (
        "from genscope.features.slo import watch; watch._PATIENCE = 0.3\n"
        "genscope.instrument(slo_callback=block); ask(); print('done')"
    )
    ran = run(program, simulator, GENSCOPE_SLO_WEBHOOK=receiver.url)
    assert (ran.returncode, ran.stdout) == (0, "done\n"), ran.stderr
    assert "Traceback" not in ran.stderr


def test_a_program_without_calls_starts_no_thread(simulator: Simulator) -> None:
    ran = run("genscope.instrument(); print(len(threading.enumerate()), 'yaml' in sys.modules)", simulator)
    assert (ran.returncode, ran.stdout) == (0, "1 False\n"), ran.stderr


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork")
def test_a_fork_tells_of_its_own_calls(simulator: Simulator, receiver: Receiver) -> None:
    program = """
genscope.instrument()
ask()
genscope.flush(10)
child = os.fork()
if child:
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
else:
    import genscope.slo
    assert [one.samples for one in genscope.slo.status()] == [0]
    ask()
    assert genscope.flush(10)
    os._exit(0)
"""
    ran = run(program, simulator, GENSCOPE_SLO_WEBHOOK=receiver.url)
    assert ran.returncode == 0, ran.stderr
    assert [alert["samples"] for alert in told(receiver)] == [1, 1]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork")
def test_a_child_of_multiprocessing_tells_before_it_ends(simulator: Simulator, receiver: Receiver) -> None:
    program = """
import multiprocessing
genscope.instrument()
child = multiprocessing.get_context("fork").Process(target=ask)
child.start()
child.join()
assert child.exitcode == 0
"""
    ran = run(program, simulator, GENSCOPE_SLO_WEBHOOK=receiver.url)
    assert ran.returncode == 0, ran.stderr
    assert [alert["state"] for alert in told(receiver)] == ["firing"]
