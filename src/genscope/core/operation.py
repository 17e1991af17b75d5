"""The record of one call to a model: what the readers fill, and what stages and telemetry are functions of.

Plain data. Times are `time.perf_counter()` readings (seconds, monotonic) unless said otherwise; whatever the
provider did not say is None and never a guess.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

Value = str | bool | int | float | Sequence[str] | Sequence[int] | Sequence[float]
"""What OpenTelemetry accepts as an attribute."""


@dataclass(slots=True)
class Usage:
    """Tokens as the provider counted them. `input_tokens` and `output_tokens` are totals, the rest are parts of these."""

    input_tokens: int | None = None
    output_tokens: int | None = None
    cache_read_input_tokens: int | None = None
    cache_write_input_tokens: int | None = None
    reasoning_output_tokens: int | None = None
    text_input_tokens: int | None = None
    image_input_tokens: int | None = None
    audio_input_tokens: int | None = None
    text_output_tokens: int | None = None
    image_output_tokens: int | None = None
    audio_output_tokens: int | None = None
    text_cache_read_input_tokens: int | None = None
    image_cache_read_input_tokens: int | None = None
    audio_cache_read_input_tokens: int | None = None


@dataclass(slots=True)
class Cost:
    """What a call cost. `source` is `provider` or the price table, `table_version` the date of that table."""

    amount: float
    currency: str
    source: str
    table_version: str | None = None


@dataclass(slots=True)
class ProviderError:
    """An error the provider reported inside an answer (an event of a stream, a failed response), not by raising."""

    code: str | None = None
    type: str | None = None
    message: str | None = None


@dataclass(slots=True)
class Failure:
    """Why a call failed. `type` is the provider's error code or else the exception's class name; `kind` see `core.errors`."""

    kind: str
    type: str
    retryable: bool
    status: int | None = None
    request_id: str | None = None
    exception: BaseException | None = None
    """Only while the stages run: an exception holds its traceback, and that the frames of the application."""


@dataclass(slots=True)
class Attempt:
    """One HTTP attempt that the SDK retried. `status` is None without an HTTP answer, `backoff` the wait after it in seconds."""

    kind: str
    status: int | None
    backoff: float


@dataclass(slots=True)
class Operation:
    """One logical call, all of its retries included."""

    name: str
    """`gen_ai.operation.name`: chat, embeddings, text_completion, fetch_response."""
    provider: str
    """`gen_ai.provider.name`."""
    model: str | None = None
    """As requested."""
    server_address: str | None = None
    server_port: int | None = None
    streaming: bool = False
    request: dict[str, Value] = field(default_factory=dict[str, Value])
    """Request parameters by meaning (`semconv.REQUEST` names them): max_tokens, temperature ..."""

    response_id: str | None = None
    response_model: str | None = None
    finish_reasons: tuple[str, ...] | None = None
    """One for each choice, in the order of the choices."""
    response: dict[str, Value] = field(default_factory=dict[str, Value])
    """What else the answer said, by meaning (`semconv.RESPONSE`): status, service_tier ..."""
    usage: Usage | None = None
    error: ProviderError | None = None
    request_id: str | None = None

    attempts: list[Attempt] = field(default_factory=list[Attempt])
    """Those that failed and were tried again; the last attempt is not among them."""
    started_at: int = 0
    """Wall clock, nanoseconds since the epoch; durations come from `started` and `ended`."""
    started: float = 0.0
    ended: float | None = None
    first_chunk: float | None = None
    first_token: float | None = None
    """First content of the answer: text, a refusal or a tool call. A frame that only names a role is a chunk, not a token."""
    first_reasoning_token: float | None = None
    last_chunk: float | None = None
    chunks: int = 0
    outcome: str | None = None
    """How a stream ended: completed, abandoned (the caller stopped early), failed, cancelled."""

    failure: Failure | None = None
    cost: Cost | None = None

    span: Any = None
    """The OpenTelemetry span, opaque here."""
    context: Any = None
    """The OpenTelemetry context that holds the span: for exemplars, log records and children."""
    neighbour: str | None = None
    """Name of the instrumentation that owns `span`, when another one already describes this call."""
