"""Reading single fields of untrusted JSON: each rule gives a value of the right type, or None for "not there".

Answers come as the SDK's objects or as JSON; `view` lets both be read by attribute. Sentinels (`NotGiven`, `Omit`),
wrong types and nulls all come out as None.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final, cast

from genscope.core.operation import Operation, ProviderError, Usage, Value

Rule = tuple[str, Callable[[Any], Value | None]]
"""A key of a request body leads to a meaning (`semconv.REQUEST`) and to how its value is read."""


class Record:
    """A JSON object read by attribute; an absent key is None."""

    __slots__ = ("_data",)

    def __init__(self, data: Mapping[str, Any]) -> None:
        self._data = data

    def __getattr__(self, name: str) -> Any:
        return view(self._data.get(name))


def view(value: Any) -> Any:
    """JSON objects become `Record`s; everything else, an SDK's object too, is already readable."""
    if isinstance(value, Mapping):
        return Record(cast("Mapping[str, Any]", value))
    if isinstance(value, list):
        return [view(item) for item in cast("list[Any]", value)]
    return value


def integer(value: Any) -> int | None:
    """A count. JSON has one kind of number: 12.0 is 12."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return value
    return int(value) if isinstance(value, float) and value.is_integer() else None


def number(value: Any) -> float | int | None:
    return value if isinstance(value, (int, float)) and not isinstance(value, bool) else None


def text(value: Any) -> str | None:
    """An identifier or a name; an empty one says nothing."""
    return value if isinstance(value, str) and value else None


def texts(value: Any) -> tuple[str, ...] | None:
    """One string or a list of them. Only a list: an iterator belongs to the SDK."""
    if isinstance(value, str):
        return (value,)
    if isinstance(value, (list, tuple)):
        return tuple(item for item in cast("list[Any]", value) if isinstance(item, str)) or None
    return None


def read_parameters(op: Operation, body: Mapping[str, Any], rules: Mapping[str, Rule]) -> None:
    """Fill `op.model` and `op.request` from the keys of a request body that have a rule."""
    op.model = text(body.get("model"))
    request = op.request
    for key in body:
        rule = rules.get(key)
        if rule is not None:
            value = rule[1](body[key])
            if value is not None:
                request[rule[0]] = value


def read_identity(op: Operation, answer: Any) -> None:
    """Who answered: the fields that all OpenAI answers and their streamed chunks share."""
    op.response_id = text(getattr(answer, "id", None))
    op.response_model = text(getattr(answer, "model", None))
    op.request_id = text(getattr(answer, "_request_id", None))
    for name in ("service_tier", "system_fingerprint"):
        value = text(getattr(answer, name, None))
        if value is not None:
            op.response[name] = value


def provider_error(error: Any) -> ProviderError:
    """An error object inside an answer: `{code, type, message}`."""
    return ProviderError(
        code=text(getattr(error, "code", None)),
        type=text(getattr(error, "type", None)),
        message=text(getattr(error, "message", None)),
    )


def choice_count(value: Any) -> int | None:
    """The conventions want it only when it is not 1."""
    count = integer(value)
    return None if count == 1 else count


def service_tier(value: Any) -> str | None:
    """The conventions want the tier of the request only when it is not `auto`."""
    return None if value == "auto" else text(value)


_OUTPUT_TYPES: Final = {"text": "text", "json_object": "json", "json_schema": "json"}


def output_type(value: Any) -> str | None:
    """`response_format` (chat) and `text.format` (responses): text, json_object or json_schema."""
    if isinstance(value, Mapping):
        kind = cast("Mapping[str, Any]", value).get("type")
        return _OUTPUT_TYPES.get(kind) if isinstance(kind, str) else None
    return None


def read_usage(usage: Any, input_key: str, output_key: str) -> Usage | None:
    """Usage in the shape of the OpenAI APIs, which differ in the names of the totals and of the details.

    Totals include their parts (cached tokens are input, reasoning tokens are output), as in the conventions.
    """
    if usage is None:
        return None
    found = Usage(integer(getattr(usage, input_key, None)), integer(getattr(usage, output_key, None)))
    details = getattr(usage, input_key + "_details", None)
    if details is not None:
        found.cache_read_input_tokens = integer(getattr(details, "cached_tokens", None))
        found.cache_write_input_tokens = integer(getattr(details, "cache_write_tokens", None))
        found.text_input_tokens = integer(getattr(details, "text_tokens", None))
        found.image_input_tokens = integer(getattr(details, "image_tokens", None))
        found.audio_input_tokens = integer(getattr(details, "audio_tokens", None))
    details = getattr(usage, output_key + "_details", None)
    if details is not None:
        found.reasoning_output_tokens = integer(getattr(details, "reasoning_tokens", None))
        found.text_output_tokens = integer(getattr(details, "text_tokens", None))
        found.image_output_tokens = integer(getattr(details, "image_tokens", None))
        found.audio_output_tokens = integer(getattr(details, "audio_tokens", None))
    if found.input_tokens is None and found.output_tokens is None:
        return None
    return found
