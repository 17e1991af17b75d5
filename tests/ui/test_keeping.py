"""What was confirmed is in the file, whatever happens then; what is not confirmed is sent again by its sender."""

from __future__ import annotations

import signal
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import grpc
import pytest
from google.rpc.error_details_pb2 import RetryInfo
from google.rpc.status_pb2 import Status
from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter as GrpcSpans
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter as HttpSpans
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from store.samples import span as record

from genscope.core.pipeline import Faults
from genscope.local.store.records import SpanRecord
from genscope.local.store.troubles import StoreError
from genscope.local.store.writing import Store
from genscope.local.ui.grpc_receiver import GrpcReceiver
from genscope.local.ui.guard import Access
from genscope.local.ui.intake import Intake
from genscope.local.ui.refusals import Refusal
from genscope.local.ui.signals import SIGNALS

from .messages import call, protobuf, span, trace_id
from .served import Served, clean_environment, eventually

TRACES = SIGNALS[0]
EXPORT = "/opentelemetry.proto.collector.trace.v1.TraceService/Export"


@contextmanager
def locked(store: Path) -> Iterator[None]:
    """Another program is writing, and does not end."""
    db = sqlite3.connect(store, isolation_level=None)
    db.execute("BEGIN IMMEDIATE")
    try:
        yield
    finally:
        db.execute("ROLLBACK")
        db.close()


def test_a_restart_keeps_everything(tmp_path: Path) -> None:
    store = tmp_path / "store.db"
    with Served(store) as served:
        assert served.post("traces", protobuf(call(1))).status == 200
        assert served.end(signal.SIGINT) == 0
    with Served(store) as served:
        assert served.post("traces", protobuf(call(2))).status == 200
        assert {one["trace_id"] for one in served.get("/api/traces")["items"]} == {trace_id(1), trace_id(2)}


def test_to_kill_it_loses_nothing_that_was_confirmed(tmp_path: Path) -> None:
    store = tmp_path / "store.db"
    confirmed: list[int] = []
    with Served(store) as served:

        def send() -> None:
            for number in range(1, 100_000):
                try:
                    answer = served.post("traces", protobuf(call(number)))
                except OSError:
                    return
                if answer.status == 200:
                    confirmed.append(number)

        sender = threading.Thread(target=send)
        sender.start()
        eventually(lambda: len(confirmed) > 20)
        assert served.end(signal.SIGKILL) == -signal.SIGKILL
        sender.join()
    with Served(store) as served:
        found: list[str] = []
        after: dict[str, str] = {}
        while True:
            page = served.get("/api/calls", limit=500, **after)
            found += [one["trace_id"] for one in page["items"]]
            if page["next"] is None:
                break
            after = {"after": page["next"]}
    assert {trace_id(number) for number in confirmed} <= {*found}


@pytest.mark.parametrize("way", ["http", "grpc"])
def test_while_the_file_is_locked_senders_try_again(served: Served, way: str) -> None:
    """The real exporters, with nothing but their own patience."""
    exporter: Any = HttpSpans(f"{served.said['otlp_http']}/v1/traces") if way == "http" else grpc_spans(served)
    ended = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(BatchSpanProcessor(ended))
    with provider.get_tracer("app").start_as_current_span("work"):
        pass
    provider.force_flush()
    with ThreadPoolExecutor(1) as pool:
        with locked(served.store):
            sending: Future[SpanExportResult] = pool.submit(exporter.export, ended.get_finished_spans())
            refused = served.post("traces", protobuf(call(1)))
            assert refused.status == 503
            assert int(refused.headers["retry-after"]) > 0
            assert b"is locked by another program" in refused.body
            assert not sending.done()
        assert sending.result(20) is SpanExportResult.SUCCESS
    assert [one["name"] for one in served.get("/api/traces")["items"]] == ["work"]
    exporter.shutdown()


def grpc_spans(served: Served) -> SpanExporter:
    assert served.grpc is not None
    return GrpcSpans(served.grpc, insecure=True, timeout=20)


PROGRAM = """
import sys
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
way, endpoint, count = sys.argv[1:]
if way == "http":
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    exporter = OTLPSpanExporter(endpoint + "/v1/traces")
else:
    from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter
    exporter = OTLPSpanExporter(endpoint, insecure=True)
provider = TracerProvider()
provider.add_span_processor(BatchSpanProcessor(exporter, max_queue_size=int(count)))
tracer = provider.get_tracer("app")
for number in range(int(count)):
    with tracer.start_as_current_span("chat gpt-4o", attributes={"gen_ai.operation.name": "chat", "number": number}):
        pass
provider.shutdown()
"""


def test_fifty_thousand_spans_over_otlp_are_all_there(tmp_path: Path) -> None:
    """Four applications at once, two by each way, while a page listens."""
    with Served(tmp_path / "store.db") as served, served.live() as live:
        live.next()
        applications = [
            subprocess.Popen(
                [sys.executable, "-c", PROGRAM, way, str(endpoint), "12500"],
                env={**clean_environment(), "OTEL_SERVICE_NAME": f"{way} {number}"},
                stderr=subprocess.PIPE,
                text=True,
            )
            for number in range(2)
            for way, endpoint in (("http", served.said["otlp_http"]), ("grpc", served.grpc))
        ]
        seen = live.until(calls=50_000)
        for application in applications:
            assert application.communicate(timeout=60) == (None, "")
        assert seen == {"calls": 50_000}
        services = served.get("/api/info")["services"]
        assert services == {"http 0": 12_500, "http 1": 12_500, "grpc 0": 12_500, "grpc 1": 12_500}
    db = sqlite3.connect(tmp_path / "store.db")
    numbers = "SELECT count(DISTINCT service || (attributes ->> 'number')) FROM spans"
    if sqlite3.sqlite_version_info >= (3, 38):
        assert db.execute(numbers).fetchone() == (50_000,)
    db.close()


# --- the queue, alone


class Gate(Store):
    """A store that writes when it is let."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.open = threading.Event()
        self.begun = threading.Event()
        self.batches: list[int] = []
        self.refusal: Exception | None = None

    def add_spans(self, spans: Any) -> None:
        found = list(spans)
        self.begun.set()
        assert self.open.wait(20)
        if self.refusal is not None:
            raise self.refusal
        self.batches.append(len(found))
        super().add_spans(found)


@pytest.fixture
def gate(tmp_path: Path) -> Iterator[Gate]:
    gate = Gate(tmp_path / "store.db")
    yield gate
    gate.open.set()
    gate.close()


@pytest.fixture
def intake(gate: Gate) -> Iterator[Intake]:
    intake = Intake(gate, Faults(), limit=1000)
    yield intake
    gate.open.set()
    intake.close()


SPANS = replace(TRACES, add=lambda store, spans: store.add_spans(spans))
"""Through the gate: signals know the functions of the plain store."""


def records(*numbers: int) -> list[SpanRecord]:
    return [record(number) for number in numbers]


def test_when_too_much_waits_senders_are_asked_to_come_again(gate: Gate, intake: Intake) -> None:
    intake.start()
    first = intake.offer(SPANS, records(1), 5000)  # larger than the limit, but alone
    assert gate.begun.wait(20)
    second = intake.offer(SPANS, records(2), 400)
    with pytest.raises(Refusal) as refused:
        intake.offer(SPANS, records(3), 700)
    assert (refused.value.status, refused.value.retry_after) == (429, 1)
    assert not first.done()
    gate.open.set()
    first.result(20)
    second.result(20)
    intake.offer(SPANS, records(3), 700).result(20)
    assert sum(gate.batches) == 3


def test_what_waits_together_is_written_together(gate: Gate, intake: Intake) -> None:
    waiting = [intake.offer(SPANS, records(number), 1) for number in range(1, 101)]
    gate.open.set()
    intake.start()
    for one in waiting:
        one.result(20)
    assert gate.batches == [100]


@pytest.mark.parametrize("fault", [StoreError("the disk is full"), RuntimeError("a secret")])
def test_what_cannot_be_written_is_refused_and_the_next_is_written(
    gate: Gate, intake: Intake, fault: Exception
) -> None:
    intake.start()
    gate.open.set()
    gate.refusal = fault
    with pytest.raises(Refusal) as refused:
        intake.offer(SPANS, records(1), 1).result(20)
    assert (refused.value.status, refused.value.retry_after) == (503, 1)
    assert "secret" not in refused.value.reason
    gate.refusal = None
    intake.offer(SPANS, records(1), 1).result(20)


def test_at_the_end_what_waits_is_written_and_nothing_more_is_taken(gate: Gate, intake: Intake) -> None:
    intake.start()
    waiting = [intake.offer(SPANS, records(number), 1) for number in range(1, 4)]
    gate.open.set()
    intake.close()
    assert [one.done() for one in waiting] == [True] * 3
    with pytest.raises(Refusal):
        intake.offer(SPANS, records(4), 1)
    assert intake.offer(SPANS, [], 0).done()


def test_over_grpc_a_full_queue_says_when_to_come_again(gate: Gate) -> None:
    """Without RetryInfo a sender may give up (the specification of OTLP, on throttling)."""
    full = Intake(gate, Faults(), limit=1)
    full.offer(TRACES, records(1), 1)
    receiver = GrpcReceiver(full, Access(), Faults())
    port = receiver.bind("127.0.0.1", 0)
    receiver.start()
    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        with pytest.raises(grpc.RpcError) as refused:
            channel.unary_unary(EXPORT)(protobuf(span(2)), timeout=20)
    receiver.close()
    assert refused.value.code() is grpc.StatusCode.UNAVAILABLE
    details = dict(refused.value.trailing_metadata())["grpc-status-details-bin"]
    retry = RetryInfo()
    assert Status.FromString(details).details[0].Unpack(retry)
    assert retry.retry_delay.seconds == 1
