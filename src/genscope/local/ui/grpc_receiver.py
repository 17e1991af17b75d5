"""OTLP over gRPC (https://opentelemetry.io/docs/specs/otlp/#otlpgrpc)."""

from __future__ import annotations

import socket
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from importlib import import_module
from typing import Any, Final

from genscope.core.pipeline import Faults
from genscope.local.ui.bodies import LARGEST
from genscope.local.ui.guard import Access
from genscope.local.ui.intake import Intake
from genscope.local.ui.otlp import parsed
from genscope.local.ui.refusals import Refusal
from genscope.local.ui.signals import SIGNALS, Signal, response_to

_THREADS: Final = 8
_AT_THE_SAME_TIME: Final = 64
_PATIENCE: Final = 30.0
_GRACE: Final = 1.0

_OPTIONS: Final = (
    ("grpc.so_reuseport", 0),  # else a second server on the port would get every other connection, unnoticed
    ("grpc.max_receive_message_length", LARGEST),  # unpacked
    ("grpc.max_metadata_size", 16 * 1024),
    ("grpc.http2.max_pings_without_data", 0),
)
_CODES: Final = {400: "INVALID_ARGUMENT", 401: "UNAUTHENTICATED", 413: "RESOURCE_EXHAUSTED"}


class GrpcReceiver:
    """The three services, each with `Export`. Answered when what was sent is in the store."""

    def __init__(self, intake: Intake, access: Access, faults: Faults) -> None:
        self._grpc: Any = import_module("grpc")
        self._intake = intake
        self._access = access
        self._faults = faults
        self._server: Any = self._grpc.server(
            ThreadPoolExecutor(_THREADS, thread_name_prefix="genscope-ui-grpc"),
            options=_OPTIONS,
            maximum_concurrent_rpcs=_AT_THE_SAME_TIME,
        )
        for signal in SIGNALS:
            # No deserializer: what is no request is the sender's fault, which gRPC itself would call an internal one.
            export = self._grpc.unary_unary_rpc_method_handler(self._export(signal))
            handler = self._grpc.method_handlers_generic_handler(signal.service.full_name, {"Export": export})
            self._server.add_generic_rpc_handlers((handler,))

    def bind(self, host: str, port: int) -> int:
        """The port that it is; 0 takes a free one. Raises `OSError`."""
        address = f"[{host}]" if ":" in host else host
        try:
            bound = self._server.add_insecure_port(f"{address}:{port}")
        except RuntimeError:
            bound = 0
        if not bound:
            with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
                probe.bind((host, port))  # says why not
            raise OSError(f"gRPC cannot listen on {address}:{port}")
        return bound

    def start(self) -> None:
        self._server.start()

    def close(self) -> None:
        self._server.stop(_GRACE).wait()

    def _export(self, signal: Signal) -> Any:
        def export(body: bytes, context: Any) -> bytes:
            try:
                if not self._access.lets_in(_headers(context.invocation_metadata())):
                    raise Refusal(401, "A token is needed, as the metadata `authorization: Bearer TOKEN`")
                message = parsed(signal, body)
                records = list(signal.records(message))
                self._intake.offer(signal, records, len(body)).result(_PATIENCE)
                return response_to(signal, signal.items(message) - len(records)).SerializeToString()
            except Refusal as refusal:
                self._refuse(context, refusal)
            except Exception as fault:
                self._faults.report("receiving over gRPC", fault)
                self._refuse(context, Refusal(503, "The server has failed", 5))
            return b""

        return export

    def _refuse(self, context: Any, refusal: Refusal) -> None:
        """With RetryInfo where it may be sent again: without it some senders would give up."""
        code: Any = getattr(self._grpc.StatusCode, _CODES.get(refusal.status, "UNAVAILABLE"))
        context.set_code(code)
        context.set_details(refusal.reason)
        if refusal.retry_after is not None:
            status: Any = import_module("google.rpc.status_pb2").Status(code=code.value[0], message=refusal.reason)
            retry: Any = import_module("google.rpc.error_details_pb2").RetryInfo()
            retry.retry_delay.seconds = refusal.retry_after
            status.details.add().Pack(retry)
            context.set_trailing_metadata((("grpc-status-details-bin", status.SerializeToString()),))


def _headers(metadata: Sequence[Any]) -> dict[str, str]:
    return {str(key): value for key, value in metadata if isinstance(value, str)}
