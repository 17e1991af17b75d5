"""How much a call is charged when it has ended: what the provider reported, and where that is nothing, what is safe.

| how it ended | charged |
|---|---|
| answered | what the provider reported, else the estimate; of a stream, else the input and a token for each chunk |
| stream left, broken off or cancelled | the same; of the output at least a token for each chunk that came |
| refused by the provider (an HTTP status of 400 or more) | nothing |
| never sent: no connection, a request that could not be built | nothing |
| no answer in time, or cancelled before there was one | the whole estimate: the provider may have been at work |
| connection lost while waiting, an answer that could not be understood | the whole estimate |
| any other failure before an answer | nothing |
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from genscope.core.operation import Operation
from genscope.features.budget.estimate import Estimate

_PERHAPS_AT_WORK: Final = frozenset({"timeout", "cancelled", "connection", "invalid_response"})
"""Kinds of failures after which the provider may have done its work, and bill it."""

_NEVER_SENT: Final = frozenset(
    {
        "ConnectError",
        "ConnectTimeout",
        "PoolTimeout",
        "ProxyError",
        "UnsupportedProtocol",
        "LocalProtocolError",
        "ConnectionRefusedError",
        "gaierror",
        "SSLCertVerificationError",
    }
)
"""Names of exceptions, of HTTP libraries and of Python, after which there was no request."""

_SENT: Final = frozenset({"ReadTimeout", "ReadError", "WriteTimeout", "WriteError", "RemoteProtocolError"})

_DEPTH: Final = 8


def tokens_used(op: Operation, estimate: Estimate) -> Estimate | None:
    """Tokens to charge a call that has ended, or None if it is not to be charged at all."""
    usage, failure = op.usage, op.failure
    given = None if usage is None else usage.input_tokens
    taken = None if usage is None else usage.output_tokens
    ended_well = failure is None and op.outcome in (None, "completed")
    if not ended_well:
        chunks = op.chunks
        if given is None and taken is None and not chunks and failure is not None and not _may_be_billed(op):
            return None
        if chunks or op.outcome == "abandoned":  # what was reported before the end is not the end
            taken = max(taken or 0, _of_chunks(op, estimate))
    elif taken is None and given is None and op.streaming:
        taken = _of_chunks(op, estimate)
    return Estimate(
        estimate.input_tokens if given is None else given,
        taken if taken is not None else estimate.output_tokens if given is None else 0,
    )


def _of_chunks(op: Operation, estimate: Estimate) -> int:
    """A token for each chunk; but for what the request itself allows, the chunks know better than the estimate."""
    return min(op.chunks, estimate.output_tokens) if "max_tokens" in op.request else op.chunks


def _may_be_billed(op: Operation) -> bool:
    failure = op.failure
    if failure is None or (failure.status is not None and failure.status >= 400):
        return False
    if failure.kind not in _PERHAPS_AT_WORK:
        return False
    for name in _classes(failure.exception):
        if name in _NEVER_SENT:
            return False
        if name in _SENT:  # what it was raised in the course of may be another attempt's
            return True
    return True


def _classes(error: BaseException | None) -> Iterator[str]:
    """Of an exception and of those it comes from."""
    for _ in range(_DEPTH):
        if error is None:
            return
        for cls in type(error).__mro__:
            yield cls.__name__
        error = error.__cause__ or error.__context__
