"""Every option once: its environment variable, its type, its default and one line of help.

An argument wins over the declarative file (`OTEL_CONFIG_FILE`), that over the environment, the environment over the
default. A value that cannot be read is said in a warning with the accepted ones, and the default, always the cautious
side, is taken.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, fields
from importlib import import_module
from inspect import iscoroutinefunction
from typing import Any, Final, cast

logger = logging.getLogger("genscope")

_SWITCH: Final = {
    "true": True,
    "1": True,
    "on": True,
    "yes": True,
    "false": False,
    "0": False,
    "off": False,
    "no": False,
}
_CAPTURE: Final = ("NO_CONTENT", "SPAN_ONLY", "EVENT_ONLY", "SPAN_AND_EVENT")
_STABILITY: Final = ("gen_ai_latest_experimental", "gen_ai_latest_experimental/dup")


def _boolean(value: Any) -> bool:
    try:
        return _SWITCH[str(value).strip().lower()]
    except KeyError:
        raise ValueError("true or false") from None


def _count(value: Any) -> int:
    try:
        found = int(value)
    except (TypeError, ValueError, OverflowError):
        found = -1
    if found < 0 or isinstance(value, bool) or (isinstance(value, float) and not value.is_integer()):
        raise ValueError("a whole number, 0 or more")
    return found


def _one_of(*accepted: str) -> Callable[[Any], str]:
    by_spelling = {name.lower(): name for name in accepted}

    def read(value: Any) -> str:
        try:
            return by_spelling[str(value).strip().lower()]
        except KeyError:
            raise ValueError(", ".join(accepted)) from None

    return read


def _tokens(value: Any) -> frozenset[str]:
    """What is not ours in the list is another instrumentation's: `http/dup`."""
    items = value.split(",") if isinstance(value, str) else value
    if not isinstance(items, Collection):
        raise ValueError(f"a list of {', '.join(_STABILITY)}")
    tokens = {str(item).strip().lower() for item in cast("Collection[Any]", items)}
    if any(token.startswith("gen_ai") and token not in _STABILITY for token in tokens):
        raise ValueError(", ".join(_STABILITY))
    return frozenset(tokens & set(_STABILITY))


def _mapping(value: Any) -> Mapping[str, str]:
    if isinstance(value, Mapping):
        return {str(key): str(item) for key, item in cast("Mapping[Any, Any]", value).items()}
    pairs: dict[str, str] = {}
    for pair in filter(None, (part.strip() for part in str(value).split(","))):
        key, equals, item = pair.partition("=")
        if not (equals and key.strip() and item.strip()):
            raise ValueError("host=provider pairs, separated by commas")
        pairs[key.strip()] = item.strip()
    return pairs


Hook = Callable[[Any, Any], Any]
"""`(op, raw)`: the `Operation`, and what is passing by. What a hook returns is ignored."""


def _function(value: Any) -> Hook:
    found = value
    if not callable(value):
        module, colon, name = str(value).partition(":")
        try:
            found = getattr(import_module(module.strip()), name.strip()) if colon else None
        except Exception:  # an import runs whatever the module does
            found = None
    if not callable(found) or iscoroutinefunction(found):  # nobody would await it
        raise ValueError("a function, not an async one, or where to import it from: package.module:function")
    return found


def _option(
    env: str, read: Callable[[Any], Any], default: Any, help: str, *, outdated: Mapping[str, str] | None = None
) -> Any:
    """`outdated` are spellings of old that are still understood, and what they mean now."""
    metadata = {"env": env, "read": read, "help": help, "outdated": outdated or {}}
    return field(default_factory=lambda: default, metadata=metadata)


@dataclass(frozen=True, slots=True)
class Settings:
    """The options of one instrumentation."""

    capture_message_content: str = _option(
        "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT",
        _one_of(*_CAPTURE),
        "NO_CONTENT",
        "Where prompts and answers are written: `NO_CONTENT`, `SPAN_ONLY`, `EVENT_ONLY` or `SPAN_AND_EVENT`.",
        outdated={"true": "SPAN_ONLY", "false": "NO_CONTENT"},
    )
    emit_event: bool | None = _option(
        "OTEL_INSTRUMENTATION_GENAI_EMIT_EVENT",
        _boolean,
        None,
        "Write the event `gen_ai.client.inference.operation.details` for each call; "
        "without a word here, when content goes to events.",
    )
    max_content_bytes: int = _option(
        "GENSCOPE_MAX_CONTENT_BYTES",
        _count,
        131_072,
        "Bytes of JSON that an attribute with content may have; what is longer is cut and stays JSON.",
    )
    tool_schemas: bool = _option(
        "GENSCOPE_TOOL_SCHEMAS",
        _boolean,
        False,
        "With content, write the description and the parameters of each tool too, not only its type and name.",
    )
    semconv_stability_opt_in: Collection[str] = _option(
        "OTEL_SEMCONV_STABILITY_OPT_IN",
        _tokens,
        frozenset[str](),
        "`gen_ai_latest_experimental` for the names of the conventions' main branch, "
        "`gen_ai_latest_experimental/dup` for these and today's.",
    )
    legacy_names: bool = _option(
        "GENSCOPE_LEGACY_NAMES",
        _boolean,
        False,
        "Write names of old in addition, for dashboards that read them: `gen_ai.system`, `llm.request.latency` ...",
    )
    exception_signal: str = _option(
        "OTEL_SEMCONV_EXCEPTION_SIGNAL_OPT_IN",
        _one_of("spans", "logs", "logs/dup"),
        "spans",
        "Where exceptions are written: as a span event, as a log event (`logs`), or as both (`logs/dup`).",
    )
    providers: Mapping[str, str] = _option(
        "GENSCOPE_PROVIDERS",
        _mapping,
        {},
        "Names of providers by host, `llm.example.com=acme,10.0.0.5:8000=vllm`; goes before the built-in names.",
    )
    stream_usage: bool = _option(
        "GENSCOPE_STREAM_USAGE",
        _boolean,
        False,
        "Ask for the token usage of streams that did not ask (`stream_options.include_usage`); "
        "the application does not see the extra chunk.",
    )
    native_spans: bool = _option(
        "GENSCOPE_NATIVE_SPANS",
        _boolean,
        False,
        "Keep the spans that an SDK makes of its own calls (`anthropic` 2) and make none of ours; metrics go on.",
    )
    time_per_output_chunk: bool = _option(
        "GENSCOPE_TIME_PER_OUTPUT_CHUNK",
        _boolean,
        False,
        "Record a measurement for every chunk of a stream; costs some 10 microseconds each.",
    )
    request_hook: Hook | None = _option(
        "GENSCOPE_REQUEST_HOOK",
        _function,
        None,
        "A function `(op, raw)`, or `package.module:function`: called with the body of each request before it is sent.",
    )
    response_hook: Hook | None = _option(
        "GENSCOPE_RESPONSE_HOOK",
        _function,
        None,
        "The same for each answer, before the span ends; `raw` is the SDK's object, "
        "the exception of a failed call, or None for a stream.",
    )
    chunk_hook: Hook | None = _option(
        "GENSCOPE_CHUNK_HOOK",
        _function,
        None,
        "The same for each chunk of a stream.",
    )
    raise_faults: bool = _option(
        "GENSCOPE_RAISE_FAULTS",
        _boolean,
        False,
        "Raise what goes wrong inside genscope instead of logging it: for its own tests, never for production.",
    )

    @property
    def content_on_spans(self) -> bool:
        return self.capture_message_content in ("SPAN_ONLY", "SPAN_AND_EVENT")

    @property
    def content_on_events(self) -> bool:
        return self.capture_message_content in ("EVENT_ONLY", "SPAN_AND_EVENT")

    @property
    def details_events(self) -> bool:
        return self.content_on_events if self.emit_event is None else self.emit_event


OPTIONS = fields(Settings)
"""`name`, and in `metadata`: `env`, `read`, `help`."""

ARGUMENT: Final = "argument"
FILE: Final = "file"
DEFAULT: Final = "default"


@dataclass(frozen=True, slots=True)
class Resolution:
    """Settings and where they come from."""

    settings: Settings
    origins: Mapping[str, str]
    """By option: argument, file, default, or the name of the environment variable."""
    complaints: tuple[str, ...]
    """What could not be taken as it was said, and what would be accepted."""


def resolve(arguments: Mapping[str, Any], configuration: Mapping[str, Any] | None = None) -> Resolution:
    """Settings from arguments, the options of a declarative file, environment and defaults.

    Raises `TypeError` for an argument that is no option: that is a mistake in a program, and found when it is written.
    """
    refuse_unknown(arguments)
    complaints = [
        f"the file's {name} is ignored: there is no such setting; there are: {', '.join(_NAMES)}"
        for name in configuration or ()
        if name not in _NAMES
    ]
    values: dict[str, Any] = {}
    origins: dict[str, str] = {}
    for option in OPTIONS:
        origins[option.name] = DEFAULT
        for origin, value in _said(option.name, option.metadata["env"], arguments, configuration or {}):
            where = origin if origin not in (ARGUMENT, FILE) else f"{option.name} ({origin})"
            meant = option.metadata["outdated"].get(str(value).strip().lower())
            if meant is not None:
                complaints.append(f"{where}={value!r} is outdated, and read as {meant}")
            try:
                values[option.name] = option.metadata["read"](value if meant is None else meant)
                origins[option.name] = origin
            except ValueError as accepted:
                complaints.append(f"{where}={value!r} is ignored; accepted: {accepted}")
            break
    return Resolution(Settings(**values), origins, tuple(complaints))


def refuse_unknown(names: Iterable[str]) -> None:
    """Raises `TypeError` for a name that is no option."""
    unknown = sorted(name for name in names if name not in _NAMES)
    if unknown:
        raise TypeError(f"genscope has no setting {', '.join(unknown)}; there are: {', '.join(_NAMES)}")


complained: Final[set[str]] = set()
"""What has been said, so that it is said once however many SDKs have the same settings."""


def complain(found: Resolution) -> None:
    """Log what could not be taken as it was said."""
    for complaint in found.complaints:
        if complaint not in complained:
            complained.add(complaint)
            logger.warning("genscope: %s", complaint)


_NAMES: Final = {option.name: option for option in OPTIONS}


def _said(
    name: str, env: str, arguments: Mapping[str, Any], configuration: Mapping[str, Any]
) -> Iterator[tuple[str, Any]]:
    """Who says something about an option, and what; the first one counts."""
    if arguments.get(name) is not None:
        yield ARGUMENT, arguments[name]
    if configuration.get(name) is not None:
        yield FILE, configuration[name]
    for variable in environment(env):
        if os.environ.get(variable, "").strip():  # OpenTelemetry: an empty one is as if it were not there
            yield variable, os.environ[variable]


def environment(env: str) -> tuple[str, ...]:
    """The names that a variable has: the second of ours is what `opentelemetry-instrument --genscope_...` sets."""
    return (env, f"OTEL_PYTHON_{env}") if env.startswith("GENSCOPE_") else (env,)
