"""Redaction of telemetry that others made: whatever an attribute, a body or a name may be.

Nothing is known of these but their names. So all texts are redacted but those that are telemetry's own words: where
something ran, what it is called, with what it is found again.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Mapping, Sequence
from fnmatch import translate
from functools import lru_cache, partial
from operator import is_
from typing import Any, Final, cast

from genscope.core.pipeline import Faults
from genscope.features.redaction import embedded_json
from genscope.features.redaction.presidio import make_search
from genscope.features.redaction.stage import make_walk
from genscope.features.redaction.walk import FAILED, SECRET, Walk
from genscope.settings import Settings

logger = logging.getLogger("genscope")

OWN: Final = (
    # where it ran
    *("server.*", "client.*", "network.*", "net.*", "peer.service", "host.*", "os.*", "service.*", "container.*"),
    *("k8s.*", "cloud.*", "thread.*", "code.*", "telemetry.*", "otel.*", "user_agent.name", "user_agent.version"),
    # how it went
    *("error.type", "exception.type", "exception.escaped", "http.method", "http.request.method", "http.route"),
    *("http.scheme", "http.flavor", "url.scheme", "rpc.system", "rpc.service", "rpc.method", "messaging.system"),
    *("db.system", "db.system.name", "db.operation", "db.operation.name", "db.namespace", "db.collection.name"),
    # which model, tool and agent; with what it is found again at the provider's
    *("gen_ai.operation.name", "gen_ai.provider.name", "gen_ai.system", "gen_ai.request.model", "gen_ai.output.type"),
    *("gen_ai.response.model", "gen_ai.response.id", "gen_ai.response.finish_reasons", "gen_ai.token.type"),
    *("gen_ai.request.encoding_formats", "gen_ai.tool.name", "gen_ai.tool.type", "gen_ai.tool.call.id"),
    *("gen_ai.agent.id", "gen_ai.agent.name", "gen_ai.workflow.name", "gen_ai.data_source.id"),
    *("openai.*.service_tier", "openai.response.system_fingerprint", "anthropic.request.id"),
    *("genscope.*.hash", "genscope.request_id", "genscope.stream.*", "genscope.retry.*", "genscope.error.*"),
    # the same in the words of OpenLLMetry, OpenInference and LangSmith
    *("gen_ai.prompt.*.role", "gen_ai.completion.*.role", "gen_ai.completion.*.finish_reason", "traceloop.span.kind"),
    *("llm.*_messages.*.role", "llm.model_name", "llm.system", "llm.provider", "llm.request.type", "*.tool_calls.*.id"),
    *("openinference.span.kind", "input.mime_type", "output.mime_type", "langsmith.span.kind", "langsmith.trace.name"),
    # what OpenTelemetry's logging adds
    *("otelTraceID", "otelSpanID", "otelTraceSampled", "otelServiceName", "log.iostream", "log.level"),
)
"""Attributes that are telemetry's own; `*` is anything."""

NOT_OWN: Final = ("code.stacktrace", "otel.status_description")
"""Those among them that quote what a program was given."""

FIELDS: Final = {
    "gen_ai.input.messages": "input",
    "gen_ai.output.messages": "output",
    "gen_ai.system_instructions": "instructions",
    "gen_ai.tool.definitions": "tools",
    "exception.message": "error",
    "exception.stacktrace": "error",
    "error.message": "error",
    "status.description": "error",
}
"""Names that the fields of genscope's own content have on the wire: one setting (`redaction_deny`) speaks of both."""


class TelemetryRedactor:
    """Never raises, and never returns a text at which it could not look. What need not change comes back itself."""

    def __init__(self, settings: Settings, analyzer: Any = None) -> None:
        """`analyzer` is Presidio's, made by the application."""
        self._report: Callable[[Exception], None] = partial(Faults(settings.raise_faults).report, "redacting")
        self._rules: Callable[[str, str], Any] | None
        self._search: Callable[[str], str] | None
        allow, deny = settings.redaction_allow, settings.redaction_deny
        try:
            rules = make_walk(settings)
            self._rules = None if rules is None else rules.value
            self._search = make_search(settings, analyzer)
        except ValueError as reason:
            logger.warning("genscope: no text in the telemetry of others is exported: %s", reason)
            self._rules, self._search, allow, deny = _withheld, None, (), ()
        self._values = Walk(self._text, self._report, allow, deny)
        self._names = Walk(self._by_rules, self._report)
        self._paths = Walk(lambda text, path: text, self._report, allow, deny)
        self._denies = bool(deny)
        self.idle = self._rules is None and self._search is None
        """Whether there is nothing to do."""

    def attributes(self, attributes: Mapping[str, Any] | None) -> Mapping[str, Any] | None:
        if not attributes:
            return attributes
        found = {name: self.attribute(name, value) for name, value in attributes.items()}
        return attributes if all(map(is_, found.values(), attributes.values())) else found

    def attribute(self, name: str, value: Any) -> Any:
        """Numbers, and what is telemetry's own, stay unless the settings deny them by name."""
        path = FIELDS.get(name, name)
        try:
            if _is_number(value):
                return self._value(value, path, False)
            secret = self._is_secret(name)
            if not secret and _is_own(name) and self._paths.value(name, path) is name:
                return value
            return self._value(value, path, secret)
        except Exception as fault:
            self._report(fault)
            return FAILED

    def body(self, value: Any) -> Any:
        """A value of any shape, as log records have."""
        return self.attribute("body", value)

    def name(self, text: Any) -> Any:
        """The name of a span or an event: people group by it, so it is the rules' alone."""
        try:
            return self._names.value(text, "name")
        except Exception as fault:
            self._report(fault)
            return FAILED

    def _value(self, value: Any, path: str, secret: bool) -> Any:
        if isinstance(value, str):
            return SECRET if secret and value else self._values.value(str.__str__(value), path)
        if isinstance(value, bytes):
            return self._bytes(value, path, secret)
        if isinstance(value, Mapping):
            return self._copy(value, dict(cast("Mapping[Any, Any]", value)), path)
        if _is_number(value):
            return self._paths.value(value, path) if self._denies else value
        if isinstance(value, Sequence) and not isinstance(value, (bytearray, memoryview)):
            return self._sequence(cast("Sequence[Any]", value), path, secret)
        return self._values.value(cast("Any", value), path)

    def _sequence(self, values: Sequence[Any], path: str, secret: bool) -> Any:
        texts = [item if isinstance(item, str) else None for item in values]
        if not all(text is not None or _is_number(item) for text, item in zip(texts, values, strict=True)):
            return self._copy(values, list(values), path)
        if secret:
            texts = [SECRET if text else text for text in texts]
        seen = self._values.value(texts, path)
        rest = self._paths.value(list(values), path) if self._denies else values
        found = [other if text is None else text for text, other in zip(seen, rest, strict=True)]
        if all(map(is_, found, values)):
            return values
        return tuple(found) if isinstance(values, tuple) else found

    def _copy(self, value: Any, copy: Any, path: str) -> Any:
        seen = self._values.value(copy, path)
        return value if seen is copy else seen

    def _bytes(self, value: bytes, path: str, secret: bool) -> Any:
        try:
            text = value.decode()
        except UnicodeDecodeError:
            return self._values.value(value, path)  # how many there are
        seen = self._value(text, path, secret)
        return value if seen == text else str(seen).encode(errors="replace")

    def _text(self, text: str, path: str) -> str:
        found = embedded_json.parse(text)
        if found is None:
            text = self._by_rules(text, path)
            return text if self._search is None else self._search(text)
        seen = self._values.value(found.value, path)
        return text if seen is found.value and not found.ambiguous else embedded_json.write(seen, like=text)

    def _by_rules(self, text: str, path: str) -> str:
        return text if self._rules is None else self._rules(text, path)

    def _is_secret(self, name: str) -> bool:
        """Whether an attribute of this name is a secret whatever it looks like (`http.request.header.cookie`)."""
        place, _, key = name.rpartition(".")
        return self._rules is not None and self._paths.value({key: "anything"}, place).get(key) == SECRET


def _is_number(value: object) -> bool:
    """Or nothing, or true or false: what is no text, and has none in it."""
    return value is None or isinstance(value, (bool, int, float))


def _withheld(text: str, path: str) -> str:
    return FAILED if text else text


_match_own: Final = re.compile("|".join(map(translate, OWN))).match
_match_not_own: Final = re.compile("|".join(map(translate, NOT_OWN))).match


@lru_cache(4_096)
def _is_own(name: str) -> bool:
    return _match_own(name) is not None and _match_not_own(name) is None
