"""Every option once, by topic."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, fields

from genscope.settings.budget import BudgetOptions
from genscope.settings.content import ContentOptions
from genscope.settings.cost import CostOptions
from genscope.settings.identity import IdentityOptions
from genscope.settings.judging import JudgingOptions
from genscope.settings.option import option
from genscope.settings.redaction import RedactionOptions
from genscope.settings.sampling import SamplingOptions
from genscope.settings.slo import ObjectiveOptions
from genscope.settings.store import StoreOptions
from genscope.settings.values import Hook, boolean, function, mapping, one_of, tokens


@dataclass(frozen=True)
class TelemetryOptions:
    """Telemetry"""

    semconv_stability_opt_in: Collection[str] = option(
        "OTEL_SEMCONV_STABILITY_OPT_IN",
        tokens,
        frozenset[str](),
        "`gen_ai_latest_experimental` for the names of the conventions' main branch, "
        "`gen_ai_latest_experimental/dup` for these and today's.",
    )
    legacy_names: bool = option(
        "GENSCOPE_LEGACY_NAMES",
        boolean,
        False,
        "Write names of old in addition, for dashboards that read them: `gen_ai.system`, `llm.request.latency` ...",
    )
    exception_signal: str = option(
        "OTEL_SEMCONV_EXCEPTION_SIGNAL_OPT_IN",
        one_of("spans", "logs", "logs/dup"),
        "spans",
        "Where exceptions are written: as a span event, as a log event (`logs`), or as both (`logs/dup`).",
    )
    providers: Mapping[str, str] = option(
        "GENSCOPE_PROVIDERS",
        mapping,
        {},
        "Names of providers by host, `llm.example.com=acme,10.0.0.5:8000=vllm`; goes before the built-in names.",
    )
    stream_usage: bool = option(
        "GENSCOPE_STREAM_USAGE",
        boolean,
        False,
        "Ask for the token usage of streams that did not ask (`stream_options.include_usage`); "
        "the application does not see the extra chunk.",
    )
    native_spans: bool = option(
        "GENSCOPE_NATIVE_SPANS",
        boolean,
        False,
        "Keep the spans that an SDK makes of its own calls (`anthropic` 2) and make none of ours; metrics go on.",
    )
    time_per_output_chunk: bool = option(
        "GENSCOPE_TIME_PER_OUTPUT_CHUNK",
        boolean,
        False,
        "Record a measurement for every chunk of a stream; costs some 10 microseconds each.",
    )
    request_hook: Hook | None = option(
        "GENSCOPE_REQUEST_HOOK",
        function,
        None,
        "A function `(op, raw)`, or `package.module:function`: called with the body of each request before it is sent.",
    )
    response_hook: Hook | None = option(
        "GENSCOPE_RESPONSE_HOOK",
        function,
        None,
        "The same for each answer, before the span ends; `raw` is the SDK's object, "
        "the exception of a failed call, or None for a stream.",
    )
    chunk_hook: Hook | None = option(
        "GENSCOPE_CHUNK_HOOK",
        function,
        None,
        "The same for each chunk of a stream.",
    )
    raise_faults: bool = option(
        "GENSCOPE_RAISE_FAULTS",
        boolean,
        False,
        "Raise what goes wrong inside genscope instead of logging it: for its own tests, never for production.",
    )


@dataclass(frozen=True)
class Settings(
    StoreOptions,
    JudgingOptions,
    ObjectiveOptions,
    BudgetOptions,
    CostOptions,
    RedactionOptions,
    ContentOptions,
    IdentityOptions,
    SamplingOptions,
    TelemetryOptions,
):
    """The options of one instrumentation."""


OPTIONS = fields(Settings)
"""`name`, and in `metadata`: `env`, `read`, `help` and what else `option` has."""

TOPICS = tuple(cls for cls in reversed(Settings.__mro__[1:-1]))
"""The classes whose fields they are; the docstring is the topic's name."""
