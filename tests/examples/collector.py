"""An OpenTelemetry collector on the loopback interface: it takes OTLP over HTTP and remembers the spans."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

Tree = tuple[str, tuple[Any, ...]]
"""A name, and the trees beneath it."""


@dataclass(frozen=True)
class Span:
    """As it arrived."""

    name: str
    scope: str
    trace: bytes
    id: bytes
    parent: bytes
    start: int
    failed: bool
    attributes: Mapping[str, Any]


@dataclass
class Collector:
    """`spans` of all services that sent some."""

    port: int
    spans: list[Span] = field(default_factory=list)

    @property
    def environ(self) -> dict[str, str]:
        """How a program is told to send here."""
        return {
            "OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{self.port}",
            "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf",
        }


@contextmanager
def collecting() -> Iterator[Collector]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    server.collector = Collector(server.server_port)  # type: ignore[attr-defined]
    thread = Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield server.collector  # type: ignore[attr-defined]
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class _Handler(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        if self.path == "/v1/traces":
            self.server.collector.spans += _spans(ExportTraceServiceRequest.FromString(body))  # type: ignore[attr-defined]
        self.send_response(200)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        return


def _spans(request: ExportTraceServiceRequest) -> Iterator[Span]:
    for resource in request.resource_spans:
        for scope in resource.scope_spans:
            for span in scope.spans:
                said = {one.key: getattr(one.value, one.value.WhichOneof("value")) for one in span.attributes}
                yield Span(
                    span.name,
                    scope.scope.name,
                    span.trace_id,
                    span.span_id,
                    span.parent_span_id,
                    span.start_time_unix_nano,
                    span.status.code == span.status.STATUS_CODE_ERROR,
                    said,
                )


def trees(spans: Iterable[Span]) -> list[Tree]:
    """Spans by their parents, in the order of their start. Tools that run at the same time are in that of their names.

    Without what the server says of single messages.
    """
    kept = sorted((span for span in spans if " http " not in span.name), key=lambda span: (span.start, span.name))
    ids = {span.id for span in kept}

    def below(parent: bytes | None) -> tuple[Tree, ...]:
        found = [span for span in kept if (span.parent if span.parent in ids else None) == parent]
        tools = iter(sorted((span for span in found if span.name.startswith("execute_tool")), key=lambda s: s.name))
        found = [next(tools) if span.name.startswith("execute_tool") else span for span in found]
        return tuple((span.name, below(span.id)) for span in found)

    return list(below(None))
