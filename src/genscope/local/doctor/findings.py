"""What an examination finds, as plain data: `dataclasses.asdict` of it is what `genscope doctor --json` prints."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal

Signal = Literal["traces", "metrics", "logs"]
SIGNALS: Final[tuple[Signal, ...]] = ("traces", "metrics", "logs")

Section = Literal["sdks", "entry_points", "providers", "endpoints", "settings", "neighbours"]
State = Literal["traced", "in_part", "no_target", "import_fails", "disabled", "not_instrumented", "not_installed"]


def in_words(names: Sequence[str], last: Literal["and", "or"] = "and") -> str:
    """`one, two and three`."""
    return f" {last} ".join(filter(None, (", ".join(names[:-1]), names[-1])))


@dataclass(frozen=True, slots=True)
class Problem:
    """Something to do something about."""

    section: Section
    fatal: bool
    """Whether nothing is traced because of it."""
    text: str
    """What is wrong, and what to do."""


@dataclass(frozen=True, slots=True)
class Sdk:
    """An SDK that genscope traces if it is there."""

    name: str
    """As in `genscope.instrument(only=[...])`."""
    package: str
    """What `import` calls it."""
    requires: str
    """What is supported."""
    version: str | None
    """What is installed; None if it is not, `unknown` without metadata."""
    supported: bool
    entry_point: str | None
    """The name for `OTEL_PYTHON_DISABLED_INSTRUMENTATIONS`."""
    instrumented: bool
    """Whether the instrumentor is active in this very process."""
    state: State
    why: str | None = None
    """Of a state that is not `traced`."""
    module: str | None = None
    """Where the SDK's door is: the module that is patched."""
    bound: list[str] = field(default_factory=list[str])
    """What is wrapped."""
    skipped: dict[str, str] = field(default_factory=dict[str, str])
    """What should be wrapped and cannot be, and why."""

    @property
    def named(self) -> str:
        """With its version, if that is known."""
        return self.name if self.version in (None, "unknown") else f"{self.name} {self.version}"

    @property
    def traced(self) -> bool:
        """Whether it can be traced, and somebody sees to it: this process, or `opentelemetry-instrument`."""
        return self.state in ("traced", "in_part") and (self.instrumented or self.entry_point is not None)


@dataclass(frozen=True, slots=True)
class EntryPoints:
    """How `opentelemetry-instrument` and others find genscope."""

    distribution: str | None
    """The installed version of the distribution `genscope`; None if the package is only on the path."""
    listed: dict[str, list[str]]
    """Names of ours by group."""
    missing: list[str]
    """Names that should be in `opentelemetry_instrumentor`."""


@dataclass(frozen=True, slots=True)
class Exporter:
    """Where a signal goes."""

    name: str
    """As it is asked for (`otlp`), or the class of one that is active."""
    component: str
    """The entry point that this means: `otlp_proto_grpc`."""
    protocol: Literal["grpc", "http/protobuf"] | None = None
    """Of OTLP."""
    endpoint: str | None = None
    """Of OTLP; without user name and password."""
    fault: str | None = None
    """Why there is no such exporter."""


@dataclass(frozen=True, slots=True)
class Providers:
    """What receives spans, measurements and log records."""

    source: Literal["process", "environment", "file"]
    """`process`: the providers that are set in this process; else what `opentelemetry-instrument` would set here."""
    distro: str | None
    configurator: str | None
    known: bool
    """Whether they are OpenTelemetry's own, so that what is not seen here is not there."""
    sdk_disabled: bool
    service_name: str
    sampler: str
    samples_nothing: bool
    """Whether the sampler drops every trace that begins here."""
    propagators: list[str]
    exporters: dict[Signal, list[Exporter]]
    classes: dict[Signal, str] = field(default_factory=dict[Signal, str])
    """Of the providers that are set in this process."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A host and port that exporters send to."""

    address: str
    protocol: str
    signals: list[Signal]
    reachable: bool | None
    """Whether a TCP connection could be opened; None if it was not tried."""
    detail: str | None = None


@dataclass(frozen=True, slots=True)
class Setting:
    """A setting that is not what it would be by itself."""

    name: str
    value: Any
    default: Any
    origin: str
    """`argument`, `file`, or the name of the environment variable."""
    sdks: list[str]
    """Entry points of the SDKs for which it is so."""


@dataclass(frozen=True, slots=True)
class Content:
    """Whether prompts and answers are recorded."""

    capture: str
    events: bool
    """Whether the event `gen_ai.client.inference.operation.details` is written for each call."""
    redaction: str
    """`default`, `strict` or `off`: what is taken out of content wherever it is recorded."""


@dataclass(frozen=True, slots=True)
class Neighbour:
    """Another instrumentation of an SDK that genscope traces."""

    name: str
    """Its entry point, the name for `OTEL_PYTHON_DISABLED_INSTRUMENTATIONS`."""
    distribution: str
    version: str
    sdk: str
    active: bool
    """Whether `opentelemetry-instrument` loads it."""
    why_not: str | None = None
    shares_name_with: list[str] = field(default_factory=list[str])
    """Other distributions with an instrumentation of this name: they can be switched off only together."""


@dataclass(frozen=True, slots=True)
class Examination:
    """Everything that was found. `traced` is the verdict: false if some problem is fatal."""

    traced: bool
    sdks: list[Sdk]
    entry_points: EntryPoints
    providers: Providers
    endpoints: list[Endpoint]
    content: Content
    settings: list[Setting]
    complaints: list[str]
    """Settings that could not be taken as they were said."""
    neighbours: list[Neighbour]
    versions: dict[str, str | None]
    """By distribution; None if it is not installed."""
    problems: list[Problem]
