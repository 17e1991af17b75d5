"""The options of what was said: where it is written, how much of it, and in which form."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from genscope.settings.option import option
from genscope.settings.values import boolean, count, hook_name, limit, one_of, text

_CAPTURE: Final = ("NO_CONTENT", "SPAN_ONLY", "EVENT_ONLY", "SPAN_AND_EVENT")


@dataclass(frozen=True)
class ContentOptions:
    """Content"""

    capture_message_content: str = option(
        "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT",
        one_of(*_CAPTURE),
        "NO_CONTENT",
        "Where prompts and answers are written: `NO_CONTENT`, `SPAN_ONLY`, `EVENT_ONLY` or `SPAN_AND_EVENT`.",
        outdated={"true": "SPAN_ONLY", "false": "NO_CONTENT"},
    )
    emit_event: bool | None = option(
        "OTEL_INSTRUMENTATION_GENAI_EMIT_EVENT",
        boolean,
        None,
        "Write the event `gen_ai.client.inference.operation.details` for each call; "
        "without a word here, when content goes to events.",
    )
    max_content_bytes: int = option(
        "GENSCOPE_MAX_CONTENT_BYTES",
        count,
        131_072,
        "Bytes of JSON that an attribute with content may have; what is longer is cut and stays JSON.",
    )
    max_part_bytes: int | None = option(
        "GENSCOPE_MAX_PART_BYTES",
        limit,
        None,
        "Bytes that one text of the content may have (a part of a message, a tool's result); "
        "longer ones lose their middle.",
    )
    max_span_bytes: int = option(
        "GENSCOPE_MAX_SPAN_BYTES",
        limit,
        262_144,
        "Bytes that all content of a span may have together; the newest messages and the answer stay.",
    )
    tool_schemas: bool = option(
        "GENSCOPE_TOOL_SCHEMAS",
        boolean,
        False,
        "With content, write the description and the parameters of each tool too, not only its type and name.",
    )
    content_delta: bool = option(
        "GENSCOPE_CONTENT_DELTA",
        boolean,
        False,
        "Leave out messages that an earlier span of the same conversation or trace has, and link to that span.",
    )
    content_hash: bool = option(
        "GENSCOPE_CONTENT_HASH",
        boolean,
        False,
        "Write `genscope.content.hash`, a hash of the redacted input: repeated prompts are found without being stored.",
    )
    hash_key: str | None = option(
        "GENSCOPE_HASH_KEY",
        text,
        None,
        "Key (HMAC) of content hashes and of pseudonyms: without it nobody can tell a guess from what was hashed.",
        secret=True,
    )
    call_log: bool = option(
        "GENSCOPE_CALL_LOG",
        boolean,
        False,
        "Write one record for each call on the logger `genscope.calls`, and as a log record of OpenTelemetry.",
    )
    call_log_excerpt: int = option(
        "GENSCOPE_CALL_LOG_EXCERPT",
        count,
        500,
        "Characters of the redacted input and answer in that record, where content is captured.",
    )
    completion_hook: Any = option(
        "OTEL_INSTRUMENTATION_GENAI_COMPLETION_HOOK",
        hook_name,
        None,
        "Entry point (`opentelemetry_genai_completion_hook`) that gets the redacted content of each call: "
        "`upload` stores it outside of the telemetry; by keyword also an object with `on_completion`.",
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
