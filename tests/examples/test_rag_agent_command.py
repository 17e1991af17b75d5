"""`python -m examples.rag_agent`, as its reader runs it: processes, signals, sockets, and what is printed."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from collector import Collector, Span, collecting, trees

from genscope.local.simulator import Simulator

for needed in ("fastapi", "apsw", "sqlite_vec", "opentelemetry.instrumentation.fastapi"):
    pytest.importorskip(needed, reason=f"examples/rag_agent needs {needed}")

ROOT = Path(__file__).parents[2]
COMMAND = [sys.executable, "-m", "examples.rag_agent"]
PATIENCE = 60
INDEX = ("invoke_workflow index guides", (("embeddings text-embedding-3-small", ()),))
ANSWER = (
    "POST /ask",
    (
        (
            "invoke_workflow answer question",
            (
                ("embeddings text-embedding-3-small", ()),
                ("retrieval guides", ()),
                ("rerank shared words", ()),
                (
                    "invoke_agent shop assistant",
                    (
                        (
                            "task turn",
                            (
                                ("chat gpt-4o-mini", ()),
                                ("execute_tool get_order_status", ()),
                                ("execute_tool read_guide", ()),
                            ),
                        ),
                        ("task turn", (("chat gpt-4o-mini", ()),)),
                    ),
                ),
            ),
        ),
    ),
)


def environment(**more: str) -> dict[str, str]:
    """Without what somebody may have set here."""
    foreign = ("OTEL_", "OPENAI_", "GENSCOPE_", "UVICORN_", "COLUMNS", "FORCE_COLOR", "PYTHONPATH")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(foreign)}
    return {**kept, "GENSCOPE_RAISE_FAULTS": "true", "PYTHONIOENCODING": "utf-8", **more}


def run(*arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*COMMAND, *arguments],
        cwd=ROOT,
        env=environment(**more),
        capture_output=True,
        encoding="utf-8",
        timeout=PATIENCE,
    )


@pytest.fixture(scope="module")
def collector() -> Iterator[Collector]:
    with collecting() as collector:
        yield collector


@pytest.fixture(scope="module")
def ran(collector: Collector) -> subprocess.CompletedProcess[str]:
    """The command, sending to a collector too. A proxy that is not there is set on purpose."""
    return run(**collector.environ, HTTP_PROXY="http://127.0.0.1:9", http_proxy="http://127.0.0.1:9")


@pytest.fixture(scope="module")
def spans(ran: subprocess.CompletedProcess[str], collector: Collector) -> list[Span]:
    return [
        span for span in collector.spans if span.name != INDEX[0] and span.trace != first(collector, INDEX[0]).trace
    ]


def first(collector: Collector, name: str) -> Span:
    return next(span for span in collector.spans if span.name == name)


def test_it_answers(ran: subprocess.CompletedProcess[str]) -> None:
    assert ran.returncode == 0, ran.stderr
    provider, command, blank, question, answer = ran.stdout.splitlines()
    assert re.fullmatch(r"A simulated provider at http://127\.0\.0\.1:\d+", provider)
    assert re.fullmatch(r"\$ opentelemetry-instrument uvicorn examples\.rag_agent\.app:app --port \d+", command)
    assert blank == ""
    assert question == "> What is the capital of France, and where is my order?"
    assert answer == "< Paris is the capital of France."


def still(tree: str) -> list[str]:
    """Without what differs from run to run."""
    timeless = re.sub(r"[\d.]+ m?s\b", "TIME", re.sub(r"(127\.0\.0\.1):\d+", r"\1", tree))
    lines = [" ".join(line.split()) for line in timeless.strip().splitlines()]
    tools = iter(sorted(line for line in lines if "execute_tool" in line))  # at the same time, in either order
    return [next(tools) if "execute_tool" in line else line for line in lines]


def test_it_prints_both_traces_and_nothing_else(ran: subprocess.CompletedProcess[str]) -> None:
    first, second = ran.stderr.split("\n\n")
    assert still(first)[0].startswith("invoke_workflow index guides TIME in all ")
    assert len(still(first)) == 3
    page = (ROOT / "README.md").read_text(encoding="utf-8")
    shown = re.search(r"```text\n(POST /ask.*?)```", page, re.DOTALL)
    assert shown is not None
    assert still(second) == still(shown[1])


def test_the_collector_gets_the_same_traces(collector: Collector, spans: list[Span]) -> None:
    assert trees(collector.spans) == [INDEX, ANSWER]
    assert len({span.trace for span in spans}) == 1
    assert not [span.name for span in spans if span.failed]


def test_who_asked_is_on_every_span_of_ours(spans: list[Span]) -> None:
    ours = [span for span in spans if span.scope == "genscope"]
    assert len(ours) == 11
    assert {(span.attributes["user.id"], span.attributes["gen_ai.conversation.id"]) for span in ours} == {("u1", "s1")}


def test_tools_have_the_ids_under_which_they_were_asked_for(spans: list[Span]) -> None:
    ids = {span.name: span.attributes["gen_ai.tool.call.id"] for span in spans if span.name.startswith("execute_tool")}
    asked = {id.removesuffix(id[-1]) for id in ids.values()}
    assert len(asked) == 1  # by one answer
    assert {id[-1] for id in ids.values()} == {"0", "1"}


def test_a_question_of_ones_own() -> None:
    ran = run("Is it cold?")
    assert ran.returncode == 0, ran.stderr
    assert "\n> Is it cold?\n< Paris is the capital of France.\n" in ran.stdout


def test_what_is_no_question() -> None:
    ran = run(" ")
    assert ran.returncode == 1
    assert "The server refuses: " in ran.stderr
    assert "Traceback" not in ran.stderr


def test_what_is_missing_is_named() -> None:
    code = "import runpy, sys; sys.modules['apsw'] = None; runpy.run_module('examples.rag_agent', run_name='__main__')"
    ran = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env=environment(), capture_output=True, text=True, timeout=PATIENCE
    )
    assert ran.returncode == 1
    assert ran.stderr == "Not installed: apsw. Try: pip install -r examples/rag_agent/requirements.txt\n"


@pytest.mark.parametrize("how, status", [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_it_can_be_interrupted(how: signal.Signals, status: int) -> None:
    process = subprocess.Popen(
        COMMAND,
        cwd=ROOT,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # it may be ignored where we run
    )
    with process:
        assert process.stdout is not None
        assert process.stderr is not None
        printed = [process.stdout.readline() for _ in range(2)]
        assert process.stderr.readline() == "\n"  # the server runs and has printed its first trace
        process.send_signal(how)
        _, errors = process.communicate(timeout=PATIENCE)
    assert process.returncode == status
    assert "Traceback" not in errors
    with socket.socket() as probe:
        port = int(printed[1].split()[-1])
        assert probe.connect_ex(("127.0.0.1", port)) != 0  # nothing was left behind


@contextmanager
def serving(simulator: Simulator, **environ: str) -> Iterator[str]:
    """The application as it is deployed: its URL. Ended as by Ctrl-C, so that it exports what it has."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    beside = str(Path(sys.executable).parent)
    environ = environment(
        PATH=os.pathsep.join([beside, os.environ["PATH"]]),
        OPENAI_BASE_URL=simulator.base_url("tools", chunks=50_000),
        OPENAI_API_KEY="sk",
        NO_PROXY="127.0.0.1",
        OTEL_METRICS_EXPORTER="none",
        OTEL_LOGS_EXPORTER="none",
        UVICORN_LOG_LEVEL="warning",
        **environ,
    )
    command = ["opentelemetry-instrument", "uvicorn", "examples.rag_agent.app:app", "--port", str(port)]
    with subprocess.Popen(command, cwd=ROOT, env=environ, stderr=subprocess.PIPE, encoding="utf-8") as server:
        deadline = time.monotonic() + PATIENCE
        with socket.socket() as probe:
            while probe.connect_ex(("127.0.0.1", port)) != 0:
                assert server.poll() is None
                assert time.monotonic() < deadline
                time.sleep(0.05)
        yield f"http://127.0.0.1:{port}"
        server.send_signal(signal.SIGINT)
        _, errors = server.communicate(timeout=PATIENCE)
    assert (server.returncode, errors) == (0, "")


def test_a_reader_who_leaves_a_real_server(simulator: Simulator) -> None:
    import httpx

    with collecting() as collector:
        with serving(simulator, OTEL_TRACES_EXPORTER="otlp", **collector.environ) as url:
            with httpx.Client(trust_env=False, timeout=PATIENCE) as browser:
                with browser.stream("POST", f"{url}/ask", json={"question": "Is it far?"}) as answer:
                    assert next(answer.iter_lines()) == "event: text"
    assert trees(collector.spans) == [INDEX, ANSWER]
    assert not [span.name for span in collector.spans if span.failed]
    outcomes = {span.name: span.attributes.get("genscope.stream.outcome") for span in collector.spans}
    assert outcomes["invoke_workflow answer question"] == "abandoned"
    assert outcomes["invoke_agent shop assistant"] == "abandoned"
    last = max((span for span in collector.spans if span.name.startswith("chat")), key=lambda span: span.start)
    assert last.attributes["genscope.stream.outcome"] == "abandoned"
    assert last.attributes["genscope.stream.chunks"] < 50_000
