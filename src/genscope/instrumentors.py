"""Targets of the `opentelemetry_instrumentor` entry points: one class for each SDK and each framework."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, ClassVar, Final

from opentelemetry.instrumentation.instrumentor import BaseInstrumentor

from genscope import settings
from genscope.announce import announce
from genscope.assembly import Providers, assemble
from genscope.core.attachment import Attachment, Target
from genscope.core.installed import Installation, install, remove
from genscope.frameworks.langchain import LANGCHAIN
from genscope.frameworks.mcp import MCP
from genscope.frameworks.openai_agents import OPENAI_AGENTS
from genscope.providers.anthropic import ANTHROPIC
from genscope.providers.cerebras import CEREBRAS
from genscope.providers.groq import GROQ
from genscope.providers.openai import OPENAI
from genscope.providers.together import TOGETHER
from genscope.providers.writer import WRITER
from genscope.settings import Resolution
from genscope.threads import leave_threads_alone


@dataclass(init=False)
class FileOptions:
    """The options of a declarative file, `instrumentation/development: python: genscope_openai: {...}`.

    opentelemetry-configuration makes it from them and hands its fields to `instrument()`; so they arrive in one piece
    and below what is an argument. What is unknown among them is our complaint, not its exception.
    """

    configuration: Mapping[str, Any]

    def __init__(self, **options: Any) -> None:
        self.configuration = options


_HANDED: Final = (
    *("tracer_provider", "meter_provider", "logger_provider", "stages", "configuration"),
    *("skip_dep_check", "event_logger_provider"),  # what all instrumentors are handed; not for us
)
"""Keyword arguments of `instrument()` that are no settings."""


class Instrumentor(BaseInstrumentor):
    """`instrument()` takes `tracer_provider`, `meter_provider`, `logger_provider`, `stages` and every setting."""

    target: ClassVar[Target]
    """What is traced."""
    requires: ClassVar[str]
    """The versions of it that are supported, as a requirement."""
    configuration: ClassVar[type] = FileOptions

    attachment: Attachment | None = None
    providers: Providers = Providers()
    resolution: Resolution | None = None
    """The settings now in force, and where they come from."""
    _given: Mapping[str, Any] = MappingProxyType({})

    def instrumentation_dependencies(self) -> Collection[str]:
        return (self.requires,)

    def instrument_anew(self, **kwargs: Any) -> None:
        """`instrument()`; where that was done already, only if these arguments bring stages or change a setting."""
        if self.is_instrumented_by_opentelemetry:
            if kwargs.get("stages") is not None:
                kwargs["stages"] = tuple(kwargs["stages"])
            kwargs = {**self._given, **{name: value for name, value in kwargs.items() if value is not None}}
            arguments = {name: value for name, value in kwargs.items() if name not in _HANDED}
            anew = settings.resolve(arguments, kwargs.get("configuration"))
            settings.complain(anew)
            same = self.resolution is not None and anew.settings == self.resolution.settings
            if same and kwargs.get("stages") == self._given.get("stages"):
                return
            self.uninstrument(again=True)
        # An SDK that is not installed is no conflict: there is just nothing to trace.
        self.instrument(skip_dep_check=True, **kwargs)

    def _instrument(self, **kwargs: Any) -> None:
        kwargs["stages"] = tuple(kwargs.get("stages") or ())  # once: it may be an iterator
        given = dict(kwargs)
        handed = {name: kwargs.pop(name, None) for name in _HANDED}
        resolution = settings.resolve(kwargs, handed["configuration"])
        providers = Providers(handed["tracer_provider"], handed["meter_provider"], handed["logger_provider"])
        settings.complain(resolution)
        pipeline = assemble(providers, handed["stages"], resolution.settings)
        attachment = self.target.attach(pipeline, resolution.settings)
        attachment.install()
        install(
            self.target.name,
            Installation(resolution.settings, providers.tracer, providers.meter, pipeline, providers.logger),
        )
        self.attachment, self.providers, self.resolution = attachment, providers, resolution
        self._given = given
        announce(self.target.package, self.requires, resolution.settings)

    def _uninstrument(self, **kwargs: Any) -> None:
        if self.attachment is not None:
            self.attachment.remove()
            if remove(self.target.name):
                leave_threads_alone()
            self.attachment = self.resolution = None
            if not kwargs.get("again"):
                settings.complained.clear()


class OpenAIInstrumentor(Instrumentor):
    """The `openai` package, and every provider that is reached through it."""

    target = OPENAI
    requires = "openai >= 1.26.0"


class AnthropicInstrumentor(Instrumentor):
    """The `anthropic` package, on every platform that it has a client for."""

    target = ANTHROPIC
    requires = "anthropic >= 0.40.0"


class GroqInstrumentor(Instrumentor):
    """The `groq` package."""

    target = GROQ
    requires = "groq >= 0.11.0"


class TogetherInstrumentor(Instrumentor):
    """The `together` package, since Stainless generates it."""

    target = TOGETHER
    requires = "together >= 2.0.0"


class CerebrasInstrumentor(Instrumentor):
    """The `cerebras-cloud-sdk`."""

    target = CEREBRAS
    requires = "cerebras-cloud-sdk >= 1.0.0"


class WriterInstrumentor(Instrumentor):
    """The `writer-sdk`."""

    target = WRITER
    requires = "writer-sdk >= 2.0.0"


class OpenAIAgentsInstrumentor(Instrumentor):
    """The OpenAI Agents SDK, `openai-agents`."""

    target = OPENAI_AGENTS
    requires = "openai-agents >= 0.8"


class MCPInstrumentor(Instrumentor):
    """The `mcp` package, clients and servers."""

    target = MCP
    requires = "mcp >= 1.10.0"


class LangChainInstrumentor(Instrumentor):
    """LangChain, and LangGraph on top of it."""

    target = LANGCHAIN
    requires = "langchain-core >= 0.3"


_ALL = tuple(Instrumentor.__subclasses__())
"""Those above."""


def chosen(only: Iterable[str] | None) -> list[Instrumentor]:
    """The instrumentors of the SDKs named in `only`, of all without it. Raises `ValueError` for an unknown name."""
    by_name = {cls.target.name: cls for cls in _ALL}
    names = list(by_name) if only is None else [only] if isinstance(only, str) else list(only)
    unknown = [name for name in names if name not in by_name]
    if unknown:
        raise ValueError(f"genscope does not trace {', '.join(unknown)}; it traces: {', '.join(by_name)}")
    return [by_name[name]() for name in names]
