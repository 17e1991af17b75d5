"""Reading single fields of untrusted JSON: each rule gives a value of the right type, or None for "not there".

Answers are read by attribute, be they the SDK's objects or plain JSON made readable by `objects`. Sentinels
(`NotGiven`, `Omit`), wrong types and nulls all come out as None.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import SimpleNamespace
from typing import Any, Final, cast

from genscope.core.operation import Cost, Operation, ProviderError, Usage, Value

Rule = tuple[str, Callable[[Any], Value | None]]
"""A key of a request body leads to a meaning (`semconv.REQUEST`) and to how its value is read."""


class JsonObject(SimpleNamespace):
    """A JSON object read by attribute; an absent key is None, and one without any is false, as a dict is."""

    def __getattr__(self, name: str) -> Any:
        return None

    def __bool__(self) -> bool:
        return bool(self.__dict__)


def objects(value: Any, depth: int = 8) -> Any:
    """Plain JSON with its objects made readable by attribute. The SDK's own objects come back as they are.

    What lies deeper than `depth` stays as it is: nothing there is ours to read, and its depth is the provider's choice.
    """
    if depth:
        if type(value) is dict:
            pairs = cast("dict[str, Any]", value).items()
            return JsonObject(**{str(key): objects(item, depth - 1) for key, item in pairs})
        if type(value) is list:
            items = cast("list[Any]", value)
            leaves = not items or type(items[0]) in (float, int, str)  # a vector, of thousands of numbers
            return items if leaves else [objects(item, depth - 1) for item in items]
    return value


def listed(value: Any) -> Sequence[Any]:
    """The items of a list; none of anything else."""
    return cast("list[Any]", value) if isinstance(value, list) else ()


def members(value: Any) -> Mapping[str, Any]:
    """The fields that an object of an answer really has, typed by its SDK or not.

    To ask a pydantic model for a field that it lacks is slow; so this is for the fields that not all versions know.
    """
    try:
        named = value.__dict__
    except AttributeError:
        # a field that this version of the SDK does not know is plain JSON
        return cast("Mapping[str, Any]", value) if isinstance(value, dict) else {}
    extra = getattr(value, "__pydantic_extra__", None)
    return {**named, **extra} if extra else named


def integer(value: Any) -> int | None:
    """A whole number. JSON has one kind of number: 12.0 is 12. OpenTelemetry's has 64 bits: a larger one is lost."""
    if type(value) is int:
        return value if value >> 63 in (0, -1) else None
    return integer(int(value)) if isinstance(value, float) and value.is_integer() else None


def count(value: Any) -> int | None:
    """How many of something there were."""
    found = integer(value)
    return None if found is None or found < 0 else found


def number(value: Any) -> float | None:
    """A number; 1 is 1.0, for the conventions type an attribute once and for all."""
    if value.__class__ is float:
        return value
    whole = integer(value)
    return float(value) if isinstance(value, float) else None if whole is None else float(whole)


def text(value: Any) -> str | None:
    """An identifier or a name; an empty one says nothing."""
    if type(value) is str and value.isascii() and len(value) <= _LONGEST:
        return value or None
    if not isinstance(value, str):
        return None
    # of an Enum the value, never `Model.GPT_4`; a lone surrogate would make an exporter drop its whole batch
    return str.__str__(value)[:_LONGEST].encode("utf-8", "replace").decode() or None


_LONGEST: Final = 512
"""Characters. What is longer is no name, and would be the label of a metric."""


def texts(value: Any) -> tuple[str, ...] | None:
    """One string or a list of them. Only a list: an iterator belongs to the SDK."""
    items: Sequence[Any] = cast("Sequence[Any]", value) if isinstance(value, (list, tuple)) else (value,)
    return tuple(filter(None, map(text, items))) or None


def choice_count(value: Any) -> int | None:
    """The conventions want it only when it is not 1."""
    found = integer(value)
    return None if found == 1 else found


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


def inner(key: str, read: Callable[[Any], Value | None]) -> Callable[[Any], Value | None]:
    """Read one key of an object: `thinking: {type}`, `output_config: {effort}`."""

    def rule(value: Any) -> Value | None:
        return read(cast("Mapping[str, Any]", value).get(key)) if isinstance(value, Mapping) else None

    return rule


def read_parameters(op: Operation, body: Mapping[str, Any], rules: Mapping[str, Rule]) -> None:
    """Fill `op.model` and `op.request` from the keys of a request body that have a rule."""
    op.model = text(body.get("model"))
    request = op.request
    for key in filter(rules.__contains__, body):
        meaning, read = rules[key]
        value = read(body[key])
        if value is not None:
            request[meaning] = value


_IDENTITY: Final = ("id", "model", "service_tier", "system_fingerprint")


def read_identity(op: Operation, answer: Any) -> None:
    """Who answered, and how it was served."""
    said = members(answer)
    id, model, tier, fingerprint = map(said.get, _IDENTITY)
    words = f"{id}{model}{tier}{fingerprint}"
    if not words.isascii() or len(words) > _LONGEST:
        id, model, tier, fingerprint = map(text, (id, model, tier, fingerprint))
    if id and isinstance(id, str):
        op.response_id = id
    if model and isinstance(model, str):
        op.response_model = model
    if tier and isinstance(tier, str):
        op.response["service_tier"] = tier
    if fingerprint and isinstance(fingerprint, str):
        op.response["system_fingerprint"] = fingerprint


def provider_error(error: Any) -> ProviderError:
    """An error object inside an answer: `{code, type, message}`.

    OpenRouter's code is a number, Anthropic's is `error_code` in `details`.
    """
    if isinstance(error, ProviderError):
        return error
    said = members(error)
    code = said.get("code")
    if code is None:
        code = members(said.get("details")).get("error_code")
    return ProviderError(str(code) if integer(code) else text(code), text(said.get("type")), text(said.get("message")))


def event_error(event: Any) -> ProviderError:
    """The error that an event of type `error` reports, as an object in it or in its own fields."""
    error = getattr(event, "error", None)
    found = provider_error(event if error is None else error)
    if error is None:
        found.type = None  # its place in the protocol, not the provider's word for the error
    return found


_INPUT_PARTS: Final = {
    "cached_tokens": "cache_read_input_tokens",
    "cache_write_tokens": "cache_write_input_tokens",
    "text_tokens": "text_input_tokens",
    "image_tokens": "image_input_tokens",
    "audio_tokens": "audio_input_tokens",
}
_OUTPUT_PARTS: Final = {
    "reasoning_tokens": "reasoning_output_tokens",
    "text_tokens": "text_output_tokens",
    "image_tokens": "image_output_tokens",
    "audio_tokens": "audio_output_tokens",
}

UsageKeys = tuple[str, str, str, str]
"""Keys of the input total, of its details, of the output total, of its details."""


def usage_keys(input_key: str, output_key: str) -> UsageKeys:
    """The OpenAI APIs differ in the names of the totals; the details are called after them."""
    return input_key, f"{input_key}_details", output_key, f"{output_key}_details"


def read_usage(usage: Any, keys: UsageKeys) -> Usage | None:
    """The tokens that the provider counted; None if it counted none.

    Totals include their parts (cached tokens are input, reasoning tokens are output), as in the conventions. A part
    of zero tokens is left out: the conventions want parts "when applicable" (semantic-conventions-genai #548).
    """
    if usage is None:
        return None
    input_key, input_details, output_key, output_details = keys
    found = Usage()
    tokens: Any = getattr(usage, input_key, None)
    if tokens.__class__ is not int or tokens >> 63:  # less than none, or more than 64 bits hold
        tokens = count(tokens)
    if tokens is not None:
        found.input_tokens = tokens
        _read_parts(found, getattr(usage, input_details, None), _INPUT_PARTS)
    tokens = getattr(usage, output_key, None)
    if tokens.__class__ is not int or tokens >> 63:
        tokens = count(tokens)
    if tokens is not None:
        found.output_tokens = tokens
        _read_parts(found, getattr(usage, output_details, None), _OUTPUT_PARTS)
    return found if vars(found) else None


def _read_parts(usage: Usage, details: Any, parts: Mapping[str, str]) -> None:
    if details is None:
        return
    said = members(details)
    if any(said.values()):
        for key, value in said.items():
            if value and key in parts:
                tokens = count(value)
                if tokens:
                    setattr(usage, parts[key], tokens)


BILLING: Final = frozenset({"openrouter", "perplexity", "x_ai"})
"""Providers that say in the usage what the call cost."""

_TICKS_PER_DOLLAR: Final = 10_000_000_000


def read_cost(op: Operation, usage: Any) -> None:
    """What a provider of `BILLING` says that the call cost, in USD.

    https://openrouter.ai/docs/use-cases/usage-accounting, https://docs.perplexity.ai/api-reference/chat-completions-post,
    https://docs.x.ai/developers/cost-tracking
    """
    said = members(usage)
    amount = number(said.get("cost"))
    if amount is None and op.provider == "perplexity":
        amount = number(members(said.get("cost")).get("total_cost"))
    elif amount is not None and said.get("is_byok") is True:  # its fee for a call that another provider bills
        amount += number(members(said.get("cost_details")).get("upstream_inference_cost")) or 0.0
    if op.provider == "x_ai":
        ticks = count(said.get("cost_in_usd_ticks"))
        amount = None if ticks is None else ticks / _TICKS_PER_DOLLAR
    if amount is not None and 0 <= amount <= _MOST:
        op.cost = Cost(amount, "USD", "provider")


_MOST: Final = 1e9
"""No call costs that, nor infinity."""
