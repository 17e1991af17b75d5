"""Usage and a price make an amount: whole numbers only, and no token is billed twice."""

from __future__ import annotations

from collections.abc import Iterator
from math import isfinite
from typing import TYPE_CHECKING, Any, Final

from genscope.core.operation import Operation, Usage

if TYPE_CHECKING:
    from genscope.features.cost.prices import Price, Rates

Line = tuple[str, Any]
"""A line of the bill: a field of `Rates`, and how many of that there were."""


def amount(op: Operation, price: Price) -> int | None:
    """What a call cost, in 10^-15 USD. None if nothing was counted, or if something that was counted has no price."""
    rates = price.base
    if price.steps or price.off_peak is not None:
        rates = rates_for(op, price)
    total = None
    for kind, number in billed(op, rates.per_image is not None):
        cost = cost_of(number, getattr(rates, kind))
        if cost is None:
            return None
        total = cost if total is None else total + cost
    return total


def amount_of_tokens(op: Operation, price: Price, given: int, taken: int) -> int | None:
    """What a call would cost with so many plain tokens, in 10^-15 USD."""
    rates = price.base
    if price.steps or price.off_peak is not None:
        rates = price.rates(given, op.started_at)
    cost_in, cost_out = cost_of(given, rates.input), cost_of(taken, rates.output)
    return None if cost_in is None or cost_out is None else cost_in + cost_out


def rates_for(op: Operation, price: Price) -> Rates:
    """Those that apply to the size of a request, and to the time when it ended."""
    size = 0 if op.usage is None else op.usage.input_tokens or 0
    return price.rates(size, op.started_at + int(op.duration * 1e9))


def cost_of(number: Any, rate: int | None) -> int | None:
    """None for what has no price; nothing at all costs nothing, even so."""
    if rate is None:
        return None if number else 0
    if number.__class__ is int:
        return number * rate
    from decimal import Decimal

    # Seconds are floats: 3.2 of them are meant, not the number that a computer has for it
    return round(Decimal(str(number)) * rate)


def billed(op: Operation, images: bool) -> Iterator[Line]:
    """All that a call used, each token once. `images` tells whether the model is paid by the image."""
    usage, answer = op.usage, op.response
    if usage is not None:
        if usage.input_tokens is not None:
            yield from _input(usage, usage.input_tokens, answer)
        if usage.output_tokens is not None:
            yield from _output(usage, usage.output_tokens)
    if answer and not _COUNTS.isdisjoint(answer):
        for meaning, kind, beside_tokens in _COUNTED:
            number: Any = answer.get(meaning)
            if number and isfinite(number) and (beside_tokens or usage is None):
                yield kind, number
    if images and usage is None and _made_images(op):
        # One, where the request does not say: https://platform.openai.com/docs/api-reference/images/create
        yield "per_image", op.request.get("choice_count") or 1


_COUNTED: Final = (
    ("audio_seconds", "per_second", False),
    ("input_characters", "per_character", False),
    ("search_units", "per_query", False),
    ("web_search_requests", "per_web_search", True),
)
"""What answers count besides tokens, by meaning in `Operation.response`, and whether it is billed beside tokens. The
seconds of a transcription that has tokens say the same in another way."""

_COUNTS: Final = frozenset(meaning for meaning, _, _ in _COUNTED)


def counts(op: Operation) -> bool:
    """Whether it is known that a call used something, and how much of it."""
    return op.usage is not None or not _COUNTS.isdisjoint(op.response) or _made_images(op)


def _made_images(op: Operation) -> bool:
    return op.failure is None and op.request.get("output_type") == "image"


def _input(usage: Usage, size: int, answer: dict[str, Any]) -> Iterator[Line]:
    """The total includes its parts. Where these overlap, or are more than the total, the first of them count.

    Cached tokens come first, which have a price whatever they hold: audio that was read from the cache is not billed
    as audio too.
    """
    rest = size
    if usage.cache_read_input_tokens:
        part = min(usage.cache_read_input_tokens, rest)
        rest -= part
        yield "cache_read", part
    if usage.cache_write_input_tokens:
        part = min(usage.cache_write_input_tokens, rest)
        rest -= part
        hour = min(answer.get("cache_write_1h_input_tokens") or 0, part)
        if hour:
            yield "cache_write_1h", hour
        yield "cache_write", part - hour
    if usage.audio_input_tokens:
        part = min(usage.audio_input_tokens, rest)
        rest -= part
        yield "input_audio", part
    if usage.image_input_tokens:
        part = min(usage.image_input_tokens, rest)
        rest -= part
        yield "input_image", part
    yield "input", rest


def _output(usage: Usage, size: int) -> Iterator[Line]:
    rest = size
    if usage.audio_output_tokens:
        part = min(usage.audio_output_tokens, rest)
        rest -= part
        yield "output_audio", part
    if usage.image_output_tokens:
        part = min(usage.image_output_tokens, rest)
        rest -= part
        yield "output_image", part
    if usage.reasoning_output_tokens:
        part = min(usage.reasoning_output_tokens, rest)
        rest -= part
        yield "reasoning", part
    yield "output", rest
