"""Programs whose answers are judged: `python -m judge.programs.judging NAME`. What is told goes into a file."""

from __future__ import annotations

import atexit
import json
import multiprocessing
import os
import sys
import threading
import time
from collections.abc import Sequence
from typing import Any

import openai
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import BatchLogRecordProcessor
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import TracerProvider

import genscope
from genscope.core import background

reader = InMemoryMetricReader()


class File:
    """An exporter of log records: a line for each verdict."""

    def export(self, batch: Sequence[Any]) -> Any:
        for one in batch:
            said = one.log_record.attributes
            name = getattr(one.log_record, "event_name", None) or said["event.name"]
            if name == "gen_ai.evaluation.result":
                write(judge=said["gen_ai.evaluation.name"], error=said.get("error.type"))
        from opentelemetry.sdk._logs import export

        results: Any = getattr(export, "LogRecordExportResult", None) or export.LogExportResult
        return results.SUCCESS

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        return True

    def shutdown(self) -> None: ...


def write(**line: Any) -> None:
    descriptor = os.open(os.environ["LEDGER"], os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    os.write(descriptor, f"{json.dumps({'pid': os.getpid(), **line})}\n".encode())
    os.close(descriptor)


def set_up(*judges: Any, **options: Any) -> None:
    """Providers that export when they are flushed, or at the end."""
    logger_provider = LoggerProvider()
    logger_provider.add_log_record_processor(
        BatchLogRecordProcessor(File(), schedule_delay_millis=10**6)  # type: ignore[arg-type]
    )
    genscope.instrument(
        only=["openai"],
        tracer_provider=TracerProvider(),
        meter_provider=MeterProvider([reader]),
        logger_provider=logger_provider,
        judge_sample_ratio=1,
        judges=judges,
        raise_faults=True,
        **options,
    )


def ask() -> None:
    with openai.OpenAI(base_url=f"{os.environ['SIMULATOR']}/s/ok/v1", api_key="k") as client:
        client.chat.completions.create(model="m", messages=[{"role": "user", "content": "Where?"}])


def patient(case: genscope.Case) -> bool:
    return True


def at_exit() -> None:
    """A judge that is at work when the program ends, and others that wait: three more for each of four threads."""
    over = threading.Event()

    def slow(case: genscope.Case) -> bool:
        over.wait(30)
        time.sleep(0.1)
        return True

    set_up(slow)
    for _ in range(16):
        ask()
    over.set()


def at_exit_hanging() -> None:
    """Judges that never come to an end: the program does."""
    background._left_of_it = 0.3

    def endless(case: genscope.Case) -> None:
        threading.Event().wait()

    set_up(endless, judge_timeout=1000)
    atexit.register(lambda: write(drops=drops()))  # the first to register is the last to run
    for _ in range(10):
        ask()


def drops() -> dict[str, float]:
    data: Any = reader.get_metrics_data()
    return {
        point.attributes["genscope.evaluation.drop_reason"]: point.value
        for resource in data.resource_metrics
        for scope in resource.scope_metrics
        for metric in scope.metrics
        if metric.name == "genscope.evaluation.dropped"
        for point in metric.data.data_points
    }


def forked() -> None:
    """One judge is at work and one answer waits where the process forks: both are the parent's."""
    begun, go_on = threading.Event(), threading.Event()
    parent = os.getpid()

    def slow(case: genscope.Case) -> bool:
        if os.getpid() == parent:
            begun.set()
            return go_on.wait(30)
        return True

    set_up(slow)
    for _ in range(6):
        ask()
    assert begun.wait(30)
    child = os.fork()
    if child == 0:
        ask()
        ask()
        assert genscope.flush(30)
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0
    go_on.set()


def in_a_process() -> None:
    """A child of `multiprocessing` ends without exit handlers."""
    set_up(patient)
    ask()
    context: Any = multiprocessing.get_context("fork")
    child = context.Process(target=ask)
    child.start()
    child.join()
    assert child.exitcode == 0


if __name__ == "__main__":
    globals()[sys.argv[1]]()
