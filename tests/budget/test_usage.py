"""What a call is charged when it has ended, however it has ended."""

from __future__ import annotations

import asyncio

import pytest

from genscope.core.operation import Operation, ProviderError
from genscope.features.budget.estimate import Estimate
from genscope.features.budget.usage import tokens_used

from .calls import HttpError, answered, call, error, failed, streamed

ESTIMATE = Estimate(100, 50)
WHOLE = ESTIMATE


def partial_usage(op: Operation) -> Operation:
    """As Anthropic begins a stream: the input, and a first token."""
    return answered(op, 80, 1)


CASES = {
    "answered": (answered(call(), 80, 20), (80, 20)),
    "answered, embeddings": (answered(call("embeddings"), 80), (80, 0)),
    "answered without usage": (answered(call()), WHOLE),
    "answered, output only": (answered(call(), None, 20), (100, 20)),
    "stream read, usage": (streamed(answered(call(), 80, 20), 30), (80, 20)),
    "stream read, no usage": (streamed(call(), 30), (100, 30)),
    "stream read, no usage, more chunks than guessed": (streamed(call(), 900), (100, 900)),
    "stream read, no usage, more chunks than allowed": (streamed(call(max_tokens=50), 60), (100, 50)),
    "stream left": (streamed(call(max_tokens=50), 7, "abandoned"), (100, 7)),
    "stream left, usage so far": (streamed(partial_usage(call(max_tokens=50)), 7, "abandoned"), (80, 7)),
    "stream never read": (streamed(call(max_tokens=50), 0, "abandoned"), (100, 0)),
    "stream broken off": (failed(streamed(call(), 7, "failed"), error("ReadError")), (100, 7)),
    "stream cancelled": (failed(streamed(call(), 7, "cancelled"), asyncio.CancelledError()), (100, 7)),
    "refused with 400": (failed(call(), HttpError(400)), None),
    "refused with 429": (failed(call(), HttpError(429)), None),
    "refused with 500": (failed(call(), HttpError(500)), None),
    "stream refused with 429": (failed(streamed(call(), 0, "failed"), HttpError(429)), None),
    "no connection": (failed(call(), error("APIConnectionError", error("ConnectError"))), None),
    "no name": (failed(call(), error("APIConnectionError", error("ConnectError", error("gaierror")))), None),
    "refused connection": (failed(call(), ConnectionRefusedError()), None),
    "no time to connect": (failed(call(), error("APITimeoutError", error("ConnectTimeout"))), None),
    "no answer in time": (failed(call(), error("APITimeoutError", error("ReadTimeout"))), WHOLE),
    "no answer in time, after an attempt without connection": (
        failed(call(), error("APITimeoutError", error("ReadTimeout", error("ConnectError")))),
        WHOLE,
    ),
    "connection lost while waiting": (
        failed(call(), error("APIConnectionError", error("RemoteProtocolError"))),
        WHOLE,
    ),
    "cancelled while waiting": (failed(call(), asyncio.CancelledError()), WHOLE),
    "interrupted while waiting": (failed(call(), KeyboardInterrupt()), WHOLE),
    "an answer that is not understood": (failed(call(), error("APIResponseValidationError")), WHOLE),
    "rejected by the SDK, usage known": (
        failed(answered(call(), 80, 20), error("LengthFinishReasonError")),
        (80, 20),
    ),
    "could not be built": (failed(call(), TypeError()), None),
    "a failure of the application's own": (failed(call(), ValueError()), None),
}


@pytest.mark.parametrize("op, charged", CASES.values(), ids=CASES)
def test_charged(op: Operation, charged: tuple[int, int] | None) -> None:
    assert tokens_used(op, ESTIMATE) == charged


def test_an_error_within_a_stream() -> None:
    from genscope.core.errors import classify_reported

    op = streamed(call(), 4, "failed")
    op.error = ProviderError("server_error")
    op.failure = classify_reported(op.error)
    assert tokens_used(op, ESTIMATE) == (100, 4)
