"""Messages: https://platform.claude.com/docs/en/api/messages, beta or not, whole or streamed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, cast

from genscope.core.operation import Operation, Usage
from genscope.wire import anthropic_blocks as CONTENT
from genscope.wire import anthropic_calls as TOOLS
from genscope.wire.anthropic_events import Answer
from genscope.wire.fields import (
    Rule,
    count,
    inner,
    integer,
    listed,
    members,
    number,
    output_type,
    provider_error,
    read_identity,
    read_parameters,
    service_tier,
    text,
    texts,
)

__all__ = ["CONTENT", "OPERATION", "PARAMETERS", "TOOLS", "Answer", "read_request", "read_response"]

OPERATION: Final = "chat"


def _ttl(value: Any) -> str | None:
    """How long the cache is to keep what the request asks it to keep."""
    if not isinstance(value, Mapping):
        return None
    said = cast("Mapping[str, Any]", value)
    ttl = said.get("ttl")
    return text(ttl) if ttl is not None else "5m" if said.get("type") == "ephemeral" else None


PARAMETERS: Final[Mapping[str, Rule]] = {
    "max_tokens": ("max_tokens", integer),
    "temperature": ("temperature", number),
    "top_p": ("top_p", number),
    "top_k": ("top_k", integer),
    "stop_sequences": ("stop_sequences", texts),
    "thinking": ("thinking_type", inner("type", text)),
    "output_config": ("reasoning_level", inner("effort", text)),
    "output_format": ("output_type", output_type),  # its first place, while it was beta
    "cache_control": ("cache_ttl", _ttl),
    "service_tier": ("tier", service_tier),
    "speed": ("speed", text),
}

_SECOND: Final[Mapping[str, Rule]] = {
    "thinking": ("thinking_budget", inner("budget_tokens", count)),
    "output_config": ("output_type", inner("format", output_type)),
}
"""What these objects say besides."""


def read_request(op: Operation, body: Mapping[str, Any]) -> None:
    read_parameters(op, body, PARAMETERS)
    if not _SECOND.keys().isdisjoint(body):
        read_parameters(op, body, _SECOND)


def read_response(op: Operation, answer: Any) -> None:
    """A `Message`, or what a stream said."""
    if isinstance(answer, Answer):
        said, usage, error, compacted = answer.said, answer.usage, answer.error, answer.compacted
    else:
        said = members(answer)
        usage = members(said.get("usage"))
        error = said.get("error") if said.get("type") == "error" else None
        kinds = [_kind_of(block) for block in listed(said.get("content"))]
        compacted = "compaction" in kinds
        if _SILENT.issuperset(kinds) and said.get("stop_reason") == "end_turn":
            op.lack = "empty"
    read_identity(op, said)
    reason = text(said.get("stop_reason"))
    if reason is not None:
        op.finish_reasons = (reason,)
    if compacted:
        op.response["compacted"] = True
    for field, key, meaning in _DETAILS:
        value = said.get(field)
        if value is not None:
            value = text(members(value).get(key))
            if value is not None:
                op.response[meaning] = value
    if usage:
        op.usage = _usage(usage)
        _read_service(op, usage)
    if error is not None:
        op.error = provider_error(error)


def _kind_of(block: Any) -> str | None:
    """Its type; nothing for an empty text."""
    kind = text(getattr(block, "type", None))
    return None if kind == "text" and not getattr(block, "text", None) else kind


_SILENT: Final = frozenset({None, "thinking", "redacted_thinking"})

_DETAILS: Final = (("stop_details", "category", "refusal_category"), ("container", "id", "container_id"))


def _usage(said: Mapping[str, Any]) -> Usage | None:
    """The tokens that the provider counted. Its `input_tokens` are those that have nothing to do with the cache."""
    found = Usage()
    tokens = count(said.get("input_tokens"))
    cached, written = said.get("cache_read_input_tokens"), said.get("cache_creation_input_tokens")
    cached, written = count(cached) if cached else None, count(written) if written else None
    if tokens is not None and (cached or written):
        tokens = count(tokens + (cached or 0) + (written or 0))
    if tokens is not None:
        found.input_tokens = tokens
        if cached:
            found.cache_read_input_tokens = cached
        if written:
            found.cache_write_input_tokens = written
    tokens = count(said.get("output_tokens"))
    if tokens is not None:
        found.output_tokens = tokens
        details = said.get("output_tokens_details")
        thought = None if details is None else count(members(details).get("thinking_tokens"))
        if thought:
            found.reasoning_output_tokens = thought
    return found if vars(found) else None


_SERVED: Final = {"service_tier": "tier", "speed": "speed", "inference_geo": "inference_geo"}
_COUNTED: Final = {
    "cache_creation": {
        "ephemeral_5m_input_tokens": "cache_write_5m_input_tokens",
        "ephemeral_1h_input_tokens": "cache_write_1h_input_tokens",
    },
    "server_tool_use": {
        "web_search_requests": "web_search_requests",
        "web_fetch_requests": "web_fetch_requests",
    },
}


def _read_service(op: Operation, usage: Mapping[str, Any]) -> None:
    """How the answer was served, and what else is billed."""
    for key, meaning in _SERVED.items():
        value = usage.get(key)
        if value is not None:
            value = text(value)
            if value is not None:
                op.response[meaning] = value
    for key, counts in _COUNTED.items():
        value = usage.get(key)
        if value is not None:
            said = members(value)
            for name, meaning in counts.items():
                times = said.get(name)
                times = count(times) if times else None
                if times:
                    op.response[meaning] = times
