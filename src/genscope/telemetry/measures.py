"""What can be measured of a call that has ended: the meanings of `semconv.Flavour` as functions of its record."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Any, Final

from genscope import semconv
from genscope.core.operation import Operation
from genscope.telemetry.legacy import cost_in_dollars, legacy_provider

Attributes = dict[str, Any]
Measurement = tuple[float, Attributes]
"""An amount, and the attributes that it has beside those of the call."""


def attributes_of(op: Operation) -> Attributes:
    """The attributes that all metrics of a call share, without those that it has no value for."""
    named = (
        (semconv.OUR_OPERATION_NAME, op.purpose),
        (semconv.OPERATION_NAME, op.name),
        (semconv.PROVIDER_NAME, op.provider),
        (semconv.REQUEST_MODEL, op.model),
        (semconv.RESPONSE_MODEL, op.response_model),
        (semconv.SERVER_ADDRESS, op.server_address),
        (semconv.SERVER_PORT, op.server_port),
    )
    return {name: value for name, value in named if value is not None}


def _duration(op: Operation) -> Iterable[Measurement]:
    yield op.duration, _error(op)


def _first_chunk(op: Operation) -> Iterable[Measurement]:
    if op.first_chunk is not None:
        yield op.first_chunk - op.started, {}


def _tokens(op: Operation, field: str) -> Iterable[Measurement]:
    tokens = getattr(op.usage, field, None)
    if tokens is not None:
        yield tokens, {}


def _tokens_by_modality(op: Operation, field: str) -> Iterable[Measurement]:
    """The modalities that the provider told, and what is left of the total as unknown; in sum always the total."""
    total: int | None = getattr(op.usage, field, None)
    if total is None:
        return
    told = {
        modality: tokens
        for modality in semconv.TOKEN_MODALITIES
        if (tokens := getattr(op.usage, f"{modality}_{field}", None))
    }
    if sum(told.values()) > total:  # then they are not parts of it
        told = {}
    rest = total - sum(told.values())
    if rest or not told:
        told[semconv.UNKNOWN_MODALITY] = rest
    for modality, tokens in told.items():
        yield tokens, {semconv.TOKEN_MODALITY: modality}


def _cost(op: Operation) -> Iterable[Measurement]:
    dollars = cost_in_dollars(op)
    if dollars is not None:
        yield dollars, legacy_provider(op)


def _errors(op: Operation) -> Iterable[Measurement]:
    if op.failure is not None:
        yield 1, legacy_provider(op) | _error(op) | {semconv.ERROR_KIND: op.failure.kind}


def _milliseconds(op: Operation) -> Iterable[Measurement]:
    yield op.duration * 1000, legacy_provider(op) | _error(op)


def _first_token(op: Operation) -> Iterable[Measurement]:
    if op.first_token is not None:
        yield op.first_token - op.started, legacy_provider(op)


def _error(op: Operation) -> Attributes:
    return {} if op.failure is None else {semconv.ERROR_TYPE: op.failure.type}


MEASURES: Final[Mapping[str, Callable[[Operation], Iterable[Measurement]]]] = {
    "duration": _duration,
    "other_duration": _duration,
    "time_to_first_chunk": _first_chunk,
    "input_tokens": partial(_tokens_by_modality, field="input_tokens"),
    "output_tokens": partial(_tokens_by_modality, field="output_tokens"),
    "cache_read_input_tokens": partial(_tokens_by_modality, field="cache_read_input_tokens"),
    "cache_write_input_tokens": partial(_tokens_by_modality, field="cache_write_input_tokens"),
    "reasoning_output_tokens": partial(_tokens_by_modality, field="reasoning_output_tokens"),
    "input_tokens_of_call": partial(_tokens, field="input_tokens"),
    "output_tokens_of_call": partial(_tokens, field="output_tokens"),
    "cost": _cost,
    "errors": _errors,
    "milliseconds": _milliseconds,
    "time_to_first_token": _first_token,
}
"""By meaning. Tokens are those that the provider counted; a call that failed has them if the provider said so."""
