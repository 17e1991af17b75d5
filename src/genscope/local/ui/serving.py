"""The server, from its start to its end."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from socket import gethostname, socket
from types import TracebackType
from typing import Any, Final
from urllib.parse import quote

import uvicorn
from opentelemetry import _logs, metrics, trace

from genscope.core.pipeline import Faults
from genscope.local.store.database import opened
from genscope.local.store.writing import Store
from genscope.local.ui.application import application
from genscope.local.ui.connections import Connection
from genscope.local.ui.grpc_receiver import GrpcReceiver
from genscope.local.ui.guard import Access
from genscope.local.ui.intake import Intake
from genscope.local.ui.live import Live
from genscope.local.ui.otlp import HttpReceiver
from genscope.local.ui.ports import GRPC_PORT, HTTP_PORT, PortError, explained, hosts_of, listening, url

_PATIENCE_AT_THE_START: Final = 5.0
_PATIENCE: Final = 1.0
"""Seconds to wait for the file, which senders wait as well: by default they have ten for all their attempts."""
_CONNECTIONS: Final = 256
_STARTED_IN: Final = 10.0
_GRACE: Final = 1


@dataclass(frozen=True)
class Wanted:
    """What to serve, and where. `grpc_port` None is no gRPC; 0 is any free port."""

    store: Path
    host: str = "127.0.0.1"
    port: int = HTTP_PORT
    grpc_port: int | None = GRPC_PORT
    token: str | None = None
    allowed_hosts: Sequence[str] = ()
    max_age: float | None = None
    """Seconds."""
    max_size: float | None = None
    """Bytes."""


class Server:
    """Listens when it is made, serves in threads of its own from `start` to `close`.

    To make it raises `PortError` and `StoreError`: nothing is served that could not be kept.
    """

    def __init__(self, wanted: Wanted) -> None:
        faults = Faults()
        self.store = wanted.store
        opened(wanted.store, _PATIENCE_AT_THE_START).close()  # makes it
        self._sockets = listening(wanted.host, wanted.port, "--port PORT")
        self.port: int = self._sockets[0].getsockname()[1]
        names = {name.lower() for name in (wanted.host, gethostname(), *wanted.allowed_hosts)}
        access = Access(frozenset(names), wanted.token, f"genscope_{self.port}")
        self._store = Store(
            wanted.store, max_age=wanted.max_age, max_size=wanted.max_size, patience=_PATIENCE, faults=faults
        )
        self._intake = Intake(self._store, faults)
        self.grpc_port: int | None = None
        self._grpc: GrpcReceiver | None = None
        if wanted.grpc_port is not None and find_spec("grpc") is not None:
            self._grpc = GrpcReceiver(self._intake, access, faults)
            try:
                self.grpc_port = _bound(self._grpc, wanted.host, wanted.grpc_port)
            except BaseException:
                self._let_go()
                raise
        self.url = url(wanted.host, self.port)
        self.link = f"{self.url}?token={quote(wanted.token)}" if wanted.token else self.url
        """That opens the page in a browser."""
        self._live = Live(wanted.store)
        app = application(wanted.store, HttpReceiver(self._intake), self._live, access, faults)
        self._uvicorn = _Uvicorn(_configuration(app), self._live)
        self._thread = threading.Thread(target=self._serve, name="genscope-ui", daemon=True)

    def start(self) -> Server:
        _stop_tracing_ourselves()
        self._intake.start()
        if self._grpc is not None:
            self._grpc.start()
        self._thread.start()
        if not self._uvicorn.ready.wait(_STARTED_IN):
            raise PortError("The server does not start")
        return self

    def close(self) -> None:
        """What has come in is written, what is being asked has a second to be answered."""
        if self._grpc is not None:
            self._grpc.close()
        if self._thread.is_alive():
            self._uvicorn.should_exit = True
            self._thread.join()
        self._intake.close()
        self._store.close()
        self._let_go()

    def __enter__(self) -> Server:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def _serve(self) -> None:
        asyncio.run(self._uvicorn.serve(self._sockets))

    def _let_go(self) -> None:
        for one in self._sockets:
            one.close()


class _Uvicorn(uvicorn.Server):
    def __init__(self, configuration: uvicorn.Config, live: Live) -> None:
        super().__init__(configuration)
        self._live = live
        self.ready = threading.Event()

    async def startup(self, sockets: list[socket] | None = None) -> None:
        await super().startup(sockets)
        self.ready.set()

    async def shutdown(self, sockets: list[socket] | None = None) -> None:
        self._live.end()
        await super().shutdown(sockets)


def _configuration(app: Any) -> uvicorn.Config:
    logging.getLogger("uvicorn").addHandler(logging.NullHandler())  # what a client does wrong, the client is told
    return uvicorn.Config(
        app,
        http=Connection,
        ws="none",
        loop="asyncio",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        limit_concurrency=_CONNECTIONS,
        timeout_keep_alive=75,
        timeout_graceful_shutdown=_GRACE,
        h11_max_incomplete_event_size=32 * 1024,
    )


def _bound(receiver: GrpcReceiver, host: str, port: int) -> int:
    first, *others = hosts_of(host)
    try:
        port = receiver.bind(first, port)
    except OSError as fault:
        raise PortError(explained(fault, first, port, "--grpc-port PORT, or --no-grpc")) from fault
    for other in others:
        try:
            receiver.bind(other, port)
        except OSError:  # a machine without IPv6
            pass
    return port


def _stop_tracing_ourselves() -> None:
    """Under `opentelemetry-instrument` this process has telemetry, which by default it would send to itself."""
    for provider in (trace.get_tracer_provider(), metrics.get_meter_provider(), _logs.get_logger_provider()):
        shutdown = getattr(provider, "shutdown", None)
        if callable(shutdown):
            shutdown()
