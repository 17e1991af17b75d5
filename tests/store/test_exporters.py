"""The exporters by their name, in a program that knows nothing of them, with the real SDK of a provider."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from genscope.local.simulator import Simulator
from genscope.local.store.reading import Reader

APP = """
import sys
from openai import OpenAI
from opentelemetry import _logs, trace

client = OpenAI(max_retries=2)
for stream in (False, True):
    with trace.get_tracer("app").start_as_current_span("answer"):
        answer = client.chat.completions.create(
            model="gpt-4o-mini", messages=[{"role": "user", "content": "Where is my parcel?"}], stream=stream
        )
        stream and list(answer)
if "--verdict" in sys.argv:
    record = {"event_name": "gen_ai.evaluation.result", "attributes": {
        "gen_ai.evaluation.name": "faithfulness", "gen_ai.evaluation.score.value": 0.5}}
    _logs.get_logger("judge").emit(**record)
if "--kill" in sys.argv:
    import genscope, os
    assert genscope.flush(timeout=30)
    os._exit(0)
"""


@pytest.fixture
def run(tmp_path: Path, path: Path, simulator: Simulator) -> Callable[..., subprocess.CompletedProcess[str]]:
    (tmp_path / "app.py").write_text(APP)
    simulator.reset()

    def run(*command: str, **environ: str) -> subprocess.CompletedProcess[str]:
        theirs = ("OTEL_", "OPENAI_", "GENSCOPE_", "PYTHONPATH")
        ours = {name: value for name, value in os.environ.items() if not name.startswith(theirs)}
        ours |= {
            "PATH": os.pathsep.join([str(Path(sys.executable).parent), ours.get("PATH", os.defpath)]),
            "OPENAI_BASE_URL": simulator.base_url("retry", retries=1, after=1),
            "OPENAI_API_KEY": "sk-not-needed",
            "GENSCOPE_STORE": str(path),
            "GENSCOPE_RAISE_FAULTS": "true",
            "NO_PROXY": "127.0.0.1",
            "no_proxy": "127.0.0.1",
        }
        done = subprocess.run(
            command, cwd=tmp_path, env={**ours, **environ}, capture_output=True, text=True, timeout=120
        )
        assert done.returncode == 0, done.stderr
        return done

    return run


def exported(*signals: str) -> dict[str, str]:
    return {
        f"OTEL_{signal.upper()}_EXPORTER": "genscope_store" if signal in signals else "none"
        for signal in ("traces", "logs", "metrics")
    }


def test_all_signals_without_code(run: Callable[..., Any], path: Path) -> None:
    done = run(
        *("opentelemetry-instrument", "python", "app.py"),
        **exported("traces", "logs", "metrics"),
        OTEL_SERVICE_NAME="shop",
        GENSCOPE_PROVIDERS="127.0.0.1=openai",
        OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT="SPAN_AND_EVENT",
        GENSCOPE_CONTENT_HASH="true",
    )
    assert done.stdout + done.stderr == ""
    with Reader(path) as reader:
        streamed, plain = reader.calls().items
        assert [one.name for one in reader.traces().items] == ["answer", "answer"]
        assert (plain.service, plain.provider, plain.model) == ("shop", "openai", "gpt-4o-mini")
        assert plain.input_tokens
        assert (plain.retries, streamed.outcome) == (1, "completed")
        assert streamed.ttft_ns
        assert plain.cost
        trace = reader.trace(plain.trace_id)
        assert trace is not None
        assert "Where is my parcel?" in str(trace.spans[1].content)
        assert [(log.event, log.span_id) for log in trace.logs] == [
            ("gen_ai.client.inference.operation.details", plain.span_id)
        ]
        assert "Where is my parcel?" in str(trace.logs[0].content)
        (repeated,) = reader.repeated()
        assert repeated.calls == 2
        (durations,) = reader.metric("gen_ai.client.operation.duration")
        assert (durations.count, durations.kind) == (2, "histogram")
        assert {
            one.key: one.count for one in reader.metric("gen_ai.client.token.usage", "gen_ai.token.type")
        }.keys() >= {
            "input",
            "output",
        }


def test_run_keeps_what_it_shows(run: Callable[..., Any], path: Path) -> None:
    done = run(sys.executable, "-m", "genscope.cli", "run", "app.py")
    assert done.stderr.startswith(f"genscope: kept in {path}; to see it: ")
    assert "chat gpt-4o-mini" in done.stderr
    with Reader(path) as reader:
        assert len(reader.calls().items) == 2
        assert "gen_ai.client.operation.duration" in reader.metric_names()
        assert all(not one.content for one in reader.all_spans())


def test_a_program_that_ends_without_ending(run: Callable[..., Any], path: Path) -> None:
    run("opentelemetry-instrument", "python", "app.py", "--kill", **exported("traces"))
    with Reader(path) as reader:
        assert len(reader.calls().items) == 2


def test_verdicts_arrive_as_events(run: Callable[..., Any], path: Path) -> None:
    emit = pytest.importorskip("opentelemetry._logs").Logger.emit
    if "event_name" not in emit.__code__.co_varnames:
        pytest.skip("this release of OpenTelemetry has another way to emit events")
    run("opentelemetry-instrument", "python", "app.py", "--verdict", **exported("logs"))
    with Reader(path) as reader:
        (scores,) = reader.scores()
        assert (scores.evaluation, scores.mean) == ("faithfulness", 0.5)


def test_what_everybody_says_can_be_redacted_first(run: Callable[..., Any], path: Path) -> None:
    run(
        *("opentelemetry-instrument", "python", "app.py"),
        **exported() | {"OTEL_TRACES_EXPORTER": "genscope_redacted"},
        GENSCOPE_REDACTED_EXPORTER="genscope_store",
    )
    with Reader(path) as reader:
        assert len(reader.calls().items) == 2
