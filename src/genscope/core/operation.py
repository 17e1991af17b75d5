"""The record of one call to a model: what the readers fill, and what stages and telemetry are functions of.

Plain data. Times are `time.perf_counter()` readings (seconds, monotonic) unless said otherwise; whatever the
provider did not say is None and never a guess. What is known only later is no parameter: until then the class has
its default, and a new record costs little.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol

from genscope.core.messages import Content

Value = str | bool | int | float | Sequence[str] | Sequence[int] | Sequence[float]
"""What OpenTelemetry accepts as an attribute."""


@dataclass
class Usage:
    """Tokens as the provider counted them. `input_tokens` and `output_tokens` are totals, the rest are parts of these.

    `vars(usage)` holds just what the provider said.
    """

    input_tokens: int | None = field(default=None, init=False)
    output_tokens: int | None = field(default=None, init=False)
    cache_read_input_tokens: int | None = field(default=None, init=False)
    cache_write_input_tokens: int | None = field(default=None, init=False)
    reasoning_output_tokens: int | None = field(default=None, init=False)
    text_input_tokens: int | None = field(default=None, init=False)
    image_input_tokens: int | None = field(default=None, init=False)
    audio_input_tokens: int | None = field(default=None, init=False)
    text_output_tokens: int | None = field(default=None, init=False)
    image_output_tokens: int | None = field(default=None, init=False)
    audio_output_tokens: int | None = field(default=None, init=False)


@dataclass(slots=True)
class Cost:
    """What a call cost. `source` is `provider` or the price table, `table_version` the date of that table."""

    amount: float
    currency: str
    source: str
    table_version: str | None = None


class BudgetLeft(NamedTuple):
    """What the tightest of the limits that a call is under has left, in `unit`: usd, tokens or requests."""

    limit: str
    remaining: float
    unit: str
    threshold: int | None
    """The highest of the thresholds that is reached, in percent."""


@dataclass(slots=True)
class ProviderError:
    """An error the provider reported inside an answer (an event of a stream, a failed response), not by raising."""

    code: str | None = None
    type: str | None = None
    message: str | None = None


@dataclass(slots=True)
class Failure:
    """Why a call failed: `type` is the provider's code or the exception's class name, `kind` is of `core.errors`."""

    kind: str
    type: str
    retryable: bool
    status: int | None = None
    request_id: str | None = None
    exception: BaseException | None = None
    """Only while the stages run: an exception holds its traceback, and that the frames of the application."""


@dataclass(slots=True)
class Attempt:
    """An HTTP attempt that the SDK retried: `status` is None without an answer, `backoff` the seconds waited after."""

    kind: str
    status: int | None
    backoff: float


class ToolCall(NamedTuple):
    """A tool that a model asks for."""

    id: str
    name: str | None
    arguments: Any = None
    """Parsed, as far as they are JSON; None if they are not known. Content: only to compare them."""


@dataclass(frozen=True)
class Identity:
    """For whom something is done, as the application said: by `genscope.context`, or baggage that it lets in."""

    attributes: Mapping[str, str]
    """As they are written, by attribute."""
    conversation_id: str | None = None
    user_id: str | None = None
    tenant: str | None = None
    tags: Mapping[str, str] = field(default_factory=dict[str, str])


class Surroundings(Protocol):
    """The annotated span in which a call is made."""

    def count(self, op: Operation) -> None:
        """The call has ended."""
        ...

    def workflow_name(self) -> str | None:
        """Of the workflow as part of which something is done here."""
        ...

    def asked_for(self) -> Any:
        """Where it is noted which tools models have asked for (`core.tool_calls.AskedFor`)."""
        ...


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
    model: str | None = field(default=None, init=False)
    """As requested."""
    request: dict[str, Value] = field(default_factory=dict[str, Value], init=False)
    """Request parameters by meaning (`semconv.REQUEST` names them): max_tokens, temperature ..."""

    response_id: str | None = field(default=None, init=False)
    response_model: str | None = field(default=None, init=False)
    finish_reasons: tuple[str, ...] | None = field(default=None, init=False)
    """One for each choice, in the order of the choices."""
    response: dict[str, Value] = field(default_factory=dict[str, Value], init=False)
    """What else the answer said, by meaning (`semconv.RESPONSE`): status, service_tier ..."""
    offers_tools: bool = field(default=False, init=False)
    offered_tools: frozenset[str] | None = field(default=None, init=False)
    """Their names; None where others than these may be called, which run at the provider or have no name."""
    tool_calls: Sequence[ToolCall] = field(default=(), init=False)
    """The tools that the model asks for, where it was offered some."""
    usage: Usage | None = field(default=None, init=False)
    error: ProviderError | None = field(default=None, init=False)
    lack: str | None = field(default=None, init=False)
    """`empty` where an answer has nothing for the caller, `refused` where it says only that there will be none."""
    defects: tuple[str, ...] = field(default=(), init=False)
    """Why an answer is none, though the call succeeded: of `core.defects`."""

    content: Content | None = field(default=None, init=False)
    """What was said; only if some stage asked for it (`Stage.wants_content`)."""
    raw: Any = field(default=None, init=False)
    """The JSON of the request until it is answered, then the SDK's answer or the exception; None for a stream.

    Only while the stages run, and only if one of them asked for it (`Stage.wants_raw`).
    """

    attempts: Sequence[Attempt] = field(default=(), init=False)
    """Those that failed and were tried again; the last attempt is not among them."""
    rejected: int | None = field(default=None, init=False)
    """HTTP status of an attempt that the SDK is about to repeat."""
    started_at: int = field(default=0, init=False)
    """Wall clock, nanoseconds since the epoch; durations come from `started` and `ended`."""
    started: float = field(default=0.0, init=False)
    ended: float | None = field(default=None, init=False)
    duration: float = field(default=0.0, init=False)
    """Seconds, of the span and of its measurement alike."""
    first_chunk: float | None = field(default=None, init=False)
    first_token: float | None = field(default=None, init=False)
    """First content: text, a refusal or a tool call. A frame that only names a role is a chunk, not a token."""
    first_reasoning_token: float | None = field(default=None, init=False)
    progress: tuple[int, float | None] = field(default=(0, None), init=False)
    """Chunks so far and when the last one came; one field, because it is written for every chunk."""
    outcome: str | None = field(default=None, init=False)
    """How a stream ended: completed, abandoned (the caller stopped early), failed, cancelled."""

    event_attributes: dict[str, Any] | None = field(default=None, init=False)
    """What stages add to the event with the details of the call."""

    failure: Failure | None = field(default=None, init=False)
    cost: Cost | None = field(default=None, init=False)
    budget: BudgetLeft | None = field(default=None, init=False)
    says_cost: bool = field(default=False, init=False)
    """Whether whoever answers is known to say in its usage what a call cost."""
    unpriced: bool = field(default=False, init=False)
    """Whether it used something whose price nobody knows."""

    span: Any = field(default=None, init=False)
    """The OpenTelemetry span, opaque here."""
    context: Any = field(default=None, init=False)
    """The OpenTelemetry context that holds the span: for exemplars, log records and children."""
    sends_trace: bool = field(default=False, init=False)
    """Whether its requests carry the trace: where the SDK would have sent its own span's along."""
    identity: Identity | None = field(default=None, init=False)
    """Who it is for, if the application says so."""
    surroundings: Surroundings | None = field(default=None, init=False)
    """The annotated span that it belongs to; None outside of any."""
    purpose: str | None = field(default=None, init=False)
    """What it is for, if not for the application: `judge`, `evaluate`."""
    neighbour: str | None = field(default=None, init=False)
    """Name of the instrumentation that owns `span`, when another one already describes this call."""

    @property
    def chunks(self) -> int:
        """How many chunks a stream has brought."""
        return self.progress[0]

    @property
    def last_chunk(self) -> float | None:
        return self.progress[1]
