"""The words in which the contract is declared. A provider joins with an `Sdk`: its clients, its shapes, and its APIs,
each with the body of a request and what the answer says; every test then runs over them.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from operator import attrgetter
from types import ModuleType
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from .play import Scene

Mode = Literal["sync", "async"]
MODES: Sequence[Mode] = ("sync", "async")
Attributes = Mapping[str, Any]
Program = Callable[["Scene"], Awaitable[None]]
"""What the application does: written once, for both modes. In sync mode nothing in it ever suspends."""


class _Named:
    """Told by its name: what pytest prints can be read."""

    name: str

    def __repr__(self) -> str:
        return self.name


CANARY = "canary-b7e2-9f41"
"""Stands for what is nobody else's business."""


@dataclass(frozen=True)
class Secrets:
    """An API's request, answer and chunk with the canary wherever there may be content; `more` chunks that follow."""

    arguments: Mapping[str, Any]
    answer: Mapping[str, Any]
    chunk: Mapping[str, Any]
    more: Sequence[Mapping[str, Any]] = ()


@dataclass(frozen=True, repr=False)
class Api(_Named):
    """One API of an SDK: how it is called, and what the simulator answers.

    resource, method  `client.chat.completions`, `create`
    verb, url         the same call by `client.post`
    answer, chunk     names of the types that this call has to be told
    files             the arguments that are files, sent with the others as a form
    asked             span attributes that are known from the request, beside operation, provider, model and server
    known             those that the request explains, and that the span has only at its end
    told, begun       those that a whole answer adds, and those that are known from the first chunk of a stream
    usage             the token attributes of a whole answer; `streams_usage`: of a stream too, without being asked
    frames            chunks in the simulator's stream; 0: it does not stream
    error_events      an error in mid-stream is an event like others; the SDK does not raise it
    held              chunks before the simulator's scenario `midhang` waits
    brief             like another API in all but its format: not every ending in every shape once more
    extra             what the shapes `parse` and `helper` need beside the arguments; absent: there is no such method
    """

    name: str
    resource: str
    method: str
    arguments: Mapping[str, Any]
    url: str
    answer: str
    operation: str
    verb: str = "post"
    chunk: str = ""
    model: str | None = None
    files: Sequence[str] = ()
    asked: Attributes = field(default_factory=dict)
    known: Attributes = field(default_factory=dict)
    told: Attributes = field(default_factory=dict)
    begun: Attributes = field(default_factory=dict)
    usage: Attributes = field(default_factory=dict)
    streams_usage: bool = False
    frames: int = 0
    error_events: bool = False
    held: int = 0
    extra: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    secrets: Secrets | None = None
    brief: bool = False

    @property
    def span_name(self) -> str:
        return f"{self.operation} {self.model}" if self.model else self.operation

    def of(self, client: Any) -> Any:
        """The resource of a client."""
        return attrgetter(self.resource)(client)


@dataclass(frozen=True, repr=False)
class Shape(_Named):
    """A way to make a call and to read what comes.

    ask      the application's expression, `client.chat.completions.create(...)`
    suits    the APIs that can be called like this
    enters   what comes is a context manager, and only entering it sends the request
    open     from what came, or was entered, to what is read; awaited where it has to be
    streams  the provider is asked for a stream
    iterates what was opened is iterated
    chunks   what is iterated are the chunks themselves, not lines or bytes
    unread   the body is left where it is
    finish   what the application does after the last item
    http     the HTTP response, from what came or was entered
    asked    span attributes that this way of asking adds to the request's
    """

    name: str
    ask: Callable[[Any, Api], Any]
    suits: Callable[[Api], bool] = lambda api: True
    enters: bool = False
    open: Callable[[Any], Any] = lambda came: came
    streams: bool = False
    iterates: bool = False
    chunks: bool = False
    unread: bool = False
    finish: Callable[[Any], Any] | None = None
    http: Callable[[Any], Any] = attrgetter("http_response")
    asked: Attributes = field(default_factory=dict)


@dataclass(frozen=True)
class Problem:
    """How the span tells a failure: `error.type`, `genscope.error.kind`, retryable, HTTP status."""

    type: str
    kind: str
    retryable: bool = False
    status: int | None = None


Ends = Literal["completed", "failed", "abandoned", "cancelled"]
Reads = Literal["all", "some", "nothing"]


@dataclass(frozen=True, repr=False)
class Outcome(_Named):
    """How a call goes and ends.

    program   what the application does with it
    scenario  what the simulator does with it; `options` of the scenario
    client    options of the SDK's client; `refused`: at its address nobody listens
    ends      as the span has it; `reads`: how much of the answer was seen
    problem   how the span tells it, by the shape of the call
    raises    whether the application gets an exception
    unanswered  it happens before there is an answer, the same for all APIs: one of them meets it in every shape
    attempts  (kind, HTTP status or 0, delay or None for the SDK's own choice) of every attempt that was retried
    """

    name: str
    program: Program
    suits: Callable[[Shape], bool] = lambda shape: True
    modes: Sequence[Mode] = MODES
    scenario: str = "ok"
    options: Mapping[str, float] = field(default_factory=dict)
    client: Mapping[str, Any] = field(default_factory=dict)
    refused: bool = False
    ends: Ends = "completed"
    reads: Reads = "all"
    problem: Callable[[Api, Shape], Problem | None] = lambda api, shape: None
    raises: Callable[[Api, Shape], bool] = lambda api, shape: False
    unanswered: bool = False
    attempts: Sequence[tuple[str, int, float | None]] = ()


@dataclass(frozen=True, repr=False)
class Sdk(_Named):
    """An SDK under the contract.

    name          of its package
    instrumentor  the class of `genscope.instrumentors`
    door          the module and the attributes in it that are wrapped
    provider      the name that the tests give to the simulator's host
    client        `(mode, base_url, http_client, **options)`, as applications make it
    clients       other kinds of clients by name; `owners`: the providers to which some of them belong; `lacking`: the
                  APIs that some of them do not have
    http_library  the HTTP library that the installed release uses
    http_client   `(mode)`: a client of the HTTP library that the SDK uses, without the cost of a TLS context
    stand_in      `(mode, handler)`: the same with `handler(request)` in the place of the network
    reset         takes back what some kind of client left in the SDK itself
    problems      outcomes that its provider tells in words of its own
    statuses      HTTP statuses of retried attempts for which its provider has another one
    event         the name without which the SDK does not look at an event of a stream
    alike         like another one in all but its format: its cases are told by its name
    """

    name: str
    instrumentor: Callable[[], Any]
    door: tuple[str, Sequence[str]]
    apis: Sequence[Api]
    shapes: Sequence[Shape]
    client: Callable[..., Any]
    provider: str
    clients: Mapping[str, Callable[..., Any]]
    owners: Mapping[str, str]
    http_library: Callable[[], ModuleType]
    http_client: Callable[[Mode], Any]
    stand_in: Callable[[Mode, Callable[[Any], Any]], Any]
    reset: Callable[[], None] = lambda: None
    problems: Mapping[str, Callable[[Api, Shape], Problem]] = field(default_factory=dict)
    statuses: Mapping[int, int] = field(default_factory=dict)
    event: str = ""
    lacking: Mapping[str, Sequence[str]] = field(default_factory=dict)
    alike: bool = False

    def framed(self, data: str) -> str:
        """An event of a stream."""
        return f"event: {self.event}\ndata: {data}\n\n" if self.event else f"data: {data}\n\n"


@dataclass(frozen=True)
class Case:
    """One test: an API called in one shape by one kind of client, with one outcome."""

    sdk: Sdk
    api: Api
    mode: Mode
    shape: Shape
    outcome: Outcome
    client: str = "own"

    @property
    def problem(self) -> Problem | None:
        """How the span tells the outcome, if that is a failure."""
        return self.sdk.problems.get(self.outcome.name, self.outcome.problem)(self.api, self.shape)

    @property
    def attempts(self) -> Sequence[tuple[str, int, float | None]]:
        """The attempts that were retried, with the statuses that this provider has for them."""
        return [(kind, self.sdk.statuses.get(status, status), delay) for kind, status, delay in self.outcome.attempts]

    def __str__(self) -> str:
        sdk = (self.sdk.name,) if self.sdk.alike else ()
        kind = () if self.client == "own" else (self.client,)
        return "-".join((*sdk, self.api.name, self.mode, *kind, self.shape.name, self.outcome.name))
