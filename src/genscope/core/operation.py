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


def _later(default: Any = None) -> Any:
    """A field that is known later: until then the class has the default, and the instance nothing."""
    return field(default=default, init=False)


@dataclass
class Usage:
    """Tokens as the provider counted them. `input_tokens` and `output_tokens` are totals, the rest are parts of these.

    `vars(usage)` holds just what the provider said.
    """

    input_tokens: int | None = _later()
    output_tokens: int | None = _later()
    cache_read_input_tokens: int | None = _later()
    cache_write_input_tokens: int | None = _later()
    reasoning_output_tokens: int | None = _later()
    text_input_tokens: int | None = _later()
    image_input_tokens: int | None = _later()
    audio_input_tokens: int | None = _later()
    text_output_tokens: int | None = _later()
    image_output_tokens: int | None = _later()
    audio_output_tokens: int | None = _later()
    text_cache_read_input_tokens: int | None = _later()
    image_cache_read_input_tokens: int | None = _later()
    audio_cache_read_input_tokens: int | None = _later()


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


@dataclass
class Operation:
    """One logical call, all of its retries included."""

    name: str
    """`gen_ai.operation.name`: chat, embeddings, text_completion, fetch_response."""
    provider: str
    """`gen_ai.provider.name`."""
    server_address: str | None
    server_port: int | None
    streaming: bool
    model: str | None = _later()
    """As requested."""
    request: dict[str, Value] = field(default_factory=dict[str, Value], init=False)
    """Request parameters by meaning (`semconv.REQUEST` names them): max_tokens, temperature ..."""

    response_id: str | None = _later()
    response_model: str | None = _later()
    finish_reasons: tuple[str, ...] | None = _later()
    """One for each choice, in the order of the choices."""
    response: dict[str, Value] = field(default_factory=dict[str, Value], init=False)
    """What else the answer said, by meaning (`semconv.RESPONSE`): status, service_tier ..."""
    usage: Usage | None = _later()
    error: ProviderError | None = _later()

    attempts: Sequence[Attempt] = _later(())
    """Those that failed and were tried again; the last attempt is not among them."""
    started_at: int = _later(0)
    """Wall clock, nanoseconds since the epoch; durations come from `started` and `ended`."""
    started: float = _later(0.0)
    ended: float | None = _later()
    duration: float = _later(0.0)
    """Seconds, of the span and of its measurement alike."""
    first_chunk: float | None = _later()
    first_token: float | None = _later()
    """First content of the answer: text, a refusal or a tool call. A frame that only names a role is a chunk, not a token."""
    first_reasoning_token: float | None = _later()
    progress: tuple[int, float | None] = _later((0, None))
    """Chunks so far and when the last one came; one field, because it is written for every chunk."""
    outcome: str | None = _later()
    """How a stream ended: completed, abandoned (the caller stopped early), failed, cancelled."""

    failure: Failure | None = _later()
    cost: Cost | None = _later()

    span: Any = _later()
    """The OpenTelemetry span, opaque here."""
    context: Any = _later()
    """The OpenTelemetry context that holds the span: for exemplars, log records and children."""
    neighbour: str | None = _later()
    """Name of the instrumentation that owns `span`, when another one already describes this call."""

    @property
    def chunks(self) -> int:
        """How many chunks a stream has brought."""
        return self.progress[0]

    @property
    def last_chunk(self) -> float | None:
        return self.progress[1]
